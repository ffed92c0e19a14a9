"""Words that stand where a code is wanted and that no list knows: each once, with its count and places.

A word is known by its variable and text. Of a file that waits they are kept in its report; of one that was taken in
they are looked up in its held rows. What may name a person is masked by then, and is none of them.
"""

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from django.db import connection

from records.collection.findings_by_cause import address
from records.instruments.spec import Spec, Variable
from records.instruments.versions import current, spec_of
from records.models import Upload
from records.validation import personal
from records.validation.findings import Checked, Finding
from standards import codelists, likeness
from standards.codelists import Code

MOST = 200  # words that are asked about: the most frequent ones; the others stay as they are
PLACES = 3  # cells that are shown
ASKED_FROM = (
    3  # rows with one word, from which a file waits for its meaning: fewer are as quickly corrected
)
# Problems of a text that a person can explain once for all its rows. Never of a people (“узбек”): its name stands for
# several countries, row by row.
EXPLAINABLE = (
    "unknown_text",
    "suggested",
    "ambiguous",
    "number",
    "undeclared",
    "held_back",
    "code_list",
    "no_code",
)


@dataclass(frozen=True)
class UnknownWord:
    """A text that means nothing in a variable: in how many rows it stands, and the first of its cells."""

    variable: str
    text: str
    count: int
    cells: tuple[str, ...] = ()

    @property
    def key(self) -> tuple[str, str]:
        return self.variable, self.text

    @classmethod
    def from_json(cls, content: Mapping[str, Any]) -> "UnknownWord":
        """Read a word from the report of an upload."""
        return cls(**{**content, "cells": tuple(content["cells"])})


class UnknownWords:
    """The unknown words of a file that is being read, block by block. `cells` as in `FindingsByCause`."""

    def __init__(self, spec: Spec, cells: Mapping[str, str]) -> None:
        self.coded = frozenset(_coded(spec))
        self.cells = cells
        self.counts: dict[tuple[str, str], int] = {}
        self.places: dict[tuple[str, str], list[str]] = {}

    def add(self, checked: Checked) -> None:
        """Add the findings of one block."""
        row_numbers = checked.typed["_row"].to_numpy()
        for finding in checked.findings:
            if finding.variable in self.coded and problem_of(finding.rule) in EXPLAINABLE:
                self._count(finding, row_numbers)

    def _count(self, finding: Finding, row_numbers: np.ndarray[Any, Any]) -> None:
        if finding.values is None:
            return
        coded = finding.values.dictionary_encode()
        places = coded.indices.to_numpy(zero_copy_only=False)
        counts = np.bincount(places, minlength=len(coded.dictionary))
        firsts = np.unique(places, return_index=True)[1]
        for k, text in enumerate(coded.dictionary.to_pylist()):
            key = (finding.variable, text)
            if text == personal.MASK or (key not in self.counts and len(self.counts) >= 50 * MOST):
                continue
            self.counts[key] = self.counts.get(key, 0) + int(counts[k])
            cells = self.places.setdefault(key, [])
            if len(cells) < PLACES:
                rows = (
                    finding.rows[places == k][: PLACES - len(cells)]
                    if counts[k] > 1
                    else [finding.rows[firsts[k]]]
                )
                cells += [address(self.cells, finding.variable, int(row_numbers[r])) for r in rows]

    def listed(self) -> list[UnknownWord]:
        """Return the words that are asked about, the most frequent first."""
        words = [
            UnknownWord(*key, count, tuple(self.places[key])) for key, count in self.counts.items()
        ]
        return sorted(words, key=lambda word: (-word.count, word.key))[:MOST]


def _coded(spec: Spec) -> list[str]:
    """Return the variables whose words can be asked about: what a private one holds is not kept."""
    return [v.name for v in spec.variables if v.kind == "code" and not v.private]


def problem_of(rule: str) -> str:
    """Return the problem of a finding of the engine itself: `unknown_text` of `citizenship.unknown_text`."""
    return [*rule.split("."), ""][1]


def of(upload: Upload) -> list[UnknownWord]:
    """Return the words of an upload that nobody has explained, the most frequent first."""
    if upload.state == Upload.State.COMMITTED:
        return _of_held_rows(upload)
    return [UnknownWord.from_json(word) for word in upload.report.get("words", ())]


def as_json(words: Iterable[UnknownWord]) -> list[dict[str, Any]]:
    """Return words as the report of an upload keeps them."""
    return [asdict(word) for word in words]


def likely(text: str, variable: Variable) -> list[Code]:
    """Return the codes that a text may mean: what the list suggests, then what is written alike.

    Not what a bare number would be in ISO 3166: somebody has said already that it is of another list.
    """
    codes = codelists.load(variable.codelist)
    accepted = {code.code for code in variable.accepted if code.code != variable.unknown}
    (match,) = codes.match([text], variable.codes)
    meant = match.code or (match.suggestion if match.note != "number" else "")
    alike = [code.code for code in likeness.like(codes, text, accepted)]
    listed = dict.fromkeys([*([meant] if meant in accepted else []), *alike])
    return [codes.by_code[code] for code in listed]


OF_HELD = (
    "FROM records_heldrow h, jsonb_array_elements(h.findings) f WHERE h.upload_id = %s AND h.kind = 'ERROR'"
    " AND h.closed_by_id IS NULL AND split_part(f->>'rule', '.', 2) = ANY(%s)"
)


def _of_held_rows(upload: Upload) -> list[UnknownWord]:
    spec = spec_of(current(upload.instrument))
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT f->>'variable', f->>'value', count(*),"
            f" (array_agg(f->>'cell' ORDER BY h.row_no))[1:{PLACES}] {OF_HELD}"
            " AND f->>'value' <> %s AND f->>'variable' = ANY(%s)"
            " GROUP BY 1, 2 ORDER BY 3 DESC, 1, 2 LIMIT %s",
            [upload.pk, list(EXPLAINABLE), personal.MASK, _coded(spec), MOST],
        )
        rows = cursor.fetchall()
    return [
        UnknownWord(variable, text, count, tuple(cell for cell in cells if cell))
        for variable, text, count, cells in rows
    ]


def held_with(upload: Upload, words: Iterable[tuple[str, str]]) -> list[int]:
    """Return the ids of the held rows of an upload in which one of the words (variable, text) stands."""
    listed = list(words)
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT DISTINCT h.id {OF_HELD} AND (f->>'variable', f->>'value') IN"
            " (SELECT * FROM unnest(%s::text[], %s::text[]))",
            [upload.pk, list(EXPLAINABLE), [v for v, _t in listed], [t for _v, t in listed]],
        )
        return [pk for (pk,) in cursor.fetchall()]
