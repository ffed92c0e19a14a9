"""/healthz: says what answers and what waits, by itself, before sessions and scope are asked."""

from datetime import timedelta

import pytest
from django.utils import timezone

from jobs.models import Job

pytestmark = pytest.mark.django_db(transaction=True)


def queued(minutes, **fields):
    Job.objects.create(
        name="test.add",
        key=f"{minutes} {fields}",
        asked_at=timezone.now() - timedelta(minutes=minutes),
        **fields,
    )


def test_o8_the_age_of_the_oldest_job_that_waits_is_said(client):
    queued(3), queued(7)
    said = client.get("/healthz")
    assert said.status_code == 200 and said["Cache-Control"] == "no-store"
    assert 7 <= said.json()["oldest_job_minutes"] < 8
    queued(16)
    assert client.get("/healthz").status_code == 503


def test_a_job_in_its_pause_is_counted_and_is_not_late(client):
    queued(600, lease_until=timezone.now() + timedelta(minutes=5))
    queued(600, lease_until=timezone.now() - timedelta(minutes=1))
    said = client.get("/healthz")
    assert (said.status_code, said.json()["postponed_jobs"]) == (200, 1)
    assert 1 <= said.json()["oldest_job_minutes"] < 2


def test_health_asks_for_neither_session_nor_scope(client, clerk, django_assert_num_queries):
    client.force_login(clerk)
    with django_assert_num_queries(0):  # of the request's own connection
        assert client.get("/healthz").status_code == 200
    assert client.post("/healthz").status_code in (403, 405)
