"""Charts as files: one picture of one kind, for the question that its address asks."""

from dataclasses import dataclass
from typing import IO

from django.contrib.auth.decorators import login_not_required
from django.http import Http404, HttpRequest, HttpResponseBase
from django.utils.translation import override
from django.views.decorators.http import require_safe

from reports.charts.drawing import COLOURS, WIDTHS, Canvas, draw
from reports.charts.kinds import kinds_of
from reports.pages import filters
from reports.pages.downloads import refusal
from reports.published import caching, figures, kept
from reports.published.editions import current_editions
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
def chart(request: HttpRequest, kind: str, width: str, theme: str) -> HttpResponseBase:
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
        codes = sorted((name, sorted(codes)) for name, codes in self.question.where.items())
        looks = (self.kind, self.width, self.theme, active_language())
        return caching.tag(self.question.edition, "chart", *looks, codes)

    def svg(self) -> IO[bytes]:
        """Return the drawing, kept where somebody has asked for it before. Raises Busy."""
        return kept.answer(self.tag, self._draw, kept.DRAWINGS)

    def _draw(self) -> bytes:
        kind = kinds_of(self.question.edition.structure)[self.kind]
        table = figures.tabulate(self.question.edition, [kind.dimension], self.question.where)
        canvas = Canvas(WIDTHS[self.width], COLOURS[self.theme], active_language())
        spec = kind.spec(kind.ordered(table), canvas)
        return draw(spec, canvas) if spec else b""
