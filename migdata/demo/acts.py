"""What the people of the demonstration do, by the verbs of the pages; and waiting for the workers."""

import time
from collections.abc import Callable

from django.utils.translation import ngettext

from agencies import refusal, scope
from agencies.models import Agency, Person
from jobs.models import Job
from records.collection import uploads
from records.models import HeldRow, Instrument, Submission
from records.review import submissions
from reports.models import Release
from reports.releases import verbs

PATIENCE = 900  # seconds for the workers to finish what was asked
OTHER = submissions.OTHER_REASON


def agency_and(code: str, name: str) -> tuple[Agency, Person]:
    """Return an agency of the demonstration and the person there whose address begins with the name of a role."""
    return (
        Agency.objects.get(code=code),
        Person.objects.named(f"{name}@{code.lower()}.example"),
    )


def upload(
    content: bytes, name: str, agency: Agency, instrument: Instrument, clerk: Person
) -> None:
    """Send a file as soon as there is room for it; one that was taken in before is refused, as always."""
    while True:
        try:
            with scope.acting(clerk):
                uploads.receive(
                    iter([content]), agency=agency, instrument=instrument, file_name=name, by=clerk
                )
        except uploads.OverQuota:
            time.sleep(0.3)
        except refusal.Refused:
            return
        else:
            return


def advance(
    submission: Submission, verb: str, *, by: Person, reason: str = "", reason_code: str = OTHER
) -> None:
    """Move a submission one step; its held rows are acknowledged."""
    with scope.acting(by):
        missing = HeldRow.open_rows.missing_from(submission).errors()
        held = missing.count() if verb == "submit" else None
        submissions.advance(
            submission,
            verb,
            by=by,
            reason=reason,
            reason_code=reason_code,
            held_acknowledged=held or None,
        )


def release(dataset: str, note: str, say: Callable[[str], object]) -> None:
    """Make what was built of a dataset public; why it is refused is said."""
    _office, editor = agency_and("SCS", "editor")
    try:
        with scope.acting(editor):
            built = Release.objects.filter(dataset=dataset).order_by("-number")[0]
            verbs.release(built, by=editor, note=note, missing_acknowledged=built.missing_text)
    except refusal.Refused as reason:
        say(f"{dataset} is not released: {reason}")


def jobs_left(count: int) -> str:
    """Say how many jobs the workers have not done yet."""
    return ngettext("%(n)s job is left.", "%(n)s jobs are left.", count) % {"n": count}


def wait(
    name: str, say: Callable[[str], object] | None = None, *, must_succeed: bool = True
) -> None:
    """Wait until the workers have done all jobs of this name."""
    end, reported_at = time.monotonic() + PATIENCE, 0.0
    while left := Job.objects.filter(name=name, state__in=["QUEUED", "RUNNING"]).count():
        if time.monotonic() > end:
            raise RuntimeError(f"The workers did not finish; jobs of {name} that are left: {left}.")
        if say and time.monotonic() - reported_at > 10:
            reported_at = time.monotonic()
            say(f"  {jobs_left(left)}")
        time.sleep(0.3)
    failed = Job.objects.filter(name=name, state="FAILED").first()
    if failed and must_succeed:
        raise RuntimeError(f"{failed}: {failed.reason}")
