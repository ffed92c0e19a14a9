"""Telling agencies what became of what they delivered: in which release a period came out, and what else changed."""

from collections import defaultdict
from collections.abc import Iterable

from django.urls import reverse

from agencies import scope
from agencies.models import Agency
from records.models import Notice, Submission
from records.review import inbox
from reports.models import Build


def tell(build: Build) -> int:
    """Put a line into the inboxes of each agency whose data a release that is out brings; return how many agencies.

    The line names the newest period that is new in it, or has changed, and counts the earlier periods that changed since the
    release before. Told again, nobody is told twice. Runs in a transaction, which it opens to all agencies.
    """
    agencies = {agency.pk: agency for agency in Agency.objects.filter(is_active=True)}
    scope.open_to(records=[], submissions=agencies)
    now, before = _versions(build), _versions(_predecessor(build))
    moved = [pk for pk, version in now.items() if before.get(pk) != version]
    by_agency: dict[int, list[Submission]] = defaultdict(list)
    rows = Submission.objects.filter(pk__in=moved).select_related("instrument_version")
    for row in rows.order_by("period"):
        by_agency[row.agency_id].append(row)
    for pk, brought in by_agency.items():
        if pk in agencies:
            _tell(agencies[pk], brought, build, set(before))
    return len(by_agency)


def _tell(agency: Agency, brought: list[Submission], build: Build, known: set[int]) -> None:
    newest = brought[-1]
    changed = sum(1 for row in brought[:-1] if row.pk in known)
    release = build.release
    inbox.tell(
        inbox.concerned(agency, newest.instrument_id, *inbox.AT_THE_DESK),
        *(Notice.Kind.PUBLISHED, f"published:{release.pk}:{agency.pk}", inbox.PUBLISHED),
        agency=agency,
        link=reverse("reports:published_release", args=[str(release)]),
        title=newest.instrument_version.content["title"],
        period=newest.period,
        release=str(release),
        n=changed,
    )


def _predecessor(build: Build) -> Build | None:
    return (
        Build.objects.filter(release=build.predecessor_id).first() if build.predecessor_id else None
    )


def _versions(build: Build | None) -> dict[int, int]:
    """Return the versions that a build pins, by the id of their submission."""
    inputs: Iterable[dict[str, int]] = build.inputs if build else ()
    return {pinned["submission"]: pinned["version"] for pinned in inputs}
