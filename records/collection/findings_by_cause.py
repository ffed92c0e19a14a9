"""The findings of a file by cause: what people are shown first."""

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import Any

import pyarrow as pa

from records.collection.collisions import Collision
from records.reading.child import Reading
from records.validation.findings import Array, Checked, Finding, head_of
from standards import codelists, languages
from standards.languages import Labels
from standards.translation import in_language

EXAMPLES = 5
MAIN = 10  # causes that the refusal of a file names


@dataclass(frozen=True)
class Example:
    """One place where a cause was found: row and cell of the file, and the text, masked if personal."""

    row: int
    cell: str
    value: str | None


@dataclass
class Cause:
    """One rule broken in one variable of a file: in how many rows, and a few examples."""

    rule: str
    severity: str
    variable: str
    message: Labels
    examples: list[Example] = field(default_factory=list)
    count: int = 0
    unit: str = "row"  # what is counted: row, column, range of merged cells, sheet

    @property
    def text(self) -> str:
        """What is wrong, in the language of the reader."""
        return in_language(self.message)

    def as_json(self) -> dict[str, Any]:
        """Return the cause as the report of an upload keeps it."""
        return asdict(self)

    @classmethod
    def from_json(cls, content: Mapping[str, Any]) -> "Cause":
        """Read a cause from the report of an upload."""
        return cls(**{**content, "examples": [Example(**e) for e in content["examples"]]})


class FindingsByCause:
    """Findings of a file by cause. `cells` maps a variable to the letter of its column, "" to the sheet."""

    def __init__(self, cells: Mapping[str, str]) -> None:
        self.cells = cells
        self.causes: dict[tuple[str, ...], Cause] = {}

    def add(self, checked: Checked) -> None:
        """Add the findings of one block."""
        row_numbers = checked.typed["_row"]
        letters = checked.typed["_letter"] if "_letter" in checked.typed.column_names else None
        for finding in checked.findings:
            cause = self._cause(finding)
            cause.count += len(finding.rows)
            for k in range(min(len(finding.rows), EXAMPLES - len(cause.examples))):
                row = row_numbers[int(finding.rows[k])].as_py()
                value = finding.values[k].as_py() if finding.values is not None else None
                letter = letters[int(finding.rows[k])].as_py() if letters is not None else None
                cell = address(self.cells, finding.variable, row, letter)
                cause.examples.append(Example(row, cell, value))

    @classmethod
    def of(cls, cells: Mapping[str, str], causes: Iterable[Cause]) -> "FindingsByCause":
        """Return the findings that a file has already, to add others to them."""
        findings = cls(cells)
        findings.causes = {(c.rule, c.variable, c.severity): c for c in causes}
        return findings

    def add_warnings(self, checked: Checked, rows: Array) -> None:
        """Add the warnings of these rows of a block ((n,) bool)."""
        findings = []
        for finding in checked.warnings:
            chosen = rows[finding.rows]
            if chosen.any():
                values = finding.values
                values = None if values is None else values.filter(pa.array(chosen))
                findings.append(replace(finding, rows=finding.rows[chosen], values=values))
        self.add(replace(checked, findings=findings))

    def add_forbidden(self, reading: Reading) -> None:
        """Flag columns that were dropped because nobody may send them; their headers are no secret."""
        dropped = [c for c in reading.columns if c.how == "forbidden"]
        row = reading.file.get("header_row") or 1
        if dropped:
            self.causes["columns.forbidden", ""] = Cause(
                rule="columns.forbidden",
                severity="warning",
                variable="",
                message=languages.say(codelists.standard("messages")["forbidden_column"]),
                examples=[
                    Example(row, f"{self.cells['']}{column.letter}{row}", column.header)
                    for column in dropped[:EXAMPLES]
                ],
                count=len(dropped),
                unit="column",
            )

    def add_sheet(self, reading: Reading) -> None:
        """Tell of merged cells whose value was taken for all their rows, and of other sheets with tables."""
        sheet, row = reading.file.get("sheet"), reading.file.get("header_row") or 1
        others = [name for name in reading.file.get("sheets") or () if name != sheet]
        for rule, message, cells, unit in (
            ("cells.merged", "merged_cells", reading.file.get("merged") or [], "range"),
            ("sheets.other", "other_sheets", others, "sheet"),
        ):
            if cells:
                self.causes[rule, ""] = Cause(
                    rule=rule,
                    severity="warning",
                    variable="",
                    message=languages.say(codelists.standard("messages")[message]),
                    examples=[Example(row, cell, None) for cell in cells[:EXAMPLES]],
                    count=len(cells),
                    unit=unit,
                )

    def add_whole_file(self, findings: Iterable[Finding]) -> None:
        """Add what the checks of the whole file found, with the number of rows they are about."""
        for finding in findings:
            self._cause(finding).count += finding.concerned

    def add_counted(self, collision: Collision, count: int) -> None:
        """Add a finding that the database counted, without examples."""
        if count:
            cause = Cause(**collision.as_dict(), count=count)
            self.causes[collision.rule, collision.variable] = cause

    def count(self, rule: str) -> int:
        """Return in how many rows a rule is broken so far."""
        return sum(cause.count for cause in self.causes.values() if cause.rule == rule)

    def main_errors(self) -> list[dict[str, Any]]:
        """Return the causes of errors as the report keeps them, those of most rows first."""
        errors = [cause for cause in self.causes.values() if cause.severity == "error"]
        errors.sort(key=lambda cause: -cause.count)
        return [cause.as_json() for cause in errors[:MAIN]]

    def as_list(self) -> list[dict[str, Any]]:
        return [cause.as_json() for cause in self.causes.values()]

    def _cause(self, finding: Finding) -> Cause:
        # The same cell holds one row and is left out of another: what it is there for decides.
        key = (finding.rule, finding.variable, finding.severity)
        return self.causes.setdefault(key, Cause(**head_of(finding)))


def address(cells: Mapping[str, str], variable: str, row: int, made_of: str | None = None) -> str:
    """Return the cell of a variable in a row: `Sheet!D17`, or `D17` in a text file.

    `made_of`: the column that the row was made of, for a variable that stands in several (`F:H`).
    """
    letter = cells.get(variable)
    if letter and ":" in letter and made_of:
        letter = made_of
    return f"{cells.get('', '')}{letter}{row}" if letter else ""
