"""A chart as a picture that travels alone: on paper, with what it says above it and where it is from below it."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from xml.sax.saxutils import escape, quoteattr

from reports.charts.drawing import FONT, Canvas
from reports.charts.lettering import wrapped

MARGIN = 24  # pixels around the picture
TITLE, SMALL = 20, 13  # pixels of letters
SCALE = 2  # pixels of a PNG for each of the picture, for screens that have twice as many
HEAD = re.compile(r'<svg [^>]*width="(\d+)" height="(\d+)"')


@dataclass(frozen=True)
class Caption:
    """What stands around a chart: its finding, what is counted, and the source with its release."""

    finding: str
    of: str
    source: str


def png(svg: str, caption: Caption, canvas: Canvas) -> bytes:
    """Return a drawing with its caption as a PNG, two pixels for each pixel of the canvas."""
    import vl_convert  # a drawing program: loaded where something is drawn

    return bytes(vl_convert.svg_to_png(framed(svg, caption, canvas), scale=SCALE))


def framed(svg: str, caption: Caption, canvas: Canvas) -> str:
    """Return the SVG of a drawing (that of `drawing.draw`) on paper, between its caption and its source."""
    head = HEAD.match(svg)
    width, height = map(int, head.groups()) if head else (canvas.width, 0)
    texts: list[str] = []
    y = float(MARGIN)
    for text, letters, colour, bold in (
        (caption.finding, TITLE, "ink", True),
        (caption.of, SMALL, "muted", False),
    ):
        y = _add(
            texts, wrapped(text, width, letters, bold=bold), y, (letters, colour, bold), canvas
        )
    top = y + 8
    y = _add(
        texts,
        wrapped(caption.source, width, SMALL),
        top + height + 12,
        (SMALL, "muted", False),
        canvas,
    )
    whole = (width + 2 * MARGIN, round(y) + MARGIN)
    inside = svg.replace("<svg ", f'<svg x="{MARGIN}" y="{top:.0f}" ', 1)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{whole[0]}" height="{whole[1]}">'
        f'<rect width="100%" height="100%" fill="{canvas.colours["paper"]}"/>'
        f"<g font-family={quoteattr(FONT)}>{''.join(texts)}</g>{inside}</svg>"
    )


def _add(
    texts: list[str],
    lines: Iterable[str],
    y: float,
    looks: tuple[int, str, bool],
    canvas: Canvas,
) -> float:
    """Add lines below a height; return the height below them."""
    letters, colour, bold = looks
    for line in lines:
        y += letters * 1.3
        weight = ' font-weight="bold"' if bold else ""
        texts.append(
            f'<text x="{MARGIN}" y="{y - letters * 0.3:.1f}" font-size="{letters}"{weight}'
            f' fill="{canvas.colours[colour]}">{escape(line)}</text>'
        )
    return y + 4
