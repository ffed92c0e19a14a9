"""Datasets as data: which cells of which instrument are published, at what detail (YAML)."""

import hashlib
import json
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from reports.designs import coverage, schema
from reports.designs.dimensions import DimensionDesign
from reports.designs.family import Family, roll_ups
from reports.designs.family import problems as family_problems
from reports.published.structure import SEX, TIME, Dimension, Headline, Item, Structure
from standards import definitions, home, languages
from standards.codelists import by_edition
from standards.definitions import Problem, choose, unknown
from standards.languages import Labels
from standards.measures import aggregate_code
from standards.periods import FREQUENCIES, period_name

DIRECTORY = Path(__file__).parent / "data" / "datasets"
# What the dashboard draws of every dataset that has it, and sex, which every chart shows.
DRAWN_ALWAYS = frozenset({SEX, TIME, "AGE", "CITIZENSHIP", "REGION"})


@dataclass(frozen=True)
class Dataset:
    """The publication design of one instrument."""

    code: str
    instrument: str
    title: Labels
    description: Labels
    unit: str
    concept: str
    frequency: str
    base: int
    sources: tuple[str, ...]
    dimensions: tuple[DimensionDesign, ...]
    family: Family
    headline: Headline | None = None
    charts: tuple[str, ...] = ()
    origin_destination: tuple[str, ...] = ()
    records: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    measure: str = "count"
    stock: bool = False

    @property
    def instruments(self) -> tuple[str, str]:
        """The codes under which it is delivered: in single records, and in the instrument's aggregate form."""
        return self.instrument, aggregate_code(self.instrument)

    @property
    def names(self) -> list[str]:
        """All dimensions, in order."""
        return [dimension.name for dimension in self.dimensions]

    @property
    def recorded(self) -> tuple[DimensionDesign, ...]:
        """The dimensions that each record tells by itself: those of a slice."""
        return tuple(dimension for dimension in self.dimensions if not dimension.is_linked)

    @property
    def residence(self) -> str:
        """The dimension that tells whether a crossing changed the usual residence; empty where there is none."""
        return next((dimension.name for dimension in self.dimensions if dimension.is_linked), "")

    @property
    def design(self) -> str:
        """What makes cells of slices comparable: a digest of how every dimension of a record is worked out."""
        designs = [f"{dimension.name}: {dimension.sql()}" for dimension in self.recorded]
        counted = [f"{name}: {codes}" for name, codes in self.records.items()]
        if self.measure != "count":
            counted.append(self.measure)
        lines = "\n".join([*designs, *counted])
        return hashlib.sha256(lines.encode()).hexdigest()

    @property
    def tree(self) -> str:
        """What makes published years comparable: a digest of the family and of what its columns mean."""
        tables = [(t.name, t.of, t.adds, t.least) for t in self.family.tables]
        meanings = [dimension.meaning for dimension in self.dimensions]
        content = json.dumps([self.base, tables, meanings])
        return hashlib.sha256(content.encode()).hexdigest()

    @property
    def times(self) -> list[str]:
        """Return the columns of time, the period first: TIME_PERIOD, QUARTER, YEAR."""
        return [TIME, *roll_ups(self.frequency)]

    def structure(self, periods: list[str]) -> Structure:
        """Return what is published, with these periods on the time axis."""
        published = []
        for dimension in self.dimensions:
            items = dimension.items()
            if dimension.derive == "period":
                items = tuple(Item(code, _in_words(code)) for code in periods)
            amounts = dimension.amounts.published if dimension.amounts else None
            published.append(Dimension(dimension.name, dimension.labels, items, amounts))
        return Structure(
            dataset=self.code,
            title=self.title,
            description=self.description,
            unit=self.unit,
            concept=self.concept,
            frequency=self.frequency,
            base=self.base,
            sources=self.sources,
            dimensions=tuple(published),
            headline=self.headline,
            charts=self.charts,
            origin_destination=self.origin_destination,
        )


def datasets(directory: Path | None = None) -> dict[str, Dataset]:
    """Return the datasets of a folder by code, in the order of their codes. Raises InvalidDefinition."""
    folder = directory or DIRECTORY
    return dict(_of_folder(folder, definitions.state_of(folder)))


def state() -> definitions.State:
    """Return which definitions the portal has of datasets: what is compared with them is read anew by it."""
    return definitions.state_of(DIRECTORY)


@by_edition
def _of_folder(folder: Path, _state: definitions.State) -> dict[str, Dataset]:
    by_file = {path: read(path) for path in sorted(folder.glob("*.yaml"))}
    times = Counter(dataset.code for dataset in by_file.values())
    for path, dataset in by_file.items():
        if times[dataset.code] > 1:
            definitions.refuse(path, [Problem(("code",), "another file has this code")])
        for other in by_file.values():
            # A second rounding of the same records would narrow what the first one leaves open.
            if other.code != dataset.code and _may_share_records(dataset, other):
                text = (
                    f"{other.code} has this instrument; records are published in one dataset only"
                )
                definitions.refuse(path, [Problem(("instrument",), text)])
    return {dataset.code: dataset for dataset in sorted(by_file.values(), key=lambda d: d.code)}


def of_instrument(code: str, directory: Path | None = None) -> list[Dataset]:
    """Return the datasets that an instrument, or an aggregate form, feeds."""
    return [d for d in datasets(directory).values() if code in d.instruments]


def _may_share_records(one: Dataset, other: Dataset) -> bool:
    """Say whether one quantity of one record can lie in both: they do not name different codes of a variable."""
    if (one.instrument, one.measure) != (other.instrument, other.measure):
        return False
    apart = (
        not {*codes} & {*other.records.get(name, codes)} for name, codes in one.records.items()
    )
    return not any(apart)


def read(path: Path) -> Dataset:
    """Read one dataset, once for each of its texts. Raises InvalidDefinition; sex and time are never left out."""
    return _read(path, definitions.text_of(path))


@by_edition
def _read(path: Path, _text: str) -> Dataset:
    content = _of_this_country(definitions.read(path, schema.dataset()))
    definitions.refuse(path, _problems(content))
    designs = tuple(DimensionDesign.from_content(d) for d in content["dimensions"])
    definitions.refuse(path, _of_roll_ups(designs))
    definitions.refuse(path, _of_family(content, designs))
    headline = _headline(content["headline"]) if "headline" in content else None
    parts = {
        "dimensions": designs,
        "family": Family.from_content(content["family"], content["headlines"], content["base"]),
        "sources": tuple(content["sources"]),
        "headline": headline,
        "charts": tuple(content.get("charts", ())),
        "origin_destination": tuple(content.get("origin_destination", ())),
        "records": {
            name: tuple(home.expanded(codes)) for name, codes in content.get("records", {}).items()
        },
    }
    own = {key: value for key, value in content.items() if key != "headlines"}
    dataset = Dataset(**{**own, **parts})
    definitions.refuse(path, _of_dashboard(dataset))
    return dataset


def _of_this_country(content: Mapping[str, Any]) -> dict[str, Any]:
    """Return the content with the codes of the portal's country in place of the words for it."""
    dimensions = []
    for dimension in content["dimensions"]:
        groups = [
            {**group, "codes": home.expanded(group["codes"])} if "codes" in group else group
            for group in dimension.get("groups", ())
        ]
        own: dict[str, Any] = {"groups": groups} if groups else {}
        if "keep" in dimension:
            own["keep"] = home.expanded(dimension["keep"])
        dimensions.append({**dimension, **own})
    return {**content, "dimensions": dimensions}


def _headline(content: Mapping[str, Any]) -> Headline:
    where = {name: tuple(codes) for name, codes in content["where"].items()}
    return Headline(content["labels"], where)


def _problems(content: Mapping[str, Any]) -> Iterator[Problem]:
    times = Counter(dimension["name"] for dimension in content["dimensions"])
    for name, count in times.items():
        if count > 1:
            yield Problem(("dimensions", name), f"{name} stands twice")
    for name in (SEX, TIME):
        if name not in times:
            yield Problem(("dimensions",), f"the dimension {name} is never left out")
    for dimension in content["dimensions"]:
        yield from coverage.problems(dimension)
    yield from _of_residence(content)
    if content.get("stock") and FREQUENCIES[content["frequency"]].months != 12:
        text = "a stock is told once a year: make it an instrument of its own"
        yield Problem(("stock",), text)


def _of_residence(content: Mapping[str, Any]) -> Iterator[Problem]:
    """Whether somebody moved is found from entries and exits, months after them, and once for a dataset."""
    linked = [d["name"] for d in content["dimensions"] if d["derive"] == "residence"]
    for name in linked[1:]:
        yield Problem(("dimensions", name), f"{linked[0]} is derived as residence already")
    if linked and "direction" not in {d.get("variable") for d in content["dimensions"]}:
        text = "residence is worked out from entries and exits: it needs a dimension of the variable direction"
        yield Problem(("dimensions", linked[0]), text)


def _of_roll_ups(designs: tuple[DimensionDesign, ...]) -> Iterator[Problem]:
    """Every code of the finer dimension must lie inside one code of its roll-up."""
    by_name = {design.name: design for design in designs}
    for design in designs:
        if not design.implied_by:
            continue
        path = ("dimensions", design.name, "implied_by")
        finer = by_name.get(design.implied_by)
        if finer is None or finer.implied_by or finer.variable != design.variable:
            yield Problem(path, f"{design.name} cannot be a roll-up of {design.implied_by}")
            continue
        inside: dict[str, str] = {}
        for value in finer.values():
            code, coarse = finer.code_of(value), design.code_of(value)
            if inside.setdefault(code, coarse) != coarse:
                yield Problem(path, f"{code} lies in several groups of {design.name}")
                break


def _of_family(
    content: Mapping[str, Any], designs: tuple[DimensionDesign, ...]
) -> Iterator[Problem]:
    levels = {design.name: design.implied_by for design in designs if design.implied_by}
    names = [d.name for d in designs]
    linked = next((design.name for design in designs if design.is_linked), "")
    yield from family_problems(content["family"], levels, names, content["frequency"], linked)


def _of_dashboard(dataset: Dataset) -> Iterator[Problem]:
    own = [name for name in dataset.names if name not in DRAWN_ALWAYS]
    yield from unknown(dataset.charts, own, "dimension of its own", ("charts",))
    path, others = ("origin_destination",), [n for n in dataset.names if n not in (SEX, TIME)]
    yield from unknown(dataset.origin_destination, others, "dimension", path)
    if dataset.family.holding(dataset.origin_destination) is None:
        yield Problem(path, "no table of the family has both")
    if dataset.headline:
        for problem in where_problems(dataset, dataset.headline.where):
            yield Problem(("headline", *problem.path), problem.text)


def where_problems(dataset: Dataset, where: Mapping[str, tuple[str, ...]]) -> Iterator[Problem]:
    """Yield the dimensions and codes of a `where` that the dataset does not have."""
    by_name = {d.name: d for d in dataset.dimensions if d.name not in (SEX, TIME)}
    for name, codes in where.items():
        if name not in by_name:
            yield Problem(("where", name), choose(name, by_name, "dimension"))
            continue
        known = {item.code for item in by_name[name].items()}
        yield from unknown(codes, known, "code", ("where", name))


def _in_words(period: str) -> Labels:
    return {language: period_name(period, language) for language in languages.LANGUAGES}
