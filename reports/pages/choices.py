"""What the form of the table builder offers: where each variable stands, which codes, which periods, what is greyed and why."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from django.utils.translation import gettext as _

from reports.published import addresses, choosing, figures, groups, pivot, query
from reports.published.choosing import AT, PERIOD
from reports.published.editions import Edition
from reports.published.pivot_query import TIMES, PivotQuestion
from reports.published.query import ALL, with_headline
from reports.published.structure import SEX, TIME, Dimension, Structure
from reports.published.tree import against, holding
from standards.periods import FREQUENCIES, period_name
from standards.translation import active_language, in_language

FEW = 12  # codes that are ticked one by one also where the variable stands nowhere
SEARCHED = 12  # more codes than these have a field to search them
# Ranges that count back from the last period, by the frequency of SDMX: the steps, and their name.
BACK = {"M": (3, 12, 24), "Q": (4, 8), "A": (2, 5)}
KEPT = (
    "dataset",
    "rows",
    "cols",
    "group",
    "release",
    "lang",
    "sort",
)  # without a field of their own
LETTERS = {"M": "M", "Q": "Q", "A": "Y"}


@dataclass(frozen=True)
class Variable:
    """A line of the table of variables. place: rows, cols or out.

    reason: why it cannot be placed, if so; instead: then the address that has it in the place of what hinders it.
    """

    name: str
    label: str
    place: str
    said: str
    reason: str = ""
    instead: str = ""

    @property
    def field(self) -> str:
        """Return the parameter of its place."""
        return f"{AT}{self.name}"


@dataclass(frozen=True)
class Option:
    """A choice of a list; `count`: people, events or documents that have the code, where that is shown."""

    value: str
    label: str
    chosen: bool
    count: int | None = None
    reason: str = ""


@dataclass(frozen=True)
class Codes:
    """The codes of a variable: ticked one by one, or of a long list one."""

    name: str
    label: str
    options: list[Option]
    several: bool
    chosen: int
    default: str

    @property
    def searched(self) -> bool:
        return len(self.options) > SEARCHED


@dataclass(frozen=True)
class OwnGroup:
    """A group that the reader made: its name, its codes in words, the address without it."""

    label: str
    codes: str
    without: str


@dataclass(frozen=True)
class ToGroup:
    """Codes that are ticked and could become a group of one name; `world`: the address with regions of M49."""

    name: str
    label: str
    codes: str
    world: str


@dataclass(frozen=True)
class Choices:
    """Everything that the form shows."""

    variables: list[Variable]
    every: list[Option]
    spans: list[tuple[str, str, list[tuple[str, list[Option]]]]]
    measures: list[Option]
    codes: list[Codes]
    own: list[OwnGroup]
    to_group: list[ToGroup]
    shaded: bool
    kept: list[tuple[str, str]]  # parameters that have no field of their own
    all: list[tuple[str, str]]  # every parameter


def choices_of(question: PivotQuestion) -> Choices:
    """Return what can be chosen beside what is chosen."""
    structure = question.edition.structure
    hinders = _hindered(question)
    names = [n for n in structure.names if n not in (SEX, TIME)]
    lists = {n: _codes(question, structure.by_name[n]) for n in names if not hinders.get(n)}
    variables = [_period(question), *(_variable(question, n, lists.get(n), hinders) for n in names)]
    kinds = _kinds_of_periods(question)
    return Choices(
        variables,
        kinds,
        _spans(question, [option.value for option in kinds if not option.reason]),
        _measures(question),
        list(lists.values()),
        [own for name in question.groupings for own in _own_groups(question, name)],
        [found for name in names if (found := _to_group(question, name))],
        question.shaded,
        [
            (key, value)
            for key in (
                *KEPT,
                *(k for k in question.query if structure.time_name(k.upper()) in TIMES),
            )
            for value in question.query.getlist(key)
        ],
        [(key, value) for key, values in question.query.lists() for value in values],
    )


def _hindered(question: PivotQuestion) -> dict[str, list[str]]:
    """Return for each variable that is not chosen which of the chosen columns and conditions stand against it."""
    structure, tabulation = question.edition.structure, question.tabulation
    _table, conditions = holding(structure, tabulation.by, tabulation.where)
    return against(structure, [*tabulation.by, *conditions])


def _variable(
    question: PivotQuestion, name: str, codes: Codes | None, hinders: dict[str, list[str]]
) -> Variable:
    structure = question.edition.structure
    place = "rows" if name in question.rows else "cols" if name in question.cols else "out"
    label = in_language(structure.by_name[name].labels)
    reason, said, instead = "", "", ""
    if hinders.get(name):
        others = ", ".join(in_language(structure.by_name[o].labels) for o in hinders[name])
        reason = _("Never published with: %(names)s. Too few people in a cell.") % {"names": others}
        instead = "?" + choosing.instead(question.query, structure, name, hinders[name])
    elif codes:
        said = _said(codes)
    return Variable(name.lower(), label, place, said, reason, instead)


def _said(codes: Codes) -> str:
    """Return in a few words how much of a variable is chosen."""
    if codes.chosen:
        return _("%(n)s of %(all)s chosen") % {"n": codes.chosen, "all": len(codes.options)}
    return codes.default or _("all %(all)s") % {"all": len(codes.options)}


def _period(question: PivotQuestion) -> Variable:
    place = (
        "rows"
        if question.time in question.rows
        else "cols"
        if question.time in question.cols
        else "out"
    )
    structure, language = question.edition.structure, active_language()
    periods = figures.periods_in(structure, question.tabulation.where)
    first, last = (period_name(code, language) for code in (periods[0], periods[-1]))
    said = first if first == last else _("%(first)s to %(last)s") % {"first": first, "last": last}
    return Variable(PERIOD, in_language(structure.by_name[TIME].labels), place, said)


def _kinds_of_periods(question: PivotQuestion) -> list[Option]:
    """Return years, quarters and months; those that do not go with the columns have the reason."""
    structure, tabulation = question.edition.structure, question.tabulation
    others = [name for name in (*tabulation.by, *tabulation.where) if name not in TIMES]
    hinders = against(structure, others)
    names = [*(d.name for d in reversed(structure.roll_ups)), TIME]
    chosen = question.time or names[0]
    return [
        Option(
            name,
            _kind_name(structure, name),
            name == chosen,
            reason=", ".join(in_language(structure.by_name[o].labels) for o in hinders[name]),
        )
        for name in names
    ]


def _kind_name(structure: Structure, name: str) -> str:
    frequency = structure.frequency if name == TIME else {"YEAR": "A", "QUARTER": "Q"}[name]
    return {"M": _("Month"), "Q": _("Quarter"), "A": _("Year")}.get(frequency, _("Period"))


def _spans(
    question: PivotQuestion, kinds: Sequence[str]
) -> list[tuple[str, str, list[tuple[str, list[Option]]]]]:
    """Return the first and the last period to choose: name, label, and options by kind of period."""
    structure, language = question.edition.structure, active_language()
    spans = []
    for name, label in (("from", _("From")), ("to", _("To"))):
        chosen = question.query.get(name, "")
        found: list[tuple[str, list[Option]]] = []
        if name == "from":
            found.append((_("Counted back"), _back(structure, kinds, chosen)))
        for kind in kinds:
            items = reversed(structure.by_name[kind].items)
            options = [
                Option(i.code, period_name(i.code, language), i.code == chosen) for i in items
            ]
            found.append((_kind_name(structure, kind), options))
        known = {option.value for _kind, options in found for option in options}
        if chosen and chosen not in known:
            found.append((_("Chosen"), [Option(chosen, _said_back(chosen), chosen=True)]))
        spans.append((name, label, [(kind, options) for kind, options in found if options]))
    return spans


def _back(structure: Structure, kinds: Sequence[str], chosen: str) -> list[Option]:
    """Return the ranges that count back, of the kinds of period that go with the columns."""
    options = []
    for kind in kinds:
        frequency = structure.frequency if kind == TIME else {"YEAR": "A", "QUARTER": "Q"}[kind]
        for steps in BACK.get(FREQUENCIES[frequency].sdmx, ()):
            if steps < len(structure.by_name[kind].items):
                value = f"-{steps}{LETTERS[frequency]}"
                options.append(Option(value, _said_back(value), value == chosen))
    return options


def _said_back(text: str) -> str:
    """Return in words what counts back from the last period; any other text as it is."""
    if (match := query.BACK.fullmatch(text.upper())) is None:
        return text
    words = {"M": _("last %(n)s months"), "Q": _("last %(n)s quarters"), "Y": _("last %(n)s years")}
    return words[match[2]] % {"n": match[1]}


def _measures(question: PivotQuestion) -> list[Option]:
    names = {
        pivot.COUNT: _("Count"),
        pivot.OF_ROW: _("Share of the row, %"),
        pivot.OF_COLUMN: _("Share of the column, %"),
        pivot.OF_WOMEN: _("Share of women, %"),
        pivot.CHANGE: _("Change on the year before"),
        pivot.GROWTH: _("Change on the year before, %"),
    }
    needs = "" if question.time else _("needs periods in rows or columns")
    return [
        Option(
            name, label, name == question.measure, reason=needs if name in pivot.COMPARED else ""
        )
        for name, label in names.items()
    ]


def _codes(question: PivotQuestion, dimension: Dimension) -> Codes:
    """Return the codes of a variable that have figures, and those that are chosen."""
    structure, language, name = question.edition.structure, active_language(), dimension.name
    placed = name in question.tabulation.by
    given = question.query.get(name.lower(), "")
    chosen = [code for code in given.split(",") if code]
    counts = dict(_counts(question.edition, name))
    known = [item.code for item in dimension.items if item.code in counts or item.code in chosen]
    headline = structure.headline
    limited = bool(headline and name in headline.where) and not placed
    options = [
        Option(
            code,
            dimension.label(code, language),
            code in chosen,
            counts.get(code, 0) if placed else None,
        )
        for code in known
    ]
    default = in_language(headline.labels) if headline and limited else ""
    if limited:
        options.append(Option(ALL, _("all"), ALL in chosen))
    several = not limited and (placed or len(options) <= FEW or bool(chosen))
    return Codes(
        name.lower(), in_language(dimension.labels), options, several, len(chosen), default
    )


@lru_cache(maxsize=500)
def _counts(edition: Edition, name: str) -> tuple[tuple[str, int], ...]:
    """Return the codes of a dimension that have figures in a release, with the counts of its headline."""
    where = with_headline(edition.structure, {}, (name,))
    rows = figures.tabulate(edition, [name], where).rows
    return tuple((row.codes[0], row.figures.total) for row in rows)


def _own_groups(question: PivotQuestion, name: str) -> list[OwnGroup]:
    """Return the groups of a variable; the regions of M49 are one."""
    grouping, language = question.groupings[name], active_language()
    dimension = question.edition.structure.by_name[name]
    texts = question.query.getlist(groups.PARAMETER)
    found = []
    for text in grouping.texts:
        without = addresses.changed(
            question.query, group=[t for t in texts if t != text], sort=None
        )
        group = next(
            (g for g in grouping.groups if text.startswith(f"{name}:{g.item.labels['en']}=")), None
        )
        label = group.item.labels[language] if group else _("Regions of M49")
        codes = [item for item in dimension.items if group and item.code in group.codes]
        words = ", ".join(dimension.label(item.code, language) for item in codes)
        found.append(OwnGroup(label, words or in_language(dimension.labels), without))
    return found


def _to_group(question: PivotQuestion, name: str) -> ToGroup | None:
    """Return the ticked codes of a variable in rows or columns, which may become a group; None where there is nothing."""
    if name not in question.tabulation.by:
        return None
    dimension, language = question.edition.structure.by_name[name], active_language()
    given = question.query.get(name.lower(), "")
    codes = ", ".join(dimension.label(code, language) for code in given.split(",") if code)
    world = ""
    if name not in question.groupings and groups.is_of_countries(dimension):
        texts = [*question.query.getlist(groups.PARAMETER), f"{name}:{groups.WORLD}"]
        world = addresses.changed(question.query, group=texts, sort=None)
    if not codes and not world:
        return None
    return ToGroup(name, in_language(dimension.labels), codes, world)
