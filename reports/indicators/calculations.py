"""The kinds of indicator: what each works out from counts of women, men, other or not stated.

Pure: no database. `CALCULATIONS` lists them by the word that YAML has for them.
"""

import re
from collections.abc import Callable, Sequence
from math import inf

from reports.designs.indicators import Calculation
from reports.indicators import intervals
from reports.indicators.among import averages, incidence
from reports.indicators.intervals import NOBODY, NOTHING, Count, Interval, added
from reports.indicators.readings import (
    NO_END,
    NO_YEAR_BEFORE,
    NONE,
    Asked,
    Cell,
    Reading,
    reading,
    too_few,
    whole_of,
)

GROUP = re.compile(r"Y(?:(\d+)T(\d+)|_GE(\d+))")
ADULT = 18  # years


def ratio(asked: Asked) -> list[Reading]:
    """Work out times · numerator / denominator over the whole."""
    design, whole = asked.calculation, whole_of(asked.cells)
    by_sex = {"F": whole.women, "M": whole.men, "_OU": whole.other}
    top = added([by_sex[sex] for sex in design.numerator])
    rest = added([by_sex[sex] for sex in design.denominator if sex not in design.numerator])
    is_part = set(design.numerator) < set(design.denominator)
    bottom = top + rest if is_part else rest
    if few := too_few("", "value", bottom, asked.least):
        return [few]
    ends = intervals.share(top, rest) if is_part else intervals.quotient(top, rest)
    of_unknown = _if_sex_were_known(whole, design)
    value = top.published / bottom.published
    return [reading("", "value", bottom, value, ends, design.times, of_unknown)]


def parity(asked: Asked) -> list[Reading]:
    """Work out women / men, and the adjusted index: 2 - 1/x where x is above 1, so that it lies from 0 to 2."""
    whole = whole_of(asked.cells)
    few = [r for m in ("value", "adjusted") if (r := too_few("", m, whole.men, asked.least))]
    if few:
        return few
    design = Calculation("ratio", ("F",), ("M",))
    value = whole.women.published / whole.men.published
    ends = intervals.quotient(whole.women, whole.men)
    unknown = _if_sex_were_known(whole, design)
    mirrored = Interval(_adjusted(ends.low), _adjusted(ends.high))
    return [
        reading("", "value", whole.men, value, ends, 1, unknown),
        reading(
            *("", "adjusted", whole.men, _adjusted(value), mirrored, 1),
            Interval(_adjusted(unknown.low), _adjusted(unknown.high)) if unknown else None,
        ),
    ]


def shares(asked: Asked) -> list[Reading]:
    """Work out the share of women in every code, and how it compares with their share in all (location quotient)."""
    readings = []
    whole = whole_of(asked.cells)
    for cell in asked.cells:
        if not (cell.stated + cell.other).published:
            continue
        if few := too_few(cell.code, "share", cell.stated, asked.least):
            readings.append(few)
            continue
        own = intervals.share(cell.women, cell.men)
        design = Calculation("ratio", ("F",), ("F", "M"))
        value = cell.women.published / cell.stated.published
        unknown = _if_sex_were_known(cell, design, asked.hidden)
        readings.append(reading(cell.code, "share", cell.stated, value, own, 100, unknown))
        if whole.women.published:
            every = whole.women.published / whole.stated.published
            ends = intervals.divided(own, intervals.share(whole.women, whole.men))
            readings.append(reading(cell.code, "quotient", cell.stated, value / every, ends, 1))
    return readings


def dissimilarity(asked: Asked) -> list[Reading]:
    """Work out Duncan's index of dissimilarity over all codes (not stated is a code of its own)."""
    women, men = ([getattr(cell, sex) for cell in asked.cells] for sex in ("women", "men"))
    fewer = min(added(women), added(men), key=lambda count: count.published)
    if few := too_few("", "value", fewer, asked.least):
        return [few]
    all_women, all_men = (sum(c.published for c in counts) for counts in (women, men))
    value = (
        sum(
            abs(w.published / all_women - m.published / all_men)
            for w, m in zip(women, men, strict=True)
        )
        / 2
    )
    ends = intervals.dissimilarity(women, men)
    return [reading("", "value", fewer, value, ends, 1)]


def rates(asked: Asked) -> list[Reading]:
    """Work out which part of the women's cases `among` is of `codes`, the same of men, and the one by the other."""
    design = asked.calculation
    measures = {"rate_women": "women", "rate_men": "men"}
    parts, bottoms, ends = {}, {}, {}
    for measure, name in measures.items():
        of_sex = {c.code: getattr(c, name) for c in asked.cells if c.code in design.among}
        part = added([count for code, count in of_sex.items() if code in design.codes])
        rest = added([count for code, count in of_sex.items() if code not in design.codes])
        parts[measure], bottoms[measure] = part, part + rest
        ends[measure] = intervals.share(part, rest)
    fewer = min(bottoms.values(), key=lambda count: count.published)
    few = [r for m in ("value", *measures) if (r := too_few("", m, fewer, asked.least))]
    if few:
        return few
    of = {m: parts[m].published / bottoms[m].published for m in measures}
    found = [reading("", m, bottoms[m], of[m], ends[m], 100) for m in measures]
    if not of["rate_men"]:
        return [Reading("", "value", 0, why=NONE), *found]
    value = of["rate_women"] / of["rate_men"]
    quotient = intervals.divided(ends["rate_women"], ends["rate_men"])
    return [reading("", "value", fewer, value, quotient, 1), *found]


def change(asked: Asked) -> list[Reading]:
    """Decompose the change of the share of women since the year before (Kitagawa 1955), in points.

    mix = sum of (w2 - w1)(r1 + r2)/2, within = sum of (r2 - r1)(w1 + w2)/2, where w is the weight of a code among
    those with sex stated and r its share of women; a code that one of the years lacks has the share of the other.
    """
    measures = ("value", "mix", "within")
    if asked.before is None:
        return [Reading("", measure, 0, why=NO_YEAR_BEFORE) for measure in measures]
    now, before = whole_of(asked.cells), whole_of(asked.before)
    fewer = min(now.stated, before.stated, key=lambda count: count.published)
    few = [r for m in measures if (r := too_few("", m, fewer, asked.least))]
    if few:
        return few
    value = _share_of(now) - _share_of(before)
    ends = intervals.share(now.women, now.men) - intervals.share(before.women, before.men)
    mix, within = _decomposed(asked.cells, asked.before)
    effects = {"value": (value, ends), "mix": mix, "within": within}
    return [reading("", name, fewer, *effect, 100) for name, effect in effects.items()]


def ages(asked: Asked) -> list[Reading]:
    """Work out the median age of women and of men, and the share of each under 18."""
    known = [(cell, bounds) for cell in asked.cells if (bounds := _years(cell.code))]
    known.sort(key=lambda pair: pair[1])
    years = [bounds for _cell, bounds in known]
    readings = []
    for sex, name in (("F", "women"), ("M", "men")):
        counts = [getattr(cell, name) for cell, _bounds in known]
        every = added(counts)
        few = [r for m in ("median", "under_18") if (r := too_few(sex, m, every, asked.least))]
        readings += few or [
            _median(sex, years, counts, every),
            _under_age(sex, years, counts, every),
        ]
    return readings


def gap(asked: Asked) -> list[Reading]:
    """Work out by how much the median amount of women is below that of men: 100 · (men - women) / men.

    The ends are those of both medians, as if these were free of each other, so rather too wide.
    """
    bands, counts = list(asked.bands.values()), {cell.code: cell for cell in asked.cells}
    nobody = Cell("", NOBODY, NOBODY, NOBODY)
    told = [counts.get(code, nobody) for code in asked.bands]
    women, men = [cell.women for cell in told], [cell.men for cell in told]
    fewer = min(added(women), added(men), key=lambda count: count.published)
    if few := too_few("", "value", fewer, asked.least):
        return [few]
    medians = [
        intervals.median([(*band, c.published) for band, c in zip(bands, sex, strict=True)])
        for sex in (women, men)
    ]
    if medians[0] is None or not medians[1]:
        return [Reading("", "value", fewer.published, why=NO_END)]
    ends = [intervals.median_ends(bands, sex) or Interval(0.0, inf) for sex in (women, men)]
    one = Interval(1.0, 1.0)
    return [
        reading(
            *("", "value", fewer, 1 - medians[0] / medians[1]),
            one - intervals.divided(*ends),
            100,
        )
    ]


CALCULATIONS: dict[str, Callable[[Asked], list[Reading]]] = {
    "ratio": ratio,
    "parity": parity,
    "shares": shares,
    "dissimilarity": dissimilarity,
    "rates": rates,
    "incidence": incidence,
    "averages": averages,
    "change": change,
    "ages": ages,
    "gap": gap,
}


def _median(
    sex: str, years: Sequence[tuple[float, float]], counts: Sequence[Count], every: Count
) -> Reading:
    groups = [(first, end, c.published) for (first, end), c in zip(years, counts, strict=True)]
    value = intervals.median(groups)
    if value is None:
        return Reading(sex, "median", every.published, why=NO_END)
    ends = intervals.median_ends(years, counts) or Interval(0.0, inf)
    return reading(sex, "median", every, value, ends, 1)


def _under_age(
    sex: str, years: Sequence[tuple[float, float]], counts: Sequence[Count], every: Count
) -> Reading:
    """Share under 18: a group that holds the age counts by the part of its years below it."""
    weights = [min(max((ADULT - first) / (end - first), 0.0), 1.0) for first, end in years]
    young = sum(w * c.published for w, c in zip(weights, counts, strict=True))
    ends = intervals.weighted_share(weights, counts)
    return reading(sex, "under_18", every, young / every.published, ends, 100)


def _years(code: str) -> tuple[float, float] | None:
    """Return from which birthday until before which birthday an SDMX age code goes; None for other codes."""
    match = GROUP.fullmatch(code)
    if match is None:
        return None
    first, last, oldest = match.groups()
    return (float(oldest), inf) if oldest else (float(first), float(last) + 1)


def _decomposed(
    now: Sequence[Cell], before: Sequence[Cell]
) -> tuple[tuple[float, Interval], tuple[float, Interval]]:
    """Return the effect of the mix and that inside the codes, each with its ends."""
    nobody = {
        code: Cell(code, NOBODY, NOBODY, NOBODY) for code in (c.code for c in (*before, *now))
    }
    earlier = {**nobody, **{cell.code: cell for cell in before}}
    later = {**nobody, **{cell.code: cell for cell in now}}
    whole_1, whole_2 = whole_of(before), whole_of(now)
    mix, within, mix_ends, within_ends = 0.0, 0.0, NOTHING, NOTHING
    for code, first in earlier.items():
        second = later[code]
        w1, w2 = (
            c.stated.published / w.stated.published
            for c, w in ((first, whole_1), (second, whole_2))
        )
        r1, r2 = _rates(first, second)
        mix += (w2 - w1) * (r1 + r2) / 2
        within += (r2 - r1) * (w1 + w2) / 2
        weights = [_weight(cell, cells) for cell, cells in ((first, before), (second, now))]
        rates = [intervals.share(cell.women, cell.men) for cell in (first, second)]
        mix_ends += (weights[1] - weights[0]) * (rates[0] + rates[1]).times(0.5)
        within_ends += (rates[1] - rates[0]) * (weights[0] + weights[1]).times(0.5)
    return (mix, mix_ends), (within, within_ends)


def _rates(first: Cell, second: Cell) -> tuple[float, float]:
    known = [_share_of(cell) if cell.stated.published else None for cell in (first, second)]
    one, two = known
    return one if one is not None else two or 0.0, two if two is not None else one or 0.0


def _weight(cell: Cell, cells: Sequence[Cell]) -> Interval:
    return intervals.share(cell.stated, added([c.stated for c in cells if c.code != cell.code]))


def _share_of(cell: Cell) -> float:
    return cell.women.published / cell.stated.published


def _adjusted(index: float) -> float:
    return index if index <= 1 else 2 - 1 / index


def _if_sex_were_known(cell: Cell, design: Calculation, hidden: int = 0) -> Interval | None:
    """Return the ratio if all other or not stated were men, and if they were women; low end first.

    Between the two it is monotone in the number of women among them (a ratio of linear functions), so these are its
    ends. hidden: more people without sex who may belong here. None where everybody's sex is stated, or where they are
    part of the ratio themselves.
    """
    unknown = cell.other.published + hidden
    if not unknown or "_OU" in (*design.numerator, *design.denominator):
        return None
    ends = []
    for women in (0, unknown):
        by_sex = {"F": cell.women.published + women, "M": cell.men.published + unknown - women}
        top, bottom = (
            sum(by_sex[s] for s in sexes) for sexes in (design.numerator, design.denominator)
        )
        ends.append(top / bottom if bottom else inf)
    return Interval(min(ends), max(ends))
