"""Tables that are not plain: several rows of headers, wide, stated once; each is confirmed by its picture and keeps its totals."""

import csv
import io
import itertools
from dataclasses import asdict

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from records.reading.answers import bad_answer
from records.reading.child import Limits
from records.reading.identity import identity_columns
from records.reading.layout import FileBlock
from records.reading.mapped_tables import mapped
from records.reading.mapping import Context
from records.reading.packed import HeldFile
from records.reading.plain_table import PlainTable, block_of_rows
from records.reading.refusals import FileRefused
from records.reading.remembered import lasting
from records.reading.shape_search import Search, proposals
from records.reading.shapes import Shape
from records.reading.sheets import sheets_of
from records.reading.table_rows import levels_of
from records.reading.told_by_names import constants_of
from tests.records import files
from tests.records.files import ALL, plain, xlsx
from tests.records.tables import (
    DATA,
    confirmed,
    form_of,
    opened,
    records_of,
    rows_of,
    totals,
)

real = pytest.mark.skipif(not DATA.exists(), reason="the folder of real files is not here")

FORM = form_of("SMS-WPF", "sex", "citizenship")
WITH_REGION = form_of("SMS-WPF", "sex", "citizenship", "region")
CROSS_TAB = [
    ["Численность трудовых мигрантов", "", "", "", ""],
    ["Период", "Страна гражданства", "Всего", "в том числе:", ""],
    ["", "", "", "мужчины", "женщины"],
    ["2026-03", "Турция", "10", "7", "3"],
    ["2026-03", "Узбекистан", "5", "1", "4"],
    ["2026-03", "Китай", "2", "2", "-"],
]
BY_REGION = [
    ["Приложение 1", "", "", "", ""],
    ["Период", "Страна гражданства", "Всего", "в том числе:", ""],
    ["", "", "", "муж.", "жен."],
    ["А", "Б", "1", "2", "3"],
    ["", "Ахалский велаят", "", "", ""],
    ["2026-03", "Турция", "10", "7", "3"],
    ["2026-03", "Узбекистан", "5", "1", "4"],
    ["", "Итого по Ахалскому велаяту", "15", "8", "7"],
    ["", "Марыйский велаят", "", "", ""],
    ["2026-03", "Турция", "4", "4", "0"],
    ["", "Итого по Марыйскому велаяту", "4", "4", "0"],
    ["", "Всего", "19", "12", "7"],
    ["", "", "", "", ""],
    ["Начальник отдела", "", "", "А. Аманов", ""],
]


def test_a_cross_tab_under_two_rows_of_headers_is_asked_about_with_its_picture(tmp_path):
    source = opened(plain(CROSS_TAB), tmp_path, FORM)
    (question,) = source.layout.questions
    assert (question.id, question.answer, source.layout.refusal) == ("shape", None, None)
    before, after = question.picture["before"], question.picture["after"][0]
    assert before["head"] == ["", "A", "B", "C", "D", "E"]
    assert before["rows"][2] == ["4", "2026-03", "Турция", "10", "7", "3"]
    assert [head["en"] for head in after["head"][-2:]] == ["Sex", "Number"]
    assert after["rows"][:2] == [
        ["2026-03", "Турция", "M", "7"],
        ["2026-03", "Турция", "F", "3"],
    ]
    label = question.choices[0]["label"]
    assert "D, E" in label["en"] and "C" in label["en"] and label["ru"] and label["tk"]


def test_a_confirmed_cross_tab_becomes_rows_whose_totals_are_right(tmp_path):
    rows = records_of(confirmed(plain(CROSS_TAB), tmp_path, FORM), FORM)
    assert totals(rows, "sex") == {"M": 10, "F": 7}
    assert [row["cell"] for row in rows] == ["D4", "E4", "D5", "E5", "D6"]  # E6 is a dash


def test_in_a_workbook_merged_headers_are_read_alike(tmp_path):
    rows = records_of(confirmed(xlsx(Sheet=CROSS_TAB), tmp_path, FORM), FORM)
    assert totals(rows, "sex", "citizenship")["F", "Турция"] == 3


def test_a_table_with_headings_subtotals_numbers_and_a_signature_keeps_only_its_cells(tmp_path):
    source = confirmed(plain(BY_REGION), tmp_path, WITH_REGION)
    rows = records_of(source, WITH_REGION)
    assert totals(rows, "region", "sex") == {
        ("Ахалский велаят", "M"): 8,
        ("Ахалский велаят", "F"): 7,
        ("Марыйский велаят", "M"): 4,
        ("Марыйский велаят", "F"): 0,
    }
    assert source.plain.skipped == {
        "numbering": 1,
        "heading": 2,
        "total": 3,
        "blank": 1,
        "signature": 1,
    }


@pytest.mark.parametrize(
    "row, column, text, told",
    [
        (5, 2, "11", "C6: 11 ≠ 10"),
        (7, 3, "9", "D8: 9 ≠ 8"),
        (11, 4, "8", "E12: 8 ≠ 7"),
    ],
)
def test_a_total_that_is_not_the_sum_stops_the_file_with_both_numbers_and_its_cell(
    tmp_path, row, column, text, told
):
    table = [list(line) for line in BY_REGION]
    table[row][column] = text
    with pytest.raises(FileRefused) as refused:
        records_of(confirmed(plain(table), tmp_path, WITH_REGION), WITH_REGION)
    assert refused.value.refusal.code == "totals_differ"
    assert told in refused.value.refusal.where


def test_none_of_the_pictures_refuses_the_file_and_can_be_answered_anew(tmp_path):
    layout = opened(plain(CROSS_TAB), tmp_path, FORM, {"shape": "none"}).layout
    assert (layout.refusal.code, layout.questions[0].answer) == ("none_fits", "none")


def test_a_cell_that_is_no_number_is_told_by_its_own_column(tmp_path):
    table = [list(line) for line in CROSS_TAB]
    table += [["2026-03", country, "2", "1", "1"] for country in ("TUR", "AFG", "KAZ", "IND")]
    table[4][4] = "4a"
    rows = records_of(confirmed(plain(table), tmp_path, FORM), FORM)
    assert [row["cell"] for row in rows if row["count"] == "4a"] == ["E5"]


def test_letters_that_another_language_may_mean_are_no_sex():
    rows = [["Period", "Citizenship", "H", "M"], ["2026-03", "TUR", "3", "4"]]
    assert proposals(rows, FORM, {}) == []
    rows[0][2:] = ["F", "M"]
    assert [dict(c) for c in proposals(rows, FORM, {})[0].wide.values()] == [
        {"sex": "F"},
        {"sex": "M"},
    ]


def test_months_in_columns_and_a_year_beside_them_become_periods(tmp_path):
    table = [
        ["Year", "Citizenship", "Sex", "Enero", "Febrero", "March"],
        ["2026", "TUR", "F", "3", "4", "5"],
        ["2025", "TUR", "M", "1", "2", "6"],
    ]
    rows = records_of(confirmed(plain(table), tmp_path, FORM), FORM)
    assert totals(rows, "event_date") == {
        "2026-01": 3,
        "2026-02": 4,
        "2026-03": 5,
        "2025-01": 1,
        "2025-02": 2,
        "2025-03": 6,
    }


def test_bare_numbers_beside_a_year_are_months_and_numbers_of_columns_are_none(tmp_path):
    numbers = [*map(str, range(1, 13))]
    table = [["Year", "Citizenship", "Sex", *numbers]]
    table += [["2026", "TUR", "F", *numbers], ["2025", "UZB", "M", *["0"] * 12]]
    counted = totals(records_of(confirmed(plain(table), tmp_path, FORM), FORM), "event_date")
    assert [counted[f"2026-{month:02}"] for month in range(1, 13)] == [*range(1, 13)]
    for few in (["1", "2"], ["1", "2", "3", "4"]):  # codes of sex, quarters
        table = [["Year", "Citizenship", "Sex", *few], ["2026", "TUR", "F", *few]]
        assert not any("event_date" in s.variables for s in proposals(table, FORM, {}))
    numbered = [["Period", "Citizenship", "women", "men"], ["1", "2", "3", "4"]]
    (shape,) = proposals([*numbered, ["2026-01", "TUR", "3", "4"]], FORM, {})
    assert (shape.header, shape.variables) == ((0, 0), ("sex",))


def test_of_headers_that_stand_twice_one_set_is_chosen_and_the_other_said_to_be_left_out(tmp_path):
    table = [
        ["Period", "Citizenship", "Arrivals", "", "", "Departures", "", ""],
        ["", "", "total", "women", "men", "total", "women", "men"],
        ["2026-03", "TUR", "7", "3", "4", "18", "10", "8"],
        ["2026-03", "UZB", "3", "1", "2", "50", "20", "30"],
    ]
    (question,) = opened(plain(table), tmp_path, FORM).layout.questions
    arrivals, departures = (choice["label"]["en"] for choice in question.choices[:2])
    assert "the numbers of F, G, H are left out" in arrivals
    assert "the numbers of C, D, E are left out" in departures
    for choice, counted in enumerate([{"F": 4, "M": 6}, {"F": 30, "M": 38}]):
        rows = records_of(confirmed(plain(table), tmp_path, FORM, choice=choice), FORM)
        assert totals(rows, "sex") == counted


def test_a_total_of_which_nobody_knows_the_parts_is_left_out_with_those_that_stand_twice():
    rows = [["Period", "Citizenship", "total", "women", "men", "women", "men", "visits"]]
    rows += [["2026-03", "TUR", "7", "3", "4", "9", "9", "5"]]
    shapes = proposals(rows, FORM, {})
    assert [sorted(shape.wide) for shape in shapes] == [[3, 4], [5, 6]]
    assert Search(rows, FORM, {}).left_out(shapes[0]) == [2, 5, 6, 7]


def test_two_tables_side_by_side_are_refused_until_the_columns_of_one_are_named(tmp_path):
    head = ["Period", "Citizenship", "Sex", "Count"]
    table = [[*head, "", *head], ["2026-03", "TUR", "F", "3", "", "2026-04", "UZB", "M", "9"]]
    table += [["2026-03", "TUR", "M", "2", "", "", "", "", ""]]
    refused = opened(plain(table), tmp_path, FORM).layout.refusal
    assert (refused.code, refused.where) == ("side_by_side", "A–D, F–I")
    names = ("event_date", "citizenship", "sex", "count")
    mixed = {"columns": dict(zip(names, "ABHI", strict=True))}
    assert opened(plain(table), tmp_path, FORM, mixed).layout.refusal.code == "side_by_side"
    for letters, counted in (("ABCD", {"F": 3, "M": 2}), ("FGHI", {"M": 9})):
        answers = {"columns": dict(zip(names, letters, strict=True))}
        source = opened(plain(table), tmp_path, FORM, answers)
        assert source.layout.refusal is None
        assert totals(records_of(source, FORM), "sex") == counted


def test_a_total_of_the_table_beside_ends_no_row_of_this_one(tmp_path):
    head = ["Period", "Citizenship", "Sex", "Count"]
    table = [[*head, "", *head], ["2026-03", "TUR", "F", "3", "", "2026-03", "UZB", "M", "9"]]
    table += [["2026-03", "TUR", "M", "2", "", "Total", "", "", "9"]]
    answers = {
        "columns": dict(zip(("event_date", "citizenship", "sex", "count"), "ABCD", strict=True))
    }
    assert totals(records_of(opened(plain(table), tmp_path, FORM, answers), FORM), "sex") == {
        "F": 3,
        "M": 2,
    }


def test_a_column_beyond_two_tables_belongs_to_the_one_that_is_named(tmp_path):
    table = [
        [
            "Name",
            "Sex",
            "Citizenship",
            "",
            "Name",
            "Sex",
            "Citizenship",
            "",
            "Record number",
            "Date",
        ]
    ]
    table.append(["", "F", "TUR", "", "", "M", "UZB", "", "W-1", "01.03.2026"])
    columns = {"sex": "B", "citizenship": "C", "record_ref": "I", "event_date": "J"}
    layout = opened(plain(table), tmp_path, ALL["SMS-WPF"], {"columns": columns}).layout
    assert layout.refusal is None or layout.refusal.code != "side_by_side"


def test_of_tables_side_by_side_no_key_of_a_person_is_made_of_the_names_of_the_other(tmp_path):
    head = ["Record number", "Name", "Sex", "Citizenship", "Date"]
    table = [[*head, "", *head]]
    table.append(["W-1", "Anna", "F", "TUR", "01.03.2026", "", "W-2", "Murat", "M", "UZB", ""])
    answers = {"columns": {"record_ref": "A", "sex": "C", "citizenship": "D", "event_date": "E"}}
    columns = opened(plain(table), tmp_path, ALL["SMS-WPF"], answers).layout.columns
    assert [c.how for c in columns if c.position in (1, 7)] == ["forbidden", "forbidden"]
    assert identity_columns(columns) == ([], [1])


def test_an_empty_column_inside_one_table_makes_no_two_of_it(tmp_path):
    table = [["Period", "Citizenship", "", "Sex", "Count"], ["2026-03", "TUR", "", "F", "3"]]
    layout = opened(plain(table), tmp_path, FORM).layout
    assert (layout.refusal, layout.questions) == (None, [])


def test_years_over_sexes_in_three_rows_of_headers_become_both(tmp_path):
    yearly = form_of("SMS-WPF", "sex", "citizenship", frequency="A")
    table = [
        ["Citizenship", "Number of workers", "", "", "", "", ""],
        ["", "2024", "", "", "2025", "", ""],
        ["", "total", "women", "men", "total", "women", "men"],
        ["TUR", "5", "2", "3", "9", "4", "5"],
        ["UZB", "1", "1", "0", "2", "1", "1"],
    ]
    rows = records_of(confirmed(plain(table), tmp_path, yearly), yearly)
    assert totals(rows, "event_date", "sex") == {
        ("2024", "F"): 3,
        ("2024", "M"): 3,
        ("2025", "F"): 5,
        ("2025", "M"): 6,
    }


def test_the_total_of_one_variable_is_compared_by_the_rules_and_in_no_other_total(tmp_path):
    table = [["Period", "Citizenship", "Sex", "Headcount"]]
    table += [["2026-01", "TUR", sex, n] for sex, n in (("F", "3"), ("M", "4"), ("Total", "7"))]
    table += [["", "Grand total", "", "7"]]
    source = confirmed(plain(table), tmp_path, FORM)
    assert [(r["sex"], r["count"]) for r in records_of(source, FORM)] == [
        ("F", "3"),
        ("M", "4"),
        ("Total", "7"),
    ]
    assert source.plain.skipped == {"total": 1}


def test_not_stated_below_a_country_is_no_blank_that_repeats_it():
    rows = [["Period", "Citizenship", "Count"], ["2026-01", "Zimbabwe", "1"]]
    rows += [["2026-02", "", "2"], ["2026-01", "Not stated", "3"], ["2026-02", "", "4"]]
    shape, as_it_stands = proposals(rows, FORM, {})
    assert (shape.fill_down, as_it_stands.fill_down) == ((1,), ())
    texts = PlainTable(shape, rows).texts_of(rows[1:])
    assert [row[1] for row in texts] == ["Zimbabwe", "Zimbabwe", "Not stated", "Not stated"]


def test_a_blank_sex_is_not_stated_and_no_sex_above_it_is_meant():
    rows = [["Period", "Citizenship", "Sex", "Count"], ["2026-01", "TUR", "F", "1"]]
    rows += [["2026-01", "UZB", "", "2"], ["2026-01", "CHN", "", "4"]]
    assert proposals(rows, FORM, {}) == []


def test_a_group_header_counts_for_the_columns_to_its_right():
    rows = [["Country", "Total", "of which", "", "Note"], ["", "", "women", "men", ""]]
    assert levels_of(rows, 0, 1) == [
        ("Country",),
        ("Total",),
        ("of which", "women"),
        ("of which", "men"),
        ("Note",),
    ]


def test_what_is_about_persons_is_masked_in_the_picture(tmp_path):
    table = [
        ["", "", "", "Period", ""],
        ["Фамилия", "Record number", "Дата", "month", "year"],
        ["Аманов Аман", "WP-1", "", "3", "2026"],
        ["Амановa Айна", "WP-2", "", "3", "2026"],
    ]
    layout = opened(plain(table), tmp_path, ALL["SMS-WPF"]).layout
    assert [q.id for q in layout.questions] == ["shape"]
    assert "Аман" not in str(layout.questions)
    assert "WP-1" not in str(layout.questions)


def test_a_shape_that_the_file_does_not_have_is_refused(tmp_path):
    other = Shape((0, 0), wide={8: {"sex": "F"}, 9: {"sex": "M"}}).as_text()
    with pytest.raises(FileRefused) as refused:
        opened(plain(CROSS_TAB), tmp_path, FORM, {"shape": other})
    assert refused.value.refusal.code == "other_shape"


@pytest.mark.parametrize(
    "answer",
    [
        "{}",
        '{"header": [2, 1]}',
        '{"header": [1, 1], "wide": {"F": {"sex": "Q"}}}',
        '{"header": [1, 1], "wide": {"F": {"colour": "F"}}}',
        '{"header": [1, 1], "count": "F; DROP"}',
        '{"header": [1, 1], "run": "x"}',
        "[1]",
        "{",
        7,
    ],
)
def test_an_answer_that_is_no_shape_cannot_be_used(answer):
    assert bad_answer({"shape": answer}, FORM).questions == ("shape",)


def test_a_shape_is_written_down_and_read_again():
    shape = Shape(
        (1, 2),
        {3: {"sex": "F"}, 4: {"sex": "M"}, 5: {"sex": "_T"}},
        fill_down=(0,),
        headings="region",
        dates={"year": 0, "month": 1},
        adds_up=True,
    )
    assert Shape.of(shape.as_text()) == Shape.of(shape.as_json()) == shape
    assert shape.fits(WITH_REGION) and not shape.fits(FORM)


def test_a_text_of_columns_of_fixed_width_is_refused_for_that_reason(tmp_path):
    lines = ["REF       SEX  CIT   DATE", "WP-000001 F    TUR   01.03.2026"]
    lines += ["WP-000002 M    UZB   02.03.2026", "WP-000003 F    CHN   03.03.2026"]
    with pytest.raises(FileRefused) as refused:
        opened("\n".join(lines).encode(), tmp_path, ALL["SMS-WPF"])
    assert refused.value.refusal.code == "fixed_width"


SEXES = ("F", "M", "_O", "_U")
HEADS = ("women", "men", "other", "not stated", "total")
CELLS = st.dictionaries(
    st.tuples(
        st.sampled_from(["TUR", "UZB", "CHN", "AFG"]), st.sampled_from(["2026-01", "2026-02"])
    ),
    st.lists(st.integers(0, 9999), min_size=4, max_size=4),
    min_size=1,
)


def pivoted(cells):
    rows = [["Period", "Citizenship", *HEADS]]
    for (country, period), counts in cells.items():
        rows.append([period, country, *map(str, counts), str(sum(counts))])
    return rows


SHAPE = Shape(
    (0, 0),
    {2 + k: {"sex": code} for k, code in enumerate((*SEXES, "_T"))},
)


@settings(deadline=None)
@given(CELLS)
def test_a_pivoted_table_made_long_again_is_the_table(cells):
    rows = pivoted(cells)
    texts = PlainTable(SHAPE, rows).texts_of(rows[1:])
    long = [(row[1], row[0], row[7], int(row[8])) for row in texts]
    whole = {
        (country, period, sex, count)
        for (country, period), counts in cells.items()
        for sex, count in zip(SEXES, counts, strict=True)
    }
    assert len(long) == len(set(long))
    assert set(long) == whole
    assert sum(count for *_rest, count in long) == sum(map(sum, cells.values()))


@settings(deadline=None)
@given(st.lists(st.integers(0, len(BY_REGION) - 3), max_size=4))
def test_where_a_file_is_cut_into_blocks_changes_nothing(cuts):
    shape = proposals(BY_REGION, WITH_REGION, {})[0]
    body = BY_REGION[3:]
    whole = PlainTable(shape, BY_REGION).texts_of(body)
    table = PlainTable(shape, BY_REGION)
    bounds = sorted({0, *cuts, len(body)})
    parts = [body[a:b] for a, b in itertools.pairwise(bounds)]
    assert [row for part in parts for row in table.texts_of(part)] == whole


def test_a_million_rows_are_not_loaded_at_once():
    """The blocks of a generator come through one by one."""
    shape, seen = SHAPE, []

    def blocks():
        for k in range(3):
            seen.append(k)
            yield block_of(pivoted({("TUR", "2026-01"): [k, 1, 1, 1]})[1:])

    plain_blocks = PlainTable(shape, pivoted({})).blocks(blocks())
    assert isinstance(next(plain_blocks), FileBlock)
    assert seen == [0]


def block_of(rows):
    return block_of_rows(rows, len(rows[0]))


def test_a_csv_with_quoted_line_breaks_in_headers_is_read_by_its_rows(tmp_path):
    out = io.StringIO()
    csv.writer(out).writerows(
        [["Period", "Citizenship\n(country)", "women", "men"], ["2026-01", "TUR", "1", "2"]]
    )
    rows = records_of(confirmed(out.getvalue().encode(), tmp_path, FORM), FORM)
    assert [row["cell"] for row in rows] == ["C2", "D2"]


def work_permits():
    """The rows of a Swedish sheet: a country once, then its occupations, a sum, and the headers again."""
    return form_of("SMS-WPF", "sex", "citizenship", "occupation")


@real
def test_a_swedish_sheet_of_blocks_with_sums_and_repeated_headers_keeps_its_total(tmp_path):
    spec = work_permits()
    content = (DATA / "se_work_permits_2018.xlsx").read_bytes()
    answers = {"sheet": "#8", "columns": {"citizenship": "B", "occupation": "D", "sex": "none"}}
    source = opened(content, tmp_path, spec, answers)
    shape = next(q for q in source.layout.questions if q.id == "shape").choices[0]["value"]
    rows = pd.read_excel(
        DATA / "se_work_permits_2018.xlsx",
        sheet_name=7,
        header=None,
        dtype=object,
        engine="calamine",
    )[10:]
    rows = rows.assign(country=rows[1].ffill(), count=pd.to_numeric(rows[4], errors="coerce"))
    sums = rows[3].astype(str).str.startswith("Summa") | rows[1].astype(str).eq("TOTALT")
    rows = rows[rows["count"].notna() & ~sums]
    table = PlainTable(Shape.of(shape), beginning(tmp_path, spec))
    blocks = list(table.blocks(iter([whole_sheet(content)])))
    counted = pd.DataFrame(
        {
            "country": [t for b in blocks for t in b.cells[1].to_pylist()],
            "count": [int(t) for b in blocks for t in b.cells[4].to_pylist()],
        }
    )
    assert counted["count"].sum() == rows["count"].sum() == 20841
    assert counted.groupby("country")["count"].sum().to_dict() == (
        rows.groupby("country")["count"].sum().astype(int).to_dict()
    )
    assert table.skipped["total"] == rows.country.nunique() + 2
    assert table.skipped["header"] == rows.country.nunique() - 1


def beginning(folder, spec):
    return sheet_rows((DATA / "se_work_permits_2018.xlsx").read_bytes())[:40]


def sheet_rows(content):
    limits = asdict(Limits())
    sheets, _names = sheets_of(HeldFile(content), "xlsx", limits)
    return [*sheets.values()][7].cells().rows


def whole_sheet(content):
    return block_of(sheet_rows(content)[10:])


@real
def test_one_table_of_purposes_in_two_encodings_becomes_the_same_rows():
    spec = form_of("SMS-BCR", "citizenship", "purpose")
    answers = {"aliases": {"purpose": {"personal": "PRIVATE", "other": "OTHER"}}}
    long = []
    for name, encoding in (
        ("russia_migration_by_country_cp1251.csv", "cp1251"),
        ("russia_migration_by_country_cyrillic_utf8.csv", "utf-8"),
    ):
        rows = rows_of(name, encoding=encoding)
        (shape,) = proposals(rows, spec, answers)
        texts = PlainTable(shape, rows).texts_of(rows[1:])
        long.append({(row[1], row[20], int(row[21])) for row in texts})
        table = pd.read_csv(DATA / name, encoding=encoding)
        parts = ["tourism", "study", "work", "personal", "other"]
        assert len(texts) == len(table) * len(parts)
        assert sum(int(row[21]) for row in texts) == table.base.sum() == table[parts].sum().sum()
    assert long[0] == {row for row in long[1] if row[0] in {name for name, *_ in long[0]}}


def test_the_refusal_of_counts_names_the_form_that_takes_them(tmp_path):
    crossings = ALL["SMS-BCR"]
    table = plain([["Citizenship", "women", "men"], ["TUR", "3", "4"], ["UZB", "1", "2"]])
    refused = opened(table, tmp_path, crossings).layout.refusal
    assert (refused.code, refused.where) == ("table_of_counts", "B–C")
    assert "(SMS-BCR-AGG)" in refused.message["en"] and "not deliver yet" in refused.message["en"]
    form = form_of("SMS-BCR", "sex", "citizenship")
    delivered = opened(table, tmp_path, crossings, others=[form]).layout.refusal
    assert "choose “Border crossings, counts (SMS-BCR-AGG)”" in delivered.message["en"]
    single = next(s for s in ALL.values() if not s.is_counts and "aggregate" not in s.raw)
    without = opened(table, tmp_path, single).layout.refusal
    assert "takes no counts" in without.message["en"]


def single_records(*counts):
    heads = [*files.WPF, "Количество"]
    rows = [[*(files.WPF | {"record_ref": f"WP-{k}"}).values(), c] for k, c in enumerate(counts, 1)]
    return plain([heads, *rows])


@pytest.mark.parametrize(
    "counts, cell",
    [(["1", "1", "3"], "M4: 3"), ([*["1"] * 3000, "2"], "M3002: 2"), (["1", "0"], "M3: 0")],
)
def test_a_column_of_counts_beside_single_records_stops_the_file_where_a_row_is_not_one(
    tmp_path, counts, cell
):
    spec = ALL["SMS-WPF"]
    with pytest.raises(FileRefused) as refused:
        records_of(opened(single_records(*counts), tmp_path, spec), spec)
    assert (refused.value.refusal.code, refused.value.refusal.where) == ("table_of_counts", cell)


@pytest.mark.parametrize("counts", [["1", "1", "1"], ["1", "2", "3"], ["", "", ""]])
def test_ones_and_numbers_of_rows_are_no_counts(tmp_path, counts):
    spec = ALL["SMS-WPF"]
    assert len(records_of(opened(single_records(*counts), tmp_path, spec), spec)) == 3


@pytest.mark.parametrize(
    "name, told",
    [
        ("Zenanlar_Ahal welaýaty_2026-03.xlsx", {"sex": "F", "region": "TM-A"}),
        ("мужчины март 2026.csv", {"sex": "M", "event_date": "2026-03"}),
        ("women and men.csv", {}),
        ("Report M.csv", {}),
    ],
)
def test_what_the_name_of_a_file_says_is_proposed(name, told):
    proposed = constants_of(name, WITH_REGION)
    assert {k: v for k, v in proposed.items() if k in ("sex", "region", "event_date")} == (
        told | ({"event_date": "2026-03"} if "2026-03" in name else {})
    )


def test_a_shape_that_was_confirmed_holds_for_the_next_file_with_the_same_headers_alone():
    shape = proposals(CROSS_TAB, FORM, {})[0]
    said = {"shape": shape.as_text()}
    first = mapped(CROSS_TAB, FORM, said)
    known = {"id": 7, "keys": list(first.layout.keys), "answers": lasting(said, first.layout.keys)}
    lower = [["Приложение 2"], *CROSS_TAB]
    again = mapped(lower, FORM, {}, Context(layouts=[known]))
    assert again.plain.shape.header == (2, 3)
    assert again.plain.shape.wide == first.plain.shape.wide
    assert (again.layout.memory.layout, again.layout.memory.exact) == (7, True)
    moved = [[*row[:2], *row[3:], row[2]] for row in CROSS_TAB]
    other = mapped(moved, FORM, {}, Context(layouts=[known]))
    assert other.plain is None
    assert [q.id for q in other.layout.questions] == ["shape"]


@pytest.mark.parametrize("counts", [["7", "8"], ["-", "-"]])
def test_what_a_row_states_is_never_replaced_by_the_value_above(counts):
    rows = [
        ["Period", "Region", "Citizenship", "Women", "Men"],
        ["2026-01", "Ahal", "TUR", "1", "2"],
        ["2026-01", "", "UZB", "3", "4"],
        ["2026-01", "Balkan", "TUR", *counts],
        ["2026-01", "", "UZB", "5", "6"],
    ]
    shape = next(s for s in proposals(rows, WITH_REGION, {}) if s.fill_down)
    regions = [row[1] for row in PlainTable(shape, rows).texts_of(rows[1:])]
    assert set(regions[-2:]) == {"Balkan"}
    assert "Balkan" not in regions[:4]
