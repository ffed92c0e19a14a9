"""The rows behind a check of a whole file, asked of the records of one submission.

The checks themselves are judged on the file (`validation.whole_file`); the conditions here say the same of the
records that are kept, so that a number leads to its rows. `own` is the table of the records of the submission.
What is not kept (the day of a birth) and what other submissions hold (rows far from their period) cannot be asked.
"""

from collections.abc import Callable
from typing import Any

from records.instruments.spec import Check, Spec
from records.review.counting import column_of, not_stated
from records.validation.whole_file import MAD_OF_A_NORMAL

Condition = tuple[str, list[Any]]  # SQL on the records r of a submission, and its parameters
OUTLIERS = """r.id IN (
    WITH stated AS (
        SELECT r.id, {key} AS key, ({column})::float8 AS value FROM own r
        WHERE {column} IS NOT NULL AND {key} IS NOT NULL
    ),
    middles AS (
        SELECT key, percentile_disc(0.5) WITHIN GROUP (ORDER BY value) AS middle
        FROM stated GROUP BY key HAVING count(*) >= %s
    ),
    distances AS (SELECT id, key, abs(value - middle) AS distance FROM stated JOIN middles USING (key)),
    deviations AS (
        SELECT key, percentile_disc(0.5) WITHIN GROUP (ORDER BY distance) AS deviation
        FROM distances GROUP BY key
    )
    SELECT id FROM distances JOIN deviations USING (key) WHERE deviation > 0 AND distance > %s * deviation
)"""
DOMINANT = """({key}, {column}) IN (
    SELECT key, value FROM (
        SELECT {key} AS key, {column} AS value, sum(r.count) AS number,
            sum(sum(r.count)) OVER (PARTITION BY {key}) AS whole
        FROM own r WHERE {key} IS NOT NULL AND {column} IS NOT NULL GROUP BY 1, 2
    ) AS groups WHERE whole >= %s AND number > %s * whole
)"""
RATIO = """{column} = ANY (%s) AND {key} IN (
    SELECT key FROM (
        SELECT {key} AS key, coalesce(sum(r.count) FILTER (WHERE {column} = %s), 0) AS one,
            coalesce(sum(r.count) FILTER (WHERE {column} = %s), 0) AS other
        FROM own r WHERE {key} IS NOT NULL GROUP BY 1
    ) AS groups WHERE one + other >= %s AND greatest(one, other) > %s * least(one, other)
)"""
LARGEST = "{column} = (SELECT {column} FROM own r GROUP BY 1 ORDER BY sum(r.count) DESC, 1 LIMIT 1)"


def condition_of(check: Check, spec: Spec) -> Condition | None:
    """Return the condition for the rows that a check counts; None where they cannot be asked for."""
    if check.variable not in spec.by_name or check.kind not in ROWS:
        return None
    return ROWS[check.kind](check, spec)


def _column(check: Check, spec: Spec) -> str:
    return f"nullif({column_of(spec.variable(check.variable))}, '')"


def _in(check: Check, spec: Spec, statement: str) -> str:
    """Return a statement with the column of the check and the key of its groups, NULL where one is not stated."""
    codes = [f"nullif({column_of(spec.variable(name))}, '')" for name in check.within]
    key = " || '/' || ".join(codes) or "''"
    return statement.format(column=_column(check, spec), key=f"({key})")


def _of_codes(check: Check, spec: Spec) -> Condition:
    return f"{_column(check, spec)} = ANY (%s)", [list(check.codes)]


def _of_codes_and_sexes(check: Check, spec: Spec) -> Condition:
    text, values = _of_codes(check, spec)
    return f"{text} AND r.sex IN ('F', 'M')", values


def _unknown(check: Check, spec: Spec) -> Condition:
    return not_stated(spec.variable(check.variable))


def _year_only(_check: Check, _spec: Spec) -> Condition:
    return "r.age_precision = 'Y'", []


def _largest(check: Check, spec: Spec) -> Condition:
    return _in(check, spec, LARGEST), []


def _dominant(check: Check, spec: Spec) -> Condition:
    return _in(check, spec, DOMINANT), [check.least, check.over]


def _ratio(check: Check, spec: Spec) -> Condition:
    values = [list(check.codes), *check.codes, check.least, check.over]
    return _in(check, spec, RATIO), values


def _outliers(check: Check, spec: Spec) -> Condition | None:
    """Amounts of rows: of counts each row would weigh what it counts, and none has an amount."""
    if spec.is_counts:
        return None
    return _in(check, spec, OUTLIERS), [check.least, check.over * MAD_OF_A_NORMAL]


ROWS: dict[str, Callable[[Check, Spec], Condition | None]] = {
    "share_unknown": _unknown,
    "share_of": _of_codes,
    "none_of": _of_codes,
    "constant": _of_codes,
    "one_sex": _of_codes,
    "share_by_sex": _of_codes_and_sexes,
    "year_only": _year_only,
    "largest_day": _largest,
    "dominance": _dominant,
    "ratio": _ratio,
    "outlier": _outliers,
}
