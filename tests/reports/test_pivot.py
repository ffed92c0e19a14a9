"""A table as rows and columns: whatever is asked, its parts, sub-totals and totals add up."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest
from django.http import QueryDict
from hypothesis import given
from hypothesis import strategies as st

from reports.designs import datasets
from reports.published import groups, pivot
from reports.published.editions import Edition
from reports.published.figures import MISSING, NORMAL, Row, Table
from reports.published.groups import groupings_of
from reports.published.structure import OTHERS, Unknown
from standards.sex import Figures

MONTHS = [f"{year}-{month:02}" for year in (2025, 2026) for month in range(1, 13)]
STRUCTURE = datasets.datasets()["WPF"].structure(MONTHS)
EDITION = Edition(1, "WPF", 1, STRUCTURE, (), "0", datetime(2026, 11, 1, tzinfo=UTC))
BASE = STRUCTURE.base
DIMENSIONS = ("SKILL", "OCCUPATION", "YEAR", "REGION")
counts = st.integers(0, 400).map(lambda n: n * BASE)


def code_of(name):
    return st.sampled_from([item.code for item in STRUCTURE.by_name[name].items][:4])


@st.composite
def drawings(draw, at_least=0):
    """Some dimensions, how many of these go into the rows, and counts and a status for some of their codes."""
    by = tuple(draw(st.permutations(DIMENSIONS))[: draw(st.integers(0, 4))])
    places = st.tuples(*map(code_of, by))
    said = st.tuples(counts, counts, counts, st.sampled_from((NORMAL, MISSING)))
    found = draw(st.dictionaries(places, said, min_size=at_least, max_size=12))
    return by, draw(st.integers(0, len(by))), found


def turned_from(drawing):
    """Return the table of a drawing (hypothesis shows drawings; a whole structure is too long), its rows and columns."""
    by, width, found = drawing
    order = [{i.code: k for k, i in enumerate(STRUCTURE.by_name[name].items)} for name in by]
    rows = [
        Row(codes, Figures(*found[codes][:3], BASE), found[codes][3])
        for codes in sorted(found, key=lambda c: [o[x] for o, x in zip(order, c, strict=True)])
    ]
    return Table(EDITION, by, rows), by[:width], by[width:]


def sum_of(found):
    return tuple(sum(column) for column in zip(*found, strict=True)) or (0, 0, 0)


def three(figures):
    return (0, 0, 0) if figures is None else (figures.f, figures.m, figures.o)


@given(drawings())
def test_women_men_and_other_are_the_total_and_sub_totals_add_up(drawn):
    table, rows, cols = turned_from(drawn)
    turned = pivot.turn(table, rows, cols)
    figures = {
        (line.codes, head): three(line.figures[k])
        for line in turned.lines
        for k, head in enumerate(turned.heads)
    }
    for line in turned.lines:
        for k, _head in enumerate(turned.heads):
            cells = line.cells[k * 5 : k * 5 + 4]
            if line.figures[k] is not None:
                assert sum(cell.value for cell in cells[:3]) == cells[3].value
        below = [one.codes for one in turned.lines if one.codes[:-1] == line.codes and one.codes]
        for head in turned.heads:
            if len(line.codes) < len(rows) and below:
                assert figures[line.codes, head] == sum_of(figures[codes, head] for codes in below)
        if () in turned.heads and len(turned.heads) > 1:
            beside = [figures[line.codes, head] for head in turned.heads if head]
            assert figures[line.codes, ()] == sum_of(beside)
    whole = turned.lines[0]
    assert whole.codes == ()
    assert sum_of(three(row.figures) for row in table.rows) == (
        three(whole.figures[-1]) if table.rows else (0, 0, 0)
    )


@given(
    drawings(at_least=1),
    st.sampled_from(list(pivot.PARTS)),
    st.integers(0, 1000),
    st.sampled_from(("", "-")),
)
def test_sorting_and_shading_change_no_figure_and_keep_every_line_below_its_own(
    drawn, measure, column, sign
):
    table, rows, cols = turned_from(drawn)
    plain = pivot.turn(table, rows, cols, measure)
    known = pivot.keys(plain.heads, measure)
    key = known[column % len(known)]
    turned = pivot.turn(table, rows, cols, measure, sort=sign + key, shaded=True)
    assert {line.codes: line.figures for line in plain.lines} == {
        line.codes: line.figures for line in turned.lines
    }
    place = pivot.keys(plain.heads, measure).index(key)
    above = []
    for line in turned.lines:
        above = above[: max(len(line.codes) - 1, 0)]
        assert tuple(above) == line.codes[:-1] or not line.codes
        above += line.codes[-1:]
        assert all(0 <= cell.shade <= pivot.SHADES for cell in line.cells)
        if len(line.codes) < len(rows):
            assert not any(cell.shade for cell in line.cells)
    first = [line for line in turned.lines if len(line.codes) == 1]
    values = [line.cells[place].value for line in first if line.cells[place].value is not None]
    assert values == sorted(values, reverse=bool(sign))


@given(drawings(at_least=1))
def test_shares_of_a_row_are_of_all_its_people_and_those_of_a_column_of_one_sex(drawn):
    table, rows, cols = turned_from(drawn)
    of_row = pivot.turn(table, rows, cols, pivot.OF_ROW)
    of_column = pivot.turn(table, rows, cols, pivot.OF_COLUMN)
    inner = [k for k, head in enumerate(of_row.heads) if head or len(of_row.heads) == 1]
    for line in of_row.lines:
        people = [line.cells[4 * k + part].value for k in inner for part in range(3)]
        if people and None not in people:
            assert sum(people) == pytest.approx(100) or not any(people)
    for k in range(len(of_column.heads) * 4):
        shares = [line.cells[k].value for line in of_column.lines if len(line.codes) == len(rows)]
        if rows and shares and None not in shares:
            assert sum(shares) == pytest.approx(100) or not any(shares)


@given(drawings(at_least=1), st.data())
def test_groups_keep_the_total_and_every_other_column_as_it_is(drawn, data):
    table, rows, cols = turned_from(drawn)
    names = [name for name in table.by if name in ("OCCUPATION", "REGION")]
    if not names:
        return
    name = data.draw(st.sampled_from(names))
    codes = [item.code for item in STRUCTURE.by_name[name].items]
    chosen = data.draw(st.lists(st.sampled_from(codes), min_size=1, unique=True))
    query = QueryDict(mutable=True)
    query["group"] = groups.text_of(name, "Mine", chosen)
    grouped = groups.grouped(table, groupings_of(query, STRUCTURE))
    assert grouped.total == table.total
    place = table.by.index(name)
    assert {row.codes[place] for row in grouped.rows} <= {"_G1", OTHERS}
    mine = [row for row in table.rows if row.codes[place] in chosen]
    inside = [row for row in grouped.rows if row.codes[place] == "_G1"]
    assert sum_of(three(r.figures) for r in mine) == sum_of(three(r.figures) for r in inside)
    pivot.turn(grouped, rows, cols)


def one_column(*counted):
    rows = [
        Row((code,), Figures(*numbers, BASE))
        for code, numbers in zip(("OC1", "OC2", "OC3"), counted, strict=False)
    ]
    return Table(EDITION, ("OCCUPATION",), rows)


def test_a_figure_is_marked_where_the_base_is_more_than_a_tenth_of_it():
    turned = pivot.turn(one_column((27, 30, 0), (300, 300, 3)), ("OCCUPATION",), ())
    total, first, second = turned.lines
    assert [cell.rough for cell in first.cells[:4]] == [True, False, False, False]
    assert [cell.rough for cell in second.cells[:4]] == [False, False, True, False]
    assert [cell.rough for cell in total.cells[:4]] == [False, False, True, False]


def test_no_share_of_fewer_than_a_hundred_is_shown():
    turned = pivot.turn(one_column((27, 30, 0), (300, 300, 0)), ("OCCUPATION",), ())
    shares = [line.cells[4] for line in turned.lines]
    assert [(cell.value, cell.sign) for cell in shares][1:] == [(None, ".."), (50.0, "")]


def test_the_change_of_a_period_is_that_of_the_same_period_a_year_before():
    by = ("OCCUPATION", "YEAR")
    now = Table(EDITION, by, [Row(("OC1", "2026"), Figures(300, 150, 0, BASE))])
    then = Table(EDITION, by, [Row(("OC1", "2026"), Figures(200, 153, 0, BASE))])
    change = pivot.turn(now, by[:1], by[1:], pivot.CHANGE, before=then).lines[1].cells
    assert [(cell.value, cell.rough) for cell in change[:2]] == [(100, False), (-3, True)]
    growth = pivot.turn(now, by[:1], by[1:], pivot.GROWTH, before=then).lines[1].cells
    assert growth[0].value == 50
    nothing = replace(then, rows=[])
    lacks = pivot.turn(now, by[:1], by[1:], pivot.CHANGE, before=nothing).lines[1].cells
    assert {(cell.value, cell.sign) for cell in lacks} == {(None, "…")}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("OCCUPATION", "names a dimension, a group and its codes"),
        ("OCCUPATION:=OC1", "names a dimension"),
        ("SHOE:Mine=OC1", "There is no dimension “SHOE”"),
        ("SEX:Mine=F", "Sex and periods are not grouped"),
        ("YEAR:Mine=2025", "Sex and periods are not grouped"),
        ("MONTH:Mine=2025-01", "Sex and periods are not grouped"),
        ("OCCUPATION:Mine=OC1+OC99", "has no code “OC99”"),
        ("OCCUPATION:Mine=+", "has no codes"),
        ("OCCUPATION:%00=OC1", "The name of a group has 1 to 40 letters"),
        (f"OCCUPATION:{'x' * 41}=OC1", "The name of a group has 1 to 40 letters"),
        ("OCCUPATION:A=OC1&group=OCCUPATION:B=OC1", "would be counted twice"),
        ("OCCUPATION:A=OC1&group=OCCUPATION:A=OC2", "Two groups have the name “A”"),
        ("OCCUPATION:M49", "is no list of countries"),
        ("&group=".join(f"OCCUPATION:A{k}=OC1" for k in range(31)), "30 times at most"),
    ],
)
def test_a_group_that_cannot_be_made_is_refused_with_its_reason(text, said):
    with pytest.raises(Unknown) as refused:
        groupings_of(QueryDict(f"group={text}"), STRUCTURE)
    assert refused.value.parameter == "group"
    assert said in str(refused.value)


def test_the_regions_of_the_world_hold_every_country_once():
    grouping = groupings_of(QueryDict("group=CITIZENSHIP:M49"), STRUCTURE)["CITIZENSHIP"]
    assert grouping.code_of("KAZ") == grouping.code_of("UZB") == "143"
    assert grouping.code_of("XXX") == OTHERS
    held = [code for group in grouping.groups for code in group.codes]
    assert len(held) == len(set(held)) > 200
