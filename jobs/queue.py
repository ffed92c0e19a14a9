"""Adding jobs and finding them. The row in `jobs.Job` is the truth; Redis only wakes workers."""

import logging
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any, TypeVar

from django.contrib.auth.base_user import AbstractBaseUser
from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.module_loading import autodiscover_modules

from jobs.models import Job
from standards.translation import sentence, translated

log = logging.getLogger(__name__)
ATTEMPTS = 3

AFRESH: dict[str, Any] = {
    "state": Job.State.QUEUED,
    "attempts": 0,
    "postponed": 0,
    "worker": "",
    "lease_until": None,
    "finished_at": None,
    "because": {},
    "error": "",
    "progress": {},
}


@dataclass(frozen=True)
class Arguments:
    """What a job is told: ids and codes, never values of records. Each kind of job has its own."""


Kind = TypeVar("Kind", bound=Arguments)
Handler = Callable[[Job], None]
handlers: dict[str, Handler] = {}
wakers: list[Callable[[int], None]] = []
counters: list[Callable[[], int]] = []


class Told(Exception):
    """Why a job has not succeeded, for people.

    It is raised where nobody's language is active, so the text is marked, not translated:
    `GaveUp(marked("There is no dataset %(code)s."), code=code)`.
    """

    def __init__(self, text: str, **values: Any) -> None:
        super().__init__(text)
        self.because = sentence(text, **values)

    def __str__(self) -> str:
        return translated(self.because)


class GaveUp(Told):
    """The job cannot succeed however often it is tried."""


class NotNow(Told):
    """What the job needs does not answer now; it is tried again later, and no attempt is counted."""


def handler(name: str) -> Callable[[Handler], Handler]:
    """Register the function that does the jobs of this name. Called when an app's `tasks` is loaded."""

    def register(function: Handler) -> Handler:
        handlers[name] = function
        return function

    return register


def handler_of(name: str) -> Handler:
    """Return the function that does the jobs of this name. Raises KeyError where no app has one.

    The `tasks` of the apps load all that works on records and figures, which a page or a command that does no
    job starts without.
    """
    if name not in handlers:
        autodiscover_modules("tasks")
    return handlers[name]


def wake_with(function: Callable[[int], None], *, calls: Callable[[], int] | None = None) -> None:
    """Say how workers are woken, and how many calls wait for one (`migdata.celery` does)."""
    wakers[:] = [function]
    counters[:] = [calls] if calls else []


def enqueue(
    name: str,
    *,
    key: str,
    arguments: Arguments,
    agencies: list[int],
    by: AbstractBaseUser | None = None,
) -> Job:
    """Add a job inside the caller's transaction and wake a worker after it commits.

    `key` names the work: while a job of that key is open it is not added a second time, and a
    finished one is started anew. `agencies` is the scope (ids) in which the handler will run.
    """
    now = timezone.now()
    request = {
        "args": asdict(arguments),
        "agencies": agencies,
        "asked_by": by,
        "asked_at": now,
        "woken_at": now,
    }
    job, created = Job.objects.get_or_create(key=key, defaults={"name": name, **request})
    if not created and _closed(job).update(**request, **AFRESH):
        job.refresh_from_db()
    transaction.on_commit(lambda: wake(job.pk))
    return job


def hasten(job: Job) -> None:
    """Do a job that was given up, or waits for the end of a pause, at once and with patience anew."""
    now = timezone.now()
    still = Job.objects.filter(pk=job.pk, state__in=[Job.State.QUEUED, Job.State.FAILED])
    if still.update(**{**AFRESH, "asked_at": now, "woken_at": now}):
        transaction.on_commit(lambda: wake(job.pk))


def arguments(job: Job, kind: type[Kind]) -> Kind:
    """Return what the job was told, as its handler knows it. Raises TypeError where it is another kind."""
    return kind(**job.args)


def _closed(job: Job) -> QuerySet[Job]:
    """The row, if the job has come to an end; asked of the database, where workers change it."""
    return Job.objects.filter(pk=job.pk, state__in=[Job.State.DONE, Job.State.FAILED])


def find(key: str) -> Job | None:
    """Return the job of this key."""
    return Job.objects.filter(key=key).first()


def wake(job_id: int) -> None:
    """Tell a worker. A broker that is down only delays: the reaper finds the row."""
    for function in wakers:
        try:
            function(job_id)
        except Exception:
            log.warning("could not wake a worker for job %s; the reaper will", job_id)
            log.debug("waking failed", exc_info=True)
            Job.objects.filter(pk=job_id).update(woken_at=None)


def calls_waiting() -> int | None:
    """Return how many calls no worker has taken yet; None where the broker cannot say."""
    for count in counters:
        try:
            return count()
        except Exception as error:
            log.warning("the broker does not say what waits: %s", type(error).__name__)
    return None
