"""What stands at the top of every page, by permission."""

from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext as _

from agencies import access
from agencies.roles import Permission


def navigation(request: HttpRequest) -> dict[str, Any]:
    """Context processor: `entries` of the main navigation as (label, address, is current)."""
    person = getattr(request, "user", None)
    found: list[tuple[str, str]] = []
    if person is not None and person.is_authenticated:
        if access.may(person, Permission.SEE_SUBMISSIONS):
            found.append((_("Due"), reverse("records:home")))
            found.append((_("Submissions"), reverse("records:submissions")))
        if access.may(person, Permission.SEE_RECORDS):
            found.append((_("Uploads"), reverse("records:uploads")))
        if access.may(person, Permission.PUBLISH):
            found.append((_("Releases"), reverse("reports:releases")))
        if access.may(person, Permission.MANAGE_PEOPLE):
            found.append((_("People"), reverse("agencies:people")))
    found.append((_("Figures"), reverse("reports:dashboard")))
    found.append((_("Tables"), reverse("reports:tables")))
    here = max((url for _label, url in found if request.path.startswith(url)), key=len, default="")
    return {
        "come_back": _come_back(request),
        "entries": [(label, url, url == here) for label, url in found],
        "portal_name": settings.PORTAL_NAME,
        "languages": settings.LANGUAGES,
        "demo": settings.DEMO,
    }


def _come_back(request: HttpRequest) -> str:
    """The address to come back to: a refused form is shown at an address that only takes forms."""
    if request.method in ("GET", "HEAD"):
        return request.get_full_path()
    came_from = urlsplit(request.headers.get("Referer", ""))
    same = came_from.netloc == request.get_host()
    return f"{came_from.path}?{came_from.query}" if same and came_from.path else "/"
