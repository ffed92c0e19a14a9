"""Receives a body at the pace of its sender, and no slower than a poor line is.

No thread waits for it. What is not admitted is not read.
"""

import asyncio
import errno
import time
from collections.abc import Awaitable, Callable

from django.conf import settings
from django.utils.translation import gettext_lazy as _

from migdata.server.admission import NotAdmitted, too_large
from migdata.server.arrival import ASKS, Arrival
from migdata.server.body import Body

UNASKED = 64 << 10  # bytes that anybody may send anywhere: forms are smaller
PACE = 4096  # bytes in a second: a fifth of what a poor telephone line carries
LONGEST = 3600.0  # seconds for any body

Receive = Callable[[], Awaitable[dict[str, object]]]


class Gone(Exception):
    """The sender has closed the connection."""


class Admission:
    """How much of a body is read; the question who may send more is asked once, when it comes up."""

    def __init__(self, arrival: Arrival, ask: Callable[[], Awaitable[int]]) -> None:
        self._ask = ask
        self.limit = 0 if arrival.method in ASKS else UNASKED
        self._asked = arrival.method in ASKS

    async def admit(self, size: int) -> None:
        """Raise NotAdmitted unless so many bytes may be received."""
        if size > self.limit and not self._asked:
            self._asked, self.limit = True, await self._ask()
        if size > self.limit:
            raise too_large(self.limit)


async def receive(receive: Receive, arrival: Arrival, permitted: Admission) -> Body:
    """Return the body, received whole. The caller closes it.

    Raises NotAdmitted where it is too large, not permitted or too slow, and Gone.
    """
    body, begun = Body(), time.monotonic()
    try:
        more = True
        while more:
            message = await _next(receive, _patience(body.size, time.monotonic() - begun))
            if message["type"] != "http.request":
                raise Gone
            piece: bytes = message.get("body", b"")  # type: ignore[assignment]
            await permitted.admit(body.size + len(piece))
            await body.write(piece)
            more = bool(message.get("more_body"))
        if arrival.length is not None and body.size < arrival.length:
            raise Gone
    except OSError as problem:
        body.close()
        if problem.errno in (errno.ENOSPC, errno.EDQUOT):
            text = _("The portal has no room left on its disk")
            raise NotAdmitted(507, text, retry_after=300) from problem
        raise
    except BaseException:
        body.close()
        raise
    return body


def _patience(size: int, elapsed: float) -> float:
    """Seconds to wait for the next piece: less and less for a body that has come too slowly so far."""
    idle: float = settings.DOOR_PATIENCE
    return min(idle, idle + size / PACE - elapsed, LONGEST - elapsed)


async def _next(receive: Receive, seconds: float) -> dict[str, object]:
    try:
        async with asyncio.timeout(max(0.0, seconds)):
            return await receive()
    except TimeoutError:
        raise NotAdmitted(
            408, _("The request came too slowly, so it was given up. Send it again.")
        ) from None
