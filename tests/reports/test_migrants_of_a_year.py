"""What a year publishes of who moved: provisional when it is over, once more when it is final, pinned in between."""

import csv
import io

import numpy as np
import pyarrow.parquet as pq

from agencies import scope
from records.review import submissions
from reports.designs import datasets
from reports.exact.private_files import private
from reports.models import Build, Release
from reports.published import editions, figures
from reports.published.seals import Fault
from reports.published.structure import NOT_BROKEN_DOWN
from reports.releases import scanning, verifying, years
from standards.periods import periods_between
from tests.reports.conftest import text_of, withdraw

YEARS = periods_between("2023-01", "2025-12")


def travellers(seed, months):
    """People of two sexes who come for a visit, and some to stay: records with references, by month."""
    rng, rows = np.random.default_rng(seed), []
    for month in months:
        for k in range(40):
            stays = k < 8
            said = {
                "period": month,
                "person_ref": f"{month} {k}",
                "sex": "F" if k % 2 else "M",
                "age": 30,
                "citizenship": "UZB" if k % 4 < 2 else "KAZ",
                "region": "TM-A" if k % 8 < 4 else "TM-S",
            }
            extras = {"traveller": "FOR", "purpose": "WORK" if rng.random() < 0.5 else "TOURISM"}
            rows.append({**said, "extras": {**extras, "direction": "IN"}})
            if not stays:
                rows.append({**said, "extras": {**extras, "direction": "OUT"}})
    return rows


def told(release, year):
    """{code of the change of residence: published crossings} of a year"""
    edition = editions.cited(str(release))
    table = figures.tabulate(edition, ["RESIDENCE_CHANGE"], {"YEAR": [year]})
    return {row.codes[0]: row.figures.total for row in table.rows}


def rows_of(release, table, year):
    """The published rows of a table of the family, of one year."""
    content = bytes(release.blobs.get(name=f"{table}.parquet").content)
    return [row for row in pq.read_table(io.BytesIO(content)).to_pylist() if row["YEAR"] == year]


def verdict(release, publisher):
    with scope.acting(publisher):
        return verifying.verify(release, by=publisher)


def test_a_year_tells_who_moved_when_it_is_over_and_once_more_when_it_is_final(
    accept, finish, publish, publisher, client
):
    accept("SMS-BCR", travellers(1, YEARS[:23]))
    first = publish("BCR")
    assert set(told(first, "2024")) == {NOT_BROKEN_DOWN}
    accept("SMS-BCR", travellers(2, YEARS[23:24]))
    over = publish("BCR")
    at_first = told(over, "2024")
    assert set(at_first) == {"FINAL", "PROVISIONAL", "NONE", "_U"}
    # Of the last four months it is too early to tell.
    for code, count in (("FINAL", 1), ("PROVISIONAL", 7), ("_U", 4)):
        assert abs(at_first[code] - 8 * count) < 12
    assert told(over, "2023")["_U"] > 8 * 11  # nobody saw them in the year before
    # Of neither year is it certain yet who stayed.
    assert years.waiting(datasets.datasets()["BCR"]).unsettled == {
        "2023": "2025-04",
        "2024": "2026-04",
    }
    accept("SMS-BCR", travellers(3, YEARS[24:]))
    later = publish("BCR")
    assert told(later, "2024") == at_first  # it stays, although more is known
    assert finish("BCR", "2024").state == "DONE"
    final = Release.objects.latest("number")
    assert set(told(final, "2024")) == {"FINAL", "NONE"}
    assert abs(told(final, "2024")["FINAL"] - 8 * 12) < 12
    page = text_of(client.get("/figures/tables/T27/"))
    assert "Net migration (immigrants minus emigrants)" in page
    rows = list(csv.DictReader(io.StringIO(client.get("/figures/tables/T27.csv").content.decode())))
    came = sum(int(r["_T"]) for r in rows if (r["YEAR"], r["DIRECTION"]) == ("2024", "IN"))
    net = sum(int(r["_T"]) for r in rows if (r["YEAR"], r["DIRECTION"]) == ("2024", "NET"))
    assert came == net == told(final, "2024")["FINAL"]  # nobody left for good
    for release in (first, over, later, final):  # each is rebuilt bit by bit
        said = verdict(release, publisher)
        assert said.is_equal and said.rebuilt


def test_nothing_is_told_of_a_year_while_a_month_of_any_year_is_open(
    accept, publish, build, lead, statistician
):
    months = accept("SMS-BCR", travellers(1, YEARS[9:23]))
    publish("BCR")
    accept("SMS-BCR", travellers(2, YEARS[23:24]))
    with scope.acting(statistician):
        submissions.advance(months[1], "reopen", by=statistician, reason="a mistake")
    job = build("BCR")
    assert job.state == "FAILED"
    assert "Who moved in 2024 cannot be told while SMS SMS-BCR 2023-11 is open" in job.reason
    months[1].refresh_from_db()
    lead(months[1])
    assert build("BCR").state == "DONE"


def test_crossings_of_later_years_draw_no_other_table_anew(accept, publish, finish, publisher):
    accept("SMS-BCR", travellers(1, YEARS[10:24]))
    first = publish("BCR", release=False)
    withdraw(first, publisher)
    accept("SMS-BCR", travellers(2, YEARS[24:29]))
    second = publish("BCR")
    early, later = (rows_of(release, "residence", "2024") for release in (first, second))
    assert [
        {"PROVISIONAL"} <= {r["RESIDENCE_CHANGE"] for r in rows} for rows in (early, later)
    ] == [
        False,
        True,
    ]
    for name in ("month", "purpose", "age"):
        assert rows_of(first, name, "2024") == rows_of(second, name, "2024")


def test_a_year_that_never_came_to_its_end_is_not_drawn_again_for_who_moved(
    accept, publish, finish
):
    accept("SMS-BCR", travellers(1, YEARS[:23]))
    first = publish("BCR")
    accept("SMS-BCR", travellers(2, YEARS[24:25]))  # December was never delivered
    assert finish("BCR", "2024").state == "DONE"
    final = Release.objects.latest("number")
    year = next(y for y in final.build.years if y["code"] == "2024")
    assert (year["version"], year["is_final"]) == (1, True)
    assert rows_of(first, "month", "2024") == rows_of(final, "month", "2024")
    assert told(final, "2024")["PROVISIONAL"] > 0


def test_of_what_was_corrected_after_it_was_published_it_is_not_known_who_moved(
    correct, accept, publish, publisher
):
    months = accept("SMS-BCR", travellers(1, YEARS[:23]))
    publish("BCR")
    correct(months[20], 10)
    accept("SMS-BCR", travellers(2, YEARS[23:24]))
    over = publish("BCR")
    changes = told(over, "2024")
    early = 4 * 8  # who came in the last four months
    assert early < changes["_U"] <= early + 72  # and crossings of that month, of no other
    table = figures.tabulate(editions.latest("BCR"), [], {"YEAR": ["2024"]})
    assert sum(changes.values()) == table.total.total == sum(told(over, "2024").values())
    assert verdict(over, publisher).is_equal
    pinned = Build.objects.get(release=over).residences["2024"]
    private(pinned["path"]).write_bytes(b"other crossings")
    assert scanning.scan() == [(over, Fault.FILE)]
    assert any(pinned["path"] in fault for fault in verdict(over, publisher).faults)
