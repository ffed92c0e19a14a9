"""What is said about a whole file, added up block by block.

`WholeFileChecks`: shares, constants, days with too many rows. `FindingsByCause`: its findings by cause.
"""

from collections import Counter
from datetime import date
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from records.instruments.spec import Check, Spec
from records.validation.findings import Checked, Finding

NO_ROWS = np.array([], dtype=np.int64)


class WholeFileChecks:
    """Counts what the checks of an instrument need, on the rows that are not held."""

    def __init__(self, spec: Spec) -> None:
        self.spec = spec
        self.rows = self.new_years = self.births = 0
        self.codes: dict[str, Counter[str]] = {c.variable: Counter() for c in spec.checks}
        self.sexes: dict[str, Counter[str]] = {c.id: Counter() for c in spec.checks}
        self.days: Counter[date] = Counter()

    def add(self, checked: Checked) -> None:
        """Add one block."""
        good = checked.typed.filter(pa.array(~checked.held))
        self.rows += good.num_rows
        for check in self.spec.checks:
            if check.kind == "one_sex":
                chosen = pc.is_in(_texts(good, check.variable), pa.array(check.codes))
                self.sexes[check.id].update(_count(_texts(good.filter(chosen), "sex")))
        for name in {
            c.variable for c in self.spec.checks if c.kind in ("share_unknown", "constant")
        }:
            self.codes[name].update(_count(_texts(good, name)))
        if any(c.kind == "largest_day" for c in self.spec.checks):
            self.days.update(_count(good["event_date"]))
        precise = pc.equal(_texts(good, "age_precision"), "D")
        self.births += int(pc.sum(precise).as_py() or 0)
        self.new_years += checked.new_years

    def warnings(self) -> list[Finding]:
        """Return the checks that are broken."""
        return [
            Finding(c.id, "warning", c.variable, NO_ROWS, c.message)
            for c in self.spec.checks
            if self._is_broken(c)
        ]

    def _is_broken(self, check: Check) -> bool:
        if check.kind == "one_sex":
            sexes = self.sexes[check.id]
            return sexes.total() >= check.least and len(sexes) == 1
        if check.kind == "new_year":
            return self.births >= check.least and self.new_years > check.over * self.births
        if self.rows < check.least:
            return False
        if check.kind == "largest_day":
            return max(self.days.values(), default=0) > check.over * self.rows
        counted = self.codes[check.variable]
        if check.kind == "constant":
            return any(counted[code] == self.rows for code in check.codes)
        unknown = counted[self.spec.variable(check.variable).unknown]
        return unknown > check.over * self.rows


def _texts(table: pa.Table, name: str) -> pa.ChunkedArray:
    return table[name].cast(pa.string())


def _count(column: pa.ChunkedArray) -> dict[Any, int]:
    counted = pc.value_counts(column)
    return {v["values"]: v["counts"] for v in counted.to_pylist() if v["values"] is not None}
