"""Correcting a held row: what a person changed in it, and nothing else.

The form of a whole row ends in `correct`; many rows at once are `bulk_corrections`. Cells that nobody touched
mean what they meant in their file, with the answers that were given about it.
"""

from collections.abc import Collection, Mapping
from typing import Any

import numpy as np
from django.utils import timezone

from agencies.models import Person
from records.codelists import learned
from records.collection import bulk_corrections, duplicates, entry
from records.collection.answers import answers_of
from records.collection.entry import Before, Outcome
from records.collection.held_rows import AGE, DATES, is_typed, texts_of_held
from records.collection.numberings import numbering_of
from records.instruments import versions
from records.instruments.spec import Spec, Variable
from records.models import HeldRow, Upload
from records.review.opening import require_delivery
from records.validation import parsing
from records.validation.findings import Checked
from records.validation.meanings import Answers, Meanings

UNKNOWN = ("unknown_text", "suggested")  # problems of a word that nobody has explained


def correct(
    held_row: HeldRow,
    changes: Mapping[str, str],
    *,
    by: Person,
    acknowledged: frozenset[str] = frozenset(),
    learn: Collection[str] = (),
) -> Outcome:
    """Make a record of a held row with these changes (variable -> text).

    `acknowledged` holds rule ids of warnings the person has confirmed; `learn` the variables whose word in the
    file is to mean the same in the next files. Raises `Denied`, and
    `Refused` where the period is no longer open, the number is taken, or the row is gone.
    """
    require_delivery(by, held_row.agency, held_row.instrument)
    checked = check(held_row, changes)
    unknown = unknown_words(held_row) if learn else {}
    words = {name: text for name, text in unknown.items() if name in learn}
    outcome = entry.outcome_of(checked, acknowledged)
    if not outcome.findings:
        typed_row = {**checked.typed.to_pylist()[0], **_age_known(held_row, changes)}
        version = versions.current(held_row.instrument)
        before = Before(held_row=held_row)
        outcome.record = entry.store(
            typed_row, version, agency=held_row.agency, before=before, by=by
        )
        entry.note("correct", outcome.record, by=by)
        _teach(held_row, {name: {text: typed_row[name]} for name, text in words.items()}, by)
        if held_row.upload:
            bulk_corrections.note_warnings(held_row.upload, [(checked, np.ones(1, bool))])
            numbers = [outcome.record.record_ref]
            duplicates.look_for(held_row.upload, by=by, numbers=numbers)
    return outcome


def unknown_words(held_row: HeldRow) -> dict[str, str]:
    """Return the words of a held row that no code list knows, by variable: what can be asked to be remembered.

    Never one that stands for a sex, may be personal, or is known to mean several codes: those are asked about
    in each file.
    """
    if is_typed(held_row) or not held_row.upload_id:
        return {}
    spec = _spec(held_row)
    meanings = Meanings(spec, today=timezone.localdate(), answers=_answers(held_row))
    words = {}
    for name, text in texts_of_held(held_row).items():
        variable = spec.by_name.get(name)
        if variable and may_be_learned(variable):
            ((_value, problem),) = meanings.of(variable, [text])
            if problem.partition(":")[0] in UNKNOWN and text.strip():
                words[name] = text
    return words


def may_be_learned(variable: Variable) -> bool:
    """Say whether words of a variable can be asked to be remembered from a corrected row."""
    return variable.kind == "code" and variable.name != "sex" and not variable.private


def _teach(held_row: HeldRow, words: Mapping[str, Mapping[str, str | None]], by: Person) -> None:
    """Remember words, as an answer about the file they stood in: whoever takes the file back takes them back."""
    aliases = {
        name: {text: code for text, code in meant.items() if code} for name, meant in words.items()
    }
    if not any(aliases.values()) or held_row.upload_id is None:
        return
    answers = {"aliases": aliases}
    learned.teach(held_row.agency, held_row.instrument, _spec(held_row), answers, by=by)
    upload = Upload.objects.select_for_update(of=("self",)).get(pk=held_row.upload_id)
    known = upload.answers.get("aliases") or {}
    together = {name: {**known.get(name, {}), **meant} for name, meant in aliases.items()}
    upload.answers = {**upload.answers, "aliases": {**known, **together}}
    upload.save(update_fields=["answers"])


def check(held_row: HeldRow, changes: Mapping[str, str] | None = None) -> Checked:
    """Check a held row, with changes or as it is, without saving."""
    spec = _spec(held_row)
    answers = _answers(held_row)
    changes = {n: _day_typed(spec.by_name[n], text) for n, text in (changes or {}).items()}
    own = texts_of_held(held_row)
    texts = own | entry.with_own_keys({**own, **changes}, spec, own)
    if changes.keys() & set(DATES) and is_typed(held_row):
        texts.pop("age", None)  # it was worked out from the dates as they were
    numbering = numbering_of(held_row.agency, held_row.instrument)
    return entry.check(texts, spec, answers, numbering)


def changes_in(held_row: HeldRow, posted: Mapping[str, str]) -> dict[str, str]:
    """Return what a person changed, of the fields that a form sent back."""
    spec = _spec(held_row)
    texts, visible = texts_of_held(held_row), shown_texts(held_row)
    return {
        name: posted[name].strip()
        for name, variable in spec.by_name.items()
        if name in posted
        and variable.kind != "key"
        and _visible(posted[name]) not in (_visible(texts.get(name)), _visible(visible.get(name)))
    }


def shown_texts(held_row: HeldRow, changes: Mapping[str, str] | None = None) -> dict[str, str]:
    """Return what the fields of the form hold: the code a text means, or the text where it means none."""
    spec = _spec(held_row)
    meanings = Meanings(spec, today=timezone.localdate(), answers=_answers(held_row))
    texts = texts_of_held(held_row) | dict(changes or {})
    return {
        name: _shown(spec.by_name[name], text, meanings) if name in spec.by_name else text
        for name, text in texts.items()
    }


def _shown(variable: Variable, text: str, meanings: Meanings) -> str:
    if variable.kind not in ("code", "boolean") or not text.strip():
        return text
    ((value, _problem),) = meanings.of(variable, [text])
    if value is None:
        return text
    return str(int(value)) if variable.kind == "boolean" else str(value)


def _age_known(held_row: HeldRow, changes: Mapping[str, str]) -> dict[str, Any]:
    """Return the exact age of a row that was valid but for its number: only the year of birth is kept."""
    if not is_typed(held_row) or changes.keys() & set(DATES):
        return {}
    return {name: held_row.raw.get(name) for name in AGE}


def _answers(held_row: HeldRow) -> Answers:
    return Answers() if is_typed(held_row) else answers_of(held_row.upload)


def _spec(held_row: HeldRow) -> Spec:
    return versions.spec_of(versions.current(held_row.instrument))


def _day_typed(variable: Variable, text: str) -> str:
    """Return what a person typed; a day in digits alone is written out. One in doubt stays so: the form asks."""
    return parsing.with_points(text) if variable.kind in ("date", "birth") else text


def _visible(text: str | None) -> str:
    """What of a text comes back from a field of a page: line breaks and outer spaces do not."""
    return " ".join((text or "").split())
