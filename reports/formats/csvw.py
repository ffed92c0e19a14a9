"""What describes a CSV to programs: CSV on the Web.

Metadata Vocabulary for Tabular Data, W3C Recommendation 17 December 2015
(https://www.w3.org/TR/tabular-metadata/). Beside its own words it takes those of vocabularies whose prefixes it
knows: dc (Dublin Core terms), dcat and schema.
"""

import hashlib
import json
from typing import Any

from django.conf import settings
from django.utils.timezone import localtime

from reports.formats import layout
from reports.formats.csv import as_csv
from reports.formats.format import Document
from reports.formats.layout import Column
from standards.languages import LANGUAGES


def as_metadata(document: Document) -> bytes:
    """Return the description of the CSV of this document as JSON: its columns, notes, rows, bytes and SHA-256."""
    content, edition = as_csv(document), document.table.edition
    in_language = {"@language": document.language}
    described: dict[str, Any] = {
        "@context": ["http://www.w3.org/ns/csvw", in_language],
        "url": document.address,
        "dc:title": {"@value": document.title, **in_language},
        "dc:publisher": {"schema:name": str(settings.PORTAL_NAME)},
        **({"dc:license": {"@id": settings.DATA_LICENSE}} if settings.DATA_LICENSE else {}),
        "dc:source": list(edition.structure.sources),
        "dc:identifier": edition.name,
        "dc:issued": {
            "@value": localtime(edition.released_at).date().isoformat(),
            "@type": "xsd:date",
        },
        "schema:name": document.file_name,
        "schema:sha256": hashlib.sha256(content).hexdigest(),
        "schema:numberOfItems": layout.count(document.table, document.layout),
        "dcat:byteSize": len(content),
        "dialect": {"encoding": "utf-8", "delimiter": ",", "header": True, "commentPrefix": None},
        "tableSchema": _schema(document),
        "notes": [
            {
                "type": "Annotation",
                "target": document.address,
                "body": {"@value": text, **in_language},
            }
            for text in layout.notes(document.table, document.layout)
        ],
    }
    return (json.dumps(described, ensure_ascii=False, indent=2) + "\n").encode()


def _schema(document: Document) -> dict[str, Any]:
    columns = layout.columns(document.table, document.layout)
    return {
        "columns": [_column(column, document.language) for column in columns],
        "primaryKey": [column.name for column in columns if column.is_key],
    }


def _column(column: Column, language: str) -> dict[str, Any]:
    """Return a column; the name in the header stands first among its titles, by which programs find it."""
    said: dict[str, Any] = {
        "name": column.name,
        "titles": {
            code: [column.name, column.titles.get(code) or column.titles["en"]]
            for code in LANGUAGES
        },
        "datatype": column.datatype,
    }
    if column.name.endswith("_LABEL"):
        said["lang"] = language
    return {**said, "required": True} if column.is_key else said
