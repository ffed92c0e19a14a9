"""Encodings, delimiters, line ends, and rows of another width."""

from types import SimpleNamespace

import pyarrow as pa
import pytest

from records.reading import lines as lines_of_text
from records.reading.lines import Lines
from records.reading.refusals import FileRefused
from tests.records.files import opened, plain, rows_of, table, text

RUSSIAN = ["№ дела", "Дата", "Пол", "Гражданство", "Велаят", "Решение", "Занятие"]
RUSSIAN += ["Вид деятельности", "Тип работодателя", "Действует с", "Действует до"]
TURKMEN = ["Ýazgy belgisi", "Çözgüdiň senesi", "Jynsy", "Raýatlygy", "Welaýaty", "Çözgüt", "Käri"]
TURKMEN += ["Işiniň görnüşi", "Iş berijiniň görnüşi", "Başlanýan senesi", "Gutarýan senesi"]
ROW_RU = ["1", "05.03.2026", "ж", "Турция", "Ахал", "Выдано", "инженер", "Строительство"]
ROW_RU += ["Государственный", "05.03.2026", "05.03.2027"]
ROW_TK = ["1", "05.03.2026", "Aýal", "Türkiýe", "Daşoguz", "berildi", "gurluşykçy", "Gurluşyk"]
ROW_TK += ["Döwlet", "05.03.2026", "05.03.2027"]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1251"])
def test_a_russian_file_is_read_in_every_encoding(encoding, tmp_path):
    source = opened(text([RUSSIAN, ROW_RU], ";").encode(encoding), tmp_path)
    assert source.file["encoding"] == encoding
    assert [row["sex"] for row in rows_of(source)] == ["ж"]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1250"])
def test_a_turkmen_file_is_read_in_every_encoding(encoding, tmp_path):
    source = opened(text([TURKMEN, ROW_TK], ";").encode(encoding), tmp_path)
    assert source.file["encoding"] == encoding
    assert [(row["sex"], row["citizenship"]) for row in rows_of(source)] == [("Aýal", "Türkiýe")]


def test_utf_16_is_read_with_either_order_of_bytes(tmp_path):
    content = "\ufeff" + text([RUSSIAN, *([ROW_RU] * 9)], ";")
    big = opened(content.encode("utf-16-be"), tmp_path)
    assert len(rows_of(big)) == 9
    little = opened(content.encode("utf-16-le"), tmp_path)
    assert len(rows_of(little)) == 9


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "cp1251"])
@pytest.mark.parametrize("end", ["\n", "\r"])
def test_a_letter_cut_at_the_end_of_the_sample_is_no_reason_to_doubt(encoding, end, tmp_path):
    lines = [RUSSIAN, *([str(k), *ROW_RU[1:]] for k in range(5000))]
    source = opened(text(lines, ";", end).encode(encoding), tmp_path)
    assert source.file["encoding"] == encoding
    assert len(rows_of(source)) == 5000


def test_a_person_chooses_where_both_encodings_make_sense(tmp_path):
    plain_headers = table(2, citizenship="TUR")
    plain_headers[1][plain_headers[0].index("region")] = "Ö"
    content = text(plain_headers).encode("cp1250")
    source = opened(content, tmp_path)
    assert [q.id for q in source.layout.questions] == ["encoding"]
    chosen = opened(content, tmp_path, answers={"encoding": "cp1250"})
    assert rows_of(chosen)[0]["region"] == "Ö"


def test_letters_in_dropped_columns_raise_no_question(tmp_path):
    content = text(table(2, name="Ö")).encode("cp1250")
    assert opened(content, tmp_path).layout.questions == []


def test_bytes_that_break_the_encoding_far_below_are_refused(tmp_path):
    rows = plain(table(20_000, citizenship="Türkiýe"))
    source = opened(rows + "R,05.03.2026,ж,,,,,,,,,\n".encode("cp1251"), tmp_path)
    with pytest.raises(Exception, match="UTF8"):
        rows_of(source)


def test_a_text_in_utf_8_with_a_damaged_letter_names_its_row(tmp_path):
    rows = table(30, citizenship=["Türkiýe", "Россия"])
    content = plain(rows).replace("Россия".encode(), "Россия".encode()[:-1], 1)
    with pytest.raises(FileRefused) as refused:
        opened(content, tmp_path)
    assert (refused.value.refusal.code, refused.value.refusal.where) == ("damaged_utf8", "A3")


@pytest.mark.parametrize("delimiter", [";", ",", "\t", "|"])
def test_every_delimiter_is_found(delimiter, tmp_path):
    source = opened(plain(table(3), delimiter=delimiter), tmp_path)
    assert source.file["delimiter"] == delimiter
    assert len(rows_of(source)) == 3


def test_what_sep_says_is_the_delimiter(tmp_path):
    source = opened(b"sep=;\r\n" + plain(table(2), delimiter=";"), tmp_path)
    assert (source.file["delimiter"], source.file["header_row"]) == (";", 2)
    assert [row["_row"] for row in rows_of(source)] == [3, 4]


def test_commas_inside_the_cells_do_not_win_against_semicolons(tmp_path):
    rows = table(5, citizenship="Корея, Республика", wage_month="1 200,50", wage_cur="USD")
    assert opened(plain(rows, delimiter=";"), tmp_path).file["delimiter"] == ";"


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_every_end_of_line_is_read(end, tmp_path):
    rows = rows_of(opened(plain(table(3), end=end), tmp_path))
    assert [row["_row"] for row in rows] == [2, 3, 4]
    assert rows[2]["valid_to"] == "05.03.2027"


def test_mixed_ends_of_line_are_read(tmp_path):
    one, two, three, four = text(table(3)).splitlines()
    content = f"{one}\r\n{two}\n{three}\r{four}\r\n".encode()
    assert [row["record_ref"] for row in rows_of(opened(content, tmp_path))] == [
        "R-1",
        "R-2",
        "R-3",
    ]


def test_rows_are_numbered_as_a_spreadsheet_shows_them(tmp_path):
    head, *rows = table(4, wage_cur=["USD", "line\nbreak", "USD", "USD"])
    lines = [["A title\nof two lines"], [], head, rows[0], [], rows[1], rows[2][:-3], rows[3]]
    source = opened(plain(lines), tmp_path)
    assert source.file["header_row"] == 3
    found = {row["record_ref"]: row["_row"] for row in rows_of(source)}
    assert found == {"R-1": 4, "R-2": 6, "R-3": 7, "R-4": 8}


def test_rows_stay_numbered_rightly_over_many_blocks(tmp_path, monkeypatch):
    monkeypatch.setattr(lines_of_text, "BLOCK", 4096)
    head, *rows = table(600)
    lines = [head, *(row[:-2] if k % 7 == 0 else row for k, row in enumerate(rows))]
    found = [(row["record_ref"], row["_row"]) for row in rows_of(opened(plain(lines), tmp_path))]
    assert found == [(f"R-{k + 1}", k + 2) for k in range(600)]


def test_a_row_that_is_told_while_a_block_is_looked_at_keeps_its_number(tmp_path, monkeypatch):
    """The library reads ahead in a thread of its own: odd rows of the next block may be told at any moment."""
    head, *rows = table(5)
    layout = opened(plain([head, *rows]), tmp_path).layout
    lines = Lines(tmp_path / "file", "utf-8", ";", layout, 0)
    whole = [
        pa.record_batch([*map(pa.array, zip(*part, strict=True))], names=[*map(str, range(len(head)))])
        for part in (rows[:2], rows[3:])
    ]  # fmt: skip
    monkeypatch.setattr(lines, "_open", lambda *_: iter(whole))
    blocks = lines.read()
    seen = [next(blocks)]
    lines._other_width(SimpleNamespace(number=3, text=";".join(rows[2][:-2])))
    seen += blocks
    numbers = {
        ref: number
        for block in seen
        for ref, number in zip(block.cells[0].to_pylist(), block.rows.to_pylist(), strict=True)
    }
    assert numbers == {row[0]: k + 2 for k, row in enumerate(rows)}


def test_a_row_with_too_many_cells_is_marked(tmp_path):
    head, *rows = table(3)
    found = rows_of(opened(plain([head, rows[0], [*rows[1], "surplus"], rows[2]]), tmp_path))
    assert [row["_broken"] for row in found] == [False, True, False]


def test_empty_cells_at_the_end_of_a_row_do_no_harm(tmp_path):
    head, *rows = table(2)
    found = rows_of(opened(plain([head, [*rows[0], "", ""], rows[1]]), tmp_path))
    assert [row["_broken"] for row in found] == [False, False]
