"""What the portal stands on may fail: the database, the disk. How such a failure is recognised, and what it means.

Only the class, the error number and the SQLSTATE of an exception are looked at: its text may quote records.
"""

import errno
from enum import Enum

from django.db import Error, InterfaceError, OperationalError


class Trouble(Enum):
    """What stops the work, and will not stop it for ever."""

    AWAY = (
        "away"  # the database does not answer, has no connection left, is being started or stopped
    )
    FULL = "full"  # a disk is full: ours, or the database's
    TOO_SLOW = "too slow"  # the database ended a statement that took too long
    BUSY = "busy"  # somebody else holds what this needs, for longer than one waits
    CONFLICT = "conflict"  # two did the same at once, and the database undid this one


DISK = {errno.ENOSPC, errno.EDQUOT}
STATES = {
    "53100": Trouble.FULL,
    "57014": Trouble.TOO_SLOW,
    "55P03": Trouble.BUSY,
    "40P01": Trouble.CONFLICT,
    "40001": Trouble.CONFLICT,
}
# Connection lost; out of memory or connections; shut down, crashed, starting; idle in a transaction.
GONE = ("08", "53", "57P", "25P03")


def sqlstate(error: BaseException) -> str:
    """Return the SQLSTATE of a database error; empty where it has none."""
    state = getattr(error.__cause__, "sqlstate", None) or getattr(error, "sqlstate", None)
    return state or ""


def trouble(error: BaseException | None) -> Trouble | None:
    """Say which neighbour's failure an exception is, or was raised because of; None: it is our own fault."""
    seen: set[int] = set()
    while error is not None and id(error) not in seen:
        seen.add(id(error))
        if found := _trouble(error):
            return found
        error = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    return None


def _trouble(error: BaseException) -> Trouble | None:
    if isinstance(error, OSError) and error.errno in DISK:
        return Trouble.FULL
    if not isinstance(error, Error):
        return None
    state = sqlstate(error)
    if state in STATES:
        return STATES[state]
    # libpq gives no state where no connection could be made, or where it broke.
    lost = isinstance(error, OperationalError | InterfaceError) and not state
    return Trouble.AWAY if lost or state.startswith(GONE) else None
