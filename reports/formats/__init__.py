"""Public: a table as a file, one module a format; FORMATS lists them all."""

from reports.formats.csv import as_csv
from reports.formats.csvw import as_metadata
from reports.formats.format import Format
from reports.formats.json import as_json
from reports.formats.notes import as_text
from reports.formats.parquet import as_parquet
from reports.formats.xlsx import as_xlsx

OF_CSV = ("form", "labels", "bom")
# Suffix -> format: routes, downloads and the links on every page are made from this table.
FORMATS = {
    entry.suffix: entry
    for entry in (
        Format("csv", "text/csv; charset=utf-8", "CSV", as_csv, parameters=OF_CSV),
        Format(
            "xlsx",
            "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
            "XLSX",
            as_xlsx,
            most=2_000_000,
            parameters=("form", "labels"),
        ),
        Format("json", "application/json", "JSON", as_json, most=1_000_000),
        Format(
            "parquet",
            "application/vnd.apache.parquet",
            "Parquet",
            as_parquet,
            parameters=("form", "labels"),
        ),
    )
}
# Suffix -> what is written beside a CSV: it answers the same parameters.
DESCRIPTIONS = {
    entry.suffix: entry
    for entry in (
        Format(
            "csv-metadata.json",
            "application/csvm+json",
            "CSVW",
            as_metadata,
            parameters=OF_CSV,
            has_rows=False,
            describes="csv",
        ),
        Format(
            "txt",
            "text/plain; charset=utf-8",
            "TXT",
            as_text,
            parameters=OF_CSV,
            has_rows=False,
            describes="csv",
        ),
    )
}
