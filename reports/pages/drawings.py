"""Charts as files: one picture of one kind, for the question that its address asks."""

from dataclasses import dataclass
from typing import IO

from django.contrib.auth.decorators import login_not_required
from django.http import Http404, HttpRequest, HttpResponseBase
from django.utils.translation import override
from django.views.decorators.http import require_safe

from reports.charts.drawing import COLOURS, WIDTHS, Canvas, draw
from reports.charts.framed import Caption, png
from reports.charts.kind import Kind
from reports.charts.kinds import MAP, kinds_of
from reports.pages import filters, reuse
from reports.pages.downloads import refusal
from reports.published import boundaries, caching, kept
from reports.published.editions import current_editions
from reports.published.figures import Table
from reports.published.query import EDITION, Options, Question, edition_of, language_of, question_of
from reports.published.structure import Unknown
from standards.translation import active_language

OPTIONS = Options(
    ("dataset", "from", "to", *EDITION),
    shown=lambda structure: [kind.dimension for kind in kinds_of(structure).values()],
)
IN_A_LANGUAGE = Options((*OPTIONS.names, "lang"), shown=OPTIONS.shown)


@login_not_required
@require_safe
def chart(
    request: HttpRequest, kind: str, width: str, theme: str, suffix: str = "svg"
) -> HttpResponseBase:
    """Draw one chart. The same release and question give the same bytes, so it may be kept."""
    editions = current_editions()
    if width not in WIDTHS or theme not in COLOURS or not editions:
        raise Http404
    try:
        newest = filters.newest_named(request, editions)
        edition = edition_of(request.GET, newest.dataset) or newest
        if kind not in kinds_of(edition.structure):
            raise Http404
        with override(language_of(request.GET)):
            question = question_of(request.GET, edition, IN_A_LANGUAGE)
            drawing = Drawing(question, kind, width, theme)
            if suffix == "png":
                return caching.answer(request, drawing.tag_of_png, drawing.png, "image/png")
            return caching.answer(request, drawing.tag, drawing.svg, "image/svg+xml")
    except Unknown as unknown:
        return refusal(unknown)


@dataclass(frozen=True)
class Drawing:
    """One chart for one question, in one width and theme, in the language of the page."""

    question: Question
    kind: str
    width: str
    theme: str

    @property
    def tag(self) -> str:
        """Return what identifies the drawing: the release, the question, the language and the looks."""
        return self._tag("chart")

    @property
    def tag_of_png(self) -> str:
        """Return what identifies the drawing with its caption."""
        return self._tag("chart as PNG")

    def svg(self) -> IO[bytes]:
        """Return the drawing, kept where somebody has asked for it before. Raises Busy."""
        return kept.answer(self.tag, self._draw, kept.DRAWINGS)

    def png(self) -> IO[bytes]:
        """Return the drawing with its finding and its source as a PNG; kept likewise. Raises Busy."""
        return kept.answer(self.tag_of_png, self._write_png, kept.DRAWINGS)

    def _tag(self, what: str) -> str:
        codes = sorted((name, sorted(codes)) for name, codes in self.question.where.items())
        drawn_in = boundaries.version() if self.kind == MAP else ""
        looks = (self.kind, self.width, self.theme, active_language(), drawn_in)
        return caching.tag(self.question.edition, what, *looks, codes)

    @property
    def _kind(self) -> Kind:
        return kinds_of(self.question.edition.structure)[self.kind]

    @property
    def _table(self) -> Table:
        return self._kind.table(self.question.edition, self.question.where)

    @property
    def _canvas(self) -> Canvas:
        return Canvas(WIDTHS[self.width], COLOURS[self.theme], active_language())

    def _draw(self) -> bytes:
        spec = self._kind.spec(self._table, self._canvas)
        return draw(spec, self._canvas) if spec else b""

    def _write_png(self) -> bytes:
        edition, table = self.question.edition, self._table
        dimension = edition.structure.by_name[self._kind.dimension]
        caption = Caption(
            finding=self._kind.sentence(table, dimension),
            of=reuse.counted(edition, self._kind.in_words(table)),
            source=reuse.source(edition),
        )
        drawn = self._draw()
        return png(drawn.decode(), caption, self._canvas) if drawn else b""
