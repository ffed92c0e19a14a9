"""The second lock: with the ORM's filters gone, PostgreSQL still shows nothing foreign."""

import pytest
from django.db import ProgrammingError, connection, transaction

from agencies import access, scope
from agencies.models import Agency, Event
from records.models import (
    Comment,
    HeldRow,
    Record,
    ReviewStep,
    Submission,
    SubmissionCounts,
    Thread,
    Upload,
    WarningAnswer,
)

SCOPED = [
    *(Submission, Upload, Record, HeldRow, ReviewStep),
    *(Thread, Comment, WarningAnswer, SubmissionCounts),
]


@pytest.fixture
def no_filters(monkeypatch):
    monkeypatch.setattr(access.AgencyScoped, "visible_to", lambda self, person: self)


def test_the_suite_runs_as_app(db):
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_user")
        assert cursor.fetchone() == ("migdata_app",)


@pytest.mark.parametrize("model", SCOPED)
def test_an_outsider_gets_no_foreign_row_even_without_filters(
    model, one_of_each, no_filters, outsider
):
    with scope.acting(outsider):
        assert not model._default_manager.exists()


def test_the_history_of_records_is_scoped_too(one_of_each, clerk, outsider):
    with scope.acting(clerk), connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM records_recordevent")
        assert cursor.fetchone()[0] == 1
    with scope.acting(outsider), connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM records_recordevent")
        assert cursor.fetchone()[0] == 0


@pytest.mark.django_db(transaction=True)
def test_without_a_scope_no_row_is_visible_and_nothing_carries_over(one_of_each, clerk):
    with scope.acting(clerk):
        assert Record.objects.count() == 1
    assert Record.objects.count() == 0  # same connection, next transaction


def test_statistics_staff_see_submissions_but_no_record(one_of_each, statistician):
    with scope.acting(statistician):
        assert Submission.objects.count() == 1
        assert Record.objects.count() == HeldRow.open_rows.count() == Upload.objects.count() == 0


def test_administrators_see_no_records(one_of_each, national_admin, agency_admin):
    for person in (national_admin, agency_admin):
        with scope.acting(person):
            assert not any(model._default_manager.exists() for model in SCOPED)


def test_a_row_cannot_be_put_into_another_agency(one_of_each, outsider, agency, instruments):
    with scope.acting(outsider), pytest.raises(ProgrammingError), transaction.atomic():
        HeldRow.open_rows.create(
            agency=agency, instrument=instruments["SMS-WPF"], raw={}, findings=[]
        )


def test_app_cannot_truncate_nor_change_the_log(one_of_each, clerk):
    from agencies import audit

    audit.record("tested", "test:1", by=clerk)
    for statement in (
        "TRUNCATE records_record",
        "UPDATE agencies_event SET verb = 'x'",
        "DELETE FROM agencies_event",
    ):
        with pytest.raises(ProgrammingError), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(statement)
    assert Event.objects.using(audit.SIDE).filter(verb="tested").exists()


@pytest.mark.parametrize("table", ["records_record", "records_submission", "records_heldrow"])
def test_the_tables_force_row_level_security(table, db):
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT relrowsecurity AND relforcerowsecurity FROM pg_class WHERE relname = %s",
            [table],
        )
        assert cursor.fetchone() == (True,)


def test_every_model_with_an_agency_is_scoped(db):
    from django.apps import apps

    scoped_tables = set()
    with connection.cursor() as cursor:
        cursor.execute("SELECT relname FROM pg_class WHERE relrowsecurity")
        scoped_tables = {name for (name,) in cursor.fetchall()}
    for model in apps.get_app_config("records").get_models():
        fields = {f.name: f for f in model._meta.fields}
        if "agency" in fields and fields["agency"].related_model is Agency:
            assert model._meta.db_table in scoped_tables, model
