"""What comes in and what goes out, by region: the same bars for women and for men beside each other."""

from collections.abc import Iterator, Sequence

from reports.charts.drawing import BESIDE, VALUES, Canvas, Spec, in_pixels, sex_name, text_of_sex
from reports.charts.findings import label_of
from reports.charts.lettering import LINE, room
from reports.charts.values import Area, counted
from reports.published.figures import Figures, Row
from reports.published.structure import Dimension, Structure
from standards import numbers

IN, OUT = (
    "IN",
    "OUT",
)  # the codes of a dimension that tells directions (standards/data/codelists.yaml)
BAR, GAP = 15, 24  # pixels: the height of a bar, and between the women and the men
KEY = 24  # pixels from the sign of a key to its text
Pair = tuple[Figures, Figures]


def direction_of(structure: Structure) -> Dimension | None:
    """Return the dimension that tells what comes in from what goes out, if there is one."""
    told = (d for d in structure.dimensions if {IN, OUT} <= d.by_code.keys())
    return next(told, None)


def pairs(rows: Sequence[Row]) -> dict[str, Pair]:
    """Return the figures in and out by region, from rows by region and direction."""
    by_code: dict[str, dict[str, Figures]] = {}
    for row in rows:
        by_code.setdefault(row.codes[0], {})[row.codes[1]] = row.figures
    nothing = Figures(0, 0, 0, rows[0].figures.base if rows else 0)
    return {c: (f.get(IN, nothing), f.get(OUT, nothing)) for c, f in by_code.items()}


def flows(
    rows: Sequence[Row], dimension: Dimension, canvas: Canvas, *, direction: Dimension
) -> Spec:
    """For each region a filled bar of what comes in, an outline of what goes out, and the difference; by sex."""
    names = [direction.label(code, canvas.language) for code in (IN, OUT)]
    lines = _Lines(pairs(rows), dimension, canvas, names)
    place = in_pixels(lines.width, lines.height)
    ends = {name: {"field": name} for name in ("x2", "y2")}
    colour = {"color": {"field": "fill", "type": "nominal", "scale": None}}
    ink = canvas.colours["ink"]
    outline = {"type": "rect", "filled": False, "stroke": ink, "strokeWidth": 1.25}
    return {
        "width": lines.width,
        "height": lines.height,
        "padding": {"left": 0, "right": 0, "top": 2 * LINE, "bottom": 8},
        "data": {"values": lines.bars(0)},
        "layer": [
            {"mark": "rect", "encoding": {**place, **ends, **colour}},
            {"data": {"values": lines.bars(1)}, "mark": outline, "encoding": {**place, **ends}},
            *_key(names, lines, canvas, (place, ends)),
            *(
                {
                    "data": {"values": texts},
                    "mark": {"type": "text", "align": "left", "limit": canvas.width},
                    "encoding": {**place, "text": {"field": "text"}},
                }
                for texts in (lines.names(), lines.differences())
            ),
            *(
                text_of_sex(sex_name(sex), (lines.begin(k), 8 - LINE), sex, canvas, "left")
                for k, sex in enumerate("FM")
            ),
        ],
        VALUES: lines.areas(names),
    }


def of_flows(rows: Sequence[Row], dimension: Dimension, *, direction: Dimension, text: str) -> str:
    """Return what comes into the region with the most, and what goes out of it; `text` has the places."""
    found = pairs(rows)
    code = max(found, key=lambda code: sum(f.total for f in found[code]))
    return text % {
        "name": label_of(dimension, code),
        "first": _lower(label_of(direction, IN)),
        "in": numbers.count(found[code][0].total),
        "second": _lower(label_of(direction, OUT)),
        "out": numbers.count(found[code][1].total),
    }


class _Lines:
    """Where the bars of each region lie: names at the left, or above where they are long."""

    def __init__(
        self, found: dict[str, Pair], dimension: Dimension, canvas: Canvas, ways: Sequence[str]
    ) -> None:
        self.found, self.canvas, self.width = found, canvas, canvas.width
        self.labels = [dimension.label(code, canvas.language) for code in found]
        longest = room(self.labels)
        self.above = longest > BESIDE / 1.5 * canvas.width
        self.left = 0 if self.above else longest + 8
        self.step = 46 if self.above else 30
        self.key = key_lines(ways, canvas)
        self.height = self.step * len(found) + LINE * len(self.key) + 14
        self.panel = (canvas.width - self.left - GAP) / 2
        most = max((n for k in (0, 1) for pair in self._sexes(k) for n in pair), default=0) or 1
        beside = room(text["text"] for text in self.differences(place=False)) + 6
        self.person = (self.panel - beside) / most

    def begin(self, sex: int) -> float:
        """Return where the bars of women (0) or men (1) begin."""
        return self.left + sex * (self.panel + GAP)

    def bars(self, way: int) -> list[Spec]:
        """Return the bars of what comes in (0) or goes out (1)."""
        return [
            {
                "x": self.begin(sex),
                "x2": self.begin(sex) + pair[way] * self.person,
                "y": y - BAR / 2,
                "y2": y + BAR / 2,
                "fill": self.canvas.colours["FM"[sex]],
            }
            for sex in (0, 1)
            for pair, y in zip(self._sexes(sex), self._heights(), strict=True)
        ]

    def names(self) -> list[Spec]:
        up = BAR + 5 if self.above else 0
        pairs_of = zip(self.labels, self._heights(), strict=True)
        return [{"text": name, "x": 0, "y": y - up} for name, y in pairs_of]

    def differences(self, *, place: bool = True) -> list[Spec]:
        """Return how many more come in than go out, at the ends of the bars."""
        return [
            {
                "text": _signed(pair[0] - pair[1]),
                "x": self.begin(sex) + max(pair) * self.person + 6 if place else 0,
                "y": y,
            }
            for sex in (0, 1)
            for pair, y in zip(self._sexes(sex), self._heights(), strict=True)
        ]

    def areas(self, ways: Sequence[str]) -> list[Area]:
        return [
            Area(0, k * self.step, self.width, self.step, f"{name}. {_in_words(pair, ways)}")
            for k, (name, pair) in enumerate(zip(self.labels, self.found.values(), strict=True))
        ]

    def _heights(self) -> Iterator[float]:
        down = self.step - BAR / 2 - 4 if self.above else self.step / 2
        return (k * self.step + down for k in range(len(self.found)))

    def _sexes(self, sex: int) -> list[tuple[int, int]]:
        """Return what comes in and goes out of women (0) or men (1), by region."""
        both = ([(f.f, f.m)[sex] for f in pair] for pair in self.found.values())
        return [(came, went) for came, went in both]


def key_lines(names: Sequence[str], canvas: Canvas) -> list[list[float]]:
    """Return where the entries of the key begin, by line: below each other where both do not fit on one."""
    second = KEY + room(names[:1]) + 16
    beside = second + KEY + room(names[1:]) <= canvas.width
    return [[0.0, second]] if beside else [[0.0], [0.0]]


def _key(
    names: Sequence[str], lines: _Lines, canvas: Canvas, fields: tuple[Spec, Spec]
) -> list[Spec]:
    """What filled bars and outlines are, below the bars."""
    place, ends = fields
    top = lines.height - LINE * len(lines.key) + LINE / 2 - 2
    corners = [(x, top + LINE * k) for k, line in enumerate(lines.key) for x in line]
    boxes = [{"x": x, "x2": x + 16, "y": y - 6, "y2": y + 5} for x, y in corners]
    fill = {"type": "rect", "color": canvas.colours["muted"]}
    line = {"type": "rect", "filled": False, "stroke": canvas.colours["ink"], "strokeWidth": 1.25}
    texts = [
        {"text": name, "x": x + KEY, "y": y} for name, (x, y) in zip(names, corners, strict=True)
    ]
    mark = {"type": "text", "align": "left", "color": canvas.colours["muted"]}
    return [
        {"data": {"values": boxes[:1]}, "mark": fill, "encoding": {**place, **ends}},
        {"data": {"values": boxes[1:]}, "mark": line, "encoding": {**place, **ends}},
        {"data": {"values": texts}, "mark": mark}
        | {"encoding": {**place, "text": {"field": "text"}}},
    ]


def _signed(number: int) -> str:
    if not number:
        return "0"
    return ("+" if number > 0 else "−") + numbers.count(abs(number))


def _in_words(pair: Pair, ways: Sequence[str]) -> str:
    return "; ".join(f"{way}: {counted(f)}" for way, f in zip(ways, pair, strict=True))


def _lower(text: str) -> str:
    return text[:1].lower() + text[1:]
