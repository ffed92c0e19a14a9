"""One cell of the permission matrix: what must be answered, the question, and what is looked at."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from functools import cache
from http.cookies import SimpleCookie
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.db import connection, transaction
from django.http import HttpResponse
from django.middleware.csrf import _get_new_csrf_string
from django.test import RequestFactory, override_settings
from django.test.client import ClientHandler
from django.urls import URLPattern, URLResolver, get_resolver, reverse

from agencies.roles import Permission
from tests.form_tokens import without_form_tokens
from tests.matrix.country import Country
from tests.matrix.identities import Identity
from tests.matrix.offers import refused_offers
from tests.matrix.rules import ANYBODY, ROUTES, Place, Rule

UNKNOWN = ("PUT", "PATCH", "DELETE", "TRACE", "PROPFIND")
ROOMS = (
    "records:",
    "reports:",
    "intake:",
)  # those with so many routes that each has a file of its own
METHODS = ("GET", "HEAD", "POST", "OPTIONS", "PUT", "PATCH", "DELETE", "TRACE")
SIGN_IN, FACTOR = "/accounts/login/", "/accounts/2fa/"
# The log of refusals, uses of tokens and wrong ones, the sessions of visitors and counts of attempts may change whatever is answered.
MAY_CHANGE = (
    *("agencies_event", "agencies_tokenuse", "agencies_failedsignins"),
    *("django_session", "migdata_cache"),
)
COUNTED = """
SELECT array_agg(relid) FROM pg_stat_user_tables WHERE NOT relname = ANY(%s)
"""
# What the view pg_stat_xact_user_tables tells of these tables, without the catalogues that it joins for it.
WRITTEN = """
SELECT coalesce(sum(pg_stat_get_xact_tuples_inserted(relid) + pg_stat_get_xact_tuples_updated(relid)
                  + pg_stat_get_xact_tuples_deleted(relid)), 0) FROM unnest(%s::oid[]) AS relid
"""
SECRET = _get_new_csrf_string()  # of the forms of one browser


def routes(patterns=None, above=""):
    """Return (name, pattern) of every address of the portal."""
    for entry in get_resolver().url_patterns if patterns is None else patterns:
        if isinstance(entry, URLResolver):
            below = f"{above}{entry.namespace}:" if entry.namespace else above
            yield from routes(entry.url_patterns, below)
        elif isinstance(entry, URLPattern):
            yield f"{above}{entry.name}", entry


def names(room: str | None) -> list[str]:
    """Return the names of the routes of a room, `records` or `reports`; of None, those of neither."""
    known = [name for name, _pattern in routes()]
    if room is None:
        return [name for name in known if not name.startswith(ROOMS)]
    return [name for name in known if name.startswith(f"{room}:")]


@dataclass(frozen=True)
class Answer:
    status: int
    location: str
    body: bytes
    changed: int  # rows that were written
    headers: Mapping[str, str]
    seen: Any = None  # what `look` returned, before everything was undone


@dataclass(frozen=True)
class Expected:
    """The statuses that are right, where a redirect leads, and whether the question is refused."""

    statuses: frozenset[int]
    location: str = ""
    refused: bool = True


def expected(rule: Rule, place: Place, who: Identity, method: str) -> Expected:
    """Say by the tables of rules and roles alone what the answer must be."""
    if rule.is_by_token:
        return _expected_of_program(rule, place, who, method)
    if method in UNKNOWN and method not in rule.methods:  # refused before anybody is looked at
        return Expected(frozenset({405}))
    if not rule.is_public and not who.signed_in:
        return Expected(frozenset({302}), SIGN_IN)
    if not rule.is_public and who.lacks_factor and not rule.of_account:
        return Expected(frozenset({302}), FACTOR)
    if method not in rule.methods:
        return Expected(frozenset({405}))
    if method == "OPTIONS":
        return Expected(frozenset({200}), refused=False)
    if (refusal := _refusal(rule, place, who, method)) is not None:
        return Expected(frozenset({refusal}))
    usual = {200, 302, 409, 422} if method == "POST" else {200}
    return Expected(rule.statuses or frozenset(usual), refused=False)


def _expected_of_program(rule: Rule, place: Place, who: Identity, method: str) -> Expected:
    """Say what a program is answered; a person without a token is nobody here."""
    if method == "OPTIONS":
        return Expected(frozenset({204}), refused=False)
    if method in UNKNOWN and method not in ("PATCH", "DELETE"):
        return Expected(frozenset({405}))
    verb = rule.verbs.get(method)
    if not who.token:
        return Expected(frozenset({401}))
    if verb is not None and verb not in who.verbs:
        return Expected(frozenset({403}))
    if method not in rule.methods:
        return Expected(frozenset({405}))
    if not place.there or place.agency not in (None, who.agency):
        return Expected(frozenset({404}))
    return Expected(frozenset({200, 201, 202, 204, 400, 409, 412, 415, 422}), refused=False)


def _refusal(rule: Rule, place: Place, who: Identity, method: str) -> int | None:
    asked = rule.get
    if method == "POST":
        asked = rule.post if place.post is ... else place.post
    lacks = asked != ANYBODY and not who.holds(asked, place.agency if rule.see else None)
    if rule.see is not None:
        hidden = not place.there or not who.holds(rule.see, place.agency)
        return 404 if hidden else 403 if lacks else None
    if lacks:
        return 403
    if not place.there:
        return place.lacks
    stranger = asked != ANYBODY and not who.holds(asked, place.agency)
    return place.stranger if stranger and method == "POST" else None


def cells(country: Country, rule: Rule, turn: int | None = None) -> Iterator[tuple[Place, str]]:
    """Yield (place, method): every place by GET and POST where the route takes them, the first one by others too.

    HEAD is answered by what answers GET, and methods that a route does not take are refused before anybody is
    looked at. So each person asks one of the other methods, by their `turn`; without a turn all are asked. At places
    but the first one a person asks by one of the methods, the next person by the other. What is open to everybody
    each person asks at the first place and at a third of the others.
    """
    taken = sorted(rule.methods & {"GET", "POST"})
    others = [method for method in METHODS if method not in taken]
    for k, place in enumerate(rule.places(country)):
        if k and rule.is_public and turn is not None and (turn + k) % 3:
            continue
        all_asked = k == 0 or turn is None or not taken
        asked = taken if all_asked else [taken[(turn + k) % len(taken)]]
        yield from ((place, method) for method in asked)
        if k == 0:
            chosen = others if turn is None else [others[turn % len(others)]]
            yield from ((place, method) for method in chosen)


def address(name: str, place: Place) -> str:
    return reverse(name, kwargs=place.arguments) + place.query


_handlers = [ClientHandler(enforce_csrf_checks=True)]


@contextmanager
def fresh_handler() -> Iterator[None]:
    """Ask a portal whose middleware is loaded anew."""
    _handlers.append(ClientHandler(enforce_csrf_checks=True))
    try:
        yield
    finally:
        _handlers.pop()


def ask(
    country: Country,
    name: str,
    rule: Rule,
    place: Place,
    who: Identity,
    method: str,
    *,
    token: bool = True,
    form: Mapping[str, Any] = {},
    look: Callable[[], Any] | None = None,
    **headers: str,
) -> Answer:
    """Ask as this person's browser would, with the token of its forms; then everything is undone."""
    if text := who.token or who.shown:
        headers["Authorization"] = f"Bearer {text}"
    cookies = {**who.cookies, settings.CSRF_COOKIE_NAME: SECRET, "django_language": "en"}
    factory = RequestFactory(
        headers={"X-CSRFToken": SECRET, **headers} if token else headers,
        HTTP_COOKIE=SimpleCookie(cookies).output(header="", sep=";"),
    )
    form = {**rule.posts(country, place), **place.form, **form}
    where = address(name, place)
    request = factory.post(where, form) if method == "POST" else factory.generic(method, where)
    with transaction.atomic(), _second_factor(who):
        before = _written()
        response = _handlers[-1](request.environ)
        answer = Answer(
            response.status_code,
            response.headers.get("Location", ""),
            body_of(response),
            _written() - before,
            dict(response.headers),
            look() if look else None,
        )
        transaction.set_rollback(True)
    return answer


def _second_factor(who: Identity) -> AbstractContextManager[None]:
    """Ask for second factors where somebody lacks one; the others have none to show."""
    if who.lacks_factor == settings.REQUIRE_SECOND_FACTOR:
        return nullcontext()
    return override_settings(REQUIRE_SECOND_FACTOR=who.lacks_factor)


def body_of(response: HttpResponse) -> bytes:
    return b"".join(response.streaming_content) if response.streaming else response.content


def _written() -> int:
    """Rows written by this transaction so far, undone ones included."""
    with connection.cursor() as cursor:
        cursor.execute(WRITTEN, [_counted_tables()])
        return int(cursor.fetchone()[0])


@cache
def _counted_tables() -> list[int]:
    """Return the tables in which every written row is counted: all but those that may change."""
    with connection.cursor() as cursor:
        cursor.execute(COUNTED, [list(MAY_CHANGE)])
        return list(cursor.fetchone()[0])


def foreign_marks(country: Country, who: Identity) -> list[str]:
    """Return the texts that this person must never read."""
    return [
        mark.text
        for mark in country.marks
        if who.lacks_factor or not any(who.holds(p, mark.agency) for p in mark.opened_by)
    ]


def faults(
    country: Country, name: str, rule: Rule, place: Place, who: Identity, method: str
) -> tuple[Answer, list[str]]:
    """Ask, and return what is wrong with the answer, in words; nothing where all is well."""
    answer, right = ask(country, name, rule, place, who, method), expected(rule, place, who, method)
    wrong = []
    if answer.status not in right.statuses:
        wrong.append(f"{answer.status} instead of {sorted(right.statuses)} {answer.location}")
    elif right.location and urlsplit(answer.location).path != right.location:
        wrong.append(f"leads to {answer.location} instead of {right.location}")
    if right.refused and answer.changed:
        wrong.append(f"{answer.changed} rows were written though it is refused")
    if _must_change(rule, place, who, method) and not right.refused and not answer.changed:
        wrong.append(f"nothing was written: {answer.status}")
    allow = answer.headers.get("Allow", "")
    if answer.status == 405 and not rule.methods <= set(allow.split(", ")):
        wrong.append(f"Allow: {allow} instead of {sorted(rule.methods)}")
    shown = [mark for mark in foreign_marks(country, who) if mark.encode() in answer.body]
    if shown:
        wrong.append(f"shows {shown}")
    if answer.status == 200 and answer.headers.get("Content-Type", "").startswith("text/html"):
        wrong += refused_offers(country, answer.body.decode(), who, expected)
    where = f"{method} {address(name, place)} ({place.name}) by {who.name}"
    return answer, [f"{where}: {text}" for text in wrong]


def wrong_cells(
    matrix: Any, name: str, people: Mapping[str, Identity] | None = None
) -> tuple[list[str], int]:
    """Ask every cell of a route: what is wrong with the answers, and how many cells there are."""
    wrong, cells_asked = [], 0
    for turn, who in enumerate((people or matrix.people).values()):
        for place, method in cells(matrix.country, ROUTES[name], turn):
            _answer, found = faults(matrix.country, name, ROUTES[name], place, who, method)
            wrong += found
            cells_asked += 1
    return wrong, cells_asked


def _must_change(rule: Rule, place: Place, who: Identity, method: str) -> bool:
    """What is allowed and asks for a permission changes something, so the forms here are real ones."""
    if method != "POST" or not place.changes or rule.is_public or rule.of_account:
        return False
    asked = rule.post if place.post is ... else place.post
    return isinstance(asked, Permission) or rule.see is not None


def without_trace(body: bytes, place: Place, name: str) -> bytes:
    """An answer without its form tokens and without the address it was asked at."""
    return without_form_tokens(body).replace(reverse(name, kwargs=place.arguments).encode(), b"")
