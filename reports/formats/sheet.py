"""Rows that are no table of a dataset (series of indicators, the matrix) as CSV and as a workbook."""

import csv
import io
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from django.utils.translation import gettext as _

from standards.formulas import safe

Value = str | int | float | None
WIDEST, NARROWEST = 60, 10  # letters


@dataclass(frozen=True)
class Sheet:
    """One header row, rows, and what a reader must know of them. made_at: of the newest release in it."""

    title: str
    header: Sequence[str]
    rows: Sequence[Sequence[Value]]
    notes: Sequence[str] = field(default_factory=tuple)
    made_at: datetime | None = None


def as_csv(sheet: Sheet) -> bytes:
    """Return UTF-8 CSV: the header and the rows, nothing else, so that every program reads it."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(map(safe, sheet.header))
    writer.writerows(map(safe, row) for row in sheet.rows)
    return out.getvalue().encode()


def as_xlsx(sheet: Sheet) -> bytes:
    """Return a workbook: the rows as a marked table on one sheet, the notes on another."""
    import xlsxwriter  # loaded where a workbook is asked for

    out = io.BytesIO()
    options = {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
    with xlsxwriter.Workbook(out, options) as book:
        properties = {"title": sheet.title}
        made = {"created": sheet.made_at.replace(tzinfo=None)} if sheet.made_at else {}
        book.set_properties({**properties, **made})
        page = book.add_worksheet(_("Figures")[:31])
        page.freeze_panes(1, 1)
        for k, name in enumerate(sheet.header):
            page.set_column(k, k, _width([name, *(row[k] for row in sheet.rows)]))
        page.add_table(
            *(0, 0, max(len(sheet.rows), 1), len(sheet.header) - 1),
            {
                "columns": [{"header": str(safe(name))} for name in sheet.header],
                "data": [[safe(value) for value in row] for row in sheet.rows],
                "style": "Table Style Light 1",
            },
        )
        about = book.add_worksheet(_("Notes")[:31])
        about.write_column(0, 0, [safe(note) for note in (sheet.title, *sheet.notes)])
        about.set_column(0, 0, 120)
    return out.getvalue()


def _width(values: Iterable[Value]) -> int:
    longest = max(len(str(value)) for value in values if value is not None)
    return min(max(longest + 2, NARROWEST), WIDEST)
