"""An instrument whose parts do not fit each other or the code lists is refused when it is read."""

import pytest

from records.instruments import reader, schema
from records.validation import conditions, parsing
from standards.definitions import InvalidDefinition
from tests.records.files import ALL, SPECS

WPF = (reader.DIRECTORY / "sms-wpf.yaml").read_text()


def read(tmp_path, text):
    path = tmp_path / "sms-wpf.yaml"
    path.write_text(text)
    return reader.read(path)


def refused(tmp_path, text):
    with pytest.raises(InvalidDefinition) as invalid:
        read(tmp_path, text)
    return str(invalid.value)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("variable: employer_type, when", "variable: employer, when", "rules.employer_type.household_occupation.variable: there is no variable employer"),
        ("var: employer_type, in", "var: employer_tipe, in", "there is no variable employer_tipe"),
        ("in: [HOUSEHOLD]", "in: [HOUSHOLD]", "when.employer_type.in: there is no code HOUSHOLD"),
        ("in: [home]", "in: [TRKM]", "there is no code TRKM"),
        ("before: valid_from", "before: valid_form", "valid_form is neither today, nor a date, nor a date variable"),
        ("before: valid_from", "before: \"2026-02-30\"", "2026-02-30 is neither"),
        ("since: valid_from", "since: valid_since", "there is no variable valid_since"),
        ("since: valid_from, days_over: 731", "since: valid_from", "since needs days_over"),
        ("since: valid_from, days_over: 731", "days_over: 731", "days_over needs since"),
        ("var: contract_hours_w, gt: 60", "var: citizenship, gt: 60", "this compares variables of kind boolean or decimal or integer, not code"),
        ("var: valid_to, before", "var: citizenship, before", "this compares variables of kind date or period, not code"),
        ("codelist: decisions", "codelist: decision", "variables.decision.codelist: there is no word decision"),
        ("    codelist: decisions\n", "", "variables.decision: missing key: codelist"),
        ("unknown: _U\n    label: {en: Occupation", "unknown: _X\n    label: {en: Occupation", "variables.occupation.unknown: there is no code _X"),
        ("  - name: wage_month\n    kind: decimal", "  - name: wage_month\n    kind: decimal\n    unknown: _U", "only a variable of kind code has this; it is of kind decimal"),
        ("low: 0\n    high: 112", "low: 113\n    high: 112", "contract_hours_w.high: it is below the smallest number, 113"),
        ("  - name: valid_to\n    kind: date", "  - name: valid_to\n    kind: date\n    low: 3", "valid_to.low: only numbers have this; it is of kind date"),
        ("  - name: valid_to\n    kind: date\n", "  - name: valid_to\n", "variables.valid_to: missing key: kind"),
        ("  - name: valid_to\n", "  - name: valid_from\n", "valid_from stands twice"),
        ("id: valid_to.long", "id: valid_to.before_from", "valid_to.before_from stands twice"),
        ("headers: [отрасль, ", "headers: [отрасль, должность, ", "the header “должность” is already one of occupation"),
        ("include: [common]", "include: [comon]", "there is no shared file comon; choose from common, counts, gender; did you mean common?"),
        ("include: [common]", "include: [common]\nwithout: [sexx]", "without: there is no shared variable, rule or check sexx"),
        ("include: [common]", "include: [common]\nwithout: [sex]", "the variable sex is never left out"),
        ("include: [common]", "include: [common]\nwithout: [event_date]", "the variable event_date is never left out"),
        ("kind: share_unknown, variable: occupation, over: 0.1", "kind: share_unknown, variable: occupation", "checks.occupation.share_not_stated: missing key: over"),
        ("kind: share_unknown, variable: occupation", "kind: share_unknown, variable: wage_cur", "wage_cur has no code for what is unknown"),
        ("kind: share_unknown, variable: occupation", "kind: share_unknown, variable: job", "there is no variable job"),
        ("kind: share_unknown, variable: occupation, over: 0.1", "kind: constant, variable: occupation, codes: [\"71\", \"7x\"]", "codes: there is no code 7x"),
    ],
)  # fmt: skip
def test_parts_that_do_not_fit_are_refused_with_their_key(tmp_path, old, new, message):
    assert old in WPF
    text = refused(tmp_path, WPF.replace(old, new, 1))
    assert message in text and text.startswith("sms-wpf.yaml")


def test_a_mistake_in_a_shared_file_is_said_of_that_file(tmp_path):
    common = (reader.DIRECTORY / "common.yaml").read_text()
    old = "var: civil_status, in: [M, W, D]"
    assert old in common
    (tmp_path / "common.yaml").write_text(common.replace(old, "var: civil_status, in: [M, X]", 1))
    text = refused(tmp_path, WPF)
    line = common[: common.index(old)].count("\n") + 1
    assert text.startswith(f"common.yaml, line {line}: rules.civil_status.young")
    assert "there is no code X" in text


def test_an_instrument_drops_shared_variables_rules_and_checks_by_name(tmp_path):
    dropped = "without: [education, event_date.one_day, event_date.future]"
    spec = read(tmp_path, WPF.replace("include: [common]", f"include: [common]\n{dropped}"))
    assert "education" not in spec.by_name
    rules = {rule.id for rule in spec.rules} | {check.id for check in spec.checks}
    assert not {"event_date.one_day", "event_date.future", "education.young_doctor"} & rules
    assert "event_date.before_independence" in rules


@pytest.mark.parametrize("code", SPECS)
def test_a_published_version_is_read_again_from_what_was_kept(code):
    spec = SPECS[code]
    assert type(spec).from_content(spec.raw) == spec


def test_an_instrument_whose_purpose_asks_how_many_people_counts_people():
    people = {code for code, spec in ALL.items() if spec.purpose["ru"].startswith("Скольк")}
    assert people and {ALL[code].unit for code in people} == {"PS"}


def test_the_schema_knows_what_the_engine_knows():
    assert set(schema.COMPARISONS) == set(conditions.COMPARISONS)
    assert set(schema.PATTERNS) == set(conditions.PATTERNS)
    assert set(schema.PARTS) == {*parsing.PARTS, "known"}
