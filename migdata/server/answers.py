"""Sends answers at the pace of their reader, and writes those that the door gives by itself."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import suppress
from functools import lru_cache
from http import HTTPStatus
from typing import Any

from django.conf import settings
from django.template.loader import render_to_string
from django.utils import translation

from agencies.http import BEARER, is_for_programs
from migdata.server.admission import NotAdmitted
from migdata.server.arrival import Arrival, methods_at

PIECE = 16 << 10  # bytes; a reader must take one within settings.DOOR_PATIENCE
LINGER, LINGER_BYTES = 1.0, 256 << 10  # seconds and bytes of a refused body that are read on
# The door's pages stand outside Django's middleware, which writes these for all others.
SAFE = [
    (b"cache-control", b"no-store"),
    (b"content-security-policy", b"default-src 'none'; style-src 'self'; frame-ancestors 'none'"),
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"same-origin"),
]

Header = tuple[bytes, bytes]
Send = Callable[[dict[str, Any]], Awaitable[None]]
Receive = Callable[[], Awaitable[dict[str, Any]]]


class TooSlow(Exception):
    """The reader does not take the answer."""


async def send(
    send: Send, status: int, headers: list[Header], pieces: AsyncIterator[bytes]
) -> None:
    """Send an answer. Raises TooSlow; the server then closes the connection."""
    await _give(send, {"type": "http.response.start", "status": status, "headers": headers})
    async for piece in pieces:
        for begin in range(0, len(piece), PIECE):
            part = piece[begin : begin + PIECE]
            await _give(send, {"type": "http.response.body", "body": part, "more_body": True})
    await _give(send, {"type": "http.response.body", "body": b""})


async def refuse(send: Send, receive: Receive, arrival: Arrival, why: NotAdmitted) -> None:
    """Answer with the status and the sentence, as a page for browsers.

    A browser that is still sending shows the answer only if it is not cut off at once, so a little
    is read on.
    """
    kind, body = _page(arrival, why)
    headers = [
        (b"content-type", kind),
        (b"content-length", str(len(body)).encode()),
        *SAFE,
    ]
    if why.retry_after:
        headers.append((b"retry-after", str(why.retry_after).encode()))
    if why.status == HTTPStatus.METHOD_NOT_ALLOWED:
        allowed = ", ".join(methods_at(arrival.address_of_page))
        headers.append((b"allow", allowed.encode()))
    if why.status == HTTPStatus.UNAUTHORIZED:
        headers.append((b"www-authenticate", BEARER.encode()))
    unread = arrival.length != 0
    if unread:
        headers.append((b"connection", b"close"))
    await _give(send, {"type": "http.response.start", "status": why.status, "headers": headers})
    await _give(send, {"type": "http.response.body", "body": body, "more_body": unread})
    if unread:
        if why.status != HTTPStatus.REQUEST_TIMEOUT and "expect" not in arrival.headers:
            await _read_on(receive)
        await _give(send, {"type": "http.response.body", "body": b""})


async def _read_on(receive: Receive) -> None:
    count = 0
    with suppress(TimeoutError):
        async with asyncio.timeout(LINGER):
            while count < LINGER_BYTES:
                message = await receive()
                count += len(message.get("body", b""))
                if not message.get("more_body"):
                    return


async def _give(send: Send, message: dict[str, Any]) -> None:
    try:
        async with asyncio.timeout(settings.DOOR_PATIENCE):
            await send(message)
    except TimeoutError:
        raise TooSlow from None


def _page(arrival: Arrival, why: NotAdmitted) -> tuple[bytes, bytes]:
    # Nothing is awaited in here: the language is active for this page alone.
    with translation.override(arrival.language):
        text = why.text
    if is_for_programs(arrival.address_of_page):
        return b"application/json", json.dumps({"detail": text}, ensure_ascii=False).encode()
    if "text/html" in arrival.headers.get("accept", ""):
        return b"text/html; charset=utf-8", _html(arrival.language, text).encode()
    return b"text/plain; charset=utf-8", f"{text}\n".encode()


@lru_cache(maxsize=256)
def _html(language: str, text: str) -> str:
    with translation.override(language):
        return render_to_string("refused.html", {"text": text})
