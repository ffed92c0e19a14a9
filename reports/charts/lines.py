"""A plot over time: its axes, the room beside it, and labels at the ends of its lines that stand apart."""

from collections.abc import Iterable, Sequence

from reports.charts import values
from reports.charts.drawing import VALUES, Canvas, Spec, axis_labels
from reports.charts.lettering import LINE, room
from reports.published.figures import Row
from standards.periods import short_period_name

HEIGHT = 230  # pixels
BELOW = 26  # pixels for the names of periods


class Plot:
    """A plot of the periods of rows, with a scale from zero. ticks: of the scale, with their labels, by the field that
    is drawn; ends: what stands beside the ends of the lines."""

    def __init__(
        self,
        rows: Sequence[Row],
        canvas: Canvas,
        field: str,
        ticks: Sequence[tuple[int, str]],
        ends: Iterable[str],
    ) -> None:
        marks, labels = [tick for tick, _label in ticks], [label for _tick, label in ticks]
        self.left, self.right = room(labels) + 8, room(ends, bold=True) + 14
        self.width, self.top = canvas.width - self.left - self.right, marks[-1]
        periods = _period_axis(rows, canvas, self.width)
        self.x: Spec = {"field": "period", "type": "ordinal", "axis": periods}
        self.x["scale"] = {"padding": values.PADDING}
        self.y: Spec = {"field": field, "type": "quantitative"}
        self.y["scale"] = {"domain": [0, self.top]}
        self.y["axis"] = {"values": marks, "labelPadding": 8, **axis_labels(labels)}

    @property
    def place(self) -> Spec:
        """Return the encoding of a point."""
        return {"x": self.x, "y": self.y}

    def height_of(self, number: float) -> float:
        """Return where a number lies, in pixels from the top."""
        return HEIGHT * (1 - number / self.top)

    def spec(
        self, points: Sequence[Spec], layers: Sequence[Spec], said: Sequence[str], below: int = 0
    ) -> Spec:
        """Return the chart. said: what each period stands for, in words; below: pixels for more below the periods."""
        padding = {"left": self.left, "right": self.right, "top": LINE, "bottom": BELOW + below}
        return {
            "width": self.width,
            "height": HEIGHT,
            "padding": padding,
            "data": {"values": list(points)},
            "layer": list(layers),
            VALUES: values.periods_beside(said, self.width, HEIGHT),
        }


def apart(
    high: float, low: float, least: float, within: tuple[float, float]
) -> tuple[float, float]:
    """Return two heights in pixels, the upper one first, moved away from their middle until so many pixels lie between
    them; both stay within an upper and a lower limit."""
    between = max(low - high, least)
    first, last = within
    middle = min(max((high + low) / 2, first + between / 2), last - between / 2)
    return middle - between / 2, middle + between / 2


def _period_axis(rows: Sequence[Row], canvas: Canvas, width: int) -> Spec:
    """Periods under the line: as many as there is room for, the last one always."""
    codes = [row.codes[0] for row in rows]
    names = {code: short_period_name(code, canvas.language) for code in codes}
    fit = max(width // (room(names.values()) + 12), 1)
    every = -(-len(codes) // fit)
    labelled = codes[::-1][::every][::-1]
    return {
        "values": labelled,
        "labelAngle": 0,
        "grid": False,
        **axis_labels(names[c] for c in labelled),
    }
