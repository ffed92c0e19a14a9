"""The key of a held row in a workbook that leaves the portal: an edited one is noticed."""

import hmac
from collections.abc import Iterator
from typing import Any

from django.conf import settings
from django.db.models import F, TextField
from django.db.models.functions import MD5, Cast, Left

from records.models import HeldRow, Upload

DIGITS = 16  # of the check digest
# Names what a held row holds, so that a row that has changed since is not taken for the one that was sent out.
STATE = Left(MD5(Cast(F("raw"), TextField())), 8)


def key_of(upload: Upload, held: int, state: str) -> str:
    """Return the key of a held row of this upload, of which `STATE` is known."""
    return f"{held}.{state}.{_digest(settings.FILES_SECRET, upload, held, state)}"


def opened(key: str, upload: Upload) -> tuple[int, str] | None:
    """Return held row and state of a key; None where it is none that was made for this agency and instrument."""
    parts = key.strip().split(".")
    if len(parts) != 3 or not parts[0].isdecimal() or len(parts[0]) > 18:
        return None
    held, state = int(parts[0]), parts[1]
    known = any(
        hmac.compare_digest(parts[2].encode(), _digest(secret, upload, held, state).encode())
        for secret in _secrets()
    )
    return (held, state) if known else None


def is_as_seen(row: Any, state: str) -> bool:
    """Say whether a held row, annotated with `state`, waits to be corrected and holds what it did."""
    waits = row.kind == HeldRow.Kind.ERROR and row.closed_by_id is None
    return waits and row.state == state


def _secrets() -> Iterator[str]:
    yield from (settings.FILES_SECRET, *getattr(settings, "FILES_SECRET_FALLBACKS", ()))


def _digest(secret: str, upload: Upload, held: int, state: str) -> str:
    text = f"held:{upload.agency_id}:{upload.instrument_id}:{held}:{state}"
    return hmac.new(secret.encode(), text.encode(), "sha256").hexdigest()[:DIGITS]
