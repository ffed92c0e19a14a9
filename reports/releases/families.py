"""Rounding a year of a dataset: which cells are still open, what stays, which draw passes the gates."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace

import numpy as np

from reports.protection.cells import Cells, Integers, digest
from reports.protection.family import NOT_BROKEN_DOWN, Family, round_family
from reports.protection.gates import Gate, judge
from reports.published.structure import TIME
from reports.releases.numbering import Numbering
from reports.releases.years import Step

# (sweeps, draw): more of either only where tables are too far off (docs/disclosure.md).
TRIES = ((40, 0), (150, 0), *((150, draw) for draw in range(1, 8)))
Seeds = Callable[[Step, bytes], bytes]  # of a step and the digest of the exact cells


@dataclass(frozen=True)
class Exact:
    """The exact cells of a year: codes (n, columns of the numbering), counts (n,)."""

    codes: Integers
    counts: Integers

    def until(self, numbering: Numbering, period: str) -> "Exact":
        """Return the cells of the periods up to this one."""
        if TIME not in numbering.names:
            return self
        periods = self.codes[:, numbering.names.index(TIME)]
        own = periods <= numbering.structure.periods.index(period)
        return Exact(self.codes[own], self.counts[own])


@dataclass(frozen=True)
class Stand:
    """How far a year has come: its tables, the last period in them, and whether nothing can be added to it."""

    family: Family
    until: str
    is_over: bool = False


@dataclass(frozen=True)
class Rounded:
    """The tables of a year, the step that made them, and what the gates measured."""

    stand: Stand
    step: Step
    gates: list[Gate]

    @property
    def passed(self) -> bool:
        return all(gate.passed for gate in self.gates)

    @property
    def may_change(self) -> bool:
        """Say whether another draw may pass the gates that failed."""
        return all(gate.drawn for gate in self.gates if not gate.passed)


def round_step(
    numbering: Numbering,
    exact: Exact,
    step: Step,
    seeds: Seeds,
    *,
    is_over: bool,
    before: Stand | None = None,
) -> Rounded:
    """Round a year up to the period of the step; what is out (`before`) stays. The first draw that passes the
    gates is taken; a step that names its draw is repeated. Raises ValueError where `before` is of other cells."""
    exact = exact.until(numbering, step.until)
    codes = _with_open_cells(numbering, exact.codes, step.until, is_over=is_over)
    kept = _kept(numbering, before, step.until) if before else {}
    base = numbering.dataset.base
    content, contents = _contents(numbering, codes, exact.counts)

    def attempt(tried: Step) -> Rounded:
        family = round_family(
            codes,
            exact.counts,
            numbering.tables,
            base,
            seeds(tried, content),
            kept,
            tried.sweeps,
            contents,
        )
        gates = judge(family, numbering.tables, base, headlines=numbering.headlines, kept=kept)
        return Rounded(Stand(family, step.until, is_over), tried, gates)

    tries = [replace(step, sweeps=sweeps, draw=draw) for sweeps, draw in TRIES]
    for tried in [step] if step.sweeps else tries:
        rounded = attempt(tried)
        if rounded.passed or not rounded.may_change:
            break
    return rounded


def _contents(
    numbering: Numbering, codes: Integers, counts: Integers
) -> tuple[bytes, dict[str, bytes]]:
    """Return the digest of what the records of a year tell by themselves, and of what a table has from others besides.

    Crossings of another year tell whether somebody moved in this one: they draw that table anew, and no other.
    """
    linked = numbering.dataset.residence
    if not linked:
        return digest(codes, counts), {}
    table = next(t for t in numbering.dataset.family.tables if linked in t.adds)
    columns = [numbering.names.index(n) for n in table.columns if n != numbering.longest]
    recorded = [k for k, name in enumerate(numbering.names) if name != linked]
    return digest(codes[:, recorded], counts), {table.name: digest(codes[:, columns], counts)}


def _with_open_cells(
    numbering: Numbering, codes: Integers, until: str, *, is_over: bool
) -> Integers:
    """Return the codes with NOT_BROKEN_DOWN where a table must wait for the end of the quarter or the year."""
    family, codes = numbering.dataset.family, codes.copy()
    closed = _closed(numbering, until, is_over=is_over)
    for table, numbered in zip(family.tables, numbering.tables, strict=True):
        if table.unit == TIME or table.tells_time or not table.of:
            continue
        if table.unit == family.between:
            waiting = ~np.isin(codes[:, numbering.names.index(table.unit)], closed)
        else:
            waiting = np.full(len(codes), not is_over)
        codes[np.ix_(waiting, np.array(numbered.adds))] = NOT_BROKEN_DOWN
    return codes


def _kept(numbering: Numbering, before: Stand, until: str) -> dict[str, Cells]:
    """Return the cells that stay: of all periods, of closed quarters, and the sums of earlier quarters."""
    family = numbering.dataset.family
    closed = _closed(numbering, before.until, is_over=before.is_over)
    earlier = _quarters(numbering, before=until)
    kept = {}
    for table in family.tables:
        cells = before.family[table.name]
        if table.unit == TIME:
            kept[table.name] = cells
        elif table.unit == family.between:
            column = [n for n in table.columns if n != numbering.longest].index(family.between)
            stays = np.isin(cells.codes[:, column], earlier if table.tells_time else closed)
            kept[table.name] = Cells(*(part[stays] for part in cells))
    return kept


def _closed(numbering: Numbering, until: str, *, is_over: bool) -> list[int]:
    """Return the numbers of the quarters to which nothing can be added."""
    between, structure = numbering.dataset.family.between, numbering.structure
    if not between:
        return []
    items = structure.by_name[between].items
    if is_over:
        return list(range(len(items)))
    quarter = structure.part_of(between, until)
    is_last = structure.part_of(between, structure.next_period(until)) != quarter
    own = [k for k, item in enumerate(items) if item.code == quarter] if is_last else []
    return [*_quarters(numbering, before=until), *own]


def _quarters(numbering: Numbering, *, before: str) -> list[int]:
    """Return the numbers of the quarters before that of a period."""
    between, structure = numbering.dataset.family.between, numbering.structure
    if not between:
        return []
    quarter = structure.part_of(between, before)
    return [k for k, item in enumerate(structure.by_name[between].items) if item.code < quarter]


def steps_of(numbering: Numbering, periods: Iterable[str], release: int) -> Iterator[Step]:
    """Yield the steps in which new periods are added: one for each quarter, so that only one is open at a time."""
    between, structure = numbering.dataset.family.between, numbering.structure
    last: dict[str, str] = {}
    for period in sorted(periods):
        last[structure.part_of(between, period) if between else ""] = period
    for until in last.values():
        yield Step(release, until)
