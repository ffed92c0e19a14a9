"""Random sequences of deeds on a submission: nobody signs or accepts the work of their own hands."""

import itertools

import pytest
from django.db import transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from agencies import access, scope
from agencies.refusal import Refused
from agencies.roles import Role
from jobs.models import Job
from records.collection import corrections, entry, held_rows, late_rows, uploads
from records.models import HeldRow, Record, Submission, Upload
from records.review import submissions
from tests import factories
from tests.cast import make_person
from tests.records.files import WPF
from tests.records.test_handlings import take_in, type_row

number = itertools.count(1)


@pytest.fixture
def month(office, instruments):
    """A month of permits that the statistics office itself delivers: its people may hold every role."""
    permits = instruments["SMS-WPF"]
    permits.agencies.add(office)
    with scope.working([office.pk]):
        return factories.submission(office, permits)


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
def four(office):
    """Four people who hold every role of the road."""
    people = [make_person(f"p{k}@scs.example", Role.CLERK, office) for k in range(4)]
    for person in people:
        access.grant(person, Role.REVIEWER, office)
        access.grant(person, Role.STATISTICIAN, office)
    return people


@given(deeds=SEQUENCES)
@settings(
    max_examples=40,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
def test_whatever_people_do_nobody_signs_or_accepts_the_work_of_their_own_hands(deeds, month, four):
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
