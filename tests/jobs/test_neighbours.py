"""Failures that are not a job's own: recognised by their numbers, waited for, not counted as attempts."""

import errno
import threading
from datetime import timedelta

import pytest
from django.db import InterfaceError, OperationalError, connection, connections
from django.utils import timezone

from agencies.models import Event
from jobs import worker
from jobs.models import Job
from jobs.neighbours import Trouble, trouble
from jobs.queue import ATTEMPTS, NotNow, handlers, hasten, wake_with
from tests.jobs.conftest import add_job

pytestmark = pytest.mark.django_db(transaction=True)


def raise_in_database(state):
    with connection.cursor() as cursor:
        cursor.execute(f"DO $$ BEGIN RAISE EXCEPTION 'a row' USING ERRCODE = '{state}'; END $$")


@pytest.mark.parametrize(
    ("state", "cause"),
    [
        ("57P01", Trouble.AWAY),
        ("53300", Trouble.AWAY),
        ("53200", Trouble.AWAY),
        ("53100", Trouble.FULL),
        ("57014", Trouble.TOO_SLOW),
        ("55P03", Trouble.BUSY),
        ("40P01", Trouble.CONFLICT),
        ("40001", Trouble.CONFLICT),
        ("23505", None),
        ("22001", None),
    ],
)
def test_what_the_database_says_is_recognised_by_its_number(state, cause):
    with pytest.raises(Exception, match="a row") as raised:
        raise_in_database(state)
    assert trouble(raised.value) is cause


def test_other_failures_are_recognised_and_our_own_faults_are_not():
    assert trouble(OSError(errno.ENOSPC, "full")) is Trouble.FULL
    assert trouble(OSError(errno.EDQUOT, "quota")) is Trouble.FULL
    assert trouble(OperationalError("connection refused")) is Trouble.AWAY
    assert trouble(InterfaceError("the connection is closed")) is Trouble.AWAY
    for error in (ValueError("x"), OSError(errno.ENOENT, "no file"), None):
        assert trouble(error) is None


@pytest.fixture
def failing(done, monkeypatch):
    """A job whose handler fails as long as `failing.by` says how."""

    class How:
        by = None

    def handle(job):
        Event.objects.create(verb="worked", subject=f"job:{job.pk}")
        if How.by:
            How.by()

    monkeypatch.setitem(handlers, "test.add", handle)
    return How


def no_room():
    raise OSError(errno.ENOSPC, "No space left on device")


@pytest.mark.parametrize("how", [no_room, lambda: raise_in_database("40P01")])
def test_a_job_waits_for_a_neighbour_longer_each_time_and_no_attempt_is_counted(failing, done, how):
    failing.by, pauses = how, []
    job = add_job()
    for _try in range(ATTEMPTS + 3):
        Job.objects.filter(pk=job.pk).update(lease_until=None)
        begun = timezone.now()
        job = worker.work(job.pk)
        pauses.append(job.lease_until - begun)
    assert (job.state, job.attempts, job.postponed) == (Job.State.QUEUED, 0, ATTEMPTS + 3)
    assert pauses == sorted(pauses) and pauses[-1] > 10 * pauses[0]
    assert "goes on by itself" in job.reason and done() == 0
    failing.by = None
    Job.objects.update(lease_until=timezone.now() - timedelta(seconds=1))
    assert worker.reap() == [job.pk]
    assert worker.work(job.pk).state == Job.State.DONE
    assert done() == 1


def test_a_job_is_given_up_visibly_when_a_neighbour_stays_away_for_days(failing):
    failing.by = no_room
    job = add_job()
    Job.objects.update(asked_at=timezone.now() - worker.PATIENCE)
    job = worker.work(job.pk)
    assert (job.state, job.error) == (Job.State.FAILED, "OSError")
    assert "disk" in job.reason
    hasten(job)
    failing.by = None
    assert worker.work(job.pk).state == Job.State.DONE


def test_what_a_handler_says_of_a_neighbour_is_shown(failing):
    def away():
        raise NotNow("The mail server does not answer. The letter waits and is tried again.")

    failing.by = away
    job = worker.work(add_job().pk)
    assert (job.state, job.attempts) == (Job.State.QUEUED, 0)
    assert job.reason.startswith("The mail server does not answer")


def test_calls_that_the_broker_has_lost_are_made_again_and_no_more(done):
    woken = []
    waiting = [0]
    wake_with(woken.append, calls=lambda: waiting[0])
    Job.objects.bulk_create(
        Job(name="test.add", key=f"k{k}", woken_at=timezone.now() - worker.RECENT)
        for k in range(250)
    )
    waiting[0] = 250
    assert worker.reap() == []
    waiting[0] = 97
    assert len(worker.reap()) == 3
    waiting[0] = 0
    assert len(worker.reap()) == worker.WOKEN_AT_ONCE
    assert len(worker.reap()) == worker.WOKEN_AT_ONCE  # of those not told just now
    assert len(worker.reap()) == 47
    assert worker.reap() == []


def test_a_broker_that_does_not_say_what_waits_is_not_flooded(done):
    def silent():
        raise TimeoutError

    wake_with(lambda _job: None, calls=silent)
    Job.objects.create(name="test.add", key="k", woken_at=timezone.now() - worker.RECENT)
    assert worker.reap() == []


def test_r8_the_same_job_at_the_same_time_in_two_workers_is_done_once(done, monkeypatch):
    both, inside = threading.Barrier(2, timeout=30), []

    def slow(job):
        inside.append(job.pk)
        Event.objects.create(verb="worked", subject=f"job:{job.pk}")

    monkeypatch.setitem(handlers, "test.add", slow)
    job = add_job()

    def run():
        both.wait()
        worker.work(job.pk)
        connections.close_all()

    threads = [threading.Thread(target=run) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert inside == [job.pk]
    assert (Job.objects.get().state, Job.objects.get().attempts, done()) == ("DONE", 1, 1)


@pytest.mark.parametrize("hours", [-1, 1])
def test_r9_a_clock_that_jumps_keeps_no_job_waiting(done, hours):
    """The worker died before its clock was set back or forward by an hour."""
    jump = timedelta(hours=hours)
    running, paused = add_job(n=1), add_job(n=2)
    lease = timezone.now() - jump
    Job.objects.filter(pk=running.pk).update(
        state="RUNNING", worker="dead", attempts=1, lease_until=lease
    )
    Job.objects.filter(pk=paused.pk).update(lease_until=lease, woken_at=None)
    assert worker.reap() == [running.pk, paused.pk]
    assert [worker.work(pk).state for pk in (running.pk, paused.pk)] == ["DONE", "DONE"]
