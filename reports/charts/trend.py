"""The chart over time: two lines that break where a delivery is missing."""

from collections.abc import Sequence

from reports.charts import values
from reports.charts.drawing import (
    Canvas,
    Spec,
    by_sex,
    colour,
    dotted_legend,
    round_ticks,
    sex_name,
    shape,
    text_of_sex,
)
from reports.charts.findings import compared
from reports.charts.lettering import LINE
from reports.charts.lines import BELOW, HEIGHT, Plot, apart
from reports.charts.year_before import Earlier
from reports.published.figures import MISSING, NORMAL, Row
from reports.published.structure import Dimension
from standards import numbers

FEW = 16  # periods that have room for a point each


def trend(
    rows: Sequence[Row], dimension: Dimension, canvas: Canvas, before: Earlier | None = None
) -> Spec:
    """Women and men over time, with their names and last numbers at the ends of the lines.

    A line breaks where a delivery is missing, and a mark stands there; the periods that the finding
    compares are underlined. The year before is drawn dotted.
    """
    whole = [row for row in rows if row.status == NORMAL]
    last = by_sex((whole or rows)[-1])
    earlier = [r for row in rows if before and (r := before.rows.get(row.codes[0]))]
    most = max(n for row in (*rows, *earlier) for _sex, n in by_sex(row))
    ticks = [(tick, numbers.count(tick)) for tick in round_ticks(most, 5)]
    ends = [*(sex_name(sex) for sex, _n in last), *(numbers.count(n) for _sex, n in last)]
    plot = Plot(rows, canvas, "n", ticks, ends)
    layers = [
        *(_year_before(rows, before, plot.place, canvas) if before else ()),
        *(_compared_spans(rows, plot.x, canvas) if not before else ()),
        *_missing_periods(rows, plot.x, plot.y, canvas),
        *_lines(rows, whole, {**plot.place, "color": colour(canvas)}),
        *_ends(last, plot, canvas),
    ]
    said = [values.in_words(row, dimension, before) for row in rows]
    return plot.spec(_points(rows), layers, said, LINE + 8 if before else 0)


def _lines(rows: Sequence[Row], whole: Sequence[Row], both: Spec) -> list[Spec]:
    """The two lines; a point at each period where there are few or the lines break, and at the last one."""
    shaped = both | {"shape": shape()}
    point = {"type": "point", "filled": True, "opacity": 1}
    few = len(rows) <= FEW or len(whole) < len(rows)
    return [
        {"mark": {"type": "line", "strokeWidth": 2.5}, "encoding": both},
        *([{"mark": point | {"size": 30}, "encoding": shaped}] if few else []),
        {"data": {"values": _points(whole[-1:])}, "mark": point | {"size": 90}, "encoding": shaped},
    ]


def _year_before(rows: Sequence[Row], before: Earlier, both: Spec, canvas: Canvas) -> list[Spec]:
    """The lines of the year before, dotted, and what they are."""
    at = {row.codes[0]: before.rows[row.codes[0]] for row in rows if row.codes[0] in before.rows}
    counted = [
        {"period": period, "sex": sex, "n": n if row.status == NORMAL else None}
        for period, row in at.items()
        for sex, n in by_sex(row)
    ]
    mark = {"type": "line", "strokeWidth": 1.5, "strokeDash": [3, 3]}
    return [
        {"data": {"values": counted}, "mark": mark, "encoding": {**both, "color": colour(canvas)}},
        *dotted_legend(before.label, HEIGHT + BELOW + LINE / 2, canvas),
    ]


def _compared_spans(rows: Sequence[Row], x: Spec, canvas: Canvas) -> list[Spec]:
    """Underline the whole years that the finding compares."""
    spans = [span for span in compared(rows) if len(span.periods) > 1]
    underlined = [{"period": s.periods[0], "end": s.periods[-1], "year": s.label} for s in spans]
    if not underlined:
        return []
    mark = {"type": "rule", "strokeWidth": 5, "color": canvas.colours["edge"], "opacity": 0.5}
    bottom = {"value": HEIGHT}
    return [
        {"data": {"values": underlined}, "mark": mark}
        | {"encoding": {"x": x, "x2": {"field": "end"}, "y": bottom}},
    ]


def _missing_periods(rows: Sequence[Row], x: Spec, y: Spec, canvas: Canvas) -> list[Spec]:
    """Mark the periods with a delivery missing: status O, and hollow points where others delivered."""
    missing = [row for row in rows if row.status != NORMAL]
    if not missing:
        return []
    periods = [{"period": row.codes[0], "status": MISSING} for row in missing]
    parts = [
        {"period": row.codes[0], "sex": sex, "n": n}
        for row in missing
        if not row.gap
        for sex, n in by_sex(row)
    ]
    rule = {"type": "rule", "strokeDash": [2, 3], "color": canvas.colours["edge"]}
    letter = {"type": "text", "dy": -6, "baseline": "bottom", "color": canvas.colours["ink"]}
    hollow = {"type": "point", "filled": False, "size": 60, "opacity": 1}
    return [
        {"data": {"values": periods}, "mark": rule, "encoding": {"x": x}},
        {"data": {"values": periods}, "mark": letter}
        | {"encoding": {"x": x, "y": {"value": 0}, "text": {"field": "status"}}},
        {"data": {"values": parts}, "mark": hollow}
        | {"encoding": {"x": x, "y": y, "color": colour(canvas), "shape": shape()}},
    ]


def _ends(last: Sequence[tuple[str, int]], plot: Plot, canvas: Canvas) -> list[Spec]:
    """Name and number of each line at its end, moved apart where the lines end close together."""
    upper, lower = sorted(last, key=lambda end: -end[1])  # women above where both are equal
    high, low = (plot.height_of(n) for _sex, n in (upper, lower))
    heights = apart(high, low, 2 * LINE + 4, (2, HEIGHT - LINE))
    return [
        text_of_sex(text, (plot.width + 4, y + down), sex, canvas, "left")
        for (sex, n), y in zip((upper, lower), heights, strict=True)
        for text, down in ((sex_name(sex), -LINE / 2), (numbers.count(n), LINE / 2))
    ]


def _points(rows: Sequence[Row]) -> list[Spec]:
    """The counts of women and men in each period, none where a delivery is missing."""
    return [
        {"period": row.codes[0], "sex": sex, "n": n if row.status == NORMAL else None}
        for row in rows
        for sex, n in by_sex(row)
    ]
