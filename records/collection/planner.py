"""What the planner of the database knows of the tables, kept true when many rows have come or gone.

PostgreSQL looks by itself, but a minute later; until then it may compare every row with every other.
"""

from django.db import connection, transaction

LARGE = 10_000  # rows


def analyse_after(rows: int) -> None:
    """Let the database look at the tables again when the transaction has committed, if it changed so many rows."""
    if rows >= LARGE:
        transaction.on_commit(_analyse, robust=True)


def _analyse() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT analyse_records()")
