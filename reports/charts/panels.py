"""Women and men over time in small panels, one for each code of a dimension; all panels have one scale."""

from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby

from django.utils.translation import gettext as _

from reports.charts import values
from reports.charts.drawing import (
    VALUES,
    Canvas,
    Spec,
    by_sex,
    colour,
    in_pixels,
    round_ticks,
    sex_name,
    shape,
)
from reports.charts.lettering import LETTERS, LINE, room, wrapped
from reports.charts.lines import apart
from reports.charts.values import Area
from reports.published.figures import MISSING, NORMAL, Row
from reports.published.structure import Dimension
from standards import numbers
from standards.periods import period_name, short_period_name

LEAST = 150  # pixels of a panel: three stand beside each other on a page, two on a telephone
BESIDE, BELOW = 18, LINE + 12  # pixels between panels
HEIGHT = 80  # pixels of the lines of a panel
HEAD = 2 * LINE  # pixels of the names of the sexes, above all panels
EDGE = 5  # pixels that the first and the last point need
SMALLEST = 11  # pixels of letters of a name, where a word is wider than its panel
STEPS = 4  # of a round scale, at most
Cell = dict[str, object]


def panels(rows: Sequence[Row], dimension: Dimension, canvas: Canvas) -> Spec:
    """Return the lines of women and men in a panel for each code; rows by code and period, in the order of the panels.

    A line breaks where a delivery or a part of a period is missing; a mark stands there, and a hollow point where
    others delivered. At the end of the lines stand their last whole numbers.
    """
    grid = _Grid(rows, dimension, canvas)
    place = in_pixels(canvas.width, grid.height)
    ends: Spec = {"x2": {"field": "x2"}, "y2": {"field": "y2"}}
    sexes = {**place, "color": colour(canvas)}
    line = {"type": "line", "strokeWidth": 2}
    dotted = {"type": "rule", "strokeDash": [2, 3], "color": canvas.colours["edge"]}
    return {
        "width": canvas.width,
        "height": grid.height,
        "padding": {"left": 0, "right": 0, "top": HEAD, "bottom": 8},
        "layer": [
            _layer(grid.scales(), "rule", {**place, **ends, "color": _own("ink")}),
            _layer(grid.missing(), dotted, {**place, **ends}),
            _layer(grid.points(), line, {**sexes, "detail": {"field": "line"}}),
            *(
                _layer(points, {"type": "point", "opacity": 1, **look}, {**sexes, "shape": shape()})
                for points, look in (
                    (grid.points(), {"filled": True, "size": 14}),
                    (grid.last_points(), {"filled": True, "size": 55}),
                    (grid.partial_points(), {"filled": False, "size": 30}),
                )
            ),
            *(
                _layer(texts, {"type": "text", **look}, written)
                for texts, look in grid.texts()
                for written in ({**place, "text": {"field": "text"}, "color": _own("ink")},)
            ),
        ],
        VALUES: list(grid.areas()),
    }


class _Grid:
    """Where the panels lie, and what stands in each, in pixels."""

    def __init__(self, rows: Sequence[Row], dimension: Dimension, canvas: Canvas) -> None:
        self.canvas, self.dimension = canvas, dimension
        self.panels = [list(of) for _code, of in groupby(rows, key=lambda row: row.codes[0])]
        self.periods = list(dict.fromkeys(row.codes[1] for row in rows))
        self.columns = canvas.width // LEAST
        self.width = (canvas.width - BESIDE * (self.columns - 1)) / self.columns
        self.last = [_last(panel) for panel in self.panels]
        counts = [numbers.count(n) for row in self.last for _sex, n in by_sex(row)]
        self.plot = self.width - room(counts, bold=True) - EDGE - 4
        self.step = (self.plot - 2 * EDGE) / max(len(self.periods) - 1, 1)
        self.most = round_ticks(max(n for row in rows for _sex, n in by_sex(row)), STEPS)[-1]
        names = [dimension.label(panel[0].codes[0], canvas.language) for panel in self.panels]
        longest = room((word for name in names for word in name.split()), bold=True)
        self.letters = max(SMALLEST, min(LETTERS, int(LETTERS * self.width / longest)))
        self.names = [list(wrapped(name, self.width, self.letters, bold=True)) for name in names]
        self.feet = self._feet()
        words = {"most": numbers.count(self.most)}
        said = _("All panels have one scale: 0 to %(most)s.") % words
        self.said = list(wrapped(said, canvas.width, LETTERS))
        self.height = self.feet[-1] + BELOW + 4 + LINE * len(self.said)

    def scales(self) -> list[Cell]:
        """Return both ends of the scale of each panel: zero, and the round count above all."""
        return [
            self._line(left, y, left + self.plot, y)
            | {"ink": self.canvas.colours["line" if n else "edge"]}
            for k, (left, _foot) in enumerate(self._corners())
            for n in (0, self.most)
            for y in (self._y(k, n),)
        ]

    def missing(self) -> list[Cell]:
        """Return the lines through the periods that are missing or not whole."""
        return [
            self._line(x, foot - HEIGHT, x, foot)
            for (_left, foot), k, row in self._rows()
            if row.status != NORMAL
            for x in (self._x(k, row),)
        ]

    def points(self) -> list[Cell]:
        """Return the points of the lines: none where a period is missing, so that they break."""
        return [
            self._point(k, row, sex, n if row.status == NORMAL else None)
            for _corner, k, row in self._rows()
            for sex, n in by_sex(row)
        ]

    def last_points(self) -> list[Cell]:
        return [
            self._point(k, row, sex, n)
            for k, row in enumerate(self.last)
            if row.status == NORMAL
            for sex, n in by_sex(row)
        ]

    def partial_points(self) -> list[Cell]:
        """Return what others delivered of the periods that are missing."""
        return [
            self._point(k, row, sex, n)
            for _corner, k, row in self._rows()
            if row.status != NORMAL and not row.gap
            for sex, n in by_sex(row)
        ]

    def texts(self) -> list[tuple[list[Cell], Spec]]:
        """Return the texts by how they look."""
        heavy = {"align": "left", "fontWeight": 650}
        return [
            (list(self._names()), {**heavy, "fontSize": self.letters}),
            ([*self._heads(), *self._ends()], heavy),
            ([*self._below(), *self._first_periods()], {"align": "left"}),
            (self._last_periods(), {"align": "right"}),
            (self._marks(), {"align": "center"}),
        ]

    def areas(self) -> Iterator[Area]:
        """Yield the areas of the periods, panel by panel; those at the ends reach to the edges of the panel."""
        for (left, foot), k, row in self._rows():
            place, top = self.periods.index(row.codes[1]), foot - HEIGHT - LINE * len(self.names[k])
            begin = self._x(k, row) - self.step / 2 if place else left
            is_last = place == len(self.periods) - 1
            end = left + self.width if is_last else self._x(k, row) + self.step / 2
            period = period_name(row.codes[1], self.canvas.language)
            name = f"{self.dimension.label(row.codes[0], self.canvas.language)}, {period}"
            yield Area(begin, top, end - begin, foot - top, values.said(name, row))

    def _heads(self) -> Iterator[Cell]:
        """Yield the names of the sexes, above all panels, in their colours."""
        left = 0.0
        for sex in ("F", "M"):
            yield self._text(sex_name(sex), left, LINE / 2 + 2 - HEAD, f"{sex}-text")
            left += room([sex_name(sex)], bold=True) + 16

    def _names(self) -> Iterator[Cell]:
        for (left, foot), lines in zip(self._corners(), self.names, strict=True):
            top = foot - HEIGHT - LINE * len(lines) - 2
            for k, line in enumerate(lines):
                yield self._text(line, left, top + LINE * (k + 0.5))

    def _ends(self) -> Iterator[Cell]:
        """Yield the last numbers beside the ends of the lines."""
        for k, ((left, foot), row) in enumerate(zip(self._corners(), self.last, strict=True)):
            upper, lower = sorted(by_sex(row), key=lambda one: -one[1])
            within = (foot - HEIGHT + LINE / 2 - 2, foot - 3)
            heights = apart(self._y(k, upper[1]), self._y(k, lower[1]), LINE, within)
            for (sex, n), y in zip((upper, lower), heights, strict=True):
                yield self._text(numbers.count(n), left + self.plot + 4, y, f"{sex}-text")

    def _marks(self) -> list[Cell]:
        """Return status O above the periods that are missing: one for those that follow each other."""
        found = []
        for (_left, foot), panel in zip(self._corners(), self.panels, strict=True):
            for status, run in groupby(enumerate(panel), key=lambda one: one[1].status):
                places = [place for place, _row in run]
                if status != NORMAL:
                    x = _left + EDGE + self.step * (places[0] + places[-1]) / 2
                    found.append(self._text(MISSING, x, foot - HEIGHT + LINE / 2))
        return found

    def _first_periods(self) -> list[Cell]:
        """Return the name of the first period below the lowest panel of each column, where both have room."""
        first, last = self._time_names()
        if room([first]) + 8 + room([last]) > self.width:
            return []
        return [
            self._text(first, left, foot + LINE / 2 + 4, "muted") for left, foot in self._lowest()
        ]

    def _last_periods(self) -> list[Cell]:
        """Return the name of the last period, below the end of the lines or as near to it as there is room."""
        first, last = self._time_names()
        right, both = max(self.plot, room([last])), room([first]) + 8 + room([last])
        if both <= self.width:
            right = max(right, both)
        return [
            self._text(last, left + right, foot + LINE / 2 + 4, "muted")
            for left, foot in self._lowest()
        ]

    def _time_names(self) -> tuple[str, str]:
        first, last = (
            short_period_name(period, self.canvas.language)
            for period in (self.periods[0], self.periods[-1])
        )
        return first, last

    def _below(self) -> Iterator[Cell]:
        for k, line in enumerate(self.said):
            yield self._text(line, 0, self.height - LINE * (len(self.said) - k - 0.5), "muted")

    def _lowest(self) -> list[tuple[float, float]]:
        """Return the corners of the lowest panel of each column."""
        return list(self._corners())[-self.columns :]

    def _feet(self) -> list[float]:
        """Return where zero lies in each line of panels; above it stand its lines of text."""
        feet, y = [], 0.0
        for begin in range(0, len(self.panels), self.columns):
            lines = max(len(names) for names in self.names[begin : begin + self.columns])
            feet.append(y + LINE * lines + 4 + HEIGHT)
            y = feet[-1] + BELOW
        return feet

    def _corners(self) -> Iterator[tuple[float, float]]:
        """Yield where each panel begins, and where its zero lies."""
        for k in range(len(self.panels)):
            line, column = divmod(k, self.columns)
            yield column * (self.width + BESIDE), self.feet[line]

    def _rows(self) -> Iterator[tuple[tuple[float, float], int, Row]]:
        for k, (corner, panel) in enumerate(zip(self._corners(), self.panels, strict=True)):
            for row in panel:
                yield corner, k, row

    def _x(self, panel: int, row: Row) -> float:
        column = panel % self.columns
        place = self.periods.index(row.codes[1])
        return column * (self.width + BESIDE) + EDGE + place * self.step

    def _y(self, panel: int, n: int) -> float:
        return self.feet[panel // self.columns] - HEIGHT * n / self.most

    def _point(self, panel: int, row: Row, sex: str, n: int | None) -> Cell:
        y = None if n is None else self._y(panel, n)
        return {"x": self._x(panel, row), "y": y, "sex": sex, "line": f"{panel}{sex}"}

    def _line(self, x: float, y: float, x2: float, y2: float) -> Cell:
        return {"x": x, "y": y, "x2": x2, "y2": y2}

    def _text(self, text: str, x: float, y: float, ink: str = "ink") -> Cell:
        return {"text": text, "x": x, "y": y, "ink": self.canvas.colours[ink]}


def _last(panel: Sequence[Row]) -> Row:
    """Return the last row that is whole; the last one where none is."""
    return next((row for row in reversed(panel) if row.status == NORMAL), panel[-1])


def _layer(cells: Iterable[Cell], mark: str | Spec, encoding: Spec) -> Spec:
    return {"data": {"values": list(cells)}, "mark": mark, "encoding": encoding}


def _own(field: str) -> Spec:
    """Colours that the data say themselves."""
    return {"field": field, "type": "nominal", "scale": None}
