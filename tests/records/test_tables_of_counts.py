"""Real tables of counts enter with the totals that pandas finds in them; for single records they are refused."""

import pandas as pd
import pytest

from agencies import scope
from records.models import HeldRow, Instrument, Record, Submission
from tests.records import files
from tests.records.lists import delivered  # noqa: F401 - used by name
from tests.records.tables import DATA, of_several, sums

real = pytest.mark.skipif(not DATA.exists(), reason="the folder of real files is not here")
CROSSINGS, PERMITS = "SMS-BCR", "SMS-RES"
MONTHS = {"ENERO": "2025-01", "FEBRERO": "2025-02", "MARZO": "2025-03"}


@real
def test_entries_wide_by_sex_enter_with_the_right_totals_by_sex_and_year(
    form, take_in, clerk, names_of_countries
):
    table = pd.read_csv(DATA / "co_entries_2012_2018.csv")
    names_of_countries(table.nationality.unique())
    upload = take_in(
        "co_entries_2012_2018.csv",
        form(CROSSINGS, "sex", "citizenship"),
        columns={"citizenship": "E"},
        repeated_cells="yes",
    )
    assert (upload.state, upload.reason) == ("COMMITTED", "")
    expected = {"F": table.female.sum(), "M": table.male.sum(), "_U": table.undefined.sum()}
    assert sums(upload, clerk, "sex") == expected
    by_year = table.groupby("year")[["female", "male"]].sum()
    counted = sums(upload, clerk, "event_date__year", "sex")
    assert {y: (counted[y, "F"], counted[y, "M"]) for y in by_year.index} == {
        y: (row.female, row.male) for y, row in by_year.iterrows()
    }
    assert upload.report["rows"]["held"] == 0


@real
def test_a_cell_that_stands_twice_is_asked_about_before_it_is_added(
    form, take_in, clerk, names_of_countries
):
    table = pd.read_csv(DATA / "co_entries_2012_2018.csv")
    names_of_countries(table.nationality.unique())
    upload = take_in(
        "co_entries_2012_2018.csv",
        form(CROSSINGS, "sex", "citizenship"),
        columns={"citizenship": "E"},
    )
    (question,) = upload.report["questions"]
    assert (question["id"], question["evidence"]) == ("repeated_cells", ["F9361", "F9362"])
    assert sums(upload, clerk, "sex") == {}


@real
@pytest.mark.parametrize("month, name", [("ENERO", "01"), ("FEBRERO", "02"), ("MARZO", "03")])
def test_cards_with_a_column_of_counts_enter_with_the_right_totals(
    form, take_in, clerk, names_of_countries, month, name
):
    file = f"peru_ce_2025_{name}.csv"
    table = pd.read_csv(DATA / file, sep="|")
    names_of_countries(table.NACIONALIDAD.unique())
    upload = take_in(
        file,
        form(PERMITS, "sex", "citizenship"),
        columns={"sex": "E", "citizenship": "I"},
        aliases={"sex": {"FEMENINO": "F", "MASCULINO": "M"}},
    )
    assert (upload.state, upload.reason) == ("COMMITTED", "")
    by_sex = table.groupby("SEXO").CANTIDAD.sum()
    assert sums(upload, clerk, "sex") == {"F": by_sex.FEMENINO, "M": by_sex.MASCULINO}
    with scope.acting(clerk):
        periods = set(Submission.objects.filter(uploads=upload).values_list("period", flat=True))
    assert periods == {MONTHS[month]}
    cells = len(table.groupby(["SEXO", "NACIONALIDAD"]))
    assert upload.report["rows"]["accepted"] == cells
    assert upload.report["skipped"]["added"] == len(table) - cells


def new_zealand():
    table = pd.read_csv(
        DATA / "nz_migration_1978.csv", skiprows=2, header=None, names=[*"abcde"], dtype=str
    ).fillna("")
    table = table[table.c.str.match(r"\d{4}M\d\d")]
    for name in "ab":
        table[name] = table[name].where(table[name].str.strip() != "").ffill()
    table = table[~table.a.str.startswith("TOTAL") & ~table.b.str.startswith("TOTAL")]
    return table.assign(d=table.d.astype(int), e=table.e.astype(int))


@real
def test_values_stated_once_above_a_column_without_a_header_are_repeated(
    form, take_in, clerk, names_of_countries
):
    table = new_zealand()
    names_of_countries(table.b.unique())
    several = of_several(table.b.unique())
    unread, table = table[table.b.isin(several)], table[~table.b.isin(several)]
    upload = take_in(
        "nz_migration_1978.csv",
        form(CROSSINGS, "sex", "citizenship", "direction", "prev_residence"),
        columns={"citizenship": "A", "prev_residence": "B", "event_date": "C", "sex": "none"},
        aliases={
            "direction": {"Arrivals": "IN", "Departures": "OUT"},
            "citizenship": {"New Zealand Citizen": "NZL", "Australian Citizen": "AUS"},
        },
        values="go_on",
    )
    assert (upload.state, upload.reason) == ("COMMITTED", "")
    assert sums(upload, clerk, "sex") == {"_U": table.d.sum() + table.e.sum()}
    by_citizenship = table.groupby("a")[["d", "e"]].sum().sum(axis=1)
    assert sums(upload, clerk, "citizenship") == {
        "NZL": by_citizenship["New Zealand Citizen"],
        "AUS": by_citizenship["Australian Citizen"],
    }
    assert upload.report["rows"]["held"] == 2 * len(unread)
    assert upload.report["skipped"]["total"] == 1020


def test_a_count_that_cannot_be_read_is_held_with_the_cell_it_stands_in(form, take_in, clerk):
    table = [["Period", "Citizenship", "women", "men", "total"]]
    table += [["2026-03", code, "1", "2", "3"] for code in ("TUR", "UZB", "CHN", "AFG", "IND")]
    table[3][3] = "2?"
    upload = take_in(files.plain(table), form(CROSSINGS, "sex", "citizenship"))
    assert (upload.state, upload.report["file"]["shape"]["header"]) == ("COMMITTED", [1, 1])
    assert sums(upload, clerk, "sex") == {"F": 5, "M": 8}
    (cause,) = [f for f in upload.report["findings"] if f["severity"] == "error"]
    assert [(e["cell"], e["value"]) for e in cause["examples"]] == [("D4", "2?")]
    with scope.acting(clerk):
        (held,) = HeldRow.open_rows.filter(upload=upload)
    assert (held.row_no, held.findings[0]["cell"]) == (4, "D4")


def test_a_row_total_that_differs_stops_the_file_and_keeps_nothing(form, take_in, clerk):
    table = [["Period", "Citizenship", "women", "men", "total"]]
    table += [["2026-03", code, "1", "2", "3"] for code in ("TUR", "UZB", "CHN")]
    table[2][4] = "4"
    upload = take_in(files.plain(table), form(CROSSINGS, "sex", "citizenship"))
    assert upload.state == "REFUSED"
    assert "E3: 4 ≠ 3" in upload.report["refusal"]["where"]
    assert sums(upload, clerk, "sex") == {}


def test_a_month_is_no_day_of_a_single_record(send):
    heads = [name for name in files.WPF if name != "event_date"] + ["year", "month"]
    row = [text for name, text in files.WPF.items() if name != "event_date"]
    asked = send(files.plain([heads, *([f"W-{k}", *row[1:], "2026", "март"] for k in range(3))]))
    (question,) = asked.report["questions"]
    assert question["id"] == "shape"
    shape = question["choices"][0]["value"]
    again = send(
        files.plain([heads, *([f"W-{k}", *row[1:], "2026", "март"] for k in range(4))]),
        answers={"shape": shape},
    )
    assert (again.report["rows"]["accepted"], again.report["rows"]["held"]) == (0, 4)
    errors = {f["rule"] for f in again.report["findings"] if f["severity"] == "error"}
    assert errors == {"event_date.no_day"}


@real
@pytest.mark.parametrize(
    "name, options",
    [
        ("co_entries_2012_2018.csv", {}),
        ("peru_ce_2025_01.csv", {}),
        ("peru_ce_2025_02.csv", {}),
        ("nz_migration_1978.csv", {}),
        ("russia_migration_by_country_cp1251.csv", {"encoding": "cp1251"}),
        ("russia_migration_by_country_cyrillic_utf8.csv", {}),
        ("se_work_permits_2018.xlsx", {"sheet": "#8"}),
    ],
)
@pytest.mark.parametrize("code", [CROSSINGS, PERMITS, "SMS-WPF"])
def test_a_table_of_counts_is_never_one_person_a_row(
    instruments, agency, clerk, name, options, code
):
    upload = files.send(
        (DATA / name).read_bytes(),
        by=clerk,
        agency=agency,
        instrument=Instrument.objects.get(code=code),
        answers=options,
    )
    assert upload.state in ("REFUSED", "NEEDS_ANSWERS")
    with scope.acting(clerk):
        assert not Record.objects.filter(upload=upload).exists()
