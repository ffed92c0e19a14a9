"""A table as CSV."""

import csv
import io

from reports.formats import flat
from reports.published.figures import Table


def as_csv(table: Table, language: str, title: str) -> bytes:
    """Return UTF-8 CSV: title and notes as lines that begin with #, the header, the rows."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    for note in (title, *flat.notes(table)):
        out.write(f"# {' '.join(note.split())}\n")  # one line, whatever a label holds
    writer.writerow(flat.safe(name) for name in flat.header(table))
    writer.writerows([flat.safe(v) for v in row] for row in flat.rows(table, language))
    return out.getvalue().encode()
