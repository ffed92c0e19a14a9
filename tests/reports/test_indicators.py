"""Indicators: values counted by hand, ends that no truth passes, the rule of the denominator, the same everywhere."""

import csv
import io
import re
import shutil
from dataclasses import replace
from math import inf

import pytest
import yaml
from django.utils.html import strip_tags
from hypothesis import given
from hypothesis import strategies as st

from reports.designs import indicators as designs
from reports.designs.indicators import Calculation, indicators
from reports.indicators import intervals, series, words
from reports.indicators.calculations import CALCULATIONS
from reports.indicators.intervals import Count
from reports.indicators.readings import FEW, NONE, UNSTATED, Asked, Cell, Reading
from reports.published import editions, figures
from standards.definitions import InvalidDefinition
from tests.reports.conftest import LATER, MONTHS, draw, text_of, withdraw

V1 = "/figures/api/v1/indicators"
OURS = indicators()
G1 = OURS["G1"].calculation


def exactly(n):
    return Count(n)


def cell(code, women, men, other=0, count=exactly):
    return Cell(code, count(women), count(men), count(other))


def worked(kind_or_design, cells, *, least=1, before=None, people=None):
    design = Calculation(kind_or_design) if isinstance(kind_or_design, str) else kind_or_design
    asked = Asked(cells, least, design, before, people=people)
    return {(r.part, r.measure): r for r in CALCULATIONS[design.kind](asked)}


# Worlds that were counted by hand.


def test_the_share_of_women_is_of_those_with_sex_stated_and_its_bounds_are_of_everybody():
    reading = worked(G1, [cell("", 30, 50, 20)])["", "value"]
    assert reading.value == pytest.approx(37.5)  # 30 of 80
    assert (reading.least, reading.most) == (
        pytest.approx(30.0),
        pytest.approx(50.0),
    )  # F/T, (F+U)/T
    assert reading.of == 80


def test_the_sex_ratio_is_men_per_hundred_women_and_undefined_without_women():
    ratio = OURS["G2"].calculation
    reading = worked(ratio, [cell("", 40, 50, 10)])["", "value"]
    assert reading.value == pytest.approx(125.0)
    assert (reading.least, reading.most) == (pytest.approx(100.0), pytest.approx(150.0))
    none = worked(ratio, [cell("", 0, 50)])["", "value"]
    assert none.value is None and none.why == "none"


def test_the_parity_index_is_mirrored_around_one_where_women_are_more():
    more = worked("parity", [cell("", 200, 100)])
    assert more["", "value"].value == pytest.approx(2.0)
    assert more["", "adjusted"].value == pytest.approx(1.5)  # 2 - 1/2
    less = worked("parity", [cell("", 100, 200)])
    assert less["", "adjusted"].value == less["", "value"].value == pytest.approx(0.5)


def test_coverage_counts_who_is_not_stated_in_the_whole_and_has_no_bounds():
    reading = worked(OURS["G4"].calculation, [cell("", 30, 60, 10)])["", "value"]
    assert reading.value == pytest.approx(90.0)
    assert reading.least is None and reading.most is None


def test_occupations_are_compared_with_the_share_of_women_in_all_of_them():
    found = worked("shares", [cell("A", 30, 10), cell("B", 10, 50), cell("C", 0, 0)])
    assert found["A", "share"].value == pytest.approx(75.0)
    assert found["B", "share"].value == pytest.approx(100 / 6)
    assert found["A", "quotient"].value == pytest.approx(0.75 / 0.4)
    assert ("C", "share") not in found  # nobody is there


def test_segregation_is_nought_where_both_are_spread_alike_and_one_where_they_never_meet():
    assert worked("dissimilarity", [cell("A", 10, 20), cell("B", 30, 60)])["", "value"].value == 0
    assert worked("dissimilarity", [cell("A", 10, 0), cell("B", 0, 60)])["", "value"].value == 1
    half = worked("dissimilarity", [cell("A", 50, 0), cell("B", 50, 100)])["", "value"]
    assert half.value == pytest.approx(0.5)


def test_a_change_by_the_mix_alone_and_one_within_the_groups_alone():
    before = [cell("A", 80, 20), cell("B", 20, 80)]
    mix = worked("change", [cell("A", 160, 40), cell("B", 20, 80)], before=before)
    assert mix["", "value"].value == pytest.approx(10.0)  # from 50 to 60 %
    assert mix["", "mix"].value == pytest.approx(10.0) and mix["", "within"].value == pytest.approx(
        0
    )
    within = worked("change", [cell("A", 90, 10), cell("B", 30, 70)], before=before)
    assert within["", "within"].value == pytest.approx(10.0)
    assert within["", "mix"].value == pytest.approx(0)
    nothing = worked("change", before)["", "value"]
    assert nothing.value is None and nothing.why == "no_year_before"


def test_the_median_age_lies_inside_its_group_and_18_inside_15_to_19():
    cells = [cell("Y15T19", 10, 0), cell("Y20T24", 20, 0), cell("Y_GE85", 10, 40), cell("_U", 9, 9)]
    found = worked("ages", cells)
    assert found["F", "median"].value == pytest.approx(
        22.5
    )  # the 20th of 40: half of the second group
    assert found["F", "under_18"].value == pytest.approx(15.0)  # three fifths of 10 of 40
    assert found["M", "median"].why == "no_end"  # half are 85 and over


def test_refusals_of_women_are_related_to_those_of_men_by_the_decisions_on_each():
    decided = [cell("ISS", 60, 150), cell("REN", 20, 30), cell("REF", 20, 20), cell("WDR", 99, 99)]
    found = worked(OURS["G8"].calculation, decided)
    assert found["", "rate_women"].value == pytest.approx(20.0)  # 20 of 100
    assert found["", "rate_men"].value == pytest.approx(10.0)  # 20 of 200
    assert found["", "value"].value == pytest.approx(2.0) and found["", "value"].of == 100
    nobody = worked(OURS["G8"].calculation, [cell("ISS", 60, 150), cell("REF", 40, 0)])
    assert nobody["", "value"].why == "none" and nobody["", "rate_women"].value == pytest.approx(40)
    few = worked(OURS["G8"].calculation, decided, least=101)
    assert {reading.why for reading in few.values()} == {"few"}


# What must hold for every truth that rounds to what is published.

BASES = st.sampled_from([3, 5])
TRUE = st.integers(0, 400)


INJURIES = OURS["G15"].calculation


def test_injuries_are_told_per_100_000_workers_of_the_same_sex():
    people = Cell("", Count(40_000), Count(60_000), Count(500))
    told = worked(INJURIES, [cell("", 10, 45, 3)], least=100, people=people)
    assert told["", "incidence_women"].value == pytest.approx(25.0)
    assert told["", "incidence_men"].value == pytest.approx(75.0)
    assert told["", "value"].value == pytest.approx(100_000 * 58 / 100_500)
    assert {r.why for r in worked(INJURIES, [cell("", 10, 45)]).values()} == {NONE}
    few = worked(INJURIES, [cell("", 10, 45)], least=100, people=cell("", 90, 400))
    assert (few["", "incidence_women"].value, few["", "incidence_women"].why) == (None, FEW)


REMITTANCES = OURS["G14"].calculation


def test_the_gap_in_remittances_is_of_averages_and_is_told_where_sex_is_stated_for_half():
    transfers = Cell("", Count(400), Count(600), Count(900))
    told = worked(REMITTANCES, [cell("", 80_000, 150_000)], least=100, people=transfers)
    assert told["", "average_women"].value == pytest.approx(200)
    assert told["", "average_men"].value == pytest.approx(250)
    assert told["", "value"].value == pytest.approx(0.8)
    hidden = Cell("", Count(400), Count(600), Count(1001))
    silent = worked(REMITTANCES, [cell("", 80_000, 150_000)], least=100, people=hidden)
    assert {(r.value, r.why) for r in silent.values()} == {(None, UNSTATED)}
    few = worked(REMITTANCES, [cell("", 80_000, 150_000)], people=cell("", 99, 600), least=100)
    assert {r.why for r in few.values()} == {FEW}
    nothing = worked(REMITTANCES, [cell("", 80_000, 0)], people=transfers, least=100)
    assert nothing["", "value"].why == NONE and nothing["", "average_women"].value


@given(*[st.integers(0, 999)] * 2, *[st.integers(0, 2)] * 2, st.integers(1, 400))
def test_no_truth_passes_the_ends_of_averages(less, more, fewer, others, thousands):
    amount = Count(1000 * thousands, 999, 999)
    counted = Count(300, 2, 2)
    told = worked(
        REMITTANCES,
        [Cell("", amount, amount, exactly(0))],
        people=Cell("", counted, counted, exactly(0)),
    )
    women = max(0, 1000 * thousands - less) / (300 + others)
    men = (1000 * thousands + more) / (300 - fewer)
    assert told["", "average_women"].low - 1e-9 <= women
    assert men <= told["", "average_men"].high + 1e-9
    assert told["", "value"].low - 1e-9 <= women / men


@given(*[st.integers(0, 4)] * 2, *[st.integers(0, 400)] * 2)
def test_no_truth_passes_the_ends_of_injuries_per_workers(less, more, injured, workers):
    known, among = Count(injured, 4, 4), Count(workers + 100, 4, 4)
    rounded = Cell("", known, known, exactly(0))
    told = worked(INJURIES, [rounded], people=Cell("", among, among, exactly(0)))
    truth = 100_000 * max(0, injured - less) / (workers + 100 + more)
    reading = told["", "incidence_women"]
    assert reading.low - 1e-9 <= truth
    truth = 100_000 * (injured + more) / (workers + 100 - less)
    assert truth <= reading.high + 1e-9


@st.composite
def truths(draw_from, least=1, most=6):
    """Groups of true women, men, other; what is published of them; and both as cells."""
    base = draw_from(BASES)

    def rounded(n):
        down = n - n % base
        return down + (base if n % base and draw_from(st.booleans()) else 0)

    groups = draw_from(st.lists(st.tuples(TRUE, TRUE, TRUE), min_size=least, max_size=most))
    ages = ["Y0T4", "Y5T9", "Y10T14", "Y15T19", "Y20T24", "Y25T29"]
    true = [cell(age, *counts) for age, counts in zip(ages, groups, strict=False)]
    known = [
        Cell(
            c.code,
            *(Count(rounded(n.published), base - 1, base - 1) for n in (c.women, c.men, c.other)),
        )
        for c in true
    ]
    return true, known


def assert_the_truth_is_inside(kind, true, known, **more):
    found = worked(kind, known, **more)
    truth = worked(kind, true, **{k: v for k, v in more.items() if k != "before"}, **(
        {"before": more["true_before"]} if "true_before" in more else {}
    ))  # fmt: skip
    for key, reading in found.items():
        real = truth.get(key)
        if reading.value is None or real is None or real.value is None:
            continue
        high = inf if reading.high is None else reading.high
        assert reading.low - 1e-9 <= real.value <= high + 1e-9, (key, reading, real)
        assert reading.low - 1e-9 <= reading.value <= high + 1e-9, key


@given(truths())
@pytest.mark.parametrize("kind", ["parity", "shares", "dissimilarity", "ages"])
def test_no_truth_passes_the_ends_of_the_rounding(kind, pair):
    assert_the_truth_is_inside(kind, *pair)


@given(truths())
@pytest.mark.parametrize("code", ["G1", "G2", "G4"])
def test_no_truth_passes_the_ends_of_a_ratio(code, pair):
    assert_the_truth_is_inside(OURS[code].calculation, *pair)


@given(truths())
def test_no_truth_passes_the_ends_of_a_ratio_of_rates(pair):
    design = Calculation("rates", codes=("Y0T4",), among=("Y0T4", "Y5T9", "Y10T14"))
    assert_the_truth_is_inside(design, *pair)


@given(truths(), truths())
def test_no_truth_passes_the_ends_of_a_change_and_its_effects_add_up(now, before):
    found = worked("change", now[1], before=before[1])
    real = worked("change", now[0], before=before[0])
    for key, reading in found.items():
        if reading.value is None or real[key].value is None:
            continue
        assert reading.low - 1e-9 <= real[key].value <= reading.high + 1e-9, key
    value, mix, within = (found["", name].value for name in ("value", "mix", "within"))
    if value is not None:
        assert value == pytest.approx(mix + within, abs=1e-9)


@given(truths(), st.floats(0, 1))
@pytest.mark.parametrize("code", ["G1", "G2"])
def test_however_the_unknown_are_divided_the_value_lies_in_its_bounds(code, pair, part):
    true, _known = pair
    women, men, other = (
        sum(getattr(c, n).published for c in true) for n in ("women", "men", "other")
    )
    reading = worked(OURS[code].calculation, [cell("", women, men, other)])["", "value"]
    if not other or reading.value is None:
        return
    among = int(other * part)
    settled = worked(OURS[code].calculation, [cell("", women + among, men + other - among)])
    value = settled["", "value"].value
    if value is not None:
        most = inf if reading.most is None else reading.most
        assert reading.least - 1e-9 <= value <= most + 1e-9


@given(st.lists(st.integers(0, 50), min_size=1, max_size=6))
def test_half_of_the_counted_are_below_the_median(counts):
    groups = [(5.0 * k, 5.0 * k + 5, n) for k, n in enumerate(counts)]
    found = intervals.median(groups)
    if not sum(counts):
        assert found is None
        return
    below = sum(n * min(max((found - first) / (end - first), 0), 1) for first, end, n in groups)
    assert below == pytest.approx(sum(counts) / 2)


@pytest.mark.parametrize(
    ("women", "men", "told"), [(49, 50, False), (50, 50, True), (0, 100, True)]
)
def test_a_share_only_from_a_hundred_up(women, men, told):
    reading = worked(G1, [cell("", women, men, 500)], least=100)["", "value"]
    assert (reading.value is not None) is told
    assert reading.why == ("" if told else "few")


# Our definitions.


def test_every_indicator_of_the_brief_is_there_and_says_what_it_needs_or_is_worked_out():
    assert list(OURS) == [f"G{n}" for n in range(1, 16)]
    for code, one in OURS.items():
        assert one.series or one.needs, code
        assert one.least >= 100
    assert set(designs.unseen()) >= {s.dataset for one in OURS.values() for s in one.series}


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"least": 99}, "99 is less than 100"),
        ({"calculation": {"kind": "ratio", "numerator": ["F"]}}, "missing key: denominator"),
        ({"calculation": {"kind": "parity", "times": 2}}, "has no times"),
        ({"calculation": {"kind": "magic"}}, "there is no word magic"),
        (
            {"calculation": {"kind": "ratio", "numerator": ["F", "M"], "denominator": ["F", "_OU"], "times": 1}},
            "the numerator is a part of the denominator",
        ),
        ({"series": [{"name": "a", "dataset": "WPF", "over": "OCCUPATION"}]}, "has no over"),
        ({"series": [{"name": "a", "dataset": "NONE"}]}, "there is no dataset NONE"),
        ({"series": [{"name": "a", "dataset": "WPF", "where": {"DECISION": ["X"]}}]}, "no code X"),
        ({"series": [{"name": "a", "dataset": "WPF"}] * 2}, "a stands twice"),
        ({"reading": dict.fromkeys(("en", "ru", "tk"), "{measure} {period}")}, "coverage"),
        ({"reading": {"en": "{measure} {period} {coverage}", "ru": "x", "tk": "x"}}, "the gaps must be"),
        ({"series": [{"name": "a", "dataset": "WPF", "per": "POP"}]}, "has no per"),
        ({"colour": "red"}, "unknown key: colour"),
    ],
)  # fmt: skip
def test_a_definition_that_says_something_impossible_is_refused(tmp_path, changes, said):
    content = yaml.safe_load((designs.DIRECTORY / "g01.yaml").read_text())
    (tmp_path / "g01.yaml").write_text(yaml.safe_dump({**content, **changes}, allow_unicode=True))
    with pytest.raises(InvalidDefinition, match=re.escape(said)):
        indicators(tmp_path)


def test_a_crossing_that_no_table_has_is_refused_when_it_is_read(tmp_path):
    content = yaml.safe_load((designs.DIRECTORY / "g05.yaml").read_text())
    content["series"] = [
        {"name": "a", "dataset": "WPF", "over": "OCCUPATION", "where": {"REGION": ["TM-S"]}}
    ]
    (tmp_path / "g05.yaml").write_text(yaml.safe_dump(content, allow_unicode=True))
    with pytest.raises(InvalidDefinition, match="no table of the family of WPF has these together"):
        indicators(tmp_path)


# Released figures.


def rows_of(response):
    return list(csv.DictReader(io.StringIO(response.content.decode())))


def shares_by_hand(rows, code):
    """Return the exact share of women with sex stated among the permits granted, of an occupation or of all."""
    granted = [r for r in rows if r["extras"]["decision"] in ("ISS", "REN")]
    some = [r for r in granted if code is None or r["extras"]["occupation"].startswith(code)]
    women, men = (sum(r["sex"] == sex for r in some) for sex in "FM")
    return 100 * women / (women + men)


def test_the_truth_of_the_records_lies_inside_every_interval(accept, publish):
    rows = draw("SMS-WPF", MONTHS, 240)
    accept("SMS-WPF", rows)
    publish("WPF")
    edition = editions.latest("WPF")
    whole = series.work_out(OURS["G1"], OURS["G1"].series[1], edition, "QUARTER").points[-1]
    reading = whole.reading("value")
    assert reading.low <= shares_by_hand(rows, None) <= reading.high
    assert reading.high - reading.low < 3  # one cell of women, one of men: narrow
    by_occupation = series.work_out(OURS["G5"], OURS["G5"].series[0], edition, "QUARTER").points[-1]
    assert by_occupation.unbroken == 0
    told = [r for r in by_occupation.readings if r.measure == "share" and r.value is not None]
    assert told
    for reading in told:
        assert reading.low <= shares_by_hand(rows, reading.part[-1]) <= reading.high, reading.part


def test_page_file_and_api_say_the_same_as_the_tables(released, client):
    for code, name in (("G1", "wpf"), ("G4", "bcr"), ("G5", "wpf"), ("G13", "wpf"), ("G6", "wpf")):
        query = f"series={name}&by=quarter"
        answer = client.get(f"{V1}/{code.lower()}?{query}").json()
        file = rows_of(client.get(f"/figures/indicators/{code}.csv?{query}"))
        written = [
            {k: "" if v is None else str(v) for k, v in row.items()} for row in answer["rows"]
        ]
        assert file == written and file, code
        page = " ".join(
            strip_tags(client.get(f"/figures/indicators/{code}/?{query}").content.decode()).split()
        )
        for row in answer["rows"]:
            if row["OBS_VALUE"] is not None:
                assert f"{row['OBS_VALUE']:.{words.DECIMALS[row['UNIT_MEASURE']]}f}" in page, (
                    code,
                    row,
                )
    data = client.get("/figures/api/v1/datasets/WPF/data?by=QUARTER").json()["rows"]
    shares = client.get(f"{V1}/G1?series=wpf&by=quarter").json()["rows"]
    assert [row["FEMALE_SHARE"] for row in data] == [row["OBS_VALUE"] for row in shares]
    coverage = client.get(f"{V1}/G4?series=wpf&by=quarter").json()["rows"]
    assert [row["SEX_COVERAGE"] for row in data] == [row["OBS_VALUE"] for row in coverage]


def test_the_pay_gap_is_that_of_medians_from_bands_and_its_ends_hold_every_truth():
    bands = {"A": (0.0, 2000.0), "B": (2000.0, 4000.0), "C": (4000.0, inf)}
    near = lambda n: Count(n, 2, 2)
    cells = [cell("A", 90, 30, count=near), cell("B", 60, 120, count=near), cell("_U", 30, 30)]
    asked = Asked(cells, 100, Calculation("gap"), bands=bands)
    (reading,) = CALCULATIONS["gap"](asked)
    # Half of 150 women: 75 of 90 in A, 1666.7; half of 150 men: 45 of 120 in B, 2750.
    assert reading.value == pytest.approx(100 * (1 - (2000 * 75 / 90) / 2750))
    assert reading.of == 150 and reading.low < reading.value < reading.high
    (few,) = CALCULATIONS["gap"](Asked(cells[:1], 100, Calculation("gap"), bands=bands))
    assert (few.value, few.why) == (None, "few")
    (open_end,) = CALCULATIONS["gap"](
        Asked([cell("C", 200, 200)], 100, Calculation("gap"), bands=bands)
    )
    assert (open_end.value, open_end.why) == (None, "no_end")


def test_the_list_has_all_and_invents_no_number(released, client):
    page = " ".join(strip_tags(client.get("/figures/indicators/").content.decode()).split())
    for one in OURS.values():
        assert one.name["en"] in page
    waiting = page.split("Not yet")[1]
    (lacking,) = (one for one in OURS.values() if not one.series)
    assert lacking.name["en"] in waiting and lacking.needs[0].why["en"] in waiting
    assert client.get(f"{V1}/{lacking.code}").status_code == 404
    assert lacking.needs[0].why["en"] in client.get(f"{V1}/{lacking.code}").json()["detail"]
    assert client.get(f"/figures/indicators/{lacking.code}/").status_code == 200
    assert client.get(f"/figures/indicators/{lacking.code}.csv").status_code == 404


def test_refusals_are_those_of_the_detailed_decisions_and_an_open_quarter_says_nothing_of_them(
    permits, accept, publish, client
):
    edition = editions.latest("WPF")
    by = figures.tabulate(edition, ["QUARTER", "OUTCOME"], {"DECISION": ["GRANTED", "OTHER"]})
    counted = {row.codes[1]: row.figures for row in by.rows}
    rates = [
        getattr(counted["REF"], sex) / sum(getattr(counted[c], sex) for c in ("ISS", "REN", "REF"))
        for sex in ("f", "m")
    ]
    (row, *_rates) = client.get(f"{V1}/G8?by=quarter").json()["rows"]
    assert row["MEASURE"] == "value" and row["OBS_VALUE"] == round(rates[0] / rates[1], 2)
    page = strip_tags(client.get("/figures/indicators/G8/?by=quarter").content.decode())
    assert f"{100 * rates[0]:.1f}% of the decisions on women" in " ".join(page.split())
    accept("SMS-WPF", draw("SMS-WPF", LATER, 240, seed=9))
    publish("WPF")
    rows = client.get(f"{V1}/G8?by=quarter").json()["rows"]
    opened = [r for r in rows if r["TIME_PERIOD"] == "2026-Q2"]
    assert {r["WHY_NO_VALUE"] for r in opened} == {"too much is not broken down"}


def test_nothing_released_is_no_number_and_no_fault(client, db):
    page = strip_tags(client.get("/figures/indicators/").content.decode())
    assert "Nothing is released yet of: BCR, WPF, SLP." in page
    assert client.get("/figures/indicators/G1/").status_code == 200
    assert client.get(f"{V1}/G1").status_code == 404
    assert [row["series"][0]["release"] for row in client.get(V1).json()[:1]] == [None]


REFUSED = {
    "series=none": 404,
    "by=month": 404,  # occupations go by quarter
    "by=century": 400,
    "by=year&by=quarter": 400,
    "series=wpf&series=wpf": 400,
    "shoe=1": 400,
    "lang=xx": 400,
    "series=wpf'--": 404,
    f"series={'9' * 400}": 404,
    "series=%00": 400,
}


def test_what_an_indicator_cannot_be_asked_is_refused_in_words(permits, client):
    for query, status in REFUSED.items():
        assert client.get(f"{V1}/G5?{query}").status_code == status, query
        for address in ("/figures/indicators/G5/", "/figures/indicators/G5.csv"):
            refused = client.get(f"{address}?{query}")
            assert 400 <= refused.status_code < 500, (address, query)
            assert len(refused.content) > 20
    assert client.get("/figures/indicators/?x=1").status_code == 400
    assert client.get("/figures/indicators/G5/?period=1999-Q1").status_code == 400
    assert client.get(f"{V1}/G1?series=bcr").status_code == 404  # not released


def test_a_period_with_a_delivery_missing_is_marked_and_an_open_quarter_is_not_broken_down(
    permits, accept, publish, client
):
    accept("SMS-WPF", draw("SMS-WPF", LATER, 240, seed=9))
    publish("WPF")
    rows = client.get(f"{V1}/G5?by=quarter").json()["rows"]
    first, last = ([r for r in rows if r["TIME_PERIOD"] == code] for code in ("2026-Q1", "2026-Q2"))
    assert {row["OBS_STATUS"] for row in first} == {"A"}
    assert {row["OBS_STATUS"] for row in last} == {"O"}
    assert {row["WHY_NO_VALUE"] for row in last} == {"too much is not broken down"}
    share = client.get(f"{V1}/G1?series=wpf&by=quarter").json()["rows"]
    assert share[-1]["OBS_VALUE"] is not None and share[-1]["OBS_STATUS"] == "O"
    page = strip_tags(client.get("/figures/indicators/").content.decode())
    assert "Q1 2026" in page  # the newest period that is whole is what the list tells


def test_ends_are_rounded_outwards_and_a_number_is_written_as_tables_write_it():
    assert words.floor(37.59, "percent") == 37.5 and words.ceiling(37.51, "percent") == 37.6
    assert words.ceiling(12.0, "percent") == 12.0
    assert words.rounded(0.125, "index") == 0.13
    assert words.rounded(None, "index") is None and words.ceiling(inf, "index") is None


def test_a_number_has_a_name_only_where_its_whole_interval_lies_beyond_the_limit(permits):
    edition = editions.latest("WPF")

    def named(code, measure, low, high):
        design = next(s for s in OURS[code].series if s.dataset == "WPF")
        one = series.work_out(OURS[code], design, edition, "YEAR")
        return words.verdict(one, Reading("", measure, 500, (low + high) / 2, low, high))

    assert named("G5", "share", 60.5, 70) == "mostly women" and named("G5", "share", 59, 70) == ""
    assert named("G5", "share", 10, 39.9) == "mostly men" and named("G5", "share", 10, 41) == ""
    assert named("G4", "value", 88, 89.9) == "poor" and named("G4", "value", 89, 91) == "weak"
    assert named("G4", "value", 97, 98.5) == "" and named("G1", "value", 10, 20) == ""
    assert named("G3", "value", 0.98, 1.02) == "parity" and named("G3", "value", 0.9, 1.02) == ""


def test_who_has_no_sex_and_is_not_broken_down_widens_the_bounds_of_every_code():
    asked = Asked([cell("A", 60, 40, 10)], 1, Calculation("shares"), hidden=40)
    reading = next(r for r in CALCULATIONS["shares"](asked) if r.measure == "share")
    assert reading.value == pytest.approx(60)
    assert (reading.least, reading.most) == (pytest.approx(40.0), pytest.approx(110 / 1.5))


def test_by_agency_is_told_where_the_release_has_the_column_and_said_where_it_has_not(
    permits, client
):
    page = " ".join(
        strip_tags(client.get("/figures/indicators/G1/?series=wpf").content.decode()).split()
    )
    assert "Counted together from the records of SMS, MLSP" in page
    structure = editions.latest("WPF").structure
    region = structure.by_name["REGION"]
    named = replace(structure, dimensions=(*structure.dimensions, replace(region, name="AGENCY")))
    tables = tuple(
        replace(t, columns=(*t.columns, "AGENCY")) if t.name == "region" else t
        for t in named.tables
    )
    held = replace(named, tables=tables)
    assert list(series.times(held, OURS["G1"].series[1], "AGENCY")) == ["year", "quarter"]
    assert series.times(structure, OURS["G1"].series[1], "AGENCY") == {}


BEFORE = ("2025-10", "2025-11", "2025-12")  # the quarter before MONTHS


@pytest.fixture
def permits_per_crossing(accept, tmp_path, monkeypatch):
    """G15 relates work permits to border crossings; permits of a quarter, crossings of the next one are accepted."""
    folder = shutil.copytree(designs.DIRECTORY, tmp_path / "indicators")
    content = yaml.safe_load((folder / "g15.yaml").read_text())
    where = {"REGION": ["TM-S", "TM-A"]}
    content["series"] = [{"name": "migrants", "dataset": "WPF", "per": "BCR", "where": where}]
    (folder / "g15.yaml").write_text(yaml.safe_dump(content, allow_unicode=True))
    monkeypatch.setattr(designs, "DIRECTORY", folder)
    accept("SMS-WPF", draw("SMS-WPF", BEFORE, 80))
    accept("SMS-BCR", draw("SMS-BCR", MONTHS, 160, seed=2))


def test_an_indicator_waits_for_its_denominator_and_says_so_of_the_periods_that_lack_it(
    permits_per_crossing, accept, publish, client
):
    def entries(of):
        seen = client.get("/figures/indicators/").context[of]
        return {entry.indicator.code: entry for entry in seen}

    publish("WPF")
    assert "G15" not in entries("told")
    assert entries("waiting")["G15"].needs == ["Nothing is released yet of: BCR."]
    page = "/figures/indicators/G15/?by=quarter"
    told = text_of(client.get(page))
    assert "Nothing is released yet of: BCR." in told
    assert "not delivered yet" in told and "nobody to relate it to" not in told
    publish("BCR")
    assert "G15" not in entries("told")
    assert entries("waiting")["G15"].needs == ["WPF and BCR have no period in common yet."]
    accept("SMS-WPF", draw("SMS-WPF", MONTHS, 80))
    publish("WPF")
    glance = entries("told")["G15"].glances[0]
    assert glance.value and glance.period == "Q1 2026"
    rows = client.get(f"{V1}/G15?by=quarter").json()["rows"]
    whys = {row["TIME_PERIOD"]: row["WHY_NO_VALUE"] for row in rows if row["MEASURE"] == "value"}
    assert whys == {"2025-Q4": "not delivered yet", "2026-Q1": ""}


def test_the_release_of_the_denominator_is_named_and_a_kept_file_is_not_of_another(
    permits_per_crossing, accept, publish, publisher, client
):
    file, query = "/figures/indicators/G15.csv", "?by=quarter"
    page, api = f"/figures/indicators/G15/{query}", f"{V1}/G15{query}"
    publish("WPF")
    publish("BCR")
    first = client.get(file + query)
    assert "WPF-1-per-BCR-1" in first["Content-Disposition"]
    assert {row["DENOMINATOR_RELEASE"] for row in rows_of(first)} == {"BCR-1"}
    kept = {"If-None-Match": first["ETag"]}
    assert client.get(file + query, headers=kept).status_code == 304
    accept("SMS-BCR", draw("SMS-BCR", BEFORE, 160, seed=3))
    second_of_crossings = publish("BCR")
    second = client.get(file + query, headers=kept)
    assert second.status_code == 200
    assert {row["DENOMINATOR_RELEASE"] for row in rows_of(second)} == {"BCR-2"}
    answer = client.get(api).json()
    assert (answer["release"], answer["denominator_release"]) == ("WPF-1", "BCR-2")
    assert "Denominator: Release BCR-2" in text_of(client.get(page))
    withdraw(second_of_crossings, publisher)
    after = client.get(file + query, headers={"If-None-Match": second["ETag"]})
    assert after.status_code == 200 and after["ETag"] == first["ETag"]
