"""Matrix, sets, sex coverage and quality: what they say is what releases hold, and nothing is invented."""

import csv
import io
import re
from datetime import date, timedelta
from fractions import Fraction

import openpyxl
import pytest
import yaml
from django.utils.html import strip_tags
from hypothesis import given
from hypothesis import strategies as st

from reports.designs import frameworks
from reports.designs.frameworks import matrix as design
from reports.designs.frameworks import sets
from reports.indicators import matrix as matrices
from reports.indicators import quality
from reports.published import editions, figures
from reports.published.structure import TIME
from standards.definitions import InvalidDefinition
from standards.periods import Period
from standards.sex import Figures
from tests.reports.conftest import LATER, MONTHS, draw

TODAY = date(2026, 6, 15)


def page_text(client, address):
    response = client.get(address)
    assert response.status_code == 200, address
    return " ".join(strip_tags(response.content.decode()).split())


def cells(today=TODAY, of=None):
    """Return {row: {agency: cell}} of the matrix, ours or the one at a path."""
    lines = [line for one in matrices.objectives(design(of), today) for line in one.lines]
    return {line.row.id: {cell.agency: cell for cell in line.cells} for line in lines}


# Sets and matrix as data.


def test_the_sets_have_what_they_are_asked_to_have():
    known = sets()
    assert [entry.code for entry in known["gcm"].entries] == [str(n) for n in range(1, 24)]
    assert {"10.7.1", "10.c.1", "8.8.1", "16.2.2", "17.18.1"} <= set(known["sdg"].by_code)
    voluntary = known["gcm-voluntary"]
    assert voluntary.entries == () and "A/79/590" in voluntary.source["en"]
    for one in known.values():
        for entry in one.entries:
            assert entry.why["en"] and entry.feed in ("feed", "proxy", "not")


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"objective": "24"}, "there is no objective 24"),
        ({"goals": ["99.1"]}, "there is no goal 99.1"),
        ({"dataset": "NONE"}, "there is no dataset NONE"),
        ({"indicator": "G99", "series": "wpf"}, "there is no indicator G99"),
        ({"series": "bcr"}, "the series is of BCR"),
        ({"table": "T08"}, "there is no table of WPF T08"),
        ({"declared": {"XXX": {"state": "missing", "instrument": "A"}}}, "there is no agency XXX"),
        ({"declared": {"SMS": {"state": "well", "instrument": "A"}}}, "there is no word well"),
        ({"id": "arrivals"}, "arrivals stands twice"),
    ],
)
def test_a_matrix_that_contradicts_itself_is_refused(tmp_path, changes, said):
    content = yaml.safe_load(frameworks.MATRIX.read_text())
    row = next(r for r in content["rows"] if r["id"] == "work_permits")
    row.update(changes)
    path = tmp_path / "matrix.yaml"
    path.write_text(yaml.safe_dump(content, allow_unicode=True, sort_keys=False))
    with pytest.raises(InvalidDefinition, match=re.escape(said)):
        design(path)


def test_a_row_that_says_neither_figures_nor_who_should_collect_is_refused(tmp_path):
    path = without_figures(tmp_path)
    with pytest.raises(
        InvalidDefinition, match="a row has a dataset, or says who should collect it"
    ):
        design(path)


def without_figures(folder, **declared):
    """Write the matrix with remittances as a row without figures; return where."""
    content = yaml.safe_load(frameworks.MATRIX.read_text())
    row = next(r for r in content["rows"] if r["id"] == "remittances")
    for key in ("dataset", "indicator", "series", "table"):
        del row[key]
    row.update(declared)
    path = folder / "matrix.yaml"
    path.write_text(yaml.safe_dump(content, allow_unicode=True, sort_keys=False))
    return path


# The states of the matrix.


def test_before_anything_is_released_sources_wait_and_gaps_are_named(db, tmp_path):
    missing = {"MEF": {"state": "missing", "instrument": "MEF-REM"}}
    found = cells(of=without_figures(tmp_path, declared=missing))
    assert found["work_permits"]["SMS"].state == "waiting"
    assert found["work_permits"]["MOE"].state == "none"
    assert cells()["remittances"]["MEF"].state == "waiting"
    assert found["remittances"]["MEF"].state == "missing"
    assert "MEF-REM" in found["remittances"]["MEF"].why


def test_the_state_follows_coverage_deliveries_and_age(permits):
    edition = editions.latest("WPF")
    latest = figures.tabulate(edition, ["QUARTER"], {"DECISION": ["GRANTED"]}).rows[-1].figures
    expected = "poor" if latest.coverage < 90 else "weak" if latest.coverage < 98 else "released"
    found = cells()["work_permits"]
    assert found["SMS"].state == expected
    assert f"{latest.coverage:.1f}%" in found["SMS"].why
    assert found["MLSP"].state == "waiting"  # it has delivered nothing, for any period
    old = Period.parse(MONTHS[-1]).last_day + timedelta(days=31 * 20)
    assert cells(old)["work_permits"]["SMS"].state == ("poor" if expected == "poor" else "weak")


@pytest.mark.parametrize(
    ("stated", "unstated", "state"),
    [
        (980, 20, "released"),
        (979, 21, "weak"),
        (900, 100, "weak"),
        (899, 101, "poor"),
        (50, 0, "weak"),
    ],
)
def test_the_limits_of_coverage_are_those_of_the_brief(permits, stated, unstated, state):
    edition = editions.latest("WPF")
    row = figures.Row((MONTHS[-1],), Figures(stated, 0, unstated, edition.structure.base))
    found, why = matrices._of_source("SMS", edition, row, TODAY)
    assert found == state and why


def test_the_matrix_as_page_csv_and_workbook_says_the_same(permits, client):
    page = page_text(client, "/figures/matrix/")
    table = list(csv.DictReader(io.StringIO(client.get("/figures/matrix.csv").content.decode())))
    book = openpyxl.load_workbook(io.BytesIO(client.get("/figures/matrix.xlsx").content))
    sheet = book.worksheets[0]
    header, *rows = [[cell.value for cell in row] for row in sheet.iter_rows()]
    assert len(sheet.merged_cells.ranges) == 0 and len(sheet.tables) == 1
    assert header == list(table[0])
    assert [[str(v) if v is not None else "" for v in row] for row in rows] == [
        list(row.values()) for row in table
    ]
    assert [row["ROW"] for row in table] == [row.id for row in design().rows]
    permit = next(row for row in table if row["ROW"] == "work_permits")
    figures_of = figures.tabulate(editions.latest("WPF"), ["QUARTER"], {"DECISION": ["GRANTED"]})
    latest = figures_of.rows[-1].figures
    assert permit["OBS_VALUE"] == str(latest.total) and permit["RELEASE"] == "WPF-1"
    assert permit["TIME_PERIOD"] == "2026-Q1" and permit["IS_FINAL"] == "false"
    assert f"{latest.female_share:.1f}" == permit["FEMALE_SHARE"]
    for row in table:
        assert row["ROW_LABEL"] in page
        if row["OBS_VALUE"]:
            assert f"{int(row['OBS_VALUE']):,}" in page
    assert "women registered on the consular card of a husband" in page
    notes = [cell.value for cell in book.worksheets[1]["A"]]
    assert any("WPF-1" in note for note in notes)


def test_every_row_of_the_matrix_has_a_page_that_leads_on(released, client):
    for row in design().rows:
        page = client.get(f"/figures/matrix/{row.id}/").content.decode()
        assert row.name["en"] in strip_tags(page)
        if row.indicator and editions.latest(row.dataset):
            assert f"/figures/indicators/{row.indicator}/?series={row.series}" in page
        for agency, declared in row.declared.items():
            assert declared.instrument in page, agency
    assert "All objectives" in page_text(client, "/figures/matrix/?show=all")
    gaps = page_text(client, "/figures/matrix/?show=gaps")
    assert "Work permits" not in gaps and "5,808" not in gaps
    every = page_text(client, "/figures/matrix/?show=all")
    assert "Objective 9: Counter smuggling" in every
    assert "Objective 9: Counter smuggling" not in page_text(client, "/figures/matrix/")


def test_sets_show_what_answers_now_and_what_is_not_collected(released, client):
    gcm = page_text(client, "/figures/indicators/sets/gcm/")
    assert "G1 Share of women" in gcm and "Not collected yet: MFA-ASS" in gcm
    assert "Of 23, the records feed 7, stand in for 11, and cannot say 5." in gcm
    assert "SMS-WPF" not in gcm  # it stands
    voluntary = page_text(client, "/figures/indicators/sets/gcm-voluntary/")
    assert "A/79/590" in voluntary and "No indicator of this set is entered yet." in voluntary


@pytest.mark.parametrize(
    "address",
    [
        *(
            "/figures/matrix/?show=some",
            "/figures/matrix/?x=1",
            "/figures/matrix/?show=all&show=gaps",
        ),
        *(
            "/figures/matrix/work_permits/?x=1",
            "/figures/matrix.csv?lang=xx",
            "/figures/matrix.csv?x=1",
        ),
        *(
            "/figures/coverage/?dataset=NONE",
            "/figures/coverage/?by=century",
            "/figures/coverage/?x=1",
        ),
        *("/figures/coverage/?by=year&by=month", "/figures/coverage/?dataset=WPF'--"),
        *("/figures/quality/?dataset=%00", "/figures/quality/?dataset=WPF&dataset=BCR"),
        "/figures/indicators/sets/gcm/?x=1",
    ],
)
def test_what_these_pages_cannot_be_asked_is_refused_in_words(db, client, address):
    """Without any release: what is asked is judged before what is there."""
    response = client.get(address)
    assert response.status_code in (400, 404), address
    assert len(response.content) > 10


# Sex coverage.


def test_coverage_is_that_of_all_records_and_a_region_is_told_with_what_is_hidden(released, client):
    for dataset in ("WPF", "BCR"):
        edition = editions.latest(dataset)
        shown = quality.unstated(edition, "QUARTER")[""]
        table = figures.tabulate(edition, ["QUARTER"])
        for row in table.rows:
            share = shown[row.codes[0]]
            assert share.unknown == pytest.approx(100 - row.figures.coverage)
            assert share.hidden == 0 and share.most == pytest.approx(share.unknown)
        page = page_text(client, f"/figures/coverage/?dataset={dataset}&by=quarter")
        assert f"{shown['2026-Q1'].unknown:.1f}" in page
        regions = quality.unstated(edition, "QUARTER", "REGION")
        parts = figures.tabulate(edition, ["QUARTER", "REGION"])
        unstated = sum(row.figures.o for row in parts.rows)
        told = sum(share.figures.o for periods in regions.values() for share in periods.values())
        hidden = {
            period: share.hidden
            for share_of in regions.values()
            for period, share in share_of.items()
        }
        assert told + sum(hidden.values()) == unstated == sum(row.figures.o for row in table.rows)
        assert "_X" not in regions


@given(
    st.integers(0, 900),
    st.integers(0, 900),
    st.integers(0, 90),
    st.integers(0, 90),
    st.floats(0, 1),
)
def test_whoever_is_hidden_lives_here_the_share_lies_in_its_range(women, men, other, hidden, part):
    share = quality.Share(Figures(women, men, other, 3), "A", hidden)
    here = int(hidden * part)
    if share.unknown is None:
        return
    real = 100 * (other + here) / (women + men + other + here)
    assert share.unknown - 1e-9 <= real <= share.most + 1e-9


def test_months_have_no_regions_and_the_page_says_so(permits, client):
    page = page_text(client, "/figures/coverage/?by=month")
    assert "Regions cannot be had by these periods" in page


# Quality.


def test_deliveries_timeliness_and_revisions_are_those_of_the_releases(
    permits, accept, publish, client
):
    accept("SMS-WPF", draw("SMS-WPF", LATER, 240, seed=9))
    publish("WPF")
    history = editions.history("WPF")
    newest, first = history
    told = quality.timeliness(history)
    assert [one.period for one in told] == sorted([*MONTHS, *LATER], reverse=True)
    assert {one.period: one.release for one in told} == {
        **dict.fromkeys(MONTHS, "WPF-1"),
        **dict.fromkeys(LATER, "WPF-2"),
    }
    for one in told:
        end = Period.parse(one.period).last_day
        edition = first if one.release == "WPF-1" else newest
        assert one.days == (edition.released_at.date() - end).days
    (revision,) = quality.revisions(history)
    assert (revision.newer, revision.older, revision.periods) == ("WPF-2", "WPF-1", len(MONTHS))
    assert revision.changed == 0 and revision.mean == 0  # published months stay
    mlsp = next(d for d in quality.deliveries(newest) if d.agency == "MLSP")
    assert mlsp.missing == len(newest.structure.periods)  # it never delivered
    page = page_text(client, "/figures/quality/?dataset=WPF")
    assert "WPF-1 → WPF-2 0 of 3 periods changed, by 0.0% of their sum" in page
    assert "within 2 of the true count" in page
    assert "Rows with an error are held back until they are corrected" in page


def test_a_revision_is_the_sum_of_what_moved_in_percent_of_what_is(permits):
    edition = editions.latest("WPF")
    same = quality.revision(edition, edition)
    assert (same.changed, same.mean, same.periods) == (0, 0, len(MONTHS))
    totals = [row.figures.total for row in figures.tabulate(edition, [TIME]).rows]
    assert sum(totals) > 0


def test_pages_of_quality_say_that_nothing_is_released(db, client):
    for address in ("/figures/coverage/", "/figures/quality/"):
        assert "No figures are released yet" in page_text(client, address)
    nothing = f"0 of {len(design().rows)} rows have a released figure"
    assert nothing in page_text(client, "/figures/matrix/")


def test_the_region_where_sex_is_most_often_missing_is_named_where_the_tables_tell(
    released, client
):
    edition = editions.latest("BCR")
    shares = quality.by_place(edition, "REGION")
    rows = figures.tabulate(edition, ["REGION"]).rows
    counted = {row.codes[0]: row.figures for row in rows}
    assert set(shares) == {code for code in counted if code not in ("_X", "TM-_U")}
    for code, share in shares.items():
        assert share.figures == counted[code]
        assert share.hidden == (counted["_X"].o if "_X" in counted else 0)
    codes, is_certain = quality.most_often(shares)
    page = page_text(client, "/figures/coverage/?dataset=BCR")
    names = [edition.structure.by_name["REGION"].label(code, "en") for code in codes]
    said = f"most often not stated in {names[0]}" if is_certain else f"any of: {', '.join(names)}."
    assert said in page


@given(
    st.lists(st.tuples(st.integers(50, 500), st.integers(0, 60)), min_size=1, max_size=6),
    st.integers(0, 60),
    st.data(),
)
def test_whoever_is_hidden_the_region_with_most_is_among_those_that_are_named(
    regions, hidden, data
):
    shares = {
        f"R{k}": quality.Share(Figures(stated, stated, other, 3), "A", hidden)
        for k, (stated, other) in enumerate(regions)
    }
    codes, is_certain = quality.most_often(shares)
    left, real = hidden, {}
    for code, share in shares.items():
        here = data.draw(st.integers(0, left))
        left -= here
        other = share.figures.o + here
        real[code] = Fraction(other, share.figures.f + share.figures.m + other)
    first = max(real.values())
    assert any(real[code] == first for code in codes)
    assert not is_certain or [c for c in real if real[c] == first] == codes
