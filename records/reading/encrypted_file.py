"""A file that waits for a worker lies encrypted on disk.

AES-256-GCM in frames, with a key that belongs to the random name of the file, so memory does not
grow with the file. The nonce of a frame states its place and whether it is the last: none can be
moved or cut off.
"""

import os
import struct
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

FRAME, TAG = 1 << 20, 16  # bytes of clear text in a frame, and of what proves that it is whole
IN_MEMORY = (
    64 << 20
)  # smaller files are decrypted into memory, larger ones beside the encrypted file


def encrypt(pieces: Iterable[bytes], path: Path, secret: bytes) -> None:
    """Write the pieces encrypted to a new file. Its name must be random: the key is made of it."""
    key = _key(path, secret)
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
def decrypted(path: Path, secret: bytes) -> Iterator[int]:
    """Decrypt a file into one without a name, and give its descriptor for the block.

    Raises `InvalidTag` where the file was changed, cut off, renamed, or encrypted with another secret.
    """
    key, frames = _key(path, secret), 0
    with path.open("rb") as source, _nameless(path) as clear:
        frame, following = source.read(FRAME + TAG), b"."
        while following:  # at least once: an empty file has a frame, too
            following = source.read(FRAME + TAG)
            clear.write(key.decrypt(_nonce(frames, last=not following), frame, None))
            frame, frames = following, frames + 1
        clear.flush()
        yield clear.fileno()


def _nameless(path: Path) -> IO[bytes]:
    """A file that vanishes when it is closed, whatever happens to this process."""
    if path.stat().st_size < IN_MEMORY:
        return os.fdopen(os.memfd_create("decrypted"), "w+b")
    return tempfile.TemporaryFile(dir=path.parent)


def _key(path: Path, secret: bytes) -> AESGCM:
    derived = HKDF(SHA256(), 32, salt=None, info=b"incoming file " + path.name.encode())
    return AESGCM(derived.derive(secret))


def _nonce(frame: int, last: bool = False) -> bytes:
    return struct.pack(">?xxxQ", last, frame)
