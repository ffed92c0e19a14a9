"""Doing a job: claim, heartbeat, fence, retry, requeue.

A worker claims a row for LEASE and renews the lease on a second connection while it works. The
handler's own changes and the end of the job commit in one transaction, and only if the lease is
still held: a job that ran twice counts once.

Texts of exceptions may quote records (PostgreSQL names the row it refused), so they are neither
stored nor logged, except at DEBUG: the class, the SQLSTATE and the lines of code are.
"""

import os
import threading
import traceback
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import Error, connections, transaction
from django.db.models import Q
from django.utils import timezone

from jobs.models import Job
from jobs.queue import ATTEMPTS, GaveUp, handlers, log, wake
from standards.languages import marked
from standards.translation import sentence

SIDE = "side"  # progress and heartbeats are seen at once, whatever the handler's transaction does
WAKE_AGAIN = timedelta(minutes=3)  # a message may be lost; one that only waits is not doubled
WOKEN_AT_ONCE = 100  # the broker never evicts: a long queue must not fill it with reminders
BROKEN = marked(
    "The portal could not do this, and has changed nothing. Tell those who run it: job %(job)s."
)
STOPPED = marked("The worker stopped three times while doing this.")


class LeaseLost(Exception):
    """Another worker has taken the job over; this run must leave no trace."""


def work(job_id: int) -> Job:
    """Run the job if nobody else does. Returns the row as it stands afterwards."""
    worker = f"{os.uname().nodename}:{os.getpid()}:{uuid.uuid4().hex[:8]}"
    job = _claim(job_id, worker)
    if job is None:
        return Job.objects.get(pk=job_id)
    try:
        with _heartbeat(job), transaction.atomic():
            handlers[job.name](job)
            _finish(job)
    except GaveUp as reason:
        _fail(job, reason.because, retry=False)
    except LeaseLost:
        log.warning("%s was taken over by another worker", job)
    except Exception as error:
        log.error("%s failed: %s\n%s", job, _kind(error), _lines(error))
        log.debug("%s failed", job, exc_info=True)
        because = sentence(BROKEN, job=job.pk)
        _fail(job, because, retry=job.attempts < ATTEMPTS, error=_kind(error))
    return Job.objects.get(pk=job_id)


def progress(job: Job, **facts: Any) -> None:
    """Show people how far the job is: stage, and what is known of bytes and rows."""
    job.progress = {**job.progress, **facts}
    Job.objects.using(SIDE).filter(pk=job.pk, worker=job.worker).update(progress=job.progress)


def reap(wake_again: timedelta = WAKE_AGAIN) -> list[int]:
    """Wake workers for jobs that wait or whose worker is gone; give up, visibly, after three attempts.

    A worker is woken once for a job that waits, and again only after `wake_again`. Returns the ids.
    """
    now = timezone.now()
    expired = Job.objects.filter(state=Job.State.RUNNING, lease_until__lt=now)
    expired.filter(attempts__gte=ATTEMPTS).update(
        state=Job.State.FAILED, because=sentence(STOPPED), finished_at=now
    )
    expired.update(state=Job.State.QUEUED, lease_until=None, woken_at=None)
    due = (
        Job.objects.select_for_update(skip_locked=True)  # of two reapers one wakes
        .filter(_ready(now), Q(woken_at=None) | Q(woken_at__lte=now - wake_again))
        .order_by("pk")[:WOKEN_AT_ONCE]
    )
    with transaction.atomic():
        ids = list(due.values_list("pk", flat=True))
        Job.objects.filter(pk__in=ids).update(woken_at=now)
    for job_id in ids:
        wake(job_id)
    return ids


def _ready(now: datetime) -> Q:
    """Say which jobs wait, and not for the end of the pause before their next attempt."""
    return Q(state=Job.State.QUEUED) & (Q(lease_until=None) | Q(lease_until__lt=now))


def _claim(job_id: int, worker: str) -> Job | None:
    now = timezone.now()
    with transaction.atomic():
        job = (
            Job.objects.select_for_update(skip_locked=True, of=("self",))
            .filter(pk=job_id, attempts__lt=ATTEMPTS)
            .filter(_ready(now) | Q(state=Job.State.RUNNING, lease_until__lt=now))
            .first()
        )
        if job is None:
            return None
        job.state, job.worker, job.attempts = Job.State.RUNNING, worker, job.attempts + 1
        job.lease_until = now + _lease()
        job.save()
    return job


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


def _kind(error: BaseException) -> str:
    """Return the class of an error and, from the database, its SQLSTATE: neither quotes a row."""
    state = getattr(error.__cause__, "sqlstate", None) or getattr(error, "sqlstate", None)
    return " ".join(filter(None, (type(error).__name__, state)))[:120]


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
