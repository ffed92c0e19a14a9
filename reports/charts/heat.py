"""A matrix whose cells are shaded by how many they count: origins below each other, destinations beside each other."""

from collections.abc import Iterator, Sequence

from django.utils.translation import gettext as _

from reports.charts import values
from reports.charts.drawing import VALUES, Canvas, Spec, in_pixels, mixed
from reports.charts.findings import is_rest
from reports.charts.lettering import LETTERS, LINE, room, wrapped
from reports.charts.values import Area
from reports.published.figures import Figures, Row, add_figures
from reports.published.structure import OTHERS, Dimension
from standards import numbers
from standards.templatetags.words import percent

GAP = 2  # pixels between cells
CELL = 2 * LINE + 8  # pixels of the height of a cell: a count, and the share of women
BESIDE = 0.3  # of the width: longer names of origins stand above their cells
LIGHTEST, DARKEST = (
    0.03,
    0.34,
)  # how much ink the smallest and the largest cell have: ink is read on both
UPRIGHT = 110  # pixels of the lines of names that stand upright


def heat(rows: Sequence[Row], dimension: Dimension, canvas: Canvas, destination: Dimension) -> Spec:
    """Return a cell for each pair of origin and destination (the codes of the rows): its count, the share of women.

    As many columns as have room; the others are added to that of all others, which is not shaded. The square of the
    shade goes with the count: cells of few are told apart, too. Names of columns that need more room stand upright.
    """
    matrix = _Matrix(rows, dimension, destination, canvas)
    place = in_pixels(canvas.width, matrix.height)
    ends = {name: {"field": name} for name in ("x2", "y2")}
    own = {"color": {"field": "ink", "type": "nominal", "scale": None}}
    return {
        "width": canvas.width,
        "height": matrix.height,
        "padding": {"left": 0, "right": 0, "top": 4, "bottom": 8},
        "data": {"values": list(matrix.cells())},
        "layer": [
            {"mark": "rect", "encoding": {**place, **ends, **own}},
            *(
                {
                    "data": {"values": list(texts)},
                    "mark": {"type": "text", **look},
                    "encoding": {**place, **own, "text": {"field": "text"}},
                }
                for texts, look in (
                    (matrix.names(), {"align": "left"}),
                    (matrix.heads(), matrix.look_of_heads),
                    (matrix.counts(), {"align": "center", "fontWeight": 650}),
                    (matrix.shares(), {"align": "center"}),
                )
            ),
        ],
        VALUES: list(matrix.areas()),
    }


class _Matrix:
    """Where the cells lie, in pixels, and what stands in them."""

    def __init__(
        self, rows: Sequence[Row], origin: Dimension, destination: Dimension, canvas: Canvas
    ) -> None:
        self.canvas, self.base = canvas, rows[0].figures.base
        self.figures = {(row.codes[0], row.codes[1]): row.figures for row in rows}
        self.origins = _others_last(row.codes[0] for row in rows)
        columns = _others_last(row.codes[1] for row in rows)
        language = canvas.language
        self.origin_names = {code: origin.label(code, language) for code in self.origins}
        self.names_of = {code: destination.label(code, language) for code in (*columns, OTHERS)}
        longest = room(self.origin_names.values())
        self.above = longest > BESIDE * canvas.width
        self.left = 0 if self.above else longest + 8
        self.is_upright = self._room_of_heads() * len(columns) > canvas.width - self.left + GAP
        self.columns = self._with_room(columns) if self.is_upright else columns
        self.width = (canvas.width - self.left + GAP) / len(self.columns)
        along = UPRIGHT if self.is_upright else self.width - 4
        self.head = [list(wrapped(self.names_of[code], along, LETTERS)) for code in self.columns]
        across = LINE * max(map(len, self.head))
        self.top = 6 + (
            room(line for head in self.head for line in head) if self.is_upright else across
        )
        self.name_lines = [
            list(wrapped(name, canvas.width, LETTERS)) if self.above else [name]
            for name in self.origin_names.values()
        ]
        self.feet = self._feet()
        said = _(
            "Rows: %(origin)s. Columns: %(destination)s. In each cell: how many, and the share of women. "
            "The stronger the shade, the more; all others have none."
        ) % {
            name: of.labels.get(language, of.name)
            for name, of in (("origin", origin), ("destination", destination))
        }
        self.said = list(wrapped(said, canvas.width, LETTERS))
        self.height = self.feet[-1] + 8 + LINE * len(self.said)

    def cells(self) -> Iterator[Spec]:
        """Yield the cells with their shades."""
        named = [pair for pair in self.figures if not any(map(is_rest, pair))]
        most = max((self.figures[pair].total for pair in named), default=0) or 1
        for x, y, *pair in self._places():
            is_named = not any(map(is_rest, pair))
            part = (self._of(*pair).total / most) ** 0.5 if is_named else 0
            ink = mixed("ink", LIGHTEST + (DARKEST - LIGHTEST) * part, self.canvas)
            yield {"x": x, "y": y, "x2": x + self.width - GAP, "y2": y + CELL - GAP, "ink": ink}

    def counts(self) -> Iterator[Spec]:
        """Yield the count of each cell that has somebody."""
        for x, y, *pair in self._places():
            if count := self._of(*pair).total:
                text = numbers.count(count)
                yield self._text(text, x + (self.width - GAP) / 2, y + 3 + LINE / 2)

    def shares(self) -> Iterator[Spec]:
        """Yield the share of women in each cell, two points for too few; zero where there is nobody."""
        for x, y, *pair in self._places():
            figures, middle = self._of(*pair), x + (self.width - GAP) / 2
            share = figures.female_share
            if not figures.total:
                yield self._text("0", middle, y + (CELL - GAP) / 2, "muted")
            else:
                text = ".." if share is None else percent(share)
                yield self._text(text, middle, y + 2 + LINE * 1.5)

    def names(self) -> Iterator[Spec]:
        """Yield the names of the origins, and what the cells are, below."""
        for lines, foot in zip(self.name_lines, self.feet, strict=True):
            top = foot - CELL - LINE * len(lines) - 3 if self.above else foot - CELL / 2 - LINE / 2
            for k, line in enumerate(lines):
                yield self._text(line, 1, top + LINE * (k + 0.5))
        for k, line in enumerate(self.said):
            y = self.height - LINE * (len(self.said) - k - 0.5)
            yield self._text(line, 1, y, "muted")

    def heads(self) -> Iterator[Spec]:
        """Yield the names of the destinations, above their columns."""
        for k, lines in enumerate(self.head):
            middle = self.left + k * self.width + (self.width - GAP) / 2
            for place, line in enumerate(lines):
                if self.is_upright:
                    x, y = middle + LINE * (place - (len(lines) - 1) / 2), self.top - 6.0
                else:
                    x, y = middle, self.top - 6 - LINE * (len(lines) - place - 0.5)
                yield self._text(line, x, y, "muted")

    def areas(self) -> Iterator[Area]:
        for x, y, origin, destination in self._places():
            name = f"{self.origin_names[origin]} → {self.names_of[destination]}"
            row = Row((origin, destination), self._of(origin, destination))
            yield Area(x, y, self.width - GAP, CELL - GAP, values.said(name, row))

    @property
    def look_of_heads(self) -> Spec:
        return {"align": "left", "angle": 270} if self.is_upright else {"align": "center"}

    def _room_of_heads(self) -> int:
        """Return how wide a column has to be for names that lie."""
        words = (word for name in self.names_of.values() for word in name.split())
        return max(room(words) + 6, self._room_of_cells())

    def _room_of_cells(self) -> int:
        counts = [numbers.count(figures.total) for figures in self.figures.values()]
        every = numbers.count(sum(figures.total for figures in self.figures.values()))
        return max(room([*counts, every], bold=True), room([percent(99.9)]), 3 * LINE) + 6

    def _with_room(self, columns: Sequence[str]) -> list[str]:
        """Return the columns that have room; where not all have, the last one is of all others."""
        widest = self._room_of_cells()
        fit = max(int((self.canvas.width - self.left + GAP) // widest), 2)
        if len(columns) <= fit:
            return list(columns)
        return [*[code for code in columns if code != OTHERS][: fit - 1], OTHERS]

    def _of(self, origin: str, destination: str) -> Figures:
        """Return the figures of a cell; of all others those of every column that is not drawn."""
        drawn = {*self.columns} - {OTHERS}
        return add_figures(
            (
                figures
                for (row, column), figures in self.figures.items()
                if row == origin
                and (column == destination or (destination == OTHERS and column not in drawn))
            ),
            self.base,
        )

    def _feet(self) -> list[float]:
        """Return where the cells of each origin end."""
        feet, y = [], float(self.top)
        for lines in self.name_lines:
            y += CELL + (LINE * len(lines) + 6 if self.above else 0)
            feet.append(y)
        return feet

    def _places(self) -> Iterator[tuple[float, float, str, str]]:
        """Yield the upper left corner of each cell, its origin and its destination."""
        for origin, foot in zip(self.origins, self.feet, strict=True):
            for k, destination in enumerate(self.columns):
                yield self.left + k * self.width, foot - CELL, origin, destination

    def _text(self, text: str, x: float, y: float, ink: str = "ink") -> Spec:
        return {"text": text, "x": x, "y": y, "ink": self.canvas.colours[ink]}


def _others_last(codes: Iterator[str]) -> list[str]:
    """Return the codes, each once, in their order; what is left over last."""
    return sorted(dict.fromkeys(codes), key=is_rest)
