"""As whom PostgreSQL runs: it refuses root and accounts without a name, so they borrow one."""

import ctypes
import os
import pwd
import subprocess
from collections.abc import Callable
from enum import Enum
from functools import cache
from pathlib import Path

CLONE_NEWUSER = 0x10000000
NOBODY = 65534


class Identity(Enum):
    """SELF: an ordinary user. NAMESPACE: root (or an account without a name) is nobody as seen
    from inside; files keep their owner. NOBODY: root without user namespaces (some containers)
    gives its rights up."""

    SELF = "self"
    NAMESPACE = "namespace"
    NOBODY = "nobody"

    @property
    def uid(self) -> int:
        """The owner of the files as seen from here."""
        return NOBODY if self is Identity.NOBODY else os.getuid()

    @property
    def become(self) -> Callable[[], None] | None:
        """What a child does between fork and exec."""
        return {Identity.NAMESPACE: _enter_namespace, Identity.NOBODY: _become_nobody}.get(self)


@cache
def usable() -> Identity:
    """The identity that works on this machine."""
    if os.getuid() != 0 and _has_name():
        return Identity.SELF
    try:
        subprocess.run(["/bin/true"], check=True, preexec_fn=_enter_namespace)  # noqa: PLW1509
    except (subprocess.SubprocessError, OSError):
        return Identity.NOBODY if os.getuid() == 0 else Identity.SELF
    return Identity.NAMESPACE


def _has_name() -> bool:
    try:
        pwd.getpwuid(os.getuid())
    except KeyError:
        return False
    return True


def _enter_namespace() -> None:
    outside = (os.getuid(), os.getgid())
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.unshare(CLONE_NEWUSER) != 0:
        raise OSError(ctypes.get_errno(), "unshare")
    Path("/proc/self/setgroups").write_text("deny")
    for file, number in zip(("uid_map", "gid_map"), outside, strict=True):
        Path(f"/proc/self/{file}").write_text(f"{NOBODY} {number} 1")


def _become_nobody() -> None:
    os.setgroups([])
    os.setgid(NOBODY)
    os.setuid(NOBODY)
