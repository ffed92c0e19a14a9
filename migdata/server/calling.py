"""Calls the portal's WSGI application. All of this runs in threads, for it waits for the database."""

from collections.abc import Callable, Iterable, Iterator
from typing import Any

from migdata.server.arrival import Arrival
from migdata.server.body import Body

TOGETHER = 256 << 10  # bytes of a stream that one call of a thread gathers

Wsgi = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]


class Answer:
    """What the application answered: status, headers, and the body as pieces.

    An answer that stands in memory is taken whole and needs no thread any more; a stream is read
    by `more`, a piece at a time.
    """

    def __init__(self, application: Wsgi, arrival: Arrival, body: Body) -> None:
        self.status, self.headers = 500, list[tuple[bytes, bytes]]()
        self._response = application(arrival.environ(body.open(), body.size), self._start)
        self._pieces: Iterator[bytes] = iter(self._response)
        self.streams = bool(getattr(self._response, "streaming", False))
        self.first = b""
        if not self.streams:
            self.first = b"".join(self._pieces)
            self.close()

    def more(self) -> bytes:
        """Return the next bytes of a stream; b"" at its end. Errors of the stream are raised."""
        gathered = bytearray()
        for piece in self._pieces:
            gathered += piece
            if len(gathered) >= TOGETHER:
                break
        return bytes(gathered)

    def close(self) -> None:
        """Let the application clear away: Django counts connections here."""
        close = getattr(self._response, "close", None)
        if close is not None:
            close()

    def _start(self, status: str, headers: list[tuple[str, str]], _problem: Any = None) -> None:
        self.status = int(status.split(" ", 1)[0])
        self.headers = [
            (name.lower().encode("latin1"), value.strip().encode("latin1"))
            for name, value in headers
        ]
