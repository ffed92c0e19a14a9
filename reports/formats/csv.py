"""A table as CSV."""

import codecs
import csv
import io

from reports.formats import layout
from reports.formats.format import Document
from standards.formulas import safe


def as_csv(document: Document) -> bytes:
    """Return UTF-8 CSV (RFC 4180, lines end with \\n): one header row and the rows, nothing else.

    What a reader has to know of them stands in files of their own: `reports.formats.csvw` and `notes`.
    """
    table, chosen = document.table, document.layout
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(safe(column.name) for column in layout.columns(table, chosen))
    writer.writerows(map(safe, row) for row in layout.rows(table, chosen, document.language))
    return (codecs.BOM_UTF8 if chosen.bom else b"") + out.getvalue().encode()
