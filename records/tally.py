"""What is said about a whole file, added up block by block.

`Tally`: shares, constants, days with too many rows. `Causes`: its findings by cause.
"""

from collections import Counter
from collections.abc import Iterable
from datetime import date
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from records import codelist
from records.spec import Check, Spec
from records.validation import Checked, Found
from records.workbook import Reading

EXAMPLES = 5
NO_ROWS = np.array([], dtype=np.int64)


class Tally:
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

    def warnings(self) -> list[Found]:
        """Return the checks that are broken."""
        return [
            Found(c.id, "warning", c.variable, NO_ROWS, c.message)
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


class Causes:
    """Findings of a file by cause: rule, variable, number of rows, and a few examples with their cells."""

    def __init__(self, cells: dict[str, str]) -> None:
        self.cells = cells
        self.count: Counter[tuple[str, str]] = Counter()
        self.found: dict[tuple[str, str], dict[str, Any]] = {}

    def add(self, checked: Checked) -> None:
        rows = checked.typed["_row"]
        for finding in checked.found:
            cause = self._cause(finding)
            self.count[finding.rule, finding.variable] += len(finding.rows)
            for k in range(min(len(finding.rows), EXAMPLES - len(cause["examples"]))):
                row = rows[int(finding.rows[k])].as_py()
                value = finding.values[k].as_py() if finding.values is not None else None
                cell = address(self.cells, finding.variable, row)
                cause["examples"].append({"row": row, "cell": cell, "value": value})

    def add_forbidden(self, reading: Reading) -> None:
        """Flag columns that were dropped because nobody may send them; their headers are no secret."""
        dropped = [c for c in reading.columns if c.how == "forbidden"]
        row = reading.file.get("header_row") or 1
        if dropped:
            self.found["columns.forbidden", ""] = {
                "rule": "columns.forbidden",
                "severity": "warning",
                "variable": "",
                "message": codelist.say(codelist.standard("messages")["forbidden_column"]),
                "examples": [
                    {"row": row, "cell": f"{self.cells['']}{c.letter}{row}", "value": c.header}
                    for c in dropped[:EXAMPLES]
                ],
            }
            self.count["columns.forbidden", ""] = len(dropped)

    def add_whole_file(self, findings: Iterable[Found]) -> None:
        for finding in findings:
            self._cause(finding)
            self.count[finding.rule, finding.variable] += len(finding.rows)

    def add_counted(self, finding: dict[str, Any], count: int) -> None:
        """Add a finding that was counted elsewhere, without examples."""
        if count:
            key = (str(finding["rule"]), str(finding["variable"]))
            self.found[key] = {**finding, "examples": []}
            self.count[key] = count

    def as_list(self) -> list[dict[str, Any]]:
        return [{**cause, "count": self.count[key]} for key, cause in self.found.items()]

    def _cause(self, finding: Found) -> dict[str, Any]:
        key = (finding.rule, finding.variable)
        return self.found.setdefault(key, {**head_of(finding), "examples": []})


def address(cells: dict[str, str], variable: str, row: int) -> str:
    """Return the cell of a variable in a row: `Sheet!D17`, or `D17` in a text file."""
    letter = cells.get(variable)
    return f"{cells.get('', '')}{letter}{row}" if letter else ""


def head_of(finding: Found) -> dict[str, Any]:
    """Return what is the same of a finding in all its rows."""
    return {
        "rule": finding.rule,
        "severity": finding.severity,
        "variable": finding.variable,
        "message": finding.message,
    }
