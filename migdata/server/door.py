"""The door: from the head of a request to its answer. Threads are held by work, never by waiting."""

import asyncio
import logging
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

from django.conf import settings
from django.db import DatabaseError
from django.utils import translation
from django.utils.translation import gettext_lazy as _

from migdata.server import admission, answers, pages, receiving, sessions
from migdata.server.admission import NotAdmitted
from migdata.server.arrival import Arrival, methods_at
from migdata.server.body import Body
from migdata.server.calling import Answer, Wsgi
from migdata.server.capacity import Busy, Places, Pool, Room
from migdata.server.rates import Rates
from migdata.server.receiving import Admission, Gone

# Seconds a calculating thread keeps the interpreter from others: a page of a clerk waits for it
# after each question to the database.
SWITCH = 0.0005
SOON = 5  # seconds after which it makes sense to ask again where all places are taken
# Bodies on their way at once in each process: (of all, of one).
BODIES = {"account": (200, 8), "address": (200, 24)}

Scope = dict[str, Any]
Receive = Callable[[], Awaitable[dict[str, Any]]]
Send = Callable[[dict[str, Any]], Awaitable[None]]

log = logging.getLogger(__name__)


class Door:
    """An ASGI application in front of the portal's WSGI application.

    People who are signed in have threads of their own, which no crowd of strangers reaches; so
    have health, style sheets and the pages of signing in.
    """

    def __init__(self, application: Wsgi) -> None:
        self._application = application

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self._live(receive, send)
            return
        arrival = Arrival(scope)
        try:
            await self._serve(arrival, receive, send)
        except NotAdmitted as why:
            await answers.refuse(send, receive, arrival, why)
        except Busy as busy:
            await answers.refuse(send, receive, arrival, _busy(busy))
        except (Gone, answers.TooSlow) as end:
            log.info("%s ended: %r", arrival.path, end)

    async def _live(self, receive: Receive, send: Send) -> None:
        await receive()
        self._open()
        await send({"type": "lifespan.startup.complete"})
        await receive()
        for pool in self._pools.values():
            pool.close()
        await send({"type": "lifespan.shutdown.complete"})

    def _open(self) -> None:
        """Make what belongs to the loop of this process."""
        sys.setswitchinterval(SWITCH)
        threads = settings.DOOR_THREADS
        self._pools = {
            "people": Pool("people", Room(threads["people"], queue=64, wait=30)),
            "public": Pool("public", Room(threads["public"], queue=24, wait=10)),
            "entrance": Pool("entrance", Room(threads["entrance"], queue=24, wait=20)),
            "health": Pool("health", Room(1, queue=8, wait=8)),
            "files": Pool("files", Room(2, queue=400, wait=20)),
            "questions": Pool("questions", Room(1, queue=100, wait=3)),
        }
        self._sessions = sessions.Sessions(self._pools["questions"])
        self._rates = Rates(settings.REQUESTS_A_MINUTE)
        self._bodies = {who: Places(*places) for who, places in BODIES.items()}

    async def _serve(self, arrival: Arrival, receive: Receive, send: Send) -> None:
        if arrival.method not in methods_at(arrival.address_of_page):
            raise NotAdmitted(405, _("This address is not asked in this way."))
        room, who, sender = pages.room_of(arrival), "address", arrival.sender
        if room in ("public", "entrance"):
            if account := await self._account(arrival):
                room, who, sender = "people", "account", account
            await self._count(who, pages.cost_of(arrival), sender)
        body = await self._body(arrival, receive, self._bodies[who], sender)
        try:
            await self._answer(self._pools[room], sender, arrival, body, send)
        finally:
            body.close()

    async def _account(self, arrival: Arrival) -> str:
        """Whose request it is; of a cookie that nobody has looked at, each address asks only so often."""
        account = self._sessions.known(arrival)
        if account is None:
            await self._count("address", "cookies", arrival.sender)
            account = await self._sessions.ask(arrival)
        return account

    async def _count(self, who: str, kind: str, sender: str) -> None:
        if seconds := await self._rates.wait(who, kind, sender):
            raise NotAdmitted(
                429,
                _("Too many requests came from you or your network. Go on in %(seconds)s seconds."),
                retry_after=seconds,
                seconds=seconds,
            )

    async def _body(self, arrival: Arrival, receive: Receive, places: Places, sender: str) -> Body:
        if arrival.length == 0:
            return Body()
        permitted = Admission(arrival, lambda: self._allowance(arrival))
        await permitted.admit(arrival.length or 0)
        with places.taken(sender):
            return await receiving.receive(receive, arrival, permitted)

    async def _allowance(self, arrival: Arrival) -> int:
        """How much may be sent, asked in a thread: it needs the database."""

        def asked() -> int:
            key = sessions.key_of(arrival)
            with translation.override(arrival.language):
                return admission.allowance(arrival.address_of_page, lambda: sessions.acting_as(key))

        try:
            return await self._pools["questions"].run(arrival.sender, asked)
        except DatabaseError:
            raise Busy(own=False) from None

    async def _answer(
        self, pool: Pool, sender: str, arrival: Arrival, body: Body, send: Send
    ) -> None:
        answer = await pool.run(sender, Answer, self._application, arrival, body)
        try:
            pieces = _pieces(answer, pool, sender, head=arrival.method == "HEAD")
            await answers.send(send, answer.status, answer.headers, pieces)
        finally:
            if answer.streams:
                await asyncio.to_thread(answer.close)


async def _pieces(answer: Answer, pool: Pool, sender: str, *, head: bool) -> AsyncIterator[bytes]:
    if head:
        return
    yield answer.first
    while answer.streams:
        try:
            piece = await pool.run(sender, answer.more)
        except Busy:
            raise answers.TooSlow from None  # too late for words: the answer has begun
        if not piece:
            return
        yield piece


def _busy(busy: Busy) -> NotAdmitted:
    if busy.own:
        text = _("Several of your requests are being worked on already. Go on in a few seconds.")
        return NotAdmitted(429, text, retry_after=SOON)
    text = _("The portal is busy at the moment. Go on in a few seconds.")
    return NotAdmitted(503, text, retry_after=SOON)
