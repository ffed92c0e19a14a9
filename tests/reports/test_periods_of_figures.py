"""Figures by time: every period has its row, a late delivery is no zero, quarters and years add up."""

import csv
import datetime
import io
import re

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError

from agencies import scope
from agencies.models import Agency
from agencies.roles import Role
from records.instruments import versions
from records.models import Instrument, Submission
from reports.charts import findings
from reports.charts.kinds import KINDS
from reports.designs import datasets
from reports.published import editions, figures
from reports.published.editions import Edition
from reports.published.structure import TIME
from standards import numbers
from standards.periods import periods_between
from tests.cast import the_person
from tests.reports.conftest import draw, text_of

V1 = "/figures/api/v1"


def rows_of(content):
    lines = content.decode().splitlines()
    assert not [line for line in lines if line.startswith("#")]
    return list(csv.DictReader(lines))


@pytest.fixture
def nothing_to_report(instruments, lead):
    """nothing_to_report(code, period): a signed empty submission of SMS, accepted."""

    def go(code, period):
        agency, instrument = Agency.objects.get(code="SMS"), Instrument.objects.get(code=code)
        with scope.acting(the_person(Role.CLERK, agency)):
            submission = Submission.objects.create(
                agency=agency,
                instrument=instrument,
                instrument_version=versions.current(instrument),
                period=period,
            )
        lead(submission, empty=True)

    return go


@pytest.fixture
def with_an_empty_month(accept, nothing_to_report, publish):
    accept("SMS-BCR", draw("SMS-BCR", ["2026-01", "2026-03"], 120, seed=4))
    nothing_to_report("SMS-BCR", "2026-02")
    return publish("BCR")


@pytest.fixture
def with_a_missing_month(accept, publish):
    accept("SMS-BCR", draw("SMS-BCR", ["2026-01", "2026-03"], 120, seed=4))
    return publish("BCR")


@pytest.fixture
def with_half_a_month(accept, publish):
    """Two agencies deliver permits; of the last month one delivery is missing."""
    accept("SMS-WPF", draw("SMS-WPF", ["2026-01", "2026-02", "2026-03"], 120))
    accept("SMS-WPF", draw("SMS-WPF", ["2026-01", "2026-02"], 120, seed=2), agency="MLSP")
    return publish("WPF")


def test_a_month_with_nothing_to_report_is_a_row_of_zero(client, with_an_empty_month):
    rows = rows_of(client.get("/figures/data/BCR.csv?by=month").content)
    assert [row["TIME_PERIOD"] for row in rows] == ["2026-01", "2026-02", "2026-03"]
    assert (rows[1]["_T"], rows[1]["OBS_STATUS"]) == ("0", "A")
    answer = client.get(f"{V1}/datasets/BCR/data?by=time_period").json()["rows"]
    assert (answer[1]["_T"], answer[1]["OBS_STATUS"]) == (0, "A")
    narrow = rows_of(client.get("/figures/data/BCR.csv?by=month&direction=_U").content)
    assert [row["_T"] for row in narrow] == ["0", "0", "0"]


def test_beside_other_dimensions_every_period_has_its_row(client, with_an_empty_month):
    rows = rows_of(client.get("/figures/data/BCR.csv?by=month,direction").content)
    assert [(row["TIME_PERIOD"], row["DIRECTION"]) for row in rows] == [
        (month, way) for month in ("2026-01", "2026-02", "2026-03") for way in ("IN", "OUT")
    ]


def test_a_month_that_was_not_delivered_is_a_gap_not_a_zero(client, with_a_missing_month):
    january, february, march = rows_of(client.get("/figures/data/BCR.csv?by=month").content)
    assert (february["_T"], february["F"], february["OBS_STATUS"]) == ("", "", "O")
    assert january["OBS_STATUS"] == march["OBS_STATUS"] == "A"
    answer = client.get(f"{V1}/datasets/BCR/data?by=time_period").json()
    assert (answer["rows"][1]["_T"], answer["rows"][1]["OBS_STATUS"]) == (None, "O")
    said = "Not delivered yet (status O, not zero): SMS: February 2026."
    assert said in answer["notes"]
    page = text_of(client.get("/figures/?dataset=BCR"))
    assert said in page and "February 2026 O" in page and "…" in page
    table = text_of(client.get("/figures/tables/T08/?time_period=2026-02"))
    assert said in table


def test_a_missing_month_is_marked_in_the_chart_and_breaks_its_line(client, with_a_missing_month):
    drawn = client.get("/figures/charts/trend-large-light.svg?dataset=BCR").content.decode()
    assert ">O</text>" in drawn
    whole = client.get("/figures/charts/trend-large-light.svg?dataset=BCR&from=2026-03")
    assert ">O</text>" not in whole.content.decode()
    lines = re.findall(r'aria-roledescription="line mark"[^>]* d="([^"]*)"', drawn)
    assert lines and all(path.count("M") == 2 for path in lines)  # begun again after the gap


def test_half_a_month_is_marked_and_no_sentence_compares_it(client, with_half_a_month):
    rows = rows_of(client.get("/figures/data/WPF.csv?by=month").content)
    assert [row["OBS_STATUS"] for row in rows] == ["A", "A", "O"]
    assert int(rows[2]["_T"]) < int(rows[1]["_T"])  # the fall that is none
    page = text_of(client.get("/figures/?dataset=WPF"))
    assert "in January 2026" in page and "in February 2026." in page
    assert "in March 2026" not in page
    assert "MLSP: March 2026" in page
    drawn = client.get("/figures/charts/trend-large-light.svg?dataset=WPF").content.decode()
    assert ">O</text>" in drawn


def test_an_agency_that_never_delivers_breaks_no_series_and_is_named(client, permits):
    rows = rows_of(client.get("/figures/data/WPF.csv?by=month").content)
    assert {row["OBS_STATUS"] for row in rows} == {"A"}
    notes = client.get(f"{V1}/datasets/WPF/data").json()["notes"]
    assert "Nothing is delivered yet, for any period, by: MLSP." in notes


@pytest.fixture
def two_years(accept, publish):
    """24 months and a quarter: two whole years and three months of a third."""
    months = periods_between("2024-01", "2026-03")
    accept("SMS-BCR", draw("SMS-BCR", months, 60, seed=8))
    return publish("BCR")


def test_months_add_up_to_quarters_and_years_everywhere(client, two_years):
    months = rows_of(client.get("/figures/data/BCR.csv?by=month").content)
    quarters = rows_of(client.get("/figures/data/BCR.csv?by=quarter").content)
    years = client.get(f"{V1}/datasets/BCR/data?by=year").json()["rows"]
    assert [row["QUARTER"] for row in quarters][:2] == ["2024-Q1", "2024-Q2"]
    assert quarters[0]["QUARTER_LABEL"] == "Q1 2024"
    assert [row["YEAR"] for row in years] == ["2024", "2025", "2026"]
    for column in ("F", "M", "_OU", "_T"):
        whole = [int(row[column]) for row in months]
        assert [int(row[column]) for row in quarters] == [
            sum(whole[k : k + 3]) for k in range(0, 27, 3)
        ]
        assert [row[column] for row in years] == [
            sum(whole[:12]),
            sum(whole[12:24]),
            sum(whole[24:]),
        ]
    assert [row["OBS_STATUS"] for row in years] == ["A", "A", "O"]
    assert {row["OBS_STATUS"] for row in quarters} == {"A"}
    cut = client.get(f"{V1}/datasets/BCR/data?by=year&from=2025-07").json()
    assert [row["OBS_STATUS"] for row in cut["rows"]] == ["O", "O"]
    said = "Not whole (status O): 2025, 2026. The figures are of July 2025 to March 2026."
    assert said in cut["notes"]
    xlsx = client.get("/figures/data/BCR.xlsx?by=year,direction")
    assert xlsx.status_code == 200
    one_year = client.get(f"{V1}/datasets/BCR/data?year=2025").json()
    assert one_year["total"]["_T"] == years[1]["_T"]


def test_the_command_gives_quarters_and_years(two_years):
    def table(by):
        out, notes = io.StringIO(), io.StringIO()
        call_command("tabulate", "BCR", by=by, stdout=out, stderr=notes)
        return list(csv.reader(io.StringIO(out.getvalue()))), notes.getvalue()

    (head, *months), _notes = table("month")
    (quarter_head, *quarters), _notes = table("quarter")
    (year_head, *years), notes = table("sex,year")
    assert (head[0], quarter_head[0], year_head[:2]) == (
        *("TIME_PERIOD", "QUARTER"),
        ["SEX", "YEAR"],
    )
    assert [code for code, _n in quarters][-1] == "2026-Q1" and len(quarters) == 9
    assert sum(int(n) for _code, n in quarters) == sum(int(n) for _code, n in months)
    assert {code for _sex, code, _n in years} == {"2024", "2025", "2026"}
    assert "Not whole (status O): 2026." in notes


def test_the_command_refuses_a_time_that_the_dataset_lacks(released):
    with pytest.raises(CommandError, match="There is no dimension “MONTH”"):
        call_command("tabulate", "SLP", by="month", stdout=io.StringIO())


def test_the_sentence_over_time_stands_in_the_table_and_is_marked_in_the_chart(client, two_years):
    edition = editions.latest("BCR")
    table = figures.tabulate(edition, [TIME], {"DIRECTION": ["IN"]})
    first, last = findings.compared(table.rows)
    assert (first.code, last.code, len(first.periods)) == ("2024", "2025", 12)
    page = client.get("/figures/?dataset=BCR")
    words = (numbers.count(first.figures.f), numbers.count(last.figures.f))
    assert f"Women: {words[0]} in 2024, {words[1]} in 2025." in text_of(page)
    for span in (first, last):
        row = re.search(rf"{span.code}, whole year\s*</th>(.*?)</tr>", page.content.decode(), re.S)
        assert f">{numbers.count(span.figures.f)}<" in row[1]
    drawn = client.get("/figures/charts/trend-large-light.svg?dataset=BCR").content.decode()
    assert len(re.findall(r'stroke-width="5"', drawn)) == 2


def test_no_finding_is_about_what_is_not_stated():
    structure = datasets.datasets()["WPF"].structure(["2026-01", "2026-02"])
    now = datetime.datetime(2026, 3, 1, tzinfo=datetime.UTC)
    edition = Edition(0, "WPF", 1, structure, (), "", now)
    for name, kind in KINDS.items():
        dimension = structure.by_name[kind.dimension]
        rows = [
            figures.Row((item.code,), figures.Figures(900 if "_U" in item.code else 300, 300, 0, 3))
            for item in dimension.items
        ]
        table = kind.ordered(figures.Table(edition, (kind.dimension,), rows))
        sentence = kind.sentence(table, dimension)
        assert len(sentence) > 20, name
        assert "ot stated" not in sentence and "Other countries" not in sentence, name
        assert "900" not in sentence, name
