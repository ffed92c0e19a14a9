"""Tables of counts as offices send them: whole forms wide by sex, without headers, with the word of counts above."""

import pytest

from records.instruments import reader
from records.reading.mapped_tables import mapped
from tests.records.files import ALL, plain, table
from tests.records.tables import confirmed, form_of, records_of, totals

FORM = form_of("SMS-WPF", "sex", "citizenship")
COUNTS = ("10", "7", "5")
HEAD, *RECORDS = table(3)
COUNTED = [[*row, count] for row, count in zip(RECORDS, COUNTS, strict=True)]
NOTHING = [""] * len(HEAD)
CELLS = [["2026-03", "F", "TUR", "10"], ["2026-03", "M", "TUR", "7"], ["2026-03", "F", "UZB", "5"]]


def asked(rows, spec, **answers):
    """The questions that stop a table before a row of it is taken."""
    layout = mapped(rows, spec, answers).layout
    assert layout.refusal is None
    return [question.id for question in layout.questions if question.answer is None]


@pytest.mark.parametrize(
    "head",
    [
        [[*NOTHING, "Количество"], [*HEAD, "выданных"]],
        [[*NOTHING, "Количество"], [*HEAD, ""]],
        [[*NOTHING, "Всего"], [*NOTHING, "разрешений"], [*HEAD, "2026"]],
        [[*HEAD, ""]],
    ],
)
def test_numbers_below_a_word_of_counts_in_an_upper_row_or_below_no_word_are_asked_about(head):
    rows = [*head, *COUNTED]
    assert asked(rows, ALL["SMS-WPF"]) == ["counts"]
    assert mapped(rows, ALL["SMS-WPF"], {"counts": "none"}).layout.refusal.code == "table_of_counts"
    assert asked(rows, ALL["SMS-WPF"], counts="one") == []


def test_a_column_of_ones_or_of_running_numbers_without_a_header_is_not_asked_about():
    for numbers in (("1", "1", "1"), ("1", "2", "3")):
        rows = [[*HEAD, ""], *([*row, n] for row, n in zip(RECORDS, numbers, strict=True))]
        assert asked(rows, ALL["SMS-WPF"]) == []


def test_a_table_of_counts_without_headers_is_asked_about_for_counts_and_for_records():
    assert asked(CELLS, FORM) == ["table"]
    assert asked(CELLS, ALL["SMS-WPF"]) == ["table"]
    assert asked(COUNTED, ALL["SMS-WPF"]) == ["table"]


def test_below_no_header_a_column_that_nobody_named_is_asked_about_as_well():
    columns = {name: chr(ord("A") + k) for k, name in enumerate(HEAD)}
    said = {"table": {"header": [0, 0]}, "columns": columns}
    assert asked(COUNTED, ALL["SMS-WPF"], **said) == ["counts"]


def test_of_a_form_of_counts_the_column_is_recognised_by_the_upper_row_or_asked_for():
    head = [["Период", "Пол", "Гражданство", "Количество"], ["", "", "", "чел."]]
    assert asked([*head, *CELLS], FORM) == []
    head = [["", "", "", "Количество"], ["Период", "Пол", "Гражданство", "выданных"]]
    assert asked([*head, *CELLS], FORM) == ["columns:count"]


@pytest.mark.parametrize(
    "code, cell",
    [
        ("SMS-BCR", ["25-29", "Турция", "TM-S", "IN", "ASB", "FOR", "WORK"]),
        ("SMS-RES", ["25-29", "Турция", "TM-S", "ISS", "FAM", "PRIN", "D_GE12"]),
    ],
)
def test_the_whole_form_wide_by_sex_keeps_every_variable_and_its_totals(tmp_path, code, cell):
    spec = reader.read_aggregate(ALL[code])
    own = [v for v in spec.variables if v.name not in ("sex", "count")]
    rows = [
        [f"Форма {code}"],
        [*(v.label["ru"] for v in own), "Всего", "в том числе:", ""],
        [*[""] * len(own), "", "женщины", "мужчины"],
        ["2026-03", *cell, "10", "7", "3"],
        ["2026-04", *cell, "5", "1", "4"],
    ]
    source = confirmed(plain(rows), tmp_path, spec)
    records = records_of(source, spec)
    assert [q.id for q in source.layout.questions if q.answer is None] == []
    assert {c.variable for c in source.layout.columns if c.variable} == set(spec.by_name)
    assert totals(records, "event_date", "sex") == {
        ("2026-03", "F"): 7,
        ("2026-03", "M"): 3,
        ("2026-04", "F"): 1,
        ("2026-04", "M"): 4,
    }
    assert {tuple(row[v.name] for v in own[1:]) for row in records} == {tuple(cell)}


def test_none_of_the_rows_as_headers_of_a_form_of_counts_is_refused_in_words():
    assert mapped(CELLS, FORM, {"table": "none"}).layout.refusal.code == "none_fits"
