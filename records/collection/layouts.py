"""Layouts that an agency has taught: what it said about a file, kept for the next one with the same headers."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from typing import Any

from django.db.models import QuerySet
from django.utils import timezone

from agencies import access, audit
from agencies.access import Anyone
from agencies.models import Agency, Person
from agencies.roles import Permission
from records.models import Instrument, LearnedLayout, Upload
from records.reading import remembered
from records.reading.child import Reading

MOST = 50  # layouts of an instrument that a file is compared with, the latest


def in_use(person: Anyone) -> QuerySet[LearnedLayout]:
    """Return the layouts that a person may see and that hold: the latest teaching of each."""
    rows = LearnedLayout.objects.visible_to(person).filter(is_revoked=False)
    latest = rows.order_by("agency_id", "instrument_id", "key", "-pk")
    return LearnedLayout.objects.filter(
        pk__in=latest.distinct("agency_id", "instrument_id", "key").values("pk")
    )


def handed_down(agency: Agency, instrument: Instrument) -> list[dict[str, Any]]:
    """Return the layouts of an agency for the reader of a file, the latest first: {id, keys, answers}."""
    rows = LearnedLayout.objects.filter(agency=agency, instrument=instrument, is_revoked=False)
    latest = rows.order_by("key", "-pk").distinct("key").values("pk")
    newest = LearnedLayout.objects.filter(pk__in=latest).order_by("-pk")[:MOST]
    return [{"id": row.pk, "keys": row.keys, "answers": row.answers} for row in newest]


def remember(upload: Upload, reading: Reading, *, by: Person) -> LearnedLayout | None:
    """Keep what was said about a file that was taken in, for the next one of its layout.

    Nothing is kept where nothing was said that lasts, or where it is known already.
    """
    memory = reading.memory
    answers = remembered.lasting(upload.answers, reading.keys)
    known = LearnedLayout.objects.filter(pk=memory.layout).first() if memory else None
    same = bool(memory and memory.exact and known and known.answers == answers)
    if same or not answers:
        return None
    return LearnedLayout.objects.create(
        agency=upload.agency,
        instrument=upload.instrument,
        upload=upload,
        key=_digest(reading.keys),
        keys=reading.keys,
        headers=[*{c.letter: [c.letter, c.header] for c in reading.columns if c.header}.values()],
        answers=answers,
        taught_by=by,
    )


def forget(upload: Upload, *, by: Person) -> int:
    """Revoke what a file taught, as it is taken back; return how many layouts that were."""
    return _revoke(LearnedLayout.objects.filter(upload=upload, is_revoked=False), by)


def withdraw(layout: LearnedLayout, *, by: Person) -> None:
    """Revoke all that was taught of a layout: the next file of it is asked about anew. Raises `Denied`."""
    access.require(by, Permission.ENTER, layout.agency, layout.instrument_id)
    _revoke(_standing(layout), by)
    _record("revoke", layout, by)


def withdraw_answer(layout: LearnedLayout, name: str, *, by: Person) -> None:
    """Forget one answer of a layout: only this is asked about in the next file. Raises `Denied`.

    `name` is that of an answer, or `columns:VARIABLE`, or `constants:VARIABLE`.
    """
    access.require(by, Permission.ENTER, layout.agency, layout.instrument_id)
    for row in _standing(layout):  # in every teaching: an undo would bring the answer back
        row.answers, row.changed_by, row.changed_at = (
            _without(row.answers, name),
            by,
            timezone.now(),
        )
        row.save(update_fields=["answers", "changed_by", "changed_at"])
    _record("change", layout, by)


def _standing(layout: LearnedLayout) -> QuerySet[LearnedLayout]:
    """Return the teachings of a layout that nobody has revoked."""
    return LearnedLayout.objects.filter(
        agency=layout.agency, instrument=layout.instrument, key=layout.key, is_revoked=False
    )


def _without(answers: Mapping[str, Any], name: str) -> dict[str, Any]:
    """Return the answers without one of them."""
    answer, _colon, variable = name.partition(":")
    left = {k: v for k, v in answers.items() if k != answer}
    if variable and isinstance(answers.get(answer), Mapping):
        inner = {k: v for k, v in answers[answer].items() if k != variable}
        left |= {answer: inner} if inner else {}
    return left


def _revoke(rows: QuerySet[LearnedLayout], by: Person) -> int:
    return int(rows.update(is_revoked=True, changed_by=by, changed_at=timezone.now()))


def _digest(keys: Sequence[str]) -> str:
    return hashlib.sha256(json.dumps(sorted(keys)).encode()).hexdigest()


def _record(verb: str, layout: LearnedLayout, by: Person) -> None:
    """Append an event. The headers stand on the page alone: they come from a file."""
    name = layout.instrument.code
    audit.record(verb, f"layout:{layout.pk}", name=name, by=by, agency=layout.agency)
