"""Where the embedded servers keep their files, and who may start them: one folder, one lock."""

import fcntl
import hashlib
import os
import re
import shutil
import stat
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
SOCKET_LIMIT = 107  # bytes of a unix socket's path that Linux accepts
LONGEST_SOCKET = ".s.PGSQL.5432.lock"
SPACE = 400 << 20  # bytes a fresh cluster and its first day need
PLAIN = re.compile(r"[A-Za-z0-9/._-]+")  # what broker and database addresses carry without quoting


class Unusable(Exception):
    """The embedded servers cannot run here; the message says why and what to do."""


@dataclass(frozen=True)
class Place:
    """The folder of one pair of servers."""

    folder: Path

    def socket_folder(self, data: Path) -> Path:
        """Where a server's socket goes: its data folder, or a short one where that is too long."""
        if len(os.fsencode(data / LONGEST_SOCKET)) <= SOCKET_LIMIT and PLAIN.fullmatch(str(data)):
            return data
        return self.hashed(Path("/tmp"))  # noqa: S108 - `own` refuses a folder of somebody else

    def hashed(self, base: Path) -> Path:
        """A short folder under `base` that belongs to this place and this person."""
        name = hashlib.sha256(os.fsencode(self.folder)).hexdigest()[:12]
        return base / f"migdata-{os.getuid()}-{name}"

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Start and stop one at a time. The lock goes with its process, kill -9 included."""
        own(self.folder)
        with (self.folder / "lock").open("a") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield

    def require_space(self, needed: int = SPACE) -> None:
        """Raise Unusable where so many bytes do not fit."""
        free = shutil.disk_usage(self.folder).free
        if free < needed:
            raise Unusable(
                f"{self.folder} has {free >> 20} MB free; {needed >> 20} MB are needed."
                " Free some space, or set MIGDATA_LOCAL to another folder."
            )


def here() -> Place:
    """The place this process uses: $MIGDATA_LOCAL, or `.local` in the project."""
    return Place(Path(os.environ.get("MIGDATA_LOCAL") or ROOT / ".local").absolute())


def persistent_temp() -> Path:
    """The temp folder that survives a restart of the machine, where there is one."""
    lasting = Path("/var/tmp")  # noqa: S108 - `own` refuses a folder of somebody else
    return lasting if lasting.is_dir() else Path(tempfile.gettempdir())


def own(folder: Path, uid: int | None = None) -> Path:
    """Make the folder, for its owner only. Refuses one that belongs to somebody else."""
    uid = os.getuid() if uid is None else uid
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        if uid != os.getuid():
            os.chown(folder, uid, uid, follow_symlinks=False)
        status = folder.lstat()
        writable = os.access(folder, os.W_OK | os.X_OK)
    except OSError as error:
        raise Unusable(
            f"The folder {folder} cannot be made or written: {error.strerror}."
            " Make it writable, or set MIGDATA_LOCAL to another folder."
        ) from error
    if stat.S_ISLNK(status.st_mode) or status.st_uid != uid or not writable:
        raise Unusable(
            f"The folder {folder} is not writable for this user, or belongs to another one (uid"
            f" {status.st_uid}). Give it back, or set MIGDATA_LOCAL to another folder."
        )
    return folder
