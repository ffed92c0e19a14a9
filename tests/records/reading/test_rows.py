"""Which sheet of a workbook holds the table, and which of its rows are data."""

import pyarrow as pa
import pytest

from records.reading import outgoing
from records.reading.identity import keyed
from records.reading.rows import row_kind
from tests.records import files
from tests.records.files import SPECS, VALID, opened, plain, rows_of, table, xlsx

WPF = SPECS["SMS-WPF"]


def test_the_sheet_that_holds_a_table_is_chosen(tmp_path):
    source = opened(xlsx(Notes=[["Hello"]], March=table(2)), tmp_path)
    assert (source.sheets[source.file["sheet"]], len(rows_of(source))) == ("March", 2)


def test_of_several_sheets_with_tables_a_person_chooses(tmp_path):
    content = xlsx(Mart=table(2), Aprel=table(3))
    source = opened(content, tmp_path)
    assert [q.id for q in source.layout.questions] == ["sheet"]
    assert source.layout.questions[0].evidence == ["#1: 3", "#2: 4"]
    assert len(rows_of(opened(content, tmp_path, answers={"sheet": "Aprel"}))) == 3


@pytest.mark.parametrize(
    "cells, kind",
    [
        (["", "", ""], "blank"),
        (["Итого", "", "98"], "total"),
        (["", "в т.ч. женщины", "40"], "total"),
        (["Jemi:", "", "98"], "total"),
        (["Jemi: 98", "", ""], "total"),
        (["Jemile", "", "98"], "data"),
        (["Всего: 25 чел.", "", ""], "total"),
        (["Jemi: 25", "", ""], "total"),
        (["Количество записей: 25", "", ""], "total"),
        (["Sany", "25", ""], "total"),
        (["Ahal welaýaty", "", ""], "heading"),
        (["", "По Ахалскому велаяту:", ""], "heading"),
        (["Türkiýe", "", ""], "heading"),
        (["-", "", ""], "data"),
        (["Müdiri", "", "A. Amanow"], "signature"),
        (["Bölüm başlygy", "", "A. Amanow"], "signature"),
        (["М.П.", "", ""], "signature"),
        (["Мария", "", ""], "data"),
        (["1", "2", "3"], "numbering"),
        (["А", "1", "2", "3"], "numbering"),
        (["А", "Б", "1", "2", "3"], "numbering"),
        (["1", "2", "4"], "data"),
        (["R-1", "", ""], "data"),
    ],
)
def test_rows_that_are_no_data_are_told_apart(cells, kind):
    assert row_kind(cells) == kind


def test_repeated_headers_headings_and_counts_are_skipped_and_counted(tmp_path):
    head, *rows = table(4)
    lines = [head, ["Ahal welaýaty"], *rows[:2], [h.upper() for h in head], head, *rows[2:]]
    file = opened(plain([*lines, [], ["Всего: 4 чел."]]), tmp_path)
    columns = outgoing.OutgoingColumns(file.layout.columns, WPF, b"key")
    kept = [row for block in file.blocks for row in columns.batch(block)["_row"].to_pylist()]
    assert sorted(kept) == [3, 4, 7, 8]
    assert columns.rows.skipped == {"heading": 1, "header": 2, "blank": 1, "total": 1}
    assert columns.rows.broken_total() is None


def test_a_part_of_a_total_is_no_control_of_the_rows(tmp_path):
    file = opened(plain([*table(4), ["Всего: 4"], ["из них женщин", "2"], ["Itogo"]]), tmp_path)
    columns = outgoing.OutgoingColumns(file.layout.columns, WPF, b"key")
    assert sum(columns.batch(block).num_rows for block in file.blocks) == 4
    assert columns.rows.broken_total() is None


def test_blank_rows_totals_signatures_and_numbering_are_left_out(tmp_path):
    head, *rows = table(4)
    width = len(head)
    lines = [head, [str(k + 1) for k in range(width)], *rows[:2], [""] * width]
    lines += [["Итого по Ахалу", "2"], *rows[2:], ["Jemi", "4"], [], ["Müdiri", "", "A. Amanow"]]
    found = rows_of(opened(plain(lines), tmp_path))
    assert [row["_row"] for row in found] == [3, 4, 7, 8]


def test_a_complete_row_is_data_whatever_its_first_word(tmp_path):
    assert len(rows_of(opened(plain(table(1, record_ref="Total 1")), tmp_path))) == 1


def test_rows_that_only_have_a_number_are_blank(tmp_path):
    head, *rows = table(2)
    lines = [["№", *head], *([str(k), *row] for k, row in enumerate(rows)), ["3"], ["4"]]
    assert len(rows_of(opened(plain(lines), tmp_path))) == 2


def test_an_incomplete_row_is_data(tmp_path):
    rows = rows_of(opened(plain(table(3, event_date=["05.03.2026", "", "x"])), tmp_path))
    assert [row["event_date"] for row in rows] == ["05.03.2026", "", "x"]


def test_a_real_list_with_composite_columns_is_read(tmp_path):
    head = ["", "T/b", "Familiýasy / Ady", "Doglan senesi we ýeri", "Jynsy", "Raýatlygy"]
    head += [
        "Pasport belgisi we möhleti",
        "Bilimi we okan ýeri",
        "Bilimine görä hünäri",
        "Wezipesi",
    ]
    head += ["Türkmenistandaky salgysy", "Ýazgy belgisi", "Çözgüt", "Çözgüdiň senesi", "Pudak"]
    head += ["Iş berijiniň görnüşi", "Başlanýan senesi", "Gutarýan senesi"]
    row = ["", "1", "Ýylmaz Ali", "22.06.1981, Türkiýe/İskenderun", "Erkek", "TUR"]
    row += ["U 1234567, 01.01.2030", "Ýörite orta, Stambul", "gurluşykçy", "gurluşykçy"]
    row += ["Balkan wel. Türkmenbaşy ş., 3-nji köçe 5", "77", "berildi", "05.03.2026", "Gurluşyk"]
    row += ["Döwlet", "05.03.2026", "05.03.2027"]
    title = ["", "Daşary ýurt raýatlarynyň sanawy"]
    signature = ["", "Müdiri", "", "", "", "A. Amanow"]
    source = opened(xlsx(Sanaw=[[], title, [], head, row, [], signature]), tmp_path)
    assert source.file["header_row"] == 4
    (found,) = rows_of(source)
    key = keyed(b"key", pa.array(["U 1234567, 01.01.2030"]))[0].as_py()
    assert found == {
        "birth_date": "22.06.1981",
        "country_birth": "Türkiýe",
        "sex": "Erkek",
        "citizenship": "TUR",
        "education": "Ýörite orta",
        "occupation": "gurluşykçy",
        "region": "Balkan wel.",
        "record_ref": "77",
        "decision": "berildi",
        "event_date": "05.03.2026",
        "activity": "Gurluşyk",
        "employer_type": "Döwlet",
        "valid_from": "05.03.2026",
        "valid_to": "05.03.2027",
        "person_ref": key,
        "_row": 5,
        "_broken": False,
    }


def test_an_address_without_a_region_leaves_only_a_mask(tmp_path):
    base = {k: v for k, v in files.WPF.items() if k != "region"}
    source = opened(plain(table(1, base=base, **{"Türkmenistandaky salgysy": "Köçe 5"})), tmp_path)
    assert [row["region"] for row in rows_of(source)] == ["•••"]


def test_a_column_of_its_own_goes_before_a_part(tmp_path):
    rows = table(1, **{"Doglan senesi we ýeri": "01.01.1950, Eýran"})
    (found,) = rows_of(opened(plain(rows), tmp_path))
    assert (found["birth_date"], found["country_birth"]) == ("12.04.1990", "Eýran")


@pytest.mark.parametrize("instrument", VALID)
def test_the_template_of_every_instrument_passes_its_own_mapping(instrument, tmp_path):
    rows = table(3, base=VALID[instrument])
    assert len(rows_of(opened(plain(rows), tmp_path, instrument), instrument)) == 3
