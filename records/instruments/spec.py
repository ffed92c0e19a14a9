"""What an instrument asks for: one frozen Spec feeds form, template, validator and help page."""

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from functools import cached_property
from typing import Any

from standards import codelists, home
from standards.codelists import Code
from standards.languages import LANGUAGES, Labels
from standards.periods import period_of
from standards.spelling import fold, normalise

# The typed columns of a record; every other variable is an extra.
CORE = (
    "record_ref",
    "person_ref",
    "event_date",
    "sex",
    "sex_basis",
    "birth_year",
    "age",
    "age_precision",
    "citizenship",
    "country_birth",
    "region",
    "education",
    "civil_status",
    "count",
)


NOT_STATED = "not_stated"  # `unknown`: the code that the list has for it, whatever it is
CODE_LISTS = ("in", "not_in")  # comparisons of a condition that list codes


@dataclass(frozen=True)
class Variable:
    """One thing that is asked of every record.

    `kind` says how a text is read; `unknown` is the code stored where nothing is stated; `typed`
    is false for what only comes from files (a person reference, an age instead of a birth date).
    """

    name: str
    kind: str
    label: Labels
    required: bool = False
    codelist: str = ""
    unknown: str = ""
    help: Labels = field(default_factory=dict)
    headers: tuple[str, ...] = ()
    low: float | None = None
    high: float | None = None
    typed: bool = True
    codes: tuple[str, ...] = ()  # restricts the code list to these
    private: bool = False  # a text of it that cannot be read may be an address: it is not kept
    tells_cells: bool = False  # of counts: it may also say that a row is the total of its codes

    @property
    def accepted(self) -> tuple[Code, ...]:
        """The codes that may be stated: those of the list, or the part of it that `codes` names."""
        codes = codelists.load(self.codelist).in_use if self.codelist else ()
        return tuple(c for c in codes if not self.codes or c.code in self.codes)

    @property
    def retired(self) -> tuple[Code, ...]:
        """The codes that are no longer accepted, but still are for events before the day from which they are retired."""
        codes = codelists.load(self.codelist) if self.codelist else None
        ended = (c for c in codes.retired if not c.is_in_use(codes.day)) if codes else ()
        return tuple(c for c in ended if not self.codes or c.code in self.codes)

    @property
    def holds_rows(self) -> bool:
        """Say whether a cell of it that cannot be read holds its row; else the cell counts as not stated.

        Sex always does: a row must not become one of unknown sex in silence. So do numbers of records and, in
        tables of counts, what tells cells apart.
        """
        told_apart = self.tells_cells or self.kind in ("ref", "key")
        return self.required or self.name == "sex" or told_apart

    @property
    def is_core(self) -> bool:
        return self.name in CORE or self.kind == "birth"


def joined_labels(variables: Iterable[Variable]) -> Labels:
    """Return the labels of the variables in every language, divided by commas."""
    listed = list(variables)
    return {
        language: ", ".join(v.label.get(language) or v.label["en"] for v in listed)
        for language in LANGUAGES
    }


@dataclass(frozen=True)
class Rule:
    """A row breaks the rule when all conditions hold (`records.validation.conditions` lists the kinds of condition)."""

    id: str
    severity: str  # error: the row is held; warning: it is kept and has to be acknowledged
    variable: str
    when: tuple[Mapping[str, Any], ...]
    message: Labels
    private: bool = (
        False  # what breaks it may name a person: the text is not kept, not even in a held row
    )


@dataclass(frozen=True)
class Check:
    """A rule about the whole file: a share, a constant, a day that has too many rows."""

    id: str
    kind: str
    variable: str
    message: Labels
    over: float = 0.0
    least: int = 50
    codes: tuple[str, ...] = ()
    within: tuple[str, ...] = ()


@dataclass(frozen=True)
class Spec:
    """One version of an instrument."""

    code: str
    version: int
    title: Labels
    purpose: Labels
    unit: str
    concept: str
    frequency: str
    agencies: tuple[str, ...]
    variables: tuple[Variable, ...]
    rules: tuple[Rule, ...]
    checks: tuple[Check, ...]
    forbidden: tuple[str, ...]
    ignored: tuple[str, ...]
    composites: tuple[Mapping[str, Any], ...]  # headers of columns that hold several variables
    cells: tuple[str, ...]  # of counts: the variables that tell their cells apart
    stock: bool
    unpublished: Labels
    legal_basis: Labels  # empty where it is not said yet
    retention: int | None  # years; None where it is not said yet
    raw: dict[str, Any] = field(repr=False, compare=False)
    restricted: bool = False  # seen only by people in whose duties it is named

    @classmethod
    def from_content(cls, content: Mapping[str, Any]) -> "Spec":
        """Build the Spec from the content of a version: what `reader.read` verified and kept in `raw`."""
        cells = tuple(content.get("cells", ()))
        variables = tuple(
            replace(variable, tells_cells=variable.name in cells)
            for variable in map(_variable, content["variables"])
        )
        return cls(
            code=content["code"],
            version=content["version"],
            title=content["title"],
            purpose=content.get("purpose", {}),
            unit=content["unit"],
            concept=content["concept"],
            frequency=content["frequency"],
            agencies=tuple(content["agencies"]),
            restricted=bool(content.get("restricted")),
            variables=variables,
            rules=tuple(
                Rule(
                    r["id"],
                    r["severity"],
                    r["variable"],
                    tuple(_of_this_country(condition) for condition in r["when"]),
                    r["message"],
                    r.get("private", False),
                )
                for r in content["rules"]
            ),
            checks=tuple(_check(check) for check in content["checks"]),
            forbidden=tuple(content["forbidden"]),
            ignored=tuple(content["ignored"]),
            composites=tuple(content.get("composites", ())),
            cells=cells,
            stock=content.get("stock", False),
            unpublished=content.get("unpublished", {}),
            legal_basis=content.get("legal_basis", {}),
            retention=content.get("retention"),
            raw=dict(content),
        )

    @cached_property
    def by_name(self) -> dict[str, Variable]:
        return {v.name: v for v in self.variables}

    @property
    def is_counts(self) -> bool:
        """Say whether a row is a cell: how many there are of a combination of codes, or how much."""
        return bool(self.cells)

    @cached_property
    def digest(self) -> str:
        """What names the content: the SHA-256 of its JSON with sorted keys."""
        return hashlib.sha256(json.dumps(self.raw, sort_keys=True).encode()).hexdigest()

    @cached_property
    def amount_of_currency(self) -> dict[str, str]:
        """Currency variable -> amount, by the rules that ask an amount for its currency."""
        pairs: dict[str, str] = {}
        for rule in self.rules:
            given = {c["var"]: c["given"] for c in rule.when if "given" in c}
            currencies = [
                name
                for name, is_given in given.items()
                if not is_given and self.by_name[name].codelist == "currencies"
            ]
            amounts = [name for name, is_given in given.items() if is_given]
            if len(currencies) == len(amounts) == 1:
                pairs[currencies[0]] = amounts[0]
        return pairs

    def variable(self, name: str) -> Variable:
        return self.by_name[name]

    def core(self) -> tuple[Variable, ...]:
        return tuple(v for v in self.variables if v.is_core)

    def extras(self) -> tuple[Variable, ...]:
        return tuple(v for v in self.variables if not v.is_core)

    def header_aliases(self) -> dict[str, str]:
        """Return normalised header -> variable: names, labels and aliases in every language."""
        variables: dict[str, str] = {}
        for variable in self.variables:
            for text in (variable.name, *variable.label.values(), *variable.headers):
                variables.setdefault(normalise(text), variable.name)
        return variables

    def folded_aliases(self) -> dict[str, str]:
        """Return the same with accents folded, for headers that were typed without them."""
        return {fold(alias): name for alias, name in self.header_aliases().items()}

    def period_of(self, day: date) -> str:
        """Return the period of the instrument's frequency that holds a day: 2026, 2025-A1, 2026-Q3 or 2026-07."""
        return period_of(day, self.frequency)


def _variable(content: Mapping[str, Any]) -> Variable:
    values = dict(content)
    for name in ("headers", "codes"):
        values[name] = tuple(values.get(name, ()))
    if values.get("unknown") == NOT_STATED:
        values["unknown"] = codelists.load(values["codelist"]).not_stated
    return Variable(**values)


def _of_this_country(condition: Mapping[str, Any]) -> dict[str, Any]:
    """Return a condition with the codes of the portal's country in place of the words for it."""
    return {
        key: home.expanded(value) if key in CODE_LISTS else value
        for key, value in condition.items()
    }


def _check(content: Mapping[str, Any]) -> Check:
    codes, within = (tuple(content.get(key, ())) for key in ("codes", "within"))
    return Check(**{**content, "codes": codes, "within": within})
