"""The rows of a search: a page of them, and how many they are by sex."""

from dataclasses import dataclass
from typing import Any

from django.db import connection

from records.models import Record
from records.review.rows_of_checks import Condition
from records.search import conditions
from records.search.asked import BY_NUMBER, OLDEST, Search
from standards import sex

PER_PAGE = 50
FEW = 20_000  # rows that are put in order at once
# What the rows stand in the order of, ascending, and whether the last comes first.
BY = {OLDEST: ("r.event_date", False), BY_NUMBER: ("r.record_ref", False)}
NEWEST_FIRST = ("r.event_date", True)


@dataclass(frozen=True)
class Page:
    """Some rows; the ids of the first and the last where there are more beyond them."""

    rows: list[Record]
    newer: int | None = None
    older: int | None = None


@dataclass(frozen=True)
class Counts:
    """How many a search finds: rows, and what they stand for by sex."""

    rows: int
    by_sex: sex.Figures

    @property
    def other(self) -> int:
        """Other than women and men, and stated."""
        figures = self.by_sex
        return figures.o - (figures.not_stated or 0) - figures.not_applicable


def counts(search: Search) -> Counts:
    """Count the rows of a search, in one statement."""
    rows, values = conditions.rows(search)
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT r.sex, count(*), sum(r.count) FROM {rows} GROUP BY r.sex", values)
        rows = cursor.fetchall()
    by_code = {code: int(number) for code, _rows, number in rows}
    return Counts(sum(n for _code, n, _number in rows), sex.of_codes(by_code))


def page(
    search: Search, counts: Counts, *, after: int | None = None, before: int | None = None
) -> Page:
    """Return the rows after or before one, by its id; else the first. A page costs the same wherever it stands.

    Of few rows all are gathered and put in order; of many, an index gives them in order until a page is full.
    """
    own = Record.objects.filter(submission__in=search.submissions)
    beside = own.filter(pk=after or before or 0).first()
    back = bool(before and beside)
    column, falls = BY.get(search.order, NEWEST_FIRST)
    sign, way = ("<", "DESC") if falls != back else (">", "ASC")
    beyond: Condition = ("true", [])
    if beside:
        value = beside.record_ref if search.order == BY_NUMBER else beside.event_date
        beyond = (f"({column}, r.id) {sign} (%s, %s)", [value, beside.pk])
    records = _first(search, counts, beyond, f"{column} {way}, r.id {way}")
    more, shown = len(records) > PER_PAGE, records[:PER_PAGE]
    if back:
        shown.reverse()
    if not shown:
        return Page([])
    newer = shown[0].pk if (more if back else beside) else None
    older = shown[-1].pk if (back or more) else None
    return Page(shown, newer, older)


def _first(search: Search, counts: Counts, beyond: Condition, order: str) -> list[Record]:
    """Return the first rows beyond a place, one more than a page holds."""
    most = PER_PAGE + 1
    if counts.rows > FEW and not conditions.needs_whole_submissions(search):
        rows, values = conditions.walk(search, beyond, order, most)
        with conditions.in_order():
            return _records(f"SELECT r.* FROM {rows}", values, order)
    rows, values = conditions.rows(search)
    ids = f"SELECT r.id FROM {rows} WHERE {beyond[0]} ORDER BY {order} LIMIT {most}"
    table = f"SELECT r.* FROM records_record r JOIN ({ids}) AS found ON found.id = r.id"
    return _records(table, [*values, *beyond[1]], order)


def _records(statement: str, values: list[Any], order: str) -> list[Record]:
    ordered = f"{statement} ORDER BY {order} LIMIT {PER_PAGE + 1}"
    return list(Record.objects.raw(ordered, values))
