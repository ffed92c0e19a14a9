"""The gender framework matrix: what the records of each agency say by sex, from released figures."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date

from django.utils.translation import gettext as _

from reports.designs.datasets import Dataset, datasets
from reports.designs.frameworks import GOALS, OBJECTIVES, MatrixDesign, MatrixRow, sets
from reports.designs.indicators import indicators
from reports.indicators import words
from reports.indicators.series import of_latest, usual_time, work_out
from reports.published import figures
from reports.published.editions import Edition, current_editions
from reports.published.figures import NORMAL, Row
from reports.published.query import with_headline
from reports.published.structure import TIME
from standards import numbers
from standards.languages import marked
from standards.periods import Period, period_in_text
from standards.sex import Figures
from standards.translation import active_language, in_language

OLD = 18  # months after its end, a period is old
# State: its sign, its words, and how it looks.
STATES = {
    "released": ("●", marked("by sex, released"), "good"),
    "weak": ("◐", marked("by sex, weak"), "warn"),
    "poor": ("◔", marked("sex stated below 90%"), "warn"),
    "without_sex": ("○", marked("without sex"), "bad"),
    "missing": ("✕", marked("not collected, should be"), "bad"),
    "waiting": ("…", marked("collected, nothing released yet"), "muted"),
    "none": ("–", marked("not applicable"), "muted"),
}
ANSWERED = ("released", "weak", "poor")  # states with a released figure by sex
GAPS = ("without_sex", "missing")


@dataclass(frozen=True)
class Cell:
    """What the records of one agency say: a word of STATES, and why in words."""

    agency: str
    agency_name: str
    state: str
    why: str

    @property
    def symbol(self) -> str:
        return STATES[self.state][0]

    @property
    def label(self) -> str:
        return _(STATES[self.state][1])

    @property
    def look(self) -> str:
        return STATES[self.state][2]


@dataclass(frozen=True)
class Told:
    """Figures of a period, and whether they are final."""

    period: str
    figures: Figures
    is_final: bool = False


@dataclass(frozen=True)
class Line:
    """A row of the matrix: its newest whole period, the first one, and the state of every agency."""

    row: MatrixRow
    name: str
    cells: list[Cell]
    edition: Edition | None = None
    latest: Told | None = None
    baseline: Told | None = None
    shares: tuple[float | None, ...] = ()
    value: str = ""  # of its indicator, newest, in words

    @property
    def gaps(self) -> list[Cell]:
        return [cell for cell in self.cells if cell.state in GAPS]

    @property
    def is_answered(self) -> bool:
        return any(cell.state in ANSWERED for cell in self.cells)


@dataclass(frozen=True)
class Objective:
    """An objective of the Global Compact with its rows, which may be none."""

    code: str
    name: str
    feed: str
    why: str
    lines: list[Line]


def objectives(design: MatrixDesign, today: date) -> list[Objective]:
    """Return all objectives in order, each with its rows. today: by which periods are old."""
    released = {edition.dataset: edition for edition in current_editions()}
    known = datasets()
    lines = [_line(row, design, released, known, today) for row in design.rows]
    return [
        Objective(
            entry.code,
            in_language(entry.name),
            entry.feed,
            in_language(entry.why),
            [line for line in lines if line.row.objective == entry.code],
        )
        for entry in sets()[OBJECTIVES].entries
    ]


def goals(row: MatrixRow) -> list[tuple[str, str]]:
    """Return code and name of the goals that a row serves."""
    known = sets()[GOALS].by_code
    return [(code, in_language(known[code].name)) for code in row.goals]


def _line(
    row: MatrixRow,
    design: MatrixDesign,
    released: Mapping[str, Edition],
    known: Mapping[str, Dataset],
    today: date,
) -> Line:
    edition = released.get(row.dataset)
    dataset = known.get(row.dataset)
    sources = edition.structure.sources if edition else dataset.sources if dataset else ()
    time, rows = _rows(edition) if edition else ("", [])
    whole = [one for one in rows if one.status == NORMAL and one.figures.total] or [
        one for one in rows if one.figures.total
    ]
    cells = [
        _cell(
            row, agency, in_language(names), sources, edition, whole[-1] if whole else None, today
        )
        for agency, names in design.agencies.items()
    ]
    if edition is None or not whole:
        return Line(row, in_language(row.name), cells, edition)
    return Line(
        row,
        in_language(row.name),
        cells,
        edition,
        latest=_told(edition, time, whole[-1]),
        baseline=_told(edition, time, whole[0]),
        shares=tuple(one.figures.female_share for one in rows),
        value=_value(row, edition),
    )


def _value(row: MatrixRow, edition: Edition) -> str:
    """Return the newest value of the indicator of a row in words; empty where it has none."""
    if not row.indicator:
        return ""
    one = indicators()[row.indicator]
    design = one.by_name[row.series]
    time, latest = usual_time(edition.structure, design), of_latest(one, design, edition)
    return words.brief(work_out(one, design, edition, time), latest) if time and latest else ""


def _rows(edition: Edition) -> tuple[str, list[Row]]:
    """Return the headline by year where at least one is whole, else by the next shorter period, and its column."""
    structure = edition.structure
    times = [*(longer.name for longer in reversed(structure.roll_ups)), TIME]
    where = with_headline(structure, {})
    for time in times:
        rows = figures.tabulate(edition, [time], where).rows
        if any(row.status == NORMAL and row.figures.total for row in rows) or time == TIME:
            return time, rows
    return TIME, []


def _told(edition: Edition, time: str, row: Row) -> Told:
    structure = edition.structure
    final = {year.code for year in structure.years if year.is_final}
    return Told(row.codes[0], row.figures, is_final=row.codes[0][:4] in final)


def _cell(
    row: MatrixRow,
    agency: str,
    name: str,
    sources: Collection[str],
    edition: Edition | None,
    latest: Row | None,
    today: date,
) -> Cell:
    state, why = "none", ""
    if agency in row.declared:
        said = row.declared[agency]
        state = said.state
        why = _("It needs the instrument %(name)s.") % {"name": said.instrument}
    elif agency in sources:
        state, why = _of_source(agency, edition, latest, today)
    return Cell(agency, name, state, why)


def _of_source(
    agency: str, edition: Edition | None, latest: Row | None, today: date
) -> tuple[str, str]:
    """Return the state of an agency whose records are in a dataset, and the reason."""
    if edition is None or latest is None:
        return "waiting", _("Nothing is released yet.")
    if agency in edition.absent:
        return "waiting", _("Nothing is delivered yet, for any period.")
    coverage = latest.figures.coverage
    if coverage is None:
        return "weak", _("Too few to show shares.")
    said = {
        "share": numbers.share(coverage),
        "period": period_in_text(latest.codes[0], active_language()),
    }
    if coverage < words.POOR:
        return "poor", _("Sex is stated for %(share)s%%, %(period)s.") % said
    last = _last_delivered(agency, edition)
    if _months_since(last, today) > OLD:
        return "weak", _("The last delivery is of %(period)s.") % {
            "period": period_in_text(last, active_language())
        }
    state = "released" if coverage >= words.FULL else "weak"
    return state, _("Sex is stated for %(share)s%%, %(period)s.") % said


def _last_delivered(agency: str, edition: Edition) -> str:
    late = {missing.period for missing in edition.missing if missing.agency == agency}
    return next(period for period in reversed(edition.structure.periods) if period not in late)


def _months_since(period: str, today: date) -> int:
    end = Period.parse(period).last_day
    return (today.year - end.year) * 12 + today.month - end.month
