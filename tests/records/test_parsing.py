"""Dates, numbers, yes and no, as they stand in files (domain brief 8.3)."""

from datetime import date

import pyarrow as pa
import pytest

from records.validation import parsing


def read(text, **said):
    day = parsing.parse_date(text, **{"day_first": None, "pivot": 2026, **said})
    return day.day or day.problem


@pytest.mark.parametrize(
    "text",
    [
        "05.03.2026", "5.3.2026", "05.03.26", "2026-03-05", "2026.03.05", "2026/3/5", "05.03.2026 г.",
        "05.03.2026 ý.", "5 марта 2026 г.", "5 марта 2026", "5-nji mart 2026", "5 Mar 2026",
        "05-mar-2026", "5 March, 2026", "05.03.2026 10:15", "2026-03-05T00:00:00", "46086", "46086.0",
        " 05.03.2026 ", "5 мар. 2026", "05.03.2026 0:00:00",
        "05,03,2026", "5,3,26", "5 марта, 2026", "5.III.2026", "05-III-26", "5 iii 2026", "5.ІІІ.2026 г.",
        "5марта2026", "5mar2026", "05march2026", "46086.5", "46086,75",
    ],
)  # fmt: skip
def test_every_way_of_writing_a_day_is_read(text):
    assert read(text) == date(2026, 3, 5)


@pytest.mark.parametrize(
    "text, day",
    [
        ("5-nji maý 2024", date(2024, 5, 5)),
        ("1 ýanwar 2024", date(2024, 1, 1)),
        ("1 yanwar 2024", date(2024, 1, 1)),
        ("30 sentýabr 2024 ý.", date(2024, 9, 30)),
        ("30 sentyabr 2024", date(2024, 9, 30)),
        ("9 Gurbansoltan 2005", date(2005, 4, 9)),
        ("9 Alp Arslan 2005", date(2005, 8, 9)),
        ("29.02.2024", date(2024, 2, 29)),
        ("29760", date(1981, 6, 23)),
    ],
)
def test_months_of_every_language_and_time_are_read(text, day):
    assert read(text) == day


@pytest.mark.parametrize(
    "text",
    [
        "31.02.1990", "29.02.2023", "00.03.2026", "05.13.2026", "05.03.0025", "05.03.126", "5 Foo 2026",
        "2026-13-01", "5v2026", "5.IIII.2026", "5.XIII.2026", "32мая2026", "1e10", "46086.5.1", "60000.5", "tomorrow", "1981", "61000", "9999", "12:30", "2026-03-05-07", "05.03", "=TODAY()",
    ],
)  # fmt: skip
def test_what_is_no_day_is_no_day(text):
    assert read(text) == "not_a_date"


@pytest.mark.parametrize(
    "text", ["1981", "00.00.1981", "__.__.1981", "xx.xx.1981", "1981 г.р.", "1981 ý."]
)
def test_of_a_birth_the_year_is_enough(text):
    found = parsing.parse_date(text, day_first=None, pivot=2026, birth=True)
    assert (found.day, found.precision) == (date(1981, 1, 1), "Y")


def test_two_digits_of_a_year_are_of_the_last_century_for_births_only():
    assert read("05.03.81", birth=True) == date(1981, 3, 5)
    assert read("05.03.24", birth=True) == date(2024, 3, 5)
    assert read("05.03.81") == date(2081, 3, 5)


def test_a_day_and_month_that_can_be_exchanged_are_never_guessed():
    assert read("02/03/2025") == "ambiguous"
    assert read("02/03/2025", day_first=True) == date(2025, 3, 2)
    assert read("02/03/2025", day_first=False) == date(2025, 2, 3)
    assert read("22/03/2025") == read("03/22/2025") == date(2025, 3, 22)


def test_days_are_counted_from_1904_where_that_was_said():
    assert read("28298", date1904=True) == date(1981, 6, 23)


@pytest.mark.parametrize(
    "text, number",
    [
        ("1200", 1200), ("1 200,50", 1200.5), ("1\u00a0200.5", 1200.5), ("1\u202f200", 1200),
        ("-3", -3), ("1E5", 100000), ("", None), ("1_000", None), ("1,200,300", 1200300), ("1.200,50", 1200.5),
        ("nan", None), ("inf", None), ("abc", None), ("1200 USD", None),
    ],
)  # fmt: skip
def test_numbers_are_read_with_comma_point_and_spaces(text, number):
    assert parsing.parse_number(text) == number


@pytest.mark.parametrize("text, number", [("12", 12), ("12.0", 12), ("12,5", None), ("1e10", None)])
def test_whole_numbers_are_whole(text, number):
    assert parsing.parse_integer(text) == number


@pytest.mark.parametrize(
    "text, answer", [("да", True), ("hawa", True), ("Ýok", False), ("-", False), ("maybe", None)]
)
def test_yes_and_no_are_read_in_three_languages(text, answer):
    assert parsing.parse_boolean(text) is answer


@pytest.mark.parametrize(
    "text",
    ["", " ", "-", "–", "—", "н/д", "нет данных", "Не указ.", "неизв.", "…", "näbelli", "görkezilmedik", "N/A", "unknown", "?"],
)  # fmt: skip
def test_words_for_nothing_say_nothing(text):
    assert parsing.is_blank(text)


@pytest.mark.parametrize("text", ["0", "нет", "ýok", "x", "Ý", "#REF!", "#Н/Д"])
def test_other_words_say_something(text):
    assert not parsing.is_blank(text)


@pytest.mark.parametrize(
    "part, text, found",
    [
        ("first", "22.06.1981, Türkiýe/İskenderun", "22.06.1981"),
        ("place", "22.06.1981, Türkiýe/İskenderun", "Türkiýe"),
        ("place", "22.06.1981", ""),
        ("known", "Balkan wel. Türkmenbaşy ş., köçe 5", "Balkan wel."),
        ("known", "Aşgabat ş., Bitaraplyk 12", "Aşgabat ş."),
        ("known", "Bitaraplyk 12", "•••"),
        ("known", " ", ""),
    ],
)
def test_parts_of_composite_cells(part, text, found):
    assert parsing.part_of(pa.array([text]), part, "regions").to_pylist() == [found]


@pytest.mark.parametrize(
    "text, days",
    [("5 дн.", 5), ("5дней", 5), ("1 день", 1), ("30 gün", 30), ("7 days", 7), ("7", 7), ("5 мес.", None), ("дн.", None), ("1,5 дн.", None)],
)  # fmt: skip
def test_days_are_read_with_their_word(text, days):
    assert parsing.parse_days(text) == days
