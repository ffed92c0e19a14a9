"""The sheet that explains a workbook: what each variable means, what is required, which rules there are."""

from collections.abc import Sequence
from typing import Any

from django.utils.translation import gettext as _

from records.instruments.spec import Variable
from records.workbooks.book import Book, editions_of
from records.workbooks.choices import choices, not_stated
from standards.translation import active_language, in_language

FEW = 8  # codes that are told one by one
WIDTHS = (30, 14, 56, 56)  # letters
LINE = 16  # height of a line, in points


def explain(book: Book, variables: Sequence[Variable], how_to: Sequence[str]) -> None:
    """Add the sheet. No row of it names two variables, so that nobody takes it for a table."""
    spec, sheet = book.spec, book.sheet(_("How to fill in"))
    for column, width in enumerate(WIDTHS):
        sheet.set_column(column, column, width)
    lines: list[tuple[str, Sequence[str]]] = [
        ("title", [in_language(spec.title)]),
        ("", [in_language(spec.purpose)]),
        ("", []),
        *(("", [line]) for line in how_to),
        ("", []),
        ("bold", [_("Column"), _("Required"), _("What it means"), _("What to write")]),
        *(("cells", _variable(book, variable)) for variable in variables),
        ("", []),
        ("bold", [_("Rules")]),
        *(("wide", [in_language(rule.message)]) for rule in spec.rules),
        ("", []),
        ("bold", [_("This workbook")]),
        *(("", [f"{label}: {text}"]) for label, text in _stamp(book)),
    ]
    for row, (look, texts) in enumerate(lines):
        _write(book, sheet, row, look, texts)
    sheet.protect()


def _write(book: Book, sheet: Any, row: int, look: str, texts: Sequence[str]) -> None:
    widths: Sequence[int] = WIDTHS
    if look == "wide":  # a sentence over all columns
        sheet.merge_range(row, 0, row, len(WIDTHS) - 1, "", book.looks["wrap"])
        widths = [sum(WIDTHS)]
    if look in ("cells", "wide"):  # not every program makes room for lines by itself
        lines = (1 + len(text) // width for text, width in zip(texts, widths, strict=True))
        sheet.set_row(row, LINE * max(lines))
    formats = {"cells": "wrap", "wide": "wrap", "": None}
    name = formats.get(look, look)
    for column, text in enumerate(texts):
        sheet.write_string(row, column, text, book.looks[name] if name else None)


def _variable(book: Book, variable: Variable) -> list[str]:
    return [
        in_language(variable.label),
        _("yes") if variable.required else _("no"),
        in_language(variable.help) or "–",
        what_to_write(book, variable),
    ]


def what_to_write(book: Book, variable: Variable) -> str:
    """Say in words what the cells of a variable take, and what is written where nothing is known."""
    language = active_language()
    texts = choices(variable, book.spec, language)
    unknown = not_stated(variable, book.spec, language)
    if texts and len(texts) <= FEW:
        how = _("One of: %(codes)s.") % {"codes": "; ".join(texts)}
    elif texts:
        how = _("Choose from the list.")
    else:
        how = {
            "date": _("Write day.month.year, for example 31.12.2026."),
            "birth": _("Write the year, or day.month.year."),
            "integer": _("A whole number."),
            "decimal": _("A number."),
            "period": _("A period, for example 2026-Q3, or a day in it."),
        }.get(variable.kind, _("A text, as you number your cases."))
    if unknown:
        return f"{how} " + _("Where nothing is stated: %(code)s.") % {"code": unknown}
    return how if variable.required else f"{how} " + _("Where nothing is stated: leave it empty.")


def _stamp(book: Book) -> list[tuple[str, str]]:
    spec = book.spec
    return [
        (_("Instrument"), spec.code),
        (_("Version"), str(spec.version)),
        (_("Language"), active_language()),
        (_("Editions of code lists"), editions_of(spec)),
    ]
