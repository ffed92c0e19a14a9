"""What catalogues are told of a release: the facts that schema.org, DCAT-AP and Croissant all write, each in its way."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime

from django.conf import settings
from django.urls import reverse
from django.utils.timezone import localtime
from django.utils.translation import override

from reports.published import editions
from reports.published.editions import Edition
from reports.published.structure import Dimension
from standards.languages import LANGUAGES, Labels
from standards.periods import FREQUENCIES, Period

PARQUET = "application/vnd.apache.parquet"
At = Callable[[str], str]  # a path -> its whole address


@dataclass(frozen=True)
class DataFile:
    """A table of the family as it can be taken away. columns: its dimensions; beside them it has `value`."""

    name: str
    address: str
    bytes: int
    sha256: str
    columns: tuple[Dimension, ...]


@dataclass(frozen=True)
class Description:
    """A release in the words of catalogues. first, last: days; frequency: of SDMX; page: where people read it."""

    release: str
    number: int
    dataset: str
    title: Labels
    about: Labels
    note: str
    released_at: datetime
    first: date
    last: date
    frequency: str
    dimensions: tuple[Dimension, ...]
    files: tuple[DataFile, ...]
    page: str
    site: str
    portal: Labels

    @property
    def publisher(self) -> str:
        return self.portal["en"]


def of_release(edition: Edition, at: At) -> Description:
    """Describe a release; `at` makes whole addresses. Reads the sizes of its files."""
    structure = edition.structure
    periods = [Period.parse(code) for code in structure.periods]
    sizes = editions.sizes(edition)
    files = tuple(
        DataFile(
            table.name,
            at(reverse("reports:api_table_file", args=[edition.name, table.name])),
            sizes[table.name],
            table.sha256 or edition.checksum,
            tuple(structure.by_name[name] for name in table.columns),
        )
        for table in structure.tables
    )
    return Description(
        release=edition.name,
        number=edition.number,
        dataset=edition.dataset,
        title=structure.title,
        about=structure.description,
        note=edition.note,
        released_at=localtime(edition.released_at),
        first=min(period.first_day for period in periods),
        last=max(period.last_day for period in periods),
        frequency=FREQUENCIES[structure.frequency].sdmx,
        dimensions=structure.dimensions,
        files=files,
        page=at(reverse("reports:published_release", args=[edition.name])),
        site=at(reverse("reports:dashboard")),
        portal=portal_names(),
    )


def portal_names() -> Labels:
    """Return what the portal is called, in every language."""
    names = {}
    for language in LANGUAGES:
        with override(language):
            names[language] = str(settings.PORTAL_NAME)
    return names
