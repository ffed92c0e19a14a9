"""The main navigation at the top of every page, by permission."""

from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext as _

from agencies import access, practice
from agencies.roles import Permission

# Entries that stand in one line beside the name of a person, on a desk and in the longest language; the others are in
# the menu “More”.
IN_A_LINE = 5


def navigation(request: HttpRequest) -> dict[str, Any]:
    """Context processor: the main navigation as (label, address, is current): `entries`, and `more` behind a menu."""
    person = getattr(request, "user", None)
    links: list[tuple[str, str]] = []
    signed_in = person is not None and person.is_authenticated
    if person is not None and signed_in:
        links += [
            (label, reverse(name))
            for permission, label, name in _private()
            if access.may(person, permission)
        ]
    links.append((_("Figures"), reverse("reports:dashboard")))
    links.append((_("Tables"), reverse("reports:tables")))
    links.append((_("Indicators"), reverse("reports:indicators")))
    path = _reached_from(request.path)
    home = reverse("records:home")  # every address begins with it
    here = max(
        (url for _label, url in links if (path == home if url == home else path.startswith(url))),
        key=len,
        default="",
    )
    entries = [(label, url, url == here) for label, url in links]
    shown = IN_A_LINE if signed_in and len(entries) > IN_A_LINE + 1 else len(entries)
    return {
        "come_back": _come_back(request),
        "entries": entries[:shown],
        "more": entries[shown:],
        "more_is_current": any(current for _label, _url, current in entries[shown:]),
        "practising": practice.of_request(request),
        "portal_name": settings.PORTAL_NAME,
        "languages": settings.LANGUAGES,
        "demo": settings.DEMO,
        "figures_are_public": settings.FIGURES_ARE_PUBLIC,
    }


def _private() -> list[tuple[Permission, str, str]]:
    """Return the entries for people who have signed in: what each needs, its label, the name of its page."""
    return [
        (Permission.SEE_SUBMISSIONS, _("Due"), "records:home"),
        (Permission.SEE_SUBMISSIONS, _("Calendar"), "records:calendar"),
        (Permission.SEE_SUBMISSIONS, _("Submissions"), "records:submissions"),
        (Permission.SEE_RECORDS, _("Uploads"), "records:uploads"),
        (Permission.SEE_RECORDS, _("Records"), "records:search"),
        (Permission.PUBLISH, _("Releases"), "reports:releases"),
        (Permission.TABULATE, _("Disclosure"), "reports:disclosure"),
        (Permission.MANAGE_PEOPLE, _("People"), "agencies:people"),
        (Permission.SEE_LOG, _("Who did what"), "agencies:log"),
        (Permission.DECLARE_NUMBERING, _("Numbering"), "records:numbering"),
    ]


def _reached_from(path: str) -> str:
    """Return the page of the navigation from which a page is reached by tabs; else the page itself."""
    if path in _beside_indicators():
        return reverse("reports:indicators")
    if path.startswith(reverse("records:entry_rules")):
        return reverse("records:numbering")
    return reverse("records:calendar") if path.startswith(_beside_calendar()) else path


def _beside_indicators() -> list[str]:
    """Return the pages that are reached from the page of indicators, by the tabs at its head."""
    return [reverse(f"reports:{name}") for name in ("matrix", "coverage", "quality")]


def _beside_calendar() -> tuple[str, ...]:
    """Return the pages that are reached from the calendar, by the tabs at its head."""
    names = ("inbox", "due_dates", "punctuality", "holidays")
    return tuple(reverse(f"records:{name}") for name in names)


def _come_back(request: HttpRequest) -> str:
    """Return the address to come back to after a change of language.

    A refused form is shown at an address that only takes forms, so there it is the page before.
    """
    if request.method in ("GET", "HEAD"):
        return request.get_full_path()
    page = urlsplit(request.headers.get("Referer", ""))
    ours = page.netloc == request.get_host()
    return f"{page.path}?{page.query}" if ours and page.path else "/"
