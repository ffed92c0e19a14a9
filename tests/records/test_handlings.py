"""Four eyes mean hands: who sent, typed or corrected rows neither signs nor accepts them."""

import datetime
import importlib
import itertools
import json
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from django.db import connection, transaction

from agencies import access, scope
from agencies.refusal import Refused
from agencies.roles import Role
from jobs.models import Job
from records.collection import admission, entry, held_rows, late_rows, staging, uploads
from records.models import HeldRow, Record, Submission
from records.review import handlings, submissions
from tests import factories
from tests.cast import make_person, signed_in
from tests.records import files
from tests.records.files import WPF, plain, table

State = Submission.State
number = itertools.count(1)


@pytest.fixture
def month(agency, instruments, clerk, reviewer, statistician):
    with scope.acting(clerk):
        return factories.submission(agency, instruments["SMS-WPF"])


@pytest.fixture
def both(agency):
    """A reviewer who is a clerk too."""
    person = make_person("both@sms.example", Role.CLERK, agency)
    access.grant(person, Role.REVIEWER, agency)
    return person


def type_row(submission, by, **values):
    return entry.save(
        {**WPF, "record_ref": f"R-{next(number)}", **values},
        agency=submission.agency,
        instrument=submission.instrument,
        by=by,
    ).record


def take_in(submission, by):
    """Take in a file with a good row and a held one, as a worker does once it has read it."""
    upload = factories.upload(
        *(submission.agency, submission.instrument, by),
        state="COMMITTED",
        report={"path": "gone"},
    )
    staging.prepare()
    good = {"event_date": datetime.date(2026, 3, 5), "sex": "F", "age_precision": "D", "count": 1}
    good |= {"citizenship": "TUR", "region": "TM-S", "record_ref": f"F-{upload.pk}"}
    with connection.cursor() as cursor:
        columns = ", ".join(["period", "row_no", "extras", *good])
        places = ", ".join(["%s"] * len(good))
        cursor.execute(
            f"INSERT INTO incoming ({columns}) VALUES ('2026-03', 2, '{{}}', {places})",
            list(good.values()),
        )
        cursor.execute(
            "INSERT INTO incoming_held VALUES (3, '2026-03', %s::jsonb, '[]')",
            [json.dumps({"record_ref": f"H-{upload.pk}", "event_date": "05.03.2026"})],
        )
        admission.admit(upload, submission.instrument_version, by=by)
        cursor.execute("DROP TABLE incoming, incoming_held, place")
    return upload


DEEDS = {
    "You sent a file with rows of it on": take_in,
    "You typed 1 row of it": type_row,
    "You corrected 1 row of it": lambda m, by: entry.save(
        {**entry.texts_of(Record.objects.get()), **WPF, "occupation": "72"},
        agency=m.agency,
        instrument=m.instrument,
        by=by,
        record=Record.objects.get(),
    ),
    "You deleted 1 row of it": lambda m, by: entry.delete(Record.objects.get(), by=by),
    "You removed 1 held row of it": lambda m, by: held_rows.discard(HeldRow.open_rows.get(), by=by),
}


@pytest.mark.parametrize("said", DEEDS)
def test_whose_hands_were_in_the_rows_does_not_sign_and_is_told_who_may(
    said, month, both, clerk, reviewer
):
    with scope.acting(clerk):
        type_row(month, clerk)
        factories.held_row(month.agency, month.instrument, submission=month)
    with scope.acting(both):
        DEEDS[said](month, both)
    with scope.acting(clerk):
        held = HeldRow.open_rows.count()
        acknowledged = {"held_acknowledged": held, "nothing_to_report": True}
        submissions.advance(month, "submit", by=clerk, **acknowledged)
    with scope.acting(both):
        month.refresh_from_db()
        assert "sign" not in submissions.steps_open_to(both, month)
        assert not submissions.waiting_for(both).exists()
        with pytest.raises(Refused) as refused:
            submissions.advance(month, "sign", by=both)
    assert said in str(refused.value)
    assert str(refused.value).endswith("Another person must do this step: Reviewer.")
    with scope.acting(reviewer):
        submissions.advance(month, "sign", by=reviewer)


def test_who_answered_questions_about_a_file_does_not_sign(month, both, clerk):
    with scope.acting(clerk):
        upload = factories.upload(month.agency, month.instrument, clerk, state="NEEDS_ANSWERS")
    with scope.acting(both):
        uploads.read(upload, by=both, answers={"sex_codes": {"1": "F"}})
    with scope.working([month.agency_id]):
        handlings.note_file(upload, [month])
        assert handlings.people(month) == {clerk.pk, both.pk}
        assert "You answered questions" in handlings.sentences(both, month)[0]


def test_who_sent_a_file_that_was_taken_back_may_sign(month, both, clerk):
    with scope.acting(both):
        upload = take_in(month, both)
        assert handlings.people(month) == {both.pk}
        uploads.undo(upload, by=both)
        assert not Submission.objects.exists()  # a draft that only this file had made
    with scope.acting(clerk):
        again = factories.submission(month.agency, month.instrument)
        type_row(again, clerk)
    with scope.acting(both):
        upload = take_in(again, both)
        uploads.undo(upload, by=both)
        assert handlings.people(again) == {clerk.pk}


def test_who_takes_back_the_file_of_somebody_else_has_deleted_its_rows(month, both, clerk):
    with scope.acting(clerk):
        type_row(month, clerk)
        upload = take_in(month, clerk)
    with scope.acting(both):
        uploads.undo(upload, by=both)
        assert handlings.people(month) == {clerk.pk, both.pk}
        assert "You deleted 1 row" in handlings.sentences(both, month)[0]


def test_a_row_that_moves_to_another_period_takes_the_hands_along(month, both, clerk):
    with scope.acting(both):
        take_in(month, both)
    with scope.acting(clerk):
        moved = {**entry.texts_of(Record.objects.get()), **WPF, "event_date": "05.04.2026"}
        record = entry.save(
            {**moved, "valid_from": "05.04.2026"},
            agency=month.agency,
            instrument=month.instrument,
            by=clerk,
            record=Record.objects.get(),
        ).record
        assert record.submission.period == "2026-04"
        assert handlings.people(record.submission) == {both.pk, clerk.pk}
        assert handlings.people(month) == {both.pk, clerk.pk}


def test_after_reopening_hands_begin_anew(month, both, clerk, reviewer, statistician):
    for verb, person in (("submit", clerk), ("sign", reviewer), ("accept", statistician)):
        with scope.acting(person):
            if verb == "submit":
                type_row(month, both)
            submissions.advance(month, verb, by=person)
    Job.objects.update(state="DONE")
    with scope.acting(statistician):
        submissions.advance(month, "reopen", by=statistician, reason="because")
    with scope.acting(clerk):
        type_row(month, clerk)
        submissions.advance(month, "submit", by=clerk)
    with scope.acting(both):
        submissions.advance(month, "sign", by=both)


def test_late_rows_bring_the_hands_of_who_sent_them_and_of_who_took_them_in(
    month, both, clerk, reviewer
):
    with scope.acting(clerk):
        type_row(month, clerk)
        submissions.advance(month, "submit", by=clerk)
    with scope.acting(both):
        take_in(month, both)
        assert both.pk not in handlings.people(month)  # nothing of it is in what waits
    with scope.acting(reviewer):
        submissions.advance(month, "return", by=reviewer, reason="because")
    with scope.acting(clerk):
        assert late_rows.readmit_late(month, by=clerk) == 1
        assert handlings.people(month) == {both.pk, clerk.pk}
        assert "You took in 1 late row of it" in " ".join(handlings.sentences(clerk, month))


def test_where_statistics_itself_delivers_who_typed_does_not_accept(
    office, instruments, statistician
):
    access.grant(statistician, Role.CLERK, office)
    signer = make_person("signer@scs.example", Role.REVIEWER, office)
    sender = make_person("sender@scs.example", Role.CLERK, office)
    with scope.acting(sender):
        slips = instruments["STA-SLP"]
        saved = entry.save(files.SLP, agency=office, instrument=slips, by=statistician)
        month = saved.record.submission
        submissions.advance(month, "submit", by=sender)
    with scope.acting(signer):
        submissions.advance(month, "sign", by=signer)
    with scope.acting(statistician):
        month.refresh_from_db()
        with pytest.raises(Refused, match="nobody else has the role “Statistician”"):
            submissions.advance(month, "accept", by=statistician)
        other = make_person("second@scs.example", Role.STATISTICIAN, office)
        with pytest.raises(Refused, match="Another person must do this step: Second"):
            submissions.advance(month, "accept", by=statistician)
    with scope.acting(other):
        submissions.advance(month, "accept", by=other)


@pytest.mark.django_db(transaction=True)
def test_page_and_command_refuse_whose_hands_were_in_the_rows(month, both, clerk):
    with scope.acting(both):
        type_row(month, both)
    with scope.acting(clerk):
        submissions.advance(month, "submit", by=clerk)
    page = signed_in(both).get(month.get_absolute_url())
    assert "You typed 1 row of it" in page.content.decode()
    assert f"/submissions/{month.pk}/sign/" not in page.content.decode()
    assert signed_in(both).post(f"/submissions/{month.pk}/sign/").status_code == 409
    with pytest.raises(CommandError, match="You typed 1 row of it"):
        call_command("advance", month.pk, "sign", person=both.email)
    with scope.acting(both):
        assert Submission.objects.get().state == State.SUBMITTED


@pytest.mark.django_db(transaction=True)
def test_a_file_notes_who_sent_it_and_who_answered(send, both, clerk):
    upload = send(plain(table(3, sex=["1", "2", "1"])))
    with scope.acting(both):
        uploads.read(upload, by=both, answers={"sex_codes": {"1": "F", "2": "M"}})
    assert files.finish(upload, by=clerk).state == "COMMITTED"
    with scope.acting(clerk):
        assert handlings.people(Submission.objects.get()) == {clerk.pk, both.pk}


@pytest.mark.django_db(transaction=True)
def test_hands_that_were_in_rows_before_they_were_noted_are_found_in_uploads_and_in_the_log(
    month, both, clerk, reviewer
):
    """What the migration does for a portal that has run before."""
    (file,) = Path("records/migrations").glob("*_rows_held_together.py")
    migration = importlib.import_module(f"records.migrations.{file.stem}")
    with scope.acting(both):
        take_in(month, both)
    with scope.acting(clerk):
        kept = type_row(month, clerk)
        entry.delete(kept, by=clerk)
    with scope.acting(reviewer):
        untouched = factories.submission(month.agency, month.instrument, "2026-04")
    with connection.cursor() as cursor:
        cursor.execute("RESET ROLE")
        cursor.execute("TRUNCATE records_handling")
        with transaction.atomic():
            cursor.execute(migration.EARLIER_HANDS)
        cursor.execute("SET ROLE migdata_app")
    with scope.acting(clerk):
        assert handlings.people(month) == {both.pk, clerk.pk}
        assert handlings.people(untouched) == set()
        assert "You sent a file" in handlings.sentences(both, month)[0]
        said = " ".join(handlings.sentences(clerk, month))
        assert "You typed 1 row" in said and "You deleted 1 row" in said
