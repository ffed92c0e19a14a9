"""Background work: the row in PostgreSQL is the truth."""

import time
from datetime import timedelta

import pytest
from django.db import connection, transaction
from django.utils import timezone, translation
from django.utils.translation import gettext

from agencies.models import Event
from jobs import queue, worker
from jobs.models import Job
from jobs.queue import ATTEMPTS, GaveUp, enqueue, handlers, wake_with
from reports.protection.gates import Gate
from reports.releases import protecting
from standards.translation import sentence, translated

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def done(monkeypatch):
    """A handler `test.add` that writes an event, and the list of jobs whose work was committed."""

    def add(job):
        Event.objects.create(verb="worked", subject=f"job:{job.pk}")
        if job.args.get("fail"):
            raise ValueError("broken")
        if job.args.get("give_up"):
            raise GaveUp("There is no dataset %(code)s.", code="WPF")

    monkeypatch.setitem(handlers, "test.add", add)
    monkeypatch.setattr(queue, "_wake", [])
    return lambda: Event.objects.filter(verb="worked").count()


def add_job(**args):
    return enqueue("test.add", key=f"test:{args}", args=args, agencies=[])


def test_work_and_the_end_of_the_job_commit_together(done):
    assert worker.work(add_job().pk).state == Job.State.DONE
    assert done() == 1


def test_a_job_delivered_twice_is_done_once(done):
    job = add_job()
    worker.work(job.pk)
    worker.work(job.pk)
    assert done() == 1


def test_an_open_job_is_not_added_a_second_time(done):
    assert add_job(n=1).pk == add_job(n=1).pk
    assert Job.objects.count() == 1


def test_a_failing_job_leaves_no_trace_and_is_tried_three_times(done):
    job = add_job(fail=True)
    for _attempt in range(ATTEMPTS):
        Job.objects.filter(pk=job.pk).update(lease_until=None)
        job = worker.work(job.pk)
    assert (job.state, job.attempts) == (Job.State.FAILED, 3)
    assert f"job {job.pk}" in job.reason
    assert done() == 0


def test_a_job_asked_for_anew_has_waited_since_now(done, client):
    first = worker.work(add_job().pk)
    month = timezone.now() - timedelta(days=30)
    Job.objects.filter(pk=first.pk).update(asked_at=month, error="old", because={"text": "old"})
    again = add_job()
    assert again.pk == first.pk
    assert timezone.now() - again.asked_at < timedelta(minutes=1)
    assert (again.state, again.finished_at, again.worker) == ("QUEUED", None, "")
    assert (again.reason, again.error) == ("", "")
    assert client.get("/healthz").status_code == 200


def test_a_job_that_runs_is_not_put_back_by_who_asks_again(done, monkeypatch):
    states = []

    def ask_again(job):
        add_job()
        states.append(Job.objects.using("side").get(pk=job.pk).state)

    monkeypatch.setitem(handlers, "test.add", ask_again)
    assert worker.work(add_job().pk).state == Job.State.DONE
    assert states == ["RUNNING"]


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


def test_a_reason_is_read_in_the_language_of_the_reader(done):
    job = worker.work(add_job(give_up=True).pk)
    assert job.reason == "There is no dataset WPF."
    with translation.override("ru"):
        assert "WPF" in job.reason and "There is" not in job.reason
        assert str(GaveUp("There is no dataset %(code)s.", code="WPF")) == job.reason


def test_the_gates_that_refuse_a_release_are_named_in_the_language_of_the_reader():
    refusal = protecting.not_passed([Gate("sex by time", 12, 5), Gate("total", 3, 4)])
    assert "do not pass: sex by time." in str(refusal)
    with translation.override("ru"):
        assert f": {gettext('sex by time')}." in str(refusal)
        assert "sex by time" not in str(refusal)


def test_a_sentence_holds_sentences():
    gate = sentence("%(gate)s: %(n)s", gate=sentence("total"), n=5)
    kept = sentence("%(gates)s", gates=[gate, gate])
    assert translated(kept) == "total: 5; total: 5"
    assert translated({}) == translated(sentence("")) == ""
    assert translated(sentence("100%")) == "100%"


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


def test_a_worker_is_woken_only_after_commit(done, monkeypatch):
    woken = []
    wake_with(woken.append)
    with transaction.atomic():
        job = add_job()
        assert woken == []
    assert woken == [job.pk]


def test_a_dead_broker_only_delays(done):
    def broken(job_id):
        raise ConnectionError

    wake_with(broken)
    job = add_job()
    assert worker.work(job.pk).state == Job.State.DONE


def test_progress_is_seen_before_the_work_commits(done, monkeypatch):
    seen = []

    def tell(job):
        worker.progress(job, stage="reading", rows=5)
        seen.append(Job.objects.using("side").get(pk=job.pk).progress)

    monkeypatch.setitem(handlers, "test.add", tell)
    worker.work(add_job().pk)
    assert seen == [{"stage": "reading", "rows": 5}]


def test_tests_run_as_the_role_that_owns_nothing():
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_user")
        assert cursor.fetchone() == ("migdata_app",)
