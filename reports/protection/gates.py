"""Whether a family of tables may be published: the refusals of docs/disclosure.md, section "Gates"."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from reports.protection import risk
from reports.protection.cells import Cells, Integers, sums
from reports.protection.family import NOT_BROKEN_DOWN, Family, Table, answer, columns
from standards.languages import marked

LEAST_CHANGED = 50  # records of a year that changed before it is drawn a second time
VERSIONS = 2  # of a year: a third draw makes small counts certain
CERTAIN = 0.005  # of the records of a table: alone with what is known, and the rest is shown
ONE_RECORD, ONE_RECORD_IN_ALL = 0.20, 0.10  # of the shown cells of a table, of all tables
LARGE = 200_000  # cells from which headlines may be a base further off
BROKEN_DOWN = 0.10  # of the records of a table that are not broken down: advice only


@dataclass(frozen=True)
class Gate:
    """One condition: what it measured, what it allows. Private: never publish the measurements.

    A gate that asks for a least number stores both below zero, so that every gate is "at most". `table` is
    where it measured most. drawn: another draw or a longer search may change it. advice: it refuses nothing.
    """

    name: str
    measured: float
    allowed: float
    table: str = ""
    drawn: bool = False
    advice: bool = False

    @property
    def passed(self) -> bool:
        return self.advice or bool(self.measured <= self.allowed)

    def as_dict(self) -> dict[str, Any]:
        content = {k: v for k, v in asdict(self).items() if k not in ("drawn",)}
        return {**content, "passed": self.passed}


def judge(
    family: Family,
    tables: Sequence[Table],
    base: int,
    *,
    headlines: Sequence[Sequence[int]] = (),
    kept: Family | None = None,
) -> list[Gate]:
    """Measure the gates of one year: all but those of its versions (the plan of a release) and of its design (`risk.conflicts`).

    headlines: the columns of the tables that everybody reads first. kept: what had to stay.
    """
    whole = dict(kept or {})
    return [
        *_of_rounding(family, tables, base, whole),
        *_of_readers(family, tables),
        *_of_headlines(family, tables, base, headlines, revised=bool(whole)),
    ]


def _of_rounding(
    family: Family, tables: Sequence[Table], base: int, whole: Family
) -> Iterator[Gate]:
    """What the method promises of every figure; a figure that breaks it is a fault of the portal."""

    def count(name: str, most: int, measure: Callable[[str, Cells], Any]) -> Gate:
        return _worst(name, family, measure, most)

    yield count(marked("multiples of the base"), 0, lambda _t, c: (c.rounded % base != 0).sum())
    yield count(
        marked("nearer than the base"), base - 1, lambda _t, c: np.abs(c.errors).max(initial=0)
    )
    yield count(marked("no cell without records"), 0, lambda _t, c: (c.counts <= 0).sum())
    yield count(marked("tables add up to their parents"), 0, _gaps(family, tables))
    yield count(marked("figures that narrow one another"), 0, _narrowed(family, tables, base))
    name = marked("cells that stay and moved")
    yield _worst(name, whole, lambda table, c: risk.moved(c, family[table]), 0)


def _of_readers(family: Family, tables: Sequence[Table]) -> Iterator[Gate]:
    """What readers could find out of single records."""
    dims = columns(tables)
    name = marked("attribute certain, share of records")
    yield _worst(name, family, _certain(tables, dims), CERTAIN, drawn=True)
    yield from _of_one_record(family)
    name = marked("not broken down, share of records")
    yield _worst(name, family, _together(dims), BROKEN_DOWN, advice=True)


def _worst(
    name: str,
    family: Family,
    measure: Callable[[str, Cells], Any],
    allowed: float,
    *,
    drawn: bool = False,
    advice: bool = False,
) -> Gate:
    """Measure every table; return the gate with the largest measure and its table."""
    measured = [(float(measure(table, cells)), table) for table, cells in family.items()]
    most, table = max(measured, key=lambda pair: pair[0], default=(0.0, ""))
    return Gate(name, most, allowed, table, drawn, advice)


def _gaps(family: Family, tables: Sequence[Table]) -> Callable[[str, Cells], int]:
    parents = {t.name: t.parent for t in tables}

    def gap(name: str, cells: Cells) -> int:
        """Return the largest difference between a parent's cell and the sum of its children."""
        parent = parents[name]
        if parent is None:
            return 0
        place = risk.parent_places(family, tables, name)
        above = family[parent]
        if (place < 0).any():
            return int(cells.rounded.sum())
        parts = [
            sums(place, len(above.counts), own) - of_parent
            for own, of_parent in ((cells.rounded, above.rounded), (cells.counts, above.counts))
        ]
        return int(max(np.abs(part).max(initial=0) for part in parts))

    return gap


def _narrowed(family: Family, tables: Sequence[Table], base: int) -> Callable[[str, Cells], int]:
    """Count the cells whose bounds from all tables together are narrower than their own."""
    bounds = risk.bounds(family, tables, base)

    def narrowed(name: str, cells: Cells) -> int:
        low, high = bounds[name]
        own_low, own_high = np.maximum(cells.rounded - base + 1, 0), cells.rounded + base - 1
        return int(((low != own_low) | (high != own_high)).sum())

    return narrowed


def _certain(
    tables: Sequence[Table], dims: Mapping[str, tuple[int, ...]]
) -> Callable[[str, Cells], float]:
    added = {t.name: len(t.adds) for t in tables}

    def certain(name: str, cells: Cells) -> float:
        """Return the largest share of records whose added columns, or one other column, are read off."""
        width = len(dims[name])
        own = range(width - added[name], width)
        hidden = [tuple(own), *((c,) for c in range(width) if c not in own)]
        found = [risk.read_off(cells, chosen) for chosen in hidden if len(chosen) < width]
        return max((read.unique * read.certain for read in found), default=0.0)

    return certain


def _of_one_record(family: Family) -> Iterator[Gate]:
    shares = {}
    for name, cells in family.items():
        shown = cells.rounded > 0
        shares[name] = (int(((cells.counts == 1) & shown).sum()), max(int(shown.sum()), 1))
    name = marked("cells that are one record, share of a table")
    yield _worst(
        name, family, lambda table, _c: shares[table][0] / shares[table][1], ONE_RECORD, drawn=True
    )
    ones, shown_cells = (sum(column) for column in zip(*shares.values(), strict=True))
    name = marked("cells that are one record, share of all tables")
    yield Gate(name, ones / max(shown_cells, 1), ONE_RECORD_IN_ALL, drawn=True)


def _of_headlines(
    family: Family,
    tables: Sequence[Table],
    base: int,
    headlines: Sequence[Sequence[int]],
    *,
    revised: bool,
) -> Iterator[Gate]:
    """How far the tables that everybody reads first are from the truth."""
    cells = sum(len(table.counts) for table in family.values())
    more = 1 if revised or cells > LARGE else 0
    errors = [np.abs(answer(family, tables, wanted).errors) for wanted in headlines]
    every: Integers = np.concatenate([np.zeros(0, np.int64), *errors])
    most = float(every.max(initial=0))
    usual = max((float(np.quantile(e, 0.95)) for e in errors if len(e)), default=0.0)
    yield Gate(marked("headlines, 95 of 100"), usual, (2 + more) * base, drawn=True)
    yield Gate(marked("headlines, largest"), most, (4 + 2 * more) * base, drawn=True)


def _together(dims: Mapping[str, tuple[int, ...]]) -> Callable[[str, Cells], float]:
    def together(_name: str, cells: Cells) -> float:
        """Return the share of a table's records whose cells are not broken down."""
        not_broken = (cells.codes == NOT_BROKEN_DOWN).any(1)
        return float(cells.counts[not_broken].sum() / max(int(cells.counts.sum()), 1))

    return together
