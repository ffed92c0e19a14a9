"""The body of a request while it is received: in memory while small, encrypted in a nameless file when large.

The key exists in this process only and the file has no name, so nothing that can be read stays
behind, whenever the process is killed.
"""

import asyncio
import io
import struct
import tempfile
from typing import IO, Any

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

IN_MEMORY = 256 << 10  # bytes; nearly every form without a file is smaller
FRAME, TAG = 256 << 10, 16  # bytes of clear text in a frame, and of what proves that it is whole


class Body:
    """Bytes that arrive in pieces. Whole frames go to the file; what is left stays in memory."""

    def __init__(self) -> None:
        self.size = 0
        self._rest = bytearray()
        self._file: IO[bytes] | None = None
        self._frames = 0
        self._key = AESGCM(AESGCM.generate_key(256))

    async def write(self, piece: bytes) -> None:
        """Add a piece. Raises OSError on a full disk."""
        self._rest += piece
        self.size += len(piece)
        while self.size > IN_MEMORY and len(self._rest) >= FRAME:
            frame = bytes(self._rest[:FRAME])
            del self._rest[:FRAME]
            await asyncio.to_thread(self._store, frame)

    def open(self) -> io.BufferedReader:
        """Give the body in clear from its beginning."""
        return io.BufferedReader(_Clear(self), FRAME)

    def close(self) -> None:
        if self._file is not None:
            self._file.close()

    def _store(self, frame: bytes) -> None:
        if self._file is None:
            self._file = tempfile.TemporaryFile()  # noqa: SIM115 - closed by `close`
        self._file.write(self._key.encrypt(_nonce(self._frames), frame, None))
        self._frames += 1

    def part(self, number: int) -> bytes:
        """The frame of this number in clear, or what is in memory after the last one."""
        if number > self._frames:
            return b""
        if number == self._frames or self._file is None:
            return bytes(self._rest)
        self._file.seek(number * (FRAME + TAG))
        return self._key.decrypt(_nonce(number), self._file.read(FRAME + TAG), None)


class _Clear(io.RawIOBase):
    """Reads a body part by part."""

    def __init__(self, body: Body) -> None:
        self._body, self._number, self._part = body, 0, memoryview(b"")

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        if not self._part:
            self._part = memoryview(self._body.part(self._number))
            self._number += 1
        count = min(len(buffer), len(self._part))
        buffer[:count] = self._part[:count]
        self._part = self._part[count:]
        return count


def _nonce(frame: int) -> bytes:
    return struct.pack(">xxxxQ", frame)
