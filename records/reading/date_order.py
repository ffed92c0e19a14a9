"""Dates that contradict what a person said of the order of day and month."""

from collections.abc import Sequence
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from records.instruments.spec import Spec
from records.reading.layout import FileColumn

CELLS = 5  # how many contradicting dates are named
ABOVE_TWELVE = r"(?:1[3-9]|[2-9]\d)"
CONTRADICTIONS = {
    "true": rf"^\s*\d{{1,2}}[/-]{ABOVE_TWELVE}[/-]\d{{2,4}}\s*$",
    "false": rf"^\s*{ABOVE_TWELVE}[/-]\d{{1,2}}[/-]\d{{2,4}}\s*$",
}


class DateOrder:
    """Watches the dates of a file whose order of day and month a person stated.

    `answer` is that statement; where there is none, or where the person keeps to it though dates
    contradict it, nothing is watched. `cells` are “D17: 12/31/2025”, at most `CELLS`.
    """

    def __init__(self, columns: Sequence[FileColumn], spec: Spec, answer: Any) -> None:
        self.order = {"1": "true", "0": "false"}.get(str(answer), str(answer).lower())
        self.pattern = CONTRADICTIONS.get(self.order, "")
        self.dates = [
            (str(c.variable), c.letter)
            for c in columns
            if spec.by_name[str(c.variable)].kind in ("date", "birth")
        ]
        self.cells: list[str] = []

    def look_at(self, batch: pa.RecordBatch) -> None:
        """Note dates of a block of rows that contradict the order."""
        for variable, letter in self.dates if self.pattern else ():
            coded = batch[variable]
            breaks = pc.match_substring_regex(coded.dictionary, self.pattern)
            if len(self.cells) >= CELLS or not pc.any(breaks).as_py():
                continue
            places = pc.indices_nonzero(pc.fill_null(breaks.take(coded.indices), False))
            places = places[: CELLS - len(self.cells)]
            texts = coded.take(places).to_pylist()
            rows = batch["_row"].take(places).to_pylist()
            self.cells += [f"{letter}{row}: {text}" for row, text in zip(rows, texts, strict=True)]

    def contradiction(self) -> dict[str, Any] | None:
        """Return the stated order and the dates against it, or None."""
        return {"order": self.order, "cells": self.cells} if self.cells else None
