"""What stands in a worksheet beside its values: merged cells, errors, formulas without a result."""

import io

import openpyxl
import pytest

from records.reading.refusals import FileRefused
from tests.records.files import WPF, opened, rows_of, table, xlsx
from tests.records.test_rules import check

CITIZENSHIP = list(WPF).index("citizenship")


def sheet(rows, merged=(), **cells):
    """A workbook of one sheet that openpyxl wrote, so no formula has a stored result."""
    book = openpyxl.Workbook()
    page = book.active
    page.title = "A"
    for row in rows:
        page.append(row)
    for address, value in cells.items():
        page[address] = value
    for cells_range in merged:
        page.merge_cells(cells_range)
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def citizenships(file):
    return [row["citizenship"] for row in rows_of(file)]


def test_a_merged_value_holds_for_every_row_it_spans(tmp_path):
    rows = table(5, citizenship=["TUR", "", "", "IRN", ""])
    file = opened(sheet(rows, ["E2:E4", "E5:E6"]), tmp_path)
    assert citizenships(file) == ["TUR", "TUR", "TUR", "IRN", "IRN"]
    assert file.file["merged"] == ["E2:E4", "E5:E6"]


def test_a_merge_that_reaches_into_empty_rows_makes_no_records(tmp_path):
    file = opened(sheet([*table(2, citizenship=["TUR", ""]), [], []], ["E2:E9"]), tmp_path)
    assert citizenships(file) == ["TUR", "TUR"]


def test_merged_titles_headers_and_totals_stay_what_they_are(tmp_path):
    head, *rows = table(2)
    title, total = ["List of permits"], ["Jemi", "", 2]
    merged = ["A1:L1", "A5:B5"]
    file = opened(sheet([title, head, *rows, total], merged), tmp_path)
    assert file.file["header_row"] == 2
    assert len(rows_of(file)) == 2
    assert file.file["merged"] == []


def test_headers_of_two_lines_are_found_where_those_of_one_variable_are_merged(tmp_path):
    head, *rows = table(2)
    above = [*head[:-2], "Term", ""]
    below = ["" for _ in head[:-2]] + head[-2:]
    merged = [f"{chr(65 + k)}1:{chr(65 + k)}2" for k in range(len(head) - 2)] + ["K1:L1"]
    file = opened(sheet([above, below, *rows], merged), tmp_path)
    assert file.file["header_row"] == 2
    assert [row["valid_to"] for row in rows_of(file)] == ["05.03.2027"] * 2


@pytest.mark.parametrize(
    "error", ["#REF!", "#VALUE!", "#N/A", "#DIV/0!", "#NAME?", "#NULL!", "#NUM!"]
)
def test_an_error_of_the_spreadsheet_program_leaves_the_sheet_as_it_stands(error, tmp_path):
    file = opened(sheet(table(2), E3=error), tmp_path)
    assert citizenships(file) == ["TUR", error]


@pytest.mark.parametrize(
    "error", ["#REF!", "#VALUE!", "#N/A", "#DIV/0!", "#NAME?", "#NULL!", "#NUM!", "#Н/Д"]
)
@pytest.mark.parametrize("name", ["citizenship", "sex", "birth_date", "wage_month", "record_ref"])
def test_an_error_of_the_spreadsheet_program_is_told_and_holds_its_row_where_the_cell_is_required(
    name, error
):
    checked = check("SMS-WPF", table(2, **{"wage_month": "", name: ["", error]}))
    said = {f.rule: (f.severity, f.rows.tolist()) for f in checked.findings}
    required = name in ("citizenship", "sex", "record_ref")
    assert said[f"{name}.cell_error"] == ("error" if required else "warning", [1])
    assert bool(checked.held[1]) == required


def test_a_formula_without_a_stored_result_is_refused_with_its_cell(tmp_path):
    with pytest.raises(FileRefused) as refused:
        opened(sheet(table(2), E3='="TU"&"R"'), tmp_path)
    assert (refused.value.refusal.code, refused.value.refusal.where) == ("formulas", "#1!E3")


def test_a_sheet_of_formulas_without_results_is_no_empty_sheet(tmp_path):
    head, row = table(1)
    with pytest.raises(FileRefused, match="formulas"):
        opened(sheet([head, [f"=Z{k}" for k in range(len(row))]]), tmp_path)


def test_formulas_nobody_needs_do_no_harm(tmp_path):
    head, *rows = table(2)
    lines = [["№", *head], *(["=ROW()-1", *row] for row in rows), ["Jemi", "=COUNTA(B2:B3)"]]
    assert len(rows_of(opened(sheet(lines), tmp_path))) == 2


def test_formulas_with_stored_results_are_read(tmp_path):
    rows = table(2)
    content = xlsx(A=[*rows[:2], ["R-2", *rows[2][1:]]])
    assert citizenships(opened(content, tmp_path)) == ["TUR", "TUR"]


def test_sheets_without_a_table_are_not_offered(tmp_path):
    file = opened(xlsx(Notes=[["x"]], A=table(2)), tmp_path)
    assert (file.file["sheet"], file.file["sheets"]) == ("#2", ["#2"])
