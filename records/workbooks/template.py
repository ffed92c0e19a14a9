"""The empty workbook of an instrument: a table to be filled in, and the sheet that explains it."""

from collections.abc import Sequence
from typing import Any

from django.utils.translation import gettext as _

from records.instruments.spec import Spec, Variable
from records.workbooks.book import OPEN, Book, note_of, width_of, written
from records.workbooks.guidance import explain, what_to_write
from standards.translation import in_language

FIRST = 1  # the row below the headers
NOTE = {"x_scale": 2, "y_scale": 1.2}


def template(spec: Spec) -> bytes:
    """Return the workbook in the language that is active.

    Its table has what a person types, and no column that an instrument forbids. What is filled in by its lists is
    read without a question.
    """
    with written(spec) as (book, out):
        title = in_language(spec.title)
        book.stamp(title, kind="template")
        table, variables = book.sheet(_("Table")), [v for v in spec.variables if v.typed]
        explain(book, variables, _how_to())
        book.list_codes(variables)
        _head(book, table, variables)
    return out.getvalue()


def _head(book: Book, sheet: Any, variables: Sequence[Variable]) -> None:
    for column, variable in enumerate(variables):
        label = in_language(variable.label)
        sheet.set_column(column, column, width_of([label]), book.look_of(variable))
        look = book.looks["required" if variable.required else "head"]
        sheet.write_string(0, column, label, look)
        sheet.write_comment(0, column, note_of(variable, what_to_write(book, variable)), NOTE)
        book.restrict(sheet, column, variable, FIRST)
    sheet.set_row(0, 32)
    sheet.freeze_panes(FIRST, 1)
    sheet.protect("", OPEN)


def _how_to() -> list[str]:
    return [
        _(
            "Fill in one row below the headers for each record. Leave no column out; do not rename the headers."
        ),
        _("Darker headers are required. Cells with a list take only what is on the list."),
        _("Never write names, numbers of passports, telephone numbers or addresses."),
        _("Save the workbook and send it on the page “Upload a file”."),
    ]
