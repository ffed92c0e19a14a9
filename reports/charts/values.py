"""The values of a chart, each with the part of the picture that stands for it.

They are written into the drawing as invisible areas with titles: a browser that shows the drawing by itself tells
them under the pointer, and the script of the pages (static/js/values.js) reads them for pointer and arrow keys.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from xml.sax.saxutils import escape

from django.utils.translation import gettext as _

from reports.charts.findings import label_of
from reports.charts.year_before import Earlier
from reports.published.figures import Row
from reports.published.structure import Dimension
from standards import numbers
from standards.sex import Figures

PADDING = 0.3  # of a step, before the first and after the last period of a line


@dataclass(frozen=True)
class Area:
    """An area of a picture in pixels from the corner of its plot, and what it stands for, in words."""

    x: float
    y: float
    width: float
    height: float
    text: str


def in_words(row: Row, dimension: Dimension, before: Earlier | None = None) -> str:
    """Return the figures of a row in one line, beside those of the year before."""
    text = said(label_of(dimension, row.codes[0]), row)
    earlier = before.rows.get(row.codes[0]) if before else None
    if row.gap or earlier is None or earlier.gap:
        return text
    return _("%(text)s; a year before: %(figures)s") % {
        "text": text,
        "figures": counted(earlier.figures),
    }


def said(name: str, row: Row) -> str:
    """Return the figures of a row in one line after a name."""
    if row.gap:
        return _("%(name)s: no figure yet") % {"name": name}
    return _("%(name)s: %(figures)s") % {"name": name, "figures": counted(row.figures)}


def rows_below(texts: Sequence[str], left: float, width: float, height: float) -> list[Area]:
    """Return areas below each other that fill a plot; `left` of it the names of the rows stand."""
    step = height / max(len(texts), 1)
    return [Area(-left, k * step, left + width, step, text) for k, text in enumerate(texts)]


def periods_beside(texts: Sequence[str], width: float, height: float) -> list[Area]:
    """Return areas beside each other, each around a period of a line (a scale of points of Vega with PADDING)."""
    step = width / (len(texts) - 1 + 2 * PADDING)
    found = []
    for k, text in enumerate(texts):
        begin, end = (max(0.0, min(width, step * (k + PADDING + side))) for side in (-0.5, 0.5))
        found.append(Area(begin, 0, end - begin, height, text))
    return found


def written(areas: Iterable[Area], padding: Mapping[str, float]) -> str:
    """Return areas as SVG."""
    drawn = "".join(
        f'<rect x="{a.x:.1f}" y="{a.y:.1f}" width="{a.width:.1f}" height="{a.height:.1f}">'
        f"<title>{escape(a.text)}</title></rect>"
        for a in areas
    )
    corner = f"translate({padding['left']},{padding['top']})"
    return f'<g class="values" fill="none" pointer-events="all" transform="{corner}">{drawn}</g>'


def counted(figures: Figures) -> str:
    """Return women and men in one line, with the share of women where there is one."""
    words = {"women": numbers.count(figures.f), "men": numbers.count(figures.m)}
    if figures.female_share is None:
        return _("women %(women)s, men %(men)s") % words
    words["share"] = numbers.share(figures.female_share)
    return _("women %(women)s (%(share)s%%), men %(men)s") % words
