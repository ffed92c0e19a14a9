"""The family of tables that a dataset is published in (YAML key `family`): a core, and tables that refine an earlier one.

What can be asked is what lies in one table; so where a column stands decides what it can be crossed with.
Method and reasons: docs/disclosure.md.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from reports.published.structure import ROLL_UPS, SEX, TIME
from standards.definitions import Problem, unknown
from standards.periods import FREQUENCIES

LEAST_BASES = 10  # a figure below so many bases is not broken down


@dataclass(frozen=True)
class FamilyTable:
    """A node of the tree: `adds` are the columns by which it refines the table `of` (the core: none).

    least: cells of `of` that are published below it are not broken down here. unit: the finest column of
    time that the table has; it is published when such a period is closed.
    """

    name: str
    of: str
    adds: tuple[str, ...]
    least: int
    columns: tuple[str, ...]
    unit: str

    @property
    def tells_time(self) -> bool:
        """Say whether the table adds periods, and nothing else."""
        return bool(TIMES & {*self.adds}) and bool(self.of)


@dataclass(frozen=True)
class Family:
    """The tables of a dataset, the core first, parents before children."""

    tables: tuple[FamilyTable, ...]
    headlines: tuple[tuple[str, ...], ...] = ()

    @classmethod
    def from_content(
        cls, tables: Sequence[Mapping[str, Any]], headlines: Sequence[Sequence[str]], base: int
    ) -> "Family":
        """Build the family in which `problems` finds none."""
        family: dict[str, FamilyTable] = {}
        for content in tables:
            adds, above = tuple(content["adds"]), family.get(content.get("of", ""))
            columns = (*(above.columns if above else ()), *adds)
            finest = next(name for name in (TIME, *ROLL_UPS) if name in columns)
            least = 0 if above is None or TIMES & {*adds} else LEAST_BASES * base
            family[content["name"]] = FamilyTable(
                content["name"],
                above.name if above else "",
                adds,
                content.get("least", least),
                columns,
                finest,
            )
        return cls(tuple(family.values()), tuple(map(tuple, headlines)))

    @cached_property
    def by_name(self) -> dict[str, FamilyTable]:
        return {table.name: table for table in self.tables}

    @cached_property
    def columns(self) -> tuple[str, ...]:
        """Return all columns, each once: those of the core first."""
        return tuple(name for table in self.tables for name in table.adds)

    @property
    def between(self) -> str:
        """Return the column of time between the year and the period (QUARTER), empty where there is none."""
        return next((t.unit for t in self.tables if t.tells_time and TIME not in t.adds), "")

    def holding(self, wanted: Sequence[str]) -> FamilyTable | None:
        """Return the first table that has all these columns; the core comes first."""
        return next((t for t in self.tables if {*wanted} <= {*t.columns}), None)


TIMES = frozenset({TIME, *ROLL_UPS})


def problems(
    tables: Sequence[Mapping[str, Any]],
    levels: Mapping[str, str],
    names: Sequence[str],
    frequency: str,
    linked: str = "",
) -> Iterator[Problem]:
    """Yield what no schema can say of a family.

    levels: {coarse dimension: the finer one that implies it}; names: the dimensions of the dataset; linked: the
    one that is known only long after the records.
    """
    longest, allowed = longest_time(frequency), [*names, *roll_ups(frequency)]
    lines: dict[str, tuple[str, ...]] = {}
    owner: dict[str, str] = {}
    for k, table in enumerate(tables):
        path = ("family", table["name"])
        yield from unknown(table["adds"], allowed, "dimension", (*path, "adds"))
        if table["name"] in lines:
            yield Problem(path, "another table has this name")
        if bool(k) != ("of" in table):
            yield Problem(path, "the first table is the core; every other one says of which it is")
        yield from unknown(
            [table["of"]] if "of" in table else [], lines, "table above", (*path, "of")
        )
        for name in table["adds"]:
            if owner.setdefault(name, table["name"]) != table["name"]:
                yield Problem((*path, "adds"), f"{name} is added by {owner[name]} already")
        lines[table["name"]] = (*lines.get(table.get("of", ""), ()), *table["adds"])
        yield from _of_time(path, table, longest, is_core=not k)
    for missing in (name for name in (*names, longest, SEX) if name not in owner):
        yield Problem(("family",), f"no table adds {missing}")
    yield from _of_levels(lines, owner, levels)
    yield from _of_linked(lines, owner, linked)


def _of_time(
    path: tuple[str, ...], table: Mapping[str, Any], longest: str, *, is_core: bool
) -> Iterator[Problem]:
    times = [name for name in table["adds"] if name in TIMES]
    if is_core:
        for name in (longest, SEX):
            if name not in table["adds"]:
                yield Problem((*path, "adds"), f"the core has {name}")
        if times not in ([], [longest]):
            yield Problem((*path, "adds"), f"of time, the core has {longest} only")
    elif times and len(times) < len(table["adds"]):
        yield Problem((*path, "adds"), f"a table that adds {times[0]} adds nothing else")
    elif times and table.get("least", 0):
        yield Problem((*path, "least"), "periods are always shown: least is 0")


def _of_levels(
    lines: Mapping[str, tuple[str, ...]], owner: Mapping[str, str], levels: Mapping[str, str]
) -> Iterator[Problem]:
    """Levels of one classification lie on one line, coarse before fine; time too."""
    ordered = [("QUARTER", TIME), *levels.items()]
    for coarse, fine in ordered:
        if coarse not in owner or fine not in owner:
            continue
        line = lines[owner[fine]]
        if coarse not in line or line.index(coarse) > line.index(fine):
            text = f"{coarse} decides nothing that {fine} does not: put it into the same table before it, or above"
            yield Problem(("family", owner[coarse], "adds"), text)
    between = [n for n in owner if n in ROLL_UPS]
    if TIME in owner and len(between) > 2:
        yield Problem(("family",), "one period at most stands between the year and the period")


def _of_linked(
    lines: Mapping[str, tuple[str, ...]], owner: Mapping[str, str], linked: str
) -> Iterator[Problem]:
    """What months that are out said of it would have to stay, and is known a year later only."""
    if linked not in owner:
        return
    name = owner[linked]
    if within := sorted({*lines[name]} & {TIME, "QUARTER"}):
        text = f"{linked} is known long after {within[0]} is out: put it where only whole years are told"
        yield Problem(("family", name, "adds"), text)
    if name == next(iter(lines)):
        yield Problem(("family", name, "adds"), f"{linked} stands below the core")


def roll_ups(frequency: str) -> list[str]:
    """Return the longer periods of a frequency, shortest first: QUARTER and YEAR of months."""
    cut = FREQUENCIES[frequency]
    if cut.begins != 1:
        return []
    return [
        name
        for name, (longer, _label) in ROLL_UPS.items()
        if FREQUENCIES[longer].months > cut.months
    ]


def longest_time(frequency: str) -> str:
    """Return the column of time of the core: the year, or the period where it is as long."""
    return roll_ups(frequency)[-1] if roll_ups(frequency) else TIME
