"""A file that waits for a worker lies encrypted on disk, and is clear in memory only, piece by piece.

AES-256-GCM in frames, with a key that belongs to the random name of the file, so memory does not
grow with the file. The nonce of a frame states its place and whether it is the last: none can be
moved or cut off. Frames can be opened one by one, so whoever reads a workbook here and there needs
no clear copy of it.
"""

import fcntl
import io
import os
import struct
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

FRAME, TAG = 1 << 20, 16  # bytes of clear text in a frame, and of what proves that it is whole


class Sealing:
    """A file that is encrypted while its bytes come: at no moment does a clear one lie on disk.

    Its name must be new and random, because the key is made of it. As long as its writer lives and
    has not closed it, the file is locked: `is_being_written` tells it from one that was left behind.
    `name` is the one it will have, where it is not yet that of `path`.
    """

    def __init__(self, path: Path, secret: bytes, name: str = "") -> None:
        self._key = AESGCM(_key(name or path.name, secret))
        self._buffer, self._frames = bytearray(), 0
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        self._file = os.fdopen(descriptor, "wb", buffering=0)
        fcntl.flock(descriptor, fcntl.LOCK_EX)

    def write(self, piece: bytes) -> None:
        """Take the next bytes; what fills a frame goes to disk encrypted."""
        self._buffer += piece
        while len(self._buffer) > FRAME:  # never empty afterwards: what is left is the last frame
            self._put(_nonce(self._frames), FRAME)
            self._frames += 1

    def finish(self) -> None:
        """Write the last frame, and wait until the disk has all of them."""
        self._put(_nonce(self._frames, last=True), len(self._buffer))
        os.fsync(self._file.fileno())

    def close(self) -> None:
        """Let go of the file, finished or not."""
        self._file.close()

    def _put(self, nonce: bytes, size: int) -> None:
        rest = memoryview(self._key.encrypt(nonce, bytes(self._buffer[:size]), None))
        while rest:  # an unbuffered file may take less than it is given
            rest = rest[self._file.write(rest) :]
        del self._buffer[:size]


def encrypt(pieces: Iterable[bytes], path: Path, secret: bytes, name: str = "") -> None:
    """Write the pieces encrypted to a new file. Its name must be random: the key is made of it."""
    sealing = Sealing(path, secret, name)
    try:
        for piece in pieces:
            sealing.write(piece)
        sealing.finish()
    finally:
        sealing.close()


def is_being_written(path: Path) -> bool:
    """Say whether a living process is writing this file. Raises FileNotFoundError where there is none."""
    with path.open("rb") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
    return False


@dataclass(frozen=True)
class SealedFile:
    """An encrypted file as another process may read it: an open descriptor and the key of this file only."""

    descriptor: int
    key: bytes

    def open(self, _mode: str = "rb", /) -> IO[bytes]:
        """Return the clear text as a file that can be read anywhere; bytes are decrypted when read."""
        return io.BufferedReader(_ClearText(self.descriptor, self.key), 1 << 16)


@contextmanager
def opened(path: Path, *secrets: bytes) -> Iterator[SealedFile]:
    """Open an encrypted file, after looking whether it is whole; give it for the block.

    `secrets` are the present one and those before it. Raises `InvalidTag` where the file was changed,
    cut off, renamed, or encrypted with another secret.
    """
    with path.open("rb") as source:
        keys = [_key(path.name, secret) for secret in secrets]
        key = next((key for key in keys if _opens(source.fileno(), key)), keys[0])
        sealed = SealedFile(source.fileno(), key)
        with sealed.open() as clear:
            while clear.read(FRAME):
                pass
        yield sealed


def renew(path: Path, *secrets: bytes) -> bool:
    """Encrypt a file that was encrypted with an older secret with the first of them, under the same name.

    The file is there, old or new, at every moment. Returns whether it had to be done; raises `InvalidTag`
    as `opened` does, and `FileNotFoundError` where a worker is done with the file.
    """
    with path.open("rb") as source:
        if _opens(source.fileno(), _key(path.name, secrets[0])):
            return False
    fresh = path.with_name(f"{path.name}.new")  # what a crash left behind is no file of an upload
    with opened(path, *secrets) as sealed, sealed.open() as clear:
        fresh.unlink(missing_ok=True)
        try:
            encrypt(iter(lambda: clear.read(FRAME), b""), fresh, secrets[0], path.name)
            os.stat(path)  # noqa: PTH116 - raises where it is gone: a file nobody waits for must not return
            fresh.replace(path)
        except BaseException:
            fresh.unlink(missing_ok=True)
            raise
    return True


def _opens(descriptor: int, key: bytes) -> bool:
    """Say whether the key fits the first bytes of the file."""
    try:
        SealedFile(descriptor, key).open().read(1)
    except InvalidTag:
        return False
    return True


class _ClearText(io.RawIOBase):
    """The clear text of an encrypted file; one frame of it is in memory."""

    def __init__(self, descriptor: int, key: bytes) -> None:
        self._descriptor, self._cipher = descriptor, AESGCM(key)
        size = os.fstat(descriptor).st_size
        self._last = max(0, (size - 1) // (FRAME + TAG))  # the number of the last frame
        self._size = size - (self._last + 1) * TAG
        self._place = 0
        self._number, self._frame = -1, b""
        if self._size <= self._last * FRAME:  # no byte to read, yet a frame that has to be whole
            self._load(self._last)

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._place

    def seek(self, offset: int, whence: int = os.SEEK_SET, /) -> int:
        start = {os.SEEK_SET: 0, os.SEEK_CUR: self._place, os.SEEK_END: self._size}[whence]
        if start + offset < 0:
            raise OSError("negative seek position")
        self._place = start + offset
        return self._place

    def readinto(self, buffer: Any, /) -> int:
        if self._place >= self._size:
            return 0
        number, begin = divmod(self._place, FRAME)
        if number != self._number:
            self._load(number)
        target = memoryview(buffer).cast("B")
        piece = self._frame[begin : begin + len(target)]
        target[: len(piece)] = piece
        self._place += len(piece)
        return len(piece)

    def _load(self, number: int) -> None:
        sealed = os.pread(self._descriptor, FRAME + TAG, number * (FRAME + TAG))
        if len(sealed) < TAG:
            raise InvalidTag
        nonce = _nonce(number, last=number == self._last)
        self._number, self._frame = number, self._cipher.decrypt(nonce, sealed, None)


def _key(name: str, secret: bytes) -> bytes:
    derived = HKDF(SHA256(), 32, salt=None, info=b"incoming file " + name.encode())
    return derived.derive(secret)


def _nonce(frame: int, last: bool = False) -> bytes:
    return struct.pack(">?xxxQ", last, frame)
