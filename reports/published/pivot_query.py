"""What a reader of the table builder asks for, read from its address: the address is the saved question.

    ?dataset=BCR&rows=PURPOSE&cols=YEAR&from=-24M&citizenship=TUR,UZB&measure=women&sort=-FEMALE_SHARE

Beside the parameters of every question (query.py) there are these. `rows`, `cols`: dimensions, divided by commas.
`measure`: pivot.PARTS. `sort`: pivot.keys, with a minus for the largest first. `heat=1`: shading.
`group`: groups.py.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

from django.http import QueryDict
from django.utils.translation import gettext as _

from reports.published import addresses, groups, pivot
from reports.published.editions import Edition
from reports.published.figures import MISSING, Table, periods_in
from reports.published.groups import Grouping
from reports.published.pivot import Pivot
from reports.published.query import MARKS, Options, Question, question_of
from reports.published.structure import ROLL_UPS, SEX, TIME, Structure, Unknown
from reports.published.tree import NotTogether
from standards.periods import FREQUENCIES, Period

NAMES = (
    *("dataset", "rows", "cols", "from", "to", "measure", "sort", "heat", "group"),
    *("release", "page", "lang"),
)
TIMES = (TIME, *ROLL_UPS)
DEEPEST = 5  # dimensions of the rows, and of the columns
MOST_COLUMNS = 125  # of a table on the screen
MOST_LINES = 20_000


class TooWide(Unknown):
    """A table has more columns than a page shows."""


@dataclass(frozen=True)
class PivotQuestion:
    """A question of the builder. tabulation: what it asks of the release; address: its parameters as they are read
    best, the release among them if cited."""

    tabulation: Question
    rows: tuple[str, ...]
    cols: tuple[str, ...]
    measure: str
    sort: str
    shaded: bool
    groupings: dict[str, Grouping]
    query: QueryDict

    @property
    def edition(self) -> Edition:
        return self.tabulation.edition

    @property
    def time(self) -> str:
        """Return the kind of period in the rows or columns, empty where there is none."""
        return next((name for name in (*self.rows, *self.cols) if name in TIMES), "")

    @cached_property
    def address(self) -> str:
        """Return the parameters, in the order in which they are read best."""
        return addresses.text_of(self.query)

    @cached_property
    def table(self) -> Table:
        """Return the figures line by line, a reader's groups in place of their codes."""
        return groups.grouped(self.tabulation.table(), self.groupings)

    def answer(self) -> Pivot:
        """Return the figures as rows and columns. Raises Unknown where they do not fit a page, and for `sort`."""
        table = self.table
        heads = pivot.heads_of(table, self.cols)
        columns = len(heads) * len(pivot.PARTS[self.measure])
        if columns > MOST_COLUMNS:
            raise TooWide(
                _(
                    "This table has %(columns)s columns, more than %(most)s. Choose fewer codes or "
                    "periods for the columns, or put them into the rows."
                )
                % {"columns": columns, "most": MOST_COLUMNS},
                "cols",
            )
        if len(table.rows) > MOST_LINES:
            raise Unknown(
                _("This table has more than %(most)s lines. Choose fewer codes, or take the file.")
                % {"most": MOST_LINES},
                "rows",
            )
        sort = self._sort(pivot.keys(heads, self.measure))
        before = self._year_before() if self.measure in pivot.COMPARED else None
        return pivot.turn(
            table, self.rows, self.cols, self.measure, before=before, sort=sort, shaded=self.shaded
        )

    def _sort(self, known: Sequence[str]) -> str:
        """Return what to sort by as one of the columns. Raises Unknown."""
        key = self.sort.removeprefix("-")
        if not key or key in known:
            return self.sort
        if key in pivot.PARTS[self.measure] and len(known) == len(pivot.PARTS[self.measure]):
            return f"{self.sort}.{known[0].partition('.')[2]}"  # the only column
        raise Unknown(
            _("There is no column “%(name)s” to sort by. Choose from: %(allowed)s.")
            % {"name": key[:60], "allowed": ", ".join(known[:40])},
            "sort",
        )

    def _year_before(self) -> Table:
        """Return the figures of a year before, under the codes of the periods that they are compared with.

        Of a year that is not over, its months are compared with the same months; where they are not told apart,
        it is not compared. Nor is a period of which a delivery is missing, then or now.
        """
        structure, time = self.edition.structure, self.time
        now = periods_in(structure, self.tabulation.where)
        pairs = {earlier(period, FREQUENCIES[structure.frequency].parts): period for period in now}
        late = {m.period for m in self.edition.missing if m.agency not in self.edition.absent}
        codes: dict[str, list[str]] = {}
        for then, period in pairs.items():
            codes.setdefault(structure.part_of(time, period), []).append(then)
        there = {
            code: inside
            for code, inside in codes.items()
            if {*inside} <= {*structure.periods} and not late & {*inside, *map(pairs.get, inside)}
        }
        try:
            return self._compared(there)
        except NotTogether:
            return self._compared({c: i for c, i in there.items() if self._whole(i)})

    def _whole(self, periods: Sequence[str]) -> bool:
        """Say whether these are all periods of a quarter or year."""
        structure, time = self.edition.structure, self.time
        code = structure.part_of(time, periods[0])
        inside = sum(structure.part_of(time, period) == code for period in structure.periods)
        return structure.whole(time, code) and len(periods) == inside

    def _compared(self, codes: dict[str, list[str]]) -> Table:
        """Return the figures of earlier periods, each under the code that it is compared with."""
        structure, time = self.edition.structure, self.time
        periods = [period for inside in codes.values() for period in inside]
        under = {structure.part_of(time, p): code for code, inside in codes.items() for p in inside}
        tabulation = replace(self.tabulation, where={**self.tabulation.where, TIME: periods})
        table = tabulation.table() if periods else replace(self.table, rows=[])
        place = table.by.index(time)
        rows = [
            replace(
                row, codes=(*row.codes[:place], under[row.codes[place]], *row.codes[place + 1 :])
            )
            for row in table.rows
            if row.codes[place] in under
        ]
        known = [replace(row, status="A") if row.status == MISSING else row for row in rows]
        return groups.grouped(replace(table, rows=known), self.groupings)


def read(query: QueryDict, edition: Edition) -> PivotQuestion:
    """Return what an address asks of a release; a table to begin with where it names neither rows nor columns.

    Raises Unknown; NotTogether where no table has the columns and conditions together.
    """
    structure = edition.structure
    rows, cols = sides_of(query, structure)
    options = Options(NAMES, rows=(*rows, *cols), several=("group",))
    question = question_of(query, edition, options)
    groupings = groups.groupings_of(query, structure)
    if lost := [name for name in groupings if name not in (*rows, *cols)]:
        raise Unknown(
            _(
                "“group” puts codes of %(name)s together, which is neither in the rows nor in the columns."
            )
            % {"name": lost[0]},
            "group",
        )
    measure = query.get("measure") or pivot.COUNT
    times = [name for name in (*rows, *cols) if name in TIMES]
    _require_measure(measure, times)
    if query.get("heat", "") not in ("", "1"):
        raise Unknown(_("“heat” is 1 or is not there."), "heat")
    readable = _readable(query, structure, rows, cols, groupings)
    sort = query.get("sort", "")
    return PivotQuestion(
        question, rows, cols, measure, sort, query.get("heat") == "1", groupings, readable
    )


def _require_measure(measure: str, times: Sequence[str]) -> None:
    if measure not in pivot.PARTS:
        raise Unknown(
            _("There is no measure “%(name)s”. Choose from: %(allowed)s.")
            % {"name": measure[:40], "allowed": ", ".join(pivot.PARTS)},
            "measure",
        )
    if measure in pivot.COMPARED and not times:
        raise Unknown(
            _(
                "A change on the year before needs years, quarters or months in the rows or columns."
            ),
            "measure",
        )


def sides_of(query: QueryDict, structure: Structure) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return the dimensions of the rows and of the columns. Raises Unknown."""
    if "rows" not in query and "cols" not in query:
        return beginning(structure)
    rows, cols = (_dimensions(query, side, structure) for side in ("rows", "cols"))
    if both := [name for name in rows if name in cols]:
        raise Unknown(
            _("“%(name)s” stands in rows and in columns; it has one place.") % {"name": both[0]},
            "cols",
        )
    if len([name for name in (*rows, *cols) if name in TIMES]) > 1:
        raise Unknown(
            _("Rows and columns have one kind of period: years, quarters or months."),
            "cols" if any(name in TIMES for name in cols) else "rows",
        )
    return rows, cols


def _dimensions(query: QueryDict, side: str, structure: Structure) -> tuple[str, ...]:
    named = [n.strip().upper() for value in query.getlist(side) for n in value.split(",")]
    names = [structure.time_name(name) for name in dict.fromkeys(named) if name]
    for name in names:
        if name == SEX:
            raise Unknown(_("Sex is in every answer, as columns; it needs no place."), side)
        if name not in structure.by_name:
            allowed = ", ".join(n for n in structure.by_name if n != SEX)
            raise Unknown(
                _("There is no dimension “%(name)s”. Choose from: %(allowed)s.")
                % {"name": name[:40], "allowed": allowed},
                side,
            )
    if len(names) > DEEPEST:
        raise Unknown(
            _("“%(name)s” takes %(most)s dimensions at most.") % {"name": side, "most": DEEPEST},
            side,
        )
    return tuple(names)


def beginning(structure: Structure) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return rows and columns to begin with: by years, so that every subject can be added yet."""
    times = [d.name for d in structure.roll_ups]
    return (), (times[-1] if times else TIME,)


def earlier(period: str, steps: int) -> str:
    """Return the period so many steps before one."""
    return str(Period.parse(period).next(-steps))


def _readable(
    query: QueryDict,
    structure: Structure,
    rows: Iterable[str],
    cols: Iterable[str],
    groupings: dict[str, Grouping],
) -> QueryDict:
    """Return the parameters of a question that was read, each said once."""
    result = QueryDict(mutable=True)
    for key in query:
        if MARKS.fullmatch(key) or key in ("page", "group") or not any(query.getlist(key)):
            continue
        if key in NAMES:
            result[key] = str(query[key])
        else:  # a dimension, in any case
            before = [str(result[key.lower()])] if key.lower() in result else []
            codes = ",".join([*before, *query.getlist(key)]).split(",")
            result[key.lower()] = ",".join(dict.fromkeys(code for code in codes if code))
    result["dataset"] = structure.dataset
    result["rows"], result["cols"] = ",".join(rows), ",".join(cols)
    result.setlist("group", [text for grouping in groupings.values() for text in grouping.texts])
    return addresses.in_order(result)
