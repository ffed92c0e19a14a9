"""What a page offers: its links and forms, each as a question that its reader could ask next."""

import re
from collections.abc import Iterator
from functools import cache

from django.urls import Resolver404, ResolverMatch, resolve

from tests.matrix.country import Country
from tests.matrix.identities import Identity
from tests.matrix.rules import ROUTES, Place

LINK = re.compile(r'(?:href|hx-get)="(/[^"#?]*)')
FORM = re.compile(r"<form\b[^>]*>")
ACTION = re.compile(r'(?:action|hx-post)="(/[^"#?]*)')


def offered(page: str) -> Iterator[tuple[str, str]]:
    """Yield (method, address) of every link and form of a page."""
    for address in LINK.findall(page):
        yield "GET", address
    for form in FORM.findall(page):
        method = "POST" if 'method="post"' in form or "hx-post" in form else "GET"
        yield from ((method, address) for address in ACTION.findall(form))


def refused_offers(country: Country, page: str, who: Identity, expected: object) -> Iterator[str]:
    """Yield what a page offers though the tables say that its reader is refused it."""
    for method, address in dict.fromkeys(offered(page)):
        if address.startswith("/static/"):
            continue
        try:
            match = _match(address)
        except Resolver404:
            yield f"offers {address}, which is nowhere"
            continue
        rule = ROUTES[match.view_name]
        place = _place(country, match.view_name, match.kwargs)
        if place and expected(rule, place, who, method).statuses <= {403, 404, 405}:
            yield f"offers {method} {address}, which is refused"


@cache
def _match(address: str) -> ResolverMatch:
    return resolve(address)


def _place(country: Country, name: str, arguments: dict[str, object]) -> Place | None:
    """The place of the matrix with these arguments; None where the matrix does not know the thing."""
    found = [p for p in ROUTES[name].places(country) if p.arguments == arguments]
    return found[0] if found else None
