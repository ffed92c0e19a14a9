"""Datasets as data: which cells of which instrument are published, at what detail (YAML)."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from records import codelist
from reports.structure import SEX, SEXES, TIME, Dimension, Item, Structure

DIRECTORY = Path(__file__).parent / "datasets"
SEX_LABELS = {
    "F": {"en": "Women", "ru": "Женщины", "tk": "Zenanlar"},
    "M": {"en": "Men", "ru": "Мужчины", "tk": "Erkekler"},
    "_OU": {
        "en": "Other or not stated",
        "ru": "Иное или не указано",
        "tk": "Başga ýa-da görkezilmedik",
    },
}
NOT_STATED = {"en": "Not stated", "ru": "Не указано", "tk": "Görkezilmedik"}
CORE = frozenset(
    {"citizenship", "country_birth", "region", "education", "civil_status", "sex_basis"}
)


class Invalid(ValueError):
    """The YAML of a dataset contradicts itself; the message says where."""


@dataclass(frozen=True)
class Source:
    """How a dimension is worked out from a record.

    derive: sex | period | bands (of age) | code (a variable as it is) | groups (of a code variable).
    implied_by: the dimension of which this one is a roll-up (skill level of occupation). It makes no
    cell of its own, so protection does not see it, and its tables are sums of the other's cells.
    """

    name: str
    labels: dict[str, str]
    derive: str
    variable: str = ""
    codelist: str = ""
    keep: tuple[str, ...] = ()
    groups: tuple[Mapping[str, Any], ...] = ()
    bands: tuple[Mapping[str, Any], ...] = ()
    implied_by: str = ""

    def sql(self) -> str:
        """Return the expression on records_record, with `%%` for a literal per cent sign."""
        return {
            "sex": "CASE WHEN r.sex IN ('F', 'M') THEN r.sex ELSE '_OU' END",
            "period": "s.period",
            "bands": self._bands(),
            "code": f"coalesce({self._column()}, '_U')",
            "groups": self._groups(),
        }[self.derive]

    def items(self) -> tuple[Item, ...]:
        """Return the codes with labels; periods are added from the data."""
        if self.derive == "sex":
            return tuple(Item(code, SEX_LABELS[code]) for code in SEXES)
        if self.derive == "period":
            return ()
        if self.derive == "bands":
            return (*(Item(b["code"], b["labels"]) for b in self.bands), Item("_U", NOT_STATED))
        codes = codelist.load(self.codelist)
        if self.derive == "code":
            listed = [Item(c.code, c.labels) for c in codes.codes]
            return tuple(listed) if "_U" in codes.by_code else (*listed, Item("_U", NOT_STATED))
        kept = [Item(code, codes.by_code[code].labels) for code in self.keep]
        return (*kept, *(Item(g["code"], g["labels"]) for g in self.groups))

    def group_of(self, code: str) -> str:
        """Return the group of a code of the variable, for `groups`."""
        listed = (g["code"] for g in self.groups if code in g.get("codes", ()))
        return str(next(listed, self._rest))

    @property
    def _rest(self) -> str:
        return next((str(g["code"]) for g in self.groups if g.get("rest")), "_U")

    def _column(self) -> str:
        return f"r.{self.variable}" if self.variable in CORE else f"r.extras->>'{self.variable}'"

    def _bands(self) -> str:
        tests = " ".join(
            f"WHEN r.age BETWEEN {int(b['from'])} AND {int(b['to'])} THEN '{b['code']}'"
            for b in self.bands
        )
        return f"CASE {tests} ELSE '_U' END"

    def _groups(self) -> str:
        column = self._column()
        kept = f"WHEN {column} IN ({_quoted(self.keep)}) THEN {column} " if self.keep else ""
        listed = " ".join(
            f"WHEN {column} IN ({_quoted(g['codes'])}) THEN '{g['code']}'"
            for g in self.groups
            if g.get("codes")
        )
        return f"CASE WHEN {column} IS NULL THEN '_U' {kept}{listed} ELSE '{self._rest}' END"


@dataclass(frozen=True)
class Dataset:
    """The publication design of one instrument."""

    code: str
    instrument: str
    title: dict[str, str]
    description: dict[str, str]
    unit: str
    concept: str
    frequency: str
    base: int
    sources: tuple[str, ...]
    dimensions: tuple[Source, ...]

    @property
    def names(self) -> list[str]:
        """All dimensions, in order."""
        return [source.name for source in self.dimensions]

    @property
    def protected(self) -> list[str]:
        """The dimensions whose cells are protected: all but the roll-ups of another."""
        return [source.name for source in self.dimensions if not source.implied_by]

    def structure(self, periods: list[str]) -> Structure:
        """Return what is published, with these periods on the time axis."""
        dimensions = []
        for source in self.dimensions:
            items = source.items()
            if source.derive == "period":
                items = tuple(Item(p, {"en": p}) for p in periods)
            dimensions.append(Dimension(source.name, source.labels, items))
        return Structure(
            dataset=self.code,
            title=self.title,
            description=self.description,
            unit=self.unit,
            concept=self.concept,
            frequency=self.frequency,
            base=self.base,
            sources=self.sources,
            dimensions=tuple(dimensions),
        )


def datasets(directory: Path = DIRECTORY) -> dict[str, Dataset]:
    """Return the datasets of a folder by code, in the order of their codes. Raises Invalid."""
    found = [read(path) for path in sorted(directory.glob("*.yaml"))]
    return {dataset.code: dataset for dataset in sorted(found, key=lambda d: d.code)}


def of_instrument(code: str, directory: Path = DIRECTORY) -> list[Dataset]:
    """Return the datasets that an instrument feeds."""
    return [d for d in datasets(directory).values() if d.instrument == code]


def read(path: Path) -> Dataset:
    """Read one dataset. Raises Invalid where sex or time is missing."""
    return _read(path.read_text(), path.name)


@cache
def _read(text: str, name: str) -> Dataset:
    content = yaml.safe_load(text)
    dimensions = tuple(_source(d) for d in content["dimensions"])
    names = [d.name for d in dimensions]
    if SEX not in names or TIME not in names:
        raise Invalid(f"{name}: every dataset has the dimensions {SEX} and {TIME}")
    for source in dimensions:
        _require_implied(source, {d.name: d for d in dimensions}, name)
    return Dataset(**{**content, "dimensions": dimensions, "sources": tuple(content["sources"])})


def _source(content: dict[str, Any]) -> Source:
    given: dict[str, Any] = {k: tuple(v) if isinstance(v, list) else v for k, v in content.items()}
    return Source(**given)


def _require_implied(source: Source, others: Mapping[str, Source], file: str) -> None:
    """Each group of the other dimension must lie inside one group of its roll-up."""
    if not source.implied_by:
        return
    finer = others.get(source.implied_by)
    if finer is None or finer.implied_by or finer.variable != source.variable:
        raise Invalid(f"{file}: {source.name} cannot be a roll-up of {source.implied_by}")
    for group in finer.groups:
        if len({source.group_of(code) for code in group.get("codes", ())}) > 1:
            raise Invalid(f"{file}: {group['code']} lies in several groups of {source.name}")


def _quoted(codes: tuple[str, ...] | list[str]) -> str:
    return ", ".join("'" + str(code).replace("'", "''") + "'" for code in codes)
