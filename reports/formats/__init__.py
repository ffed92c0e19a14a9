"""Public: a table as a file, one module a format; FORMATS lists them all."""

from reports.formats.csv import as_csv
from reports.formats.format import Format
from reports.formats.xlsx import as_xlsx

# Suffix -> format: routes, downloads and the links on every page are made from this table.
FORMATS = {
    entry.suffix: entry
    for entry in (
        Format("csv", "text/csv; charset=utf-8", "CSV", as_csv),
        Format(
            "xlsx",
            "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
            "XLSX",
            as_xlsx,
            most=2_000_000,
        ),
    )
}
