"""What a reader of the table builder asks for, read from its address: the address is the saved question.

    ?dataset=BCR&rows=PURPOSE&cols=YEAR&from=-24M&citizenship=TUR,UZB&measure=women&sort=-FEMALE_SHARE

Beside the parameters of every question (query.py) there are these. `rows`, `cols`: dimensions, divided by commas.
`measure`: pivot.PARTS. `sort`: pivot.keys, with a minus for the largest first. `heat=1`: shading.
`group`: groups.py. A form sends its choices under other names (`at-purpose=rows`), which `settled` turns into
an address that people can read.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from urllib.parse import quote_plus

from django.http import QueryDict
from django.utils.translation import gettext as _

from reports.published import groups, pivot
from reports.published.editions import Edition
from reports.published.figures import MISSING, Table, periods_in
from reports.published.groups import Grouping
from reports.published.pivot import Pivot
from reports.published.query import MARKS, Options, Question, question_of
from reports.published.structure import ROLL_UPS, SEX, TIME, Structure, Unknown
from reports.published.tree import NotTogether, against
from standards.periods import FREQUENCIES, Period

NAMES = (
    *("dataset", "rows", "cols", "from", "to", "measure", "sort", "heat", "group"),
    *("release", "page", "lang"),
)
TIMES = (TIME, *ROLL_UPS)
DEEPEST = 5  # dimensions of the rows, and of the columns
MOST_COLUMNS = 125  # of a table on the screen
MOST_LINES = 20_000
# Of a form: `at-DIMENSION` says where it stands, `every` which kind of period, `make` and `called` a new group.
AT, EVERY, MAKE, CALLED = "at-", "every", "make", "called"
PERIOD = "period"  # stands for whichever kind of period is chosen


@dataclass(frozen=True)
class Asked:
    """A question of the builder. `address`: its parameters as they are read best, the release among them if cited."""

    question: Question
    rows: tuple[str, ...]
    cols: tuple[str, ...]
    measure: str
    sort: str
    shaded: bool
    groupings: dict[str, Grouping]
    query: QueryDict

    @property
    def edition(self) -> Edition:
        return self.question.edition

    @property
    def time(self) -> str:
        """Return the kind of period in the rows or columns, empty where there is none."""
        return next((name for name in (*self.rows, *self.cols) if name in TIMES), "")

    @cached_property
    def address(self) -> str:
        """Return the parameters, in the order in which they are read best."""
        return text_of(self.query)

    @cached_property
    def table(self) -> Table:
        """Return the figures line by line, a reader's groups in place of their codes."""
        return groups.grouped(self.question.table(), self.groupings)

    def answer(self) -> Pivot:
        """Return the figures as rows and columns. Raises Unknown where they do not fit a page, and for `sort`."""
        table = self.table
        heads = pivot.heads_of(table, self.cols)
        columns = len(heads) * len(pivot.PARTS[self.measure])
        if columns > MOST_COLUMNS:
            raise Unknown(
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
        now = periods_in(structure, self.question.where)
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
        question = replace(self.question, where={**self.question.where, TIME: periods})
        table = question.table() if periods else replace(self.table, rows=[])
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


def read(query: QueryDict, edition: Edition) -> Asked:
    """Return what an address asks of a release; a table to begin with where it names neither rows nor columns.

    Raises Unknown; NotTogether where no table has the columns and conditions together.
    """
    structure = edition.structure
    rows, cols = _sides(query, structure)
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
    return Asked(question, rows, cols, measure, sort, query.get("heat") == "1", groupings, readable)


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


def _sides(query: QueryDict, structure: Structure) -> tuple[tuple[str, ...], tuple[str, ...]]:
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
    """Return rows and columns to begin with: the first subject that goes with years, by years."""
    times = [d.name for d in structure.roll_ups]
    time = times[-1] if times else TIME
    limited = structure.headline.where if structure.headline else {}
    goes = against(structure, [time, *limited])
    wanted = (*structure.charts, *structure.names)
    subjects = [name for name in wanted if name not in TIMES and not goes.get(name, [name])]
    return tuple(subjects[:1]), (time,)


def earlier(period: str, steps: int) -> str:
    """Return the period so many steps before one."""
    return str(Period.parse(period).next(-steps))


def text_of(query: QueryDict) -> str:
    """Return parameters as an address that is read easily: commas and colons as they are, empty rows too."""
    return "&".join(
        f"{quote_plus(key)}={quote_plus(value, safe=':,=')}"
        for key, values in query.lists()
        for value in values
    )


def changed(query: QueryDict, **values: str | Sequence[str] | None) -> str:
    """Return the address with other values; None takes a parameter away. The page is the first again."""
    other = query.copy()
    for name in ("page", *(name for name, value in values.items() if value is None)):
        other.pop(name, None)
    for name, value in values.items():
        if value is not None:
            other.setlist(name, [value] if isinstance(value, str) else list(value))
    return text_of(other)


def part_of(query: QueryDict, structure: Structure, names: Sequence[str]) -> str:
    """Return the address of a question with these columns only: what can be had of one that cannot be answered."""
    result = query.copy()
    rows, cols = _sides(query, structure)
    result["rows"] = ",".join(name for name in rows if name in names)
    result["cols"] = ",".join(name for name in cols if name in names)
    for key in query:
        name = structure.time_name(key.upper())
        if name in structure.by_name and name not in names:
            del result[key]
    if not any(name in TIMES for name in names):
        for key in ("from", "to"):
            result.pop(key, None)
    kept = [t for t in query.getlist("group") if t.partition(":")[0].upper() in (*rows, *cols)]
    result.setlist("group", [t for t in kept if t.partition(":")[0].upper() in names])
    result.pop("sort", None)
    return text_of(in_order(result))


def of_form(query: QueryDict) -> bool:
    """Say whether parameters come from the form of the builder, so that there is a better address."""
    return any(key.startswith(AT) or key in (EVERY, MAKE, CALLED) for key in query)


def settled(query: QueryDict, structure: Structure) -> QueryDict:
    """Return what a form sent as an address that can be read. Raises Unknown for what no form sends."""
    rows, cols = _placed(query, structure)
    result = QueryDict(mutable=True)
    texts = [t for t in query.getlist("group") if t.partition(":")[0].upper() in (*rows, *cols)]
    made = query.get(MAKE, "").upper()
    if made:
        codes = [c for v in query.getlist(made.lower()) for c in v.split(",") if c]
        texts.append(groups.text_of(made, query.get(CALLED, ""), codes))
    for key in query:
        if key.startswith(AT) or key in (EVERY, MAKE, CALLED, "rows", "cols", "group"):
            continue
        values = [value for value in query.getlist(key) if value]
        if values and key != made.lower():
            result[key] = ",".join(values)
    if "." in result.get("sort", "") or result.get("measure", pivot.COUNT) != pivot.COUNT:
        result.pop("sort", None)  # of a column that may be gone
    result["rows"], result["cols"] = ",".join(rows), ",".join(cols)
    result.setlist("group", texts)
    return in_order(result)


def _placed(query: QueryDict, structure: Structure) -> tuple[list[str], list[str]]:
    """Return where a form puts the dimensions: those that stay keep their order, further ones follow."""
    sides: dict[str, list[str]] = {}
    every = query.get(EVERY, "").upper()
    places = {}
    for key in query:
        if key.startswith(AT):
            name = key.removeprefix(AT)
            name = every if name == PERIOD else name.upper()
            if name and name not in structure.by_name:
                allowed = ", ".join(n for n in structure.by_name if n != SEX)
                raise Unknown(
                    _("There is no dimension “%(name)s”. Choose from: %(allowed)s.")
                    % {"name": name[:40], "allowed": allowed},
                    key[:40],
                )
            places[name] = query.get(key)
    for side in ("rows", "cols"):
        before = [n for value in query.getlist(side) for n in value.upper().split(",") if n]
        here = [name for name in before if places.get(name, side) == side]
        if every and every not in here and any(name in TIMES for name in here):
            here = [every if name in TIMES else name for name in here]
        here = [n for n in here if not (n in TIMES and every and places.get(every) != side)]
        new = [name for name, place in places.items() if place == side and name not in here]
        sides[side] = list(dict.fromkeys([*here, *new]))
    return sides["rows"], sides["cols"]


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
    return in_order(result)


def in_order(query: QueryDict) -> QueryDict:
    """Return parameters in the order in which they are read best: what, where, of which, how."""
    first, last = ("dataset", "rows", "cols", "group"), ("from", "to", "measure", "sort", "heat")
    keys = [k for k in query if k not in (*first, *last, "release", "lang")]
    result = QueryDict(mutable=True)
    for key in (*first, *keys, *last, "release", "lang"):
        values = query.getlist(key)
        if any(values) or key == "rows":
            result.setlist(key, values or [""])
    return result
