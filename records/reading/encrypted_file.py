"""A file that waits for a worker lies encrypted on disk.

AES-256-GCM in frames, with a key that belongs to the random name of the file, so memory does not
grow with the file. The nonce of a frame states its place and whether it is the last: none can be
moved or cut off.
"""

import os
import struct
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

FRAME, TAG = 1 << 20, 16  # bytes of clear text in a frame, and of what proves that it is whole
IN_MEMORY = (
    64 << 20
)  # smaller files are decrypted into memory, larger ones beside the encrypted file


def encrypt(pieces: Iterable[bytes], path: Path, secret: bytes) -> None:
    """Write the pieces encrypted to a new file. Its name must be random: the key is made of it."""
    _write(pieces, path, _key(path.name, secret))


def _write(pieces: Iterable[bytes], path: Path, key: AESGCM) -> None:
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as target:
        buffer, frames = bytearray(), 0
        for piece in pieces:
            buffer += piece
            while len(buffer) > FRAME:  # never empty afterwards: what is left is the last frame
                target.write(key.encrypt(_nonce(frames), bytes(buffer[:FRAME]), None))
                del buffer[:FRAME]
                frames += 1
        target.write(key.encrypt(_nonce(frames, last=True), bytes(buffer), None))


@contextmanager
def decrypted(path: Path, *secrets: bytes) -> Iterator[int]:
    """Decrypt a file into one without a name, and give its descriptor for the block.

    Of the secrets the one that opens the file is used: older ones may follow the present one. Raises
    `InvalidTag` where the file was changed, cut off, renamed, or encrypted with none of them.
    """
    with path.open("rb") as source, _nameless(path) as clear:
        for piece in _pieces(source, path.name, secrets):
            clear.write(piece)
        clear.flush()
        yield clear.fileno()


def renew(path: Path, *secrets: bytes) -> bool:
    """Encrypt a file that was encrypted with an older secret with the first of them, under the same name.

    The file is there, old or new, at every moment. Returns whether it had to be done; raises `InvalidTag`
    as `decrypted` does, and `FileNotFoundError` where a worker is done with the file.
    """
    with path.open("rb") as source:
        if _opening(source, path.name, secrets[:1]):
            return False
        fresh = path.with_name(
            f"{path.name}.new"
        )  # what a crash left behind is no file of an upload
        fresh.unlink(missing_ok=True)
        try:
            _write(_pieces(source, path.name, secrets), fresh, _key(path.name, secrets[0]))
            os.stat(path)  # noqa: PTH116 - raises where it is gone: a file nobody waits for must not return
            fresh.replace(path)
        except BaseException:
            fresh.unlink(missing_ok=True)
            raise
    return True


def _pieces(source: IO[bytes], name: str, secrets: Sequence[bytes]) -> Iterator[bytes]:
    """Yield the clear text frame by frame."""
    key, frames = _opening(source, name, secrets), 0
    if key is None:
        raise InvalidTag
    frame, following = source.read(FRAME + TAG), b"."
    while following:  # at least once: an empty file has a frame, too
        following = source.read(FRAME + TAG)
        yield key.decrypt(_nonce(frames, last=not following), frame, None)
        frame, frames = following, frames + 1


def _nameless(path: Path) -> IO[bytes]:
    """A file that vanishes when it is closed, whatever happens to this process."""
    if path.stat().st_size < IN_MEMORY:
        return os.fdopen(os.memfd_create("decrypted"), "w+b")
    return tempfile.TemporaryFile(dir=path.parent)


def _opening(source: IO[bytes], name: str, secrets: Sequence[bytes]) -> AESGCM | None:
    """Return the key of the secret that opens the first frame, None where none does. Reads from the start."""
    source.seek(0)
    frame = source.read(FRAME + TAG)
    nonce = _nonce(0, last=not source.read(1))
    source.seek(0)
    for secret in secrets:
        with suppress(InvalidTag):
            key = _key(name, secret)
            key.decrypt(nonce, frame, None)
            return key
    return None


def _key(name: str, secret: bytes) -> AESGCM:
    derived = HKDF(SHA256(), 32, salt=None, info=b"incoming file " + name.encode())
    return AESGCM(derived.derive(secret))


def _nonce(frame: int, last: bool = False) -> bytes:
    return struct.pack(">?xxxQ", last, frame)
