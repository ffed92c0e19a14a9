"""Background work: claim, heartbeat, fence, retry, reap.

The row in `migdata.Job` is the truth and Redis only wakes workers, so losing Redis delays work and
loses nothing. A worker claims a row for LEASE and renews the lease on a second connection while it
works. The handler's own changes and the end of the job commit in one transaction, and only if the
lease is still held: a job that ran twice counts once.
"""

import logging
import os
import threading
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.db import connections, transaction
from django.db.models import F, Q
from django.utils import timezone

from migdata.models import Job

log = logging.getLogger(__name__)
SIDE = "side"  # progress and heartbeats are seen at once, whatever the handler's transaction does
ATTEMPTS = 3

Handler = Callable[[Job], None]
_handlers: dict[str, Handler] = {}
_wake: list[Callable[[int], None]] = []


class GaveUp(Exception):
    """The job cannot succeed however often it is tried; the message says why, for people."""


class LeaseLost(Exception):
    """Another worker has taken the job over; this run must leave no trace."""


def handler(name: str) -> Callable[[Handler], Handler]:
    """Register the function that does the jobs of this name. Called when an app's `tasks` is imported."""

    def register(function: Handler) -> Handler:
        _handlers[name] = function
        return function

    return register


def wake_with(function: Callable[[int], None]) -> None:
    """Say how workers are woken (`migdata.celery` does)."""
    _wake[:] = [function]


def enqueue(
    name: str, *, key: str, args: dict[str, Any], agencies: list[int], by: Any = None
) -> Job:
    """Add a job inside the caller's transaction and wake a worker after it commits.

    `key` names the work: while a job of that key is open it is not added a second time, and a
    finished one is started anew. `agencies` is the scope (ids) in which the handler will run.
    """
    job, created = Job.objects.get_or_create(
        key=key, defaults={"name": name, "args": args, "agencies": agencies, "asked_by": by}
    )
    if not created and job.state in (Job.State.DONE, Job.State.FAILED):
        job.state, job.attempts, job.reason, job.progress = Job.State.QUEUED, 0, "", {}
        job.args, job.agencies, job.asked_by, job.lease_until = args, agencies, by, None
        job.save()
    transaction.on_commit(lambda: wake(job.pk))
    return job


def find(key: str) -> Job | None:
    """Return the job of this key."""
    return Job.objects.filter(key=key).first()


def wake(job_id: int) -> None:
    """Tell a worker. A broker that is down only delays: the reaper finds the row."""
    for function in _wake:
        try:
            function(job_id)
        except Exception:
            log.warning(
                "could not wake a worker for job %s; the reaper will", job_id, exc_info=True
            )


def work(job_id: int) -> Job:
    """Run the job if nobody else does. Returns the row as it stands afterwards."""
    worker = f"{os.uname().nodename}:{os.getpid()}:{uuid.uuid4().hex[:8]}"
    job = _claim(job_id, worker)
    if job is None:
        return Job.objects.get(pk=job_id)
    try:
        with _heartbeat(job), transaction.atomic():
            _handlers[job.name](job)
            _finish(job)
    except GaveUp as reason:
        _fail(job, str(reason), retry=False)
    except LeaseLost:
        log.warning("%s was taken over by another worker", job)
    except Exception as error:
        log.exception("%s failed", job)
        _fail(job, f"{type(error).__name__}: {error}", retry=job.attempts < ATTEMPTS)
    return Job.objects.get(pk=job_id)


def progress(job: Job, **facts: Any) -> None:
    """Show people how far the job is: stage, and what is known of bytes and rows."""
    job.progress = {**job.progress, **facts}
    Job.objects.using(SIDE).filter(pk=job.pk, worker=job.worker).update(progress=job.progress)


def reap() -> list[int]:
    """Wake workers for jobs that wait or whose worker is gone; give up, visibly, after three attempts."""
    now = timezone.now()
    expired = Job.objects.filter(state=Job.State.RUNNING, lease_until__lt=now)
    expired.filter(attempts__gte=ATTEMPTS).update(
        state=Job.State.FAILED,
        reason="The worker stopped three times while doing this.",
        finished_at=now,
    )
    expired.update(state=Job.State.QUEUED, lease_until=None)
    waiting = Job.objects.filter(state=Job.State.QUEUED).filter(
        Q(lease_until=None) | Q(lease_until__lt=now)
    )
    ids = list(waiting.order_by("pk").values_list("pk", flat=True))
    for job_id in ids:
        wake(job_id)
    return ids


def _claim(job_id: int, worker: str) -> Job | None:
    now = timezone.now()
    with transaction.atomic():
        job = (
            Job.objects.select_for_update(skip_locked=True, of=("self",))
            .filter(pk=job_id, attempts__lt=ATTEMPTS)
            .filter(Q(state=Job.State.QUEUED) | Q(state=Job.State.RUNNING, lease_until__lt=now))
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
        state=Job.State.DONE, finished_at=timezone.now(), lease_until=None, reason=""
    )
    if not done:
        raise LeaseLost


def _fail(job: Job, reason: str, *, retry: bool) -> None:
    mine = Job.objects.filter(pk=job.pk, worker=job.worker)
    if retry:
        pause = timedelta(seconds=2**job.attempts)
        mine.update(state=Job.State.QUEUED, reason=reason, lease_until=timezone.now() + pause)
    else:
        mine.update(state=Job.State.FAILED, reason=reason, finished_at=timezone.now())


@contextmanager
def _heartbeat(job: Job) -> Iterator[None]:
    """Renew the lease from a thread until the block ends; a killed process stops renewing by itself."""
    stop = threading.Event()

    def beat() -> None:
        while not stop.wait(settings.JOB_LEASE_SECONDS / 3):
            Job.objects.using(SIDE).filter(
                pk=job.pk, worker=job.worker, lease_until__gt=timezone.now() - _lease()
            ).update(lease_until=timezone.now() + _lease(), attempts=F("attempts"))
        connections[SIDE].close()

    thread = threading.Thread(target=beat, name=f"heartbeat-{job.pk}", daemon=True)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()


def _lease() -> timedelta:
    return timedelta(seconds=settings.JOB_LEASE_SECONDS)
