"""Counting the records of a submission for its scorecard and its breakdowns: a few statements, whatever their number.

Of counts, a row stands for `count` of them, which is what is added up. Runs in the scope of somebody
who sees the records of the agency.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.db import connection

from records.instruments import gender_identity
from records.instruments.spec import CORE, Spec, Variable
from records.instruments.versions import spec_of
from records.models import Submission, SubmissionCounts
from standards.sex import NOT_APPLICABLE as NO_SEX
from standards.sex import NOT_STATED as NOT_STATED_SEX

BySex = dict[str, dict[str, dict[str, int]]]  # {variable: {code: {sex: number}}}
AGE = "age_band"  # a breakdown of records, whose age is a number
BANDS = (("Y0T14", 0, 14), ("Y15T24", 15, 24), ("Y25T64", 25, 64), ("Y_GE65", 65, 200))
AGE_LABELS = {"Y0T14": "0–14", "Y15T24": "15–24", "Y25T64": "25–64", "Y_GE65": "65+"}
NOT_STATED, NOT_APPLICABLE = "_U", "_Z"
NO_BREAKDOWN = frozenset({"sex", "sex_basis", gender_identity.NAME})
# Of digits that people prefer (Whipple): the ages that are looked at, and those that end in 0 or 5.
HEAPED = "r.age BETWEEN 23 AND 62"
HEAPED_ENDS = f"{HEAPED} AND r.age %% 5 = 0"
EVENT_TYPES = ("direction", "decision")  # tell two events of one person on one day apart


@dataclass(frozen=True)
class Counted:
    """What was counted: facts (`facts`), and the breakdowns by sex."""

    facts: dict[str, Any]
    by_sex: BySex


UNMAPPED = (
    "unknown_text",
    "ambiguous",
    "ethnicity",
    "group",
    "undeclared",
    "suggested",
    "number",
    "retired",
)


def column_of(variable: Variable) -> str:
    """Return where a record has the variable, as text. Names of variables are checked when an instrument is read."""
    if variable.kind == "birth":
        return "r.age::text"
    if variable.name in CORE:
        return f"r.{variable.name}::text"
    return f"r.extras->>'{variable.name}'"


def asked_of_every_row(spec: Spec) -> list[Variable]:
    """Return the variables that every row should state; sex is measured by itself."""
    return [
        variable
        for variable in spec.variables
        if variable.name != "sex"
        and variable.kind not in ("ref", "key")
        and (variable.required or variable.unknown or variable.kind == "birth")
    ]


def not_stated(variable: Variable) -> tuple[str, list[Any]]:
    """Return the condition for rows that do not state a variable, and its parameters."""
    codes = ["", NOT_STATED, "_N", *([variable.unknown] if variable.unknown else [])]
    return f"coalesce({column_of(variable)}, '') = ANY (%s)", [sorted(set(codes))]


def count(submission: Submission, profile: Mapping[str, Any]) -> Counted:
    """Count the records of a submission: facts, breakdowns by sex and every main dimension.

    profile: `review.profile.count` of the same moment, which knows what is held and why.
    """
    spec = spec_of(submission.instrument_version)
    by_sex = _by_sex(submission, spec)
    facts = {**_facts(submission, spec), **_of_profile(profile), "sex_age": _sex_age(by_sex)}
    facts["twice"] = _typed_twice(submission)
    return Counted(facts, by_sex)


def _of_profile(profile: Mapping[str, Any]) -> dict[str, Any]:
    """Return held rows, errors and values that no list knows, women and men."""
    errors = [f for f in profile.get("findings", ()) if f["severity"] == "error"]
    return {
        "held": profile.get("held", 0),
        "errors": sum(finding["count"] for finding in errors),
        "unmapped": sum(
            finding["count"]
            for finding in errors
            if any(word in UNMAPPED for word in finding["rule"].split(".")[1:2])
        ),
    }


def dimensions(spec: Spec) -> list[tuple[str, str]]:
    """Return the breakdowns of an instrument: the name of each and its expression on a record."""
    coded = [
        (variable.name, f"coalesce(nullif({column_of(variable)}, ''), '{NOT_STATED}')")
        for variable in spec.variables
        if variable.kind == "code"
        and variable.name not in NO_BREAKDOWN
        and variable.codelist != "currencies"
    ]
    return [*_ages(spec), *coded]


def _ages(spec: Spec) -> list[tuple[str, str]]:
    if "birth_date" not in spec.by_name and "age" not in spec.by_name:
        return []
    tests = " ".join(
        f"WHEN r.age BETWEEN {first} AND {last} THEN '{code}'" for code, first, last in BANDS
    )
    return [(AGE, f"CASE {tests} ELSE '{NOT_STATED}' END")]


def _facts(submission: Submission, spec: Spec) -> dict[str, Any]:
    """Return rows and records, those without a sex, for each variable not stated and applicable, ages, duplicates.

    {"rows", "records", "no_sex", "sexless" (firms: a sex does not apply), "values" (of coded variables), "variables",
    "missing": {variable: [not stated, applies]} of required variables, "optional" of the others,
    "heaped": [ages that end in 0 or 5, ages looked at], "repeated": [repeated, rows with a person]}
    """
    variables = asked_of_every_row(spec)
    columns, values = _columns_of(variables)
    coded = [f"nullif({column_of(v)}, '')" for v in spec.variables if v.kind == "code"]
    statement = (
        "SELECT count(*), sum(count), sum(count) FILTER (WHERE sex = ANY (%s)),"
        " sum(count) FILTER (WHERE sex = %s),"
        f" sum(num_nonnulls({', '.join(coded)})),"
        f" sum(count) FILTER (WHERE {HEAPED_ENDS}), sum(count) FILTER (WHERE {HEAPED}),"
        " count(*) FILTER (WHERE person_ref IS NOT NULL),"
        f" count(DISTINCT {event_of_a_person(spec)}) FILTER (WHERE person_ref IS NOT NULL)"
        + "".join(f", {column}" for column in columns)
        + " FROM records_record r WHERE submission_id = %s"
    )
    with connection.cursor() as cursor:
        cursor.execute(statement, [sorted(NOT_STATED_SEX), NO_SEX, *values, submission.pk])
        numbers = [int(number or 0) for number in cursor.fetchone()]
    rows, records, no_sex, sexless, stated, heaped, aged, persons, events, *rest = numbers
    pairs = dict(
        zip((v.name for v in variables), zip(rest[::2], rest[1::2], strict=True), strict=True)
    )
    expected = {v.name for v in variables if _is_expected(v)}
    return {
        "rows": rows,
        "records": records,
        "no_sex": no_sex if "sex" in spec.by_name else None,
        "sexless": sexless,
        "values": stated,
        "variables": len(spec.variables),
        "missing": {name: pair for name, pair in pairs.items() if name in expected},
        "optional": {name: pair for name, pair in pairs.items() if name not in expected},
        "heaped": [heaped, aged],
        "repeated": [persons - events, persons],
    }


def _typed_twice(submission: Submission) -> list[int]:
    """Return for how many records a second entry is asked, how many have it, and in how many of these it differed."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*), count(done_at), count(*) FILTER (WHERE differed <> '[]')"
            " FROM records_secondentry e JOIN records_record r ON r.id = e.record_id"
            " WHERE r.submission_id = %s",
            [submission.pk],
        )
        return list(cursor.fetchone())


def _columns_of(variables: Sequence[Variable]) -> tuple[list[str], list[Any]]:
    """Return two columns for each variable, not stated and applicable, and their parameters."""
    columns, values = [], []
    for variable in variables:
        condition, codes = not_stated(variable)
        applies = f"coalesce({column_of(variable)}, '') <> '{NOT_APPLICABLE}'"
        columns += [
            f"sum(count) FILTER (WHERE {condition})",
            f"sum(count) FILTER (WHERE {applies})",
        ]
        values += codes
    return columns, values


def _is_expected(variable: Variable) -> bool:
    """Say whether a row without the variable lacks something: also without a birth date, which may be a year."""
    return variable.required or variable.kind == "birth"


def event_of_a_person(spec: Spec) -> str:
    """Return what tells events apart where records have no number in common: person, day, type of event."""
    types = [column_of(spec.variable(name)) for name in EVENT_TYPES if name in spec.by_name]
    return f"({', '.join(['r.person_ref', 'r.event_date', *types])})"


def _by_sex(submission: Submission, spec: Spec) -> BySex:
    named = dimensions(spec)
    if not named:
        return {}
    inner = ", ".join(f"{expression} AS d{k}" for k, (_name, expression) in enumerate(named))
    outer = ", ".join(f"d{k}" for k in range(len(named)))
    sets = ", ".join(f"(sex, d{k})" for k in range(len(named)))
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT GROUPING({outer}), sex, coalesce({outer}, ''), sum(count)::bigint"
            f" FROM (SELECT r.sex, r.count, {inner} FROM records_record r"
            f" WHERE r.submission_id = %s) rows GROUP BY GROUPING SETS ({sets})",
            [submission.pk],
        )
        return _sorted_out([name for name, _expression in named], cursor.fetchall())


def _sorted_out(names: Sequence[str], rows: Sequence[tuple[Any, ...]]) -> BySex:
    """Return rows of (which columns are left out as bits, sex, code, number) by variable, code and sex."""
    sorted_out: BySex = {name: {} for name in names}
    for bits, sex, code, number in rows:
        name = names[_kept(bits, len(names))]
        sorted_out[name].setdefault(code, {})[sex] = number
    return sorted_out


def _kept(bits: int, width: int) -> int:
    """Return the place of the one column that is grouped by: the only bit that is 0, the first column highest."""
    return next(place for place in range(width) if not bits >> (width - 1 - place) & 1)


def _sex_age(by_sex: BySex) -> dict[str, int]:
    """Return the numbers of the cells of sex and age, by `sex age`; where nobody has an age, none."""
    ages = by_sex.get(AGE) or by_sex.get("age_group") or {}
    return dict(sorted(_cells(ages)))


def _cells(by_code: dict[str, dict[str, int]]) -> Iterator[tuple[str, int]]:
    for code, by_sex in by_code.items():
        for sex, number in by_sex.items():
            yield f"{sex} {code}", number


def keep(submission: Submission, counted: Counted, *, odd: int, days_late: int | None) -> None:
    """Keep what was counted in place of what was counted before; of lateness, what the first time was.

    Runs in the scope of somebody who sees the records of the agency.
    """
    values = {"facts": counted.facts, "by_sex": counted.by_sex, "odd": odd}
    row, is_new = SubmissionCounts.objects.get_or_create(
        submission=submission,
        agency_id=submission.agency_id,
        defaults={**values, "days_late": days_late},
    )
    if not is_new:
        SubmissionCounts.objects.filter(pk=row.pk).update(**values)


def kept(submission: Submission) -> Counted | None:
    """Return what was counted when it was submitted; None where it never was, or before counts were kept."""
    row = SubmissionCounts.objects.filter(submission=submission).first()
    return None if row is None else Counted(row.facts, row.by_sex)
