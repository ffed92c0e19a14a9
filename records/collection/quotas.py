"""How much one person and one agency may send: files that wait, files a day, bytes that wait on disk.

The rule can be asked from the headers of a request alone, before its body is received, and is asked again
when the file has come, of one request at a time.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.db import connection
from django.db.models import Count, F, Q, QuerySet, Sum
from django.utils import timezone
from django.utils.translation import gettext as _

from agencies import access
from agencies.models import Agency, Person
from agencies.refusal import Refused
from agencies.roles import Permission
from jobs.models import Job
from records.models import FileInParts, Upload

State = Upload.State
DAY = timedelta(days=1)
UNANSWERED = timedelta(days=14)  # so long a file waits for answers
WAITS = "next_sheet"  # in the report of an upload: its file is kept for the sheet of this place
FAILED_WAITS = timedelta(days=1)  # the file of a job that gave up: for whoever looks into it
SOON = 60  # seconds after which asking again makes sense while workers read
LOCK_OF_AGENCY, LOCK_OF_PERSON = 7733, 7734  # advisory locks


class OverQuota(Refused):
    """There is no room for the file now. `retry_after` is in seconds, None where nobody knows."""

    def __init__(self, text: str, retry_after: int | None = None) -> None:
        super().__init__(text)
        self.retry_after = retry_after


@dataclass(frozen=True)
class _Owner:
    """Whose uploads are counted: `kind` names the limits in the settings, `agency` the texts."""

    kind: str
    uploads: QuerySet[Upload]
    in_parts: QuerySet[FileInParts]
    agency: str = ""


def files_kept(now: datetime) -> Q:
    """Say which uploads still have their file.

    They wait for a worker, for answers, or for other answers; or their job gave up, a short time ago. Of a
    workbook other sheets may wait to be taken in.
    """
    waits = Q(state=State.RECEIVED) & ~Q(job__state=Job.State.FAILED)
    gave_up = Q(state=State.RECEIVED, job__state=Job.State.FAILED)
    recent = gave_up & Q(job__finished_at__gt=now - FAILED_WAITS)
    refused = Q(state=State.REFUSED, job__finished_at__gt=now - UNANSWERED)
    answerable = refused & Q(report__has_key="questions") & ~Q(report__questions=[])
    sheets = Q(state=State.COMMITTED, job__finished_at__gt=now - UNANSWERED)
    sheets &= Q(report__has_key=WAITS)
    return waits | recent | Q(state=State.NEEDS_ANSWERS) | answerable | sheets


def room_for(person: Person, size: int, agency: Agency | None = None) -> int:
    """Return how many bytes the person may send now, where a file of `size` bytes fits. Raises OverQuota.

    Where it is not known yet for which agency, one of hers must have room. To be asked in her scope.
    """
    own = Upload.objects.filter(uploaded_by=person)
    left = _room(_Owner("person", own, FileInParts.objects.filter(person=person)), size)
    full: list[OverQuota] = []
    agencies = [agency] if agency else list(access.agencies(person, Permission.ENTER))
    for place in agencies:
        try:
            theirs = Upload.objects.filter(agency=place)
            parts = FileInParts.objects.filter(agency=place)
            return min(left, _room(_Owner("agency", theirs, parts, place.code), size))
        except OverQuota as refusal:
            full.append(refusal)
    if full:
        raise full[0]
    return left


def one_at_a_time(person: Person, agency: Agency) -> None:
    """Let others who send for this person or agency wait until this transaction has ended."""
    with connection.cursor() as cursor:
        for lock, owner in ((LOCK_OF_AGENCY, agency.pk), (LOCK_OF_PERSON, person.pk)):
            cursor.execute("SELECT pg_advisory_xact_lock(%s, %s)", [lock, owner])


def _room(owner: _Owner, size: int) -> int:
    now = timezone.now()
    counts = owner.uploads.aggregate(
        waiting=Count("pk", filter=Q(state=State.RECEIVED) & ~Q(job__state=Job.State.FAILED)),
        today=Count("pk", filter=Q(uploaded_at__gt=now - DAY)),
        bytes=Sum("size", filter=files_kept(now), default=0),
    )
    # A file that comes in parts takes its place from the beginning.
    begun = owner.in_parts.filter(received__lt=F("size"))
    coming = begun.aggregate(waiting=Count("pk"), bytes=Sum("size", default=0))
    counts = {**counts, **{name: counts[name] + number for name, number in coming.items()}}
    if counts["today"] >= settings.UPLOADS_A_DAY[owner.kind]:
        raise _day_is_full(owner, now)
    if counts["waiting"] >= settings.UPLOADS_WAITING[owner.kind]:
        raise OverQuota(_waiting(owner, counts["waiting"]), SOON)
    limit = settings.UPLOAD_BYTES_WAITING[owner.kind]
    left = int(limit - counts["bytes"])
    if size > left or left <= 0:
        raise OverQuota(_bytes(owner, counts["bytes"] >> 20, limit >> 20))
    return left


def _day_is_full(owner: _Owner, now: datetime) -> OverQuota:
    limit = settings.UPLOADS_A_DAY[owner.kind]
    times = owner.uploads.order_by("-uploaded_at").values_list("uploaded_at", flat=True)
    free = times[limit - 1] + DAY if limit else now + DAY
    when = timezone.localtime(free).strftime("%d.%m.%Y %H:%M")
    return OverQuota(_day(owner, limit, when), max(1, round((free - now).total_seconds()) + 1))


def _waiting(owner: _Owner, count: int) -> str:
    text = (
        _(
            "Files of %(agency)s that wait to be read: %(n)s. No more may wait at once. Nothing was "
            "stored. Send this one when some have been read; “Uploads” shows how far they are."
        )
        if owner.agency
        else _(
            "Your files that wait to be read: %(n)s. No more may wait at once. Nothing was stored. "
            "Send this one when some have been read; “Uploads” shows how far they are."
        )
    )
    return text % {"agency": owner.agency, "n": count}


def _day(owner: _Owner, count: int, when: str) -> str:
    text = (
        _(
            "Files of %(agency)s sent in 24 hours: %(n)s. No more are taken. Nothing was stored. "
            "Send this one after %(when)s, or put the rows of several files into one."
        )
        if owner.agency
        else _(
            "Files you have sent in 24 hours: %(n)s. No more are taken. Nothing was stored. Send "
            "this one after %(when)s, or put the rows of several files into one."
        )
    )
    return text % {"agency": owner.agency, "n": count, "when": when}


def _bytes(owner: _Owner, used: int, limit: int) -> str:
    text = (
        _(
            "The files of %(agency)s that wait take %(used)s of %(limit)s MB, and this one does not fit "
            "beside them. Nothing was stored. Answer the questions about them, or undo those uploads."
        )
        if owner.agency
        else _(
            "Your files that wait take %(used)s of %(limit)s MB, and this one does not fit beside "
            "them. Nothing was stored. Answer the questions about them, or undo those uploads."
        )
    )
    return text % {"agency": owner.agency, "used": used, "limit": limit}
