"""Held rows as they are to be: what somebody changed in many of them, checked by the engine once more. By column.

Whatever brings corrections of many rows – words that are explained, the grid, a workbook that comes back – says them as
columns of texts beside the rows, and reads here what the rows are with them. What is done with the rows is its own.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from django.utils import timezone

from records.collection.answers import answers_of
from records.collection.held_rows import AGE, DATES, is_typed, texts_of_held
from records.collection.numberings import numbering_of
from records.instruments.spec import Spec
from records.models import HeldRow, Upload
from records.validation import engine, parsing
from records.validation.findings import Checked
from records.validation.meanings import Answers

Sent = Mapping[str, pa.Array]  # variable -> (n,) texts beside n rows; null where a row has none
SPACES = r"[\s\x{a0}]+"


@dataclass(frozen=True)
class Rechecked:
    """Rows that were checked once more: the texts to be kept of them, and what was found."""

    rows: Sequence[HeldRow]
    block: pa.Table
    checked: Checked


def changes_in(rows: Sequence[HeldRow], sent: Sent) -> dict[str, pa.Array]:
    """Return of what was sent beside the rows only the texts that say something else than the rows do.

    They are trimmed. Line breaks and double spaces are no difference for a person who sees the cell.
    """
    own = _own_texts(rows, list(sent))
    changes = {}
    for name, column in sent.items():
        texts = pc.utf8_trim_whitespace(column.cast(pa.string()))
        seen = [pc.replace_substring_regex(t, SPACES, " ") for t in (own[name], texts)]
        changes[name] = pc.if_else(pc.not_equal(*seen), texts, pa.scalar(None, pa.string()))
    return changes


def changed(rows: Sequence[HeldRow], changes: Sent) -> np.ndarray[Any, Any]:
    """Say (n,) in which rows a cell is changed."""
    differs = np.zeros(len(rows), dtype=bool)
    for texts in changes.values():
        differs |= np.asarray(pc.is_valid(texts))
    return differs


def recheck(
    rows: Sequence[HeldRow], changes: Sent, spec: Spec, upload: Upload
) -> Iterator[Rechecked]:
    """Check the rows of a file once more, with changes: as many blocks as there are kinds of rows, at most two.

    Texts mean what they meant in the file, with what is answered about it now. Typed values (of rows that were held
    for their number alone) mean what they are, whatever was answered. Keys come from files only and are never changed.
    """
    typed = np.array([is_typed(row) for row in rows], dtype=bool)
    numbering = numbering_of(upload.agency, upload.instrument)
    for of_typed, answers in ((False, answers_of(upload)), (True, Answers())):
        places = np.flatnonzero(typed == of_typed)
        if not len(places):
            continue
        chosen = [rows[k] for k in places.tolist()]
        block, redated = _merged(chosen, {n: t.take(places) for n, t in changes.items()}, spec)
        checked = engine.check(
            _without_ages(block, redated) if of_typed else block,
            spec,
            today=timezone.localdate(),
            answers=answers,
            numbering=numbering,
        )
        if of_typed:
            block, checked = _with_ages(chosen, block, checked, redated)
        yield Rechecked(chosen, block, checked)


def _merged(rows: Sequence[HeldRow], changes: Sent, spec: Spec) -> tuple[pa.Table, Any]:
    """Return the texts of rows as they are to be, and (n,) bool: whose dates were changed."""
    own, redated = _own_texts(rows, [v.name for v in spec.variables]), np.zeros(len(rows), bool)
    for name, texts in changes.items():
        variable = spec.by_name.get(name)
        if variable is None or variable.kind == "key":
            continue
        if name in DATES:
            redated |= np.asarray(pc.is_valid(texts))
        if variable.kind in ("date", "birth"):  # a day in digits alone
            texts = _each(texts, parsing.with_points)
        own[name] = pc.coalesce(texts, own[name])
    numbers = pa.array([row.row_no or 0 for row in rows], pa.int32())
    return pa.table({**own, "_row": numbers}), redated


def _own_texts(rows: Sequence[HeldRow], names: Sequence[str]) -> dict[str, pa.Array]:
    texts = [texts_of_held(row) for row in rows]
    return {n: pa.array([t.get(n, "").strip() for t in texts], pa.string()) for n in names}


def _each(texts: pa.Array, change: Any) -> pa.Array:
    """Change each distinct text; null stays null."""
    coded = texts.dictionary_encode()
    changed = pa.array([change(text) for text in coded.dictionary.to_pylist()], pa.string())
    return changed.take(coded.indices)


def _without_ages(block: pa.Table, redated: Any) -> pa.Table:
    """Leave out ages that were worked out from dates as they were."""
    if "age" not in block.column_names:
        return block
    ages = pc.if_else(pa.array(redated), "", block["age"].combine_chunks())
    return block.set_column(block.column_names.index("age"), "age", ages)


def _with_ages(
    rows: Sequence[HeldRow], block: pa.Table, checked: Checked, redated: Any
) -> tuple[pa.Table, Checked]:
    """Give rows whose dates nobody changed the exact age that is known of them: of a birth date only the year is kept.

    The texts keep it as well, and with it that these are typed values.
    """
    typed, change = checked.typed, pa.array(redated)
    for name in AGE:
        now = typed[name].combine_chunks()
        now = now.dictionary_decode() if pa.types.is_dictionary(now.type) else now
        known = pa.array([row.raw.get(name) for row in rows], now.type)
        ages = pc.if_else(change, now, known)
        typed = typed.set_column(typed.column_names.index(name), name, ages)
        texts = pc.fill_null(ages.cast(pa.string()), "")
        if name in block.column_names:
            block = block.set_column(block.column_names.index(name), name, texts)
        else:
            block = block.append_column(name, texts)
    return block, replace(checked, typed=typed)
