"""The scope of a transaction: which agencies' rows the database shows."""

import pytest
from django.db import connection

from agencies import scope
from jobs.models import Job
from records.models import Record, Submission


def settings():
    """Return what the database is told: agencies whose records, whose submissions are open."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT current_setting('portal.records', true), current_setting('portal.submissions', true)"
        )
        return cursor.fetchone()


def test_a_clerk_opens_her_own_agency(clerk, agency, other_agency):
    with scope.acting(clerk):
        assert settings() == (str(agency.pk), str(agency.pk))


def test_statistics_staff_open_every_submission_and_no_record(
    statistician, agency, other_agency, office
):
    with scope.acting(statistician):
        records, submissions = settings()
    assert records == ""
    assert {int(pk) for pk in submissions.split(",")} == {agency.pk, other_agency.pk, office.pk}


def test_a_job_works_in_the_scope_of_its_row(one_of_each, agency, other_agency):
    counts = []
    count = scope.of_job(lambda job: counts.append(Record.objects.count()))
    for place in (agency, other_agency):
        count(Job(name="test", key=place.code, agencies=[place.pk]))
    assert counts == [1, 0]


@pytest.mark.django_db(transaction=True)
def test_the_scope_ends_with_its_transaction(one_of_each, clerk):
    with scope.acting(clerk):
        assert Submission.objects.count() == 1
    assert Submission.objects.count() == 0


@pytest.mark.django_db(transaction=True)
def test_what_a_request_that_is_refused_had_changed_is_rolled_back(client, clerk, one_of_each):
    client.force_login(clerk)
    month = one_of_each["submission"]
    assert client.post(f"/submissions/{month.pk}/submit/").status_code == 409
    with scope.acting(clerk):
        assert Submission.objects.get(pk=month.pk).state == "DRAFT"
