"""Every format that a clerk has: read alike, alone, as .gz, and as the one file in a .zip."""

import datetime as dt
import gzip
import random

import pytest

from records.reading.encrypted_file import Sealing
from records.reading.encrypted_file import opened as unsealed
from records.reading.packed import unpacked
from records.reading.refusals import FileRefused
from tests.faults.hostile import remade
from tests.records.files import opened, plain, rows_of, table, text, xlsx
from tests.records.workbooks import Error, Formula, ods, packed, xls, xlsb


def xlsm(**sheets):
    return remade(
        xlsx(**sheets), **{"xl/vbaProject.bin": b"\xd0\xcf\x11\xe0macros", "xl/vbaData.xml": "<x/>"}
    )


FORMATS = {
    "csv": lambda rows: plain(rows),
    "tsv": lambda rows: plain(rows, delimiter="\t"),
    "txt": lambda rows: plain(rows, delimiter="|"),
    "xlsx": lambda rows: xlsx(A=rows),
    "xlsm": lambda rows: xlsm(A=rows),
    "xlsb": lambda rows: xlsb({"A": rows}),
    "xls": lambda rows: xls({"A": rows}),
    "ods": lambda rows: ods({"A": rows}),
}
SHEETS = {"xlsb": xlsb, "xls": xls, "ods": ods}
ROWS = table(3, sex=["F", "Aýal", "м"], citizenship=["Türkiýe", "Россия", "TUR"])


def zipped(content, name="Atajanow Batyr.csv", **others):
    return packed({name: content, **others})


PACKED = {"alone": bytes, "gz": gzip.compress, "zip": zipped}


@pytest.mark.parametrize("packing", PACKED)
@pytest.mark.parametrize("name", FORMATS)
def test_a_table_is_read_alike_in_every_format_and_packing(name, packing, tmp_path):
    source = opened(PACKED[packing](FORMATS[name](ROWS)), tmp_path)
    rows = rows_of(source)
    assert source.file.get("packed", "") == ("" if packing == "alone" else packing)
    assert [row["_row"] for row in rows] == [2, 3, 4]
    assert [(row["sex"], row["citizenship"]) for row in rows] == [
        ("F", "Türkiýe"),
        ("Aýal", "Россия"),
        ("м", "TUR"),
    ]
    assert [row["valid_to"] for row in rows] == ["05.03.2027"] * 3


@pytest.mark.parametrize("name", SHEETS)
def test_dates_numbers_and_codes_with_zeros_are_read_as_a_person_sees_them(name, tmp_path):
    head, *rows = table(
        2, region=["004", "x"], occupation=[71, 7.5], event_date=dt.date(2026, 3, 5)
    )
    first, second = rows_of(opened(SHEETS[name]({"A": [head, *rows]}), tmp_path))
    assert first["event_date"] == second["event_date"] == "2026-03-05"
    assert (first["region"], first["occupation"], second["occupation"]) == ("004", "71", "7.5")


@pytest.mark.parametrize("name", SHEETS)
def test_an_error_value_is_told_and_not_read_as_an_empty_cell(name, tmp_path):
    rows = table(3, region=[Error("#REF!"), "TM-S", Formula(Error("#DIV/0!"))])
    source = opened(SHEETS[name]({"A": [["A title"], [], *rows]}), tmp_path)
    assert [row["region"] for row in rows_of(source)] == ["#REF!", "TM-S", "#DIV/0!"]


@pytest.mark.parametrize("name", SHEETS)
def test_formulas_with_their_results_are_read(name, tmp_path):
    rows = table(2, citizenship=Formula("TUR"), occupation=Formula(71))
    read = rows_of(opened(SHEETS[name]({"A": rows}), tmp_path))
    assert [(row["citizenship"], row["occupation"]) for row in read] == [("TUR", "71")] * 2


@pytest.mark.parametrize("name", ["ods", "xls"])
def test_formulas_that_nobody_worked_out_refuse_the_file(name, tmp_path):
    nothing = {"ods": None, "xls": 0.0}[name]  # the old format has no formula without a result
    content = SHEETS[name]({"A": table(2, occupation=["71", Formula(nothing)])})
    with pytest.raises(FileRefused) as refused:
        opened(content, tmp_path)
    assert (refused.value.refusal.code, refused.value.refusal.where) == ("formulas", "#1!H3")


@pytest.mark.parametrize("name", SHEETS)
def test_merged_cells_are_filled_down_and_named(name, tmp_path):
    rows = table(3, region=["TM-S", None, None])
    place = rows[0].index("region")
    merged = {"ods": (1, place, 3, 1)}.get(name, (1, 3, place, place))
    source = opened(SHEETS[name]({"A": rows}, merged=[merged]), tmp_path)
    assert [row["region"] for row in rows_of(source)] == ["TM-S"] * 3
    assert source.file["merged"] == ["F2:F4"]


@pytest.mark.parametrize("name", SHEETS)
def test_hidden_sheets_are_passed_over_and_the_right_one_is_looked_through(name, tmp_path):
    sheets = {
        "old": table(2, region=Error("#N/A")),
        "Notes": [["nothing"], ["of a table"]],
        "Iýul": table(2, region=["TM-S", Error("#NAME?")]),
    }
    source = opened(SHEETS[name](sheets, hidden=("old",)), tmp_path)
    assert (source.file["sheet"], source.sheets) == ("#2", {"#1": "Notes", "#2": "Iýul"})
    assert [row["region"] for row in rows_of(source)] == ["TM-S", "#NAME?"]


def test_a_workbook_that_hides_all_its_sheets_says_so(tmp_path):
    with pytest.raises(FileRefused, match="hidden_sheets"):
        opened(xls({"A": table(2)}, hidden=("A",)), tmp_path)


def test_which_sheet_is_asked_in_every_format(tmp_path):
    for make in SHEETS.values():
        source = opened(make({"Ýanwar": table(2), "Fewral": table(3)}), tmp_path)
        assert [question.id for question in source.layout.questions] == ["sheet"]
        chosen = opened(
            make({"Ýanwar": table(2), "Fewral": table(3)}), tmp_path, answers={"sheet": "Fewral"}
        )
        assert len(rows_of(chosen)) == 3


def test_what_a_system_adds_to_an_archive_is_no_file_of_its_own(tmp_path):
    added = {"__MACOSX/._a.csv": "x", "folder/": "", ".DS_Store": "x"}
    assert len(rows_of(opened(zipped(plain(ROWS), "folder/a.csv", **added), tmp_path))) == 3


def test_the_name_of_a_file_in_an_archive_is_told_nowhere(tmp_path):
    source = opened(zipped(plain(ROWS)), tmp_path)
    assert "Atajanow" not in f"{source.file} {source.layout}"


def test_a_large_packed_text_is_read_to_its_end(tmp_path):
    chance = random.Random(9)
    rows = table(30_000, employer_type=[f"{chance.random()}" for _ in range(1000)])
    for pack in (gzip.compress, zipped):
        assert len(rows_of(opened(pack(plain(rows)), tmp_path))) == 30_000


def test_a_packed_text_that_is_cut_in_its_last_line_is_refused(tmp_path):
    source = opened(gzip.compress(plain(ROWS)[:-30]), tmp_path)
    with pytest.raises(FileRefused, match="truncated"):
        rows_of(source)


def test_a_packed_file_is_read_from_its_encrypted_form(tmp_path):
    path = tmp_path / ("a" * 32)
    sealing = Sealing(path, b"secret")
    sealing.write(zipped(text(ROWS).encode("cp1251", "replace")))
    sealing.finish()
    sealing.close()
    with unsealed(path, b"secret") as sealed:
        source, packing = unpacked(sealed, {"unpacked_mb": 400, "streamed_mb": 400})
        with source.open("rb") as file:
            assert file.read(10) == b"record_ref"
    assert packing == "zip"
    assert b"record_ref" not in path.read_bytes()


def test_a_link_and_a_macro_of_a_workbook_are_not_looked_at(tmp_path):
    rows = table(1)
    assert rows_of(opened(xlsm(A=rows), tmp_path)) == rows_of(opened(xlsx(A=rows), tmp_path))


def test_a_long_old_workbook_is_read_to_its_end(tmp_path):
    """Beyond seven megabytes the list of the sectors of an old file has sectors of its own."""
    rows = table(1100, occupation="x" * 3900)
    rows[-1][rows[0].index("region")] = Error("#N/A")
    content = xls({"A": rows})
    assert len(content) > 8 << 20
    assert [row["region"] for row in rows_of(opened(content, tmp_path))][-2:] == ["TM-S", "#N/A"]
