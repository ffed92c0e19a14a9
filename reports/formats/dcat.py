"""The catalogue of datasets as DCAT-AP 3 (https://semiceu.github.io/DCAT-AP/releases/3.0.0/).

It has what the profile calls mandatory and recommended; a licence only where the office has named one (DATA_LICENSE).

A dataset of the portal is a Dataset of the catalogue; its version is the newest release, its distributions are the tables
of that release's family. Codes are those of the authority tables that the profile asks for
(https://op.europa.eu/en/web/eu-vocabularies/authority-tables).
"""

from collections.abc import Mapping, Sequence
from datetime import datetime

from django.conf import settings
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import override

from reports.formats import rdf
from reports.formats.description import PARQUET, At, DataFile, Description, portal_names
from reports.formats.rdf import Iri, Literal, Node, Value
from standards import home
from standards.languages import LANGUAGES, Labels, marked

AUTHORITY = "http://publications.europa.eu/resource/authority"
IANA = "https://www.iana.org/assignments/media-types"
PREFIXES: Mapping[str, str] = {
    "adms": "http://www.w3.org/ns/adms#",
    "dcat": "http://www.w3.org/ns/dcat#",
    "dcatap": "http://data.europa.eu/r5r/",
    "dct": "http://purl.org/dc/terms/",
    "foaf": "http://xmlns.com/foaf/0.1/",
    "spdx": "http://spdx.org/rdf/terms#",
    "vcard": "http://www.w3.org/2006/vcard/ns#",
    "xsd": "http://www.w3.org/2001/XMLSchema#",
}
LANGUAGE_CODES = {"en": "ENG", "ru": "RUS", "tk": "TUK"}
FREQUENCY_CODES = {"M": "MONTHLY", "Q": "QUARTERLY", "S": "ANNUAL_2", "A": "ANNUAL"}
THEME = "SOCI"  # population and society
OFFICE = "http://purl.org/adms/publishertype/NationalAuthority"
ABOUT = marked("Figures on migration by sex, released and protected against disclosure.")


def catalogue(
    described: Sequence[Description], at: At, since: datetime | None = None
) -> list[Node]:
    """Return the catalogue, its datasets with their distributions, the service of the API, and the publisher.

    since: when the first release of all was out.
    """
    site, service = at(reverse("reports:dashboard")), at("/figures/api/v1/")
    publisher = f"{site}#publisher"
    said: list[tuple[str, Value]] = [
        *rdf.labels("dct:title", portal_names()),
        *rdf.labels("dct:description", _in_every_language(ABOUT)),
        ("dct:publisher", Iri(publisher)),
        ("foaf:homepage", Iri(site)),
        *_languages(),
        *_place(),
        *_licence(),
        ("dcat:themeTaxonomy", Iri(f"{AUTHORITY}/data-theme")),
        *[("dcat:dataset", Iri(_of(d, site))) for d in described],
        ("dcat:service", Iri(service)),
    ]
    if since:
        said.append(("dct:issued", rdf.day(since)))
    if described:
        said.append(("dct:modified", rdf.day(max(d.released_at for d in described))))
    nodes = [Node("dcat:Catalog", said, f"{site}#catalogue")]
    for one in described:
        nodes.append(_dataset(one, publisher))
        nodes += [_distribution(one, file) for file in one.files]
    nodes.append(_service(described, at, service, site))
    names = rdf.labels("foaf:name", portal_names())
    agent = [*names, ("dct:type", Iri(OFFICE)), ("foaf:homepage", Iri(site))]
    return [*nodes, Node("foaf:Agent", agent, publisher)]


def _of(described: Description, site: str) -> str:
    return f"{site}#{described.dataset}"


def _dataset(described: Description, publisher: str) -> Node:
    access = "PUBLIC" if settings.FIGURES_ARE_PUBLIC else "RESTRICTED"
    covers = [
        ("dcat:startDate", rdf.day(described.first)),
        ("dcat:endDate", rdf.day(described.last)),
    ]
    frequency = FREQUENCY_CODES[described.frequency]
    said: list[tuple[str, Value]] = [
        ("dct:identifier", Literal(described.dataset)),
        *rdf.labels("dct:title", described.title),
        *rdf.labels("dct:description", described.about),
        ("dct:publisher", Iri(publisher)),
        ("dcat:contactPoint", _contact(described.site)),
        *_place(),
        ("dcat:theme", Iri(f"{AUTHORITY}/data-theme/{THEME}")),
        *[pair for d in described.dimensions for pair in rdf.labels("dcat:keyword", d.labels)],
        *_languages(),
        ("dct:temporal", Node("dct:PeriodOfTime", covers)),
        ("dct:accrualPeriodicity", Iri(f"{AUTHORITY}/frequency/{frequency}")),
        ("dct:accessRights", Iri(f"{AUTHORITY}/access-right/{access}")),
        ("dct:issued", rdf.day(described.released_at)),
        ("dcat:version", Literal(described.release)),
        ("dcat:landingPage", Iri(described.page)),
        *[("dcat:distribution", Iri(file.address)) for file in described.files],
    ]
    if described.note:
        said.append(("adms:versionNotes", Literal(described.note)))
    return Node("dcat:Dataset", said, _of(described, described.site))


def _distribution(described: Description, file: DataFile) -> Node:
    checksum = Node(
        "spdx:Checksum",
        [
            ("spdx:algorithm", Iri(f"{PREFIXES['spdx']}checksumAlgorithm_sha256")),
            ("spdx:checksumValue", Literal(file.sha256, "xsd:hexBinary")),
        ],
    )
    said: list[tuple[str, Value]] = [
        ("dct:title", Literal(f"{described.release} {file.name}.parquet")),
        *rdf.labels("dct:description", _columns(file)),
        *_licence(),
        ("dcatap:availability", Iri(f"{AUTHORITY}/planned-availability/STABLE")),
        ("dcat:accessURL", Iri(described.page)),
        ("dcat:downloadURL", Iri(file.address)),
        ("dcat:mediaType", Iri(f"{IANA}/{PARQUET}")),
        ("dct:format", Iri(f"{AUTHORITY}/file-type/PARQUET")),
        ("dcat:byteSize", Literal(str(file.bytes), "xsd:nonNegativeInteger")),
        ("spdx:checksum", checksum),
        ("dct:issued", rdf.day(described.released_at)),
    ]
    return Node("dcat:Distribution", said, file.address)


def _service(described: Sequence[Description], at: At, service: str, site: str) -> Node:
    said: list[tuple[str, Value]] = [
        *rdf.labels("dct:title", _in_every_language(marked("Data for programs"))),
        ("dcat:endpointURL", Iri(service)),
        ("dcat:endpointDescription", Iri(at(reverse("reports:api_schema")))),
        *_licence(),
        *[("dcat:servesDataset", Iri(_of(d, site))) for d in described],
    ]
    return Node("dcat:DataService", said, service)


def _columns(file: DataFile) -> Labels:
    """Return by what the counts of a table are told apart, in every language."""
    return {
        language: ", ".join(one.labels.get(language) or one.labels["en"] for one in file.columns)
        for language in LANGUAGES
    }


def _contact(site: str) -> Node:
    """Return whom to ask: the portal, at its address for letters where the office has named one."""
    said = [*rdf.labels("vcard:fn", portal_names()), ("vcard:hasURL", Iri(site))]
    if settings.CONTACT_EMAIL:
        said.append(("vcard:hasEmail", Iri(f"mailto:{settings.CONTACT_EMAIL}")))
    return Node("vcard:Kind", said)


def _place() -> list[tuple[str, Value]]:
    return [("dct:spatial", Iri(f"{AUTHORITY}/country/{home.country()}"))]


def _licence() -> list[tuple[str, Value]]:
    return [("dct:license", Iri(settings.DATA_LICENSE))] if settings.DATA_LICENSE else []


def _languages() -> list[tuple[str, Value]]:
    return [
        ("dct:language", Iri(f"{AUTHORITY}/language/{LANGUAGE_CODES[code]}")) for code in LANGUAGES
    ]


def _in_every_language(text: str) -> Labels:
    texts = {}
    for language in LANGUAGES:
        with override(language):
            texts[language] = _(text)
    return texts
