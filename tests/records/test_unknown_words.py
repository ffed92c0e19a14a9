"""Words that are on no list come once each with their count; one answer decides all rows in which they stand."""

import pytest

from agencies import scope
from agencies.access import Denied
from agencies.refusal import Refused
from records.collection import bulk_corrections, decided_words, unknown_words, uploads
from records.models import Handling, HeldRow, LearnedWord, Record, Upload
from records.reading.questions import GO_ON, NONE
from records.validation.personal import MASK
from tests.records import files
from tests.records.files import plain, table
from tests.records.test_sent_again import choose
from tests.records.test_undo import state_of_the_data

pytestmark = pytest.mark.django_db(transaction=True)
WORD = ("citizenship", "Osbekistan")
GOING_ON = {"values": GO_ON}


def waiting(send, rows, **options):
    upload = send(plain(rows), **options)
    assert upload.state == Upload.State.NEEDS_ANSWERS
    return upload


def held(send, rows, **answers):
    upload = send(plain(rows), answers={**GOING_ON, **answers})
    assert upload.state == Upload.State.COMMITTED
    return upload


def counts(corrected):
    """How many rows became what, where any did."""
    fates = {name: len(getattr(corrected, name)) for name in ("accepted", "duplicate", "held", "closed", "gone")}  # fmt: skip
    return {name: n for name, n in fates.items() if n}


def words_of(upload, clerk):
    with scope.acting(clerk):
        return [(w.text, w.count, w.cells) for w in unknown_words.of(upload)]


def test_a_file_waits_for_words_that_stand_in_several_rows(send, clerk):
    upload = waiting(
        send, table(50, citizenship=["TUR", "Osbekistan", "Osbekistan", "Kirgizya", "IRN"])
    )
    assert words_of(upload, clerk) == [
        ("Osbekistan", 20, ("E3", "E4", "E8")),
        ("Kirgizya", 10, ("E5", "E10", "E15")),
    ]
    (question,) = upload.report["questions"]
    assert (question["id"], question["evidence"]) == ("values", ["Osbekistan: 20", "Kirgizya: 10"])


def test_a_file_does_not_wait_for_words_of_one_or_two_rows(send):
    upload = send(plain(table(4, citizenship=["TUR", "Osbekistan"])))
    assert upload.state == Upload.State.COMMITTED
    assert upload.report["rows"]["held"] == 2


def test_a_file_that_goes_on_without_holds_only_the_rows_that_need_the_word(send):
    rows = table(
        10, citizenship=["TUR", "Osbekistan"], education=["orta", "orta", "??", "??", "??"]
    )
    upload = held(send, rows)
    assert upload.report["rows"] | {"skipped": 0} == {
        "read": 10, "accepted": 5, "held": 5, "late": 0, "skipped": 0, "duplicate": 0,
    }  # fmt: skip


def test_the_meanings_of_all_words_are_said_in_one_go_and_the_file_is_read_with_them(send, clerk):
    upload = waiting(send, table(39, citizenship="Osbekistan", education="mekdep 10"))
    with scope.acting(clerk):
        decided = {WORD: "UZB", ("education", "mekdep 10"): NONE}
        assert decided_words.decide(upload, decided, by=clerk) is None
        upload.refresh_from_db()
    upload = files.finish(upload, by=clerk)
    assert (upload.state, upload.report["rows"]["held"]) == (Upload.State.COMMITTED, 39)
    with scope.acting(clerk):
        assert {f["rule"] for row in HeldRow.open_rows.all() for f in row.findings} == {
            "education.held_back"
        }
        corrected = decided_words.decide(upload, {("education", "mekdep 10"): "3"}, by=clerk)
        assert counts(corrected) == {"accepted": 39}
        assert set(Record.objects.values_list("citizenship", "education")) == {("UZB", "3")}


def test_39_held_rows_with_one_unknown_word_are_one_decision(send, clerk):
    upload = held(send, table(40, citizenship=["TUR", *["Osbekistan"] * 39]))
    assert words_of(upload, clerk) == [("Osbekistan", 39, ("E3", "E4", "E5"))]
    with scope.acting(clerk):
        corrected = decided_words.decide(upload, {WORD: "UZB"}, by=clerk)
        assert counts(corrected) == {"accepted": 39}
        assert not HeldRow.open_rows.exists()
        assert Record.objects.filter(citizenship="UZB", upload=upload).count() == 39
        assert sorted(Record.objects.values_list("row_no", flat=True)) == list(range(2, 42))
        word = LearnedWord.objects.get()
        assert (word.text, word.code) == ("Osbekistan", "UZB")
        assert Handling.objects.get(deed=Handling.Deed.CORRECT).rows == 39


def test_the_next_file_of_the_agency_knows_what_was_answered(send, clerk):
    upload = held(send, table(5, citizenship="Osbekistan"))
    with scope.acting(clerk):
        decided_words.decide(upload, {WORD: "UZB"}, by=clerk)
    after = send(
        plain(table(5, citizenship="Osbekistan", event_date="06.03.2026", record_ref=list("abcde")))
    )
    assert (after.state, after.report["rows"]["accepted"]) == (Upload.State.COMMITTED, 5)


def test_rows_with_another_error_stay_held_for_that_alone(send, clerk):
    rows = table(10, citizenship="Osbekistan", decision=["ISS", "perhaps"])
    upload = held(send, rows)
    with scope.acting(clerk):
        before = set(HeldRow.open_rows.values_list("pk", flat=True))
        corrected = decided_words.decide(upload, {WORD: "UZB"}, by=clerk)
        assert counts(corrected) == {"accepted": 5, "held": 5}
        left = list(HeldRow.open_rows.order_by("row_no"))
    assert {row.pk for row in left} <= before  # the same rows, not new ones
    assert {(f["rule"], f["cell"]) for row in left for f in row.findings} == {
        ("decision.unknown_text", f"G{n}") for n in (3, 5, 7, 9, 11)
    }


def test_a_row_that_equals_a_record_is_a_duplicate_and_one_that_differs_stays_held(send, clerk):
    first = held(send, table(3, citizenship="UZB", wage_month=["", "", "900"], wage_cur="USD"))
    assert first.report["rows"]["accepted"] == 3
    upload = held(send, table(4, citizenship="Osbekistan", wage_cur="USD", wage_month=""))
    with scope.acting(clerk):
        corrected = decided_words.decide(upload, {WORD: "UZB"}, by=clerk)
        assert counts(corrected) == {"accepted": 1, "duplicate": 2, "held": 1}
        (row,) = HeldRow.open_rows.all()
        assert row.raw["record_ref"] == "R-3"


def test_what_was_chosen_for_a_file_sent_again_holds_for_its_rows_that_are_explained(send, clerk):
    held(send, table(4, citizenship="TUR"))
    before = state_of_the_data(clerk)
    rows = table(4, citizenship=["TUR", *["Osbekistan"] * 3], sex=["M", "F", "F", "M"])
    upload = choose(send(plain(rows), answers=GOING_ON), "changed", clerk)
    with scope.acting(clerk):
        Record.objects.filter(record_ref="R-4").update(region="TM-L")  # corrected by hand since
        corrected = decided_words.decide(upload, {WORD: "UZB"}, by=clerk)
        assert counts(corrected) == {"accepted": 2, "held": 1}
        (row,) = HeldRow.open_rows.all()
        assert row.raw["record_ref"] == "R-4"
        codes = dict(Record.objects.values_list("record_ref", "citizenship"))
        assert codes == {"R-1": "TUR", "R-2": "UZB", "R-3": "UZB", "R-4": "TUR"}
        Record.objects.filter(record_ref="R-4").update(region="TM-S")
        uploads.undo(upload, by=clerk)
    assert state_of_the_data(clerk) == before


def test_rows_of_a_closed_period_stay_as_they_are(send, clerk):
    upload = held(send, table(6, citizenship="Osbekistan", event_date=["05.03.2026", "05.02.2026"]))
    with scope.acting(clerk):
        upload.submissions.filter(period="2026-02").update(state="SUBMITTED")
        corrected = decided_words.decide(upload, {WORD: "UZB"}, by=clerk)
        assert counts(corrected) == {"accepted": 3, "closed": 3}
        assert {row.findings[0]["value"] for row in HeldRow.open_rows.all()} == {"Osbekistan"}
        assert {s.period for s in upload.submissions.all()} == {"2026-02", "2026-03"}


def test_undoing_the_file_takes_back_the_rows_and_the_words(send, clerk):
    upload = held(send, table(5, citizenship="Osbekistan"))
    with scope.acting(clerk):
        decided_words.decide(upload, {WORD: "UZB"}, by=clerk)
        uploads.undo(upload, by=clerk)
        assert not Record.objects.exists() and not HeldRow.all_rows.exists()
        assert not LearnedWord.objects.filter(is_revoked=False).exists()


def test_what_may_name_a_person_is_neither_offered_nor_shown(send, clerk):
    upload = held(
        send, table(8, citizenship=["Annaýewa Maral", "TUR"], region=["Bolýan ýeri", "TM-S"])
    )
    assert words_of(upload, clerk) == []
    with scope.acting(clerk):
        texts = {f["value"] for row in HeldRow.open_rows.all() for f in row.findings}
    assert texts == {MASK}


@pytest.mark.parametrize("code", ["NAM", "XXX"])
def test_na_is_namibia_only_where_somebody_says_so(code, send, clerk):
    rows = table(6, citizenship=["NA", "DE"], country_birth="NA")
    upload = waiting(send, rows)
    assert [text for text, _count, _cells in words_of(upload, clerk)] == ["NA", "NA"]
    upload = held(send, rows)
    assert upload.report["rows"]["held"] == 3
    with scope.acting(clerk):
        assert set(Record.objects.values_list("country_birth", flat=True)) == {"XXX"}
        decided_words.decide(upload, {("citizenship", "NA"): code}, by=clerk)
        assert Record.objects.filter(citizenship=code).count() == 3


def test_numbers_of_an_own_list_are_explained_once_each_and_never_taken_for_those_of_iso(
    send, clerk
):
    """438 is Liechtenstein in ISO 3166, and Australia in the list of this agency."""
    rows = table(40, citizenship=["438", "438", "438", "276"])
    upload = send(plain(rows))
    assert [q["id"] for q in upload.report["questions"]] == ["codes:citizenship"]
    upload = held(send, rows, codes={"citizenship": NONE})
    with scope.acting(clerk):
        decided = {("citizenship", "438"): "AUS", ("citizenship", "276"): "DEU"}
        decided_words.decide(upload, decided, by=clerk)
        assert Record.objects.filter(citizenship="AUS").count() == 30
        assert not Record.objects.filter(citizenship="LIE").exists()


def test_the_name_of_a_people_is_not_explained_for_all_its_rows(send, clerk):
    upload = send(plain(table(5, citizenship="узбек")))
    assert upload.state == Upload.State.COMMITTED
    assert words_of(upload, clerk) == []


@pytest.mark.parametrize(
    "decided",
    [{("citizenship", "Atlantis"): "UZB"}, {WORD: "QQQ"}, {("decision", "Osbekistan"): "ISS"}],
)
def test_a_word_that_is_not_asked_about_and_a_code_that_is_not_accepted_are_refused(
    decided, send, clerk
):
    upload = held(send, table(5, citizenship="Osbekistan"))
    with scope.acting(clerk), pytest.raises(Refused):
        decided_words.decide(upload, decided, by=clerk)


def test_only_who_enters_for_the_agency_decides(send, clerk, reviewer, outsider):
    upload = held(send, table(5, citizenship="Osbekistan"))
    with scope.acting(reviewer), pytest.raises(Denied):
        decided_words.decide(upload, {WORD: "UZB"}, by=reviewer)
    with scope.acting(outsider), pytest.raises(Denied):
        decided_words.decide(upload, {WORD: "UZB"}, by=outsider)


def test_cells_of_many_held_rows_are_changed_at_once(send, clerk):
    upload = held(send, table(6, valid_to="01.01.2020"))
    with scope.acting(clerk):
        rows = list(HeldRow.open_rows.order_by("row_no").values_list("pk", flat=True))
        changes = {pk: {"valid_to": "05032027", "person_ref": "0" * 64} for pk in rows[:5]}
        corrected = bulk_corrections.correct_many(upload, rows, by=clerk, changes=changes)
        assert (corrected.accepted, corrected.held) == (set(rows[:5]), {rows[5]})
        assert set(Record.objects.values_list("extras__valid_to", "person_ref")) == {
            ("2027-03-05", None)
        }


def test_the_summary_for_programs_holds_the_words(report):
    said = report(plain(table(5, citizenship="Osbekistan")))
    assert said["words"] == [
        {"variable": "citizenship", "text": "Osbekistan", "count": 5, "cells": ("E2", "E3", "E4")}
    ]
    answers = {"aliases": {"citizenship": {"Osbekistan": "UZB"}}, **GOING_ON}
    said = report(plain(table(5, citizenship="Osbekistan")), answers=answers)
    assert (said["state"], said["rows"]["accepted"], said["words"]) == ("COMMITTED", 5, [])


PAGE = "/uploads/{}/values/"


def form_of(upload, **fields):
    return {"word": ["citizenship:Osbekistan", "citizenship:Özbegistn"], **fields}


@pytest.fixture
def two_words(send):
    return held(send, table(10, citizenship=["Osbekistan", "Özbegistn"]))


@pytest.mark.parametrize(
    "fields",
    [
        {"code-0": "UZB", "code-1": "UZB"},
        {"code-0": "UZB", "other-1": "Uzbekistan"},
        {"tick-0": "1", "tick-1": "1", "same-citizenship": "Uzbekistan"},
        {"other-0": "узбекистан", "other-1": "UZB"},
    ],
)
def test_the_page_takes_choices_names_of_the_list_and_one_code_for_several_words(
    fields, two_words, client, clerk
):
    client.force_login(clerk)
    page = client.get(PAGE.format(two_words.pk)).content.decode()
    assert "“Osbekistan”" in page and 'value="UZB"' in page
    answer = client.post(PAGE.format(two_words.pk), form_of(two_words, **fields))
    assert answer.status_code == 302
    with scope.acting(clerk):
        assert Record.objects.filter(citizenship="UZB").count() == 10


@pytest.mark.parametrize(
    "fields",
    [
        {"other-0": "Nowhere land"},
        {"tick-0": "1"},
        {"same-citizenship": "Uzbekistan"},
        {"tick-0": "1", "same-citizenship": "Nowhere land"},
    ],
)
def test_the_page_keeps_what_was_said_where_it_cannot_be_used(fields, two_words, client, clerk):
    client.force_login(clerk)
    answer = client.post(PAGE.format(two_words.pk), form_of(two_words, **fields))
    assert answer.status_code == 422
    page = answer.content.decode()
    assert 'class="msg"' in page
    assert all(f'value="{text}"' in page for text in fields.values())
    with scope.acting(clerk):
        assert not Record.objects.exists()


def test_the_page_of_a_file_that_waits_reads_it_with_the_answers(send, client, clerk):
    upload = waiting(send, table(10, citizenship=["Osbekistan", "Özbegistn"]))
    client.force_login(clerk)
    assert "/values/" in client.get(f"/uploads/{upload.pk}/").content.decode()
    client.post(PAGE.format(upload.pk), form_of(upload, **{"code-0": "UZB", "code-1": NONE}))
    with scope.acting(clerk):
        upload.refresh_from_db()
    upload = files.finish(upload, by=clerk)
    assert (upload.report["rows"]["accepted"], upload.report["rows"]["held"]) == (5, 5)


def test_one_click_lets_the_file_go_on(send, client, clerk):
    upload = waiting(send, table(10, citizenship=["Osbekistan", "TUR"]))
    client.force_login(clerk)
    client.post(f"/uploads/{upload.pk}/answer", {"values": GO_ON})
    with scope.acting(clerk):
        upload.refresh_from_db()
    assert files.finish(upload, by=clerk).report["rows"]["held"] == 5


def test_the_page_is_not_there_for_another_agency(two_words, client, outsider):
    client.force_login(outsider)
    assert client.get(PAGE.format(two_words.pk)).status_code in (403, 404)
