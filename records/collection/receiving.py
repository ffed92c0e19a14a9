"""Files on their way in: encrypted while they are received, removed where nobody keeps them.

Django's own handlers write a large file in the clear into a temporary folder, where a killed
process leaves it behind. Ours encrypts each piece before it touches a disk; what is taken in later
is this very file, neither decrypted nor written a second time.
"""

import hashlib
import uuid
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.files.uploadedfile import UploadedFile
from django.core.files.uploadhandler import FileUploadHandler

from records.reading.encrypted_file import Sealing

PIECE = 1 << 18  # bytes that are handed over at once


def folder() -> Path:
    """Where files lie until a worker has read them; each under a random name."""
    return Path(settings.PRIVATE_ROOT) / "incoming"


class ReceivedFile:
    """A file as it came, encrypted: `path`, and `size` and `sha256` of its clear bytes.

    Nobody waits for it until `keep` is called: closed before that, it is gone. Of a file that is
    larger than `UPLOAD_LIMIT` only the size is known.
    """

    def __init__(self) -> None:
        folder().mkdir(parents=True, exist_ok=True, mode=0o700)
        self.path = folder() / uuid.uuid4().hex
        self.size, self._digest, self._kept = 0, hashlib.sha256(), False
        self._sealing = Sealing(self.path, settings.FILES_SECRET.encode())

    @property
    def sha256(self) -> str:
        return self._digest.hexdigest()

    @property
    def is_too_large(self) -> bool:
        return self.size > int(settings.UPLOAD_LIMIT)

    def write(self, piece: bytes) -> None:
        self.size += len(piece)
        if self.is_too_large:
            self.path.unlink(missing_ok=True)  # what follows is counted, and kept nowhere
        else:
            self._digest.update(piece)
            self._sealing.write(piece)

    def finish(self) -> None:
        """All bytes are there."""
        if not self.is_too_large:
            self._sealing.finish()

    def keep(self) -> None:
        """Somebody waits for the file now: closing it does not remove it."""
        self._kept = True

    def close(self) -> None:
        self._sealing.close()
        if not self._kept:
            self.path.unlink(missing_ok=True)


def received(content: Iterable[bytes], room: Callable[[int], int]) -> ReceivedFile:
    """Receive a file that is given in pieces. Close what is returned.

    `room` takes the bytes so far and returns how many there may be, or raises what says why not.
    """
    left = room(0)
    file = ReceivedFile()
    try:
        for piece in content:
            file.write(piece)
            if file.is_too_large:
                break
            if file.size > left:
                left = room(file.size)
        file.finish()
    except BaseException:
        file.close()
        raise
    return file


class EncryptedUpload(UploadedFile):  # type: ignore[type-arg]
    """An uploaded file of a form. Django closes it at the end of the request, and with it what nobody kept."""

    def __init__(self, received: ReceivedFile, name: str, content_type: str | None) -> None:
        super().__init__(file=None, name=name, content_type=content_type, size=received.size)
        self.received = received

    def close(self) -> None:
        self.received.close()


class EncryptingUploadHandler(FileUploadHandler):
    """Django's upload handler of the portal (settings.FILE_UPLOAD_HANDLERS): the only one."""

    chunk_size = PIECE

    def __init__(self, request: Any = None) -> None:
        super().__init__(request)
        self._received: list[ReceivedFile] = []

    def new_file(self, *args: Any, **kwargs: Any) -> None:
        super().new_file(*args, **kwargs)
        self._received.append(ReceivedFile())
        self.file = self  # what Django closes when the request breaks off

    def receive_data_chunk(self, raw_data: bytes, start: int) -> None:
        self._received[-1].write(raw_data)

    def file_complete(self, file_size: int) -> EncryptedUpload:
        file = self._received[-1]
        file.finish()
        return EncryptedUpload(file, self.file_name or "", self.content_type)

    def upload_interrupted(self) -> None:
        self.close()

    def close(self) -> None:
        for file in self._received:
            file.close()
