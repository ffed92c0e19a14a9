"""The scope of a transaction: which agencies' rows the database shows."""

import pytest
from django.db import connection, transaction

from agencies import access, scope
from agencies.models import Agency, Event, Person
from agencies.roles import Permission, Role
from jobs import worker
from jobs.models import Job
from jobs.queue import GaveUp
from records.collection import uploads
from records.models import Record, Submission
from tests.cast import anew
from tests.records import files


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


@pytest.fixture
def asked(agency, clerk):
    """A job that the clerk asked for."""
    return Job(name="test", key="asked", agencies=[agency.pk], asked_by=clerk)


def stop(clerk, agency):
    Person.objects.filter(pk=clerk.pk).update(is_active=False)


def take_role(clerk, agency):
    access.revoke(anew(clerk), Role.CLERK, agency)


def close(clerk, agency):
    Agency.objects.filter(pk=agency.pk).update(is_active=False)


@pytest.mark.parametrize(
    "change, reason",
    [(stop, "no longer sign in"), (take_role, "no longer has the role"), (close, "was closed")],
)
@pytest.mark.parametrize("when", ["before", "meanwhile"])
def test_a_job_whose_person_or_agency_was_stopped_changes_nothing(
    asked, agency, clerk, other_agency, change, reason, when
):
    def work(job):
        Event.objects.create(verb="worked", subject="job:1")
        if when == "meanwhile":
            change(clerk, agency)

    if when == "before":
        change(clerk, agency)
    with pytest.raises(GaveUp, match=reason), transaction.atomic():
        scope.of_job(work, needs=Permission.ENTER)(asked)
    assert not Event.objects.filter(verb="worked").exists()


def test_a_job_whose_person_may_still_is_done(asked):
    scope.of_job(lambda job: Event.objects.create(verb="worked"), needs=Permission.ENTER)(asked)
    assert Event.objects.filter(verb="worked").exists()


@pytest.mark.django_db(transaction=True)
def test_a_file_of_a_clerk_who_was_stopped_is_not_taken_in(instruments, clerk, agency):
    with scope.acting(clerk):
        upload = uploads.receive(
            [files.plain(files.table(5))],
            agency=agency,
            instrument=instruments["SMS-WPF"],
            file_name="march.csv",
            by=clerk,
        )
    stop(clerk, agency)
    job = worker.work(upload.job_id)
    assert job.state == Job.State.FAILED
    assert "no longer sign in" in job.reason
    with scope.working([agency.pk]):
        assert not Record.objects.exists()


@pytest.mark.parametrize(
    "kind, read, again",
    [
        ("application/octet-stream", lambda request: request.read(5), False),
        ("application/offset+octet-stream", lambda request: request.read(), False),
        ("application/json", lambda request: request.body, True),
        ("application/x-www-form-urlencoded", lambda request: request.POST, True),
    ],
)
def test_what_was_read_piece_by_piece_is_not_done_once_more(rf, kind, read, again):
    """After a deadlock: the second try would find an empty body."""
    request = rf.generic("POST", "/", b"a=1&b=2", content_type=kind)
    request.session = {}
    read(request)
    assert scope._may_be_repeated(request) is again
