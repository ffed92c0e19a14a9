"""Tables of counts: a row is a cell that stands for many; totals are compared, parts are never counted twice."""

from datetime import date

import pyarrow as pa
import pytest
from django.test import Client
from hypothesis import given, settings
from hypothesis import strategies as st

from agencies import scope
from agencies.refusal import Refused
from records.collection import entry, in_json
from records.instruments import reader, versions
from records.models import Instrument, Record, Submission
from records.validation import engine
from records.validation.sums import Sums
from reports.designs import datasets
from reports.exact import slices
from tests.records import files
from tests.records.files import ALL, plain

TODAY = date(2026, 11, 20)
HEAD = [
    "Period",
    "Direction",
    "Other country",
    "Channel",
    "Sex of the sender",
    "Sex of the receiver",
]
HEAD += ["Number of transfers", "Amount, US dollars", "Number of providers"]


def cell(country, sex, count, amount="", providers="4", period="2026-Q1"):
    return [
        period,
        "IN",
        country,
        "BANK",
        sex,
        "F",
        str(count),
        str(amount or count * 200),
        providers,
    ]


def check(spec, rows):
    names = [*rows[0]]
    texts = {name: [row.get(name, "") for row in rows] for name in names}
    table = pa.table(texts | {"_row": pa.array(range(2, len(rows) + 2), pa.int32())})
    return engine.check(table, spec, today=TODAY)


def aggregate(code):
    return reader.read_aggregate(ALL[code])


@pytest.fixture
def remittances(db, agency, instruments):
    instrument = Instrument.objects.get(code="MEF-REM")
    instrument.agencies.add(agency)
    return instrument


@pytest.fixture
def take_in(remittances, agency, clerk):
    def send(rows, instrument=None, **options):
        given_to = instrument or remittances
        return files.send(
            plain([HEAD, *rows]), by=clerk, agency=agency, instrument=given_to, **options
        )

    return send


def summary(upload, clerk):
    with scope.acting(clerk):
        return in_json.status(upload, clerk)


def test_a_cell_stands_for_as_many_as_it_says(take_in, clerk):
    upload = take_in([cell("TUR", "F", 120), cell("TUR", "M", 300), cell("RUS", "", 40)])
    assert summary(upload, clerk)["state"] == "COMMITTED"
    assert summary(upload, clerk)["sex"] == {"F": 120, "M": 300, "_O": 0, "_N": 0, "_U": 40}
    with scope.acting(clerk):
        records = list(Record.objects.order_by("count").values_list("record_ref", "count", "sex"))
    assert records == [
        ("IN/RUS/BANK/_U/F", 40, "_U"),
        ("IN/TUR/BANK/F/F", 120, "F"),
        ("IN/TUR/BANK/M/F", 300, "M"),
    ]


def test_totals_are_compared_with_their_parts_and_not_counted(take_in, clerk):
    cells = [cell("TUR", "F", 120), cell("TUR", "M", 300), cell("TUR", "Total", 420)]
    upload = take_in(cells)
    assert summary(upload, clerk)["state"] == "COMMITTED"
    assert summary(upload, clerk)["rows"] == {
        "read": 3,
        "accepted": 2,
        "held": 0,
        "late": 0,
        "skipped": 1,
        "duplicate": 0,
    }


def test_a_total_that_is_not_the_sum_of_its_parts_refuses_the_table_and_names_the_cell(
    take_in, clerk
):
    upload = take_in([cell("TUR", "F", 120), cell("TUR", "M", 300), cell("TUR", "Всего", 421)])
    assert summary(upload, clerk)["state"] == "REFUSED"
    assert "G4: 421 ≠ 420" in upload.reason
    with scope.acting(clerk):
        assert not Record.objects.exists()


def test_a_cell_that_stands_twice_is_held_as_a_cell(take_in, clerk):
    upload = take_in([cell("TUR", "F", 120), cell("TUR", "F", 121), cell("TUR", "M", 300)])
    report = summary(upload, clerk)
    assert (report["rows"]["accepted"], report["rows"]["held"]) == (1, 2)
    assert [f["message"]["en"] for f in report["findings"] if f["severity"] == "error"] == [
        "This cell stands twice with different numbers. Keep the right one."
    ]


@pytest.mark.parametrize(
    "changed, rule",
    [
        (cell("TUR", "F", 5, amount=900, providers="2"), "providers.few"),
        (cell("TUR", "F", 0, amount=900), "amount.without_transfers"),
        (cell("TKM", "F", 5, amount=900), "counterpart_country.home"),
        (cell("TUR", "F", -1, amount=900), "count.out_of_range"),
        (cell("TUR", "F", "", amount=900), "count.missing"),
    ],
)
def test_wrong_cells_are_held_by_their_rule(changed, rule):
    names = ["event_date", *ALL["MEF-REM"].cells, "count", "amount", "providers"]
    checked = check(ALL["MEF-REM"], [dict(zip(names, changed, strict=True))])
    assert rule in {finding.rule for finding in checked.errors}
    assert checked.held.all()


@pytest.mark.parametrize("amount, warned", [(19 * 50, True), (20 * 50, False), (20_001 * 50, True)])
def test_an_average_transfer_out_of_bounds_is_asked_about(amount, warned):
    names = ["event_date", *ALL["MEF-REM"].cells, "count", "amount", "providers"]
    row = dict(zip(names, cell("TUR", "F", 50, amount=amount), strict=True))
    rules = {finding.rule for finding in check(ALL["MEF-REM"], [row]).warnings}
    assert bool(rules & {"amount.average_small", "amount.average_large"}) == warned


def test_a_price_counts_no_person_and_has_no_sex():
    row = {"event_date": "2026-Q1", "corridor_from": "TUR", "corridor_to": "TKM"}
    row |= {"provider_type": "BANK", "count": "3", "total_cost_pct": "4,5"}
    checked = check(ALL["MEF-CST"], [row])
    assert checked.findings == []
    assert checked.typed["sex"].to_pylist() == ["_Z"]


WPF_CELL = {"event_date": "2026-03", "sex": "F", "age_group": "Y25T29", "citizenship": "TUR"}
WPF_CELL |= {
    "region": "TM-S",
    "decision": "ISS",
    "occupation": "71",
    "activity": "F",
    "count": "12",
}


def test_the_aggregate_form_of_an_instrument_keeps_the_rules_that_a_cell_can_break():
    spec = aggregate("SMS-WPF")
    assert (spec.code, spec.is_counts, spec.agencies) == ("SMS-WPF-AGG", True, ())
    assert check(spec, [WPF_CELL]).findings == []
    home = check(spec, [WPF_CELL | {"citizenship": "TKM"}])
    assert [finding.rule for finding in home.errors] == ["citizenship.national"]


def test_an_age_group_is_the_youngest_age_of_the_group():
    typed = check(aggregate("SMS-WPF"), [WPF_CELL, WPF_CELL | {"age_group": "85+"}]).typed
    assert typed["age"].to_pylist() == [25, 85]
    assert typed["age_precision"].to_pylist() == ["G", "G"]


def test_a_group_beside_its_parts_would_be_counted_twice():
    sums = Sums(aggregate("SMS-WPF"))
    sums.add(check(aggregate("SMS-WPF"), [WPF_CELL, WPF_CELL | {"occupation": "7", "count": "40"}]))
    assert sums.doubled() == [(3, 2)]
    other = Sums(aggregate("SMS-WPF"))
    other.add(check(aggregate("SMS-WPF"), [WPF_CELL, WPF_CELL | {"occupation": "7", "sex": "M"}]))
    assert other.doubled() == []


@settings(max_examples=30, deadline=None)
@given(
    st.dictionaries(
        st.tuples(st.sampled_from(["TUR", "RUS", "UZB"]), st.sampled_from(["F", "M", "_O", "_U"])),
        st.integers(0, 10**6),
        min_size=1,
    ),
    st.integers(-3, 3),
)
def test_women_men_other_and_unknown_are_the_total(cells, error):
    """T = F + M + O + U, for every country and for all of them; one wrong total is found wherever it stands."""
    spec, rows = aggregate("SMS-WPF"), []
    countries = dict.fromkeys(country for country, _sex in cells)
    for (country, sex), count in cells.items():
        rows.append(WPF_CELL | {"citizenship": country, "sex": sex, "count": str(count)})
    totals = {c: sum(n for (country, _s), n in cells.items() if country == c) for c in countries}
    for country, total in totals.items():
        rows.append(WPF_CELL | {"citizenship": country, "sex": "_T", "count": str(total)})
    whole = str(max(0, sum(totals.values()) + error))
    rows.append(WPF_CELL | {"citizenship": "Итого", "sex": "_T", "count": whole})
    sums = Sums(spec)
    sums.add(check(spec, rows))
    wrong = int(whole) != sum(totals.values())
    assert [(t.row, t.stated) for t in sums.broken_totals()] == (
        [(len(rows) + 1, int(whole))] if wrong else []
    )


@pytest.mark.django_db(transaction=True)
def test_rows_and_counts_of_one_period_are_never_added_up(instruments, agency, clerk, send):
    form = Instrument.objects.get(code="SMS-WPF-AGG")
    form.agencies.add(agency)
    names = [v.label["en"] for v in versions.spec_of(versions.current(form)).variables]
    content = plain(
        [names, [WPF_CELL[v.name] for v in versions.spec_of(versions.current(form)).variables]]
    )
    counted = files.send(content, by=clerk, agency=agency, instrument=form)
    assert counted.state == "COMMITTED"
    rows = send(plain(files.table(3)))
    assert rows.state == "REFUSED"
    assert "single records or counts, not both" in rows.reason


def test_a_slice_adds_up_what_the_cells_stand_for(instruments, agency, clerk):
    form = Instrument.objects.get(code="SMS-WPF-AGG")
    form.agencies.add(agency)
    spec = versions.spec_of(versions.current(form))
    cells = [WPF_CELL, WPF_CELL | {"sex": "M", "count": "30"}, WPF_CELL | {"sex": "", "count": "2"}]
    content = plain(
        [
            [v.label["en"] for v in spec.variables],
            *([c[v.name] for v in spec.variables] for c in cells),
        ]
    )
    files.send(content, by=clerk, agency=agency, instrument=form)
    with scope.acting(clerk):
        table = slices.exact_cells(Submission.objects.get(), datasets.datasets()["WPF"])
    by_sex = dict(zip(table["SEX"].to_pylist(), table["records"].to_pylist(), strict=True))
    assert by_sex == {"F": 12, "M": 30, "_OU": 2}
    assert set(table["AGE5"].to_pylist()) == {"Y25T29"}


def test_the_list_of_records_shows_what_a_cell_is_about_and_how_many_it_counts(take_in, clerk):
    take_in([cell("TUR", "F", 120), cell("RUS", "", 40)])
    with scope.acting(clerk):
        address = Submission.objects.get().records_url
    browser = Client()
    browser.force_login(clerk)
    page = browser.get(address).content.decode()
    assert "IN/TUR/BANK/F/F" in page and ">120<" in page
    assert "Sex of the sender" in page and ">Record number<" not in page


def test_a_total_is_not_typed(remittances, agency, clerk):
    names = ["event_date", *ALL["MEF-REM"].cells, "count", "amount", "providers"]
    values = dict(zip(names, cell("TUR", "Total", 5), strict=True))
    with scope.acting(clerk), pytest.raises(Refused, match="sum of its cells"):
        entry.save(values, agency=agency, instrument=remittances, by=clerk)
