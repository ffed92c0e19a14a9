"""A table as a workbook."""

import io
from typing import Any

import xlsxwriter
from django.utils.translation import gettext as _

from reports.formats import flat
from reports.published.figures import Table
from reports.published.structure import Unknown

SHEET = 1_048_000  # rows that fit a sheet, with room for the header
WIDEST = 60  # letters


def as_xlsx(table: Table, language: str, title: str) -> bytes:
    """Return a workbook: the figures on one sheet, the notes on another. The same table, the same bytes."""
    if len(table.rows) > SHEET:
        raise Unknown(_("These are too many rows for XLSX. Take CSV, or fewer dimensions."), "by")
    out = io.BytesIO()
    # Row by row: the sheet of a large table is never whole in memory.
    options = {
        "in_memory": True,
        "constant_memory": True,
        "strings_to_formulas": False,
        "strings_to_urls": False,
    }
    with xlsxwriter.Workbook(out, options) as book:
        book.set_properties(
            {"title": title, "created": table.edition.released_at.replace(tzinfo=None)}
        )
        _figures(book, table, language)
        about = book.add_worksheet("Notes")
        about.write_column(0, 0, [flat.safe(n) for n in (title, *flat.notes(table))])
        about.set_column(0, 0, 120)
    return out.getvalue()


def _figures(book: Any, table: Table, language: str) -> None:
    bold = book.add_format({"bold": True})
    count, share = (book.add_format({"num_format": pattern}) for pattern in ("#,##0", "0.0"))
    sheet, named = book.add_worksheet("Figures"), 2 * len(table.by)
    shares = named + len(flat.MEASURES) - len(flat.SHARES)
    formats = [count if k < shares else share for k in range(named + len(flat.MEASURES))]
    for k, width in enumerate(_widths(table, language)):
        sheet.set_column(k, k, width)
    sheet.freeze_panes(1, 0)
    sheet.write_row(0, 0, [flat.safe(name) for name in flat.header(table)], bold)
    for k, row in enumerate(flat.rows(table, language), start=1):
        for column, value in enumerate(row):
            if isinstance(value, str):
                sheet.write_string(k, column, flat.safe(value))
            elif value is not None:
                sheet.write_number(k, column, value, formats[column])


def _widths(table: Table, language: str) -> list[int]:
    """Return how wide each column is, in letters: as wide as its header and its longest label."""
    headers = flat.header(table)
    widths = [len(name) + 2 for name in headers]
    for k, name in enumerate(table.by):
        dimension = table.edition.structure.by_name[name]
        longest = max((len(dimension.label(i.code, language)) for i in dimension.items), default=0)
        widths[2 * k + 1] = min(max(widths[2 * k + 1], longest + 2), WIDEST)
    return widths
