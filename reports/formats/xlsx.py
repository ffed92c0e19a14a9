"""A table as a workbook."""

import io
from typing import Any

from django.utils.translation import gettext as _

from reports.formats import layout
from reports.formats.format import Document
from reports.formats.language_of_workbook import with_language
from reports.formats.layout import COUNT, SHARE, Column
from reports.published.structure import SEX, Unknown
from standards.formulas import safe

SHEET = 1_048_000  # rows that fit a sheet, with room for the header
WIDEST = 60  # letters
# Values up to which the rows are a marked table, for which the writer holds all of them in memory (some 200 bytes
# each). A larger sheet is written row by row and has a filter on its header instead.
MARKED = 300_000
PATTERNS = {COUNT: "#,##0", SHARE: "0.0"}


def as_xlsx(document: Document) -> bytes:
    """Return a workbook: the figures on one sheet, the notes on another. The same table, the same bytes.

    One header row, no merged cells; title and language of the document are set. Raises Unknown for more rows than a
    sheet has.
    """
    table, columns = document.table, layout.columns(document.table, document.layout)
    rows = layout.count(table, document.layout)
    if rows > SHEET:
        raise Unknown(_("These are too many rows for XLSX. Take CSV, or fewer dimensions."), "by")
    import xlsxwriter  # loaded where a workbook is asked for

    out, marked = io.BytesIO(), rows * len(columns) <= MARKED
    options = {
        "in_memory": True,
        "constant_memory": not marked,
        "strings_to_formulas": False,
        "strings_to_urls": False,
    }
    with xlsxwriter.Workbook(out, options) as book:
        book.set_properties(
            {"title": document.title, "created": table.edition.released_at.replace(tzinfo=None)}
        )
        sheet = book.add_worksheet("Figures")
        sheet.freeze_panes(1, 0)
        for k, width in enumerate(_widths(document, columns)):
            sheet.set_column(k, k, width)
        area = (0, 0, max(rows, 1), len(columns) - 1)
        if marked:
            heads = [{"header": str(safe(column.name))} for column in columns]
            look = {"columns": heads, "name": "Figures", "style": "Table Style Light 1"}
            sheet.add_table(*area, look)
        else:
            sheet.autofilter(*area)
        _figures(book, sheet, document, columns)
        about = book.add_worksheet("Notes")
        texts = (document.title, *layout.notes(table, document.layout))
        about.write_column(0, 0, [safe(text) for text in texts])
        about.set_column(0, 0, 120)
    return with_language(out.getvalue(), document.language)


def _figures(book: Any, sheet: Any, document: Document, columns: list[Column]) -> None:
    formats = {kind: book.add_format({"num_format": pattern}) for kind, pattern in PATTERNS.items()}
    styles = [formats.get(column.datatype) for column in columns]
    bold = book.add_format({"bold": True})
    sheet.write_row(0, 0, [safe(column.name) for column in columns], bold)
    rows = layout.rows(document.table, document.layout, document.language)
    for k, row in enumerate(rows, start=1):
        for column, value in enumerate(row):
            if isinstance(value, str):
                sheet.write_string(k, column, safe(value))
            elif value is not None:
                sheet.write_number(k, column, value, styles[column])


def _widths(document: Document, columns: list[Column]) -> list[int]:
    """Return how wide each column is, in letters: as wide as its header and its longest label."""
    known, widths = document.table.edition.structure.by_name, []
    for column in columns:
        name = column.name.removesuffix("_LABEL")
        longest = 0
        if name != column.name and name != SEX:
            labels = (known[name].label(i.code, document.language) for i in known[name].items)
            longest = max(map(len, labels), default=0)
        widths.append(min(max(len(column.name), longest) + 2, WIDEST))
    return widths
