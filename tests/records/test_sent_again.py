"""A file that is sent again: what it changes and lacks of the records that are here, and what a person chooses."""

import pytest
from django.db import connection
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from agencies import scope
from agencies.refusal import Refused
from records.collection import (
    admission,
    bulk_corrections,
    comparison,
    corrections,
    entry,
    in_json,
    staging,
    uploads,
)
from records.collection.comparison import CHOICES
from records.instruments import versions
from records.models import Difference, HeldRow, Record, Submission, Upload
from records.review import handlings
from tests import factories
from tests.records import files
from tests.records.files import plain, table
from tests.records.test_undo import lead, state_of_the_data, within

pytestmark = pytest.mark.django_db(transaction=True)
QUIET = settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
WAITS, DONE = Upload.State.NEEDS_ANSWERS, Upload.State.COMMITTED


def choose(upload, choice, by):
    """Answer what was asked, having seen it; returns the upload when it is finished."""
    with scope.acting(by):
        seen = upload.report["again"]["digest"]
        uploads.read(upload, by=by, answers={"again": choice, "again_seen": seen})
    return files.finish(upload, by=by)


def month(send):
    """A month of thirty records, and the same again: twenty changed, five new, three missing."""
    send(plain(table(30)))
    refs = [f"R-{k}" for k in range(1, 28)] + [f"N-{k}" for k in range(1, 6)]
    sexes = ["M"] * 20 + ["F"] * 12
    return send(plain(table(32, record_ref=refs, sex=sexes)))


def sexes(person):
    with scope.acting(person):
        return dict(Record.objects.values_list("record_ref", "sex"))


def counts(upload):
    (line,) = upload.report["again"]["periods"]
    return {kind: line[kind] for kind in ("new", "changed", "equal", "gone", "by_hand")}


def test_a_month_sent_again_waits_and_says_what_it_would_change(send, clerk):
    again = month(send)
    assert again.state == WAITS
    assert counts(again) == {"new": 5, "changed": 20, "equal": 7, "gone": 3, "by_hand": 0}
    (question,) = in_json.status(again, clerk)["questions"]
    assert question["id"] == "again"
    assert [c["value"] for c in question["choices"]] == ["new", "changed", "exact"]
    assert question["evidence"] == ["2026-03: + 5 · ≠ 20 · = 7 · − 3"]
    with scope.acting(clerk):
        assert Record.objects.count() == 30
        first = Difference.objects.get(record_ref="R-1")
        assert (first.variables, first.before["sex"], first.now["sex"]) == (["sex"], "F", "M")
        gone = Difference.objects.filter(kind="GONE").values_list("record_ref", flat=True)
        assert sorted(gone) == ["R-28", "R-29", "R-30"]


@pytest.mark.parametrize(
    ("choice", "records", "men", "rows"),
    [
        ("new", 35, 0, {"accepted": 5, "duplicate": 27}),
        ("changed", 35, 20, {"accepted": 25, "duplicate": 7}),
        ("exact", 32, 20, {"accepted": 25, "duplicate": 7}),
    ],
)
def test_each_choice_does_what_it_says(send, clerk, choice, records, men, rows):
    again = choose(month(send), choice, clerk)
    assert again.state == DONE
    assert again.report["rows"] == {"read": 32, "held": 0, "late": 0, "skipped": 0, **rows}
    assert again.report["again"]["choice"] == choice
    after = sexes(clerk)
    assert (len(after), list(after.values()).count("M")) == (records, men)
    assert within(clerk, Difference.objects.count) == 0


@pytest.mark.parametrize("choice", ["new", "changed", "exact"])
def test_taking_the_file_back_brings_back_what_it_replaced(send, clerk, choice):
    send(plain(table(6, sex=["F", "?!"])), answers={"values": "go_on"})
    before = state_of_the_data(clerk)
    refs = ["R-1", "R-2", "R-4", "X"]
    again = choose(send(plain(table(4, record_ref=refs, sex=["M", "F", "??", "F"]))), choice, clerk)
    assert again.state == DONE
    assert state_of_the_data(clerk) != before
    with scope.acting(clerk):
        uploads.undo(again, by=clerk)
    assert state_of_the_data(clerk) == before


def test_the_file_that_was_replaced_may_come_again_the_one_that_stands_may_not(send, clerk):
    first, second = plain(table(3)), plain(table(3, sex=["M"]))
    send(first)
    choose(send(second), "changed", clerk)
    with pytest.raises(Refused, match="This very file was taken in"):
        send(second)
    assert choose(send(first), "changed", clerk).state == DONE
    assert set(sexes(clerk).values()) == {"F"}


def test_a_file_that_changes_and_lacks_nothing_goes_straight_through(send, clerk):
    send(plain(table(3)))
    again = send(plain(table(5)))
    assert (again.state, counts(again)["equal"]) == (DONE, 3)
    assert again.report["rows"]["duplicate"] == 3


def test_another_part_of_the_month_shares_no_number_and_goes_straight_through(send, clerk):
    send(plain(table(3)))
    assert send(plain(table(2, record_ref=["A", "B"]))).state == DONE
    assert within(clerk, Record.objects.count) == 5


def test_of_a_period_with_which_the_file_shares_no_number_nothing_is_gone(send, clerk):
    send(plain(table(4, event_date=["05.03.2026", "05.03.2026", "05.04.2026", "05.04.2026"])))
    days = ["05.03.2026", "06.03.2026", "07.04.2026"]
    again = send(plain(table(3, record_ref=["R-1", "R-2", "Z"], event_date=days)))
    assert [(p["period"], p["gone"]) for p in again.report["again"]["periods"]] == [
        ("2026-03", 0),
        ("2026-04", 0),
    ]


@pytest.mark.parametrize(
    ("choice", "in_march", "in_april"),
    [("new", {"R-1", "R-2", "R-3"}, {"A-1"}), ("changed", {"R-1", "R-3"}, {"A-1", "R-2"})],
)
def test_a_record_whose_date_moved_to_another_period_is_counted_once(
    send, clerk, choice, in_march, in_april
):
    refs, days = ["R-1", "R-2", "R-3", "A-1"], ["30.03.2026"] * 3 + ["02.04.2026"]
    send(plain(table(4, record_ref=refs, event_date=days)))
    before = state_of_the_data(clerk)
    again = send(plain(table(4, record_ref=refs, event_date=[days[0], "01.04.2026", *days[2:]])))
    periods = [
        (p["period"], p["new"], p["changed"], p["gone"]) for p in again.report["again"]["periods"]
    ]
    assert periods == [("2026-03", 0, 1, 0), ("2026-04", 0, 0, 0)]
    with scope.acting(clerk):
        assert Difference.objects.get().variables == ["event_date"]
    done = choose(again, choice, clerk)
    with scope.acting(clerk):
        rows = set(Record.objects.values_list("submission__period", "record_ref"))
        assert rows == {("2026-03", r) for r in in_march} | {("2026-04", r) for r in in_april}
        uploads.undo(done, by=clerk)
    assert state_of_the_data(clerk) == before


def test_a_number_that_another_person_has_in_another_period_did_not_move(send, clerk):
    days = ["30.03.2026", "30.03.2026", "02.04.2026"]
    send(plain(table(3, record_ref=["1", "2", "9"], event_date=days)))
    sexes = ["F", "M", "F"]
    again = send(
        plain(
            table(3, record_ref=["1", "2", "9"], sex=sexes, event_date=[days[0], days[2], days[2]])
        )
    )
    periods = [(p["new"], p["changed"], p["gone"]) for p in again.report["again"]["periods"]]
    assert periods == [(0, 0, 1), (1, 0, 0)]


def test_a_number_that_stands_in_a_third_period_did_not_move(send, clerk):
    refs, days = ["1", "1", "2", "3"], ["30.03.2026", "02.05.2026", "30.03.2026", "02.04.2026"]
    send(plain(table(4, record_ref=refs, event_date=days)))
    days[0] = "02.04.2026"
    again = send(plain(table(4, record_ref=refs, event_date=days)))
    periods = [(p["new"], p["changed"], p["gone"]) for p in again.report["again"]["periods"]]
    assert periods == [(0, 0, 1), (1, 0, 0), (0, 0, 0)]


def test_a_record_whose_row_has_an_error_now_is_not_gone(send, clerk):
    send(plain(table(3)))
    again = send(plain(table(3, sex=["M", "?!", "F"])))
    assert counts(again)["gone"] == 0
    choose(again, "exact", clerk)
    assert sexes(clerk) == {"R-1": "M", "R-2": "F", "R-3": "F"}


def test_a_record_corrected_by_hand_is_told_as_such(send, clerk, agency, permits):
    send(plain(table(2)))
    with scope.acting(clerk):
        record = Record.objects.get(record_ref="R-2")
        values = {**entry.texts_of(record), "sex": "M"}
        entry.save(values, agency=agency, instrument=permits, by=clerk, record=record)
    again = send(plain(table(2, region=["TM-A", "TM-S"])))
    assert counts(again)["by_hand"] == 1
    with scope.acting(clerk):
        assert dict(Difference.objects.values_list("record_ref", "by_hand")) == {
            "R-1": False,
            "R-2": True,
        }


def test_who_chose_something_that_is_no_longer_so_is_asked_again(send, clerk):
    again = month(send)
    with scope.acting(clerk):
        entry.delete(Record.objects.get(record_ref="R-30"), by=clerk)
    later = choose(again, "exact", clerk)
    assert (later.state, counts(later)["gone"]) == (WAITS, 2)
    assert later.report["again"]["chosen_before"]
    assert choose(later, "exact", clerk).state == DONE
    assert len(sexes(clerk)) == 32


def test_without_having_seen_it_only_what_changes_nothing_can_be_chosen(send, clerk):
    send(plain(table(2)))
    content = plain(table(2, sex=["M", "F"]))
    for choice in ("changed", "exact"):
        upload = send(content, answers={"again": choice})
        assert upload.state == WAITS
        with scope.acting(clerk):
            uploads.undo(upload, by=clerk)
    assert send(content, answers={"again": "new"}).state == DONE
    assert sexes(clerk) == {"R-1": "F", "R-2": "F"}


def test_what_was_seen_of_one_upload_holds_for_the_same_file_sent_by_a_program(send, clerk):
    send(plain(table(2)))
    content = plain(table(1, sex="M"))
    seen = send(content).report["again"]["digest"]
    upload = send(content, answers={"again": "exact", "again_seen": seen})
    assert (upload.state, sexes(clerk)) == (DONE, {"R-1": "M"})


def test_an_unknown_choice_is_refused(send, clerk):
    again = month(send)
    for answers in ({"again": "all"}, {"again": "exact", "again_seen": "1"}):
        with scope.acting(clerk), pytest.raises(Refused):
            uploads.read(again, by=clerk, answers=answers)


def test_held_rows_that_the_new_file_replaces_are_closed_not_doubled(send, clerk):
    first = send(plain(table(5, sex=["F", "?!", "??", "!!", "F"])))
    refs = ["R-1", "R-2", "R-3"]
    again = send(plain(table(3, record_ref=refs, sex=["F", "F", "?!"])))
    choose(again, "exact", clerk)
    with scope.acting(clerk):
        assert list(HeldRow.open_rows.values_list("raw__record_ref", "upload")) == [
            ("R-3", again.pk),
            ("R-4", first.pk),  # nobody was shown it: it stays to be corrected
        ]
        assert HeldRow.all_rows.filter(upload=first, closed_by=again).count() == 2


def test_a_row_without_a_date_is_closed_when_it_comes_right(send, clerk):
    days = ["05.03.2026", "31.02.2026", "05.03.2026"]
    first = send(plain(table(3, event_date=days)))
    again = send(plain(table(3)))
    assert again.report["rows"]["accepted"] == 1
    with scope.acting(clerk):
        assert HeldRow.all_rows.get(upload=first).closed_by_id == again.pk


@pytest.fixture
def replacing(send, clerk):
    """A file for which it was chosen that its rows replace those of an earlier one; one of them is held."""
    send(plain(table(3)))
    return choose(
        send(plain(table(3, sex=["M", "F", "M"], citizenship=["TUR", "TUR", "Nowhere"]))),
        "changed",
        clerk,
    )


def test_what_was_chosen_holds_for_a_held_row_in_its_form(replacing, clerk):
    with scope.acting(clerk):
        before = Record.objects.get(record_ref="R-3").pk
        row = HeldRow.open_rows.select_related("agency", "instrument", "upload").get()
        record = corrections.correct(row, {"citizenship": "TUR"}, by=clerk).record
        assert (record.pk, record.sex, record.upload_id) == (before, "M", replacing.pk)
        uploads.undo(replacing, by=clerk)
    assert set(sexes(clerk).values()) == {"F"}


def test_who_replaces_records_in_the_grid_has_a_hand_in_them(replacing, colleague):
    with scope.acting(colleague):
        row = HeldRow.open_rows.get()
        changes = {row.pk: {"citizenship": "TUR"}}
        outcome = bulk_corrections.correct_many(replacing, [row.pk], by=colleague, changes=changes)
        assert outcome.accepted == {row.pk}
        assert colleague.pk in handlings.people(Submission.objects.get())
        assert Record.objects.get(record_ref="R-3").sex == "M"


def test_a_row_that_is_open_again_is_not_closed_by_the_record_of_an_earlier_file(send, clerk):
    send(plain(table(1)))
    send(plain(table(1, sex="?!")))
    third = choose(send(plain(table(1, sex="M"))), "changed", clerk)
    assert within(clerk, HeldRow.open_rows.count) == 0
    with scope.acting(clerk):
        uploads.undo(third, by=clerk)
    assert within(clerk, HeldRow.open_rows.count) == 1


def test_held_rows_stay_where_one_number_stands_in_several_of_them(send, clerk):
    send(plain(table(3, record_ref=["0", "0", "R-3"], sex="?!")), answers={"values": "go_on"})
    send(plain(table(1, record_ref="0", sex="??")))
    assert within(clerk, HeldRow.open_rows.count) == 4


def test_a_closed_submission_is_not_compared(send, clerk, reviewer, statistician):
    first = send(plain(table(2)))
    lead(within(clerk, lambda: first.submissions.get().pk), clerk, reviewer, statistician)
    again = send(plain(table(1, sex="M")))
    assert (again.state, again.report["rows"]["late"]) == (DONE, 1)
    assert "again" not in again.report


def test_a_file_that_asks_begins_no_submission(send, clerk):
    send(plain(table(2)))
    days = ["05.03.2026", "05.04.2026"]
    assert send(plain(table(2, sex="M", event_date=days))).state == WAITS
    assert within(clerk, lambda: [s.period for s in Submission.objects.all()]) == ["2026-03"]


def test_the_history_says_who_replaced_a_record(send, clerk):
    again = choose(month(send), "changed", clerk)
    with scope.acting(clerk):
        event = Record.pgh_event_model.objects.filter(record_ref="R-1").get()
        assert event.pgh_context.metadata == {"person": clerk.pk, "upload": again.pk}
        assert (event.sex, event.pgh_label) == ("F", "change")


CONTENT = st.dictionaries(st.sampled_from("ABCDEF"), st.sampled_from(["F", "M", "?!"]), min_size=1)
STEPS = st.lists(st.tuples(CONTENT, st.sampled_from(CHOICES)), min_size=1, max_size=4)


def stage(content):
    """Stage rows (number -> sex) as the reader and the engine would; one without a sex is held."""
    staging.prepare()
    good = [(k, ref, sex) for k, (ref, sex) in enumerate(content.items()) if sex != "?!"]
    bad = [(k, ref) for k, (ref, sex) in enumerate(content.items()) if sex == "?!"]
    with connection.cursor() as cursor:
        cursor.executemany(
            "INSERT INTO incoming (row_no, period, record_ref, event_date, sex, age_precision, count, extras)"
            " VALUES (%s, '2026-03', %s, '2026-03-05', %s, 'D', 1, '{}')",
            good,
        )
        cursor.executemany(
            "INSERT INTO incoming_held (row_no, period, raw, findings)"
            " VALUES (%s, '2026-03', jsonb_build_object('record_ref', %s::text), '[]')",
            bad,
        )


def admit(content, choice, agency, instrument, by):
    """Admit rows, choosing this where it is asked; returns the upload."""
    with scope.acting(by):
        upload = factories.upload(agency, instrument, by, state="RECEIVED", report={"path": "-"})
    for _turn in range(2):
        with scope.acting(by):
            stage(content)
            admitted = admission.admit(upload, versions.current(instrument), by=by)
            upload.answers = {"again": choice}
            if not admitted.asks:
                Upload.objects.filter(pk=upload.pk).update(state=DONE)
                return Upload.objects.get(pk=upload.pk)
            upload.answers["again_seen"] = admitted.again.digest
            comparison.forget_differences(upload)
    raise AssertionError("asked twice")


def what_is_there(person):
    """Records and open held rows, without the ids of rows that have come again."""
    records, held, submissions = state_of_the_data(person)
    return records, [row[1:] for row in held], submissions


@given(first=CONTENT, later=STEPS, data=st.data())
@settings(QUIET, max_examples=15)
def test_files_taken_back_in_any_order_leave_what_was_before_them(
    first, later, data, clerk, agency, permits
):
    start = admit({**first, "Z": "F"}, "new", agency, permits, clerk)
    before = what_is_there(clerk)
    sent = [admit(content, choice, agency, permits, clerk) for content, choice in later]
    for upload in data.draw(st.permutations(sent)):
        with scope.acting(clerk):
            uploads.undo(upload, by=clerk)
    assert what_is_there(clerk) == before
    with scope.acting(clerk):
        uploads.undo(start, by=clerk)
        assert not Record.objects.exists()
        assert not HeldRow.all_rows.exists()


@given(first=CONTENT, later=CONTENT, choice=st.sampled_from(CHOICES))
@settings(QUIET, max_examples=10)
def test_the_first_file_may_go_before_the_second(first, later, choice, clerk, agency, permits):
    start = admit({**first, "Z": "F"}, "new", agency, permits, clerk)
    second = admit(later, choice, agency, permits, clerk)
    with scope.acting(clerk):
        own = Record.objects.filter(upload=second).count()
        uploads.undo(start, by=clerk)
        assert Record.objects.count() == own
        uploads.undo(second, by=clerk)
        assert not Record.objects.exists()
        assert not HeldRow.all_rows.exists()
