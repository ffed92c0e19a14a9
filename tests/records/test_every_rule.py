"""Every rule and every check of every instrument can be broken, and says so: its conditions contradict nothing.

A row is made from what the rule compares, so a new instrument needs no case of its own. What a rule should not
hold against is a matter of judgement and stands, for the oldest instruments, in test_rules.
"""

from datetime import date, timedelta

import pyarrow as pa
import pytest

from records.validation import engine, whole_file
from standards import codelists
from tests.records.files import ALL as SPECS

TODAY = date(2026, 4, 1)
EVENTS = {
    "A": date(2025, 12, 31),
    "A/--09-01": date(2024, 9, 1),
}  # a reference date, for stocks too
COMPARED = ("lt", "le", "gt", "ge")
RECORDS = {code: spec for code, spec in SPECS.items() if not spec.is_counts}
RULES = [(code, rule.id) for code, spec in RECORDS.items() for rule in spec.rules]
CHECKS = [(code, check.id) for code, spec in RECORDS.items() for check in spec.checks]


def written(day):
    return day.strftime("%d.%m.%Y")


def number_of(condition, low, high):
    """A whole number between the bounds that the condition holds for."""
    top = 10**6 if high is None else int(high)
    for value in range(0 if low is None else int(low), top + 1):
        if all(
            {"lt": value < bound, "le": value <= bound, "gt": value > bound, "ge": value >= bound}[
                key
            ]
            for key, bound in condition.items()
            if key in COMPARED
        ):
            return value
    raise AssertionError(condition)


def stated(variable, refused=()):
    """A code that is accepted and says something."""
    codes = [c.code for c in variable.accepted if c.code not in (variable.unknown, *refused)]
    if variable.codelist == "countries":  # former states, refugees and the like are special
        codes = [code for code in ("UZB", "TKM", "KAZ", "XXA") if code in codes]
    return next(code for code in codes if not code.startswith("_"))


def plain_row(spec):
    """A row that states what is required, on the day for which the instrument asks."""
    row = {v.name: "" for v in spec.variables} | {"age": ""}
    for variable in spec.variables:
        if variable.required and variable.kind == "code":
            row[variable.name] = stated(variable)
        elif variable.required and variable.kind in ("integer", "decimal"):
            row[variable.name] = str(number_of({}, variable.low, variable.high))
        elif variable.required and variable.kind == "date":
            begins = variable.name.endswith("_from")  # long before every event
            day = date(2018, 3, 5) if begins else EVENTS.get(spec.frequency, date(2026, 3, 5))
            row[variable.name] = written(day)
    event = EVENTS.get(spec.frequency, date(2026, 3, 5))
    return {**row, "record_ref": "R-1", "event_date": written(event), "birth_date": "1990"}


def put(row, spec, condition):
    """Put into the row what the condition asks for."""
    name, event = condition["var"], EVENTS.get(spec.frequency, date(2026, 3, 5))
    variable = spec.by_name[name]
    given = variable.kind if name != "age" else "age"
    if "in" in condition:
        accepted = {c.code for c in variable.accepted}
        row[name] = next(code for code in condition["in"] if code in accepted)
    elif "not_in" in condition:
        row[name] = stated(variable, condition["not_in"])
    elif "written_as" in condition:
        row[name] = condition["written_as"][0]
    elif "matches" in condition:
        row[name] = "AB 1234567"
    elif "given" in condition:
        row[name] = "" if not condition["given"] else something(variable, event)
    elif "equals" in condition:
        row[name] = row[condition["equals"]] = stated(variable)
    elif "per" in condition:
        row[condition["per"]], row[name] = "10", str(10 * number_of(condition, None, None))
    elif given == "age":
        born = number_of(condition, -1, 130)
        row["birth_date"] = written(event.replace(year=event.year - born, day=1))
        if born < 0:
            row["birth_date"] = written(event + timedelta(days=1))
    elif given == "boolean":
        row[name] = "1" if condition.get("ge") else "0"
    elif "since" in condition:
        put_days(row, condition, event)
    elif "before" in condition or "after" in condition:
        put_order(row, condition, event)
    elif any(key in condition for key in COMPARED):
        row[name] = str(number_of(condition, variable.low, variable.high))


def something(variable, event):
    if variable.kind == "code":
        return stated(variable)
    return written(event) if variable.kind == "date" else "7"


def put_days(row, condition, event):
    """Two dates that lie so far apart, one of them the event if the rule speaks of it."""
    name, since, days = condition["var"], condition["since"], condition["days_over"]
    if days < 0:
        row[since], row[name] = written(event + timedelta(days=1)), written(event)
    elif name == "event_date":
        row[name], row[since] = written(event), written(event - timedelta(days=days + 2))
    else:
        row[since], row[name] = written(event), written(event + timedelta(days=days + 2))


def put_order(row, condition, event):
    name, other = condition["var"], condition.get("before") or condition["after"]
    days = timedelta(days=-2 if "before" in condition else 2)
    if other == "today":
        row[name] = written(TODAY + timedelta(days=1000))
    elif other[:1].isdigit():
        row[name] = written(date.fromisoformat(other) + 200 * days)
    else:
        row[other] = row[other] or written(event)
        row[name] = row[name] or written(event + days)
        day = row[other].split(".")
        row[name] = written(date(int(day[2]), int(day[1]), int(day[0])) + days)


def block_of(rows):
    columns = {name: pa.array([row[name] for row in rows]) for name in rows[0]}
    return pa.table(columns | {"_row": pa.array(range(len(rows)), pa.int32())})


@pytest.mark.parametrize(("code", "rule_id"), RULES)
def test_every_rule_can_be_broken_and_says_so(code, rule_id):
    spec = SPECS[code]
    rule = next(rule for rule in spec.rules if rule.id == rule_id)
    row = plain_row(spec)
    ages = [part for part in rule.when if part["var"] == "age"]
    joined = [{key: value for part in ages for key, value in part.items()}] if ages else []
    for part in (*(p for p in rule.when if p["var"] != "age"), *joined):
        put(row, spec, part)
    checked = engine.check(block_of([row]), spec, today=TODAY)
    said = {finding.rule: finding for finding in checked.findings}
    assert rule_id in said, (row, sorted(said))
    assert said[rule_id].severity == rule.severity
    assert said[rule_id].message == rule.message
    assert checked.held[0] or rule.severity == "warning"


@pytest.mark.parametrize("code", RECORDS)
def test_a_plain_row_of_every_instrument_can_be_read(code):
    said = engine.check(block_of([plain_row(SPECS[code])]), SPECS[code], today=TODAY).findings
    assert not [f.rule for f in said if "not_" in f.rule or "unknown_text" in f.rule]


def mended(row, spec, kept):
    """The row with other values where it breaks errors; those of the variables `kept` stay."""
    for _turn in range(6):
        said = {f.rule for f in engine.check(block_of([row]), spec, today=TODAY).errors}
        broken = [rule for rule in spec.rules if rule.id in said]
        for rule in broken:
            part = next(
                (p for p in reversed(rule.when) if can_change(p) and p["var"] not in kept), None
            )
            if part:
                row = {**row, part["var"]: changed(spec, part)}
        if not broken:
            break
    return row


def can_change(part):
    return bool({"in", "not_in", "given"} & set(part))


def changed(spec, part):
    """A value of the variable for which the condition does not hold."""
    variable = spec.by_name[part["var"]]
    if "not_in" in part:
        return part["not_in"][0]
    if "in" in part:
        return stated(variable, part["in"])
    return (
        "" if part["given"] else something(variable, EVENTS.get(spec.frequency, date(2026, 3, 5)))
    )


def odd_rows(spec, check):
    """Rows of which the check is broken, whatever else they say."""
    count = 2 * max(check.least, 50)
    rows = [{**plain_row(spec), "record_ref": f"R-{k}"} for k in range(count)]
    variable = spec.by_name[check.variable]
    for k, row in enumerate(rows):
        row["sex"] = "F" if check.kind == "one_sex" else "FM"[k % 2]
        if check.kind == "share_unknown":
            row[check.variable] = ""
        elif check.kind in ("constant", "one_sex", "share_of"):
            row[check.variable] = check.codes[0]
        elif check.kind == "share_by_sex":
            row[check.variable] = check.codes[0] if k % 2 else stated(variable, check.codes)
        elif check.kind == "none_of":
            row[check.variable] = stated(variable, check.codes)
        elif check.kind == "ratio":
            row[check.variable] = check.codes[0] if k else check.codes[1]
        elif check.kind == "dominance":
            row[check.variable] = "a" * 64
        elif check.kind == "outlier":
            row[check.variable] = "100000" if not k else str(100 + k % 7)
        elif check.kind == "new_year":
            row[check.variable] = "01.01.1990"
        elif check.kind == "far_periods" and k % 4 == 0:
            event = EVENTS.get(spec.frequency, date(2026, 3, 5))
            row[check.variable] = written(event.replace(year=2019))
        for name in check.within:
            row[name] = row[name] or stated(spec.by_name[name])
    return mended_all(rows, spec, {check.variable, *check.within})


def mended_all(rows, spec, kept):
    """Mend one of the rows that say the same, and take its values for the others."""
    same = {tuple(v for name, v in row.items() if name != "record_ref"): row for row in rows}
    values = {said: mended(row, spec, kept) for said, row in same.items()}
    return [
        {
            **values[tuple(v for n, v in row.items() if n != "record_ref")],
            "record_ref": row["record_ref"],
        }
        for row in rows
    ]


@pytest.mark.parametrize(("code", "check_id"), CHECKS)
def test_every_check_can_be_broken_and_says_so(code, check_id):
    spec = SPECS[code]
    check = next(check for check in spec.checks if check.id == check_id)
    counted = whole_file.WholeFileChecks(spec)
    rows = odd_rows(spec, check)
    checked = engine.check(block_of(rows), spec, today=TODAY)
    counted.add(checked)
    said = {finding.rule: finding for finding in counted.warnings()}
    assert check_id in said, (sorted(said), {f.rule for f in checked.errors})
    assert said[check_id].severity == "warning" and all(said[check_id].message.values())


def test_the_countries_of_the_rows_are_listed():
    assert {"UZB", "TKM", "KAZ", "XXA"} <= set(codelists.load("countries").by_code)
