"""What the overview says first: read from the very figures that stand below it."""

import re

from reports.charts import highlights
from reports.charts.findings import newest_year
from reports.published import editions, figures
from reports.published.figures import MISSING, NORMAL, Figures, Row
from tests.reports.conftest import draw


def series(*entries):
    """Rows over time: (period, women, men[, status])."""
    return [
        Row((period,), Figures(women, men, 0, 3), status[0] if status else NORMAL)
        for period, women, men, *status in entries
    ]


def test_the_newest_year_is_compared_with_the_same_periods_of_the_year_before():
    rows = series(
        ("2024-01", 30, 60),
        ("2024-02", 33, 60),
        ("2024-03", 90, 90),
        ("2025-01", 60, 60),
        ("2025-02", 60, 63),
    )
    newest, before = newest_year(rows)
    assert newest.periods == ("2025-01", "2025-02") and newest.figures == Figures(120, 123, 0, 3)
    assert before.periods == ("2024-01", "2024-02") and before.figures == Figures(63, 120, 0, 3)


def test_a_period_without_its_delivery_is_in_neither_year():
    rows = series(
        ("2024-01", 30, 60), ("2024-02", 33, 60, MISSING), ("2025-01", 60, 60), ("2025-02", 60, 63)
    )
    assert [span.periods for span in newest_year(rows)] == [("2025-01",), ("2024-01",)]


def test_a_first_year_stands_alone_and_nothing_says_nothing():
    assert [s.periods for s in newest_year(series(("2025-A1", 60, 60)))] == [("2025-A1",)]
    assert newest_year(series(("2025-01", 3, 3, MISSING))) == []
    assert newest_year(series()) == []


def test_the_widest_gap_names_the_codes_with_the_most_and_the_least_women(accept, publish):
    rows = draw("SMS-WPF", ("2026-01", "2026-02", "2026-03"), 400)
    for row in rows:
        manages = row["extras"]["occupation"] == "12"
        row["sex"] = "F" if manages else "M"
    accept("SMS-WPF", rows)
    publish("WPF")
    edition = editions.latest("WPF")
    found = highlights.of_gap(edition)
    assert found.kind == "occupation" and "In Managers 100.0% are women" in found.sentence
    shares = {
        row.codes[0]: row.figures.female_share
        for row in figures.tabulate(edition, ["OCCUPATION"], {"DECISION": ["GRANTED"]}).rows
    }
    assert shares["OC1"] == 100 and found.gap == 100


def test_every_number_of_a_sentence_stands_in_the_table_below_it(client, released):
    page = client.get("/figures/").content.decode()
    charts = page.split('<figure class="chart"')[1:]
    assert 3 <= len(charts) <= highlights.MOST
    for chart in charts:
        sentence = re.search(r"<h3>(.*?)</h3>", chart, re.S)[1]
        shares = re.findall(r"\d+\.\d(?=%)", sentence)
        assert shares, sentence
        for share in shares:
            assert share in chart.split("<details>")[1], sentence
