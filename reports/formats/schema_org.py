"""A release as schema.org's Dataset in JSON-LD, which search engines for data read (https://schema.org/Dataset)."""

import json
from typing import Any

from django.conf import settings

from reports.formats.citation import Citation
from reports.formats.description import PARQUET, DataFile, Description
from standards.translation import active_language, in_language

MEDIA_TYPE = "application/ld+json"


def written(described: Description, citation: Citation) -> str:
    """Write a release as Dataset, its texts in the active language."""
    publisher = {
        "@type": "Organization",
        "name": in_language(described.portal),
        "url": described.site,
    }
    content: dict[str, Any] = {
        "@context": "https://schema.org/",
        "@type": "Dataset",
        "@id": described.page,
        "url": described.page,
        "identifier": described.release,
        "name": in_language(described.title),
        "description": in_language(described.about),
        "inLanguage": active_language(),
        "version": described.release,
        "datePublished": described.released_at.date().isoformat(),
        "temporalCoverage": f"{described.first.isoformat()}/{described.last.isoformat()}",
        "isAccessibleForFree": True,
        "conditionsOfAccess": "public" if settings.FIGURES_ARE_PUBLIC else "account needed",
        "creator": publisher,
        "publisher": publisher,
        "citation": citation.text,
        "includedInDataCatalog": {
            "@type": "DataCatalog",
            "name": in_language(described.portal),
            "url": described.site,
        },
        "variableMeasured": [
            {"@type": "PropertyValue", "propertyID": d.name, "name": in_language(d.labels)}
            for d in described.dimensions
        ],
        "distribution": [_download(file) for file in described.files],
    }
    return json.dumps(content, ensure_ascii=False, indent=2) + "\n"


def _download(file: DataFile) -> dict[str, Any]:
    return {
        "@type": "DataDownload",
        "name": f"{file.name}.parquet",
        "contentUrl": file.address,
        "encodingFormat": PARQUET,
        "contentSize": f"{file.bytes} B",
        "sha256": file.sha256,
    }
