"""How many rows of one file, and of one agency, are held for correcting: beyond that the file is refused.

A held row costs more room than the row it comes from, and nobody corrects a hundred thousand of them by
hand. The causes are told instead, so that the file can be corrected and sent again. Small files are
never refused for the share of their rows that is wrong.
"""

from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.db import connection

from records.models import HeldRow, Upload
from records.reading.layout import Refusal
from standards import codelists, languages


class TooManyHeld(Exception):
    """More rows would be held than are kept; carries the refusal of the file."""

    def __init__(self, code: str, *counts: int) -> None:
        where = " / ".join(f"{count:,}".replace(",", "\N{NO-BREAK SPACE}") for count in counts)
        texts = codelists.standard("refusals")[code]
        self.refusal = Refusal(code, languages.say(texts, where=where))
        super().__init__(code)


@dataclass
class HeldCeiling:
    """Counts the rows of one file that would be held, and the bytes they take.

    `rows_of_agency` and `bytes_of_agency` are what the agency has to correct already.
    """

    rows_of_agency: int
    bytes_of_agency: int
    rows: int = 0
    held: int = 0
    bytes: int = 0

    @classmethod
    def of(cls, upload: Upload) -> "HeldCeiling":
        """Begin to count for a file. Rows that only came too late do not count: nothing is wrong with them."""
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT count(*), coalesce(sum(pg_column_size(raw) + pg_column_size(findings)), 0)"
                " FROM records_heldrow WHERE agency_id = %s AND kind = %s",
                [upload.agency_id, str(HeldRow.Kind.ERROR)],
            )
            known: tuple[Any, Any] = cursor.fetchone()
        return cls(int(known[0]), int(known[1]))

    def add(self, *, rows: int, held: int, size: int) -> None:
        """Count a block: its rows, those that would be held, their bytes. Raises TooManyHeld."""
        self.rows += rows
        self.held += held
        self.bytes += size
        self.require_room()

    def require_room(self) -> None:
        """Raise TooManyHeld where more would be held than one file or one agency may have."""
        if self.held > settings.HELD_ROWS or self.bytes > settings.HELD_BYTES:
            raise TooManyHeld("too_many_held", self.held, self.rows)
        rows, size = self.rows_of_agency + self.held, self.bytes_of_agency + self.bytes
        if self.held and (
            rows > settings.HELD_ROWS_OF_AGENCY or size > settings.HELD_BYTES_OF_AGENCY
        ):
            raise TooManyHeld("agency_held", self.rows_of_agency)

    def require_readable(self) -> None:
        """Raise TooManyHeld where most rows of a large file would be held. To be asked at its end."""
        if self.rows >= settings.HELD_SHARE_FROM and 2 * self.held > self.rows:
            raise TooManyHeld("mostly_held", self.held, self.rows)
