"""Points and commas in numbers: proven by the column, else asked once for it, never guessed."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agencies import scope
from records.collection import corrections, rechecking
from records.instruments import versions
from records.models import HeldRow, Record, Upload
from records.validation import fill_ins, number_marks
from records.validation.number_marks import COMMA_GROUPS, DECIMAL, GROUPS, POINT_GROUPS
from tests.records.files import plain, table
from tests.records.test_rules import check

POINT_DECIMAL, COMMA_DECIMAL = {".": DECIMAL, ",": GROUPS}, {",": DECIMAL, ".": GROUPS}


@pytest.mark.parametrize(
    ("texts", "roles"),
    [
        (["12.75"], POINT_DECIMAL),
        (["0.125"], POINT_DECIMAL),
        (["1,5", "1.128"], COMMA_DECIMAL),
        (["1.128.500"], COMMA_DECIMAL),
        (["1,128,500.5"], POINT_DECIMAL),
        (["1.128,50"], COMMA_DECIMAL),
        (["1.128"], {}),
        (["133,328", "7"], {}),
        (["12.75", "1,5"], {}),
        (["", "many", "12", "1 128"], {}),
    ],
)
def test_what_the_numbers_of_a_column_prove(texts, roles):
    assert number_marks.proven(texts) == roles


def wages(texts, **answers):
    checked = check("SMS-WPF", table(len(texts), wage_month=texts, wage_cur="USD"), **answers)
    assert not checked.held.any()
    return checked.typed["wage_month"].to_pylist(), {f.rule for f in checked.findings}


def test_133_328_is_not_133_and_a_third_in_silence():
    assert wages(["133,328", "900"]) == ([None, 900], {"wage_month.number_marks"})


@pytest.mark.parametrize(
    ("texts", "numbers"),
    [
        (["133,328", "12.75"], [133328, 12.75]),
        (["133,328", "1,5"], [133.328, 1.5]),
        (["1.128", "1.128.500"], [1128, 1128500]),
        (["1.128", "0.5"], [1.128, 0.5]),
        (["1 128,50", "40.125"], [1128.5, 40125]),
    ],
)
def test_a_column_that_proves_its_marks_is_read_by_them(texts, numbers):
    assert wages(texts) == (numbers, set())


def test_an_answer_says_what_the_marks_of_a_column_mean():
    texts = ["133,328", "1.128"]
    assert wages(texts, numbers={"wage_month": COMMA_GROUPS}) == ([133328, 1.128], set())
    assert wages(texts, numbers={"wage_month": POINT_GROUPS}) == ([133.328, 1128], set())


def test_a_whole_number_with_a_mark_before_three_digits_has_one_reading():
    checked = check("SMS-BCR", [["record_ref", "dur_intended_d"], ["1", "1,128"]])
    assert checked.typed["dur_intended_d"].to_pylist() == [1128]


def test_digits_grouped_where_they_cannot_be_are_no_number():
    assert wages(["1.12.500", "12.75"])[0] == [None, 12.75]


@given(st.integers(0, 10**9), st.integers(0, 99), st.sampled_from([(".", ","), (",", ".")]))
def test_a_number_written_with_both_marks_is_read_as_it_was_meant(whole, cents, marks):
    group, decimal = marks
    text = f"{whole:,}".replace(",", group) + f"{decimal}{cents:02}"
    roles = number_marks.proven([text, f"1{group}000{decimal}5"])
    assert number_marks.read(text, roles) == pytest.approx(whole + cents / 100)


@pytest.mark.django_db(transaction=True)
def test_the_file_waits_for_what_its_marks_mean_and_is_read_with_the_answer(send, client, clerk):
    content = plain(table(4, wage_month=["133,328", "900"], wage_cur="USD"))
    upload = send(content)
    assert upload.state == Upload.State.NEEDS_ANSWERS
    (question,) = upload.report["questions"]
    assert (question["id"], question["evidence"]) == (
        "numbers:wage_month", ["M2: 133,328", "M4: 133,328"],
    )  # fmt: skip
    upload = send(content, answers={"numbers": {"wage_month": COMMA_GROUPS}})
    assert upload.report["rows"]["accepted"] == 4
    with scope.acting(clerk):
        assert set(Record.objects.values_list("extras__wage_month", flat=True)) == {133328, 900}


def test_a_held_row_is_read_by_the_marks_that_its_whole_file_proves(send, clerk):
    wages_of_file = {"wage_month": ["1.128,50", "1.128"], "wage_cur": "USD"}
    send(plain(table(2, citizenship=["TUR", "Nowhere"], **wages_of_file)))
    with scope.acting(clerk):
        row = HeldRow.open_rows.select_related("agency", "instrument", "upload").get()
        (again,) = rechecking.recheck(
            [row], {}, versions.spec_of(versions.current(row.instrument)), row.upload
        )
        assert again.checked.typed["wage_month"].to_pylist() == [1128]
        record = corrections.correct(row, {"citizenship": "TUR"}, by=clerk).record
        assert record.extras["wage_month"] == 1128


def test_a_number_is_asked_about_where_it_stands_out_not_where_it_may_be_a_wage_like_others():
    wages = {"888": 3, "900": 40, "812": 2, "731": 4, "1204": 1}
    assert fill_ins.asked_about(wages) == {}
    assert fill_ins.asked_about({**wages, "888": 4}) == {"888": 4}
    assert fill_ins.asked_about({**wages, "9999": 3}) == {"9999": 3}
    assert fill_ins.asked_about({**wages, "9999": 2}) == {}
    ages = {"99": 3, "31": 40, "42": 51}
    assert fill_ins.asked_about(ages, 0, 98) == {"99": 3}
    assert fill_ins.asked_about(ages, 0, 120) == {}
