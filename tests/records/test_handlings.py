"""Four eyes mean hands: who sent, typed or corrected rows neither signs nor accepts them."""

import datetime
import itertools
import json

import pytest
from django.core.management import CommandError, call_command
from django.db import connection, transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from agencies import access, scope
from agencies.refusal import Refused
from agencies.roles import Role
from jobs.models import Job
from records.collection import admission, corrections, entry, held_rows, late_rows, staging, uploads
from records.models import HeldRow, Record, Submission, Upload
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
    good = {"event_date": datetime.date(2026, 3, 5), "sex": "F", "age_precision": "D"}
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
        admission.admit(upload, submission.instrument_version)
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


class Road:
    """A submission, what people did to it, and by a plain list who has hands in its version."""

    def __init__(self, submission, people):
        self.submission, self.people = submission, people
        self.hands, self.late, self.undone, self.files = [], [], set(), {}

    def now(self):
        return Submission.objects.get(pk=self.submission.pk)

    def touched(self, person, file=None):
        self.hands.append((self.now().version, person.pk, file))

    def barred(self):
        version = self.now().version
        return {who for at, who, file in self.hands if at == version and file not in self.undone}

    def upload(self, by):
        file = take_in(self.now(), by)
        self.files[file.pk] = by
        if self.now().is_open:
            self.touched(by, file.pk)
        else:
            self.late.append(file.pk)

    def enter(self, by):
        type_row(self.now(), by)
        self.touched(by)

    def correct(self, by):
        record = Record.objects.order_by("?").first()
        if record:
            values = {**entry.texts_of(record), **WPF, "record_ref": record.record_ref}
            before = self.now()
            entry.save(
                {**values, "occupation": "72"},
                agency=before.agency,
                instrument=before.instrument,
                by=by,
                record=record,
            )
            self.touched(by)

    def correct_held(self, by):
        held = HeldRow.open_rows.errors().first()
        if held:
            ref = f"C-{next(number)}"
            assert not corrections.correct(held, {**WPF, "record_ref": ref}, by=by).errors
            self.touched(by)

    def delete(self, by):
        if record := Record.objects.first():
            entry.delete(record, by=by)
            self.touched(by)

    def discard(self, by):
        if held := HeldRow.open_rows.errors().first():
            held_rows.discard(held, by=by)
            self.touched(by)

    def undo(self, by):
        standing = [pk for pk in self.files if pk not in self.undone]
        if standing:
            upload = Upload.objects.get(pk=standing[0])
            opened = self.now().is_open
            uploads.undo(upload, by=by)
            self.undone.add(upload.pk)
            there = Submission.objects.filter(pk=self.submission.pk).exists()
            if there and opened and self.files[upload.pk] != by:
                self.touched(by)

    def admit(self, by):
        present = [pk for pk in self.late if pk not in self.undone]
        admitted = late_rows.readmit_late(self.now(), by=by)
        if self.now().is_open:
            for file in present:
                self.touched(self.files[file], file)
            self.late.clear()
        if admitted:
            self.touched(by)

    def step(self, verb, by):
        Job.objects.update(state="DONE")
        before, barred = self.now(), self.barred()
        offered = verb in submissions.steps_open_to(by, before)
        held = HeldRow.open_rows.missing_from(before).errors().count()
        try:
            submissions.advance(
                before,
                verb,
                by=by,
                reason="because",
                held_acknowledged=held or None,
                nothing_to_report=True,
            )
        except Refused:
            assert not offered
            return
        assert offered
        if verb in ("sign", "accept"):
            assert by.pk not in barred, (verb, self.hands)

    def may(self, verb, by):
        """Say, from the plain list, whether nothing but the state stands against the step."""
        done = {"sign": ("submitted_by",), "accept": ("submitted_by", "signed_by")}[verb]
        return by.pk not in self.barred() | {getattr(self.now(), f"{f}_id") for f in done}


WAYS = ("upload", "enter", "correct", "correct_held", "delete", "discard", "undo", "admit")
STEPS = ("submit", "sign", "accept", "return", "reopen")
SEQUENCES = st.lists(
    st.tuples(st.sampled_from([*WAYS, *STEPS, *STEPS]), st.integers(0, 3)), max_size=14
)


@pytest.fixture
def four(agency, office):
    """Four people who hold every role of the road."""
    people = [make_person(f"p{k}@sms.example", Role.CLERK, agency) for k in range(4)]
    for person in people:
        access.grant(person, Role.REVIEWER, agency)
        access.grant(person, Role.STATISTICIAN, office)
    return people


@given(deeds=SEQUENCES)
@settings(
    max_examples=40,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
def test_whatever_people_do_nobody_signs_or_accepts_the_work_of_their_own_hands(
    deeds, month, four, agency
):
    with transaction.atomic():
        scope.open_for(four[0])
        road = Road(month, four)
        for deed, who in deeds:
            if not Submission.objects.filter(pk=month.pk).exists():
                break  # the last file of a draft was taken back
            if deed in STEPS:
                road.step(deed, four[who])
            else:
                try:
                    with transaction.atomic():
                        getattr(road, deed)(four[who])
                except Refused:
                    assert not road.now().is_open
        present = Submission.objects.filter(pk=month.pk).first()
        verb = submissions.next_step(present) if present else ""
        for person in four if verb in ("sign", "accept") else ():
            offered = verb in submissions.steps_open_to(person, present)
            assert offered == road.may(verb, person)
            assert offered == submissions.waiting_for(person).exists()
            assert bool(submissions.bar(person, present)) == (not offered)
        transaction.set_rollback(True)
