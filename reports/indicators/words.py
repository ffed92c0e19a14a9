"""What indicators say, in the language of the reader: sentences, numbers, units, and why there is none."""

import math
from decimal import ROUND_CEILING, ROUND_FLOOR, ROUND_HALF_UP, Decimal

from django.template.defaultfilters import floatformat
from django.utils.translation import gettext as _

from reports.designs import indicators as designs
from reports.designs.indicators import Indicator
from reports.indicators.readings import FEW, NO_END, NO_YEAR_BEFORE, NONE, UNSTATED, Reading
from reports.indicators.series import MOST_UNBROKEN, NOT_DELIVERED, UNBROKEN, Point, Series
from reports.published.query import measure
from standards import numbers
from standards.languages import marked
from standards.periods import period_in_text
from standards.translation import active_language, in_language

DECIMALS = {
    "percent": 1,
    "points": 1,
    "per_100": 1,
    "per_100000": 1,
    "years": 1,
    "index": 2,
    "usd": 0,
}
UNITS = {
    "percent": marked("percent"),
    "points": marked("percentage points"),
    "per_100": marked("per 100"),
    "per_100000": marked("per 100,000"),
    "years": marked("years"),
    "index": marked("index"),
    "usd": marked("US dollars"),
}
# What is told of a part, and its unit where it is not that of the indicator.
MEASURES = {
    "value": (marked("Value"), ""),
    "adjusted": (marked("Adjusted index"), "index"),
    "share": (marked("Share of women"), "percent"),
    "quotient": (marked("Location quotient"), "index"),
    "median": (marked("Median age"), "years"),
    "under_18": (marked("Under 18"), "percent"),
    "rate_women": (marked("Rate of women"), "percent"),
    "rate_men": (marked("Rate of men"), "percent"),
    "incidence_women": (marked("Rate of women"), ""),
    "incidence_men": (marked("Rate of men"), ""),
    "average_women": (marked("Average of women"), "usd"),
    "average_men": (marked("Average of men"), "usd"),
    "mix": (marked("Mix of groups"), "points"),
    "within": (marked("Within groups"), "points"),
}
WHY = {
    FEW: marked("too few: the denominator is below %(least)s"),
    NONE: marked("nobody to relate it to"),
    NO_END: marked("half lies in a group without an end"),
    NO_YEAR_BEFORE: marked("no figures of the year before"),
    NOT_DELIVERED: marked("not delivered yet"),
    UNSTATED: marked("sex is stated for fewer than half"),
    UNBROKEN: marked("too much is not broken down"),
}
# Limits of the domain brief (5.1): occupations, the band of parity, coverage of sex.
MOSTLY_WOMEN, MOSTLY_MEN, PARITY, FULL, POOR = 60.0, 40.0, (0.97, 1.03), 98.0, 90.0
SEX_NAMES = {"F": marked("Women"), "M": marked("Men")}


def unit_of(series: Series, name: str) -> str:
    """Return the unit of a measure: a word of UNITS."""
    return MEASURES[name][1] or series.indicator.unit


def rounded(number: float | None, unit: str, towards: str = ROUND_HALF_UP) -> float | None:
    """Return a number as it is written everywhere: one decimal, of an index two."""
    if number is None or not math.isfinite(number):
        return None
    step = Decimal(1).scaleb(-DECIMALS[unit])
    # Fifteen digits are what a float knows: the sixteenth would turn 12.0 upwards into 12.1.
    return float(Decimal(f"{number:.15g}").quantize(step, towards))


def floor(number: float | None, unit: str) -> float | None:
    """Return a low end, rounded down, so that the truth stays inside."""
    return rounded(number, unit, ROUND_FLOOR)


def ceiling(number: float | None, unit: str) -> float | None:
    """Return a high end, rounded up."""
    return rounded(number, unit, ROUND_CEILING)


def written(number: float | None, unit: str, *, signed: bool = False) -> str:
    """Return a number for people; nothing for none. signed: with its sign, as changes have."""
    if number is None:
        return ""
    text = str(floatformat(number, f"{DECIMALS[unit]}g")).replace("-", "−")
    return f"+{text}" if signed and number > 0 else text


def span(reading: Reading, unit: str) -> str:
    """Return between what the truth lies, for people; an end that is nowhere is left open."""
    low, high = floor(reading.low, unit), ceiling(reading.high, unit)
    if low is None:
        return ""
    words = {"low": written(low, unit), "high": written(high, unit)}
    return _("%(low)s to %(high)s") % words if high is not None else _("%(low)s or more") % words


def why(reading: Reading, least: int) -> str:
    """Return why there is no number; empty where there is one."""
    return _(WHY[reading.why]) % {"least": least} if reading.why else ""


def part_name(series: Series, code: str) -> str:
    """Return what a part is called: a sex, or a code of the dimension that is compared."""
    if code in SEX_NAMES and series.indicator.calculation and not _is_code(series, code):
        return _(SEX_NAMES[code])
    if not series.design.over or not code:
        return ""
    return series.edition.structure.by_name[series.design.over].label(code, active_language())


def counted(series: Series) -> str:
    """Return what a series counts, in words."""
    text = measure(series.edition.structure, series.where, ())
    if not series.design.over:
        return text
    over = in_language(series.edition.structure.by_name[series.design.over].labels)
    return _("%(measure)s, by %(dimension)s") % {"measure": text, "dimension": over.lower()}


def sentence(series: Series, point: Point) -> str:
    """Return what a point says, in the words of the indicator; empty where it says nothing."""
    gaps = {**_numbers(series, point), **_parts(series, point)}
    if not gaps or point.figures.coverage is None:
        return ""
    gaps |= {
        "measure": counted(series),
        "period": period_in_text(point.period, active_language()),
        "before": period_in_text(point.before, active_language()),
        "coverage": numbers.share(point.figures.coverage),
    }
    return in_language(series.indicator.reading).format(**gaps)


def _numbers(series: Series, point: Point) -> dict[str, str]:
    """Return the gaps that numbers of the whole fill."""
    found = {}
    for reading in point.readings:
        if reading.part or reading.value is None:
            continue
        unit = unit_of(series, reading.measure)
        signed = unit == "points"
        found[reading.measure] = written(rounded(reading.value, unit), unit, signed=signed)
    return found


def _parts(series: Series, point: Point) -> dict[str, str]:
    """Return the gaps that parts fill: the highest and the lowest share, the ages of women and men."""
    medians = {r.part: r.value for r in point.readings if r.measure == "median"}
    if all(medians.get(sex) is not None for sex in SEX_NAMES):
        women, men = (written(rounded(medians[sex], "years"), "years") for sex in SEX_NAMES)
        return {"women": women, "men": men}
    shares = {
        r.part: r.value for r in point.readings if r.measure == "share" and r.value is not None
    }
    if not shares:
        return {}
    high, low = max(shares, key=lambda c: shares[c] or 0), min(shares, key=lambda c: shares[c] or 0)
    return {
        "high": part_name(series, high),
        "most": written(rounded(shares[high], "percent"), "percent"),
        "low": part_name(series, low),
        "least": written(rounded(shares[low], "percent"), "percent"),
    }


def _is_code(series: Series, code: str) -> bool:
    over = series.design.over
    return bool(over) and code in series.edition.structure.by_name[over].by_code


def brief(series: Series, point: Point) -> str:
    """Return a point in a few words: its number; the ages of women and men; the lowest and the highest share."""
    parts = _parts(series, point)
    if "women" in parts:
        return _("women %(women)s, men %(men)s") % parts
    if "most" in parts:
        return _("%(low)s%% to %(high)s%%") % {"low": parts["least"], "high": parts["most"]}
    value = _numbers(series, point).get("value", "")
    return _("%(share)s%%") % {"share": value} if series.indicator.unit == "percent" else value


def verdict(series: Series, reading: Reading) -> str:
    """Return what a number is called, where its whole interval lies beyond the limit; empty where it has no name."""
    low, high = reading.low, math.inf if reading.high is None else reading.high
    if reading.value is None or low is None:
        return ""
    if reading.measure == "share":
        women, men = _("mostly women"), _("mostly men")
        return women if low > MOSTLY_WOMEN else men if high < MOSTLY_MEN else ""
    calculation = series.indicator.calculation
    if calculation and calculation.kind == "parity" and reading.measure == "value":
        return _("parity") if low >= PARITY[0] and high <= PARITY[1] else ""
    if calculation and "_OU" in calculation.denominator:
        return _("poor") if high < POOR else _("weak") if high < FULL else ""
    return ""


def about(one: Indicator) -> list[tuple[str, str]]:
    """Return what an indicator is and how it must not be read: heading and text."""
    return [
        (_("Formula"), in_language(one.formula)),
        (_("Mind"), in_language(one.caveat)),
        (_("Denominator"), _("No value from fewer than %(least)s.") % {"least": one.least}),
    ]


def notes(series: Series) -> list[tuple[str, str]]:
    """Return how a series is to be read: heading and text; who cannot be seen comes last."""
    texts = about(series.indicator)
    texts.append((_("Rounding"), _about_rounding(series.edition.structure.base)))
    if any(r.most is not None for point in series.points for r in point.readings):
        texts.append((_("Sex not stated"), _about_unknown()))
    if series.design.over:
        texts.append((_("Not broken down"), _about_unbroken(series)))
    if unseen := designs.unseen().get(series.design.dataset):
        texts.append((_("Who cannot be seen"), in_language(unseen)))
    return texts


def _about_rounding(base: int) -> str:
    return _(
        "Every published cell is within %(less)s of its true count, because counts are adjusted at random to a multiple of "
        "%(base)s. The interval holds every value that true counts could give: a worst case, not a likely error. "
        "A sum of several cells is as uncertain as all of them together."
    ) % {"less": base - 1, "base": base}


def _about_unknown() -> str:
    return _(
        "Nobody's sex is guessed. The bounds say what the value would be if all whose sex is other or not stated were "
        "men, or if all of them were women. They do not include rounding."
    )


def _about_unbroken(series: Series) -> str:
    if series.indicator.calculation and series.indicator.calculation.kind == "rates":
        return _(
            "Groups that are too small, and quarters that are not over, are not broken down: of a period that has any of "
            "them among women or men nothing is said. Who has no sex is not counted."
        )
    part = max(point.unbroken for point in series.points)
    return _(
        "Groups that are too small, and quarters that are not over, are not broken down: in a period up to %(share)s%% of "
        "the women or of the men. The indicator is of the rest; above %(most)s%% there is none. Who has no sex and is not "
        "broken down may belong to any group: the bounds take that in."
    ) % {"share": numbers.share(100 * part), "most": round(100 * MOST_UNBROKEN)}
