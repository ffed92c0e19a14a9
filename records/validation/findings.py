"""What the rules say of a block of rows: one finding for each rule and variable, and the checked block."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pyarrow as pa

from standards.languages import Labels

Array = np.ndarray[Any, Any]


@dataclass(frozen=True)
class Finding:
    """One rule broken in one variable.

    `rows` are positions in the block, `values` their texts (Arrow), masked where they may name a
    person, None where the variable has no column. Of a whole file: `concerned`, how many rows it is about.
    """

    rule: str
    severity: str
    variable: str
    rows: Array
    message: Labels
    values: pa.Array | None = None
    concerned: int = 0


@dataclass(frozen=True)
class Checked:
    """A checked block of n rows.

    typed  all rows, one column per variable (dates as date32, codes as dictionary of text), with
    birth_year, age, age_precision, period and `_row`; held  (n,) bool, rows with an error;
    new_years  how many exact birth dates are a 1 January; hidden  variable -> (n,) bool, where its
    texts may name a person and must not be kept; totals  (n,) bool, rows of counts that are the total of others:
    they are compared with these and not kept.
    """

    typed: pa.Table
    held: Array
    findings: list[Finding]
    new_years: int = 0
    hidden: Mapping[str, Array] = field(default_factory=dict)
    totals: Array = field(default_factory=lambda: np.zeros(0, dtype=bool))

    @property
    def good(self) -> pa.Table:
        """The rows that are kept: neither held nor totals of others."""
        keep = ~self.held
        return self.typed.filter(pa.array(keep & ~self.totals if len(self.totals) else keep))

    @property
    def errors(self) -> list[Finding]:
        return [finding for finding in self.findings if finding.severity == "error"]

    @property
    def warnings(self) -> list[Finding]:
        return [finding for finding in self.findings if finding.severity == "warning"]


def head_of(finding: Finding) -> dict[str, Any]:
    """Return what is the same of a finding in all its rows."""
    return {
        "rule": finding.rule,
        "severity": finding.severity,
        "variable": finding.variable,
        "message": finding.message,
    }
