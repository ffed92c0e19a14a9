"""Asking for a release, making it public, withdrawing it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from django.conf import settings
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from agencies import access, audit
from agencies.models import Agency, Person
from agencies.refusal import Refused
from agencies.roles import ROLES, Permission
from jobs import queue
from jobs.queue import Job
from records.instruments import deliveries
from reports.designs import datasets
from reports.models import Build, Release
from reports.published import seals
from reports.releases import conflicts, years

State = Release.State
LONGEST_NOTE = 4000  # characters


@dataclass(frozen=True)
class Publishing(queue.Arguments):
    """Of which dataset to build a release, which person asked for it, which years are final from then on."""

    dataset: str
    by: int
    finish: tuple[str, ...] = ()


def build(dataset: str, *, by: Person, finish: Sequence[str] = ()) -> Job:
    """Ask for a new release of a dataset: periods that are out stay, what is accepted of later ones is added.

    finish: years that are final from now on; where enough of their records changed they are drawn again, once.
    Raises `Denied`, `Refused`.
    """
    access.require(by, Permission.PUBLISH)
    if dataset not in datasets.datasets():
        raise Refused(_("There is no dataset %(code)s.") % {"code": dataset})
    deliveries.require(by, Permission.PUBLISH, datasets.datasets()[dataset].instrument)
    if Release.objects.filter(dataset=dataset, state=State.BUILT).exists():
        raise Refused(_("A built release waits already. Release it, or withdraw it first."))
    job = queue.enqueue(
        "reports.publish",
        key=f"publish:{dataset}",
        arguments=Publishing(dataset=dataset, by=by.pk, finish=tuple(finish)),
        agencies=list(Agency.objects.values_list("pk", flat=True)),
        by=by,
    )
    if tuple(queue.arguments(job, Publishing).finish) != tuple(finish):
        raise Refused(_("A release of this dataset is being built already. Wait until it is done."))
    audit.record("build", f"dataset:{dataset}", name=dataset, by=by, finish=", ".join(finish))
    return job


def release(
    built: Release,
    *,
    by: Person,
    note: str,
    embargo_at: datetime | None = None,
    missing_acknowledged: str = "",
    next_on: date | None = None,
) -> None:
    """Make a built release public, from the end of the embargo on.

    note: what it brings, in a sentence or two; readers see it. next_on: the day on which the next is due, if named.

    Figures without a delivery that is expected look like a fall, so a release that lacks any
    (`Release.missing`) needs exactly these in `missing_acknowledged`: agency and period, divided by commas,
    in any order (`Release.missing_text`). Who asked for the build does not release it, unless the site
    allows it; then the release says so. Raises `Denied`, `Refused`.
    """
    access.require(by, Permission.PUBLISH)
    if reason := hindrance(built, by=by):
        raise Refused(reason)
    now = timezone.now()
    if embargo_at and embargo_at <= now:
        raise Refused(_("The embargo ends in the past. Choose a later time, or none."))
    _require_acknowledged(built, missing_acknowledged)
    _require_words(note, next_on, after=embargo_at or now)
    with transaction.atomic():
        _require_newest(built, public_at=embargo_at or now)
        _set_released(
            built, by, released_at=now, embargo_at=embargo_at, note=note.strip(), next_on=next_on
        )
    audit.record(
        "release",
        f"release:{built.pk}",
        name=str(built),
        by=by,
        embargo=embargo_at.isoformat() if embargo_at else "",
        missing=built.missing_text,
    )
    built.refresh_from_db()


def _set_released(built: Release, by: Person, **fields: object) -> None:
    """Change the state of a release that waits. Raises `Refused` where another person did."""
    moved = Release.objects.filter(pk=built.pk, state=State.BUILT).update(
        state=State.RELEASED, released_by_builder=built_by(built, by), **fields
    )
    if not moved:
        raise Refused(_("This release is no longer waiting; somebody else was quicker."))
    Build.objects.filter(release=built).update(released_by=by, missing_acknowledged=built.missing)


def _require_newest(built: Release, *, public_at: datetime) -> None:
    """Raise `Refused` where another release of the dataset came in between, or is under a longer embargo.

    Otherwise a period would be drawn twice, or readers would have it before its embargo ends. The releases of the
    dataset are locked until commit, so two people do not pass together.
    """
    of_dataset = Release.objects.filter(dataset=built.dataset)
    list(of_dataset.select_for_update().values_list("pk"))
    out = list(of_dataset.filter(released_at__isnull=False).exclude(pk=built.pk))
    later = [release for release in out if release.number > built.number]
    latest = years.latest_build(built.dataset, built.build.tree, beside=built)
    if later or (built.build.tree and built.build.predecessor_id != (latest and latest.release_id)):
        raise Refused(
            _("%(release)s was built before another release came out. Withdraw it and build again.")
            % {"release": built}
        )
    for release in out:
        if (
            release.state == State.RELEASED
            and release.embargo_at
            and release.embargo_at > public_at
        ):
            raise Refused(
                _(
                    "%(earlier)s is under embargo until later, and %(release)s has its figures. Choose an embargo "
                    "that ends no earlier."
                )
                % {"earlier": release, "release": built}
            )


def built_by(release: Release, person: Person) -> bool:
    """Say whether the person asked for the build of a release."""
    return Build.objects.filter(release=release, built_by=person).exists()


def hindrance(built: Release, *, by: Person) -> str:
    """Return why a publisher cannot release what is built, in words that say what to do; or nothing."""
    if built.state != State.BUILT:
        return ""  # what comes too late is refused by the verb
    if fault := seals.fault_of(built):
        return _("%(release)s cannot be released. %(fault)s Withdraw it and build again.") % {
            "release": built,
            "fault": fault.text,
        }
    if conflicts.unsigned(built.build):
        return _(
            "The design of %(release)s rounds some columns twice. A statistician has to look at it on the "
            "page “Disclosure” and sign that it is acceptable."
        ) % {"release": built}
    if settings.RELEASE_BY_BUILDER or not built_by(built, by):
        return ""
    if others := _other_publishers(by):
        return _(
            "You asked for this build, so another publisher has to look at it and release it: %(people)s."
        ) % {"people": ", ".join(others)}
    return _(
        "You asked for this build, so another publisher has to look at it and release it. There is none "
        "yet: the administrator of your agency can invite one."
    )


def _other_publishers(person: Person) -> list[str]:
    publishing = [role for role in ROLES if Permission.PUBLISH in role.permissions]
    people = {p for held in access.holders(*publishing).values() for p in held}
    return sorted(str(publisher) for publisher in people - {person})


def _require_acknowledged(built: Release, acknowledged: str) -> None:
    """Raise `Refused` unless the person names every delivery that is missing, and no other."""
    missing = _deliveries(built.missing_text)
    if built.state != State.BUILT or _deliveries(acknowledged) == missing:
        return  # who comes too late is told that
    if not missing:
        raise Refused(_("Nothing is missing from %(release)s.") % {"release": built})
    raise Refused(
        _(
            "%(release)s lacks deliveries that are expected: %(missing)s. Its figures would look like a "
            "fall. Wait for them and build again, or confirm that exactly these are missing."
        )
        % {"release": built, "missing": built.missing_text}
    )


def _require_words(note: str, next_on: date | None, *, after: datetime) -> None:
    """Raise `Refused` without a note, with one that is too long, or with a next release before this one is out."""
    if not note.strip():
        raise Refused(_("Write a note: what this release brings. Readers see it."))
    if len(note) > LONGEST_NOTE:
        raise Refused(
            _("The note has %(n)s characters; %(most)s is the most.")
            % {"n": len(note), "most": LONGEST_NOTE}
        )
    if next_on and next_on <= timezone.localdate(after):
        raise Refused(_("The next release comes after this one. Choose a later day, or none."))


def _deliveries(text: str) -> set[tuple[str, ...]]:
    """Read `MLSP 2026-02, SMS 2026-02`: agency and period of each delivery."""
    return {tuple(part.upper().split()) for part in text.split(",") if part.strip()}


def withdraw(release: Release, *, by: Person, reason: str) -> None:
    """Take a release back, with a reason that stays in view. The one before it is in force again."""
    access.require(by, Permission.PUBLISH)
    if not reason.strip():
        raise Refused(_("Say why; the reason stays with the release."))
    with transaction.atomic():
        moved = (
            Release.objects.filter(pk=release.pk)
            .exclude(state=State.WITHDRAWN)
            .update(
                state=State.WITHDRAWN,
                withdrawn_at=timezone.now(),
                withdrawn_because=reason.strip(),
            )
        )
        if not moved:
            raise Refused(_("This release is withdrawn already."))
        Build.objects.filter(release=release).update(withdrawn_by=by)
    audit.record(
        "withdraw", f"release:{release.pk}", name=str(release), by=by, reason=reason.strip()
    )
    release.refresh_from_db()
