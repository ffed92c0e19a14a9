"""The map of regions within the boundaries that the office has loaded."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise

from django.utils.translation import gettext as _

from reports.charts import tiles, values
from reports.charts.drawing import VALUES, Canvas, Spec, in_pixels
from reports.charts.lettering import LETTERS, LINE, room, wrapped
from reports.charts.values import Area
from reports.published import boundaries
from reports.published.boundaries import Boundaries, Polygon
from reports.published.figures import Row
from reports.published.structure import Dimension
from standards.templatetags.words import percent

TALLEST = 1.1  # of the width: a map of a tall country is drawn narrower


def has_map(dimension: Dimension) -> bool:
    """Say whether a map of the codes of a dimension can be drawn."""
    return tiles.has_tiles(dimension) or _of(dimension) is not None


def region_map(rows: Sequence[Row], dimension: Dimension, canvas: Canvas) -> Spec:
    """The share of women by region: in the office's own boundaries where they are loaded, else as tiles."""
    known = _of(dimension)
    if known is None:
        return tiles.tile_map(rows, dimension, canvas)
    places = [item.code for item in dimension.items if item.code in known.regions]
    placed = tiles.of_places(rows, places)
    shapes = _Shapes(known, [row.codes[0] for row in placed], canvas.width)
    texts, unmarked = _with_room(placed, shapes, dimension, canvas.language)
    said = [_("The stronger the colour, the larger the share of women.")]
    rest = [row for row in rows if row.codes[0] not in known.regions and row.figures.total]
    said += [values.in_words(row, dimension) for row in (*unmarked, *rest)]
    said.append(_("Boundaries: %(licence)s") % {"licence": known.licence})
    lines = [line for text in said for line in wrapped(text, canvas.width, LETTERS)]
    height = shapes.height + LINE * len(lines) + 4
    fills = tiles.fills([row.figures.female_share for row in placed], canvas)
    features = [
        {"type": "Feature", "geometry": shapes.geometry(row.codes[0]), "fill": fill}
        for row, fill in zip(placed, fills, strict=True)
    ]
    below = [{"text": t, "x": 1, "y": shapes.height + 12 + LINE * k} for k, t in enumerate(lines)]
    return {
        "width": canvas.width,
        "height": height,
        "padding": {"left": 0, "right": 0, "top": 4, "bottom": 8},
        "layer": [
            {
                "data": {"values": features},
                "projection": {"type": "identity", "scale": 1, "translate": [0, 0]},
                "mark": {"type": "geoshape", "stroke": canvas.colours["edge"], "strokeWidth": 0.75},
                "encoding": {"fill": {"field": "fill", "type": "nominal", "scale": None}},
            },
            *_texts(texts, "center", "ink", (canvas, height)),
            *_texts(below, "left", "muted", (canvas, height)),
        ],
        VALUES: shapes.areas(placed, dimension),
    }


def _texts(texts: Sequence[Spec], align: str, ink: str, on: tuple[Canvas, float]) -> list[Spec]:
    canvas, height = on
    place = in_pixels(canvas.width, height)
    mark = {"type": "text", "align": align, "color": canvas.colours[ink]}
    encoding = {**place, "text": {"field": "text"}}
    return [{"data": {"values": list(texts)}, "mark": mark, "encoding": encoding}]


@dataclass(frozen=True)
class _Box:
    x: float
    y: float
    width: float
    height: float

    def over(self, other: "_Box") -> bool:
        return (
            self.x < other.x + other.width
            and other.x < self.x + self.width
            and self.y < other.y + other.height
            and other.y < self.y + self.height
        )


class _Shapes:
    """The boundaries in pixels: degrees of longitude shortened by the cosine of the latitude in the middle."""

    def __init__(self, known: Boundaries, codes: Sequence[str], width: int) -> None:
        points = [p for polygons in known.regions.values() for q in polygons for r in q for p in r]
        xs, ys = [x for x, _y in points], [y for _x, y in points]
        narrow = math.cos(math.radians((min(ys) + max(ys)) / 2)) or 1.0
        wide = (max(xs) - min(xs)) * narrow or 1.0
        tall = (max(ys) - min(ys)) or 1.0
        self.scale = min(width / wide, TALLEST * width / tall)
        self.narrow, self.west, self.north = narrow, min(xs), max(ys)
        self.height = math.ceil(tall * self.scale) + 8
        self.left = (width - wide * self.scale) / 2
        self.polygons = {code: self._drawn(known.regions[code]) for code in codes}

    def geometry(self, code: str) -> Spec:
        return {"type": "MultiPolygon", "coordinates": self.polygons[code]}

    def box(self, code: str) -> _Box:
        """Return the box around the largest polygon of a region."""
        return _around(self._largest(code))

    def middle(self, code: str) -> tuple[float, float]:
        """Return the centre of gravity of the largest polygon of a region."""
        ring = self._largest(code)
        double, x, y = 0.0, 0.0, 0.0
        for (ax, ay), (bx, by) in pairwise(ring):
            cross = ax * by - bx * ay
            double, x, y = double + cross, x + (ax + bx) * cross, y + (ay + by) * cross
        if not double:
            return ring[0][0], ring[0][1]
        return x / (3 * double), y / (3 * double)

    def _largest(self, code: str) -> list[list[float]]:
        outlines = (polygon[0] for polygon in self.polygons[code])
        return max(outlines, key=lambda ring: (b := _around(ring)).width * b.height)

    def areas(self, rows: Sequence[Row], dimension: Dimension) -> list[Area]:
        """Return a box for each region, the smaller ones first: a city lies in the box of the region around it."""
        boxes = [(self.box(row.codes[0]), values.in_words(row, dimension)) for row in rows]
        boxes.sort(key=lambda found: found[0].width * found[0].height)
        return [Area(box.x, box.y, box.width, box.height, text) for box, text in boxes]

    def _drawn(self, polygons: Iterable[Polygon]) -> list[list[list[list[float]]]]:
        return [
            [
                [
                    [
                        round(self.left + (x - self.west) * self.narrow * self.scale, 1),
                        round((self.north - y) * self.scale, 1),
                    ]
                    for x, y in ring
                ]
                for ring in polygon
            ]
            for polygon in polygons
        ]


def _with_room(
    rows: Sequence[Row], shapes: _Shapes, dimension: Dimension, language: str
) -> tuple[list[Spec], list[Row]]:
    """Return the texts of the regions that have room for their name and share, and the rows that are told below."""
    texts: list[Spec] = []
    unmarked: list[Row] = []
    taken: list[_Box] = []
    for row in sorted(rows, key=lambda row: -shapes.box(row.codes[0]).width):
        box, share = shapes.box(row.codes[0]), row.figures.female_share
        name = dimension.label(row.codes[0], language)
        lines = [*wrapped(name, box.width - 6, LETTERS), ".." if share is None else percent(share)]
        wide, high = room(lines) + 4, LINE * len(lines)
        x, y = shapes.middle(row.codes[0])
        text = _Box(x - wide / 2, y - high / 2, wide, high)
        if wide > box.width or high > box.height or any(text.over(other) for other in taken):
            unmarked.append(row)
            continue
        taken.append(text)
        texts += [
            {"text": line, "x": x, "y": text.y + LINE * (k + 0.5)} for k, line in enumerate(lines)
        ]
    return texts, [row for row in rows if row in unmarked]


def _around(ring: Sequence[Sequence[float]]) -> _Box:
    xs, ys = [x for x, _y in ring], [y for _x, y in ring]
    return _Box(min(xs), min(ys), max(xs) - min(xs), max(ys) - min(ys))


def _of(dimension: Dimension) -> Boundaries | None:
    known = boundaries.current()
    if known and any(item.code in known.regions for item in dimension.items):
        return known
    return None
