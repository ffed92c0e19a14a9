"""A series of an indicator as flat rows: what CSV and the API share."""

from collections.abc import Iterator

from reports.indicators import words
from reports.indicators.readings import Reading
from reports.indicators.series import Point, Series
from standards import numbers
from standards.translation import active_language

Value = str | int | float | None
# What number it is; then its parts. DENOMINATOR_RELEASE: the release of the people among whom cases are counted, where
# that is another dataset.
KEYS = ("INDICATOR", "SERIES", "DATASET", "RELEASE", "DENOMINATOR_RELEASE", "TIME_PERIOD")
COLUMNS = (
    *KEYS,
    "PART",
    "PART_LABEL",
    "MEASURE",
    "UNIT_MEASURE",
    "OBS_VALUE",
    "LOW",
    "HIGH",
    "SEX_UNKNOWN_LOW",
    "SEX_UNKNOWN_HIGH",
    "DENOMINATOR",
    "F",
    "M",
    "_OU",
    "_T",
    "SEX_COVERAGE",
    "NOT_BROKEN_DOWN",
    "OBS_STATUS",
    "WHY_NO_VALUE",
)


def header(series: Series) -> list[str]:
    """Return the names of the columns; with the code and label of the breakdown where there is one."""
    by = [series.by, f"{series.by}_LABEL"] if series.by else []
    return [*KEYS, *by, *COLUMNS[len(KEYS) :]]


def rows(series: Series) -> Iterator[list[Value]]:
    """Yield the rows under `header`: one for each number, or for each reason why there is none."""
    for point in series.points:
        for reading in point.readings:
            yield _row(series, point, reading)


def _row(series: Series, point: Point, reading: Reading) -> list[Value]:
    unit = words.unit_of(series, reading.measure)
    dimension = series.edition.structure.by_name.get(series.by)
    by = [point.code, dimension.label(point.code, active_language())] if dimension else []
    counts, coverage = point.figures, point.figures.coverage
    shown: list[int | None] = [counts.f, counts.m, counts.o, counts.total]
    if not point.is_whole and not counts.total:
        shown = [None] * len(shown)
    return [
        series.indicator.code,
        series.design.name,
        series.design.dataset,
        series.edition.name,
        series.per.name if series.per else "",
        point.period,
        *by,
        reading.part,
        words.part_name(series, reading.part),
        reading.measure,
        unit,
        words.rounded(reading.value, unit),
        words.floor(reading.low, unit),
        words.ceiling(reading.high, unit),
        words.floor(reading.least, unit),
        words.ceiling(reading.most, unit),
        reading.of,
        *shown,
        None if coverage is None else numbers.rounded(coverage),
        numbers.rounded(100 * point.unbroken),
        point.status,
        words.why(reading, series.indicator.least),
    ]
