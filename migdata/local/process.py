"""Starting servers that must not be root, in folders whose names fit a socket path."""

import ctypes
import errno
import hashlib
import os
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path

CLONE_NEWUSER = 0x10000000
SOCKET_LIMIT = 107 - len("/.s.PGSQL.5432.lock")
NOBODY = 65534


class CannotStart(Exception):
    """A server cannot be started; the message says why and what to do."""


def can_become_user() -> bool:
    """Say whether root may open a user namespace here (Docker's default refuses)."""
    child = os.fork()
    if child == 0:
        try:
            enter_namespace()
            os._exit(0)
        except OSError:
            os._exit(1)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0


def enter_namespace() -> None:
    """Become uid 1000 in a user namespace of our own: no account is made, files stay root's."""
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.unshare(CLONE_NEWUSER) != 0:
        raise OSError(ctypes.get_errno() or errno.EPERM, "unshare")
    for name, content in (("setgroups", "deny"), ("uid_map", "1000 0 1"), ("gid_map", "1000 0 1")):
        Path(f"/proc/self/{name}").write_text(content)


def become_nobody() -> None:
    os.setgroups([])
    os.setgid(NOBODY)
    os.setuid(NOBODY)


def socket_folder(data: Path) -> Path:
    """Return where the socket of a server goes: its data folder, or a short one if the path is too long."""
    if len(str(data)) <= SOCKET_LIMIT:
        return data
    return _hashed(data)


def outside_home(data: Path) -> Path:
    """Return a folder `nobody` can reach, for root without user namespaces."""
    return _hashed(data, parent=Path("/var/tmp"))  # noqa: S108 - survives a restart, mode 700 below


def _hashed(data: Path, parent: Path | None = None) -> Path:
    name = f"migdata-{os.getuid()}-{hashlib.sha256(str(data).encode()).hexdigest()[:12]}"
    path = (parent or Path(tempfile.gettempdir())) / name
    path.mkdir(mode=0o700, exist_ok=True)
    if path.stat().st_uid not in (os.getuid(), NOBODY):
        raise CannotStart(f"{path} belongs to somebody else.")
    return path


def require_space(path: Path, megabytes: int) -> None:
    """Raise `CannotStart` unless the disk has so much room."""
    free = shutil.disk_usage(path).free // 2**20
    if free < megabytes:
        raise CannotStart(f"{path} has {free} MB free; {megabytes} MB are needed.")


Preexec = Callable[[], None] | None
