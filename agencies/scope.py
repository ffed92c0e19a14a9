"""Row-level security, the second lock: which agencies' rows this transaction may touch.

Settings, local to the transaction (policies: migrations of each app): `portal.records` – agencies whose
records are open; `portal.submissions` – whose submissions are; `portal.ordinary` – whose ordinary
instruments are, and `portal.named` – which instruments are besides, each as agency:instrument
(`all`, and `*` for the agency: ADR 24); `portal.person` – who acts, empty for jobs. Without them no row is visible.
"""

import logging
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from functools import wraps
from typing import Any

from django.contrib.auth.models import AnonymousUser
from django.db import connection, transaction
from django.http import HttpRequest, HttpResponse

from agencies import access
from agencies.models import Agency, Person
from agencies.roles import Permission
from jobs.models import Job
from jobs.neighbours import Trouble, trouble
from jobs.queue import GaveUp
from standards import editions
from standards.languages import marked

log = logging.getLogger(__name__)


ALL = "all"


def open_to(
    *,
    records: Iterable[int],
    submissions: Iterable[int],
    ordinary: str = ALL,
    named: str = ALL,
    person: str = "",
) -> None:
    """Set the scope for the rest of the transaction: ids of agencies, and what is open of each.

    Without `ordinary` and `named` every instrument is open: the scope of jobs. `person` is the id of who acts.
    """
    lists = [",".join(map(str, ids)) for ids in (records, submissions)]
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT set_config('portal.records', %s, true), set_config('portal.submissions', %s, true),"
            " set_config('portal.ordinary', %s, true), set_config('portal.named', %s, true),"
            " set_config('portal.person', %s, true)",
            [*lists, ordinary, named, person],
        )


def open_for(person: access.Anyone) -> None:
    """Set the scope of a person for the rest of the transaction."""
    covered = access.coverage(person, Permission.SEE_SUBMISSIONS)
    places = covered.ordinary
    open_to(
        records=access.agency_ids(person, Permission.SEE_RECORDS),
        submissions=access.agency_ids(person, Permission.SEE_SUBMISSIONS),
        ordinary=ALL if None in places else ",".join(map(str, places)),
        named=",".join(f"{place or '*'}:{instrument}" for place, instrument in covered.named),
        person=str(person.pk or ""),
    )


@contextmanager
def acting(person: access.Anyone) -> Iterator[None]:
    """A transaction in the scope of a person: for commands and tests."""
    with editions.asked_once(), transaction.atomic():
        open_for(person)
        yield


@contextmanager
def working(agency_ids: Iterable[int]) -> Iterator[None]:
    """A transaction in the scope of a job row."""
    ids = list(agency_ids)
    with editions.asked_once(), transaction.atomic():
        open_to(records=ids, submissions=ids)
        yield


@contextmanager
def widened(agency_ids: Iterable[int]) -> Iterator[None]:
    """Look beyond the scope of the transaction for a moment, to count what is open; then it is as before."""
    names = ("records", "submissions", "ordinary", "named", "person")
    with connection.cursor() as cursor:
        settings = ", ".join(f"current_setting('portal.{name}', true)" for name in names)
        cursor.execute(f"SELECT {settings}")
        before = cursor.fetchone()
    ids = list(agency_ids)
    open_to(records=ids, submissions=ids)
    try:
        yield
    finally:
        places, submissions, ordinary, named, person = (text or "" for text in before)
        open_to(
            records=filter(None, places.split(",")),  # type: ignore[arg-type]
            submissions=filter(None, submissions.split(",")),  # type: ignore[arg-type]
            ordinary=ordinary,
            named=named,
            person=person,
        )


class ScopeMiddleware:
    """Wrap the whole request, rendering included, in one transaction in the person's scope.

    A response of 400 and above rolls back: what was refused leaves no trace in the data. What the
    database undid because two did the same at once is done once more in a fresh transaction.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        queued = len(_messages(request))
        response = self._once(request)
        if getattr(request, "was_undone", False) and _may_be_repeated(request):
            log.info("%s %s is done once more", request.method, request.path)
            del _messages(request)[queued:]
            request.was_undone = False  # type: ignore[attr-defined]
            request.user = request._cached_user = _afresh(request.user)  # type: ignore[attr-defined]
            response = self._once(request)
        return response

    def process_exception(self, request: HttpRequest, exception: Exception) -> None:
        """Note that the database ended the transaction in favour of another one."""
        request.was_undone = trouble(exception) is Trouble.CONFLICT  # type: ignore[attr-defined]

    def _once(self, request: HttpRequest) -> HttpResponse:
        with editions.asked_once(), transaction.atomic():
            open_for(request.user)
            response = self.get_response(request)
            if hasattr(response, "render") and not getattr(response, "is_rendered", True):
                response = response.render()
            if response.status_code >= 400:
                transaction.set_rollback(True)
        return response


def _may_be_repeated(request: HttpRequest) -> bool:
    """Say whether the request can be read again, and has left nothing outside its transaction.

    A file is moved while it is taken in, a body that was read piece by piece is gone, and a session that was changed
    has changed its key as well.
    """
    if _was_streamed(request) or request.FILES:
        return False
    return not getattr(request.session, "modified", False)


def _was_streamed(request: HttpRequest) -> bool:
    """Say whether the body was read and not kept. What a form says is kept."""
    is_kept = hasattr(request, "_body") or request.content_type == "multipart/form-data"
    return request._read_started and not is_kept  # type: ignore[attr-defined]


def _afresh(person: access.Anyone) -> access.Anyone:
    """Return the person as the database knows them, without what the undone try had made of them."""
    known = Person.objects.filter(pk=person.pk, is_active=True).first() if person.pk else None
    if known is not None:
        known.lent = getattr(person, "lent", None)
    return known or AnonymousUser()


def _messages(request: HttpRequest) -> list[Any]:
    """Return the messages that the next page will show and that this request has added."""
    storage = getattr(request, "_messages", None)
    return getattr(storage, "_queued_messages", [])


def of_job(
    function: Callable[[Job], None],
    *,
    needs: Permission | None = None,
    about: Callable[[Job], int] | None = None,
) -> Callable[[Job], None]:
    """Let a job's handler run in the scope that stands on its row, not in the message.

    With `needs`, whoever asked for the job must still hold that permission when it begins and when it
    ends, and the agencies it works for must be open: who was stopped meanwhile changes nothing more. A job
    that only completes what was decided (a slice after acceptance) needs nothing. `about` tells the id of
    the instrument that the job works on: their roles must cover it, too. Raises `GaveUp`.
    """

    @wraps(function)
    def scoped(job: Job) -> None:
        with working(job.agencies):
            instrument = about(job) if about else None
            if needs:
                _require_asker(job, needs, instrument)
            function(job)
            if needs:
                _require_asker(job, needs, instrument, lock=True)

    return scoped


def _require_asker(
    job: Job, permission: Permission, instrument: int | None = None, *, lock: bool = False
) -> None:
    """Raise GaveUp unless the person who asked may still have this done.

    With `lock` nobody can stop the person, or close an agency, between this look and the commit.
    """
    rows = Person.objects.filter(pk=job.asked_by_id or 0, is_active=True)
    places = Agency.everywhere.filter(pk__in=job.agencies, is_active=True)
    if lock:
        rows, places = rows.select_for_update(no_key=True), places.select_for_update(no_key=True)
    person, is_open = rows.first(), bool(places)
    asked_for = list(Agency.everywhere.filter(pk__in=job.agencies))
    if person is None:
        raise GaveUp(marked("Who asked for this may no longer sign in, so nothing was changed."))
    if not any(access.may(person, permission, place, instrument) for place in asked_for):
        raise GaveUp(
            marked("Who asked for this no longer has the role it needs. Nothing was changed.")
        )
    if not is_open:
        raise GaveUp(marked("The agency was closed meanwhile, so nothing was changed."))
