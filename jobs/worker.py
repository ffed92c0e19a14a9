"""Doing a job: claim, heartbeat, fence, retry, requeue.

A worker claims a row for LEASE and renews the lease on a second connection while it works. The
handler's own changes and the end of the job commit in one transaction, and only if the lease is
still held: a job that ran twice counts once.

An attempt is counted where a job breaks or its worker dies. Where only a neighbour was not there (the
database, room on a disk, the mail server) the job waits, longer and longer, and is tried for days.

Texts of exceptions may quote records (PostgreSQL names the row it refused), so they are neither
stored nor logged, except at DEBUG: the class, the SQLSTATE and the lines of code are.
"""

import os
import threading
import traceback
import uuid
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any

from celery.exceptions import SoftTimeLimitExceeded
from django.conf import settings
from django.db import Error, connection, connections, transaction
from django.db.models import Max, Min, Q
from django.utils import timezone

from jobs.models import Job
from jobs.neighbours import Trouble, sqlstate, trouble
from jobs.queue import ATTEMPTS, GaveUp, NotNow, calls_waiting, handler_of, log, wake
from standards import editions
from standards.languages import marked
from standards.translation import sentence

SIDE = "side"  # progress and heartbeats are seen at once, whatever the handler's transaction does
WAKE_AGAIN = timedelta(minutes=3)  # a message may be lost; one that only waits is not doubled
RECENT = timedelta(seconds=10)  # a call so young is on its way, also where the broker shows none
WOKEN_AT_ONCE = 100  # the broker never evicts: a long queue must not fill it with reminders
NEIGHBOURS = (Trouble.AWAY, Trouble.FULL, Trouble.BUSY, Trouble.CONFLICT)
FIRST_PAUSE, LONGEST_PAUSE = timedelta(seconds=5), timedelta(minutes=10)
PATIENCE = timedelta(days=5)  # as long as mail servers try
WAITS = {
    Trouble.FULL: marked("A disk of the portal is full. It goes on by itself when there is room."),
    Trouble.BUSY: marked("Somebody else is working on the same. It goes on by itself."),
}
INTERRUPTED = marked("The portal was interrupted while doing this. It goes on by itself.")
BROKEN = marked(
    "The portal could not do this, and has changed nothing. Tell those who run it: job %(job)s."
)
STOPPED = marked("The worker stopped three times while doing this.")
TOO_LONG = marked(
    "This took longer than %(minutes)s minutes, so it was ended and has changed nothing. Send less at "
    "once, or tell those who run the portal: job %(job)s."
)
REMEMBERED = 500  # ended jobs that are looked at to see whose turn it is
CLAIMING = 7732  # the advisory lock under which the next job is chosen


class LeaseLost(Exception):
    """Another worker has taken the job over; this run must leave no trace."""


def work(job_id: int) -> Job:
    """Run the job if nobody else does. Returns the row as it stands afterwards."""
    job = _claim(job_id, _name())
    if job is not None:
        _do(job)
    return Job.objects.get(pk=job_id)


def work_next(woken_for: int) -> Job:
    """Do the job whose turn it is, which need not be the one this worker was woken for.

    There is one call for each job that waits, so every job gets its turn; whoever has sent fifty files
    does not keep the others waiting. Returns the row as it stands afterwards.
    """
    job = _claim_next(_name())
    if job is None:
        return work(woken_for)
    _do(job)
    return Job.objects.get(pk=job.pk)


def _do(job: Job) -> None:
    try:
        with _heartbeat(job), editions.asked_once(), transaction.atomic():
            handler_of(job.name)(job)
            _finish(job)
    except GaveUp as reason:
        _fail(job, reason.because, retry=False)
    except SoftTimeLimitExceeded:
        minutes = round(settings.CELERY_TASK_SOFT_TIME_LIMIT / 60)
        _fail(job, sentence(TOO_LONG, minutes=minutes, job=job.pk), retry=False)
    except LeaseLost:
        log.warning("%s was taken over by another worker", job)
    except NotNow as reason:
        _postpone(job, reason.because, reason.__cause__ or reason)
    except Exception as error:
        if (cause := trouble(error)) in NEIGHBOURS:
            log.warning("%s is postponed: %s", job, _kind(error))
            _postpone(job, sentence(WAITS.get(cause, INTERRUPTED)), error)
            return
        log.error("%s failed: %s\n%s", job, _kind(error), _lines(error))
        log.debug("%s failed", job, exc_info=True)
        because = sentence(BROKEN, job=job.pk)
        _fail(job, because, retry=job.attempts < ATTEMPTS, error=_kind(error))


def progress(job: Job, **facts: Any) -> None:
    """Show people how far the job is: stage, and what is known of bytes and rows."""
    job.progress = {**job.progress, **facts}
    Job.objects.using(SIDE).filter(pk=job.pk, worker=job.worker).update(progress=job.progress)


def reap(wake_again: timedelta = WAKE_AGAIN) -> list[int]:
    """Wake workers for jobs that wait or whose worker is gone; give up, visibly, after three attempts.

    A worker is woken once for a job that waits, and again after `wake_again`; or as soon as the broker
    holds fewer calls than jobs wait, because it has lost some. Returns the ids.
    """
    now = timezone.now()
    # A lease longer than any that is given: the clock was set back.
    over = Q(lease_until__lt=now) | Q(lease_until__gt=now + 2 * _lease())
    expired = Job.objects.filter(over, state=Job.State.RUNNING)
    expired.filter(attempts__gte=ATTEMPTS).update(
        state=Job.State.FAILED, because=sentence(STOPPED), finished_at=now
    )
    expired.update(state=Job.State.QUEUED, lease_until=None, woken_at=None)
    waiting = Job.objects.select_for_update(skip_locked=True).filter(_ready(now)).order_by("pk")
    with transaction.atomic():  # of two reapers one wakes
        untold = waiting.filter(Q(woken_at=None) | Q(woken_at__lte=now - wake_again))
        ids = list(untold.values_list("pk", flat=True)[:WOKEN_AT_ONCE])
        told = waiting.exclude(pk__in=ids).filter(woken_at__lte=now - RECENT)
        ids += told.values_list("pk", flat=True)[: _lost(told.count(), WOKEN_AT_ONCE - len(ids))]
        Job.objects.filter(pk__in=ids).update(woken_at=now)
    for job_id in ids:
        wake(job_id)
    return ids


def _lost(told: int, most: int) -> int:
    """Return for how many of the jobs that workers were told of the call is lost, at most so many.

    A call stands for any job that waits (`work_next`), so they are only counted.
    """
    calls = calls_waiting() if told and most else None
    return 0 if calls is None else max(0, min(told, most) - calls)


def _ready(now: datetime) -> Q:
    """Say which jobs wait, and not for the end of the pause before their next attempt."""
    set_back = Q(lease_until__gt=now + 2 * LONGEST_PAUSE)  # the clock was
    return Q(state=Job.State.QUEUED) & (Q(lease_until=None) | Q(lease_until__lt=now) | set_back)


def _claim(job_id: int, worker: str) -> Job | None:
    now = timezone.now()
    with transaction.atomic():
        job = (
            Job.objects.select_for_update(skip_locked=True, of=("self",))
            .filter(pk=job_id, attempts__lt=ATTEMPTS)
            .filter(_ready(now) | Q(state=Job.State.RUNNING, lease_until__lt=now))
            .first()
        )
        if job is not None:
            _take(job, worker, now)
    return job


def _claim_next(worker: str) -> Job | None:
    """Claim the oldest waiting job of the agency that has been served least; None where none waits."""
    now = timezone.now()
    with transaction.atomic():
        with connection.cursor() as cursor:
            # One chooses at a time: two who choose at once would both serve the same agency.
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", [CLAIMING])
        ready = Job.objects.filter(_ready(now), attempts__lt=ATTEMPTS)
        oldest = ready.values("agencies").annotate(first=Min("pk")).order_by("first")
        for agencies in _fairest_first([group["agencies"] for group in oldest]):
            waiting = ready.filter(agencies=agencies).order_by("pk")
            if job := waiting.select_for_update(skip_locked=True, of=("self",)).first():
                _take(job, worker, now)
                return job
    return None


def _fairest_first(waiting: list[list[int]]) -> list[list[int]]:
    """Order the agencies of waiting jobs: fewest jobs running first, then who was served longest ago.

    Jobs of several agencies together, such as a release, count as those of one more agency.
    """
    running = Counter(
        tuple(ids)
        for ids in Job.objects.filter(state=Job.State.RUNNING).values_list("agencies", flat=True)
    )
    ended = Job.objects.exclude(finished_at=None).order_by("-finished_at").values("pk")[:REMEMBERED]
    last = Job.objects.filter(pk__in=ended).values_list("agencies").annotate(Max("finished_at"))
    served = {tuple(ids): at.timestamp() for ids, at in last}
    return sorted(waiting, key=lambda ids: (running[tuple(ids)], served.get(tuple(ids), 0.0)))


def _take(job: Job, worker: str, now: datetime) -> None:
    job.state, job.worker, job.attempts = Job.State.RUNNING, worker, job.attempts + 1
    job.lease_until = now + _lease()
    job.save()


def _name() -> str:
    """Say who this worker is, and which of its runs: a lease belongs to one run."""
    return f"{os.uname().nodename}:{os.getpid()}:{uuid.uuid4().hex[:8]}"


def _finish(job: Job) -> None:
    done = Job.objects.filter(pk=job.pk, worker=job.worker, state=Job.State.RUNNING).update(
        state=Job.State.DONE, finished_at=timezone.now(), lease_until=None, because={}, error=""
    )
    if not done:
        raise LeaseLost


def _fail(job: Job, because: dict[str, Any], *, retry: bool, error: str = "") -> None:
    now = timezone.now()
    run = Job.objects.filter(pk=job.pk, worker=job.worker, state=Job.State.RUNNING)
    if retry:
        run.update(
            state=Job.State.QUEUED,
            because=because,
            error=error,
            lease_until=now + timedelta(seconds=2**job.attempts),
            woken_at=None,
        )
    else:
        run.update(state=Job.State.FAILED, because=because, error=error, finished_at=now)


def _postpone(job: Job, because: dict[str, Any], error: BaseException) -> None:
    """Let the job wait, twice as long each time; give up, visibly, after days.

    Where the database is away even for this, the lease runs out and the reaper does it.
    """
    now = timezone.now()
    if now - job.asked_at > PATIENCE:
        _fail(job, because, retry=False, error=_kind(error))
        return
    pause = min(FIRST_PAUSE * 2 ** min(job.postponed, 10), LONGEST_PAUSE)
    Job.objects.filter(pk=job.pk, worker=job.worker, state=Job.State.RUNNING).update(
        state=Job.State.QUEUED,
        attempts=job.attempts - 1,
        postponed=job.postponed + 1,
        because=because,
        error=_kind(error),
        lease_until=now + pause,
        woken_at=None,
    )


def _kind(error: BaseException) -> str:
    """Return the class of an error and, from the database, its SQLSTATE: neither quotes a row."""
    return " ".join(filter(None, (type(error).__name__, sqlstate(error))))[:120]


def _lines(error: BaseException) -> str:
    """Return the lines of code an error came through, without its text."""
    return "".join(traceback.format_tb(error.__traceback__)).rstrip()


@contextmanager
def _heartbeat(job: Job) -> Iterator[None]:
    """Renew the lease from a thread until the block ends; a killed process stops renewing by itself."""
    stop = threading.Event()

    def beat() -> None:
        while not stop.wait(settings.JOB_LEASE_SECONDS / 3):
            try:
                _renew(job)
            except Error as error:
                # The next beat has a connection of its own: one that broke must not end the lease.
                log.warning("heartbeat of %s: %s", job, _kind(error))
                connections[SIDE].close()
        connections[SIDE].close()

    thread = threading.Thread(target=beat, name=f"heartbeat-{job.pk}", daemon=True)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()


def _renew(job: Job) -> None:
    now = timezone.now()
    Job.objects.using(SIDE).filter(
        pk=job.pk, worker=job.worker, lease_until__gt=now - _lease()
    ).update(lease_until=now + _lease())


def _lease() -> timedelta:
    return timedelta(seconds=settings.JOB_LEASE_SECONDS)
