"""Charts as Vega-Lite specs, drawn to SVG on the server. Scale from zero; women first.

Each chart is drawn in two widths, so that letters keep their size, and in two themes.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import vl_convert
from django.utils.translation import gettext as _

from reports.charts.findings import compared
from reports.published.figures import MISSING, NORMAL, Row
from reports.published.structure import Dimension
from standards import numbers
from standards.periods import short_period_name
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
        "edge": "#79827d",
    },
}
WIDTHS = {"large": 580, "little": 328}
# As wide on every machine as where the text was measured: all of these share their widths.
FONT = "Arial, Liberation Sans, Helvetica, sans-serif"
LETTERS = 14
SIZE = re.compile(rb'<svg[^>]* width="(\d+)[^"]*" height="(\d+)')
Spec = dict[str, Any]


@dataclass(frozen=True)
class Canvas:
    """What a chart is drawn on: its width in pixels, the colours of the theme, the language."""

    width: int
    colours: Mapping[str, str]
    language: str

    @property
    def wide(self) -> bool:
        return self.width >= WIDTHS["large"]

    @property
    def label(self) -> int:
        """Room in pixels for a name at the left."""
        return 150 if self.wide else 112


DrawFunction = Callable[[Sequence[Row], Dimension, Canvas], Spec]


def draw(spec: Spec, canvas: Canvas) -> bytes:
    """Return the SVG of a spec."""
    colours = canvas.colours
    said = "format(datum.value, ',')"
    if canvas.language != "en":
        said = f"replace({said}, regexp(',', 'g'), '\u00a0')"
    config = {
        "background": None,
        "font": FONT,
        "padding": {"left": 2, "right": 2, "top": 4, "bottom": 2},
        "view": {"stroke": None},
        "text": {"fontSize": LETTERS, "color": colours["muted"]},
        "axis": {
            "labelColor": colours["muted"],
            "gridColor": colours["line"],
            "domainColor": colours["ink"],
            "tickColor": colours["line"],
            "labelFontSize": LETTERS,
            "title": None,
        },
        "axisQuantitative": {"labelExpr": said},
    }
    return vl_convert.vegalite_to_svg({**spec, "config": config}).encode()


def size(drawn: bytes) -> tuple[int, int]:
    """Return width and height of an SVG, so that a page can leave room before it has come."""
    found = SIZE.search(drawn[:400])
    return (int(found[1]), int(found[2])) if found else (0, 0)


def trend(rows: Sequence[Row], dimension: Dimension, canvas: Canvas) -> Spec:
    """Women and men over time, with their names and last numbers at the ends of the lines.

    A line breaks where a delivery is missing, and a mark stands there; the periods that the finding
    compares are underlined.
    """
    axis = _period_axis(rows, canvas)
    whole = [row for row in rows if row.status == NORMAL]
    values = [
        {"period": row.codes[0], "sex": sex, "n": n if row.status == NORMAL else None}
        for row in rows
        for sex, n in _by_sex(row)
    ]
    last = [
        {"period": row.codes[0], "sex": sex, "n": n, "said": [_name(sex), numbers.count(n)]}
        for row in whole[-1:]
        for sex, n in _by_sex(row)
    ]
    x = {"field": "period", "type": "ordinal", "axis": axis, "scale": {"padding": 0.3}}
    y = {
        "field": "n",
        "type": "quantitative",
        "scale": {"zero": True, "nice": True},
        "axis": {"tickCount": 5, "domain": False, "ticks": False, "labelPadding": 8},
    }
    few = len(rows) <= 16 or len(whole) < len(rows)
    ends = {
        "data": {"values": last},
        "encoding": {"x": x, "y": y, "color": _colour(canvas)},
        "layer": [
            {"mark": {"type": "point", "filled": True, "size": 90, "opacity": 1}}
            | {"encoding": {"shape": _shape()}},
            {
                "mark": {
                    "type": "text",
                    "align": "left",
                    "dx": 10,
                    "dy": -4,
                    "fontWeight": 650,
                    "lineHeight": 17,
                    "baseline": "middle",
                },
                "encoding": {"text": {"field": "said"}, "color": _colour(canvas, text=True)},
            },
        ],
    }
    lines = {
        "mark": {"type": "line", "strokeWidth": 2.5},
        "encoding": {"x": x, "y": y, "color": _colour(canvas)},
    }
    points = {
        "mark": {"type": "point", "filled": True, "size": 30, "opacity": 1},
        "encoding": {"x": x, "y": y, "color": _colour(canvas), "shape": _shape()},
    }
    names = max(len(_name(sex)) for sex in ("F", "M"))
    return {
        "width": canvas.width - 70 - 9 * names,  # what the numbers and the names beside it need
        "height": 230,
        "data": {"values": values},
        "layer": [
            *_compared_spans(rows, x, canvas),
            *_missing_periods(rows, x, y, canvas),
            lines,
            *([points] if few else []),
            ends,
        ],
    }


def _compared_spans(rows: Sequence[Row], x: Spec, canvas: Canvas) -> list[Spec]:
    """Underline the whole years that the finding compares."""
    spans = [span for span in compared(rows) if len(span.periods) > 1]
    values = [{"period": s.periods[0], "end": s.periods[-1], "year": s.label} for s in spans]
    if not values:
        return []
    mark = {"type": "rule", "strokeWidth": 5, "color": canvas.colours["edge"], "opacity": 0.5}
    bottom = {"value": 230}
    return [
        {"data": {"values": values}, "mark": mark}
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
        for sex, n in _by_sex(row)
    ]
    rule = {"type": "rule", "strokeDash": [2, 3], "color": canvas.colours["edge"]}
    letter = {"type": "text", "dy": -6, "baseline": "bottom", "color": canvas.colours["ink"]}
    hollow = {"type": "point", "filled": False, "size": 60, "opacity": 1}
    return [
        {"data": {"values": periods}, "mark": rule, "encoding": {"x": x}},
        {"data": {"values": periods}, "mark": letter}
        | {"encoding": {"x": x, "y": {"value": 0}, "text": {"field": "status"}}},
        {"data": {"values": parts}, "mark": hollow}
        | {"encoding": {"x": x, "y": y, "color": _colour(canvas), "shape": _shape()}},
    ]


def pyramid(rows: Sequence[Row], dimension: Dimension, canvas: Canvas) -> Spec:
    """Women to the left, men to the right, the names of the groups between, oldest at the top."""
    groups = [dimension.label(row.codes[0], canvas.language) for row in reversed(rows)]
    largest = max((max(row.figures.f, row.figures.m) for row in rows), default=0) or 1
    middle = 14 + 7 * max((len(group) for group in groups), default=0)
    half = (canvas.width - middle - 30) // 2
    sides = [
        _half(rows, dimension, canvas, sex, groups, largest, half, left=sex == "F")
        for sex in ("F", "M")
    ]
    names = {
        "width": middle,
        "height": {"step": 24},
        "data": {"values": [{"group": group} for group in groups]},
        "mark": {"type": "text", "color": canvas.colours["ink"]},
        "encoding": {
            "y": {"field": "group", "type": "nominal", "sort": groups, "axis": None},
            "text": {"field": "group"},
        },
    }
    return {"spacing": 0, "bounds": "flush", "hconcat": [sides[0], names, sides[1]]}


def bars(rows: Sequence[Row], dimension: Dimension, canvas: Canvas) -> Spec:
    """For each code women to the left and men to the right of one line, in the order given."""
    names = [dimension.label(row.codes[0], canvas.language) for row in rows]
    largest = max((n for row in rows for _sex, n in _by_sex(row)), default=0) or 1
    values = [
        {"name": name, "sex": sex, "n": -n if sex == "F" else n, "said": numbers.count(n)}
        for name, row in zip(names, rows, strict=True)
        for sex, n in _by_sex(row)
    ]
    room = largest * (0.3 if canvas.wide else 0.55)  # for the numbers beside the bars
    encoding: Spec = {
        "y": _named(names, canvas) | {"scale": {"paddingInner": 0.35, "paddingOuter": 0.2}},
        "x": {
            "field": "n",
            "type": "quantitative",
            "axis": None,
            "scale": {"domain": [-largest - room, largest + room]},
        },
        "color": _colour(canvas),
    }
    beside: list[Spec] = [
        {
            "transform": [{"filter": f"datum.sex == '{sex}'"}],
            "mark": {"type": "text", "baseline": "middle", "align": align, "dx": dx},
            "encoding": {"text": {"field": "said"}, "color": {"value": canvas.colours["ink"]}},
        }
        for sex, align, dx in (("F", "right", -6), ("M", "left", 6))
    ]
    return {
        "width": canvas.width - canvas.label - 10,
        "height": {"step": 30},
        "data": {"values": values},
        "encoding": encoding,
        "layer": [{"mark": {"type": "bar"}}, *beside],
    }


def shares(rows: Sequence[Row], dimension: Dimension, canvas: Canvas) -> Spec:
    """The share of women for each code as a dot between none and all; the dotted line is one half."""
    shown = [row for row in rows if row.figures.female_share is not None]
    names = [dimension.label(row.codes[0], canvas.language) for row in shown]
    values = [
        {"name": name, "share": row.figures.female_share, "said": _percent(row)}
        for name, row in zip(names, shown, strict=True)
    ]
    y = _named(names, canvas)
    x = {
        "field": "share",
        "type": "quantitative",
        "scale": {"domain": [0, 100]},
        "axis": {"values": [0, 50, 100], "labelExpr": "datum.value + '%'", "domain": False}
        | {"ticks": False, "grid": False},
    }
    half = {
        "data": {"values": [{"share": 50}]},
        "mark": {"type": "rule", "strokeDash": [2, 3], "color": canvas.colours["edge"]},
        "encoding": {"x": x},
    }
    return {
        "width": canvas.width - canvas.label - 10,
        "height": {"step": 30},
        "data": {"values": values},
        "layer": [
            half,
            {
                "mark": {"type": "rule", "color": canvas.colours["line"], "strokeWidth": 1},
                "encoding": {"y": y, "x": {**x}, "x2": {"datum": 0}},
            },
            {
                "mark": {"type": "point", "filled": True, "size": 130, "opacity": 1}
                | {"color": canvas.colours["F"]},
                "encoding": {"y": y, "x": x},
            },
            {
                "mark": {"type": "text", "align": "left", "dx": 12, "baseline": "middle"}
                | {"color": canvas.colours["ink"]},
                "encoding": {"y": y, "x": x, "text": {"field": "said"}},
            },
        ],
    }


def _half(
    rows: Sequence[Row],
    dimension: Dimension,
    canvas: Canvas,
    sex: str,
    groups: list[str],
    largest: int,
    width: int,
    *,
    left: bool,
) -> Spec:
    values = [
        {"group": dimension.label(row.codes[0], canvas.language), "n": dict(_by_sex(row))[sex]}
        for row in rows
    ]
    return {
        "width": width,
        "height": {"step": 24},
        "title": {
            "text": _name(sex),
            "anchor": "end" if left else "start",
            "color": canvas.colours[f"{sex}-text"],
            "fontSize": LETTERS,
            "fontWeight": 650,
            "offset": 6,
        },
        "data": {"values": values},
        "mark": {"type": "bar", "color": canvas.colours[sex]},
        "encoding": {
            "y": {
                "field": "group",
                "type": "nominal",
                "sort": groups,
                "axis": None,
                "scale": {"paddingInner": 0.12},
            },
            "x": {
                "field": "n",
                "type": "quantitative",
                "sort": "descending" if left else "ascending",
                "scale": {"domain": [0, largest], "nice": True},
                "axis": {"tickCount": 3, "domain": False, "ticks": False},
            },
        },
    }


def _named(names: list[str], canvas: Canvas) -> Spec:
    """The names at the left, one line each, in the order given."""
    axis = {
        "labelLimit": canvas.label,
        "labelColor": canvas.colours["ink"],
        "ticks": False,
        "domain": False,
        "labelPadding": 6,
    }
    return {"field": "name", "type": "nominal", "sort": names, "axis": axis}


def _by_sex(row: Row) -> tuple[tuple[str, int], tuple[str, int]]:
    return ("F", row.figures.f), ("M", row.figures.m)


def _name(sex: str) -> str:
    return {"F": _("Women"), "M": _("Men")}[sex]


def _percent(row: Row) -> str:
    share = row.figures.female_share
    return "" if share is None else percent(share)


def _colour(canvas: Canvas, *, text: bool = False) -> Spec:
    ending = "-text" if text else ""
    colours = [canvas.colours[f"{sex}{ending}"] for sex in ("F", "M")]
    scale = {"domain": ["F", "M"], "range": colours}
    return {"field": "sex", "type": "nominal", "scale": scale, "legend": None}


def _shape() -> Spec:
    scale = {"domain": ["F", "M"], "range": ["circle", "square"]}
    return {"field": "sex", "type": "nominal", "scale": scale, "legend": None}


def _period_axis(rows: Sequence[Row], canvas: Canvas) -> Spec:
    """Periods under the line: as many as there is room for, the last one always."""
    codes = [row.codes[0] for row in rows]
    room = 7 if canvas.wide else 3
    step = -(-len(codes) // room)
    shown = codes[::-1][::step][::-1]
    names = {code: short_period_name(code, canvas.language) for code in shown}
    said = " : ".join(f"datum.value == '{code}' ? '{name}'" for code, name in names.items())
    return {"values": shown, "labelExpr": f"{said} : ''", "labelAngle": 0, "grid": False}
