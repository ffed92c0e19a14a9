"""A workbook to be filled in: its looks, its lists of codes, what its cells take, its stamp."""

import io
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import date
from typing import Any

from django.utils.translation import gettext as _

from records.instruments.spec import Spec, Variable
from records.reading.layout import letter_of
from records.workbooks.choices import choices
from standards import codelists
from standards.translation import active_language, in_language

LAST_ROW = 100_000  # up to which cells are checked while they are typed
SHORTEST, WIDEST = 12, 40  # letters of a column
TITLE, MESSAGE = 32, 255  # letters that a spreadsheet program shows beside a cell
DAYS = (date(1900, 1, 1), date(2100, 12, 31))
# Nothing of a workbook is read as a formula or a link, whatever it begins with.
OPTIONS = {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
# Only locked cells are closed; no password: it protects from slips, not from people.
OPEN = {
    "format_cells": True,
    "format_columns": True,
    "format_rows": True,
    "sort": True,
    "autofilter": True,
    "select_locked_cells": True,
}
LOOKS: dict[str, dict[str, Any]] = {
    "head": {"bold": True, "text_wrap": True, "valign": "top", "bg_color": "#E4EAF0", "border": 1},
    "required": {"bold": True, "text_wrap": True, "valign": "top", "bg_color": "#C9D8E8", "border": 1},
    "text": {"num_format": "@", "locked": False},
    "day": {"num_format": "dd.mm.yyyy", "locked": False, "align": "left"},
    "number": {"num_format": "0", "locked": False},
    "amount": {"num_format": "General", "locked": False},
    "wrong": {"num_format": "@", "locked": False, "bg_color": "#F9D3CE", "border": 1},
    "compared": {"num_format": "@", "locked": False, "bg_color": "#FBEFCF", "border": 1},
    "told": {"num_format": "@", "locked": True, "font_color": "#5A6673", "bg_color": "#F2F4F6"},
    "dropped": {"num_format": "@", "locked": True, "bg_color": "#D9DDE1"},
    "title": {"bold": True, "font_size": 14},
    "bold": {"bold": True, "valign": "top", "text_wrap": True},
    "wrap": {"text_wrap": True, "valign": "top"},
    "link": {"font_color": "#0B5CAD", "underline": 1, "valign": "top"},
}  # fmt: skip
LOOK_OF = {"date": "day", "integer": "number", "decimal": "amount"}  # by kind of variable


class Book:
    """A workbook that is being made; `sheet` adds one, `restrict` says what the cells of a column take."""

    def __init__(self, workbook: Any, spec: Spec) -> None:
        self.workbook, self.spec = workbook, spec
        self.looks = {name: workbook.add_format(look) for name, look in LOOKS.items()}
        self.ranges: dict[str, str] = {}  # variable -> where its codes stand

    def sheet(self, name: str) -> Any:
        """Add a sheet."""
        return self.workbook.add_worksheet(name[:31])

    def list_codes(self, variables: Iterable[Variable]) -> None:
        """Write what the coded variables offer to a hidden sheet: a list may be longer than a cell can hold."""
        name = _("Codes")[:31]
        sheet, places = self.sheet(name), dict[tuple[str, ...], str]()
        sheet.hide()
        for variable in variables:
            texts = tuple(choices(variable, self.spec, active_language()))
            if not texts:
                continue
            if texts not in places:
                column = len(places)
                for row, text in enumerate((variable.name, *texts)):
                    sheet.write_string(row, column, text)
                letter = letter_of(column)
                places[texts] = f"='{name}'!${letter}$2:${letter}${len(texts) + 1}"
            self.ranges[variable.name] = places[texts]

    def restrict(
        self, sheet: Any, column: int, variable: Variable, first: int, last: int = LAST_ROW
    ) -> None:
        """Say what the cells of a column take, in its rows from `first` to `last`, counted from 0."""
        if rule := self._rule(variable):
            told = {"error_title": in_language(variable.label)[:TITLE]}
            sheet.data_validation(
                first, column, last, column, {"ignore_blank": True, **told, **rule}
            )

    def _rule(self, variable: Variable) -> dict[str, Any]:
        if variable.name in self.ranges:
            source = self.ranges[variable.name]
            return _taken("list", _("Choose from the list."), source=source)
        if variable.kind == "date":
            told = _("Write day.month.year, for example 31.12.2026.")
            return _taken("date", told, between=DAYS)
        if variable.kind == "birth":
            told = _("Write the year, or day.month.year.")
            return _taken("length", told, between=(4, 10), only_warns=True)
        if variable.kind == "ref":
            longest = int(variable.high or 40)
            return _taken("length", _("This is too long."), between=(1, longest))
        if variable.kind in ("integer", "decimal"):
            low = -1e12 if variable.low is None else variable.low
            high = 1e12 if variable.high is None else variable.high
            return _taken(variable.kind, _("This number cannot be right."), between=(low, high))
        return {}

    def look_of(self, variable: Variable) -> Any:
        """Return the format of the cells of a variable that is filled in."""
        return self.looks[LOOK_OF.get(variable.kind, "text")]

    def stamp(self, title: str, **properties: str) -> None:
        """Write what the workbook was made for: instrument, version, language, editions of its lists."""
        spec = self.spec
        self.workbook.set_properties({"title": title, "subject": spec.code, "category": "migdata"})
        own = {
            "instrument": spec.code,
            "version": str(spec.version),
            "language": active_language(),
            "lists": editions_of(spec),
        }
        for name, text in (own | properties).items():
            self.workbook.set_custom_property(name, text[:MESSAGE])


def _taken(
    kind: str,
    told: str,
    *,
    between: tuple[Any, Any] = (None, None),
    source: str = "",
    only_warns: bool = False,
) -> dict[str, Any]:
    bounds = {"criteria": "between", "minimum": between[0], "maximum": between[1]}
    return {
        "validate": kind,
        "error_message": told[:MESSAGE],
        "error_type": "warning" if only_warns else "stop",
        **({"source": source} if source else bounds),
    }


@contextmanager
def written(spec: Spec) -> Iterator[tuple[Book, io.BytesIO]]:
    """Let a workbook be made; its bytes are there when the block ends."""
    import xlsxwriter  # loaded where a workbook is asked for

    out = io.BytesIO()
    with xlsxwriter.Workbook(out, OPTIONS) as workbook:
        yield Book(workbook, spec), out


def editions_of(spec: Spec) -> str:
    """Return the code lists of an instrument with their editions: `countries 2, sex 1`."""
    lists = sorted({variable.codelist for variable in spec.variables if variable.codelist})
    return ", ".join(f"{name} {codelists.number_of(name)}" for name in lists)


def width_of(texts: Iterable[str]) -> int:
    """Return how wide a column has to be for its texts, in letters."""
    return min(max(SHORTEST, *(len(text) + 2 for text in texts)), WIDEST)


def note_of(variable: Variable, how: str) -> str:
    """Return what is told beside the header of a variable: what it means, and what to write."""
    return "\n".join(filter(None, [in_language(variable.help), how]))
