"""Every rule of every instrument fires when it should, and not otherwise."""

from datetime import date

import pyarrow as pa
import pytest

from records.instruments import spec
from records.validation import engine, meanings, whole_file
from tests.records.files import SPECS, VALID, table

TODAY = date(2026, 11, 20)
# Rule: what breaks it; what comes closest and does not. The other values are those of VALID.
COMMON = {
    "record_ref.missing": [{"record_ref": ""}, {"record_ref": "1"}],
    "record_ref.document": [{"record_ref": "AB1234567"}, {"record_ref": "WP-1234567"}],
    "record_ref.too_long": [{"record_ref": "9-" * 21}, {"record_ref": "9-" * 20}],
    "record_ref.unprintable": [{"record_ref": "R\u202e1"}, {"record_ref": "R 1"}],
    "person_ref.not_a_key": [{"person_ref": "AB1234567"}, {"person_ref": "0f" * 32}],
    "event_date.missing": [{"event_date": "-"}, {"event_date": "05.03.2026"}],
    "event_date.not_a_date": [{"event_date": "31.02.2026"}, {"event_date": "28.02.2026"}],
    "event_date.ambiguous": [{"event_date": "03/02/2026"}, {"event_date": "22/02/2026"}],
    "event_date.future": [{"event_date": "21.11.2026"}, {"event_date": "20.11.2026"}],
    "event_date.before_independence": [{"event_date": "26.10.1991"}, {"event_date": "27.10.1991"}],
    "sex.not_stated": [{"sex": ""}, {"sex": "F"}],
    "sex.undeclared": [{"sex": "1"}, {"sex": "м"}],
    "sex.unknown_text": [{"sex": "aýaly"}, {"sex": "aýal"}],
    "sex.marker": [{"sex": "х"}, {"sex": "иной"}],
    "sex_basis.unknown_text": [{"sex_basis": "guess"}, {"sex_basis": "DOC"}],
    "birth_date.not_a_date": [{"birth_date": "31.02.1990"}, {"birth_date": "1990"}],
    "birth_date.ambiguous": [{"birth_date": "02/03/1990"}, {"birth_date": "00.00.1990"}],
    "birth_date.after_event": [{"birth_date": "06.03.2026"}, {"birth_date": "06.03.1999"}],
    "birth_date.too_old": [{"birth_date": "04.03.1905"}, {"birth_date": "06.03.1905"}],
    "birth_date.very_old": [{"birth_date": "04.03.1925"}, {"birth_date": "06.03.1925"}],
    "age.not_a_number": [{"age": "old"}, {"age": "36"}],
    "age.out_of_range": [{"age": "121"}, {"age": "40"}],
    "citizenship.unknown_text": [{"citizenship": "Atlantis"}, {"citizenship": "Иран"}],
    "citizenship.ambiguous": [{"citizenship": "Корея"}, {"citizenship": "КНДР"}],
    "citizenship.ethnicity": [{"citizenship": "узбек"}, {"citizenship": "Узбекистан"}],
    "citizenship.group": [{"citizenship": "СНГ"}, {"citizenship": "KAZ"}],
    "citizenship.former_state": [{"citizenship": "СССР"}, {"citizenship": "Россия"}],
    "country_birth.unknown_text": [{"country_birth": "Atlantis"}, {"country_birth": ""}],
    "country_birth.former_state": [{"country_birth": "СССР"}, {"country_birth": "XXX"}],
    "region.unknown_text": [{"region": "Moscow"}, {"region": "Ахал"}],
    "region.look_alike": [{"region": "Axaл"}, {"region": "Ахал"}],
}
SCHOOL = {
    "education.unknown_text": [{"education": "much"}, {"education": "orta"}],
    "education.young_graduate": [
        {"education": "6", "birth_date": "06.03.2008"},
        {"education": "6", "birth_date": "05.03.2008"},
    ],
    "education.young_doctor": [
        {"education": "8", "birth_date": "06.03.2003"},
        {"education": "8", "birth_date": "05.03.2003"},
    ],
    "civil_status.unknown_text": [{"civil_status": "happy"}, {"civil_status": "dul"}],
    "civil_status.young": [
        {"civil_status": "M", "birth_date": "06.03.2010"},
        {"civil_status": "M", "birth_date": "05.03.2010"},
    ],
    "civil_status.word_of_women": [
        {"civil_status": "замужем", "sex": "M"},
        {"civil_status": "Замужем", "sex": "F"},
    ],
    "civil_status.word_of_men": [
        {"civil_status": "Öýlenen", "sex": "F"},
        {"civil_status": "dul", "sex": "F"},
    ],
}
WPF = {
    "citizenship.national": [{"citizenship": "TKM"}, {"citizenship": "XXA"}],
    "decision.missing": [{"decision": ""}, {"decision": "REN"}],
    "decision.unknown_text": [{"decision": "maybe"}, {"decision": "выдано"}],
    "occupation.unknown_text": [{"occupation": "wizard"}, {"occupation": "няня"}],
    "activity.unknown_text": [{"activity": "Z"}, {"activity": "T"}],
    "employer_type.unknown_text": [{"employer_type": "Z"}, {"employer_type": "СП"}],
    "employer_type.household_occupation": [
        {"employer_type": "HOUSEHOLD", "occupation": "71"},
        {"employer_type": "HOUSEHOLD", "occupation": "91"},
    ],
    "employer_ref.not_a_key": [{"employer_ref": "Polimeks"}, {"employer_ref": "0f" * 32}],
    "birth_date.child_labour": [{"birth_date": "06.03.2010"}, {"birth_date": "05.03.2008"}],
    "birth_date.young_worker": [{"birth_date": "05.03.2010"}, {"birth_date": "05.03.2008"}],
    "valid_from.missing": [{"valid_from": ""}, {"valid_from": "01.01.2026"}],
    "valid_from.not_a_date": [{"valid_from": "soon"}, {"valid_from": "2026-01-01"}],
    "valid_from.ambiguous": [{"valid_from": "03/02/2026"}, {"valid_from": "03.02.2026"}],
    "valid_to.missing": [{"valid_to": ""}, {"valid_to": "05.03.2027"}],
    "valid_to.not_a_date": [{"valid_to": "always"}, {"valid_to": "05.03.2026"}],
    "valid_to.ambiguous": [{"valid_to": "03/04/2026"}, {"valid_to": "03.04.2026"}],
    "valid_to.before_from": [{"valid_to": "04.03.2026"}, {"valid_to": "05.03.2026"}],
    "valid_to.long": [{"valid_to": "06.03.2028"}, {"valid_to": "05.03.2028"}],
    "wage_month.not_a_number": [{"wage_month": "good", "wage_cur": "USD"}, {"wage_month": ""}],
    "wage_month.out_of_range": [
        {"wage_month": "-1", "wage_cur": "USD"},
        {"wage_month": "0", "wage_cur": "USD"},
    ],
    "wage_cur.unknown_text": [{"wage_cur": "gold"}, {"wage_cur": "TMT"}],
    "wage_cur.required": [{"wage_month": "900"}, {"wage_month": "900", "wage_cur": "USD"}],
    "contract_hours_w.not_a_number": [{"contract_hours_w": "full"}, {"contract_hours_w": "40,5"}],
    "contract_hours_w.out_of_range": [{"contract_hours_w": "113"}, {"contract_hours_w": "40"}],
    "contract_hours_w.long": [{"contract_hours_w": "61"}, {"contract_hours_w": "60"}],
}
HOME = {"traveller": "NAT", "citizenship": "TKM", "visa_class": ""}
BCR = {
    "direction.missing": [{"direction": ""}, {"direction": "въезд"}],
    "direction.unknown_text": [{"direction": "up"}, {"direction": "giriş"}],
    "crossing_point.missing": [{"crossing_point": ""}, {"crossing_point": "FRP"}],
    "crossing_point.unknown_text": [{"crossing_point": "JFK"}, {"crossing_point": "Фарап"}],
    "traveller.missing": [{"traveller": ""}, {"traveller": "FOR"}],
    "traveller.unknown_text": [{"traveller": "ALIEN"}, {"traveller": "иностранец"}],
    "traveller.national": [{**HOME, "citizenship": "TUR"}, HOME],
    "traveller.foreigner": [{"citizenship": "TKM"}, {"citizenship": "XXX"}],
    "doc_class.missing": [{"doc_class": ""}, {"doc_class": "SRV"}],
    "doc_class.unknown_text": [{"doc_class": "NONE OF"}, {"doc_class": "CREW"}],
    "purpose.unknown_text": [{"purpose": "fun"}, {"purpose": "туризм"}],
    "visa_class.unknown_text": [{"visa_class": "ZZ"}, {"visa_class": "TU"}],
    "visa_class.required": [{"visa_class": ""}, {"visa_class": "", "direction": "OUT"}],
    "visa_class.official_with_ordinary": [
        {"visa_class": "DP"},
        {"visa_class": "DP", "doc_class": "DIP"},
    ],
    "prev_residence.unknown_text": [{"prev_residence": "Mars"}, {"prev_residence": "TUR"}],
    "prev_residence.home": [{"prev_residence": "TKM"}, {**HOME, "prev_residence": "TKM"}],
    "next_residence.unknown_text": [{"next_residence": "Mars"}, {"next_residence": "TKM"}],
    "dur_intended_d.not_a_number": [{"dur_intended_d": "1.5"}, {"dur_intended_d": "1"}],
    "dur_intended_d.out_of_range": [{"dur_intended_d": "3651"}, {"dur_intended_d": "3650"}],
    "dur_intended_d.tourist": [
        {"purpose": "TOURISM", "dur_intended_d": "181"},
        {"purpose": "TOURISM", "dur_intended_d": "180"},
    ],
    "with_minor.not_yes_or_no": [{"with_minor": "perhaps"}, {"with_minor": "да"}],
    "unaccompanied_minor.not_yes_or_no": [
        {"unaccompanied_minor": "perhaps"},
        {"unaccompanied_minor": "н/д"},
    ],
    "unaccompanied_minor.adult": [
        {"unaccompanied_minor": "да", "birth_date": "05.03.2008"},
        {"unaccompanied_minor": "да", "birth_date": "06.03.2008"},
    ],
    "unaccompanied_minor.small_child": [
        {"unaccompanied_minor": "1", "birth_date": "06.03.2020"},
        {"unaccompanied_minor": "0", "birth_date": "06.03.2020"},
    ],
}
SLP = {
    "flow.missing": [{"flow": ""}, {"flow": "прибыл"}],
    "flow.unknown_text": [{"flow": "AWAY"}, {"flow": "gelen"}],
    "prev_residence.unknown_text": [{"prev_residence": "Mars"}, {"prev_residence": "Иран"}],
    "prev_residence.home": [
        {"prev_residence": "TKM"},
        {"prev_residence": "TKM", "flow": "INTERNAL"},
    ],
    "next_residence.unknown_text": [{"next_residence": "Mars"}, {"next_residence": ""}],
    "next_residence.home": [
        {"flow": "OUT", "next_residence": "TKM"},
        {"flow": "OUT", "next_residence": "RUS"},
    ],
    "reason.unknown_text": [{"reason": "love"}, {"reason": "maşgala"}],
    "dur_intended.unknown_text": [{"dur_intended": "long"}, {"dur_intended": "12+"}],
    "dur_intended.short": [{"dur_intended": "D_LT3"}, {"dur_intended": "D3T5"}],
    "employment_status.unknown_text": [{"employment_status": "Z"}, {"employment_status": "EMP"}],
    "accompanying_children.not_a_number": [
        {"accompanying_children": "some"},
        {"accompanying_children": "2"},
    ],
    "accompanying_children.out_of_range": [
        {"accompanying_children": "16"},
        {"accompanying_children": "0"},
    ],
    "accompanying_children.many": [
        {"accompanying_children": "11"},
        {"accompanying_children": "10"},
    ],
}
CASES = {
    "SMS-WPF": COMMON | SCHOOL | WPF,
    "SMS-BCR": COMMON | BCR,
    "STA-SLP": COMMON | SCHOOL | SLP,
}
TABLE = [(code, rule, *cases) for code, rules in CASES.items() for rule, cases in rules.items()]


def check(instrument, rows, **said):
    head, *body = rows
    columns = {name: [row[k] for row in body] for k, name in enumerate(head)}
    block = pa.table(columns | {"_row": pa.array(range(2, len(body) + 2), pa.int32())})
    declared = meanings.Answers(**said)
    return engine.check(block, SPECS[instrument], today=TODAY, answers=declared)


def fired(instrument, values):
    return {f.rule for f in check(instrument, row_of(instrument, values)).findings}


def row_of(instrument, values):
    base = {**VALID[instrument], **values}
    return table(1, base=base, record_ref=base["record_ref"])


def test_a_valid_record_breaks_no_rule():
    assert {code: fired(code, {"record_ref": "1"}) for code in VALID} == {c: set() for c in VALID}


@pytest.mark.parametrize("instrument, rule, breaking, fine", TABLE)
def test_a_rule_fires_when_it_should_and_not_otherwise(instrument, rule, breaking, fine):
    assert rule in fired(instrument, breaking)
    assert rule not in fired(instrument, fine)


@pytest.mark.parametrize("instrument", VALID)  # for the others test_every_rule makes cases
def test_no_rule_is_without_a_case(instrument):
    wanted = {rule.id for rule in SPECS[instrument].rules}
    assert wanted - set(CASES[instrument]) == set()


@pytest.mark.parametrize("instrument", VALID)
def test_errors_hold_the_row_and_warnings_do_not(instrument):
    severity = {rule.id: rule.severity for rule in SPECS[instrument].rules}
    values = [CASES[instrument][rule][0] for rule in severity]
    checked = [check(instrument, row_of(instrument, v)) for v in values]
    errors = [any(f.severity == "error" for f in c.findings) for c in checked]
    assert [bool(c.held[0]) for c in checked] == errors
    fires = {f.rule: f.severity for c in checked for f in c.findings}
    assert severity.items() <= fires.items()


def test_a_rule_never_fires_on_what_is_not_stated():
    values = {"birth_date": "", "education": "8", "civil_status": "M", "wage_cur": "", "sex": ""}
    assert fired("SMS-WPF", values) == {"sex.not_stated"}


@pytest.mark.parametrize("text, code", [("1", "M"), ("2", "F"), ("Ж", "F"), ("9", "_U")])
def test_declared_numbers_of_sex_are_read(text, code):
    rows = table(1, sex=text)
    checked = check("SMS-WPF", rows, sex_codes={"1": "M", "2": "F", "9": "_U"})
    assert checked.typed["sex"].to_pylist() == [code]
    assert not checked.held[0]


def test_declared_aliases_go_before_the_list():
    checked = check(
        "SMS-WPF", table(1, occupation="шабашник"), aliases={"occupation": {"Шабашник": "71"}}
    )
    assert checked.typed["occupation"].to_pylist() == ["71"]


@pytest.mark.parametrize(
    "birth, event, age, precision",
    [
        ("05.03.1990", "05.03.2026", 36, "D"),
        ("06.03.1990", "05.03.2026", 35, "D"),
        ("29.02.2000", "28.02.2026", 25, "D"),
        ("1990", "05.03.2026", 36, "Y"),
        ("", "05.03.2026", None, None),
    ],
)
def test_age_is_in_completed_years_at_the_event(birth, event, age, precision):
    checked = check("SMS-WPF", table(1, birth_date=birth, event_date=event))
    assert checked.typed["age"].to_pylist() == [age]
    assert checked.typed["age_precision"].to_pylist() == [precision or "_"]


def test_a_file_may_give_the_age_instead_of_the_birth_date():
    checked = check("SMS-WPF", table(1, birth_date="", age="41"))
    assert checked.typed.select(["age", "birth_year", "age_precision"]).to_pylist() == [
        {"age": 41, "birth_year": None, "age_precision": "Y"}
    ]


def test_no_birth_date_is_kept():
    assert "birth_date" not in check("SMS-WPF", table(1)).typed.column_names


@pytest.mark.parametrize("instrument, period", [("SMS-WPF", "2026-03"), ("STA-SLP", "2026-Q1")])
def test_the_period_comes_from_the_date_of_the_event(instrument, period):
    checked = check(instrument, table(1, base=VALID[instrument]))
    assert checked.typed["period"].to_pylist() == [period]


def broken_checks(instrument, rows, **columns):
    base = table(rows, base=VALID[instrument], **{"event_date": DAYS, **columns})
    counted = whole_file.WholeFileChecks(SPECS[instrument])
    counted.add(check(instrument, base))
    return {finding.rule for finding in counted.warnings()}


DAYS = [f"{d:02}.03.2026" for d in range(1, 29)]
BOTH = ["F", "M"]


@pytest.mark.parametrize(
    "instrument, rule, rows, breaking, fine",
    [
        ("SMS-WPF", "sex.share_not_stated", 40, {"sex": ["", *"FMFMFMFMFMFMFMFMFMF"]}, {"sex": BOTH}),
        ("SMS-WPF", "sex.constant", 50, {"sex": "F"}, {"sex": [*"F" * 49, "M"]}),
        ("SMS-WPF", "sex.constant", 50, {"sex": "M"}, {"sex": BOTH}),
        ("SMS-WPF", "citizenship.share_not_stated", 50, {"citizenship": [*["TUR"] * 24, ""]}, {"citizenship": [*["TUR"] * 49, ""]}),
        ("SMS-WPF", "event_date.one_day", 128, {"event_date": [*DAYS, *["05.03.2026"] * 4]}, {"event_date": DAYS}),
        ("SMS-WPF", "birth_date.heaping", 50, {"birth_date": ["01.01.1990", "02.01.1990"]}, {"birth_date": ["1990", "02.01.1990"]}),
        ("SMS-WPF", "occupation.share_not_stated", 20, {"occupation": ["", *["71"] * 5]}, {"occupation": ["", *["71"] * 19]}),
        ("SMS-WPF", "birth_date.year_only", 50, {"birth_date": ["1990", *["02.01.1990"] * 3]}, {"birth_date": ["1990", *["02.01.1990"] * 9]}),
        ("SMS-WPF", "event_date.far_periods", 40, {"event_date": [*["05.03.2026"] * 39, "05.03.2025"]}, {"event_date": [*["05.03.2026"] * 39, "05.02.2026"]}),
        ("SMS-WPF", "wage_month.outlier", 40, {"wage_cur": "USD", "wage_month": [*["900", "950", "1000", "1050"] * 9, "900", "950", "1000", "9000"]}, {"wage_cur": "USD", "wage_month": ["900", "950", "1000", "1050"]}),
        ("SMS-WPF", "employer_ref.dominance", 20, {"employer_ref": [*["0f" * 32] * 17, *["0e" * 32] * 3]}, {"employer_ref": ["0f" * 32, "0e" * 32]}),
        ("SMS-BCR", "direction.ratio", 201, {"direction": ["OUT", "OUT", "OUT", "IN"]}, {"direction": ["IN", "OUT"]}),
        ("STA-SLP", "employment_status.home_one_sex", 20, {"employment_status": "HOME"}, {"employment_status": "HOME", "sex": BOTH}),
    ],
)  # fmt: skip
def test_a_check_of_the_whole_file_fires_when_it_should(instrument, rule, rows, breaking, fine):
    assert rule in broken_checks(instrument, rows, **breaking)
    assert rule not in broken_checks(instrument, rows, **fine)


@pytest.mark.parametrize("instrument", VALID)
def test_a_file_of_few_rows_is_not_judged_as_a_whole(instrument):
    assert broken_checks(instrument, 10, sex="") == set()


def test_held_rows_do_not_count_in_the_checks_of_the_file():
    assert broken_checks("SMS-WPF", 120, sex=BOTH, citizenship=["TUR", "узбек"]) >= {"sex.constant"}


@pytest.mark.parametrize(
    "text", ["AB1234567", "AB 1234567", "A 1234567", "U12345678", "I-AŞ 123456", "I-AŞ№123456", "12345678901", "12345678901234"]
)  # fmt: skip
def test_what_looks_like_a_document_is_no_number_of_a_case(text):
    assert "record_ref.document" in fired("SMS-WPF", {"record_ref": text})


@pytest.mark.parametrize(
    "text", ["WP-12345", "B-10000", "2026/000123", "1234567", "WP12345", "SMS-2026-0000001"]
)
def test_an_agencys_own_numbers_are_let_in(text):
    rules = fired("SMS-WPF", {"record_ref": text})
    assert not {rule for rule in rules if rule.startswith("record_ref.")}


@pytest.mark.parametrize(
    "condition, breaking, fine",
    [
        ({"equals": "country_birth"}, {"country_birth": "TUR"}, {"country_birth": "RUS"}),
        ({"differs": "country_birth"}, {"country_birth": "RUS"}, {"country_birth": "TUR"}),
        ({"differs": "country_birth"}, {"country_birth": "RUS"}, {"country_birth": ""}),
    ],
)
def test_a_rule_can_compare_two_variables(condition, breaking, fine):
    when = [{"var": "citizenship", **condition}]
    own = {"id": "own", "severity": "error", "variable": "citizenship", "when": when, "message": {}}
    made = spec.Spec.from_content({**SPECS["SMS-WPF"].raw, "rules": [own]})

    def found(values):
        row = {**VALID["SMS-WPF"], **values}
        block = pa.table({k: [v] for k, v in row.items()} | {"_row": pa.array([2], pa.int32())})
        return {f.rule for f in engine.check(block, made, today=TODAY).findings}

    assert "own" in found(breaking)
    assert "own" not in found(fine)


@pytest.mark.parametrize(
    ("flow", "prev", "after", "codes", "rules"),
    [
        ("INTERNAL", "Мары", "Дашогузский велаят", ("TM-M", "TM-D"), set()),
        ("INTERNAL", "Mary welaýaty", "г. Ашхабад", ("TM-M", "TM-S"), set()),
        ("IN", "Россия", "Лебап", ("RUS", "TM-L"), set()),
        ("IN", "Балкан", "TKM", ("TM-B", "TKM"), {"prev_residence.home"}),
        ("OUT", "TKM", "Ahal", ("TKM", "TM-A"), {"next_residence.home"}),
    ],
)
def test_moves_inside_the_country_name_their_regions(flow, prev, after, codes, rules):
    values = {"flow": flow, "prev_residence": prev, "next_residence": after}
    checked = check("STA-SLP", row_of("STA-SLP", values))
    row = checked.typed.to_pylist()[0]
    assert (row["prev_residence"], row["next_residence"]) == codes
    assert {f.rule for f in checked.findings if "residence" in f.rule} == rules
