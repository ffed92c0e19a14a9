"""Held rows whose number has a record that says something else: old beside new, and what a person says of each.

Such rows come from the grid, from words, and from months that are opened again. The choice that was made of a file
sent again does not speak of them. Either the record becomes what the row says, or the row goes and the record stays.
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.db import transaction

from agencies.models import Person
from records.collection import bulk_corrections, comparison, entry, held_keys, held_rows
from records.collection.bulk_corrections import Corrected
from records.collection.collisions import OTHER_CONTENT
from records.collection.staging import CORE
from records.models import Difference, HeldRow, HeldRows, Record, Upload

RULE = OTHER_CONTENT.rule
REPLACE, LEAVE = CHOICES = ("replace", "leave")


@dataclass(frozen=True)
class Pair:
    """A held row beside the record with its number. key  names what both held; without a record all is new."""

    row: HeldRow
    difference: Difference
    key: str


def waiting(rows: HeldRows) -> HeldRows:
    """Return of these held rows those whose number has another record, with what they hold (`state`)."""
    known = rows.errors().filter(findings__contains=[{"rule": RULE}], submission__isnull=False)
    return known.annotate(state=held_keys.STATE).select_related("agency", "submission")


def beside_records(rows: Sequence[HeldRow]) -> list[Pair]:
    """Put rows of `waiting` beside the records that have their numbers now: in two queries."""
    places = {row.submission_id for row in rows}
    numbers = {row.raw["record_ref"] for row in rows}
    listed = Record.objects.filter(submission__in=places, record_ref__in=numbers)
    records = {(record.submission_id, record.record_ref): record for record in listed}
    by_hand = comparison.by_hand([record.pk for record in listed])
    return [
        _pair(row, records.get((row.submission_id or 0, row.raw["record_ref"])), by_hand)
        for row in rows
    ]


def settle(
    uploads: Collection[Upload], keys: Iterable[str], choice: str, *, by: Person
) -> Corrected:
    """Replace the records, or leave them and remove the rows, of pairs that are as they were seen (their keys).

    Of rows that go `held` is empty and `removed` names them; pairs that have changed since are `gone`. Raises
    `Denied`, and `Refused` where the agency does not deliver the instrument.
    """
    keys = set(keys)
    with transaction.atomic():
        bulk_corrections.lock_submissions(uploads)
        rows = waiting(HeldRow.open_rows).filter(pk__in=rows_in(keys), upload__in=uploads)
        pairs = [pair for pair in beside_records(list(rows)) if pair.key in keys]
        seen = {pair.row.pk: pair.row.state for pair in pairs}  # type: ignore[attr-defined]
        if choice == REPLACE:
            settled = bulk_corrections.correct_seen(uploads, seen, {}, by=by, replacing=True)
        else:
            settled = _leave([pair.row for pair in pairs], by)
    return settled | Corrected(gone=rows_in(keys) - seen.keys())


def _leave(rows: Sequence[HeldRow], by: Person) -> Corrected:
    is_open = [row for row in rows if row.submission and row.submission.is_open]
    removed = held_rows.discard_many(is_open, by=by)
    return Corrected(removed=removed, closed=frozenset(row.pk for row in rows) - removed)


def rows_in(keys: Iterable[str]) -> frozenset[int]:
    """Return the held rows that keys name; what is no key names none."""
    heads = (key.partition(".")[0] for key in keys)
    return frozenset(int(h) for h in heads if h.isascii() and h.isdecimal() and len(h) < 19)


def _pair(row: HeldRow, record: Record | None, by_hand: frozenset[int]) -> Pair:
    before, now = _version_of(record), _version_in(row)
    names = sorted(before.keys() | now.keys())
    difference = Difference(
        submission=row.submission,
        record_ref=row.raw["record_ref"],
        kind=Difference.Kind.CHANGED,
        before=before,
        now=now,
        variables=[name for name in names if before.get(name) != now.get(name)],
        by_hand=record is not None and record.pk in by_hand,
    )
    token = entry.version_token(record) if record else ""
    return Pair(row, difference, f"{row.pk}.{row.state}.{token}")  # type: ignore[attr-defined]


def _version_of(record: Record | None) -> dict[str, Any]:
    """Return a record as a version (`Difference`): variable -> value, without what it does not say."""
    if record is None:
        return {}
    core = {name: getattr(record, name) for name in CORE}
    days = {name: v.isoformat() if isinstance(v, date) else v for name, v in core.items()}
    return {name: v for name, v in days.items() if v is not None} | record.extras


def _version_in(row: HeldRow) -> dict[str, Any]:
    """Return the version that a held row keeps: it was valid but for its number."""
    core = {name: row.raw.get(name) for name in CORE}
    return {name: v for name, v in core.items() if v is not None} | row.raw.get("extras", {})
