"""An upload as programs read it, and what they say of it: the command line and the API speak the same JSON."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from agencies.models import Person
from agencies.refusal import Refused
from records.collection import (
    bulk_corrections,
    held_keys,
    known_numbers,
    names,
    next_sheets,
    strict_json,
    unknown_words,
)
from records.collection.bulk_corrections import Corrected
from records.collection.held_rows import texts_of_held
from records.collection.standing import standing
from records.instruments.spec import Spec
from records.instruments.versions import current, spec_of
from records.models import Difference, HeldRow, Upload
from records.reading.questions import NONE
from standards.translation import active_language, in_language

REPORTED = ("file", "columns", "rows", "sex", "findings", "questions", "again")
FATES = ("accepted", "duplicate", "held", "closed", "refused")


class NotUnderstood(Refused):
    """JSON that says nothing here; `where` is the part of it to blame."""

    def __init__(self, text: str, where: str = "") -> None:
        super().__init__(text)
        self.where = where


def outcome(corrected: Corrected, changed_meanwhile: Sequence[str] = ()) -> dict[str, Any]:
    """Return how many rows became what, and the keys of those that have changed, or gone, since they were read."""
    counts = {name: len(getattr(corrected, name)) for name in FATES}
    return {**counts, "changed_meanwhile": list(changed_meanwhile)}


def content_of(text: str | bytes) -> Any:
    """Return what a JSON text says. Raises `NotUnderstood`, with line and column where it is no JSON."""
    try:
        return strict_json.read(text)
    except json.JSONDecodeError as error:
        raise NotUnderstood(_("This is no JSON."), f"{error.lineno}:{error.colno}") from error
    except ValueError as error:
        raise NotUnderstood(
            _("JSON is in UTF-8, without NaN, Infinity and zero characters, and not too deep.")
        ) from error


def answers_of(text: str | bytes) -> dict[str, Any]:
    """Return the answers in a JSON object: question id -> answer. Raises `NotUnderstood`."""
    answers = content_of(text)
    if not isinstance(answers, dict):
        raise NotUnderstood(
            _("Answers are one JSON object: the id of each question, and its answer.")
        )
    return answers


def status(upload: Upload, person: Person) -> dict[str, Any]:
    """Return what is known of an upload: state, reason, file, columns, rows, sex, findings, words, questions …

    Cells have the names of the sheets, as in `held`, where the person sent the file.
    """
    given = names.given_names(upload, person) if upload.pk else names.GivenNames()
    report = asdict(standing(upload))
    return {
        "state": upload.outcome,
        "reason": upload.why,
        **{part: report[part] for part in REPORTED},
        "findings": [_with_cells(cause, given) for cause in report["findings"]],
        "next_sheet": given.sheet_of(next_sheets.waiting(upload, person)) if upload.pk else "",
        "words": unknown_words.as_json(unknown_words.of(upload)) if upload.pk else [],
        "submissions": [
            {"id": s.pk, "period": s.period, "state": s.state}
            for s in (upload.submissions.order_by("period") if upload.pk else ())
        ],
    }


def words(upload: Upload, person: Person) -> list[dict[str, Any]]:
    """Return the words that nobody has explained, the most frequent first, each with the codes it may mean."""
    spec, given = spec_of(current(upload.instrument)), names.given_names(upload, person)
    return [
        {
            **asdict(word),
            "cells": [given.sheet_of(cell) for cell in word.cells],
            "candidates": _candidates(word, spec),
        }
        for word in unknown_words.of(upload)
        if word.variable in spec.by_name
    ]


def decided(content: Any) -> dict[tuple[str, str], str]:
    """Return what words mean, (variable, text) -> code, of {variable: {text: code}}. Raises `NotUnderstood`."""
    meanings: dict[tuple[str, str], str] = {}
    for name, texts in _object(content, "").items():
        for text, code in _object(texts, name).items():
            if not isinstance(code, str):
                raise NotUnderstood(_("A word means a code, or “%(none)s”.") % {"none": NONE}, name)
            meanings[name, text] = code
    if not meanings:
        raise NotUnderstood(_("Say what the words mean: the variable, the word, its code."))
    return meanings


def held(rows: Sequence[HeldRow], upload: Upload, person: Person) -> list[dict[str, Any]]:
    """Return held rows: key, number in the file, period, texts by variable, and what is wrong, where.

    The rows bring their `state` (`held_keys.STATE`). Texts are as they are kept: masked where they may be personal.
    """
    given = names.given_names(upload, person)
    return [
        {
            "key": held_keys.key_of(upload, row.pk, row.state),  # type: ignore[attr-defined]
            "row": row.row_no,
            "kind": row.kind,
            "period": row.submission.period if row.submission else None,
            "values": texts_of_held(row),
            "findings": [
                {
                    "rule": finding.get("rule", ""),
                    "variable": finding["variable"],
                    "cell": given.sheet_of(finding.get("cell", "")),
                    "message": in_language(finding["message"]),
                }
                for finding in row.findings
            ],
        }
        for row in rows
    ]


def correct(upload: Upload, content: Any, *, by: Person) -> dict[str, Any]:
    """Take corrected cells of held rows, {key: {variable: text}}; rows that changed since are left as they are.

    Raises `NotUnderstood`, `Denied`, and `Refused` as `bulk_corrections.correct_many`.
    """
    spec, changes = spec_of(current(upload.instrument)), {}
    for key, cells in _object(content, "").items():
        for name, text in _object(cells, key).items():
            if name not in spec.by_name or not isinstance(text, str):
                raise NotUnderstood(
                    _("Cells are {variable: text}, of variables of the instrument."), key
                )
        changes[key] = cells
    if not changes:
        raise NotUnderstood(_("Say what is corrected: the key of each row, and its cells."))
    opened = {key: row for key in changes if (row := held_keys.opened(key, upload))}
    corrected = bulk_corrections.correct_many(
        upload,
        [held for held, _state in opened.values()],
        by=by,
        changes={held: changes[key] for key, (held, _state) in opened.items()},
        seen=dict(opened.values()),
    )
    stale = [key for key in changes if key not in opened or opened[key][0] in corrected.gone]
    reasons = {
        key: corrected.refused[row]
        for key, (row, _state) in opened.items()
        if row in corrected.refused
    }
    return {**outcome(corrected, stale), "reasons": reasons}


def settle(upload: Upload, content: Any, *, by: Person) -> dict[str, Any]:
    """Replace records, or leave them and remove the rows: {key: "replace" or "leave"}, keys of `known_numbers`.

    Raises `NotUnderstood`, `Denied`, and `Refused` as `known_numbers.settle`.
    """
    choices = _object(content, "")
    chosen: dict[str, list[str]] = {choice: [] for choice in known_numbers.CHOICES}
    for key, choice in choices.items():
        if choice not in known_numbers.CHOICES:
            raise NotUnderstood(_("Say “replace” or “leave” of each key."), key)
        chosen[choice].append(key)
    settled = Corrected()
    with transaction.atomic():
        for choice, keys in chosen.items():
            if keys:
                settled |= known_numbers.settle([upload], keys, choice, by=by)
    stale = [key for key in choices if known_numbers.rows_in([key]) <= settled.gone]
    return {**outcome(settled, stale), "removed": len(settled.removed)}


def differences(rows: Sequence[Difference]) -> list[dict[str, Any]]:
    """Return what a file sent again would change: old beside new; of a record that goes there is no new one."""
    return [
        {
            "kind": row.kind,
            "period": row.submission.period,
            "record_ref": row.record_ref,
            "variables": row.variables,
            "before": row.before,
            "now": row.now,
            "by_hand": row.by_hand,
        }
        for row in rows
    ]


def _with_cells(cause: dict[str, Any], given: names.GivenNames) -> dict[str, Any]:
    examples = [{**each, "cell": given.sheet_of(each["cell"])} for each in cause["examples"]]
    return {**cause, "examples": examples}


def _candidates(word: unknown_words.UnknownWord, spec: Spec) -> list[dict[str, str]]:
    language = active_language()
    codes = unknown_words.likely(word.text, spec.by_name[word.variable])
    return [{"code": code.code, "label": code.label(language)} for code in codes]


def _object(content: Any, where: str) -> Mapping[str, Any]:
    if not isinstance(content, Mapping):
        raise NotUnderstood(_("A JSON object was expected here."), where)
    return content
