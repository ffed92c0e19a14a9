"""PostgreSQL and a broker without installation: for the demonstration, tests and the command line.

A server whose address stands in the environment (DATABASE_URL, REDIS_URL) is used as it is.
"""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager

from migdata.environment import is_given
from migdata.local import keys
from migdata.local.place import Place, Unusable, here
from migdata.local.postgres import Postgres
from migdata.local.valkey import Valkey

__all__ = ["Unusable", "addresses", "ensure", "prepare", "running", "session", "stop"]


def addresses(place: Place | None = None) -> dict[str, str]:
    """DATABASE_URL, DATABASE_OWNER_URL and REDIS_URL as this process uses them. Starts nothing."""
    place = place or here()
    if given := os.environ.get("DATABASE_URL"):
        owner = os.environ.get("DATABASE_OWNER_URL") or given
        environment = {"DATABASE_URL": given, "DATABASE_OWNER_URL": owner}
    else:
        postgres = Postgres(place)
        environment = {
            "DATABASE_URL": postgres.address("migdata_app"),
            "DATABASE_OWNER_URL": postgres.address("migdata_owner"),
        }
    return {**environment, "REDIS_URL": os.environ.get("REDIS_URL") or Valkey(place).address}


def ensure() -> dict[str, str]:
    """Start what does not run yet and return the addresses. Raises Unusable, written for people."""
    place = here()
    environment = addresses(place)
    if os.environ.get("DATABASE_URL") and os.environ.get("REDIS_URL"):
        return environment  # nothing of ours, so nothing is written either: a container's disk may be sealed
    with place.locked():
        if not os.environ.get("DATABASE_URL"):
            Postgres(place).ensure()
        if not os.environ.get("REDIS_URL"):
            Valkey(place).ensure()
    return environment


def running() -> list[str]:
    """The names of this place's servers that answer."""
    servers: dict[str, Postgres | Valkey] = {
        "PostgreSQL": Postgres(here()),
        "Valkey": Valkey(here()),
    }
    return [name for name, server in servers.items() if server.ready()]


def stop() -> None:
    """Stop the servers of this place."""
    place = here()
    if place.folder.exists():
        with place.locked():
            _stop(place)


def _stop(place: Place) -> None:
    Valkey(place).stop()
    Postgres(place).stop()


@contextmanager
def session() -> Iterator[None]:
    """Servers for the length of a block: started if they do not run, and then stopped after it.

    Servers that a single command had left running stay. Sessions may overlap: the last one stops;
    after a kill -9 the next one does.
    """
    place = here()
    with place.locked():
        temporary = place.folder / "temporary"
        if not running():
            temporary.touch()
        session = (place.folder / "sessions").open("a")
        fcntl.flock(session, fcntl.LOCK_SH)
    try:
        ensure()
        yield
    finally:
        with place.locked():
            last = _locks_alone(session.fileno())
            session.close()
            if last and temporary.exists():
                _stop(place)
                temporary.unlink()


def _locks_alone(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def prepare(*, start: bool) -> None:
    """Fill in what the environment leaves open before Django reads its settings.

    Embedded servers mean a demonstration: it makes its own secrets. Where DATABASE_URL names a
    real server the secrets must be given, because figures already published depend on them.
    """
    # A part of a larger installation has just the secrets that it needs (agencies.secrets checks them).
    names = () if os.environ.get("PORTAL_PART") else keys.NAMES
    missing = [name for name in names if not is_given(name)]
    if not start:
        defaults = {**addresses(), **keys.passing()}
    else:
        place = here()
        if not os.environ.get("DATABASE_URL"):
            os.environ.setdefault("DEMO", "1")
            os.environ.setdefault("PRIVATE_ROOT", str(place.folder / "private"))
        _require_given(missing, place)
        defaults = ensure()
        if missing:
            with place.locked():
                defaults |= keys.kept(place)
    for name, value in defaults.items():
        if not is_given(name):
            os.environ[name] = value


def _require_given(missing: list[str], place: Place) -> None:
    if missing and os.environ.get("DEMO") != "1" and not keys.exist(place):
        raise Unusable(
            f"DATABASE_URL is set, so {', '.join(missing)} must be set too (docs/operate.md),"
            " or DEMO=1 for a demonstration with secrets of its own."
        )
