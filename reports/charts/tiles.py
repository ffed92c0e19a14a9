"""Regions as tiles of equal size, near where they lie: a small region is seen as well as a large one.

Where each tile stands is said beside the code list of the regions (standards/data/local_lists.yaml).
"""

from collections.abc import Sequence

from django.utils.translation import gettext as _

from reports.charts import values
from reports.charts.drawing import VALUES, Canvas, Spec, in_pixels, mixed
from reports.charts.lettering import LETTERS, LINE, room, wrapped
from reports.charts.values import Area
from reports.published.figures import Figures, Row
from reports.published.structure import Dimension
from standards import codelists, numbers
from standards.templatetags.words import percent

GAP, MARGIN = 4, 8  # pixels between tiles, and inside one
FAINT, STRONG = 0.1, 0.5  # how much of the colour of women a tile has: ink is read on either
SMALLEST = 11  # pixels of letters, where a word is wider than its tile


def has_tiles(dimension: Dimension) -> bool:
    """Say whether the codes of a dimension have places on the map of tiles."""
    return any(item.code in codelists.tiles() for item in dimension.items)


def tile_map(rows: Sequence[Row], dimension: Dimension, canvas: Canvas) -> Spec:
    """The share of women by region: a tile for each, the stronger its colour, the larger the share.

    What lies in no region, such as not stated, stands below as text.
    """
    places = [item.code for item in dimension.items if item.code in codelists.tiles()]
    grid = _Grid(of_places(rows, places), dimension, canvas)
    rest = [r for r in rows if r.codes[0] not in codelists.tiles() and r.figures.total]
    said = [_("The stronger the colour, the larger the share of women.")]
    said += [values.in_words(row, dimension) for row in rest]
    lines = [line for text in said for line in wrapped(text, canvas.width, LETTERS)]
    width, height = canvas.width, grid.height + LINE * len(lines)
    below = [_text(line, 1, grid.height + 4 + LINE * k) for k, line in enumerate(lines)]
    place = in_pixels(width, height)
    colour = {"field": "fill", "type": "nominal", "scale": None}
    ends = {name: {"field": name} for name in ("x2", "y2")}
    return {
        "width": width,
        "height": height,
        "padding": {"left": 0, "right": 0, "top": 4, "bottom": 8},
        "data": {"values": grid.tiles()},
        "layer": [
            {"mark": "rect", "encoding": {**place, **ends, "color": colour}},
            *(
                {
                    "data": {"values": texts},
                    "mark": {"type": "text", "align": "left", "baseline": "top", **look},
                    "encoding": {**place, "text": {"field": "text"}},
                }
                for texts, look in (
                    (grid.names(), _look(canvas, letters=grid.letters)),
                    (grid.shares(), _look(canvas, weight="bold")),
                    (grid.totals(), _look(canvas)),
                    (below, _look(canvas, ink="muted")),
                )
            ),
        ],
        VALUES: grid.areas(),
    }


def of_places(rows: Sequence[Row], codes: Sequence[str]) -> list[Row]:
    """Return a row for each region, in the order of the codes: one that has no row has nobody."""
    found = {row.codes[0]: row for row in rows}
    base = rows[0].figures.base if rows else 0
    return [found.get(code) or Row((code,), Figures(0, 0, 0, base)) for code in codes]


class _Grid:
    """Where the tiles of a map lie, and what stands on them."""

    def __init__(self, rows: Sequence[Row], dimension: Dimension, canvas: Canvas) -> None:
        self.rows, self.dimension, self.canvas = rows, dimension, canvas
        self.places = [codelists.tiles()[row.codes[0]] for row in rows]
        columns = max(column for column, _row in self.places) + 1
        self.width = (canvas.width + GAP) / columns - GAP
        inside = self.width - 2 * MARGIN
        names = [dimension.label(row.codes[0], canvas.language) for row in rows]
        widest = room(word for name in names for word in name.split())
        self.letters = max(SMALLEST, min(LETTERS, int(LETTERS * inside / max(widest, 1))))
        self.lines = [list(wrapped(name, inside, self.letters)) for name in names]
        self.tall = LINE * (max(map(len, self.lines)) + 2) + 2 * MARGIN
        self.height = (max(row for _column, row in self.places) + 1) * (self.tall + GAP)

    def tiles(self) -> list[Spec]:
        """Return the tiles with their colours."""
        shares = [row.figures.female_share for row in self.rows]
        return [
            {"x": x, "y": y, "x2": x + self.width, "y2": y + self.tall, "fill": fill}
            for (x, y), fill in zip(self._corners(), fills(shares, self.canvas), strict=True)
        ]

    def names(self) -> list[Spec]:
        return [
            _text(line, x + MARGIN, y + MARGIN + LINE * k)
            for (x, y), lines in zip(self._corners(), self.lines, strict=True)
            for k, line in enumerate(lines)
        ]

    def shares(self) -> list[Spec]:
        """Return the share of women of each tile."""
        shares = (row.figures.female_share for row in self.rows)
        return self._at_the_foot([".." if s is None else percent(s) for s in shares], 2)

    def totals(self) -> list[Spec]:
        """Return how many all of a tile are, below the share."""
        return self._at_the_foot([numbers.count(row.figures.total) for row in self.rows], 1)

    def _at_the_foot(self, texts: Sequence[str], line: int) -> list[Spec]:
        """Return a text for each tile, so many lines above its lower edge."""
        return [
            _text(text, x + MARGIN, y + self.tall - MARGIN - line * LINE)
            for (x, y), text in zip(self._corners(), texts, strict=True)
        ]

    def areas(self) -> list[Area]:
        return [
            Area(x, y, self.width, self.tall, values.in_words(row, self.dimension))
            for (x, y), row in zip(self._corners(), self.rows, strict=True)
        ]

    def _corners(self) -> list[tuple[float, float]]:
        return [
            (column * (self.width + GAP), row * (self.tall + GAP)) for column, row in self.places
        ]


def fills(shares: Sequence[float | None], canvas: Canvas) -> list[str]:
    """Return the colour of each region; the scale lies between the smallest and the largest share."""
    stated = [share for share in shares if share is not None]
    least, most = min(stated, default=0.0), max(stated, default=0.0)
    spread = most - least
    return [
        canvas.colours["line"]
        if share is None
        else mixed("F", _weight((share - least) / spread if spread else 0.5), canvas)
        for share in shares
    ]


def _weight(part: float) -> float:
    return FAINT + part * (STRONG - FAINT)


def _look(
    canvas: Canvas, *, letters: int = LETTERS, weight: str = "normal", ink: str = "ink"
) -> Spec:
    return {"fontSize": letters, "fontWeight": weight, "color": canvas.colours[ink]}


def _text(text: str, x: float, y: float) -> Spec:
    return {"text": text, "x": x, "y": y}
