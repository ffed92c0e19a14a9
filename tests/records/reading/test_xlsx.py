"""XLSX is read by ourselves, piece by piece: it has to say what a library says that holds the whole sheet."""

import datetime as dt
import io
import subprocess
import sys
import zipfile
from dataclasses import asdict

import openpyxl
import pytest
import xlsxwriter
from hypothesis import given, settings
from hypothesis import strategies as st
from python_calamine import CalamineWorkbook

from records.reading import xlsx_rows
from records.reading.cell_values import Kinds, kind_of_format
from records.reading.child import Limits
from records.reading.packed import HeldFile
from records.reading.refusals import FileRefused
from records.reading.sheet_cells import text_of
from records.reading.sheets import sheets_of
from tests.faults.hostile import remade

MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
SHEET = "xl/worksheets/sheet1.xml"
FORMATS = [
    "yyyy",
    "General",
    "0.00",
    "[Red]0",
    "[h]:mm",
    "h:mm AM/PM",
    '"day"0',
    "\\d0",
    "_d0",
    "*d0",
    "0;d",
    "d;0",
    "[$-419]d mmm",
    "[$d]0",
    "A/P",
    "ss.0",
    "0.00E+00",
    "[s]",
    "[mm]",
    "0;[Red]d",
    "@",
    "dd/mm/yyyy;@",
    "[Magenta]0",
    "[hh]:mm:ss",
    "#,##0.00",
    'd"m"y',
]
FIRST, LAST = dt.date(1900, 3, 1), dt.date(2200, 1, 1)
texts = st.text(
    st.one_of(
        st.sampled_from(" <>&\"'_x0041_\n\t1\u00a0"),
        st.characters(codec="utf-8", exclude_categories=["Cc", "Cs", "Cn"]),
    ),
    max_size=12,
)
values = st.one_of(
    st.none(),
    texts,
    st.integers(-(10**16), 10**16),
    st.floats(-1e9, 1e9, allow_nan=False),
    st.booleans(),
    st.dates(FIRST, LAST),
    st.builds(
        dt.datetime.combine, st.dates(FIRST, LAST), st.sampled_from([dt.time(6), dt.time(23, 59)])
    ),
)
grids = st.lists(st.lists(values, max_size=6), min_size=1, max_size=8)


def ours(content):
    """The cells of the first sheet as texts; or the code of its refusal."""
    try:
        sheets, _names = sheets_of(HeldFile(content), "xlsx", asdict(Limits()))
        cells = sheets["#1"].cells()
        return [*cells.rows, *(row for rows, _done in cells.rest or () for row in rows)]
    except FileRefused as refused:
        return refused.refusal.code


def of_library(content):
    sheet = CalamineWorkbook.from_filelike(io.BytesIO(content)).get_sheet_by_index(0)
    rows = sheet.to_python(skip_empty_area=False)
    return [[text_of(cell) for cell in row] for row in rows]


def stated(rows):
    """Rows without the empty cells and rows that end them."""
    rows = [row[: max((k for k, c in enumerate(row, start=1) if c), default=0)] for row in rows]
    return rows[: max((k for k, row in enumerate(rows, start=1) if row), default=0)]


def of_openpyxl(grid):
    book = openpyxl.Workbook()
    for k, row in enumerate(grid, start=1):
        for j, value in enumerate(row, start=1):
            cell = book.active.cell(k, j)
            cell.value = value
            if isinstance(value, str):
                cell.data_type = "s"  # no text is a formula
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def of_xlsxwriter(grid, **options):
    out = io.BytesIO()
    with xlsxwriter.Workbook(out, {"in_memory": True, **options}) as book:
        page, day = book.add_worksheet(), book.add_format({"num_format": "dd/mm/yyyy hh:mm"})
        for k, row in enumerate(grid):
            for j, value in enumerate(row):
                if isinstance(value, str):
                    page.write_string(k, j, value)
                elif isinstance(value, dt.date):
                    page.write_datetime(k, j, value, day)
                else:
                    page.write(k, j, value)
    return out.getvalue()


WRITERS = {
    "openpyxl": of_openpyxl,
    "shared strings": of_xlsxwriter,
    "strings in cells": lambda grid: of_xlsxwriter(grid, constant_memory=True),
    "days from 1904": lambda grid: of_xlsxwriter(grid, date_1904=True),
}


@pytest.mark.parametrize("writer", WRITERS.values(), ids=WRITERS)
@settings(max_examples=60)
@given(grid=grids)
def test_a_workbook_says_what_the_library_says_of_it(writer, grid):
    content = writer(grid)
    assert stated(ours(content)) == stated(of_library(content))


@settings(max_examples=60)
@given(grid=grids, size=st.integers(1, 3000))
def test_what_is_written_plainly_says_the_same_to_the_pattern_and_to_the_parser(grid, size):
    content = of_xlsxwriter(grid, constant_memory=True)
    xml = sheet_of(content)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(xlsx_rows, "PIECE", size)
        plain = ours(content)
        parsed = ours(remade(content, **{SHEET: xml.replace("<sheetData>", "<sheetData><!---->")}))
    assert plain == parsed == ours(content)


def sheet_of(content):
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        return archive.read(SHEET).decode()


def written(rows, top="", root="worksheet", tail=""):
    """A workbook with this XML in its sheet; style 1 is a date, string 0 is "x"."""
    content = of_xlsxwriter([["x", dt.date(2026, 1, 1)]])
    prefix = root.rpartition("worksheet")[0]
    name = "xmlns" + (f":{prefix[:-1]}" if prefix else "")
    data = (
        f"{top}<{root} {name}='{MAIN}'><{prefix}sheetData>{rows}</{prefix}sheetData>{tail}</{root}>"
    )
    return remade(content, **{SHEET: data})


@pytest.mark.parametrize(
    ("xml", "rows"),
    {
        "no addresses": (
            "<row><c><v>1</v></c><c t='s'><v>0</v></c></row><row><c><v>3</v></c></row>",
            [["1", "x"], ["3"]],
        ),
        "rows and cells between are missing": (
            '<row r="2"><c r="B2"><v>1</v></c></row><row r="4"><c r="D4"><v>2</v></c></row>',
            [[], ["", "1"], [], ["", "", "", "2"]],
        ),
        "cells out of order": (
            '<row r="1"><c r="B1"><v>2</v></c><c r="A1"><v>1</v></c></row>',
            [["1", "2"]],
        ),
        "spaces between elements": (
            '\n <row r="1">\n <c r="A1" s="1">\n <v>46023</v>\n </c>\n </row>\n',
            [["2026-01-01"]],
        ),
        "runs, and how they are pronounced": (
            '<row r="1"><c r="A1" t="inlineStr"><is><r><t>a</t></r><r><t xml:space="preserve"> b</t></r>'
            '<rPh sb="0" eb="1"><t>spoken</t></rPh></is></c></row>',
            [["a b"]],
        ),
        "errors, truth, formulas, days in words": (
            '<row r="1"><c r="A1" t="e"><v>#N/A</v></c><c r="B1" t="b"><v>1</v></c>'
            '<c r="C1" t="str"><f>A1&amp;B1</f><v>y &amp; z</v></c><c r="D1"><f t="shared" si="0"/><v>5</v></c>'
            '<c r="E1" t="d"><v>2026-03-05T00:00:00</v></c></row>',
            [["#N/A", "1", "y & z", "5", "2026-03-05"]],
        ),
        "rows in a comment": (
            '<!-- <row r="1"><c r="A1"><v>9</v></c></row> --><row r="1"><c r="A1"><v>4</v></c></row>',
            [["4"]],
        ),
        "numbers as people write them": (
            '<row r="1"><c r="A1"><v>007</v></c><c r="B1"><v>1E5</v></c><c r="C1"><v>1.50</v></c>'
            '<c r="D1" t="n"><v>-3</v></c><c r="E1"><v>0.1</v></c></row>',
            [["7", "100000", "1.5", "-3", "0.1"]],
        ),
        "no truth, and numbers that nobody wrote": (
            '<row r="1"><c r="A1" t="b"/><c r="B1" t="b"><v/></c><c r="C1" t="b"><v></v></c>'
            '<c r="D1"><v>1e999</v></c><c r="E1"><v>NaN</v></c></row>',
            [["", "", "", "1e999", "NaN"]],
        ),
        "letters that no text can hold": (
            '<row r="1"><c r="A1" t="str"><v>a_x0000_b_x0007_</v></c>'
            '<c r="B1" t="str"><v>_xD83D__xDE00__xD800_</v></c></row>',
            [["ab", "\U0001f600\ufffd"]],
        ),
        "numbers of rows with zeros": ('<row r="01"><c r="A1"><v>1</v></c></row>', [["1"]]),
    }.values(),
)
def test_cells_are_read_however_they_are_written(xml, rows):
    assert stated(ours(written(xml))) == rows
    assert stated(ours(written(f"<!-- -->{xml}"))) == rows  # by the parser


@pytest.mark.parametrize(
    "xml",
    [
        f'<row r="1"><c r="A1"><v>1</v></c></row><x:row xmlns:x="{MAIN}" r="2"><x:c r="A2"><x:v>2</x:v></x:c></x:row>',
        f'<row r="1"><c r="A1"><v>1</v></c><x:c xmlns:x="{MAIN}" r="B1"><x:v>2</x:v></x:c></row>',
        '<row r="1"><c r="A1" t="inlineStr"><is><t>a\0b</t></is></c></row>',
    ],
)
@pytest.mark.parametrize("before", ["", "<!-- -->"])
def test_rows_and_letters_that_would_be_lost_are_refused(xml, before):
    assert ours(written(before + xml)) == "unreadable"


def test_what_contradicts_itself_is_refused_with_its_place():
    content = written('<row r="1"><c r="A7"><v>1</v></c></row>')
    sheets, _names = sheets_of(HeldFile(content), "xlsx", asdict(Limits()))
    with pytest.raises(FileRefused) as refused:
        sheets["#1"].cells()
    assert refused.value.refusal.where == "#1!A7"


def test_a_sheet_that_was_cut_off_is_refused_though_its_rows_have_no_numbers():
    assert ours(written("<row><c><v>1</v></c></row>" * 65_536)) == "full_sheet"


@pytest.mark.parametrize("stored", ["<v/>", '<v xml:space="preserve"></v>', ""])
def test_formulas_without_a_result_are_found_however_they_are_written(stored):
    rows = f'<row r="1"><c r="B1"><f><![CDATA[A[1]<2]]></f>{stored}</c></row>'
    merged = '<mergeCells><mergeCell ref="A1:A3"/></mergeCells>'
    for encoding in ("utf-8", "utf-16", "utf-16-be"):
        top = f'<?xml version="1.0" encoding="{encoding[:6].rstrip("-")}"?>'
        content = written(rows, top if encoding != "utf-8" else "", tail=merged)
        sheet = remade(content, **{SHEET: sheet_of(content).encode(encoding)})
        cells = sheets_of(HeldFile(sheet), "xlsx", asdict(Limits()))[0]["#1"]
        assert (cells.notes.unstored, len(cells.notes.merged)) == ({(0, 1)}, 1), encoding


def test_a_cell_without_a_style_has_the_first_one():
    assert Kinds({"": "date"}).text_of("46023", "") == "2026-01-01"
    content = written('<row r="1"><c r="A1"><v>46023</v></c></row>')
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        styles = archive.read("xl/styles.xml").decode()
    start, xfs, end = styles.partition("<cellXfs")
    dated = start + xfs + end.replace('numFmtId="0"', 'numFmtId="14"', 1)
    assert ours(remade(content, **{"xl/styles.xml": dated})) == [["2026-01-01"]]


def test_a_prefix_and_another_encoding_change_nothing():
    rows = '<x:row r="1"><x:c r="A1" t="str"><x:v>Ý</x:v></x:c></x:row>'
    assert ours(written(rows, root="x:worksheet")) == [["Ý"]]
    wide = written(
        "<row r='1'><c r='A1' t='str'><v>Ý</v></c></row>", '<?xml version="1.0" encoding="UTF-16"?>'
    )
    assert ours(remade(wide, **{SHEET: sheet_of(wide).encode("utf-16")})) == [["Ý"]]


@pytest.mark.parametrize(
    "xml",
    [
        '<row r="2"><c r="A2"><v>1</v></c></row><row r="1"><c r="A1"><v>1</v></c></row>',
        '<row r="1"><c r="A7"><v>1</v></c></row>',
        '<row r="1"><c r="1A"><v>1</v></c></row>',
        '<row r="1"><c r="A1" t="s"><v>99</v></c></row>',
        '<row r="1"><c r="A1" t="s"><v>-1</v></c></row>',
        '<row r="1"><c r="A1" t="other"><v>1</v></c></row>',
        '<row r="1048577"><c r="A1048577"><v>1</v></c></row>',
        '<row r="1"><c r="A1"><v>1</c></v></row><row r="2"></row>',
    ],
)
def test_what_contradicts_itself_is_refused(xml):
    assert ours(written(xml)) == "unreadable"


def test_a_document_type_is_refused_before_its_entities_are_looked_at():
    top = '<!DOCTYPE w [<!ENTITY a "ha">]>'
    assert ours(written('<row r="1"><c r="A1" t="str"><v>&a;</v></c></row>', top)) == "unreadable"


@pytest.mark.parametrize("code", FORMATS)
def test_formats_make_dates_where_the_library_says_so(code):
    out = io.BytesIO()
    with xlsxwriter.Workbook(out, {"in_memory": True}) as book:
        book.add_worksheet().write_number(0, 0, 45000.25, book.add_format({"num_format": code}))
    content = out.getvalue()
    assert ours(content) == of_library(content)
    assert kind_of_format(code) in ("", "date", "duration")


GROWING = """
import sys
sys.path.insert(0, "")
from dataclasses import asdict
from pathlib import Path
from records.reading.child import Limits
from records.reading.sheets import sheets_of
sheets, _names = sheets_of(Path(sys.argv[1]), "xlsx", asdict(Limits()))
cells = sheets["#1"].cells()
print(len(cells.rows) + sum(len(rows) for rows, _done in cells.rest or ()))
status = Path("/proc/self/status").read_text()  # of this process alone
print(int(status.partition("VmHWM:")[2].split()[0]) // 1024)
"""


def test_memory_does_not_grow_with_the_rows_of_a_sheet(tmp_path):
    peaks = []
    for count in (20_000, 120_000):
        cells = (
            '<row r="{0}">'
            + "".join(
                f'<c r="{c}{{0}}" t="inlineStr"><is><t>{c} {{0}}</t></is></c>' for c in "ABCDEFGH"
            )
            + "</row>"
        ).format
        path = tmp_path / f"{count}.xlsx"
        path.write_bytes(written("".join(map(cells, range(1, count + 1)))))
        done = subprocess.run(
            [sys.executable, "-c", GROWING, str(path)], capture_output=True, text=True, check=True
        )
        rows, peak = map(int, done.stdout.split())
        assert rows == count
        peaks.append(peak)
    assert peaks[1] - peaks[0] < 20  # MiB
