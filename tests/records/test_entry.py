"""One record at a time: typed, edited, deleted, corrected; the same engine as for files."""

import pytest

from agencies import access, scope
from agencies.models import Event
from agencies.refusal import Refused
from records.collection import corrections, entry, held_rows
from records.models import HeldRow, Record, Submission
from records.review import opening, submissions
from tests.records import files
from tests.records.files import BCR, SLP, WPF, plain, table

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def typed(instruments, agency, clerk):
    """Save typed values as the clerk; returns the outcome."""

    def save(values, by=clerk, instrument="SMS-WPF", **options):
        with scope.acting(by):
            return entry.save(
                values,
                agency=options.pop("agency", agency),
                instrument=instruments[instrument],
                by=by,
                **options,
            )

    return save


FULL = {
    "SMS-WPF": {**WPF, "education": "высшее", "civil_status": "S", "wage_month": "1 200,50", "wage_cur": "TMT", "contract_hours_w": "40", "sex_basis": "DOC"},
    "SMS-BCR": {**BCR, "birth_date": "1990", "dur_intended_d": "30", "with_minor": "да", "unaccompanied_minor": "ýok", "next_residence": "TKM"},
}  # fmt: skip


@pytest.mark.parametrize("instrument", FULL)
def test_the_same_values_typed_and_sent_as_a_file_give_equal_records(
    instrument, typed, send, clerk
):
    values = FULL[instrument]
    record = typed(values, instrument=instrument).record
    with scope.acting(clerk):
        from_form = files.facts(Record.objects.get(pk=record.pk))
        entry.delete(record, by=clerk)
    send(plain(table(1, base=values, record_ref=values["record_ref"])), instrument)
    with scope.acting(clerk):
        assert files.facts(Record.objects.get()) == from_form


def test_a_typed_record_with_an_error_is_not_saved(typed, clerk):
    outcome = typed({**WPF, "valid_to": "01.01.2020"})
    assert outcome.record is None
    assert [f.rule for f in outcome.errors] == ["valid_to.before_from"]
    with scope.acting(clerk):
        assert Record.objects.count() == 0


def test_a_warning_is_saved_once_it_is_confirmed(typed):
    values = {**WPF, "contract_hours_w": "70"}
    asked = typed(values)
    assert (asked.record, [f.rule for f in asked.warnings]) == (None, ["contract_hours_w.long"])
    assert typed(values, acknowledged=frozenset({"contract_hours_w.long"})).record


def test_a_number_that_is_taken_is_refused(typed):
    typed(WPF)
    with pytest.raises(Refused, match="WP-1"):
        typed(WPF)


@pytest.mark.parametrize(
    "values",
    [
        {"record_ref": "a\x00b"},
        {"person_ref": "AB1234567"},
        {"citizenship": "\x00"},
        {"valid_to": "=1+1"},
        {"birth_date": "9" * 5000},
        {"wage_month": "1" * 400, "wage_cur": "USD"},
    ],
)
def test_nothing_that_is_typed_breaks_the_engine(values, typed):
    assert typed({**WPF, **values}).record is None


def test_editing_something_else_does_not_blur_an_exact_age(typed, clerk):
    record = typed({**WPF, "birth_date": "06.03.1990"}).record
    with scope.acting(clerk):
        values = {**entry.texts_of(record), "occupation": "72"}
    assert values["birth_date"] == "1990"
    edited = typed(values, record=record).record
    assert (edited.pk, edited.extras["occupation"]) == (record.pk, "72")
    assert (edited.age, edited.age_precision, edited.birth_year) == (35, "D", 1990)


def test_a_new_birth_year_gives_a_new_age(typed, clerk):
    record = typed(WPF).record
    edited = typed({**WPF, "birth_date": "1980"}, record=record).record
    assert (edited.age, edited.age_precision) == (46, "Y")


def test_what_is_removed_from_the_form_is_removed_from_the_record(typed):
    record = typed({**WPF, "education": "6", "wage_month": "5", "wage_cur": "USD"}).record
    edited = typed(WPF, record=record).record
    assert edited.education in (None, "_U")
    assert "wage_month" not in edited.extras


def test_correcting_a_held_row_makes_it_a_record_of_its_file(typed, send, clerk):
    upload = send(plain(table(2, sex=["F", "aýaly"])))
    with scope.acting(clerk):
        held = HeldRow.open_rows.get()
        record = corrections.correct(held, {"sex": "F"}, by=clerk).record
    assert (record.upload_id, record.row_no, record.sex) == (upload.pk, 3, "F")
    with scope.acting(clerk):
        assert not HeldRow.open_rows.exists()


def test_a_correction_that_is_wrong_keeps_the_row_held(typed, send, clerk):
    send(plain(table(1, sex="aýaly")))
    with scope.acting(clerk):
        held = HeldRow.open_rows.get()
        assert corrections.correct(held, {"region": "Mary"}, by=clerk).errors
        assert HeldRow.open_rows.count() == 1


def test_a_person_keeps_the_key_through_correction_and_edit(typed, send, clerk):
    send(plain(table(1, sex="aýaly", passport="AB 1234567")))
    with scope.acting(clerk):
        held = HeldRow.open_rows.get()
        key = held.raw["person_ref"]
        record = corrections.correct(held, {"sex": "F"}, by=clerk).record
        values = {**entry.texts_of(record), "occupation": "72"}
    assert typed(values, record=record).record.person_ref == key
    assert len(key) == 64


def test_discarding_a_held_row_leaves_a_trace(send, clerk):
    send(plain(table(1, sex="aýaly")))
    with scope.acting(clerk):
        held = HeldRow.open_rows.get()
        held_rows.discard(held, by=clerk)
        assert not HeldRow.open_rows.exists()
    assert Event.objects.filter(verb="discard").exists()


def test_a_deleted_record_stays_in_the_history(typed, clerk):
    from django.apps import apps

    record = typed(WPF).record
    history = apps.get_model("records", "RecordEvent")
    with scope.acting(clerk):
        entry.delete(record, by=clerk)
        assert not Record.objects.exists()
        assert list(history.objects.values_list("record_ref", flat=True)) == ["WP-1"]


@pytest.mark.parametrize("verb", ["save", "edit", "delete", "discard", "correct"])
def test_nothing_changes_in_a_period_that_is_closed(verb, typed, send, clerk):
    upload = send(plain(table(2, sex=["F", "aýaly"])))
    with scope.acting(clerk):
        submission = upload.submissions.get()
        submissions.advance(submission, "submit", by=clerk, held_acknowledged=1)
        record, held = Record.objects.get(), HeldRow.open_rows.get()
    acts = {
        "save": lambda: typed(WPF),
        "edit": lambda: typed(WPF, record=record),
        "correct": lambda: corrections.correct(held, {"sex": "F"}, by=clerk),
        "delete": lambda: entry.delete(record, by=clerk),
        "discard": lambda: held_rows.discard(held, by=clerk),
    }
    with scope.acting(clerk), pytest.raises(Refused):
        acts[verb]()
    with scope.acting(clerk):
        assert (Record.objects.count(), HeldRow.open_rows.count()) == (1, 1)


def test_a_record_cannot_be_moved_into_a_closed_period(typed, clerk):
    closed = typed({**WPF, "event_date": "05.04.2026"}).record
    record = typed(WPF).record
    with scope.acting(clerk):
        submissions.advance(Submission.objects.get(pk=closed.submission_id), "submit", by=clerk)
    with pytest.raises(Refused, match="2026-04"):
        typed({**WPF, "record_ref": "new", "event_date": "06.04.2026"}, record=record)


@pytest.mark.parametrize("person", ["reviewer", "statistician", "outsider", "viewer", "publisher"])
def test_only_who_enters_for_the_agency_types_edits_or_deletes(request, person, typed, send, clerk):
    send(plain(table(2, sex=["F", "aýaly"])))
    with scope.acting(clerk):
        record, held = Record.objects.get(), HeldRow.open_rows.get()
    by = request.getfixturevalue(person)
    for act in (
        lambda: typed(WPF, by=by),
        lambda: typed(WPF, by=by, record=record),
        lambda: corrections.correct(held, {"sex": "F"}, by=by),
        lambda: entry.delete(record, by=by),
        lambda: held_rows.discard(held, by=by),
    ):
        with pytest.raises(access.Denied):
            act()


def test_an_agency_types_only_what_it_delivers(typed):
    with pytest.raises(Refused, match="does not deliver"):
        typed(SLP, instrument="STA-SLP")


def test_an_agency_opens_no_period_of_what_it_does_not_deliver(instruments, agency, clerk):
    with scope.acting(clerk), pytest.raises(Refused, match="does not deliver"):
        opening.begin("2026-10", agency=agency, instrument=instruments["STA-SLP"], by=clerk)


def test_a_typed_record_goes_into_no_other_agency(typed, clerk, other_agency):
    with pytest.raises(access.Denied):
        typed(WPF, agency=other_agency)
