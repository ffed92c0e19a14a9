"""Charts as Vega-Lite specs, drawn to SVG on the server. Scale from zero; women first."""

from typing import Any

import vl_convert

from reports.published import Row
from reports.structure import Dimension

# Series colours of the design system (static/tokens.css), light and dark.
COLOURS = {
    "light": {
        "F": "#6d3fc0",
        "M": "#b7791f",
        "_OU": "#7d8480",
        "ink": "#181d1c",
        "line": "#dbd8ce",
    },
    "dark": {"F": "#9a78e8", "M": "#dba64d", "_OU": "#939b97", "ink": "#ecebe5", "line": "#353c39"},
}
WIDTHS = {"large": 560, "little": 328}
FONT = "Liberation Sans, Noto Sans, sans-serif"


def draw(spec: dict[str, Any], theme: str) -> bytes:
    """Return the SVG of a spec in the colours of a theme."""
    colours = COLOURS[theme]
    config = {
        "background": None,
        "font": FONT,
        "view": {"stroke": None},
        "axis": {
            "labelColor": colours["ink"],
            "titleColor": colours["ink"],
            "gridColor": colours["line"],
            "domainColor": colours["ink"],
            "tickColor": colours["line"],
            "labelFontSize": 13,
            "titleFontSize": 13,
        },
    }
    return vl_convert.vegalite_to_svg({**spec, "config": config}).encode()


def trend(
    rows: list[Row], dimension: Dimension, language: str, width: int, theme: str
) -> dict[str, Any]:
    """Women and men over time."""
    values = [
        {"period": row.codes[0], "sex": sex, "n": n}
        for row in rows
        for sex, n in (("F", row.figures.f), ("M", row.figures.m))
    ]
    return {
        "width": width - 70,
        "height": 220,
        "data": {"values": values},
        "mark": {"type": "line", "strokeWidth": 2.5, "point": len(rows) < 14},
        "encoding": {
            "x": {
                "field": "period",
                "type": "ordinal",
                "title": None,
                "axis": {"labelAngle": -45, "labelOverlap": True},
            },
            "y": {
                "field": "n",
                "type": "quantitative",
                "title": None,
                "scale": {"zero": True},
                "axis": {"tickCount": 5},
            },
            "color": _by_sex(theme),
            "strokeDash": {
                "field": "sex",
                "scale": {"domain": ["F", "M"], "range": [[1, 0], [6, 3]]},
                "legend": None,
            },
        },
    }


def bars(
    rows: list[Row], dimension: Dimension, language: str, width: int, theme: str
) -> dict[str, Any]:
    """Women and men side by side for each code, in the order given."""
    values = [
        {"code": dimension.label(row.codes[0], language), "sex": sex, "n": n}
        for row in rows
        for sex, n in (("F", row.figures.f), ("M", row.figures.m))
    ]
    order = [dimension.label(row.codes[0], language) for row in rows]
    return {
        "width": width - 190,
        "data": {"values": values},
        "mark": {"type": "bar", "height": {"band": 0.9}},
        "encoding": {
            "y": {
                "field": "code",
                "type": "nominal",
                "sort": order,
                "title": None,
                "axis": {"labelLimit": 170, "ticks": False, "domain": False},
            },
            "yOffset": {"field": "sex", "sort": ["F", "M"]},
            "x": {"field": "n", "type": "quantitative", "title": None, "axis": {"tickCount": 4}},
            "color": _by_sex(theme),
        },
    }


def pyramid(
    rows: list[Row], dimension: Dimension, language: str, width: int, theme: str
) -> dict[str, Any]:
    """Women to the left, men to the right, oldest at the top."""
    values = [
        {"age": dimension.label(row.codes[0], language), "sex": sex, "n": n}
        for row in rows
        for sex, n in (("F", -row.figures.f), ("M", row.figures.m))
    ]
    order = [dimension.label(row.codes[0], language) for row in reversed(rows)]
    return {
        "width": width - 110,
        "height": 28 * len(rows),
        "data": {"values": values},
        "mark": {"type": "bar", "height": {"band": 0.85}},
        "encoding": {
            "y": {
                "field": "age",
                "type": "nominal",
                "sort": order,
                "title": None,
                "axis": {"labelLimit": 120, "ticks": False, "domain": False},
            },
            "x": {
                "field": "n",
                "type": "quantitative",
                "title": None,
                "axis": {"tickCount": 5, "labelExpr": "format(abs(datum.value), ',')"},
            },
            "color": _by_sex(theme),
        },
    }


def _by_sex(theme: str) -> dict[str, Any]:
    colours = COLOURS[theme]
    return {
        "field": "sex",
        "scale": {"domain": ["F", "M"], "range": [colours["F"], colours["M"]]},
        "legend": None,
    }
