"""Asking for a release, making it public, withdrawing it."""

from datetime import datetime

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from agencies import access, audit
from agencies.models import Agency, Person
from agencies.refusal import Refused
from agencies.roles import Permission
from jobs import queue
from jobs.queue import Job
from reports.designs import datasets
from reports.models import Build, Release

State = Release.State


def build(dataset: str, *, by: Person) -> Job:
    """Ask for a new release of a dataset from everything that is accepted. Raises `Denied`, `Refused`."""
    access.require(by, Permission.PUBLISH)
    if dataset not in datasets.datasets():
        raise Refused(_("There is no dataset %(code)s.") % {"code": dataset})
    if Release.objects.filter(dataset=dataset, state=State.BUILT).exists():
        raise Refused(_("A built release waits already. Release it, or withdraw it first."))
    audit.record("build", f"dataset:{dataset}", by=by)
    return queue.enqueue(
        "reports.publish",
        key=f"publish:{dataset}",
        args={"dataset": dataset, "by": by.pk},
        agencies=list(Agency.objects.values_list("pk", flat=True)),
        by=by,
    )


def release(made: Release, *, by: Person, embargo_at: datetime | None = None) -> None:
    """Make a built release public, from the end of the embargo on. Raises `Denied`, `Refused`."""
    access.require(by, Permission.PUBLISH)
    now = timezone.now()
    if embargo_at and embargo_at <= now:
        raise Refused(_("The embargo ends in the past. Choose a later time, or none."))
    with transaction.atomic():
        moved = Release.objects.filter(pk=made.pk, state=State.BUILT).update(
            state=State.RELEASED, released_at=now, embargo_at=embargo_at
        )
        if not moved:
            raise Refused(_("This release is no longer waiting; somebody else was quicker."))
        Build.objects.filter(release=made).update(released_by=by)
    until = embargo_at.isoformat() if embargo_at else ""
    audit.record("release", f"release:{made.pk}", by=by, embargo=until)
    made.refresh_from_db()


def withdraw(made: Release, *, by: Person, reason: str) -> None:
    """Take a release back, with a reason that stays in view. The one before it is in force again."""
    access.require(by, Permission.PUBLISH)
    if not reason.strip():
        raise Refused(_("Say why; the reason stays with the release."))
    with transaction.atomic():
        moved = (
            Release.objects.filter(pk=made.pk)
            .exclude(state=State.WITHDRAWN)
            .update(
                state=State.WITHDRAWN,
                withdrawn_at=timezone.now(),
                withdrawn_because=reason.strip(),
            )
        )
        if not moved:
            raise Refused(_("This release is withdrawn already."))
        Build.objects.filter(release=made).update(withdrawn_by=by)
    audit.record("withdraw", f"release:{made.pk}", by=by, reason=reason.strip())
    made.refresh_from_db()
