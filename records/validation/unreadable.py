"""Cells that cannot be read and need not be stated: they count as not stated, and their rows are taken in."""

from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np

from records.instruments.spec import Rule, Variable
from records.validation.columns import VariableColumn
from records.validation.findings import Array
from standards import codelists
from standards.languages import Labels

UNREADABLE = (
    "unreadable"  # severity of a message: an error where the cell holds its row, else a warning
)


@dataclass
class Cells:
    """Cells of a variable that cannot be read for one reason.

    `where` (n,) bool; `needed` (n,) bool, where a rule of the instrument wants them stated after all.
    """

    variable: Variable
    rule: str
    message: Labels
    private: bool
    where: Array
    needed: Array = field(init=False)

    def __post_init__(self) -> None:
        self.needed = np.zeros(len(self.where), dtype=bool)


class LeftOut:
    """The cells of one block that are left out: what is said of them waits until all rules have spoken."""

    def __init__(self) -> None:
        self.cells: list[Cells] = []

    def add(self, cells: Cells, column: VariableColumn) -> None:
        """Let cells count as not stated: with the code for it where the variable has one, else as nothing."""
        if cells.variable.unknown:
            column.values[cells.where] = column.vocabulary.index(cells.variable.unknown)
        self.cells.append(cells)

    def are_not(self, variable: str, where: Array) -> Array:
        """Return `where` (n,) without the cells of a variable that are left out: something stands in them."""
        for cells in self.cells:
            if cells.variable.name == variable:
                where = where & ~cells.where
        return where

    def judge(self, rule: Rule, breaks: Array) -> Array:
        """Return where a rule has something to say: not that a value is missing where an unreadable one stands.

        An error of such a rule needs the cell: what is wrong with the cell itself then holds the row, once.
        """
        wanted = {c["var"] for c in rule.when if c.get("given") is False}
        for cells in (cells for cells in self.cells if cells.variable.name in wanted):
            if rule.severity == "error":
                cells.needed |= breaks & cells.where
            breaks = breaks & ~cells.where
        return breaks

    def reported(self) -> Iterator[tuple[str, str, str, Array, Labels, bool]]:
        """Yield what `RecordBlock.report` takes: errors where a rule needs the cells, else warnings."""
        addition = codelists.standard("messages")["left_out"]
        for cells in self.cells:
            name = cells.variable.name
            told = {k: f"{text} {addition[k]}" for k, text in cells.message.items()}
            yield cells.rule, "error", name, cells.needed, cells.message, cells.private
            yield cells.rule, "warning", name, cells.where & ~cells.needed, told, cells.private
