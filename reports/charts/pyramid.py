"""Women and men by age, as a pyramid: women to the left, men to the right, the names of the groups between."""

from collections.abc import Sequence

from reports.charts import values
from reports.charts.drawing import (
    VALUES,
    Canvas,
    Spec,
    axis_labels,
    by_sex,
    colour,
    outline_legend,
    round_ticks,
    sex_name,
    text_of_sex,
)
from reports.charts.lettering import LINE, room
from reports.charts.year_before import Earlier
from reports.published.figures import Row
from reports.published.structure import Dimension
from standards import numbers

STEP = 24  # pixels of a group
BELOW = 26  # pixels for the axis


def pyramid(
    rows: Sequence[Row], dimension: Dimension, canvas: Canvas, before: Earlier | None = None
) -> Spec:
    """Return the chart of groups of age, oldest at the top; the year before is an outline over the bars."""
    earlier = [r for row in rows if before and (r := before.rows.get(row.codes[0]))]
    sides = Sides(rows, earlier, dimension, canvas)
    bar = {"x": sides.x, "x2": {"field": "to"}, "y": sides.y, "color": colour(canvas)}
    layers: list[Spec] = [{"mark": "bar", "encoding": bar}]
    if before:
        layers += [sides.outline(earlier), *sides.legend(before.label)]
    said = [values.in_words(row, dimension, before) for row in reversed(rows)]
    below = BELOW + (LINE + 8 if before else 0)
    return {
        "width": sides.width,
        "height": sides.height,
        "padding": {"left": sides.edge, "right": sides.edge, "top": 2 * LINE, "bottom": below},
        "data": {"values": sides.counted(rows)},
        "layer": [*layers, sides.names(), *sides.heads()],
        VALUES: values.rows_below(said, 0, sides.width, sides.height),
    }


class Sides:
    """The two halves of a pyramid, on one scale of people that leaves room for the names between them."""

    def __init__(
        self, rows: Sequence[Row], earlier: Sequence[Row], dimension: Dimension, canvas: Canvas
    ) -> None:
        self.dimension, self.canvas, self.height = dimension, canvas, STEP * len(rows)
        self.groups = [self._name(row) for row in reversed(rows)]
        every = (n for row in (*rows, *earlier) for _sex, n in by_sex(row))
        self.largest = max(every, default=0) or 1
        self.middle = room(self.groups) + 16  # pixels between the sides
        self.edge = room([numbers.count(self.largest)]) // 2 + 1
        self.width = canvas.width - 2 * self.edge
        side = (self.width - self.middle) / 2
        self.gap = self.middle / 2 * self.largest / side  # half the room for the names, in people
        self.ticks = self._ticks(max(1, min(3, int(side / (2 * self.edge + 16)))))

    @property
    def x(self) -> Spec:
        ticks, gap = self.ticks, self.gap
        axis = {
            "values": [*(-gap - n for n in reversed(ticks)), *(gap + n for n in ticks)],
            **axis_labels(map(numbers.count, [*reversed(ticks), *ticks])),
        }
        scale = {"domain": [-gap - self.largest, gap + self.largest]}
        return {"field": "from", "type": "quantitative", "scale": scale, "axis": axis}

    @property
    def y(self) -> Spec:
        y = {"field": "group", "type": "nominal", "sort": self.groups}
        return {**y, "axis": None, "scale": {"paddingInner": 0.12}}

    def counted(self, rows: Sequence[Row]) -> list[Spec]:
        """Return where the bars of women and men begin and end, in people from the middle."""
        return [
            {"group": self._name(row), "sex": sex}
            | {"from": sign * self.gap, "to": sign * (self.gap + n)}
            for row in rows
            for (sex, n), sign in zip(by_sex(row), (-1, 1), strict=True)
        ]

    def outline(self, earlier: Sequence[Row]) -> Spec:
        """Return the bars of the year before."""
        return {
            "data": {"values": self.counted(earlier)},
            "mark": {"type": "bar", "filled": False, "stroke": self.canvas.colours["ink"]},
            "encoding": {"x": self.x, "x2": {"field": "to"}, "y": self.y},
        }

    def legend(self, text: str) -> list[Spec]:
        """Return what says which year the outline is of."""
        return outline_legend(text, (self.width / 2, self.height + BELOW + LINE / 2), self.canvas)

    def names(self) -> Spec:
        """Return the names of the groups, in the middle."""
        return {
            "data": {"values": [{"group": group} for group in self.groups]},
            "mark": "text",
            "encoding": {"x": {"value": self.width / 2}, "y": self.y, "text": {"field": "group"}},
        }

    def heads(self) -> list[Spec]:
        """Return the names of the sexes, each above its side."""
        sides = (("F", -1, "right"), ("M", 1, "left"))
        return [
            text_of_sex(
                sex_name(sex),
                (self.width / 2 + sign * self.middle / 2, 8 - LINE),
                sex,
                self.canvas,
                align,
            )
            for sex, sign, align in sides
        ]

    def _ticks(self, fit: int) -> list[int]:
        ticks = [n for n in round_ticks(self.largest, fit) if n <= self.largest]
        if len(ticks) == 1:  # the first round count is too large: half of it is not
            ticks = [n for n in round_ticks(self.largest, 2 * fit) if n <= self.largest]
        return ticks

    def _name(self, row: Row) -> str:
        return self.dimension.label(row.codes[0], self.canvas.language)
