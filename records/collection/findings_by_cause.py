"""The findings of a file by cause: what people are shown first."""

from collections import Counter
from collections.abc import Iterable
from typing import Any

from records.reading.child import Reading
from records.validation.findings import Checked, Finding, head_of
from standards import codelists, languages

EXAMPLES = 5


class FindingsByCause:
    """Findings of a file by cause: rule, variable, number of rows, and a few examples with their cells."""

    def __init__(self, cells: dict[str, str]) -> None:
        self.cells = cells
        self.count: Counter[tuple[str, str]] = Counter()
        self.found: dict[tuple[str, str], dict[str, Any]] = {}

    def add(self, checked: Checked) -> None:
        rows = checked.typed["_row"]
        for finding in checked.findings:
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
                "message": languages.say(codelists.standard("messages")["forbidden_column"]),
                "examples": [
                    {"row": row, "cell": f"{self.cells['']}{c.letter}{row}", "value": c.header}
                    for c in dropped[:EXAMPLES]
                ],
                "unit": "column",
            }
            self.count["columns.forbidden", ""] = len(dropped)

    def add_sheet(self, reading: Reading) -> None:
        """Tell of merged cells whose value was taken for all their rows, and of other sheets with tables."""
        sheet, row = reading.file.get("sheet"), reading.file.get("header_row") or 1
        others = [name for name in reading.file.get("sheets") or () if name != sheet]
        for rule, message, cells, unit in (
            ("cells.merged", "merged_cells", reading.file.get("merged") or [], "range"),
            ("sheets.other", "other_sheets", others, "sheet"),
        ):
            if cells:
                self.found[rule, ""] = {
                    "rule": rule,
                    "severity": "warning",
                    "variable": "",
                    "message": languages.say(codelists.standard("messages")[message]),
                    "examples": [
                        {"row": row, "cell": cell, "value": None} for cell in cells[:EXAMPLES]
                    ],
                    "unit": unit,
                }
                self.count[rule, ""] = len(cells)

    def add_whole_file(self, findings: Iterable[Finding]) -> None:
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

    def _cause(self, finding: Finding) -> dict[str, Any]:
        key = (finding.rule, finding.variable)
        return self.found.setdefault(key, {**head_of(finding), "examples": []})


def address(cells: dict[str, str], variable: str, row: int) -> str:
    """Return the cell of a variable in a row: `Sheet!D17`, or `D17` in a text file."""
    letter = cells.get(variable)
    return f"{cells.get('', '')}{letter}{row}" if letter else ""
