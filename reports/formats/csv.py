"""A table as CSV."""

import csv
import io

from reports.formats import flat
from reports.published.figures import Table


def as_csv(table: Table, language: str) -> bytes:
    """Return UTF-8 CSV: notes as lines that begin with #, the header, the rows."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    for note in flat.notes(table.edition, table.where):
        out.write(f"# {' '.join(note.split())}\n")  # one line, whatever a label holds
    writer.writerow(flat.safe(name) for name in flat.header(table))
    writer.writerows([flat.safe(v) for v in row] for row in flat.rows(table, language))
    return out.getvalue().encode()
