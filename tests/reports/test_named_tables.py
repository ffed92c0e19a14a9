"""What named tables say beside their counts: medians of wages, net migration, shares; worked out from what is published."""

import csv
import io
import math
from collections import defaultdict

import pytest
import yaml
from django.utils.html import strip_tags

from reports.designs import datasets, tables
from reports.designs.amounts import AmountBand, AmountDesign
from reports.exact import slices
from reports.published.quantiles import quantile
from standards.definitions import InvalidDefinition
from tests.reports.conftest import MONTHS, draw

V1 = "/figures/api/v1"
BANDS = datasets.datasets()["WPF"].structure([]).by_name["WAGE"].amounts.limits
EDGES = [*(first for first, _below in BANDS.values()), math.inf]
LABELS = {"en": "A", "ru": "А", "tk": "A"}


def rows_of(response):
    return list(csv.DictReader(io.StringIO(response.content.decode())))


def text_of(response):
    return " ".join(strip_tags(response.content.decode()).split())


def by_band(client):
    """{skill level: {sex: published counts by band}, "all": …} of the counts that the medians are worked out from."""
    found = defaultdict(lambda: {sex: [0] * len(BANDS) for sex in ("F", "M", "_T")})
    rows = client.get(f"{V1}/datasets/WPF/data?by=BROAD_SKILL,WAGE&limit=1000").json()["rows"]
    for row in rows:
        if row["WAGE"] in BANDS:
            place = list(BANDS).index(row["WAGE"])
            for code in (row["BROAD_SKILL"], "all"):
                for sex in ("F", "M", "_T"):
                    found[code][sex][place] += row[sex]
    return found


def digits(number):
    return None if number is None else int(float(f"{number:.3g}"))


def test_medians_of_wages_follow_from_published_counts_by_band_and_all_outputs_agree(
    client, permits
):
    told, counted = client.get(f"{V1}/tables/T16/data").json(), by_band(client)
    assert any(row["MEDIAN_F"] and row["MEDIAN_M"] for row in told["rows"])
    for row in [*told["rows"], {**told["total"], "BROAD_SKILL": "all"}]:
        own = counted[row["BROAD_SKILL"]]
        assert row["STATED"] == sum(own["_T"]) and row["STATED"] % 3 == 0
        medians = {sex: quantile(own[sex], EDGES) for sex in own}
        for sex, name in (("F", "MEDIAN_F"), ("M", "MEDIAN_M"), ("_T", "MEDIAN_T")):
            # There may be none where too much is not broken down; never another one.
            assert row[name] in (None, digits(medians[sex]))
        if row["MEDIAN_F"] and row["MEDIAN_M"]:
            gap = 100 * (medians["M"] - medians["F"]) / medians["M"]
            assert row["PAY_GAP"] == pytest.approx(gap, abs=0.05)
    across = rows_of(client.get("/figures/tables/T16.csv"))
    names = ("STATED", "MEDIAN_F", "MEDIAN_M", "MEDIAN_T", "PAY_GAP")
    for row, line in zip(told["rows"], across, strict=True):
        assert [line[n] for n in names] == ["" if row[n] is None else str(row[n]) for n in names]
    tidy = rows_of(client.get("/figures/tables/T16.csv?form=tidy"))
    women = {line["BROAD_SKILL"]: line["MEDIAN"] for line in tidy if line["SEX"] == "F"}
    assert women == {line["BROAD_SKILL"]: line["MEDIAN_F"] for line in across}
    assert {line["MEDIAN"] for line in tidy if line["SEX"] == "_OU"} == {""}
    page = text_of(client.get("/figures/tables/T16/"))
    for said in (
        "Median of women, TMT",
        "medians are worked out",
        "is not converted",
        "before taxes",
    ):
        assert said in page
    assert "rows=BROAD_SKILL,WAGE" in client.get("/figures/tables/T16/").content.decode()


def test_of_some_bands_there_is_no_median_and_the_gap_has_an_indicator(client, permits):
    answer = client.get(f"{V1}/tables/T16/data?wage=W0T1999").json()
    assert "MEDIAN_F" not in answer["rows"][0]
    (row,) = client.get(f"{V1}/indicators/G9?series=wpf&by=quarter").json()["rows"]
    bands = by_band(client)["all"]
    medians = {sex: quantile(bands[sex], EDGES) for sex in ("F", "M")}
    gap = 100 * (medians["M"] - medians["F"]) / medians["M"]
    assert row["OBS_VALUE"] == pytest.approx(gap, abs=0.05)
    assert row["LOW"] < row["OBS_VALUE"] < row["HIGH"]
    assert client.get("/figures/indicators/G9/").status_code == 200


def test_wages_in_another_currency_are_counted_apart_and_nothing_is_converted(submit):
    rows = draw("SMS-WPF", MONTHS[:1], 60)
    (submission,) = submit("SMS-WPF", rows)
    dataset = datasets.datasets()["WPF"]
    cells = slices.exact_cells(submission, dataset).to_pylist()
    found = defaultdict(int)
    for cell in cells:
        found[cell["WAGE"]] += cell["records"]
    expected = defaultdict(int)
    wage = next(d for d in dataset.dimensions if d.name == "WAGE")
    for row in rows:
        money, amount = row["extras"].get("wage_cur"), row["extras"].get("wage_month")
        expected["_O" if money == "USD" else wage.code_of(amount)] += 1
    assert dict(found) == dict(expected) and found["_O"] and found["_U"]


def test_bands_are_open_above_and_hold_their_lower_end():
    design = AmountDesign("TMT", (AmountBand("A", {}, 0, 10), AmountBand("B", {}, 10)))
    assert [design.code_of(n) for n in (0, 9.99, 10, 1e9, None)] == ["A", "A", "B", "B", "_U"]


def test_net_migration_is_arrivals_minus_departures_by_sex_in_every_output(client, accept, publish):
    accept("STA-SLP", draw("STA-SLP", ["2025-Q4"], 800, seed=3))
    publish("SLP")
    told = client.get(f"{V1}/tables/T06/data").json()
    cells = {(r["REGION"], r["BROAD_AGE"], r["FLOW"]): r for r in told["rows"]}
    groups = {key[:2] for key in cells}
    assert groups and all((*group, "NET") in cells for group in groups)
    nobody = dict.fromkeys(("F", "M", "_OU", "_T"), 0)
    for group in groups:
        came, left = (cells.get((*group, flow), nobody) for flow in ("IN", "OUT"))
        net = cells[*group, "NET"]
        assert [net[s] for s in nobody] == [came[s] - left[s] for s in nobody]
        assert net["FEMALE_SHARE"] is None and net["SEX_COVERAGE"] is None
        assert net["FLOW_LABEL"] == "Net migration (arrivals minus departures)"
    assert any(r["_T"] < 0 for r in told["rows"])
    assert told["total"]["_T"] == sum(r["_T"] for r in told["rows"] if r["FLOW"] != "NET")
    # One cell of one year each: 2 and 2.
    assert any(
        "the sum of theirs: of each sex it is at most 4 from" in note for note in told["notes"]
    )
    lines = rows_of(client.get("/figures/tables/T06.csv"))
    assert [line["_T"] for line in lines] == [str(row["_T"]) for row in told["rows"]]
    page = client.get("/figures/tables/T06/")
    of_all = [sum(r[s] for r in told["rows"] if r["FLOW"] == "NET") for s in nobody]
    numbers = " ".join(f"{n:,}" for n in of_all)
    assert f"Net migration (arrivals minus departures) {numbers} .. .." in text_of(page)
    some = client.get(f"{V1}/tables/T06/data?flow=IN").json()["rows"]
    assert {row["FLOW"] for row in some} == {"IN"}
    assert client.get(f"{V1}/tables/T06/data?flow=NET").status_code == 400


@pytest.mark.parametrize(
    ("code", "changes", "words"),
    [
        ("t16", {"medians": "OCCUPATION"}, "there is no dimension of amounts OCCUPATION"),
        ("t16", {"by": ["OCCUPATION"]}, "no table of the family of WPF has it together"),
        ("t16", {"shares": "BROAD_SKILL"}, "a table works out one thing"),
        ("t06", {"by": ["FLOW", "REGION"]}, "FLOW is the last dimension of the rows"),
        ("t06", {"balance": {"of": "FLOW", "code": "IN", "labels": LABELS, "plus": ["IN"], "minus": ["OUT"]}}, "FLOW has a code IN already"),
        ("t06", {"balance": {"of": "FLOW", "code": "NET", "labels": LABELS, "plus": ["IN"], "minus": ["IN"]}}, "cannot be added and taken away"),
        ("t06", {"balance": {"of": "FLOW", "code": "NET", "labels": LABELS, "plus": ["IN"], "minus": ["INTERNAL"]}}, "limited to other codes"),
        ("t06", {"balance": {"of": "FLOW", "code": "NET", "labels": LABELS, "plus": ["IN"], "minus": ["AWAY"]}}, "there is no code AWAY"),
    ],
)  # fmt: skip
def test_a_table_that_works_out_what_it_cannot_is_refused(tmp_path, code, changes, words):
    content = yaml.safe_load((tables.DIRECTORY / f"{code}.yaml").read_text())
    (tmp_path / f"{code}.yaml").write_text(yaml.safe_dump({**content, **changes}))
    with pytest.raises(InvalidDefinition) as refused:
        tables.tables(tmp_path)
    assert words in str(refused.value)


def test_departures_are_spread_over_education_and_the_table_says_what_it_lacks(
    client, accept, publish
):
    accept("STA-SLP", draw("STA-SLP", ["2025-Q4"], 3000, seed=3))
    publish("SLP")
    answer = client.get(f"{V1}/tables/T28/data").json()
    rows = {row["EDUCATION"]: row for row in answer["rows"]}
    stated = [row for code, row in rows.items() if code in ("ED0T2", "ED3T4", "ED5T8")]
    assert len(stated) == 3
    for sex, name in (("F", "SHARE_F"), ("M", "SHARE_M"), ("_T", "SHARE_T")):
        every = sum(row[sex] for row in stated)
        assert every >= 100
        for row in stated:
            assert row[name] == pytest.approx(100 * row[sex] / every, abs=0.05)
        assert rows["_U"][name] is None
    assert "no rate of emigration" in answer["notes"][0]
    tidy = rows_of(client.get("/figures/tables/T28.csv?form=tidy&lang=ru"))
    men = {line["EDUCATION"]: line["SHARE"] for line in tidy if line["SEX"] == "M"}
    assert men["ED5T8"] == str(rows["ED5T8"]["SHARE_M"]) and men["_U"] == ""
    page = text_of(client.get("/figures/tables/T28/"))
    assert "Share among women, %" in page and "no rate of emigration" in page


def test_a_share_of_few_is_not_told(client, accept, publish):
    accept("STA-SLP", draw("STA-SLP", ["2025-Q4"], 200, seed=3))
    publish("SLP")
    rows = client.get(f"{V1}/tables/T28/data").json()["rows"]
    assert {row["SHARE_F"] for row in rows} == {None}
