"""Periods as files have them: of a month no day is made up, and no word is two months."""

import pytest

from standards import codelists
from standards.spelling import fold
from standards.written_periods import MONTH_NAMES, month_of, written_period


@pytest.mark.parametrize(
    "text, period",
    [
        ("1978M04", "1978-04"),
        ("2025-Q1", "2025-Q1"),
        ("2025Q3", "2025-Q3"),
        ("Q2 2025", "2025-Q2"),
        ("I квартал 2025 г.", "2025-Q1"),
        ("4 кв. 2024", "2024-Q4"),
        ("Enero 2012", "2012-01"),
        ("март 2026", "2026-03"),
        ("Gurbansoltan 2005", "2005-04"),
        ("Alp Arslan 2005", "2005-08"),
        ("2026 iýul", "2026-07"),
        ("03.2026", "2026-03"),
        ("2025", "2025"),
        ("2025-S1", "2025-S1"),
        ("1978M13", None),
        ("13.2026", None),
        ("05.03.2026", None),
        ("2025/26", None),
        ("Smarch 2026", None),
        ("", None),
    ],
)
def test_a_written_period_is_read(text, period):
    read = written_period(text)
    assert (str(read) if read else None) == period


def test_no_word_means_two_months():
    meanings = {}
    for name in MONTH_NAMES:
        for word in codelists.standard("months")[name]:
            meanings.setdefault(fold(word), set()).add(name)
    assert [word for word, names in meanings.items() if len(names) > 1] == []


@pytest.mark.parametrize(
    "text, number", [("7", 7), ("07", 7), ("13", None), ("0", None), ("ЯНВ.", 1), ("x", None)]
)
def test_a_month_alone_is_a_word_or_a_number(text, number):
    assert month_of(text) == number
