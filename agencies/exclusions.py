"""The table of exclusions in the database, where a trigger asks it: written after each migration."""

from typing import Any

from django.db import connections

from agencies.roles import excluded_pairs


def write(using: str, **_signal: Any) -> None:
    """Receive Django's signal that migrations ran: the owner of the database writes the table anew."""
    with connections[using].cursor() as cursor:
        cursor.execute("SELECT to_regclass('agencies_exclusion') IS NOT NULL")
        if cursor.fetchone()[0]:
            cursor.execute("DELETE FROM agencies_exclusion")
            cursor.executemany(
                "INSERT INTO agencies_exclusion VALUES (%s, %s, %s)", excluded_pairs()
            )
