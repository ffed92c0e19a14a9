"""What search engines, data portals and tools read of releases: sitemap, schema.org, DCAT-AP, Croissant."""

import hashlib
from collections.abc import Callable
from xml.sax.saxutils import escape

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.urls import reverse
from django.utils.timezone import localtime
from django.utils.translation import override
from django.views.decorators.http import require_safe

from agencies.readers import always_open
from reports.designs import indicators, tables
from reports.formats import citation, dcat, description, rdf, schema_org
from reports.formats import croissant as croissants
from reports.formats.citation import Citation
from reports.formats.description import Description
from reports.pages.downloads import refusal
from reports.published import caching, editions, register
from reports.published.query import Options, language_of, require_options
from reports.published.structure import Unknown

# RDF syntax, the suffix in the address -> media type, and how the catalogue is written.
SYNTAXES: dict[str, tuple[str, Callable[..., str]]] = {
    "ttl": ("text/turtle; charset=utf-8", rdf.turtle),
    "jsonld": ("application/ld+json", rdf.json_ld),
}
PAGES = ("dashboard", "published_releases", "tables", "indicators", "matrix", "coverage", "quality",
         "method", "glossary", "api_guide")  # fmt: skip
ROBOTS = """User-agent: *
Disallow: /
Allow: /figures/
Allow: /static/
Allow: /sitemap.xml
Disallow: /figures/charts/
Disallow: /figures/data/
Disallow: /figures/api/v1/

Sitemap: {sitemap}
"""


@login_not_required
@require_safe
def dataset(request: HttpRequest, release: str) -> HttpResponseBase:
    """A release as schema.org describes a Dataset."""
    return _described(request, release, schema_org.written, schema_org.MEDIA_TYPE)


@login_not_required
@require_safe
def croissant(request: HttpRequest, release: str) -> HttpResponseBase:
    """A release as Croissant describes it for machine-learning tools."""
    return _described(request, release, croissants.written, croissants.MEDIA_TYPE)


def _described(
    request: HttpRequest,
    release: str,
    write: Callable[[Description, Citation], str],
    media_type: str,
) -> HttpResponseBase:
    try:
        require_options(request.GET, Options(("lang",), filters=False))
        edition = register.cited(release)
        with override(language_of(request.GET)):
            described = description.of_release(edition, request.build_absolute_uri)
            text = write(described, citation.of_release(edition, described.page))
    except Unknown as unknown:
        return refusal(unknown)
    return _kept(request, text, media_type)


@login_not_required
@require_safe
def catalogue(request: HttpRequest, syntax: str) -> HttpResponseBase:
    """The catalogue of all datasets, DCAT-AP 3, with the newest release of each."""
    if syntax not in SYNTAXES:
        raise Http404
    try:
        require_options(request.GET, Options(filters=False))
    except Unknown as unknown:
        return refusal(unknown)
    at, (media_type, write) = request.build_absolute_uri, SYNTAXES[syntax]
    described = [description.of_release(edition, at) for edition in editions.current_editions()]
    since = register.first_out()
    return _kept(request, write(dcat.catalogue(described, at, since), dcat.PREFIXES), media_type)


@login_not_required
@require_safe
def sitemap(request: HttpRequest) -> HttpResponseBase:
    """Every page of figures that stands for itself, with the day it last changed (sitemaps.org 0.9)."""
    try:
        require_options(request.GET, Options(filters=False))
    except Unknown as unknown:
        return refusal(unknown)
    lines = []
    for path, changed in _pages():
        day = f"<lastmod>{changed}</lastmod>" if changed else ""
        address = escape(request.build_absolute_uri(path))
        lines.append(f"  <url><loc>{address}</loc>{day}</url>\n")
    text = (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        '<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">\n'
        f"{''.join(lines)}</urlset>\n"
    )
    return _kept(request, text, "application/xml; charset=utf-8")


def _pages() -> list[tuple[str, str]]:
    """Return path and day of the last change of each page; withdrawn releases are not among them."""
    current = {edition.dataset: edition for edition in editions.current_editions()}
    out = {code: localtime(e.released_at).date().isoformat() for code, e in current.items()}
    newest = max(out.values(), default="")
    pages = [(reverse(f"reports:{name}"), newest) for name in PAGES]
    for code in current:
        pages += [
            (
                reverse("reports:published_release", args=[edition.name]),
                localtime(edition.released_at).date().isoformat(),
            )
            for edition in editions.history(code)
        ]
    for table in tables.tables().values():
        if table.dataset in out:
            pages.append((reverse("reports:table", args=[table.code]), out[table.dataset]))
    pages += [
        (reverse("reports:indicator", args=[code]), newest) for code in indicators.indicators()
    ]
    return pages


@always_open
@require_safe
def robots(request: HttpRequest) -> HttpResponse:
    """What crawlers may ask: pages of figures, not the costly files; nothing of a shared site."""
    text = "User-agent: *\nDisallow: /\n"
    if settings.FIGURES_ARE_PUBLIC:
        text = ROBOTS.format(sitemap=request.build_absolute_uri(reverse("reports:sitemap")))
    return HttpResponse(text, content_type="text/plain; charset=utf-8")


def _kept(request: HttpRequest, text: str, media_type: str) -> HttpResponseBase:
    content = text.encode()
    tag = f'"{hashlib.sha256(content).hexdigest()[:32]}"'
    return caching.answer(request, tag, lambda: content, media_type)
