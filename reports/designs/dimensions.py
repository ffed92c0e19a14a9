"""How the dimensions of a dataset are worked out from records: groups of codes, bands of age."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from reports.designs.amounts import UNKNOWN, AmountDesign
from reports.designs.schema import OLDEST
from reports.published.structure import SEXES, Item
from standards import codelists
from standards.codelists import CodeList
from standards.languages import Labels

CORE = frozenset(
    {"citizenship", "country_birth", "region", "education", "civil_status", "sex_basis"}
)
RESIDENCE = ("FINAL", "PROVISIONAL", "NONE", UNKNOWN)


@dataclass(frozen=True)
class Group:
    """Codes that are counted together; `rest` says that all others are counted here, too.

    declared: the codes and parents that the design names; `codes` are all that belong to them now.
    """

    code: str
    labels: Labels
    codes: tuple[str, ...]
    rest: bool
    declared: tuple[str, ...] = ()


@dataclass(frozen=True)
class Band:
    """Ages from `first` to `last`, both included."""

    code: str
    labels: Labels
    first: int
    last: int


@dataclass(frozen=True)
class DimensionDesign:
    """How a dimension is worked out from a record.

    derive: sex | period | bands (of age) | code (a variable as it is) | groups (of a code variable) |
    parents (of the codes of a variable: subregions of countries) | amounts (a number of the record, in bands) |
    residence (whether a crossing changed the usual residence: of all crossings of the person, `exact.residence`).
    implied_by: the dimension of which this one is a roll-up (broad age of age). It makes no cell of
    its own: its tables are sums of the other's cells, and the search keeps them close to the truth.
    """

    name: str
    labels: Labels
    derive: str
    variable: str = ""
    codelist: str = ""
    keep: tuple[str, ...] = ()
    groups: tuple[Group, ...] = ()
    bands: tuple[Band, ...] = ()
    implied_by: str = ""
    amounts: AmountDesign | None = None

    @classmethod
    def from_content(cls, content: Mapping[str, Any]) -> "DimensionDesign":
        """Build the design of a dimension in which `coverage.problems` finds none."""
        codes = codelists.load(content["codelist"]) if "codelist" in content else None
        texts = {k: content[k] for k in ("variable", "codelist", "implied_by") if k in content}
        return cls(
            name=content["name"],
            labels=content["labels"],
            derive=content["derive"],
            keep=tuple(content.get("keep", ())),
            groups=tuple(
                Group(
                    g["code"],
                    g["labels"],
                    members(g, codes),
                    "rest" in g,
                    (*g.get("codes", ()), *g.get("parents", ())),
                )
                for g in content.get("groups", ())
                if codes
            ),
            bands=tuple(
                Band(b["code"], b["labels"], b["from"], b["to"]) for b in content.get("bands", ())
            ),
            amounts=AmountDesign.from_content(content) if "amounts" in content else None,
            **texts,
        )

    @property
    def is_linked(self) -> bool:
        """Say whether it follows from other records of the same person, so that no record tells it by itself."""
        return self.derive == "residence"

    @property
    def meaning(self) -> list[Any]:
        """Return what the codes mean as the design says it: neither labels nor codes that a list has won since."""
        groups = [(group.code, group.declared, group.rest) for group in self.groups]
        bands = [(band.code, band.first, band.last) for band in self.bands]
        source = [self.derive, self.variable, self.codelist, self.keep, self.implied_by]
        amounts = [self.amounts.meaning] if self.amounts else []
        return [self.name, *source, groups, bands, *amounts]

    def sql(self) -> str:
        """Return the expression on records_record, with `%%` for a literal per cent sign; not of one that `is_linked`."""
        if self.derive == "parents":
            return self._parents()
        if self.amounts:
            return self.amounts.sql(self._column(), column_of(self.amounts.unit_variable))
        return {
            "sex": "CASE WHEN r.sex IN ('F', 'M') THEN r.sex ELSE '_OU' END",
            "period": "s.period",
            "bands": self._bands(),
            "code": f"coalesce({self._column()}, '{self._unknown}')",
            "groups": self._groups(),
        }[self.derive]

    def code_of(self, value: str | float | None) -> str:
        """Return what `sql` makes of one value of the variable (of the age, for bands)."""
        if value is None:
            return self._unknown
        if self.amounts:
            return self.amounts.code_of(float(value))
        if self.derive == "bands":
            inside = (band.code for band in self.bands if band.first <= int(value) <= band.last)
            return next(inside, UNKNOWN)
        if self.derive == "parents":
            return codelists.load(self.codelist).by_code[str(value)].parent or str(value)
        if self.derive == "code" or value in self.keep:
            return str(value)
        return next((g.code for g in self.groups if value in g.codes), self._rest)

    def values(self) -> list[str | float | None]:
        """Return every value the variable can take (of amounts one of every band), not stated included."""
        if self.amounts:
            return [*self.amounts.values()]
        if self.derive == "bands":
            return [None, *range(OLDEST + 1)]
        return [None, *codelists.load(self.codelist).by_code]

    def items(self) -> tuple[Item, ...]:
        """Return the codes with labels, not stated among them; periods are added from the data."""
        labels = codelists.standard("labels")
        if self.derive == "sex":
            return tuple(Item(code, labels[f"sex.{code}"]) for code in SEXES)
        if self.derive == "period":
            return ()
        if self.derive == "residence":
            return tuple(Item(code, labels[f"residence.{code}"]) for code in RESIDENCE)
        parts: list[Band | Group] = [*self.bands, *self.groups]
        items = [Item(part.code, part.labels) for part in parts]
        if self.derive == "parents":
            items = [*_parents_in(codelists.load(self.codelist))]
        elif self.amounts:
            items = self.amounts.items()
        elif self.codelist:
            codes = codelists.load(self.codelist)
            own = codes.by_code if self.derive == "code" else self.keep
            items = [*(Item(code, codes.by_code[code].labels) for code in own), *items]
        if self._unknown not in {item.code for item in items}:
            items.append(Item(self._unknown, labels["not_stated"]))
        return tuple(items)

    @property
    def _unknown(self) -> str:
        """The code for what is not stated: the list's own where it has one."""
        if self.derive != "code":
            return UNKNOWN
        codes = codelists.load(self.codelist).codes
        return next((c.code for c in codes if c.code.endswith(UNKNOWN)), UNKNOWN)

    @property
    def _rest(self) -> str:
        return next((group.code for group in self.groups if group.rest), UNKNOWN)

    def _column(self) -> str:
        return column_of(self.variable)

    def _bands(self) -> str:
        tests = " ".join(
            f"WHEN r.age BETWEEN {band.first} AND {band.last} THEN {quoted([band.code])}"
            for band in self.bands
        )
        return f"CASE {tests} ELSE '{UNKNOWN}' END"

    def _parents(self) -> str:
        column, below = self._column(), dict[str, list[str]]()
        for code in codelists.load(self.codelist).codes:
            if code.parent:
                below.setdefault(code.parent, []).append(code.code)
        tests = " ".join(
            f"WHEN {column} IN ({quoted(codes)}) THEN {quoted([parent])}"
            for parent, codes in below.items()
        )
        return f"CASE WHEN {column} IS NULL THEN '{UNKNOWN}' {tests} ELSE {column} END"

    def _groups(self) -> str:
        column = self._column()
        as_is = f"WHEN {column} IN ({quoted(self.keep)}) THEN {column} " if self.keep else ""
        grouped = " ".join(
            f"WHEN {column} IN ({quoted(group.codes)}) THEN {quoted([group.code])}"
            for group in self.groups
            if group.codes
        )
        rest = quoted([self._rest])
        return f"CASE WHEN {column} IS NULL THEN '{UNKNOWN}' {as_is}{grouped} ELSE {rest} END"


def column_of(variable: str) -> str:
    """Return where a record has a variable: a column of its own, or one of its further variables; as text."""
    return f"r.{variable}" if variable in CORE else f"r.extras->>'{variable}'"


def _parents_in(codes: CodeList) -> Iterator[Item]:
    """Yield the parents of a list as their own list orders them, then the codes that have none."""
    used = {code.parent for code in codes.codes}
    above = codelists.load(codes.parents) if codes.parents else codes
    yield from (Item(code.code, code.labels) for code in above.codes if code.code in used)
    yield from (Item(code.code, code.labels) for code in codes.codes if not code.parent)


def members(group: Mapping[str, Any], codes: CodeList) -> tuple[str, ...]:
    """Return the codes of a group: those it names, its parents, and all that lie below these."""
    below = (code for parent in group.get("parents", ()) for code in codes.within(parent))
    belong = {*group.get("codes", ()), *below}
    return tuple(code for code in codes.by_code if code in belong)


def quoted(codes: Iterable[str]) -> str:
    """Return the codes as a list of SQL literals, with `%%` for a literal per cent sign."""
    return ", ".join("'" + str(code).replace("'", "''").replace("%", "%%") + "'" for code in codes)
