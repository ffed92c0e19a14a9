"""A cell that need not be stated and cannot be read counts as not stated; one that must be stated holds its row."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from agencies import scope
from records.models import HeldRow, Record
from records.validation.personal import MASK
from tests.records.files import SPECS, VALID, plain, table
from tests.records.test_rules import check

OPTIONAL = ("civil_status", "education", "country_birth", "sex_basis", "birth_date", "wage_month")


@pytest.mark.parametrize("name", OPTIONAL)
@pytest.mark.parametrize("text", ["??what", "#REF!", "45.45.2045"])
def test_an_optional_cell_that_cannot_be_read_counts_as_not_stated(name, text):
    checked = check("SMS-WPF", table(2, **{"wage_month": "", name: ["", text]}))
    assert not checked.held.any()
    assert checked.errors == []
    (warning,) = (f for f in checked.warnings if f.variable == name)
    assert (warning.rows.tolist(), warning.values.to_pylist()) == ([1], [text])
    stored = "birth_year" if name == "birth_date" else name
    values = checked.typed[stored].to_pylist()
    assert values[0] == values[1]  # as the blank cell above it


@pytest.mark.parametrize("name", ["citizenship", "region", "decision", "event_date", "sex"])
def test_a_required_cell_that_cannot_be_read_holds_its_row(name):
    checked = check("SMS-WPF", table(2, **{name: [VALID["SMS-WPF"][name], "??what"]}))
    assert checked.held.tolist() == [False, True]
    assert [f.severity for f in checked.findings if f.variable == name] == ["error"]


def test_sex_holds_its_row_whether_it_is_required_or_not():
    for spec in SPECS.values():
        for required in (True, False):
            variable = spec.by_name["sex"]
            assert type(variable)(**{**vars(variable), "required": required}).holds_rows


def test_the_warning_says_that_the_cell_is_left_out_in_every_language():
    (warning,) = check("SMS-WPF", table(1, education="??what")).findings
    assert warning.message["en"].endswith("the cell counts as not stated.")
    assert warning.message["ru"].endswith("ячейка считается незаполненной.")
    assert warning.message["tk"].endswith("öýjük görkezilmedik hasaplanýar.")


def test_a_cell_that_a_rule_needs_holds_its_row_once():
    rows = table(3, wage_month=["900", "", "900"], wage_cur=["??what", "??what", "TMT"])
    checked = check("SMS-WPF", rows)
    assert checked.held.tolist() == [True, False, False]
    said = [(f.rule, f.severity, f.rows.tolist()) for f in checked.findings]
    assert said == [
        ("wage_cur.unknown_text", "error", [0]),
        ("wage_cur.unknown_text", "warning", [1]),
    ]


def test_the_currency_of_the_file_is_not_given_to_an_amount_whose_currency_cannot_be_read():
    rows = table(2, wage_month="900", wage_cur=["??what", ""])
    checked = check("SMS-WPF", rows, currency="TMT")
    assert checked.held.tolist() == [True, False]
    assert checked.good["wage_cur"].to_pylist() == ["TMT"]


def test_a_warning_of_a_missing_value_is_not_said_of_a_cell_that_cannot_be_read():
    checked = check("SMS-WPF", table(1, education="#REF!"))
    assert [f.rule for f in checked.findings] == ["education.cell_error"]


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(cells=st.fixed_dictionaries({}, optional=dict.fromkeys(OPTIONAL, st.text(max_size=12))))
def test_whatever_stands_in_optional_cells_the_row_keeps_its_sex_and_country(cells):
    cells.pop("wage_month", None)  # one that can be read needs its currency
    checked = check("SMS-WPF", table(1, **cells))
    if not checked.held[0]:
        assert checked.typed["sex"].to_pylist() == ["F"]
        assert checked.typed["citizenship"].to_pylist() == ["TUR"]
    assert {f.variable for f in checked.errors} <= {"birth_date"}  # rules on the age


def test_a_personal_text_in_an_optional_cell_is_kept_nowhere(send, clerk):
    upload = send(plain(table(2, education=["orta", "Annaýewa Maral"])))
    with scope.acting(clerk):
        assert Record.objects.count() == 2
        assert not HeldRow.open_rows.exists()
    (cause,) = upload.report["findings"]
    assert (cause["severity"], cause["count"]) == ("warning", 1)
    assert cause["examples"] == [{"row": 3, "cell": "M3", "value": MASK}]


def test_warnings_of_optional_cells_are_counted_by_cause(send):
    words = ["orta", "??one", "??two", "#REF!"]
    upload = send(plain(table(40, education=words)), answers={"values": "go_on"})
    counted = {f["rule"]: (f["severity"], f["count"]) for f in upload.report["findings"]}
    assert counted == {
        "education.unknown_text": ("warning", 20),
        "education.cell_error": ("warning", 10),
    }
    assert upload.report["rows"]["accepted"] == 40


def test_the_page_of_an_instrument_says_which_cells_hold_their_row(client, instruments):
    page = client.get("/instruments/SMS-WPF/").content.decode()
    holds = "A cell that cannot be read holds its row."
    assert page.count(holds) == sum(v.holds_rows for v in SPECS["SMS-WPF"].variables)
    assert "A cell that cannot be read counts as not stated, with a warning." in page
