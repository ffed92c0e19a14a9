"""Datasets as data: which cells of which instrument are published, at what detail (YAML)."""

import hashlib
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields
from functools import cache
from itertools import chain, combinations
from pathlib import Path
from typing import Any

import yaml

from reports.published.structure import SEX, SEXES, TIME, Dimension, Item, Structure
from standards import codelists, languages
from standards.periods import period_name

DIRECTORY = Path(__file__).parent / "data" / "datasets"
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
DERIVED = frozenset({"sex", "period", "bands", "code", "groups"})
NAME, VARIABLE = re.compile(r"[A-Z][A-Z0-9_]*"), re.compile(r"[a-z][a-z0-9_]*")
OLDEST = 130  # years; an age above is not stated
DEPTH = 3  # margins of up to so many dimensions are kept close to the truth and judged


class InvalidDataset(ValueError):
    """The YAML of a dataset contradicts itself; the message says where."""


@dataclass(frozen=True)
class DimensionDesign:
    """How a dimension is worked out from a record.

    derive: sex | period | bands (of age) | code (a variable as it is) | groups (of a code variable).
    implied_by: the dimension of which this one is a roll-up (broad age of age). It makes no cell of
    its own: its tables are sums of the other's cells, and the search keeps them close to the truth.
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
            "code": f"coalesce({self._column()}, '{self._unknown}')",
            "groups": self._groups(),
        }[self.derive]

    def code_of(self, value: str | int | None) -> str:
        """Return what `sql` makes of one value of the variable (of the age, for bands)."""
        if value is None:
            return self._unknown
        if self.derive == "bands":
            inside = (str(b["code"]) for b in self.bands if b["from"] <= int(value) <= b["to"])
            return next(inside, "_U")
        if self.derive == "code" or value in self.keep:
            return str(value)
        return next((code for code, codes in self._grouped() if value in codes), self._rest)

    def values(self) -> list[str | int | None]:
        """Return every value the variable can take, not stated included."""
        if self.derive == "bands":
            return [None, *range(OLDEST + 1)]
        return [None, *codelists.load(self.codelist).by_code]

    def items(self) -> tuple[Item, ...]:
        """Return the codes with labels, not stated among them; periods are added from the data."""
        if self.derive == "sex":
            return tuple(Item(code, SEX_LABELS[code]) for code in SEXES)
        if self.derive == "period":
            return ()
        if self.derive == "bands":
            listed = [Item(b["code"], b["labels"]) for b in self.bands]
        elif self.derive == "code":
            listed = [Item(c.code, c.labels) for c in codelists.load(self.codelist).codes]
        else:
            known = codelists.load(self.codelist).by_code
            listed = [Item(code, known[code].labels) for code in self.keep]
            listed += [Item(g["code"], g["labels"]) for g in self.groups]
        there = {item.code for item in listed}
        return (*listed, *(() if self._unknown in there else (Item(self._unknown, NOT_STATED),)))

    @property
    def _unknown(self) -> str:
        """The code for what is not stated: the list's own (TM-_U) where it has one."""
        if self.derive != "code":
            return "_U"
        codes = codelists.load(self.codelist).codes
        return next((c.code for c in codes if c.code.endswith("_U")), "_U")

    def _grouped(self) -> list[tuple[str, tuple[str, ...]]]:
        """Return the groups with their codes: those named, and the `parents` named with all below them."""
        return [(str(group["code"]), self._codes_of(group)) for group in self.groups]

    def _codes_of(self, group: Mapping[str, Any]) -> tuple[str, ...]:
        below = (
            codelists.load(self.codelist).within(str(parent)) for parent in group.get("parents", ())
        )
        return (*map(str, group.get("codes", ())), *chain.from_iterable(below))

    def uncovered(self) -> list[str]:
        """Return the codes that no group names and no `rest` takes: a new code is never published unseen."""
        if self.derive != "groups" or any(group.get("rest") for group in self.groups):
            return []
        named = {*self.keep, *(code for _group, codes in self._grouped() for code in codes)}
        return [code for code in codelists.load(self.codelist).by_code if code not in named]

    @property
    def _rest(self) -> str:
        return next((str(g["code"]) for g in self.groups if g.get("rest")), "_U")

    def _column(self) -> str:
        return f"r.{self.variable}" if self.variable in CORE else f"r.extras->>'{self.variable}'"

    def _bands(self) -> str:
        tests = " ".join(
            f"WHEN r.age BETWEEN {int(b['from'])} AND {int(b['to'])} THEN {_quoted([b['code']])}"
            for b in self.bands
        )
        return f"CASE {tests} ELSE '_U' END"

    def _groups(self) -> str:
        column = self._column()
        kept = f"WHEN {column} IN ({_quoted(self.keep)}) THEN {column} " if self.keep else ""
        listed = " ".join(
            f"WHEN {column} IN ({_quoted(codes)}) THEN {_quoted([code])}"
            for code, codes in self._grouped()
            if codes
        )
        rest = _quoted([self._rest])
        return f"CASE WHEN {column} IS NULL THEN '_U' {kept}{listed} ELSE {rest} END"


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
    dimensions: tuple[DimensionDesign, ...]

    @property
    def names(self) -> list[str]:
        """All dimensions, in order."""
        return [source.name for source in self.dimensions]

    @property
    def design(self) -> str:
        """What makes cells comparable: a digest of how every dimension is worked out."""
        said = "\n".join(f"{source.name}: {source.sql()}" for source in self.dimensions)
        return hashlib.sha256(said.encode()).hexdigest()

    def margins(self) -> list[tuple[int, ...]]:
        """Return the tables that protection keeps close to the truth, as places in `names`.

        All of up to three dimensions; a roll-up never stands beside the dimension that implies it.
        """
        finer = {
            k: self.names.index(s.implied_by) for k, s in enumerate(self.dimensions) if s.implied_by
        }
        chosen = (
            m for depth in range(DEPTH + 1) for m in combinations(range(len(self.names)), depth)
        )
        return [m for m in chosen if not any(finer.get(k) in m for k in m)]

    def structure(self, periods: list[str]) -> Structure:
        """Return what is published, with these periods on the time axis."""
        dimensions = []
        for source in self.dimensions:
            items = source.items()
            if source.derive == "period":
                items = tuple(Item(code, _in_words(code)) for code in periods)
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


def datasets(directory: Path | None = None) -> dict[str, Dataset]:
    """Return the datasets of a folder by code, in the order of their codes. Raises InvalidDataset."""
    found = [read(path) for path in sorted((directory or DIRECTORY).glob("*.yaml"))]
    instruments = [dataset.instrument for dataset in found]
    for dataset in found:
        # A second rounding of the same records would narrow what the first one leaves open.
        if instruments.count(dataset.instrument) > 1:
            raise InvalidDataset(
                f"{dataset.instrument}: its records are published in one dataset only"
            )
    return {dataset.code: dataset for dataset in sorted(found, key=lambda d: d.code)}


def of_instrument(code: str, directory: Path | None = None) -> list[Dataset]:
    """Return the datasets that an instrument feeds."""
    return [d for d in datasets(directory).values() if d.instrument == code]


def read(path: Path) -> Dataset:
    """Read one dataset. Raises InvalidDataset where it contradicts itself; sex and time are never left out."""
    return _read(path.read_text(), path.name)


@cache
def _read(text: str, file: str) -> Dataset:
    content = yaml.safe_load(text)
    _require_fields(content, Dataset, file)
    sources = tuple(_source(d, file) for d in content["dimensions"])
    by_name = {source.name: source for source in sources}
    for problem, is_there in (
        ("a dimension is defined twice", len(by_name) != len(sources)),
        (f"every dataset has the dimensions {SEX} and {TIME}", not {SEX, TIME} <= set(by_name)),
        ("the base is an integer of 2 or more", not int(content["base"]) == content["base"] >= 2),
    ):
        if is_there:
            raise InvalidDataset(f"{file}: {problem}")
    for source in sources:
        _require_implied(source, by_name, file)
        if uncovered := source.uncovered():
            raise InvalidDataset(
                f"{file}, {source.name}: no group covers {', '.join(uncovered)}; name the codes or their parent,"
                " or the group that takes the rest"
            )
    return Dataset(**{**content, "dimensions": sources, "sources": tuple(content["sources"])})


def _source(content: dict[str, Any], file: str) -> DimensionDesign:
    _require_fields(content, DimensionDesign, file)
    given: dict[str, Any] = {k: tuple(v) if isinstance(v, list) else v for k, v in content.items()}
    source = DimensionDesign(**given)
    derived, banded = source.derive in DERIVED, source.derive == "bands"
    coded = source.derive in ("code", "groups")
    for problem, is_there in (
        ("a name is of capital letters", not NAME.fullmatch(source.name)),
        (f"derive is one of {', '.join(sorted(DERIVED))}", not derived),
        ("a variable is of small letters", coded and not VARIABLE.fullmatch(source.variable)),
        ("bands overlap or stand in the wrong order", banded and not _ascending(source.bands)),
    ):
        if is_there:
            raise InvalidDataset(f"{file}, {source.name}: {problem}")
    return source


def _ascending(bands: tuple[Mapping[str, Any], ...]) -> bool:
    ends = [end for band in bands for end in (band["from"], band["to"] + 1)]
    return bool(ends) and ends == sorted(ends) and len(set(ends[::2])) == len(bands)


def _require_fields(
    content: Mapping[str, Any], kind: type[Dataset] | type[DimensionDesign], file: str
) -> None:
    known = {f.name: f for f in fields(kind)}
    needed = {"name", "labels", "derive"} if kind is DimensionDesign else set(known)
    if unknown := set(content) - set(known):
        raise InvalidDataset(f"{file}: nobody knows what {', '.join(sorted(unknown))} means")
    if missing := needed - set(content):
        raise InvalidDataset(f"{file}: {', '.join(sorted(missing))} is missing")


def _require_implied(
    source: DimensionDesign, others: Mapping[str, DimensionDesign], file: str
) -> None:
    """Every code of the finer dimension must lie inside one code of its roll-up."""
    if not source.implied_by:
        return
    finer = others.get(source.implied_by)
    if finer is None or finer.implied_by or finer.variable != source.variable:
        raise InvalidDataset(f"{file}: {source.name} cannot be a roll-up of {source.implied_by}")
    inside: dict[str, str] = {}
    for value in finer.values():
        code, coarse = finer.code_of(value), source.code_of(value)
        if inside.setdefault(code, coarse) != coarse:
            raise InvalidDataset(f"{file}: {code} lies in several groups of {source.name}")


def _in_words(period: str) -> dict[str, str]:
    return {language: period_name(period, language) for language in languages.LANGUAGES}


def _quoted(codes: Iterable[str]) -> str:
    return ", ".join("'" + str(code).replace("'", "''").replace("%", "%%") + "'" for code in codes)
