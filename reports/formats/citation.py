"""How a release, or a table of it, is cited: as text, for BibTeX, and as DataCite describes data.

DataCite: metadata schema 4.5 (https://schema.datacite.org/meta/kernel-4.5/). Nobody gives a release a DOI, so it is
identified by its address; the checksum says which figures are meant.
"""

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date

from django.conf import settings
from django.utils.formats import date_format
from django.utils.timezone import localtime
from django.utils.translation import gettext as _

from reports.published.editions import Edition
from standards.translation import active_language, in_language

TEX = re.compile(r"[\\{}$&#^_%~]")
TEX_SIGNS = {"\\": r"\textbackslash{}", "^": r"\^{}", "~": r"\~{}"}


@dataclass(frozen=True)
class Citation:
    """What is cited, in the language of the reader. of: the table, if not the whole release; address: where it is read."""

    release: str
    title: str
    of: str
    about: str
    publisher: str
    sources: tuple[str, ...]
    released_on: date
    checksum: str
    address: str
    language: str

    @property
    def text(self) -> str:
        """Return the citation as a sentence for a list of references."""
        title = f"{self.of}. {self.title}" if self.of else self.title
        return _(
            "%(publisher)s (%(year)s). %(title)s. Release %(release)s, %(when)s [data set]. "
            "Source: %(sources)s. %(address)s"
        ) % {
            "publisher": self.publisher,
            "year": self.released_on.year,
            "title": title,
            "release": self.release,
            "when": date_format(self.released_on, "DATE_FORMAT"),
            "sources": ", ".join(self.sources),
            "address": self.address,
        }

    @property
    def bibtex(self) -> str:
        """Return the citation as an entry of BibTeX; what TeX reads as signs is escaped."""
        title = f"{self.of}. {self.title}" if self.of else self.title
        fields = {
            "author": f"{{{_tex(self.publisher)}}}",
            "title": f"{{{_tex(title)}}}",
            "year": str(self.released_on.year),
            "month": str(self.released_on.month),
            "version": _tex(self.release),
            "publisher": _tex(self.publisher),
            "note": _tex(f"SHA-256 {self.checksum}"),
            "url": self.address,
            "langid": self.language,
        }
        lines = "".join(f"  {name} = {{{value}}},\n" for name, value in fields.items())
        return f"@misc{{{self.release},\n{lines}}}\n"

    @property
    def datacite(self) -> str:
        """Return the citation as JSON of DataCite."""
        publisher = {"name": self.publisher, "nameType": "Organizational"}
        titles = [{"title": self.of or self.title, "lang": self.language}]
        if self.of:
            titles.append({"title": self.title, "titleType": "Subtitle", "lang": self.language})
        content = {
            "identifiers": [{"identifier": self.address, "identifierType": "URL"}],
            "alternateIdentifiers": [
                {"alternateIdentifier": self.release, "alternateIdentifierType": "release"},
                {"alternateIdentifier": self.checksum, "alternateIdentifierType": "SHA-256"},
            ],
            "creators": [publisher],
            "contributors": [
                {"name": source, "nameType": "Organizational", "contributorType": "DataCollector"}
                for source in self.sources
            ],
            "titles": titles,
            "publisher": {"name": self.publisher},
            "publicationYear": self.released_on.year,
            "dates": [{"date": self.released_on.isoformat(), "dateType": "Issued"}],
            "types": {"resourceType": "Statistics by sex", "resourceTypeGeneral": "Dataset"},
            "version": self.release,
            "language": self.language,
            "descriptions": [
                {
                    "description": self.about,
                    "descriptionType": "Abstract",
                    "lang": self.language,
                }
            ],
            "url": self.address,
            "schemaVersion": "http://datacite.org/schema/kernel-4",
        }
        return json.dumps(content, ensure_ascii=False, indent=2) + "\n"


def of_release(edition: Edition, address: str, table: str = "") -> Citation:
    """Return how a release is cited, or the table of it that is named, which is read at the address."""
    structure = edition.structure
    return Citation(
        release=edition.name,
        title=in_language(structure.title),
        of=table,
        about=in_language(structure.description),
        publisher=str(settings.PORTAL_NAME),
        sources=structure.sources,
        released_on=localtime(edition.released_at).date(),
        checksum=edition.checksum,
        address=address,
        language=active_language(),
    )


# Name in the address -> what it is called, its media type, and how it is written.
FORMS: Mapping[str, tuple[str, str, Callable[[Citation], str]]] = {
    "txt": ("Text", "text/plain; charset=utf-8", lambda citation: citation.text + "\n"),
    "bib": ("BibTeX", "application/x-bibtex; charset=utf-8", lambda citation: citation.bibtex),
    "json": ("DataCite", "application/vnd.datacite.datacite+json", lambda c: c.datacite),
}


def _tex(text: str) -> str:
    return TEX.sub(lambda sign: TEX_SIGNS.get(sign[0], "\\" + sign[0]), text)
