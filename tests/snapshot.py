"""The database and the private files as they stand: taken once in a run, put back for every test that wants the same.

A copy of each table lies in a schema of its own, which no flush knows; putting it back takes a fraction of a
second where walking the whole road again takes ten.
"""

import shutil
import tempfile
from contextlib import contextmanager

from django.conf import settings
from django.contrib.contenttypes.models import ContentType
from django.db import connections, transaction

TABLES = """
SELECT format('%I.%I', n.nspname, c.relname),
       format('snapshot.%I', n.nspname || '_' || c.relname),
       (SELECT string_agg(quote_ident(a.attname), ', ' ORDER BY a.attnum) FROM pg_attribute a
         WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated = '')
  FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
 WHERE n.nspname IN ('public', 'pub') AND c.relkind = 'r' AND c.relname <> 'django_migrations'
 ORDER BY 1
"""
SEQUENCES = """
SELECT format('%I.%I', schemaname, sequencename), coalesce(last_value, 0) FROM pg_sequences
 WHERE schemaname IN ('public', 'pub')
"""
_files = {}  # name of the database -> its private files and its sequences


def restore():
    """Put back what was taken, with its private files; say whether there was anything."""
    name = connections["default"].settings_dict["NAME"]
    if name not in _files:
        return False
    folder, sequences = _files[name]
    with _as_owner() as cursor:
        tables = _tables(cursor)
        cursor.execute(f"TRUNCATE {', '.join(table for table, *_rest in tables)} CASCADE")
        for table, copy, columns in tables:
            cursor.execute(f"ALTER TABLE {table} DISABLE TRIGGER USER")
            cursor.execute(
                f"INSERT INTO {table} ({columns}) OVERRIDING SYSTEM VALUE SELECT {columns} FROM {copy}"
            )
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        for table, *_rest in tables:
            cursor.execute(f"ALTER TABLE {table} ENABLE TRIGGER USER")
        for sequence, value in sequences:
            cursor.execute("SELECT setval(%s, %s, %s)", [sequence, max(value, 1), value > 0])
    ContentType.objects.clear_cache()
    shutil.copytree(folder.name, settings.PRIVATE_ROOT, dirs_exist_ok=True)
    return True


def take():
    """Keep the database and the private files as they stand, until this process ends."""
    with _as_owner() as cursor:
        cursor.execute("DROP SCHEMA IF EXISTS snapshot CASCADE")
        cursor.execute("CREATE SCHEMA snapshot")
        for table, copy, columns in _tables(cursor):
            cursor.execute(f"CREATE TABLE {copy} AS SELECT {columns} FROM {table}")
        cursor.execute(SEQUENCES)
        sequences = cursor.fetchall()
    folder = tempfile.TemporaryDirectory(prefix="migdata-snapshot-")
    shutil.copytree(settings.PRIVATE_ROOT, folder.name, dirs_exist_ok=True)
    _files[connections["default"].settings_dict["NAME"]] = folder, sequences


def _tables(cursor):
    cursor.execute(TABLES)
    return cursor.fetchall()


@contextmanager
def _as_owner():
    """Run statements as the owner of the tables, in one transaction."""
    with transaction.atomic(), connections["default"].cursor() as cursor:
        cursor.execute("SELECT current_user")
        (role,) = cursor.fetchone()
        cursor.execute("RESET ROLE")
        yield cursor
        cursor.execute(f'SET ROLE "{role}"')
