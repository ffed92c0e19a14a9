"""The database and the private files as they stand: made once in a run, put back for every test that wants the same.

A copy of each table that has rows lies in a schema of its own, which no flush knows; putting them back takes a part of
a second where walking the whole road again takes ten.
"""

import shutil
import tempfile
from contextlib import contextmanager

from django.conf import settings
from django.contrib.contenttypes.models import ContentType
from django.db import connections, transaction

from tests import flush

# Each with its columns, and whether it was filled: its size says so, whatever policies hide.
TABLES = """
SELECT format('%%I.%%I', n.nspname, c.relname), pg_relation_size(c.oid) > 0,
       (SELECT string_agg(quote_ident(a.attname), ', ' ORDER BY a.attnum) FROM pg_attribute a
         WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated = '')
  FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
 WHERE n.nspname IN ('public', 'pub') AND c.relkind = 'r' AND NOT c.relname = ANY(%s)
 ORDER BY 1
"""
SEQUENCES = """
SELECT format('%I.%I', schemaname, sequencename), coalesce(last_value, 0) FROM pg_sequences
 WHERE schemaname IN ('public', 'pub')
"""
STAY = ["django_migrations", *flush.KEPT]  # no test changes them
SET_SEQUENCES = """
SELECT setval(name::regclass, greatest(value, 1), value > 0) FROM unnest(%s::text[], %s::bigint[]) AS s(name, value)
"""
_taken = {}  # name -> private files, sequences, tables with their columns, what was returned


def standing(name, walk):
    """Call `walk` the first time, afterwards put back what it left; return what it returned."""
    if name not in _taken:
        _taken[name] = _take(name, walk())
    folder, sequences, tables, result = _taken[name]
    _put_back(name, sequences, tables)
    shutil.copytree(folder.name, settings.PRIVATE_ROOT, dirs_exist_ok=True)
    return result


def _take(name, result):
    with _as_owner() as cursor:
        cursor.execute(f"DROP SCHEMA IF EXISTS {name}_snapshot CASCADE")
        cursor.execute(f"CREATE SCHEMA {name}_snapshot")
        tables = _filled(cursor)
        for table, columns in tables:
            cursor.execute(f"CREATE TABLE {_copy(name, table)} AS SELECT {columns} FROM {table}")
        cursor.execute(SEQUENCES)
        sequences = cursor.fetchall()
    folder = tempfile.TemporaryDirectory(prefix="migdata-snapshot-")
    shutil.copytree(settings.PRIVATE_ROOT, folder.name, dirs_exist_ok=True)
    return folder, sequences, tables, result


def _put_back(name, sequences, tables):
    with _as_owner() as cursor:
        if filled := ", ".join(table for table, _columns in _filled(cursor)):
            cursor.execute(f"TRUNCATE {filled} CASCADE")
        for table, columns in tables:
            cursor.execute(f"ALTER TABLE {table} DISABLE TRIGGER USER")
            cursor.execute(
                f"INSERT INTO {table} ({columns}) OVERRIDING SYSTEM VALUE"
                f" SELECT {columns} FROM {_copy(name, table)}"
            )
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        for table, _columns in tables:
            cursor.execute(f"ALTER TABLE {table} ENABLE TRIGGER USER")
        cursor.execute(
            SET_SEQUENCES, [[name for name, _value in sequences], [v for _n, v in sequences]]
        )
    ContentType.objects.clear_cache()


def _copy(name, table):
    return f"{name}_snapshot.{table.replace('.', '_')}"


def _filled(cursor):
    """Return (table, columns) of every table that has rows, or had some since it was last emptied."""
    cursor.execute(TABLES, [STAY])
    return [(table, columns) for table, is_filled, columns in cursor.fetchall() if is_filled]


@contextmanager
def _as_owner():
    """Run statements as the owner of the tables, in one transaction."""
    with transaction.atomic(), connections["default"].cursor() as cursor:
        cursor.execute("SELECT current_user")
        (role,) = cursor.fetchone()
        cursor.execute("RESET ROLE")
        yield cursor
        cursor.execute(f'SET ROLE "{role}"')
