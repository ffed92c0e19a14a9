"""What only the sender of a file sees as given: its name, its sheets, headers that look personal, its first rows.

A person's name may stand in any of them. Everybody else, and every other place where something is
kept, has neutral ones: “SMS-WPF, file 12”, `#2` for the second sheet, the mask for a header. What was
given lies encrypted beside the upload, opens for the person who sent it, and goes after a month.
"""

import json
import os
import re
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from datetime import timedelta
from pathlib import PureWindowsPath
from typing import Any

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings
from django.core.exceptions import SuspiciousFileOperation
from django.utils.text import get_valid_filename

from agencies import audit
from agencies.access import Anyone
from agencies.models import Person
from records.models import Upload
from records.validation.personal import MASK

KEPT = timedelta(days=30)
NONCE = 12  # bytes
SHEET = re.compile(r"^#\d+(?=$|[!:])")  # how a sheet is called by its place


@dataclass(frozen=True)
class GivenNames:
    """The names as the sender gave them; empty for everybody else.

    `parts`: sheets by place (`#2`) and masked headers by the letter of their column; `sheet`: the
    name of the sheet that the sender asked for before the file was read; `preview`: rows as they were
    read, while the file waits for answers (`reading.preview`).
    """

    file: str = ""
    parts: Mapping[str, str] = field(default_factory=dict)
    sheet: str = ""
    preview: Sequence[Mapping[str, Any]] = ()

    def sheet_of(self, text: str) -> str:
        """Return a text that begins with the place of a sheet (`#2!D17`) with the sheet's name."""
        return SHEET.sub(lambda place: self.parts.get(place[0], place[0]), text)

    def header_of(self, letter: str, header: str) -> str:
        """Return a header of the column with this letter, as given where it was masked."""
        return self.parts.get(letter, header) if header == MASK else header

    def place_of(self, sheet: str) -> str:
        """Return the place of the sheet with this name, "" where there is none."""
        return next((k for k, v in self.parts.items() if v == sheet and SHEET.match(k)), "")


def seal(upload: Upload, names: GivenNames) -> None:
    """Put the names on the upload, encrypted for its sender. The caller saves it."""
    nonce = os.urandom(NONCE)
    text = json.dumps(asdict(names)).encode()
    upload.given_names = nonce + _cipher(settings.FILES_SECRET).encrypt(nonce, text, _owner(upload))


def given_names(upload: Upload, person: Anyone) -> GivenNames:
    """Return the names as given, if this person sent the file and they are still kept."""
    return opened(upload) if person.pk == upload.uploaded_by_id else GivenNames()


def opened(upload: Upload) -> GivenNames:
    """Return the names as given, for the work on the sender's own file; empty where they are gone."""
    sealed = bytes(upload.given_names or b"")
    for secret in (settings.FILES_SECRET, *getattr(settings, "FILES_SECRET_FALLBACKS", ())):
        with suppress(InvalidTag, ValueError):  # nothing there, or sealed with another secret
            text = _cipher(secret).decrypt(sealed[:NONCE], sealed[NONCE:], _owner(upload))
            return GivenNames(**json.loads(text))
    return GivenNames()


def shown_name(upload: Upload, person: Anyone) -> str:
    """Return how the upload is called on the pages of this person."""
    return given_names(upload, person).file or str(upload)


def label(file_name: str) -> str:
    """The name under which its sender sees the file; on disk it has another."""
    try:
        return get_valid_filename(PureWindowsPath(file_name).name)[:255]
    except SuspiciousFileOperation:
        return "file"


def _cipher(secret: str) -> AESGCM:
    derived = HKDF(SHA256(), 32, salt=None, info=b"names of uploads").derive(secret.encode())
    return AESGCM(derived)


def _owner(upload: Upload) -> bytes:
    """What the ciphertext is bound to: copied to another upload or person it does not open."""
    return f"{upload.uploaded_by_id}:{upload.sha256}".encode()


def note(verb: str, upload: Upload, by: Person | None, **detail: Any) -> None:
    """Append an event about a file, by the name that everybody may see."""
    name = f"{upload.instrument.code} {upload.pk}"
    audit.record(verb, f"upload:{upload.pk}", name=name, by=by, agency=upload.agency, **detail)
