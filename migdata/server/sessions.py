"""Whose session a cookie belongs to, or whose token a program shows, asked before anything is done for the request."""

import re
import time
from collections import OrderedDict
from importlib import import_module

from django.conf import settings
from django.contrib import auth
from django.contrib.auth.models import AnonymousUser
from django.contrib.sessions.backends.base import SessionBase
from django.db import DatabaseError, close_old_connections
from django.http import HttpRequest

from agencies import practice, tokens
from agencies.access import Anyone
from agencies.http import is_for_programs
from agencies.models import Person
from migdata.server.arrival import Arrival
from migdata.server.capacity import Busy, Pool

FORM_OF_KEY = re.compile(r"[a-z0-9]{8,64}")
REMEMBERED = {True: 60.0, False: 10.0}  # seconds, of a session of somebody, and of nobody
MOST = 20_000  # verdicts in memory


def person_of(key: str) -> Anyone:
    """Return the person of the session or token, from the database; anonymous where it is nobody's."""
    return _of_token(key) if tokens.FORM.fullmatch(key) else _asked(key)[0]


def acting_as(key: str) -> Anyone:
    """Return as whom the person of the session works: the colleague she plays, where she practises."""
    if tokens.FORM.fullmatch(key):
        return _of_token(key)
    return practice.acting(*_asked(key))[0]


def _of_token(key: str) -> Anyone:
    close_old_connections()
    try:
        return tokens.person_of(key) or AnonymousUser()
    finally:
        close_old_connections()


def _asked(key: str) -> tuple[Anyone, SessionBase]:
    close_old_connections()
    try:
        request = HttpRequest()
        request.session = import_module(settings.SESSION_ENGINE).SessionStore(key)
        return auth.get_user(request), request.session
    finally:
        close_old_connections()


class Sessions:
    """Verdicts on cookies, remembered for some seconds.

    They decide who is counted and which threads work, never what is permitted: Django looks at each
    request itself. A session that has ended keeps its place at most that long.
    """

    def __init__(self, pool: Pool) -> None:
        self._pool = pool
        self._verdicts: OrderedDict[str, tuple[float, str]] = OrderedDict()

    def known(self, arrival: Arrival) -> str | None:
        """Return the account of the request ("" for nobody's), or None where one has to ask."""
        key = key_of(arrival)
        if not key:
            return ""
        until, account = self._verdicts.get(key, (0.0, ""))
        return account if until > time.monotonic() else None

    async def ask(self, arrival: Arrival) -> str:
        """Return the account of the session, or "".

        While nobody can be asked, everybody is a stranger: Django says what is wrong.
        """
        key = key_of(arrival)
        try:
            person = await self._pool.run(arrival.sender, person_of, key)
        except (Busy, DatabaseError):
            return ""
        account = _account_of(person)
        self._verdicts[key] = (time.monotonic() + REMEMBERED[bool(account)], account)
        self._verdicts.move_to_end(key)
        while len(self._verdicts) > MOST:
            self._verdicts.popitem(last=False)
        return account


def _account_of(person: Anyone) -> str:
    """Return for whom the request is counted: a program by itself, not with the person whose token it has."""
    if not isinstance(person, Person):
        return ""
    return f"token:{person.lent.number}" if person.lent else f"account:{person.pk}"


def key_of(arrival: Arrival) -> str:
    """The key in the session cookie, or of a program its token; "" where it cannot be one."""
    if is_for_programs(arrival.address_of_page):
        shown = tokens.shown(arrival.headers.get("authorization", ""))
        return shown if tokens.FORM.fullmatch(shown) else ""
    key = arrival.COOKIES.get(settings.SESSION_COOKIE_NAME, "")
    return key if FORM_OF_KEY.fullmatch(key) else ""
