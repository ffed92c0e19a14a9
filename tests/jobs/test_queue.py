"""Adding jobs, asking for them anew, waking workers."""

from datetime import timedelta

import pytest
from django.db import transaction
from django.utils import timezone, translation

from jobs import worker
from jobs.models import Job
from jobs.queue import GaveUp, handlers, wake_with
from tests.jobs.conftest import add_job

pytestmark = pytest.mark.django_db(transaction=True)


def test_an_open_job_is_not_added_a_second_time(done):
    assert add_job(n=1).pk == add_job(n=1).pk
    assert Job.objects.count() == 1


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


def test_a_reason_is_read_in_the_language_of_the_reader(done):
    job = worker.work(add_job(give_up=True).pk)
    assert job.reason == "There is no dataset WPF."
    with translation.override("ru"):
        assert "WPF" in job.reason and "There is" not in job.reason
        assert str(GaveUp("There is no dataset %(code)s.", code="WPF")) == job.reason


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
