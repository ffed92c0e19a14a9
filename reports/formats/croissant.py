"""A release as Croissant 1.0, by which machine-learning tools load data (https://docs.mlcommons.org/croissant/)."""

import json
from typing import Any

from django.utils.translation import gettext as _

from reports.formats.citation import Citation
from reports.formats.description import PARQUET, DataFile, Description
from reports.published.editions import VALUE
from standards.translation import active_language, in_language

MEDIA_TYPE = "application/ld+json"
# The context that the specification asks every file to carry (its appendix 1).
CONTEXT = {
    "@language": "en",
    "@vocab": "https://schema.org/",
    "citeAs": "cr:citeAs",
    "column": "cr:column",
    "conformsTo": "dct:conformsTo",
    "cr": "http://mlcommons.org/croissant/",
    "rai": "http://mlcommons.org/croissant/RAI/",
    "data": {"@id": "cr:data", "@type": "@json"},
    "dataType": {"@id": "cr:dataType", "@type": "@vocab"},
    "dct": "http://purl.org/dc/terms/",
    "equivalentProperty": "cr:equivalentProperty",
    "examples": {"@id": "cr:examples", "@type": "@json"},
    "extract": "cr:extract",
    "field": "cr:field",
    "fileProperty": "cr:fileProperty",
    "fileObject": "cr:fileObject",
    "fileSet": "cr:fileSet",
    "format": "cr:format",
    "includes": "cr:includes",
    "isLiveDataset": "cr:isLiveDataset",
    "jsonPath": "cr:jsonPath",
    "key": "cr:key",
    "md5": "cr:md5",
    "parentField": "cr:parentField",
    "path": "cr:path",
    "recordSet": "cr:recordSet",
    "references": "cr:references",
    "regex": "cr:regex",
    "repeated": "cr:repeated",
    "replace": "cr:replace",
    "samplingRate": "cr:samplingRate",
    "sc": "https://schema.org/",
    "separator": "cr:separator",
    "source": "cr:source",
    "subField": "cr:subField",
    "transform": "cr:transform",
}


def written(described: Description, citation: Citation) -> str:
    """Write a release as Croissant: a FileObject and a RecordSet for each table of the family."""
    content: dict[str, Any] = {
        "@context": {**CONTEXT, "@language": active_language()},
        "@type": "sc:Dataset",
        "conformsTo": "http://mlcommons.org/croissant/1.0",
        "name": described.release,
        "description": f"{in_language(described.title)}. {in_language(described.about)}",
        "url": described.page,
        "version": f"{described.number}.0.0",
        "datePublished": described.released_at.date().isoformat(),
        "inLanguage": active_language(),
        "creator": {"@type": "sc:Organization", "name": in_language(described.portal)},
        "publisher": {"@type": "sc:Organization", "name": in_language(described.portal)},
        "citeAs": citation.bibtex,
        "distribution": [_object(file) for file in described.files],
        "recordSet": [_records(file) for file in described.files],
    }
    return json.dumps(content, ensure_ascii=False, indent=2) + "\n"


def _object(file: DataFile) -> dict[str, Any]:
    return {
        "@type": "cr:FileObject",
        "@id": f"{file.name}.parquet",
        "name": f"{file.name}.parquet",
        "contentUrl": file.address,
        "contentSize": f"{file.bytes} B",
        "encodingFormat": PARQUET,
        "sha256": file.sha256,
    }


def _records(file: DataFile) -> dict[str, Any]:
    fields = [(d.name, in_language(d.labels), "sc:Text") for d in file.columns]
    fields.append((VALUE, _("Protected count"), "sc:Integer"))
    return {
        "@type": "cr:RecordSet",
        "@id": file.name,
        "name": file.name,
        "key": [{"@id": f"{file.name}/{d.name}"} for d in file.columns],
        "field": [
            {
                "@type": "cr:Field",
                "@id": f"{file.name}/{name}",
                "name": name,
                "description": label,
                "dataType": kind,
                "source": {
                    "fileObject": {"@id": f"{file.name}.parquet"},
                    "extract": {"column": name},
                },
            }
            for name, label, kind in fields
        ],
    }
