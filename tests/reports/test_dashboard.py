"""The page of a dataset: its years, its sums, and the year before beside the chosen one."""

import re
from html import unescape

import pytest
from django.utils.html import strip_tags

from reports.charts.kinds import kinds_of
from reports.charts.year_before import earlier
from reports.published import editions, figures
from reports.published.structure import TIME
from standards import numbers
from standards.periods import periods_between
from tests.reports.conftest import draw

IN = {"DIRECTION": ["IN"]}


def main_of(response):
    assert response.status_code == 200
    return response.content.decode().split("<main", 1)[1]


def text_of(html):
    return " ".join(unescape(strip_tags(html)).split())


@pytest.fixture
def crossings(accept, publish):
    """Border crossings of January 2024 to April 2026: the last quarter is not over."""
    accept("SMS-BCR", draw("SMS-BCR", periods_between("2024-01", "2026-04"), 60, seed=8))
    publish("BCR")
    return editions.latest("BCR")


def months(year, last=12):
    return [f"{year}-{month:02d}" for month in range(1, last + 1)]


def total(edition, periods, **where):
    conditions = {**IN, **{name.upper(): codes for name, codes in where.items()}, TIME: periods}
    return figures.tabulate(edition, [], conditions).total


def test_the_year_limits_sums_findings_and_charts_of_its_own_dataset(client, crossings):
    whole = main_of(client.get("/figures/?dataset=BCR"))
    links = re.findall(
        r'<a class="btn" href="\?([^"]*year=(\d+)[^"]*)"( aria-current="true")?>', whole
    )
    assert [(year, bool(now)) for _link, year, now in links] == [
        ("2026", False),
        ("2025", False),
        ("2024", False),
    ]
    page = main_of(client.get(f"/figures/?{unescape(links[1][0])}&traveller=FOR"))
    assert re.search(r'year=2025[^"]*traveller=FOR[^"]*" aria-current="true"', page)
    assert '<input type="hidden" name="year" value="2025">' in page
    now = total(crossings, months(2025), traveller=["FOR"])
    before = total(crossings, months(2024), traveller=["FOR"])
    sums = [text_of(part) for part in page.split('<section class="sum">')[1:4]]
    assert numbers.count(now.total) in sums[0] and "Entries" in sums[0]
    assert numbers.count(before.total) in sums[1] and "a year before" in sums[1]
    exits = figures.tabulate(
        crossings, [], {"DIRECTION": ["OUT"], "TRAVELLER": ["FOR"], TIME: months(2025)}
    ).total
    assert numbers.count(exits.total) in sums[2] and "Exit" in sums[2]
    head = text_of(re.search(r"<h1.*?</h1>", page, re.S)[0])
    shares = [numbers.share(f.female_share) for f in (now, before)]
    assert head == f"Entries, 2025: women are {shares[0]}%, a year before {shares[1]}%"
    assert '<option value="2026-Q1"' not in page and '<option value="2025-Q1"' in page
    both = main_of(client.get("/figures/?dataset=BCR&year=2024&year=2025"))
    assert "aria-current" not in both.split('<nav class="years"')[1].split("</nav>")[0]
    assert 'type="hidden" name="year"' not in both
    # The year before of the first year is not published: nothing is set beside it.
    assert "a year before" not in text_of(main_of(client.get("/figures/?dataset=BCR&year=2024")))
    refused = client.get("/figures/?dataset=BCR&year=1999")
    assert refused.status_code == 400 and "has no code “1999”" in text_of(refused.content.decode())

    _what_is_taken_away_names_the_release(client, whole)
    _the_year_before_is_of_the_same_periods_or_not_there(client, crossings)


def _the_year_before_is_of_the_same_periods_or_not_there(client, crossings):
    pyramid = kinds_of(crossings.structure)["pyramid"]

    def ages(periods):
        return figures.tabulate(crossings, ["AGE5"], {**IN, TIME: periods})

    whole = earlier(ages(months(2025)))
    assert whole.label == "2024" and whole.table.total == total(crossings, months(2024))
    # Of a year so far, the quarters that are over: of April there are no ages yet.
    so_far = earlier(ages(months(2026, 4)))
    assert so_far.table.periods == months(2025, 3)
    assert so_far.label == "January 2025 to March 2025"
    assert (
        earlier(ages(months(2024))) is None and earlier(ages(crossings.structure.periods)) is None
    )
    over_time = figures.tabulate(crossings, [TIME], {**IN, TIME: months(2026, 4)})
    assert earlier(over_time).rows["2026-04"].codes == ("2025-04",)
    assert pyramid.compares
    drawn = client.get(
        "/figures/charts/pyramid-large-light.svg?dataset=BCR&year=2026"
    ).content.decode()
    assert "January 2025 to March 2025</text>" in drawn
    alone = client.get(
        "/figures/charts/pyramid-large-light.svg?dataset=BCR&year=2024"
    ).content.decode()
    assert "2023" not in alone


def _what_is_taken_away_names_the_release(client, page):
    charts = page.split('<figure class="chart"')[1:]
    assert len(charts) == len(re.findall(r"Who works|Who crosses", page)) >= 5
    drawn = [chart for chart in charts if "<img" in chart]
    assert len(drawn) >= 4
    for chart in drawn:
        (link,) = re.findall(r'-link"[^>]* value="([^"]*)"', chart)
        citation, embed = re.findall(r"<textarea[^>]*>(.*?)</textarea>", chart, re.S)
        assert "release=BCR-1" in link and unescape(link) in unescape(citation)
        anchor = re.match(r' id="([^"]+)"', chart)[1]
        assert link.endswith(f"#{anchor}")
        there = client.get(unescape(link).partition("#")[0])
        assert there.status_code == 200 and f'id="{anchor}"' in there.content.decode()
        picture = unescape(re.search(r'src="([^"]+)"', unescape(embed))[1])
        assert "release=BCR-1" in picture and "lang=en" in picture
        svg, png = (
            unescape(re.search(rf'href="([^"]+)" download>{label}<', chart)[1])
            for label in ("SVG", "PNG")
        )
        assert b"".join(client.get(picture)) == b"".join(client.get(svg))
        assert b"".join(client.get(png)).startswith(b"\x89PNG")
        assert "/figures/build/?dataset=BCR" in unescape(chart)
    refused = client.get("/figures/charts/trend-large-light.png?dataset=BCR&lang=fr")
    assert refused.status_code == 400 and "Choose from: en, ru, tk" in refused.content.decode()
