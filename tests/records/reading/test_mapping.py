"""Header rows, columns, questions about columns, and what stands between the data."""

import pytest

from records.reading.__main__ import pa
from records.reading.headers import map_columns
from records.reading.identity import keyed
from records.reading.questions import proven_letters
from records.reading.rows import row_kind
from standards import spelling
from tests.records import files
from tests.records.files import SPECS, VALID, look, plain, rows_of, table, xlsx

WPF = SPECS["SMS-WPF"]


def variables(layout):
    return {c.header: (c.variable, c.how) for c in layout.columns}


@pytest.mark.parametrize("language", ["en", "ru", "tk", None])
@pytest.mark.parametrize("instrument", SPECS)
def test_labels_and_names_are_recognised_in_every_language(instrument, language):
    spec = SPECS[instrument]
    asked = [v for v in spec.variables if v.typed]
    head = [v.label[language] if language else v.name for v in asked]
    layout = map_columns([head, ["x"] * len(head)], spec, {})
    assert layout.refusal is None
    assert [c.variable for c in layout.columns] == [v.name for v in asked]


@pytest.mark.parametrize("instrument", SPECS)
def test_no_header_means_two_variables_of_one_instrument(instrument):
    spec = SPECS[instrument]
    names = [spelling.normalise(h) for v in spec.variables for h in {v.name, *v.label.values()}]
    names += [spelling.normalise(h) for v in spec.variables for h in v.headers]
    owners = {n: {v.name for v in spec.variables if n in _said(v)} for n in names}
    assert {n: o for n, o in owners.items() if len(o) > 1} == {}


def _said(variable):
    texts = (variable.name, *variable.label.values(), *variable.headers)
    return {spelling.normalise(text) for text in texts}


@pytest.mark.parametrize("instrument", SPECS)
def test_no_header_of_a_variable_is_forbidden(instrument):
    spec = SPECS[instrument]
    known = {text for variable in spec.variables for text in _said(variable)}
    assert known & {spelling.normalise(f) for f in spec.forbidden} == set()


def test_titles_above_the_headers_are_passed_over():
    rows = [[], ["", "Daşary ýurt raýatlarynyň sanawy"], [], *table(2)]
    assert map_columns(rows, WPF, {}).header_row == 3


@pytest.mark.parametrize(
    "header, variable, how",
    [
        ("Raýatlygy", "citizenship", "exact"),
        ("RAÝATLYGY", "citizenship", "exact"),
        ("Rayatlygy", "citizenship", "folded"),
        ("  гражданство ", "citizenship", "exact"),
        ("Граждaнство", "citizenship", "look_alike"),  # a Latin a
        ("Citizenship*", "citizenship", "exact"),
        ("Citizenship (country)", "citizenship", "exact"),
        ("Citizen\nship", None, "unknown"),
        ("Страна\nгражданства", "citizenship", "exact"),
        ("Национальность", None, "forbidden"),
        ("Milleti", None, "forbidden"),
        ("Фaмилия", None, "forbidden"),  # a Latin a
        ("Familiyasy", None, "forbidden"),
        ("Паспорт (серия и номер)", None, "forbidden"),
        ("Адрес проживания", None, "forbidden"),
        ("№", None, "ignored"),
        ("", None, "empty"),
        ("Любимый цвет", None, "unknown"),
    ],
)
def test_headers_are_recognised_however_they_are_typed(header, variable, how):
    rows = table(1, base={k: v for k, v in files.WPF.items() if k != "citizenship"}, z="TUR")
    rows[0][-1] = header
    column = map_columns(rows, WPF, {}).columns[-1]
    assert (column.variable, column.how) == (variable, how)


def test_two_headers_of_one_variable_are_refused_with_their_cells():
    rows = table(1, пол="ж")
    refusal = map_columns(rows, WPF, {}).refusal
    assert (refusal.code, refusal.where) == ("duplicate_header", "C1, M1")
    assert "sex / пол" in refusal.message["en"]


def test_a_missing_required_header_is_refused_by_name():
    base = {k: v for k, v in files.WPF.items() if k not in ("sex", "region")}
    refusal = map_columns(table(2, base=base), WPF, {}).refusal
    assert refusal.code == "missing_required"
    assert refusal.message["ru"].startswith("В строке 1 нет столбца: Пол, Велаят")


def test_headers_without_rows_are_refused():
    assert map_columns(table(0), WPF, {}).refusal.code == "header_only"


def test_a_file_without_headers_is_refused():
    refusal = map_columns(table(2)[1:], WPF, {}).refusal
    assert refusal.code == "header_missing"


def test_a_column_with_a_strange_header_that_fits_is_asked_about():
    rows = table(3, base={k: v for k, v in files.WPF.items() if k != "citizenship"})
    rows = [[*row, cell] for row, cell in zip(rows, ["Откуда родом", "Турция", "Китай", "TUR"])]
    question = map_columns(rows, WPF, {}).questions[0]
    assert question.id == "columns:citizenship"
    assert question.choices == [{"value": "L", "label": "L: Откуда родом"}]
    answered = map_columns(rows, WPF, {"columns": {"citizenship": "L"}})
    assert variables(answered)["Откуда родом"] == ("citizenship", "answer")
    assert answered.questions == []


def test_a_question_about_record_numbers_shows_no_cell():
    rows = table(2, base={k: v for k, v in files.WPF.items() if k != "record_ref"})
    rows = [[*row, cell] for row, cell in zip(rows, ["Лицо", "Amanow A.", "Berdiýew B."])]
    rows = [[c for k, c in enumerate(row) if rows[0][k] != "record_ref"] for row in rows]
    question = next(q for q in map_columns(rows, WPF, {}).questions if q.id == "columns:record_ref")
    assert question.evidence == ["L: xxxxxx x., xxxxxxxx x."]


def test_no_answer_opens_a_forbidden_column():
    rows = table(1, passport="I-AŞ 123456")
    layout = map_columns(rows, WPF, {"columns": {"record_ref": "M"}})
    assert variables(layout)["passport"] == (None, "forbidden")


def test_numbers_for_sex_are_asked_about_with_their_counts():
    layout = map_columns(table(5, sex=["1", "2", "1", "Ж", "9"]), WPF, {})
    assert [(q.id, q.evidence) for q in layout.questions] == [
        ("sex_codes", ["1: 2", "2: 1", "9: 1"])
    ]


@pytest.mark.parametrize(
    "texts, proven",
    [
        (["z", "e"], {"z": "F", "e": "M"}),
        (["Z", "Erkek"], {"z": "F"}),
        (["Kadın", "e"], {"e": "M"}),
        (["k", "e"], {"k": "F", "e": "M"}),
        (["w", "m"], {"w": "F"}),
        (["a", "ж"], {}),
        (["e", "м"], {}),
        (["k"], {}),
        (["z", "w"], {}),
    ],
)
def test_single_letters_count_only_beside_their_language(texts, proven):
    assert proven_letters(texts) == proven


def test_an_unproven_letter_is_asked_about():
    layout = map_columns(table(2, sex=["K", "м"]), WPF, {})
    assert [(q.id, q.evidence) for q in layout.questions] == [("sex_codes", ["k: 1"])]


def test_dates_that_could_be_read_two_ways_are_asked_about():
    layout = map_columns(table(2, valid_to=["03/02/2027", "03/22/2027"]), WPF, {})
    assert [q.id for q in layout.questions] == ["day_first"]
    assert layout.questions[0].evidence == ["03/02/2027"]


@pytest.mark.parametrize("date", ["03.02.2027", "2027-02-03", "22/03/2027", "03/03/2027"])
def test_dates_that_can_be_read_one_way_raise_no_question(date):
    assert map_columns(table(2, valid_to=date), WPF, {}).questions == []


def test_the_sheet_that_holds_a_table_is_chosen(tmp_path):
    source = look(xlsx(Notes=[["Hello"]], March=table(2)), tmp_path)
    assert (source.file["sheet"], len(rows_of(source))) == ("March", 2)


def test_of_several_sheets_with_tables_a_person_chooses(tmp_path):
    content = xlsx(Mart=table(2), Aprel=table(3))
    source = look(content, tmp_path)
    assert [q.id for q in source.layout.questions] == ["sheet"]
    assert source.layout.questions[0].evidence == ["Mart: 3", "Aprel: 4"]
    assert len(rows_of(look(content, tmp_path, answers={"sheet": "Aprel"}))) == 3


@pytest.mark.parametrize(
    "cells, kind",
    [
        (["", "", ""], "blank"),
        (["Итого", "", "98"], "total"),
        (["", "в т.ч. женщины", "40"], "total"),
        (["Jemi:", "", "98"], "total"),
        (["Jemi: 98", "", ""], "total"),
        (["Jemile", "", "98"], "data"),
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


def test_blank_rows_totals_signatures_and_numbering_are_left_out(tmp_path):
    head, *rows = table(4)
    width = len(head)
    lines = [head, [str(k + 1) for k in range(width)], *rows[:2], [""] * width]
    lines += [["Итого по Ахалу", "2"], *rows[2:], ["Jemi", "4"], [], ["Müdiri", "", "A. Amanow"]]
    found = rows_of(look(plain(lines), tmp_path))
    assert [row["_row"] for row in found] == [3, 4, 7, 8]


def test_a_complete_row_is_data_whatever_its_first_word(tmp_path):
    assert len(rows_of(look(plain(table(1, record_ref="Total 1")), tmp_path))) == 1


def test_rows_that_only_have_a_number_are_blank(tmp_path):
    head, *rows = table(2)
    lines = [["№", *head], *([str(k), *row] for k, row in enumerate(rows)), ["3"], ["4"]]
    assert len(rows_of(look(plain(lines), tmp_path))) == 2


def test_an_incomplete_row_is_data(tmp_path):
    rows = rows_of(look(plain(table(3, event_date=["05.03.2026", "", "x"])), tmp_path))
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
    source = look(xlsx(Sanaw=[[], title, [], head, row, [], signature]), tmp_path)
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
    source = look(plain(table(1, base=base, **{"Türkmenistandaky salgysy": "Köçe 5"})), tmp_path)
    assert [row["region"] for row in rows_of(source)] == ["•••"]


def test_a_column_of_its_own_goes_before_a_part(tmp_path):
    rows = table(1, **{"Doglan senesi we ýeri": "01.01.1950, Eýran"})
    (found,) = rows_of(look(plain(rows), tmp_path))
    assert (found["birth_date"], found["country_birth"]) == ("12.04.1990", "Eýran")


@pytest.mark.parametrize("instrument", VALID)
def test_the_template_of_every_instrument_passes_its_own_mapping(instrument, tmp_path):
    rows = table(3, base=VALID[instrument])
    assert len(rows_of(look(plain(rows), tmp_path, instrument), instrument)) == 3
