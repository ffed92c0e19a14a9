"""A table as JSON, as the API answers with it."""

import json
from dataclasses import replace
from typing import Any

from reports.formats import flat
from reports.formats.format import Document
from reports.published.figures import Table
from reports.published.query import measure
from standards.translation import active_language


def answer(table: Table, begin: int = 0, end: int | None = None) -> dict[str, Any]:
    """Return a table as `reports.api.answers.Data` describes it, with the rows from `begin` to before `end`.

    Texts are in the active language; count and total are of all rows; `next` is null.
    """
    header, structure = flat.header(table), table.edition.structure
    page = replace(table, rows=table.rows[begin:end])
    return {
        "release": table.edition.name,
        "dataset": table.edition.dataset,
        "measure": measure(structure, table.where, table.by),
        "by": list(table.by),
        "where": table.where,
        "base": structure.base,
        "notes": flat.notes(table),
        "count": len(table.rows),
        "next": None,
        "rows": [dict(zip(header, row, strict=True)) for row in flat.rows(page, active_language())],
        "total": {
            **dict(zip(flat.MEASURES, flat.measures(table.total), strict=True)),
            **table.more_of_total,
        },
    }


def as_json(document: Document) -> bytes:
    """Return the whole table as one answer of the API, all rows in it."""
    return json.dumps(answer(document.table), ensure_ascii=False).encode()
