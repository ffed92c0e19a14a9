"""The structure of a published dataset, frozen in its release: dimensions, codes and labels.

Public pages read this and nothing else, so an old release explains itself for ever.
"""

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field, replace
from functools import cached_property
from math import inf
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import override

from standards.languages import LANGUAGES, Labels, marked
from standards.periods import FREQUENCIES, Frequency, Period, period_name, roll_up

SEX, TIME = "SEX", "TIME_PERIOD"
# Time in longer periods: name of the roll-up -> its frequency and what it is called.
ROLL_UPS = {"QUARTER": ("Q", marked("Quarter")), "YEAR": ("A", marked("Year"))}
# What people call the periods of a dataset, by its frequency.
PERIOD_NAMES = {"M": "MONTH", "Q": "QUARTER", "A": "YEAR"}
SEXES = ("F", "M", "_OU")
TOTAL = "_T"
NOT_BROKEN_DOWN = (
    "_X"  # of figures that are too small to be broken down, or whose period is not over
)
OTHERS = "OTH"  # what a reader's own groups leave over
WORDS = {NOT_BROKEN_DOWN: marked("Not broken down"), OTHERS: marked("All others")}
NAMED = 40  # so many choices a refusal names


class Unknown(ValueError):
    """A reader asked for what the dataset does not have; the message names what it has.

    `parameter` is the word of the question that is to blame; `status` is what HTTP calls the refusal.
    """

    status = 400

    def __init__(self, message: str, parameter: str = "") -> None:
        super().__init__(message)
        self.parameter = parameter


@dataclass(frozen=True)
class Item:
    """One code of a dimension."""

    code: str
    labels: Labels


@dataclass(frozen=True)
class AmountBand:
    """A code that stands for amounts from `first` to below `below`; the last one of a dimension has no end."""

    code: str
    first: float
    below: float | None


@dataclass(frozen=True)
class Amounts:
    """What the codes of a dimension of amounts are: bands in a unit (of money by ISO 4217: TMT), from the smallest up.
    Other codes are no amounts."""

    unit: str
    bands: tuple[AmountBand, ...]

    @classmethod
    def from_json(cls, content: Mapping[str, Any]) -> "Amounts":
        return cls(content["unit"], tuple(AmountBand(**band) for band in content["bands"]))

    @property
    def limits(self) -> dict[str, tuple[float, float]]:
        """Return from where to below where each band goes, by its code, from the smallest up; the last to infinity."""
        return {b.code: (b.first, inf if b.below is None else b.below) for b in self.bands}


@dataclass(frozen=True)
class Dimension:
    """One dimension with its codes in the order in which they are shown. Codes are only appended.

    amounts: of a dimension whose codes are bands of an amount.
    """

    name: str
    labels: Labels
    items: tuple[Item, ...]
    amounts: Amounts | None = None

    @cached_property
    def by_code(self) -> dict[str, Item]:
        return {item.code: item for item in self.items}

    def label(self, code: str, language: str) -> str:
        item = self.by_code.get(code)
        return (item.labels.get(language) or item.labels["en"]) if item else code


@dataclass(frozen=True)
class Headline:
    """What a dataset counts unless a reader chooses otherwise: a name, and the codes it is limited to."""

    labels: Labels
    where: Mapping[str, tuple[str, ...]]


@dataclass(frozen=True)
class PublishedTable:
    """A table of the family: its columns, the table `of` that it refines, its cells, the checksum of its file.

    The one table of a release from before families has no checksum: the release has it.
    """

    name: str
    of: str
    columns: tuple[str, ...]
    cells: int = 0
    sha256: str = ""


@dataclass(frozen=True)
class PublishedYear:
    """The state of a year in a release. is_over: no period comes any more; is_final: its figures stay."""

    code: str
    version: int
    is_over: bool
    is_final: bool


@dataclass(frozen=True)
class HeldShare:
    """Of 100 rows that an agency delivered for a period, a quarter or a year, how many were held back for an error."""

    agency: str
    code: str
    percent: int


@dataclass(frozen=True)
class Structure:
    """What a release holds. `frequency` is SDMX's; `base` is what every count is a multiple of.

    A release from before headlines has none; it counts everything that the dataset holds.
    tables: the family; a release from before families has one table, `cells`, of all dimensions. elsewhere: the
    years that another release has, by its name. held: of agencies and periods of many rows only. `accuracy`: what 95 of
    100 figures are within of the true counts, by code of the dataset (all tables of up to three dimensions) and of its
    named tables; only for tables of many cells. origin_destination: the dimensions from and to where people move.
    """

    dataset: str
    title: Labels
    description: Labels
    unit: str
    concept: str
    frequency: str
    base: int
    sources: tuple[str, ...]
    dimensions: tuple[Dimension, ...]
    headline: Headline | None = None
    charts: tuple[str, ...] = ()
    accuracy: Mapping[str, int] = field(default_factory=dict)
    tables: tuple[PublishedTable, ...] = ()
    years: tuple[PublishedYear, ...] = ()
    elsewhere: Mapping[str, str] = field(default_factory=dict)
    held: tuple[HeldShare, ...] = ()
    origin_destination: tuple[str, ...] = ()

    @classmethod
    def from_json(cls, content: Mapping[str, Any]) -> "Structure":
        dimensions = tuple(
            Dimension(
                d["name"],
                d["labels"],
                tuple(Item(**i) for i in d["items"]),
                Amounts.from_json(d["amounts"]) if d.get("amounts") else None,
            )
            for d in content["dimensions"]
        )
        headline = None
        if declared := content.get("headline"):
            where = {name: tuple(codes) for name, codes in declared["where"].items()}
            headline = Headline(declared["labels"], where)
        tables = tuple(
            PublishedTable(**{**table, "columns": tuple(table["columns"])})
            for table in content.get("tables", ())
        )
        built = {"dimensions", "sources", "headline", "charts", "tables", "years", "held"}
        built |= {"origin_destination"}
        return cls(
            **{key: value for key, value in content.items() if key not in built},
            sources=tuple(content["sources"]),
            dimensions=dimensions,
            headline=headline,
            charts=tuple(content.get("charts", ())),
            tables=tables or (_cube(dimensions),),
            years=tuple(PublishedYear(**year) for year in content.get("years", ())),
            held=tuple(HeldShare(**share) for share in content.get("held", ())),
            origin_destination=tuple(content.get("origin_destination", ())),
        )

    def as_json(self) -> dict[str, Any]:
        return asdict(self)

    @cached_property
    def by_name(self) -> dict[str, Dimension]:
        """Return the dimensions by name, time in quarters and years included."""
        return {d.name: d for d in (*self.dimensions, *self.roll_ups)}

    @property
    def names(self) -> list[str]:
        """Return the names of the dimensions that cells have."""
        return [d.name for d in self.dimensions]

    @property
    def periods(self) -> list[str]:
        """Return the periods of the release, oldest first."""
        return [item.code for item in self.dimensions[self.names.index(TIME)].items]

    @cached_property
    def roll_ups(self) -> tuple[Dimension, ...]:
        """Return time in every longer period: quarters and years of months, years of quarters."""
        return tuple(
            Dimension(name, _in_every_language(label), _rolled_up(self.periods, frequency))
            for name, (frequency, label) in ROLL_UPS.items()
            if FREQUENCIES[frequency].months > self._cut.months
        )

    def time_name(self, name: str) -> str:
        """Return the dimension that is meant by a name of time: MONTH is the period of monthly data."""
        own = ("PERIOD", PERIOD_NAMES.get(self.frequency))
        return TIME if name in own else name

    def part_of(self, name: str, period: str) -> str:
        """Return the code of a period in a dimension of time: itself, its quarter or its year."""
        return period if name == TIME else roll_up(period, ROLL_UPS[name][0])

    def next_period(self, period: str) -> str:
        """Return the period after one, whether the release has it or not."""
        return str(Period.parse(period).next())

    def whole(self, name: str, code: str) -> bool:
        """Say whether the release holds all periods of a quarter or year."""
        if name == TIME:
            return True
        needed = FREQUENCIES[ROLL_UPS[name][0]].months // self._cut.months
        return sum(self.part_of(name, period) == code for period in self.periods) == needed

    @property
    def _cut(self) -> Frequency:
        return FREQUENCIES[self.frequency]

    def require_name(self, name: str) -> None:
        """Raise Unknown unless there is a dimension of this name."""
        if name not in self.by_name:
            raise Unknown(
                _("There is no dimension “%(name)s”. Choose from: %(allowed)s.")
                % {"name": name[:40], "allowed": ", ".join(self.by_name)},
                name[:40].lower(),
            )

    def require_codes(self, name: str, codes: Iterable[str]) -> None:
        """Raise Unknown unless the dimension has all these codes."""
        known = self.by_name[name].by_code
        for code in codes:
            if code not in known:
                allowed = ", ".join(list(known)[:NAMED])
                raise Unknown(
                    _("“%(name)s” has no code “%(code)s”. Choose from: %(allowed)s.")
                    % {"name": name, "code": code[:40], "allowed": allowed},
                    name.lower(),
                )


def _cube(dimensions: Iterable[Dimension]) -> PublishedTable:
    return PublishedTable("cells", "", tuple(dimension.name for dimension in dimensions))


def with_code(dimension: Dimension, code: str) -> Dimension:
    """Return the dimension with one more code at its end, whose labels the words of the portal have."""
    label = Item(code, _in_every_language(WORDS[code]))
    return replace(dimension, items=(*dimension.items, label))


def _in_every_language(text: str) -> Labels:
    labels = {}
    for language in LANGUAGES:
        with override(language):
            labels[language] = _(text)
    return labels


def _rolled_up(periods: Iterable[str], frequency: str) -> tuple[Item, ...]:
    codes = dict.fromkeys(roll_up(period, frequency) for period in periods)
    return tuple(
        Item(code, {language: period_name(code, language) for language in LANGUAGES})
        for code in codes
    )
