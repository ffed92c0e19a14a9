"""Charts as Vega-Lite specs, drawn to SVG on the server. Scale from zero; women first.

Each chart is drawn in two widths, so that letters keep their size, and in two themes. The letters are
those of the page: the picture names the faces of static/css/tokens.css and holds none of its own, so a
chart looks like the text around it and weighs little. Which of the faces a reader has is not known here;
so room is left for the widest (`room`), and nothing is left to the measuring of the drawing library:
every picture is exactly as wide as its canvas.
"""

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import ceil, floor, log10
from typing import Any

from django.utils.translation import gettext as _

from reports.charts import values
from reports.charts.lettering import FONT, LETTERS, LINE, room, wrapped
from reports.published.figures import Row
from reports.published.structure import Dimension
from standards import numbers
from standards.templatetags.words import percent

# Series colours of the design system (static/css/tokens.css), light and dark.
COLOURS = {
    "light": {
        "F": "#6d3fc0",
        "M": "#b7791f",
        "F-text": "#6236b3",
        "M-text": "#85560b",
        "ink": "#181d1c",
        "muted": "#565e5b",
        "line": "#dbd8ce",
        "paper": "#faf9f5",
        "edge": "#868c88",
    },
    "dark": {
        "F": "#9a78e8",
        "M": "#dba64d",
        "F-text": "#bda4f5",
        "M-text": "#e3b465",
        "ink": "#ecebe5",
        "muted": "#a7afab",
        "line": "#353c39",
        "paper": "#131716",
        "edge": "#79827d",
    },
}
WIDTHS = {"large": 580, "little": 328}
BESIDE = 0.36  # of the width: longer names stand above what they name, not beside it
VALUES = "values"  # of a spec: what the parts of its picture stand for (`reports.charts.values`)
Spec = dict[str, Any]


@dataclass(frozen=True)
class Canvas:
    """What a chart is drawn on: its width in pixels, the colours of the theme, the language."""

    width: int
    colours: Mapping[str, str]
    language: str


# Of rows, their dimension and a canvas; kinds that compare take the figures of the year before too.
DrawFunction = Callable[..., Spec]


def draw(spec: Spec, canvas: Canvas) -> bytes:
    """Return the SVG of a spec, with its values (VALUES) as areas over the picture."""
    import vl_convert  # a drawing program: loaded where something is drawn

    colours = canvas.colours
    config = {
        "background": None,
        "font": FONT,
        "view": {"stroke": None},
        "text": {"fontSize": LETTERS, "color": colours["ink"], "baseline": "middle"},
        "axis": {
            "labelColor": colours["muted"],
            "gridColor": colours["line"],
            "domainColor": colours["ink"],
            "tickColor": colours["line"],
            "labelFontSize": LETTERS,
            "labelOverlap": False,
            "title": None,
        },
        "axisQuantitative": {"domain": False, "ticks": False},
        "scale": {"zero": False},  # every domain is said, and begins at zero
    }
    areas = spec.get(VALUES, ())
    spec = {key: value for key, value in spec.items() if key != VALUES}
    svg = vl_convert.vegalite_to_svg({**spec, "autosize": "none", "config": config})
    end = svg.rindex("</svg>")
    return f"{svg[:end]}{values.written(areas, spec['padding'])}</svg>".encode()


def size(spec: Spec) -> tuple[int, int]:
    """Return width and height of the picture that `draw` makes of a spec, in pixels.

    Nothing is drawn for it: a page leaves room for pictures that come later, or never.
    """
    padding = spec["padding"]
    return (
        ceil(spec["width"] + padding["left"] + padding["right"]),
        ceil(spec["height"] + padding["top"] + padding["bottom"]),
    )


def bars(rows: Sequence[Row], dimension: Dimension, canvas: Canvas) -> Spec:
    """For each code women to the left and men to the right of one line, in the order given."""
    lines = Lines(rows, dimension, canvas)
    women, men = [row.figures.f for row in rows], [row.figures.m for row in rows]
    before, after = (room(map(numbers.count, counts)) + 8 for counts in (women, men))
    most = max(women, default=0), max(men, default=0)
    person = (lines.width - before - after) / (sum(most) or 1)  # pixels
    scale = {"domain": [-most[0] - before / person, most[1] + after / person]}
    x = {"field": "n", "type": "quantitative", "axis": None, "scale": scale}
    counted = [
        {"name": name, "sex": sex, "n": -n if sex == "F" else n, "said": numbers.count(n)}
        for name, row in zip(lines.names, rows, strict=True)
        for sex, n in by_sex(row)
    ]
    mark = {"type": "bar", "height": 19, "yOffset": lines.down}
    drawn = {"mark": mark, "encoding": {"x": x, "y": lines.y, "color": colour(canvas)}}
    beside = [
        {
            "transform": [{"filter": f"datum.sex == '{sex}'"}],
            "mark": {"type": "text", "align": align, "dx": dx, "dy": lines.down},
            "encoding": {"x": x, "y": lines.y, "text": {"field": "said"}},
        }
        for sex, align, dx in (("F", "right", -6), ("M", "left", 6))
    ]
    return lines.spec(counted, [drawn, *beside])


def shares(rows: Sequence[Row], dimension: Dimension, canvas: Canvas) -> Spec:
    """The share of women for each code as a dot; the dotted line is one half."""
    stated = [row for row in rows if row.figures.female_share is not None]
    lines = Lines(stated, dimension, canvas, below=26)
    drawn = [
        {
            "name": name,
            "share": row.figures.female_share,
            "said": percent(row.figures.female_share or 0),
        }
        for name, row in zip(lines.names, stated, strict=True)
    ]
    x = _share_scale(stated, room(str(value["said"]) for value in drawn) + 14, lines.width)
    y, colours = lines.y, canvas.colours
    offset = {"yOffset": lines.down}
    dotted = {"type": "rule", "strokeDash": [2, 3], "color": colours["edge"]}
    stem = {"type": "rule", "color": colours["line"], "strokeWidth": 1, **offset}
    dot = {
        "type": "point",
        "filled": True,
        "size": 130,
        "opacity": 1,
        "color": colours["F"],
        **offset,
    }
    text = {"type": "text", "align": "left", "dx": 12, "dy": lines.down}
    return lines.spec(
        drawn,
        [
            {"data": {"values": [{"share": 50}]}, "mark": dotted, "encoding": {"x": x}},
            {"mark": stem, "encoding": {"y": y, "x": x, "x2": {"datum": 0}}},
            {"mark": dot, "encoding": {"y": y, "x": x}},
            {"mark": text, "encoding": {"y": y, "x": x, "text": {"field": "said"}}},
        ],
    )


def _share_scale(rows: Sequence[Row], beside: float, width: float) -> Spec:
    """Return the scale of dots: from zero to where the largest share and one half have room, not to all.

    beside: pixels that the text beside a dot needs.
    """
    largest = max((row.figures.female_share or 0 for row in rows), default=0)
    # Half of the text at a tick: that of 100 % is wider than the others.
    half = {n: room([_whole_percent(n)]) / 2 + 2 for n in range(0, 101, 25)}
    end = max(50 / (1 - half[50] / width), largest / (1 - beside / width))
    every = 25 if 25 * width / end > 2 * half[50] + 12 else 50
    ticks = [n for n in range(0, 101, every) if n <= end * (1 - half[n] / width) + 0.1]
    axis = {"values": ticks, "grid": False, **axis_labels(map(_whole_percent, ticks))}
    return {"field": "share", "type": "quantitative", "scale": {"domain": [0, end]}, "axis": axis}


class Lines:
    """Rows below each other, each with its name at the left, or above it where names are long."""

    def __init__(
        self, rows: Sequence[Row], dimension: Dimension, canvas: Canvas, below: int = 4
    ) -> None:
        self.names = [dimension.label(row.codes[0], canvas.language) for row in rows]
        self.said = [values.in_words(row, dimension) for row in rows]
        longest = room(self.names)
        self.above = longest > BESIDE * canvas.width
        self.left = 10 if self.above else longest + 8
        self.width = canvas.width - self.left
        self.lines = [
            list(wrapped(name, canvas.width - 4, LETTERS)) if self.above else [name]
            for name in self.names
        ]
        more = LINE * (max(map(len, self.lines), default=1) - 1)  # pixels that further lines need
        # From the middle of a row to what is drawn.
        self.down = LINE // 2 + 2 + more // 2 if self.above else 0
        self.step, self.below = (46 + more if self.above else 30), below
        self.y: Spec = {"field": "name", "type": "nominal", "sort": self.names, "axis": None}
        self.y["scale"] = {"padding": 0}

    def spec(self, drawn: Sequence[Spec], layers: Sequence[Spec]) -> Spec:
        """Return the chart: the names, and what is drawn in each row."""
        align = "left" if self.above else "right"
        names = [
            {
                "data": {"values": self._line_above(up)},
                "mark": {"type": "text", "align": align, "dy": self._above(up)},
                "encoding": {"x": {"value": -8}, "y": self.y, "text": {"field": "line"}},
            }
            for up in range(max(map(len, self.lines), default=0))
        ]
        height = self.step * len(self.names)
        return {
            "width": self.width,
            "height": height,
            "padding": {"left": self.left, "right": 0, "top": 4, "bottom": self.below},
            "data": {"values": list(drawn)},
            "layer": [*layers, *names],
            VALUES: values.rows_below(self.said, self.left, self.width, height),
        }

    def _line_above(self, up: int) -> list[Spec]:
        """Return the line of each name that stands so many lines above its last one."""
        named = zip(self.names, self.lines, strict=True)
        return [{"name": name, "line": lines[-1 - up]} for name, lines in named if len(lines) > up]

    def _above(self, up: int) -> int:
        return self.down - LINE - 5 - LINE * up if self.above else 0


def in_pixels(width: float, height: float) -> Spec:
    """Return the encoding of x and y as pixels from the upper left corner of a plot."""
    scale = {"x": {"domain": [0, width]}, "y": {"domain": [height, 0]}}
    return {
        name: {"field": name, "type": "quantitative", "axis": None, "scale": scale[name]}
        for name in ("x", "y")
    }


def mixed(name: str, weight: float, canvas: Canvas) -> str:
    """Return the colour of paper with so much (0 to 1) of another colour of the theme."""

    def channels(colour: str) -> tuple[int, ...]:
        return tuple(int(colour[k : k + 2], 16) for k in (1, 3, 5))

    paper, other = (channels(canvas.colours[key]) for key in ("paper", name))
    channel = (round(p + weight * (o - p)) for p, o in zip(paper, other, strict=True))
    return "#" + "".join(f"{number:02x}" for number in channel)


def outline_legend(text: str, at: tuple[float, float], canvas: Canvas) -> list[Spec]:
    """What an outline is, centred at a place in pixels: a small outline, and the text."""
    left, width = at[0] - room([text]) / 2 - 11, 16
    box = {"type": "rect", "filled": False, "stroke": canvas.colours["ink"]}
    place = {"x": left - width / 2, "x2": left + width / 2, "y": at[1] - 6, "y2": at[1] + 5}
    mark = {"type": "text", "text": text, "align": "left", "color": canvas.colours["muted"]}
    return [
        {
            "data": {"values": [{}]},
            "mark": box,
            "encoding": {key: {"value": value} for key, value in place.items()},
        },
        {
            "data": {"values": [{}]},
            "mark": mark,
            "encoding": {"x": {"value": left + width / 2 + 6}, "y": {"value": at[1]}},
        },
    ]


def dotted_legend(text: str, y: float, canvas: Canvas) -> list[Spec]:
    """What dotted lines are, at the left of a height in pixels."""
    rule = {"type": "rule", "strokeDash": [3, 3], "strokeWidth": 1.5}
    rule["color"] = canvas.colours["muted"]
    mark = {"type": "text", "text": text, "align": "left", "color": canvas.colours["muted"]}
    place = {"x": {"value": 0}, "x2": {"value": 24}, "y": {"value": y}}
    return [
        {"data": {"values": [{}]}, "mark": rule, "encoding": place},
        {"data": {"values": [{}]}, "mark": mark}
        | {"encoding": {"x": {"value": 32}, "y": {"value": y}}},
    ]


def text_of_sex(text: str, at: tuple[float, float], sex: str, canvas: Canvas, align: str) -> Spec:
    """A text in the colour of a sex at a place in pixels."""
    mark = {"type": "text", "text": text, "align": align, "fontWeight": 650}
    mark["color"] = canvas.colours[f"{sex}-text"]
    place = {"x": {"value": at[0]}, "y": {"value": at[1]}}
    return {"data": {"values": [{}]}, "mark": mark, "encoding": place}


def round_ticks(largest: int, about: int) -> list[int]:
    """Return round counts from zero to the first that is not below the largest, in so many steps at most."""
    step = max(largest / about, 1)
    power = 10 ** floor(log10(step))
    step = next(power * factor for factor in (1, 2, 5, 10) if power * factor >= step)
    return list(range(0, max(ceil(largest / step), 1) * step + 1, step))


def axis_labels(texts: Iterable[str]) -> Spec:
    """What stands at the values of an axis, one text for each."""
    written = list(texts)
    ranks = max(len(written) - 1, 1)
    return {"labelExpr": f"{json.dumps(written)}[round(datum.index * {ranks})]"}


def by_sex(row: Row) -> tuple[tuple[str, int], tuple[str, int]]:
    return ("F", row.figures.f), ("M", row.figures.m)


def sex_name(sex: str) -> str:
    return {"F": _("Women"), "M": _("Men")}[sex]


def _whole_percent(number: int) -> str:
    return _("%(share)s%%") % {"share": number}


def colour(canvas: Canvas) -> Spec:
    scale = {"domain": ["F", "M"], "range": [canvas.colours[sex] for sex in ("F", "M")]}
    return {"field": "sex", "type": "nominal", "scale": scale, "legend": None}


def shape() -> Spec:
    scale = {"domain": ["F", "M"], "range": ["circle", "square"]}
    return {"field": "sex", "type": "nominal", "scale": scale, "legend": None}
