"""Doing a job: once, with its work or not at all, whatever happens to workers and connections."""

import time
from datetime import timedelta

import pytest
from django.db import connection
from django.utils import timezone

from agencies.models import Event
from jobs import queue, worker
from jobs.models import Job
from jobs.queue import ATTEMPTS, enqueue, handlers, wake_with
from reports.releases.verbs import Publishing
from tests.jobs.conftest import Add, add_job
from tests.workers import until

pytestmark = pytest.mark.django_db(transaction=True)


def test_work_and_the_end_of_the_job_commit_together(done):
    assert worker.work(add_job().pk).state == Job.State.DONE
    assert done() == 1


def test_a_job_delivered_twice_is_done_once(done):
    job = add_job()
    worker.work(job.pk)
    worker.work(job.pk)
    assert done() == 1


def test_a_failing_job_leaves_no_trace_and_is_tried_three_times(done):
    job = add_job(fail=True)
    for _attempt in range(ATTEMPTS):
        Job.objects.filter(pk=job.pk).update(lease_until=None)
        job = worker.work(job.pk)
    assert (job.state, job.attempts) == (Job.State.FAILED, 3)
    assert f"job {job.pk}" in job.reason
    assert done() == 0


def test_a_job_waits_for_the_end_of_the_pause_before_it_is_tried_again(done):
    job = worker.work(add_job(fail=True).pk)
    assert (job.state, job.attempts) == (Job.State.QUEUED, 1)
    assert worker.work(job.pk).attempts == 1
    assert worker.reap() == []
    Job.objects.update(lease_until=timezone.now() - timedelta(seconds=1))
    assert worker.reap() == [job.pk]
    assert worker.work(job.pk).attempts == 2


def test_a_long_queue_does_not_fill_the_broker(done):
    woken = []
    wake_with(woken.append)
    Job.objects.bulk_create(Job(name="test.add", key=f"k{k}") for k in range(250))
    told = [len(worker.reap()) for _round in range(4)]
    assert told == [100, 100, 50, 0]
    assert len(set(woken)) == len(woken) == 250
    Job.objects.update(woken_at=timezone.now() - worker.WAKE_AGAIN)
    assert len(worker.reap()) == 100
    assert len(worker.reap(timedelta())) == 100  # a worker that starts trusts no message


def test_a_worker_that_could_not_be_told_is_told_by_the_next_round(done):
    def broken(job_id):
        raise ConnectionError

    wake_with(broken)
    job = add_job()
    assert Job.objects.get().woken_at is None
    woken = []
    wake_with(woken.append)
    assert worker.reap() == [job.pk] == woken


def test_neither_page_nor_log_repeats_what_an_error_says_of_a_record(done, monkeypatch, caplog):
    def copy(job):
        with connection.cursor() as cursor:
            cursor.execute("CREATE TEMPORARY TABLE incoming (region varchar(7))")
            with cursor.copy("COPY incoming FROM STDIN") as into:
                into.write_row(["SECRET-PERSON-VALUE"])

    monkeypatch.setitem(handlers, "test.add", copy)
    job = worker.work(add_job().pk)
    assert "SECRET" not in job.reason + str(job.because) + job.error + caplog.text
    assert job.error.endswith("22001")  # too long for the column: enough to start looking
    assert "cursor.copy" in caplog.text  # the line of code
    with caplog.at_level("DEBUG", logger="jobs"):
        Job.objects.update(lease_until=None)
        worker.work(job.pk)
    assert "SECRET" in caplog.text


def test_a_heartbeat_outlives_its_connection(done, monkeypatch, settings):
    """Its connection breaks under a job that lives; the lease must be renewed on another one."""
    settings.JOB_LEASE_SECONDS = 0.9
    leases = []

    def long_work(job):
        time.sleep(0.5)
        mine = connection.connection.info.backend_pid
        other = connection.copy()
        with other.cursor() as cursor:
            cursor.execute("RESET ROLE")
            cursor.execute(
                "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE query LIKE"
                " 'UPDATE \"jobs_job\"%%' AND pid NOT IN (%s, pg_backend_pid())"
                " AND datname = current_database()",
                [mine],
            )
            assert cursor.fetchone()[0] > 0
        other.close()
        time.sleep(1.5)
        leases.append(Job.objects.get(pk=job.pk).lease_until > timezone.now())

    monkeypatch.setitem(handlers, "test.add", long_work)
    assert worker.work(add_job().pk).state == Job.State.DONE
    assert leases == [True]


def test_a_job_that_gives_up_is_not_tried_again(done):
    job = worker.work(add_job(give_up=True).pk)
    assert (job.state, job.attempts) == (Job.State.FAILED, 1)
    assert job.reason == "There is no dataset WPF."


def test_a_job_whose_worker_is_gone_is_taken_over(done):
    job = add_job()
    past = timezone.now() - timedelta(seconds=1)
    Job.objects.filter(pk=job.pk).update(
        state="RUNNING", worker="dead", attempts=1, lease_until=past
    )
    assert worker.reap() == [job.pk]
    assert worker.work(job.pk).state == Job.State.DONE


def test_a_job_whose_worker_died_three_times_is_given_up_visibly(done):
    job = add_job()
    past = timezone.now() - timedelta(seconds=1)
    Job.objects.filter(pk=job.pk).update(
        state="RUNNING", worker="dead", attempts=3, lease_until=past
    )
    assert worker.reap() == []
    job.refresh_from_db()
    assert (job.state, job.reason) == (
        Job.State.FAILED,
        "The worker stopped three times while doing this.",
    )


def test_a_worker_that_lost_its_lease_leaves_no_trace(done, monkeypatch):

    def slow(job):
        Event.objects.create(verb="worked", subject="slow")
        Job.objects.using("side").filter(pk=job.pk).update(worker="another")

    monkeypatch.setitem(handlers, "test.add", slow)
    job = worker.work(add_job().pk)
    assert job.state == Job.State.RUNNING
    assert done() == 0


def test_progress_is_seen_before_the_work_commits(done, monkeypatch):
    seen = []

    def tell(job):
        worker.progress(job, stage="reading", rows=5)
        seen.append(Job.objects.using("side").get(pk=job.pk).progress)

    monkeypatch.setitem(handlers, "test.add", tell)
    worker.work(add_job().pk)
    assert seen == [{"stage": "reading", "rows": 5}]


class TestWhoseTurnItIs:
    def queued(self, *agencies):
        for number, agency in enumerate(agencies):
            name = f"{agency}-{number}"
            enqueue("test.add", key=name, arguments=Add(), agencies=[agency])

    def order(self, count):
        """The agencies in the order in which a worker serves them, however it was woken."""
        woken_for = Job.objects.order_by("pk").first().pk
        return [worker.work_next(woken_for).agencies[0] for _call in range(count)]

    def test_one_file_is_not_kept_waiting_by_fifty_of_another_agency(self, done):
        self.queued(*[1] * 50, 2)
        assert 2 in self.order(2)

    def test_agencies_take_turns_and_nothing_is_left(self, done):
        self.queued(1, 1, 1, 1, 2, 2, 3)
        assert self.order(7) == [1, 2, 3, 1, 2, 1, 1]
        assert done() == 7

    def test_an_agency_with_a_job_at_work_lets_the_others_go_first(self, done):
        self.queued(1, 1, 2)
        later = timezone.now() + timedelta(minutes=1)
        Job.objects.filter(key="1-0").update(state="RUNNING", lease_until=later)
        Job.objects.filter(key="2-2").update(finished_at=timezone.now())
        assert self.order(1) == [2]

    def test_a_job_in_its_pause_is_not_taken_and_no_other_is_doubled(self, done):
        self.queued(1)
        later = timezone.now() + timedelta(minutes=1)
        Job.objects.update(lease_until=later)
        assert self.order(1) == [1]
        assert (done(), Job.objects.get().attempts) == (0, 0)

    def test_a_real_worker_serves_a_second_agency_before_the_rest_of_the_first(
        self, worker, monkeypatch
    ):
        monkeypatch.setattr(queue, "wakers", [])  # all wait before the worker comes
        for number, agency in enumerate([*[1] * 20, 2]):
            unknown = Publishing(dataset="NONE", by=0)  # ends at once, with its reason
            enqueue("reports.publish", key=f"{number}", arguments=unknown, agencies=[agency])
        worker()
        until(lambda: Job.objects.filter(state="FAILED").count() == 21)
        ended = list(Job.objects.order_by("finished_at").values_list("agencies", flat=True))
        assert ended.index([2]) == 1


def test_a_job_that_takes_too_long_is_ended_visibly(
    worker, monkeypatch, instruments, publisher, office, agency
):
    """R7: its worker lives on, and does what comes after it."""
    gate = connection.copy()
    gate.ensure_connection()
    with gate.cursor() as cursor:
        cursor.execute("RESET ROLE")
        cursor.execute("BEGIN")
        cursor.execute("LOCK TABLE records_instrument IN ACCESS EXCLUSIVE MODE")
    monkeypatch.setattr(queue, "wakers", [])  # the reaper wakes: a message has its sender's limits
    endless = Publishing(dataset="WPF", by=0)  # waits for that table
    by = {"by": publisher}
    job = enqueue("reports.publish", key="endless", arguments=endless, agencies=[office.pk], **by)
    after = Publishing(dataset="NONE", by=0)
    enqueue("reports.publish", key="after", arguments=after, agencies=[agency.pk], **by)
    try:
        worker(JOB_MINUTES="0.05")
        until(lambda: Job.objects.filter(state="FAILED").count() == 2)
    finally:
        gate.close()
    job.refresh_from_db()
    assert (job.attempts, "took longer than" in job.reason) == (1, True)
    assert Job.objects.get(key="after").reason == "There is no dataset NONE."
