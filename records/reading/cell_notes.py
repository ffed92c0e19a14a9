"""What the spreadsheet library does not tell of a sheet: error values, unstored formulas, merged cells.

The library returns an error value (#REF!) and a formula without a stored result as an empty cell, in
every format. Each format has its own module that looks for them in the file itself.
"""

from dataclasses import dataclass, field

Place = tuple[int, int]  # row and column, both from 0
ERRORS = {  # the numbers of error values in XLS and XLSB
    0: "#NULL!",
    7: "#DIV/0!",
    15: "#VALUE!",
    23: "#REF!",
    29: "#NAME?",
    36: "#NUM!",
    42: "#N/A",
}


@dataclass(frozen=True)
class SheetName:
    """A sheet: its name, its number among all sheets of the workbook (from 0), and how it is called (`#2`)."""

    name: str
    number: int
    place: str


@dataclass(frozen=True)
class CellNotes:
    """Error values, formulas that have no stored result, and merged ranges that the library does not tell."""

    errors: dict[Place, str] = field(default_factory=dict)
    unstored: set[Place] = field(default_factory=set)
    merged: list[tuple[Place, Place]] = field(default_factory=list)
