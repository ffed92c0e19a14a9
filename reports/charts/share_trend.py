"""The share of women over time, with the line of the year before."""

from collections.abc import Sequence

from django.utils.translation import gettext as _

from reports.charts import values
from reports.charts.drawing import Canvas, Spec, round_ticks
from reports.charts.lettering import LINE
from reports.charts.lines import HEIGHT, Plot
from reports.charts.year_before import Earlier, period_before
from reports.published.figures import NORMAL, Row
from reports.published.structure import Dimension
from standards.templatetags.words import percent

NOW, BEFORE = "now", "before"
Shares = dict[str, float | None]


def share_trend(
    rows: Sequence[Row], dimension: Dimension, canvas: Canvas, before: Earlier | None = None
) -> Spec:
    """The share of women in each period from zero, and, dotted, that of the same period a year earlier.

    The lines break where a delivery is missing, or where there are too few to say a share.
    """
    shares = {row.codes[0]: _share(row) for row in rows}
    earlier = {code: _share(row) for code, row in before.rows.items()} if before else {}
    for period in shares:
        if (code := period_before(period)) in shares:
            earlier[period] = shares[code]
    drawn = [
        {"period": period, "line": line, "share": of[period]}
        for line, of in ((NOW, shares), (BEFORE, earlier))
        for period in shares
        if period in of
    ]
    stated = [share for of in (shares, earlier) for share in of.values() if share is not None]
    ticks = round_ticks(int(max(stated, default=0)) + 1, 5)
    labelled = [(tick, _("%(share)s%%") % {"share": tick}) for tick in ticks]
    last = [share for share in shares.values() if share is not None][-1:]
    ends = [*map(percent, last), _("a year before")]
    plot = Plot(rows, canvas, "share", labelled, ends)
    layers = [
        _line(BEFORE, plot.place, {"color": canvas.colours["edge"], "strokeDash": [3, 3]}),
        _line(NOW, plot.place, {"color": canvas.colours["F"], "strokeWidth": 2.5}),
        *_ends(shares, earlier, plot, canvas),
    ]
    return plot.spec(drawn, layers, [values.in_words(row, dimension, before) for row in rows])


def _share(row: Row) -> float | None:
    return row.figures.female_share if row.status == NORMAL else None


def _line(name: str, both: Spec, looks: Spec) -> Spec:
    """A line, with a point where it is alone between two breaks."""
    point = {"size": 24, "color": looks["color"]}
    return {
        "transform": [{"filter": f"datum.line == '{name}'"}],
        "mark": {"type": "line", "point": point, **looks},
        "encoding": both,
    }


def _ends(shares: Shares, earlier: Shares, plot: Plot, canvas: Canvas) -> list[Spec]:
    """The last share, and what the dotted line is, at the ends of the lines; apart where they end close together."""
    stated = [period for period, share in shares.items() if share is not None]
    if not stated:
        return []
    now, before = shares[stated[-1]] or 0, earlier.get(stated[-1])
    places = [(now, percent(now), canvas.colours["F-text"])]
    if before is not None:
        places.append((before, _("a year before"), canvas.colours["muted"]))
    heights = [plot.height_of(share) for share, _text, _colour in places]
    if len(heights) == 2 and abs(heights[0] - heights[1]) < LINE + 2:
        up = heights[0] <= heights[1]
        heights[1] = heights[0] + (LINE + 2 if up else -LINE - 2)
    return [
        {
            "data": {"values": [{}]},
            "mark": {"type": "text", "text": text, "align": "left", "color": colour},
            "encoding": {"x": {"value": plot.width + 4}, "y": {"value": min(height, HEIGHT - 2)}},
        }
        for height, (_share, text, colour) in zip(heights, places, strict=True)
    ]
