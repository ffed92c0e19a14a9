"""Background work: the row in PostgreSQL is the truth."""

from datetime import timedelta

import pytest
from django.db import connection, transaction
from django.utils import timezone

from migdata import jobs
from migdata.models import Job

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def done(monkeypatch):
    """A handler `test.add` that writes an event, and the list of jobs whose work was committed."""
    from agencies.models import Event

    def add(job):
        Event.objects.create(verb="worked", subject=f"job:{job.pk}")
        if job.args.get("fail"):
            raise ValueError("broken")
        if job.args.get("give_up"):
            raise jobs.GaveUp("never")

    monkeypatch.setitem(jobs._handlers, "test.add", add)
    monkeypatch.setattr(jobs, "_wake", [])
    return lambda: Event.objects.filter(verb="worked").count()


def queue(**args):
    return jobs.enqueue("test.add", key=f"test:{args}", args=args, agencies=[])


def test_work_and_the_end_of_the_job_commit_together(done):
    assert jobs.work(queue().pk).state == Job.State.DONE
    assert done() == 1


def test_a_job_delivered_twice_is_done_once(done):
    job = queue()
    jobs.work(job.pk)
    jobs.work(job.pk)
    assert done() == 1


def test_an_open_job_is_not_added_a_second_time(done):
    assert queue(n=1).pk == queue(n=1).pk
    assert Job.objects.count() == 1


def test_a_failing_job_leaves_no_trace_and_is_tried_three_times(done):
    job = queue(fail=True)
    for _attempt in range(jobs.ATTEMPTS):
        Job.objects.filter(pk=job.pk).update(lease_until=None)
        job = jobs.work(job.pk)
    assert (job.state, job.attempts) == (Job.State.FAILED, 3)
    assert "broken" in job.reason
    assert done() == 0


def test_a_job_that_gives_up_is_not_tried_again(done):
    job = jobs.work(queue(give_up=True).pk)
    assert (job.state, job.reason, job.attempts) == (Job.State.FAILED, "never", 1)


def test_a_job_whose_worker_is_gone_is_taken_over(done):
    job = queue()
    past = timezone.now() - timedelta(seconds=1)
    Job.objects.filter(pk=job.pk).update(
        state="RUNNING", worker="dead", attempts=1, lease_until=past
    )
    assert jobs.reap() == [job.pk]
    assert jobs.work(job.pk).state == Job.State.DONE


def test_a_job_whose_worker_died_three_times_is_given_up_visibly(done):
    job = queue()
    past = timezone.now() - timedelta(seconds=1)
    Job.objects.filter(pk=job.pk).update(
        state="RUNNING", worker="dead", attempts=3, lease_until=past
    )
    assert jobs.reap() == []
    job.refresh_from_db()
    assert job.state == Job.State.FAILED
    assert job.reason


def test_a_worker_that_lost_its_lease_leaves_no_trace(done, monkeypatch):
    from agencies.models import Event

    def slow(job):
        Event.objects.create(verb="worked", subject="slow")
        Job.objects.using("side").filter(pk=job.pk).update(worker="another")

    monkeypatch.setitem(jobs._handlers, "test.add", slow)
    job = jobs.work(queue().pk)
    assert job.state == Job.State.RUNNING
    assert done() == 0


def test_a_worker_is_woken_only_after_commit(done, monkeypatch):
    woken = []
    jobs.wake_with(woken.append)
    with transaction.atomic():
        job = queue()
        assert woken == []
    assert woken == [job.pk]


def test_a_dead_broker_only_delays(done):
    def broken(job_id):
        raise ConnectionError

    jobs.wake_with(broken)
    job = queue()
    assert jobs.work(job.pk).state == Job.State.DONE


def test_progress_is_seen_before_the_work_commits(done, monkeypatch):
    seen = []

    def tell(job):
        jobs.progress(job, stage="reading", rows=5)
        seen.append(Job.objects.using("side").get(pk=job.pk).progress)

    monkeypatch.setitem(jobs._handlers, "test.add", tell)
    jobs.work(queue().pk)
    assert seen == [{"stage": "reading", "rows": 5}]


def test_tests_run_as_the_role_that_owns_nothing():
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_user")
        assert cursor.fetchone() == ("migdata_app",)
