"""A table turned into rows and columns: totals, sub-totals, shares, change, shading, sorting; nothing is read here.

Sex stands inside every column: women, men, other or not stated, total. Whatever is shown is worked out from
the published figures of one table, so that it adds up.
"""

from bisect import bisect_left
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

from reports.published.figures import MISSING, Table, add_figures
from standards.sex import SHARE_FROM, Figures

Codes = tuple[
    str, ...
]  # of the dimensions of the rows, or of the columns; shorter for a (sub-)total
Numbers = tuple[int, int, int, int]  # women, men, other or not stated, total

COUNT, OF_ROW, OF_COLUMN, OF_WOMEN, CHANGE, GROWTH = (
    *("count", "row", "column", "women"),
    *("change", "growth"),
)
SEXES = ("F", "M", "_OU", "_T")
SHARE, COVERAGE = "FEMALE_SHARE", "SEX_COVERAGE"
# What stands in each column, by measure.
PARTS = {
    COUNT: (*SEXES, SHARE),
    OF_ROW: SEXES,
    OF_COLUMN: SEXES,
    OF_WOMEN: (SHARE, COVERAGE),
    CHANGE: SEXES,
    GROWTH: SEXES,
}
COMPARED = (CHANGE, GROWTH)  # measures that need the year before
ROUGH = 10  # a figure below so many bases may be off by more than a tenth
SHADES = 5
TOO_FEW, NOT_THERE, NO_CHANGE = "..", "…", "–"


@dataclass(frozen=True)
class Cell:
    """What is shown in one place: a number, or a sign where there is none.

    kind: count, share (in percent, one decimal) or change (with its sign). rough: plus or minus the base is more
    than a tenth of the figure, or a change is less than the base can make. shade: 0 (none) to SHADES.
    """

    value: float | None
    kind: str = COUNT
    sign: str = ""
    rough: bool = False
    shade: int = 0


@dataclass(frozen=True)
class Line:
    """A row: its codes (fewer than there are dimensions for a sub-total, none for the total), and its cells."""

    codes: Codes
    figures: tuple[Figures | None, ...]  # of each head; None: nothing was delivered
    cells: tuple[Cell, ...]  # the parts of each head


@dataclass(frozen=True)
class Pivot:
    """A table as rows and columns. heads: the codes of each column, () for the total of all.

    late: periods of which a delivery or a part is missing. The first line is the total of all.
    """

    table: Table
    rows: Codes
    cols: Codes
    measure: str
    heads: tuple[Codes, ...]
    lines: tuple[Line, ...]
    late: frozenset[str] = field(default_factory=frozenset)

    @property
    def parts(self) -> tuple[str, ...]:
        """Return what stands in each column."""
        return PARTS[self.measure]


@dataclass(frozen=True)
class _Sums:
    """Figures by the codes of a row or of a part of them, and the codes of a column or ()."""

    figures: dict[tuple[Codes, Codes], Figures]
    nothing: Figures
    gaps: frozenset[tuple[Codes, Codes]]

    def of(self, line: Codes, head: Codes) -> Figures | None:
        """Return the figures of a place; None where no delivery has come, nought where there was nobody."""
        if (line, head) in self.gaps:
            return None
        return self.figures.get((line, head), self.nothing)


def keys(cols: Sequence[Codes], measure: str) -> list[str]:
    """Return what lines can be sorted by, one for each column: F, or F.2025 below a head."""
    return [".".join((part, *head)) for head in cols for part in PARTS[measure]]


def heads_of(table: Table, cols: Codes) -> tuple[Codes, ...]:
    """Return the codes of the columns, in the order of the structure, the total last where there are several."""
    if not cols:
        return ((),)
    places = [table.by.index(name) for name in cols]
    known = [table.edition.structure.by_name[name].items for name in cols]
    order = [{item.code: k for k, item in enumerate(items)} for items in known]
    found = {tuple(row.codes[k] for k in places) for row in table.rows}
    heads = sorted(found, key=lambda head: [o[c] for o, c in zip(order, head, strict=True)])
    return (*heads, ()) if len(heads) != 1 else tuple(heads)


def turn(
    table: Table,
    rows: Codes,
    cols: Codes,
    measure: str = COUNT,
    *,
    before: Table | None = None,
    sort: str = "",
    shaded: bool = False,
) -> Pivot:
    """Return a table by `rows` and `cols` (in this order its dimensions) as rows and columns.

    before: for a measure of COMPARED, the same with the figures of the year before under the same codes; what it
    lacks cannot be compared. sort: one of `keys`, with a minus for the largest first; lines are sorted
    inside their sub-total. shaded: fifths of the figures, of each part by itself.
    """
    width, heads = len(rows), heads_of(table, cols)
    reader = _reader(table, before, width, measure)
    sums = reader.sums
    lines = dict.fromkeys(row.codes[:k] for row in table.rows for k in range(width + 1))
    lines.setdefault((), None)
    made = {
        line: Line(
            line,
            tuple(sums.of(line, head) for head in heads),
            tuple(cell for head in heads for cell in reader.cells(line, head)),
        )
        for line in lines
    }
    if shaded:
        made = _shaded(made, width, heads, len(PARTS[measure]))
    ordered = tuple(_ordered(made, (), _by(sort, keys(heads, measure))))
    late = frozenset(_late(table))
    return Pivot(table, rows, cols, measure, heads, ordered, late)


def _sums(table: Table, width: int) -> _Sums:
    """Add up the rows of a table for every line and sub-total, in every column and in all of them."""
    base = table.edition.structure.base
    counted: dict[tuple[Codes, Codes], list[int]] = {}
    filled: set[tuple[Codes, Codes]] = set()
    for row in table.rows:
        f = row.figures
        head = row.codes[width:]
        for line in (row.codes[:k] for k in range(width + 1)):
            for place in {(line, head), (line, ())}:
                so_far = counted.setdefault(place, [0, 0, 0])
                so_far[0] += f.f
                so_far[1] += f.m
                so_far[2] += f.o
                if not row.gap:
                    filled.add(place)
    figures = {
        place: Figures(so_far[0], so_far[1], so_far[2], base) for place, so_far in counted.items()
    }
    return _Sums(figures, add_figures((), base), frozenset(counted.keys() - filled))


def _late(table: Table) -> Iterator[str]:
    """Yield the periods among the rows of a table of which something is missing."""
    if table.time:
        place = table.by.index(table.time)
        yield from (row.codes[place] for row in table.rows if row.status == MISSING)


def _reader(table: Table, before: Table | None, width: int, measure: str) -> "_Reader":
    time = table.by.index(table.time) if table.time else None
    compared: frozenset[str] = frozenset()
    if before is not None and time is not None:
        compared = frozenset(row.codes[time] for row in before.rows)
    earlier = _sums(before, width) if before is not None else None
    return _Reader(measure, width, _sums(table, width), earlier, compared, time)


@dataclass(frozen=True)
class _Reader:
    """What makes the cells of a place. time: where its code stands in the codes of line and head, if it does."""

    measure: str
    width: int
    sums: _Sums
    earlier: _Sums | None
    compared: frozenset[str]
    time: int | None

    def cells(self, line: Codes, head: Codes) -> tuple[Cell, ...]:
        """Return the parts of a place."""
        figures = self.sums.of(line, head)
        if figures is None:
            return (Cell(None, sign=NOT_THERE),) * len(PARTS[self.measure])
        base = figures.base
        if self.measure == COUNT:
            counts = (Cell(n, COUNT, rough=_rough(n, base)) for n in numbers(figures))
            return (*counts, _share(figures.female_share, figures.f, base))
        if self.measure == OF_WOMEN:
            coverage = _share(figures.coverage, figures.total, base)
            return _share(figures.female_share, figures.f, base), coverage
        if self.measure in COMPARED:
            return self._change(figures, line, head)
        whole = numbers(
            (self.sums.of((), head) if self.measure == OF_COLUMN else self.sums.of(line, ()))
            or figures
        )
        if self.measure == OF_ROW:
            whole = (whole[3],) * 4
        return tuple(
            _share(100 * n / w if w >= SHARE_FROM else None, n, base)
            for n, w in zip(numbers(figures), whole, strict=True)
        )

    def _change(self, now: Figures, line: Codes, head: Codes) -> tuple[Cell, ...]:
        """Return the change since the year before; of several periods together there is none."""
        codes = (*line, *("",) * (self.width - len(line)), *head)
        when = codes[self.time] if self.time is not None and self.time < len(codes) else ""
        if self.earlier is None or when not in self.compared:
            return (Cell(None, sign=NOT_THERE if when else NO_CHANGE),) * len(SEXES)
        then = self.earlier.of(line, head) or self.earlier.nothing
        return _compared(now, then, as_share=self.measure == GROWTH)


def numbers(figures: Figures) -> Numbers:
    """Return women, men, other or not stated, total."""
    return figures.f, figures.m, figures.o, figures.total


def _rough(number: float, base: int) -> bool:
    return 0 < number < ROUGH * base


def _share(share: float | None, part: int, base: int) -> Cell:
    if share is None:
        return Cell(None, "share", TOO_FEW)
    return Cell(share, "share", rough=_rough(part, base))


def _compared(now: Figures, then: Figures, *, as_share: bool) -> tuple[Cell, ...]:
    """Return the change of each number: the count, or percent of the count before where that says something."""
    cells = []
    for after, before in zip(numbers(now), numbers(then), strict=True):
        rough = after != before and abs(after - before) < 2 * now.base
        if not as_share:
            cells.append(Cell(after - before, "change", rough=rough))
        elif before < SHARE_FROM:
            cells.append(Cell(None, "share", TOO_FEW))
        else:
            cells.append(Cell(100 * (after - before) / before, "growth", rough=rough))
    return tuple(cells)


def _shaded(
    lines: dict[Codes, Line], width: int, heads: Sequence[Codes], parts: int
) -> dict[Codes, Line]:
    """Return the lines with the fifth that each figure lies in; sub-totals and totals have none."""
    columns = [k for k in range(len(heads) * parts) if heads[k // parts] or len(heads) == 1]
    values: dict[int, list[float]] = {
        part: sorted(
            line.cells[k].value or 0
            for line in lines.values()
            for k in columns
            if len(line.codes) == width and k % parts == part and line.cells[k].value
        )
        for part in range(parts)
    }

    def shade(k: int, cell: Cell) -> Cell:
        if k not in columns or not cell.value:
            return cell
        known = values[k % parts]
        fifth = 1 + SHADES * bisect_left(known, cell.value) // len(known)
        return Cell(cell.value, cell.kind, cell.sign, cell.rough, fifth)

    return {
        codes: line
        if len(codes) < width
        else Line(codes, line.figures, tuple(shade(k, c) for k, c in enumerate(line.cells)))
        for codes, line in lines.items()
    }


Key = Callable[[Line], tuple[bool, float]]


def _by(sort: str, known: Sequence[str]) -> Key | None:
    """Return the key of a sorting; what has no number comes last."""
    if not sort:
        return None
    place, sign = known.index(sort.removeprefix("-")), -1 if sort.startswith("-") else 1

    def key(line: Line) -> tuple[bool, float]:
        value = line.cells[place].value
        return value is None, sign * (value or 0)

    return key


def _ordered(lines: dict[Codes, Line], at: Codes, key: Key | None) -> Iterator[Line]:
    """Yield the line of a sub-total, then those below it."""
    below: dict[Codes, list[Codes]] = {}
    for codes in lines:
        if codes:
            below.setdefault(codes[:-1], []).append(codes)

    def walk(codes: Codes) -> Iterator[Line]:
        yield lines[codes]
        children = below.get(codes, [])
        if key is not None:
            children = sorted(children, key=lambda child: key(lines[child]))
        for child in children:
            yield from walk(child)

    return walk(at)
