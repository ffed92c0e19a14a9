"""How many records state codes of a list: from what was counted when they were submitted, and from what is open.

A submission that is not open holds the records that it was counted with (`review.counting`), so those are not looked
at again; only records of open submissions, and of those from before counts were kept, are read, by the index on
their submission.
"""

from collections.abc import Collection, Iterable, Mapping
from typing import Any

from django.db import connection

from agencies import scope
from agencies.models import Agency
from records.instruments.spec import CORE, Variable
from records.models import Submission
from standards.codes import NOT_STATED

Stated = dict[str, dict[int, int]]  # code -> id of the instrument -> number of records
OF_SEX = "(SELECT jsonb_object_agg(key, jsonb_build_object(key, value)) FROM jsonb_each(s.profile->'sex'))"
STATEMENT = """
WITH places AS (
    SELECT s.id, s.instrument_id, {counted} AS counted
    FROM records_submission s
    LEFT JOIN records_submissioncounts c ON c.submission_id = s.id
    WHERE s.instrument_id = ANY (%(instruments)s)
)
SELECT code, instrument_id, sum(number)::bigint FROM (
    SELECT code, instrument_id, number::bigint
    FROM places, unnest(%(codes)s::text[]) AS code, jsonb_each_text(counted->code) AS by_sex(sex, number)
    UNION ALL
    SELECT {column}, p.instrument_id, r.count
    FROM places p JOIN records_record r ON r.submission_id = p.id
    WHERE p.counted IS NULL AND {column} = ANY (%(codes)s)
) AS stated GROUP BY 1, 2
"""


def stated(asking: Iterable[tuple[int, Iterable[Variable]]], codes: Collection[str]) -> Stated:
    """Return in how many records of all agencies these codes are stated; cells of counts weigh what they count.

    asking: the id of each instrument that asks for the list, with its variables. A record that states a code in two
    variables counts twice; one without a code counts as not stated, as in what was counted. One statement for each
    name of a variable, whatever the number of codes.
    """
    instruments_of: dict[str, list[int]] = {}
    for instrument, variables in asking:
        for variable in variables:
            instruments_of.setdefault(variable.name, []).append(instrument)
    numbers: Stated = {}
    if not codes or not instruments_of:
        return numbers
    everywhere = list(Agency.objects.values_list("pk", flat=True))
    with scope.widened(everywhere):
        for name, instruments in instruments_of.items():
            _add(numbers, name, {"instruments": instruments, "codes": list(codes)})
    return numbers


def _add(numbers: Stated, name: str, values: Mapping[str, Any]) -> None:
    """Add the records that state the codes in one variable."""
    counted = OF_SEX if name == "sex" else "c.by_sex->%(name)s"
    column = f"r.{name}" if name in CORE else "r.extras->>%(name)s"
    statement = STATEMENT.format(
        counted=f"CASE WHEN s.state <> ALL (%(open)s) THEN {counted} END",
        column=f"coalesce(nullif({column}, ''), '{NOT_STATED}')",
    )
    with connection.cursor() as cursor:
        cursor.execute(statement, {**values, "name": name, "open": sorted(Submission.OPEN)})
        for code, instrument, number in cursor.fetchall():
            of_code = numbers.setdefault(code, {})
            of_code[instrument] = of_code.get(instrument, 0) + number
