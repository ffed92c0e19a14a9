"""Tables as CSV and XLSX."""

import csv
import io

import xlsxwriter

from reports.formats import flat
from reports.published import Table


def as_csv(table: Table, language: str) -> bytes:
    """Return UTF-8 CSV: notes as lines that begin with #, the header, the rows."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    for note in flat.notes(table.edition):
        out.write(f"# {note}\n")
    writer.writerow(flat.header(table))
    writer.writerows([flat.safe(v) for v in row] for row in flat.rows(table, language))
    return out.getvalue().encode()


def as_xlsx(table: Table, language: str, title: str) -> bytes:
    """Return a workbook: the figures on one sheet, the notes on another."""
    out = io.BytesIO()
    with xlsxwriter.Workbook(
        out, {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
    ) as book:
        bold, number = book.add_format({"bold": True}), book.add_format({"num_format": "#,##0"})
        sheet = book.add_worksheet("Figures")
        sheet.write_row(0, 0, flat.header(table), bold)
        for k, row in enumerate(flat.rows(table, language), start=1):
            sheet.write_row(k, 0, [flat.safe(v) for v in row], number)
        sheet.freeze_panes(1, 0)
        sheet.autofit()
        about = book.add_worksheet("Notes")
        about.write_column(0, 0, [title, *flat.notes(table.edition)])
        about.set_column(0, 0, 120)
    return out.getvalue()
