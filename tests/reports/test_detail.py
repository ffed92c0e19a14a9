"""The charts that show a dataset in detail: its largest codes over time, and who moves from where to where."""

import re
from html import unescape

import pytest
from django.utils.html import strip_tags

from reports.charts.kinds import kinds_of
from reports.published import editions, figures
from reports.published.structure import TIME
from standards import numbers
from standards.periods import periods_between
from tests.reports.conftest import ALIKE, draw

IN = {"FLOW": ["IN"]}
QUARTERS = periods_between("2024-Q1", "2025-Q4")
LATE, FEW = "2024-Q3", "2024-Q2"


@pytest.fixture
def arrivals(accept, publish):
    """Arrivals of two years; of one quarter nothing is delivered, of one very few women."""
    delivered = [quarter for quarter in QUARTERS if quarter != LATE]
    rows = draw("STA-SLP", delivered, 800, seed=9)
    for k, row in enumerate(rows):
        country, region = ("RUS", "FRA", "RUS", "XXX")[k // ALIKE % 4], ("TM-S", "TM-A")[k % 7 > 3]
        away = row["extras"]["flow"] == "OUT"
        moved = {"prev_residence": region if away else country}
        moved["next_residence"] = country if away else region
        row["extras"] |= moved
    few = [row for row in rows if row["period"] == FEW and row["sex"] == "F"]
    for row in few[3 * ALIKE :]:
        row["sex"] = "M"
    accept("STA-SLP", rows)
    publish("SLP")
    return editions.latest("SLP")


def main_of(response):
    assert response.status_code == 200
    return response.content.decode().split("<main", 1)[1]


def text_of(html):
    return " ".join(unescape(strip_tags(html)).split())


def content_of(response):
    return b"".join(response).decode()


def test_charts_in_detail(client, arrivals):
    _the_largest_codes_have_a_panel_each(arrivals)
    _a_chart_tells_its_figures_and_no_others(client, arrivals)
    _the_matrix_adds_up_to_all_who_move(client, arrivals)
    _with_too_few_whole_periods_there_is_no_chart(client)


def _the_largest_codes_have_a_panel_each(arrivals):
    kinds = kinds_of(arrivals.structure)
    # Citizenship has years alone, and too few of them.
    in_detail = [name for name, kind in kinds.items() if kind.in_detail]
    assert in_detail == ["reason-over-time", "origin-destination"]
    kind, where = kinds["reason-over-time"], {**IN, TIME: QUARTERS[4:]}
    table = kind.table(arrivals, where)
    # Of one year: with all quarters up to its end. The largest of that year come first, unknown never.
    assert kind.by == ["REASON", TIME] and table.periods == QUARTERS
    ranked = figures.tabulate(arrivals, ["REASON"], where).rows
    total = {row.codes[0]: row.figures.total for row in ranked}
    codes = list(dict.fromkeys(row.codes[0] for row in table.rows))
    assert codes == sorted(["WORK", "FAMILY"], key=lambda code: -total[code])
    assert {row.codes[1] for row in table.rows if row.status == "O"} == {LATE}
    assert table.rows[QUARTERS.index(LATE)].gap


def _a_chart_tells_its_figures_and_no_others(client, arrivals):
    kind, where = kinds_of(arrivals.structure)["reason-over-time"], {**IN, TIME: QUARTERS[4:]}
    table = kind.table(arrivals, where)
    assert kind.left_out(table, where)[-1] == (
        "Women were too few to be broken down, and are drawn at 0: Q2 2024."
    )
    refused = client.get("/figures/detail/?dataset=SLP&year=1999")
    assert refused.status_code == 400 and "has no code “1999”" in text_of(refused.content.decode())
    page = main_of(client.get("/figures/detail/?dataset=SLP&year=2025"))
    every = figures.tabulate(arrivals, ["REASON"], {**IN, TIME: QUARTERS})
    left = {r.codes[0]: r.figures for r in every.rows}
    assert f"Not stated ({numbers.count(left['_U'].total)})" in text_of(page)
    asked = unescape(re.search(r'href="([^"]*by=REASON[^"]*)">CSV', page)[1])
    assert "to=2025-Q4" in asked and "year=" not in asked
    lines = content_of(client.get(asked)).splitlines()
    assert len(lines) == 1 + len(table.rows)
    drawn = client.get("/figures/charts/reason-over-time-large-light.svg?dataset=SLP&year=2025")
    told = re.findall(r"<title>[^<]*: women ([\d,]+)[^<]*, men ([\d,]+)</title>", content_of(drawn))
    assert told == [
        (numbers.count(row.figures.f), numbers.count(row.figures.m))
        for row in table.rows
        if not row.gap
    ]
    listed = page.split("<table")[1].split("</table>")[0]
    assert len(re.findall(r'scope="rowgroup"', listed)) == 2
    assert len(re.findall(r'<th scope="row"', listed)) == len(table.rows) + 1
    link = unescape(re.search(r'type="text" readonly value="([^"]+)"', page)[1])
    assert "/figures/detail/?" in link and "release=SLP-1" in link
    assert 'id="slp-reason-over-time"' in main_of(client.get(link.partition("#")[0]))


def _the_matrix_adds_up_to_all_who_move(client, arrivals):
    kind, where = kinds_of(arrivals.structure)["origin-destination"], {**IN, TIME: QUARTERS[4:]}
    table = kind.table(arrivals, where)
    every = figures.tabulate(arrivals, [], {TIME: QUARTERS[4:]}).total
    assert table.total == every  # whatever the flow
    named = {row.codes for row in table.rows if "OTH" not in row.codes and row.figures.total}
    both = {(o, d) for o in ("RUS", "FRA") for d in ("TM-S", "TM-A")}
    assert named == both | {(d, o) for o, d in both}
    drawn = client.get("/figures/charts/origin-destination-little-dark.svg?dataset=SLP&year=2025")
    told = re.findall(
        r"<title>([^<]*): women ([\d,]+)[^<]*, men ([\d,]+)</title>", content_of(drawn)
    )
    counts = [tuple(int(n.replace(",", "")) for n in counted) for _name, *counted in told]
    assert [sum(column) for column in zip(*counts, strict=True)] == [every.f, every.m]
    assert "Russia → Ashgabat city" in [name for name, *_counted in told]
    page = main_of(client.get("/figures/detail/?dataset=SLP&year=2025"))
    head = re.search(r'id="slp-origin-destination".*?<h3>(.*?)</h3>', page, re.S)[1]
    most = max((r for r in table.rows if r.codes in named), key=lambda row: row.figures.total)
    assert numbers.count(most.figures.total) in head and "The largest flow: from" in head
    asked = unescape(re.search(r'href="([^"]*by=PREV_RESIDENCE[^"]*)">CSV', page)[1])
    assert "year=2025" in asked and "flow=all" in asked
    inside = kind.table(arrivals, {**where, "FLOW": ["INTERNAL"]})
    assert {row.codes[1] for row in inside.rows if row.figures.total} <= {"TM-S", "TM-A", "OTH"}


def _with_too_few_whole_periods_there_is_no_chart(client):
    page = main_of(client.get("/figures/detail/?dataset=SLP&year=2024"))
    assert "reason-over-time" not in page and "origin-destination" in page
    front = main_of(client.get("/figures/?dataset=SLP&year=2024"))
    assert 'hx-get="/figures/detail/?' in front and "reason-over-time" not in front
