"""A table as Parquet: exactly what was asked, typed columns."""

import io
import json

import pyarrow as pa
import pyarrow.parquet as pq

from reports.formats import layout
from reports.formats.format import Document
from reports.formats.layout import COUNT, SHARE, TEXT

TYPES = {TEXT: pa.string(), COUNT: pa.int64(), SHARE: pa.float64()}


def as_parquet(document: Document) -> bytes:
    """Return a file of typed columns; its metadata hold title, language, release, checksum and notes as JSON.

    What is not there (a gap, a share of too few) is null. The same table gives the same bytes.
    """
    table, chosen = document.table, document.layout
    columns = layout.columns(table, chosen)
    said = {
        "title": document.title,
        "language": document.language,
        "release": table.edition.name,
        "checksum": table.edition.checksum,
        "notes": json.dumps(layout.notes(table, chosen), ensure_ascii=False),
    }
    types = [pa.field(column.name, TYPES[column.datatype]) for column in columns]
    schema = pa.schema(types, metadata={f"migdata.{name}": text for name, text in said.items()})
    rows = list(layout.rows(table, chosen, document.language))
    values = [list(column) for column in zip(*rows, strict=True)] or [[] for _column in columns]
    arrays = [pa.array(v, field.type) for v, field in zip(values, schema, strict=True)]
    out = io.BytesIO()
    pq.write_table(pa.Table.from_arrays(arrays, schema=schema), out, compression="zstd")
    return out.getvalue()
