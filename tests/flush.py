"""The database after a test that has committed: what was filled is emptied, all else stays as it is.

Django's own flush truncates every table, filled or not, and then makes the rows of content types and permissions anew:
a third of a second, after each of hundreds of tests. Whether a table was filled is asked of its size on the disk, which
row-level security does not hide and which is nothing after a truncation.
"""

from functools import cache

import pytest
from django.db import connections
from django.test import TransactionTestCase

# They come with migrations, and tests only read them.
KEPT = ("django_content_type", "auth_permission")
PUBLISHED = "pub.release"  # in a schema that Django does not know; its files go with it
FILLED = "SELECT name FROM unnest(%s::text[]) AS name WHERE pg_relation_size(name::regclass) > 0"
STATE = " UNION ALL ".join(f"SELECT '{name}', count(*), max(id) FROM {name}" for name in KEPT)


def install(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let every test that commits end so. The database stands as migrations have left it."""
    with connections["default"].cursor() as cursor:
        state = _state(cursor)
    whole = TransactionTestCase._fixture_teardown

    def teardown(case: TransactionTestCase) -> None:
        with connections["default"].cursor() as cursor:
            empty(cursor)
            changed = _state(cursor) != state
        if changed:
            whole(case)

    monkeypatch.setattr(TransactionTestCase, "_fixture_teardown", teardown)


def empty(cursor):
    """Empty every table that has rows."""
    cursor.execute(FILLED, [_tables()])
    if filled := ", ".join(name for (name,) in cursor.fetchall()):
        cursor.execute(f"TRUNCATE {filled} CASCADE")


def _state(cursor):
    cursor.execute(STATE)
    return cursor.fetchall()


@cache
def _tables():
    """Return what Django's flush empties, and what is published."""
    known = connections["default"].introspection.django_table_names(only_existing=True)
    return [PUBLISHED, *(name for name in known if name not in KEPT)]
