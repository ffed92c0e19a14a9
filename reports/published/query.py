"""What a reader asks for in an address: a release, dimensions and codes, through a fixed list.

This is the one place that reads questions, for pages, files, charts and the API. A name that is not
on the list is refused, not ignored: a mistyped filter would show other figures than those the reader
believes to see.
"""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date

from django.conf import settings
from django.http import QueryDict
from django.utils.translation import gettext as _

from reports.published import editions, figures, register
from reports.published.editions import Edition
from reports.published.figures import Table
from reports.published.register import NotReleased, Withdrawn
from reports.published.structure import ROLL_UPS, SEX, TIME, Structure, Unknown
from reports.published.tree import holding
from reports.published.views import View
from standards.periods import Period
from standards.translation import active_language, in_language

MARKS = re.compile(r"utm_[a-z]+|fbclid|gclid|yclid")  # what mailings add to links
LANGUAGES = tuple(code for code, _name in settings.LANGUAGES)
ALL = "all"  # instead of codes: every code, also of the dimension that the headline limits
PERIODS = ("from", "to")
EDITION = ("release", "as_of")  # which release is asked: by its name, or by a day on which it stood
BACK = re.compile(r"-([1-9][0-9]{0,2})([MQY])")  # so many periods before the end of the release
KINDS_OF_PERIODS = {
    "M": "M",
    "Q": "Q",
    "Y": "A",
}  # as readers write them: as `standards.periods` does
FIGURES = 7  # columns of an answer beside its dimensions: the measures and the status
Codes = Mapping[str, list[str]]


class NothingLeft(Unknown):
    """A reader asks for codes or periods that exist, but not together."""


@dataclass(frozen=True)
class Options:
    """What an address may be asked, beside the dimensions of its dataset.

    names: the parameters it reads. fixed: dimension -> codes to which a named table is limited.
    rows: the dimensions of its rows; None where `by` names them. filters: whether it has dimensions.
    shown: of a structure, the dimensions that the page shows beside its rows, each by itself.
    several: the parameters that may be given more than once. view: what a named table says beside its counts.
    """

    names: tuple[str, ...] = ()
    fixed: Mapping[str, Sequence[str]] = field(default_factory=dict)
    rows: tuple[str, ...] | None = ()
    filters: bool = True
    shown: Callable[[Structure], Iterable[str]] = field(default=lambda _structure: ())
    several: tuple[str, ...] = ("by",)
    view: View | None = None


@dataclass(frozen=True)
class Question:
    """What a reader asks of one release: the dimensions of the rows, and dimension -> codes."""

    edition: Edition
    by: tuple[str, ...]
    where: Codes
    chosen: bool = False  # the reader limits the figures, or counts other than the headline
    view: View | None = None

    def table(self) -> Table:
        """Return the figures. Raises Unknown where the dimensions do not go together."""
        table = figures.tabulate(self.edition, self.by, self.where)
        return self.view.shown(table) if self.view else table

    @property
    def most_rows(self) -> int:
        """Return how many rows the answer has at most; known before anything is added up."""
        return figures.most_rows(self.edition, self.by, self.where)

    def require_at_most(self, values: int, form: str) -> None:
        """Raise Unknown where the answer may have more values than one request of anybody may cost."""
        if self.most_rows * (2 * len(self.by) + FIGURES) > values:
            raise Unknown(
                _(
                    "This table may have %(rows)s rows, too many for %(form)s. Ask for fewer dimensions, "
                    "codes or periods, or take the whole table as Parquet: %(file)s"
                )
                % {"rows": self.most_rows, "form": form, "file": self._file},
                "by",
            )

    @property
    def _file(self) -> str:
        """Return the address of the table that answers, as a file."""
        table, _conditions = holding(self.edition.structure, self.by, self.where)
        return f"/figures/api/v1/releases/{self.edition.name}/{table.name}.parquet"

    @property
    def measure(self) -> str:
        """Return what is counted, in words."""
        return measure(self.edition.structure, self.where, self.by)


def edition_of(query: QueryDict, dataset: str) -> Edition | None:
    """Return the release that `release` names, or that stood on the day `as_of`, else the newest of the dataset; None
    where none is out.

    Raises NotReleased for a name of no release of this dataset and a day on which none stood, or another one than is
    named; Withdrawn for one that is gone.
    """
    for parameter in EDITION:
        _require_once(query, parameter)
    name, day = query.get("release", "").strip().upper(), query.get("as_of", "")
    edition = _cited(name, dataset) if name else None
    if not day:
        return edition or editions.latest(dataset)
    stood = register.standing(dataset, register.day_of(day))
    if edition and stood and stood.number != edition.number:
        raise NotReleased(
            _("On %(day)s release %(stood)s stood, not %(name)s.")
            % {"day": day, "stood": stood.name, "name": edition.name},
            "as_of",
        )
    return stood


def _cited(name: str, dataset: str) -> Edition | None:
    """Return a release of the dataset, None where none of the dataset is out. Raises NotReleased; Withdrawn and
    Withheld also for a release of another dataset, whose reader is told so."""
    try:
        edition = register.cited(name)
    except Withdrawn:
        raise
    except NotReleased:
        edition = None
    if edition and edition.dataset == dataset:
        return edition
    newest = editions.latest(dataset)
    if newest is None:
        return None
    raise NotReleased(
        _("There is no release “%(name)s” of %(dataset)s. The newest is %(newest)s.")
        % {"name": name[:40], "dataset": dataset, "newest": newest.name},
        "release",
    )


def question_of(query: QueryDict, edition: Edition, options: Options) -> Question:
    """Return what is asked of a release; the headline where nothing else is chosen. Raises Unknown; NotTogether
    where no table has what is asked."""
    structure = edition.structure
    require_options(query, options, structure)
    by = options.rows
    if by is None:
        by = tuple(dimensions_of(query, structure))
    every = {
        _dimension(key, structure)
        for key in _filters(query, options)
        if ALL in _codes(query.getlist(key))
    }
    chosen = conditions_of(query, structure, options)
    where = with_headline(structure, narrowed(options.fixed, chosen), by, every)
    for names in (by, *((name,) for name in options.shown(structure))):
        holding(structure, names, where)
    return Question(edition, by, where, chosen=bool(chosen or every), view=options.view)


def with_headline(
    structure: Structure,
    where: Codes,
    by: Iterable[str] = (),
    every: Iterable[str] = (),
) -> dict[str, list[str]]:
    """Return the conditions with those of the headline: one stands back where its dimension is asked
    for, as a condition, with every code, or in rows of its own."""
    headline = structure.headline.where if structure.headline else {}
    beside = {*where, *by, *every}
    added = {name: list(codes) for name, codes in headline.items() if name not in beside}
    return {**{name: list(codes) for name, codes in where.items()}, **added}


def measure(structure: Structure, where: Mapping[str, Sequence[str]], by: Iterable[str]) -> str:
    """Return what is counted, in words: the headline, or the dataset with the codes that are chosen."""
    title, headline = in_language(structure.title), structure.headline
    if headline is None:
        return _("%(dataset)s, the whole dataset") % {"dataset": title}
    if all(set(where.get(name, ())) == set(codes) for name, codes in headline.where.items()):
        return in_language(headline.labels)
    parts = []
    for name in headline.where:
        dimension, codes = structure.by_name[name], where.get(name)
        names = ", ".join(dimension.label(code, active_language()) for code in codes or ())
        if not codes:
            names = _("all, in rows of their own") if name in by else _("all together")
        parts.append(f"{in_language(dimension.labels)}: {names}")
    return "; ".join([title, *parts])


def require_options(query: QueryDict, options: Options, structure: Structure | None = None) -> None:
    """Raise Unknown for a parameter that the address does not read."""
    dimensions = [name.lower() for name in structure.by_name if name != SEX] if structure else []
    for key in query:
        if key in options.names and key not in options.several:
            _require_once(query, key)
        if key in options.names or MARKS.fullmatch(key):
            continue
        if structure and options.filters:
            name = key.upper()
            if structure.time_name(name) in structure.by_name:
                continue  # SEX is refused with a reason of its own
        allowed = ", ".join((*options.names, *(dimensions if options.filters else ())))
        raise Unknown(
            _("There is no parameter “%(name)s”. Choose from: %(allowed)s.")
            % {"name": key[:40], "allowed": allowed or "–"},
            key[:40],
        )


def _require_once(query: QueryDict, name: str) -> None:
    """Raise Unknown where a parameter with one value has several: which one is meant, nobody knows."""
    if len(query.getlist(name)) > 1:
        raise Unknown(_("“%(name)s” is given more than once.") % {"name": name}, name)


def language_of(query: QueryDict) -> str:
    """Return the language that `lang` names, else that of the reader. Raises Unknown."""
    language = query.get("lang", active_language())
    if language not in LANGUAGES:
        raise Unknown(
            _("There is no language “%(name)s”. Choose from: %(allowed)s.")
            % {"name": language[:40], "allowed": ", ".join(LANGUAGES)},
            "lang",
        )
    return language


def conditions_of(
    query: QueryDict, structure: Structure, options: Options = Options(PERIODS)
) -> dict[str, list[str]]:
    """Return dimension -> codes from parameters named as the dimensions (in any case).

    `from` and `to` limit the periods; a year stands for all of its months or quarters, as do `year`
    and `quarter`. Codes are divided by commas; empty parameters are no choice, nor is `all`. Raises
    Unknown for codes the structure lacks and where no period is left.
    """
    chosen: dict[str, list[str]] = {}
    for key in _filters(query, options):
        name = _dimension(key, structure)
        codes = _codes(query.getlist(key))
        if codes and ALL not in codes:
            chosen[name] = list(dict.fromkeys([*chosen.get(name, ()), *codes]))
    for name, codes in chosen.items():
        structure.require_codes(name, codes)
    chosen = in_periods(chosen, structure)
    if (periods := _between(query, structure)) is not None:
        chosen = {**chosen, **narrowed({TIME: periods}, {TIME: chosen.get(TIME, periods)})}
    return chosen


def in_periods(where: Codes, structure: Structure) -> dict[str, list[str]]:
    """Return the conditions with quarters and years as the periods that lie in them. Raises Unknown."""
    result = {name: list(codes) for name, codes in where.items() if name not in ROLL_UPS}
    for name in (name for name in where if name in ROLL_UPS):
        inside = [p for p in structure.periods if structure.part_of(name, p) in where[name]]
        result.update(narrowed({TIME: inside}, {TIME: result.get(TIME, inside)}))
    return result


def dimensions_of(query: QueryDict, structure: Structure) -> list[str]:
    """Return the dimensions named in `by`, each once. Sex is in every answer, so it needs no place."""
    named = [n.strip().upper() for value in query.getlist("by") for n in value.split(",")]
    names = list(dict.fromkeys(structure.time_name(name) for name in named if name))
    if unknown := [name for name in names if name not in structure.by_name]:
        raise Unknown(
            _("There is no dimension “%(name)s”. Choose from: %(allowed)s.")
            % {"name": unknown[0][:40], "allowed": ", ".join(structure.by_name)},
            "by",
        )
    return [name for name in names if name != SEX]


def narrowed(fixed: Mapping[str, Iterable[str]], chosen: Codes) -> dict[str, list[str]]:
    """Return both conditions at once. Raises Unknown where they leave nothing of a dimension."""
    both = {name: list(codes) for name, codes in fixed.items()}
    for name, codes in chosen.items():
        allowed = both.get(name)
        both[name] = [code for code in codes if allowed is None or code in allowed]
        if not both[name]:
            raise NothingLeft(
                _("Nothing is left of “%(name)s”. Choose from: %(allowed)s.")
                % {"name": name, "allowed": ", ".join(allowed or ())},
                name.lower(),
            )
    return both


def _filters(query: QueryDict, options: Options) -> list[str]:
    """Return the parameters that are dimensions."""
    return [key for key in query if key not in options.names and not MARKS.fullmatch(key)]


def _codes(values: Iterable[str]) -> list[str]:
    return [code for value in values for code in value.split(",") if code]


def _dimension(key: str, structure: Structure) -> str:
    name = structure.time_name(key.upper())
    if name == SEX:
        raise Unknown(_("Sex is in every answer, as columns; it cannot be a condition."), "sex")
    structure.require_name(name)
    return name


def _between(query: QueryDict, structure: Structure) -> list[str] | None:
    """Return the periods between `from` and `to`, None where neither is given."""
    first, last = query.get("from", "").strip(), query.get("to", "").strip()
    if not first and not last:
        return None
    known = structure.periods
    begins = _day(first, "from", structure, first_day=True) if first else date.min
    ends = _day(last, "to", structure, first_day=False) if last else date.max
    days = {code: Period.parse(code) for code in known}
    periods = [c for c, p in days.items() if p.first_day >= begins and p.last_day <= ends]
    if not periods:
        raise NothingLeft(
            _("No period lies between %(first)s and %(last)s. There are: %(known)s.")
            % {"first": first or "…", "last": last or "…", "known": ", ".join(known)},
            "from" if first else "to",
        )
    return periods


def _day(text: str, name: str, structure: Structure, *, first_day: bool) -> date:
    """Return the first or the last day of the period that a reader named, or counted back to.

    Counted back is from the last period of the release, so that its answer stays: `from=-12M` begins the last
    twelve months, `to=-12M` ends before them.
    """
    try:
        if back := BACK.fullmatch(text.upper()):
            end = Period.parse(structure.periods[-1]).last_day
            steps = int(back[1]) - (1 if first_day else 0)
            period = Period.of(end, KINDS_OF_PERIODS[back[2]]).next(-steps)
        else:
            period = Period.parse(text)
        return period.first_day if first_day else period.last_day
    except ValueError as invalid:  # no period, or earlier or later than the calendar goes
        raise Unknown(
            _(
                "“%(name)s” is a period such as 2026, 2026-Q3 or 2026-07, or counts back from the last one "
                "such as -12M, -4Q or -2Y; it is not “%(value)s”."
            )
            % {"name": name, "value": text[:40]},
            name,
        ) from invalid
