"""What became of a record: every change and its deletion, who did it, what stood there before and after.

The database writes the history itself (a trigger): it keeps what a record held before each change.
"""

import json
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import uuid4

from django.apps import apps
from django.db import connection
from django.db.models import QuerySet

from agencies.models import Person
from records.collection.held_rows import text_of_value
from records.collection.staging import CORE
from records.models import Record

PER_PAGE = 50
DELETED, HOW_IT_WAS_AFTER = "delete", "update"  # labels; the second is that of events before 2027


@dataclass(frozen=True)
class Change:
    """One change or deletion: texts by variable, before and after; None where they are not known or gone."""

    key: int
    record: int
    number: str  # the agency's own number of the record
    at: datetime
    by: Person | None
    before: dict[str, str] | None
    after: dict[str, str] | None
    deleted: bool


@contextmanager
def by(person: Person, **facts: int) -> Iterator[None]:
    """Let the history of what is changed inside, in the transaction of the caller, name the person.

    `facts` say what did it where it was no hand: `upload`, the file that replaced records; `undo`, the one that
    was taken back.

    The trigger reads these two settings, as those of `pghistory.context`, which puts them before each
    statement: two statements at once are no prepared statement, which ours are.
    """
    _set(str(uuid4()), json.dumps({"person": person.pk, **facts}))
    yield
    _set("", "")


def _set(context: str, metadata: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT set_config('pghistory.context_id', %s, true),"
            " set_config('pghistory.context_metadata', %s, true)",
            [context, metadata],
        )


def texts_of(record: Any) -> dict[str, str]:
    """Return a record, or one of its events, as the texts its form shows."""
    typed = {name: getattr(record, name) for name in CORE} | record.extras
    typed["birth_date"] = record.birth_year
    return {name: text_of_value(value) for name, value in typed.items() if value is not None}


def events() -> QuerySet[Any]:
    """Return the events of all records that the transaction's scope opens."""
    model = apps.get_model("records", "RecordEvent")
    return model.objects.select_related("pgh_context")


def changes(chosen: QuerySet[Any], before: int | None = None) -> list[Change]:
    """Return what became of the records of these events, the newest first, one more than a page holds.

    `before` is the key of a change: older ones are returned. Asks four questions, however many there are.
    """
    rows = chosen.filter(pgh_id__lt=before) if before else chosen
    listed = list(rows.order_by("-pgh_id")[: PER_PAGE + 1])
    if not listed:
        return []
    records = {event.pgh_obj_id for event in listed}
    line: dict[int, list[Any]] = defaultdict(list)
    for event in events().filter(pgh_obj_id__in=records).order_by("pgh_id"):
        line[event.pgh_obj_id].append(event)
    now = Record.objects.in_bulk(records)
    people = _people(listed)
    return [_change(event, line[event.pgh_obj_id], now, people) for event in listed]


def _change(
    event: Any, line: list[Any], now: dict[int, Record], people: dict[int, Person]
) -> Change:
    place = [other.pgh_id for other in line].index(event.pgh_id)
    earlier = line[place - 1] if place else None
    later = line[place + 1] if place + 1 < len(line) else now.get(event.pgh_obj_id)
    own, deleted = texts_of(event), event.pgh_label == DELETED
    before: dict[str, str] | None = own
    after = None if deleted or later is None else texts_of(later)
    if event.pgh_label == HOW_IT_WAS_AFTER:
        known = earlier is not None and earlier.pgh_label == HOW_IT_WAS_AFTER
        before, after = (texts_of(earlier) if known else None), own
    return Change(
        key=event.pgh_id,
        record=event.pgh_obj_id,
        number=event.record_ref,
        at=event.pgh_created_at,
        by=people.get(_person(event)),
        before=before,
        after=after,
        deleted=deleted,
    )


def _person(event: Any) -> int:
    """Return the id of who did it; 0 where the portal did, or where it was not kept yet."""
    return int((event.pgh_context.metadata if event.pgh_context else {}).get("person", 0))


def _people(listed: Iterable[Any]) -> dict[int, Person]:
    return Person.objects.in_bulk({_person(event) for event in listed} - {0})


def numbers(records: Collection[int], person: Person) -> dict[int, str]:
    """Return how the agency numbers these records, by their ids, of those that the person may see now."""
    seen = Record.objects.visible_to(person).filter(pk__in=list(records))
    return dict(seen.values_list("pk", "record_ref"))
