"""The Atom feed of releases: of all datasets, or of one."""

import hashlib
from collections.abc import Callable

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.urls import reverse
from django.utils.cache import get_conditional_response, patch_cache_control
from django.utils.http import http_date
from django.utils.translation import override
from django.views.decorators.http import require_safe

from reports.formats import atom
from reports.formats.atom import Entry, Feed
from reports.pages.downloads import refusal
from reports.published import caching, register
from reports.published.editions import Edition
from reports.published.query import Options, language_of, require_options
from reports.published.register import Withdrawal
from reports.published.structure import Unknown
from standards.translation import active_language, in_language

MOST = 100  # entries
At = Callable[[str], str]


@login_not_required
@require_safe
def releases(request: HttpRequest) -> HttpResponseBase:
    """What came out and what was withdrawn, the newest first, for programs that look again and again."""
    try:
        require_options(request.GET, Options(("dataset", "lang"), filters=False))
        with override(language_of(request.GET)):
            feed = _feed(request, request.GET.get("dataset", "").strip().upper())
            content = atom.written(feed)
    except Unknown as unknown:
        return refusal(unknown)
    etag = f'"{hashlib.sha256(content).hexdigest()[:32]}"'
    changed = int(feed.updated.timestamp())
    response = HttpResponse(content, content_type=atom.MEDIA_TYPE)
    response["ETag"], response["Last-Modified"] = etag, http_date(changed)
    response["Access-Control-Allow-Origin"] = "*"
    patch_cache_control(response, public=True, max_age=caching.SECONDS)
    return get_conditional_response(request, etag, changed, response) or response


def _feed(request: HttpRequest, dataset: str) -> Feed:
    found = register.read(pk for pk, _out in register.entries(dataset)[:MOST])
    if dataset and not found:
        raise Http404
    at, query = request.build_absolute_uri, f"?dataset={dataset}" if dataset else ""
    entries = [_entry(release, at) for release in found]
    name = str(settings.PORTAL_NAME)
    return Feed(
        title=f"{name}: {_title(found[0])}" if dataset else name,
        author=name,
        address=request.build_absolute_uri(),
        page=at(reverse("reports:published_releases") + query),
        language=active_language(),
        entries=tuple(sorted(entries, key=lambda entry: entry.at, reverse=True)),
    )


def _entry(release: Edition | Withdrawal, at: At) -> Entry:
    page = at(reverse("reports:published_release", args=[release.name]))
    if isinstance(release, Withdrawal):
        title = atom.withdrawn(release.name, _title(release))
        return Entry(
            f"{page}#withdrawn",
            title,
            release.reason,
            release.withdrawn_at,
            page,
            release.dataset,
        )
    title = atom.released(release.name, _title(release))
    return Entry(
        f"{page}#released", title, release.note, release.released_at, page, release.dataset
    )


def _title(release: Edition | Withdrawal) -> str:
    return in_language(
        release.title if isinstance(release, Withdrawal) else release.structure.title
    )
