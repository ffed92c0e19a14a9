"""A search as SQL on the records `r` of its submissions, under row-level security.

Where a condition looks at the whole submission of a row (`own`), each submission is asked by itself.
"""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.db import connection

from records.review.counting import NOT_STATED
from records.review.rows_of_checks import Condition
from records.search.asked import TYPED, Search, behind_of, dimensions

OF_WHOLE_SUBMISSION = re.compile(r"\bown\b")
OWN = "WITH own AS (SELECT * FROM records_record WHERE submission_id = s.id)"


def condition(search: Search) -> Condition:
    """Return what the rows of a search have in common."""
    parts = [*_own_columns(search), *(behind.condition for behind in behind_of(search))]
    parts += [_any_of(name, codes, search) for name, codes in search.codes.items()]
    text = " AND ".join(f"({text})" for text, _values in parts)
    return text, [value for _text, values in parts for value in values]


def rows(search: Search) -> Condition:
    """Return the rows of a search as what follows FROM, and its parameters; they are called `r`."""
    text, values = condition(search)
    ids = list(search.submissions)
    if not needs_whole_submissions(search):
        where = f"WHERE submission_id = ANY (%s::bigint[]) AND {text}"
        return f"(SELECT * FROM records_record r {where}) AS r", [ids, *values]
    return (
        "unnest(%s::bigint[]) AS s (id) CROSS JOIN LATERAL"
        f" ({OWN} SELECT r.* FROM own r WHERE {text}) AS r",
        [ids, *values],
    )


def walk(search: Search, beyond: Condition, order: str, most: int) -> Condition:
    """Return the first rows of each submission in an order as what follows FROM, read in that order by an index.

    For searches that find many: it stops at the first `most`. To be asked `in_order`.
    """
    text, values = condition(search)
    where = f"r.submission_id = s.id AND ({beyond[0]}) AND {text}"
    return (
        "unnest(%s::bigint[]) AS s (id) CROSS JOIN LATERAL"
        f" (SELECT r.* FROM records_record r WHERE {where} ORDER BY {order} LIMIT {most}) AS r",
        [list(search.submissions), *beyond[1], *values],
    )


@contextmanager
def in_order() -> Iterator[None]:
    """Let the planner take the index that has the order: it cannot know how many rows a rule leaves, and would sort all."""
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_sort = off; SET LOCAL enable_bitmapscan = off")
    yield
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_sort = on; SET LOCAL enable_bitmapscan = on")


def needs_whole_submissions(search: Search) -> bool:
    """Say whether the rows of a search depend on other rows of their submission."""
    return OF_WHOLE_SUBMISSION.search(condition(search)[0]) is not None


def _own_columns(search: Search) -> list[Condition]:
    """The parts of a search that look at columns which every record has."""
    parts: list[tuple[str, list[Any]]] = [("r.agency_id = %s", [search.agency.pk])]
    if search.first:
        parts.append(("r.event_date >= %s", [search.first]))
    if search.last:
        parts.append(("r.event_date <= %s", [search.last]))
    if search.number:
        parts.append(("position(lower(%s) IN lower(r.record_ref)) > 0", [search.number]))
    if search.upload == TYPED:
        parts.append(("r.upload_id IS NULL", []))
    elif search.upload:
        parts.append(("r.upload_id = %s", [int(search.upload)]))
    if search.person:
        same = "SELECT p.person_ref FROM records_record p WHERE p.id = %s"
        parts.append((f"r.id = %s OR r.person_ref = ({same})", [search.person, search.person]))
    return parts


def _any_of(name: str, codes: tuple[str, ...], search: Search) -> Condition:
    expression = dimensions(search.spec)[name]
    if NOT_STATED in codes:  # nothing is stored where nothing is stated, of most variables
        expression = f"coalesce(nullif({expression}, ''), '{NOT_STATED}')"
    return f"{expression} = ANY (%s)", [list(codes)]
