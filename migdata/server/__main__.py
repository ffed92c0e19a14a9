"""`python -m migdata.server`: the web process, started alike in demonstration, container and by hand."""

import os
from argparse import ArgumentParser

from granian import Granian
from granian.constants import HTTPModes, Interfaces, Loops
from granian.http import HTTP1Settings
from granian.log import LogLevels

HEAD_WITHIN = 10_000  # milliseconds for the head of a request; also how long a connection may idle
HEAD_SIZE = 64 << 10  # bytes
CONNECTIONS = 1024  # of each process
ENDS_WITHIN = 8  # seconds for requests that are being answered when the server is stopped


def main() -> None:
    """Serve until a signal asks to stop; requests that are being answered are finished first."""
    parser = ArgumentParser(prog="python -m migdata.server", description=__doc__)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=int(os.environ.get("PORT", "8000")))
    parser.add_argument("--workers", type=int, default=int(os.environ.get("WEB_CONCURRENCY", "2")))
    options = parser.parse_args()
    Granian(
        "migdata.asgi:application",
        address=options.host,
        port=options.port,
        workers=options.workers,
        interface=Interfaces.ASGI,
        loop=Loops.asyncio,
        http=HTTPModes.http1,  # the proxy speaks the newer ones; fewer ways in
        websockets=False,
        backlog=2048,
        backpressure=CONNECTIONS,
        http1_settings=HTTP1Settings(header_read_timeout=HEAD_WITHIN, max_buffer_size=HEAD_SIZE),
        log_level=LogLevels.warning,
        respawn_failed_workers=True,
        respawn_interval=0.5,
        workers_kill_timeout=ENDS_WITHIN,
    ).serve()


if __name__ == "__main__":
    main()
