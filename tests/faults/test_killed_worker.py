"""A worker is killed with -9 inside the transaction of an upload: the work finishes after restart, once."""

import threading

import pytest
from django.db import connection

from agencies import scope
from records.collection import uploads
from records.models import HeldRow, Record, Submission, Upload
from tests import workers
from tests.records.files import incoming, plain, table
from tests.workers import until

pytestmark = pytest.mark.django_db(transaction=True)
ROWS = 3000


@pytest.fixture
def upload(instruments, agency, clerk):
    """A file received, not yet read, with rows of each kind."""
    rows = table(ROWS, sex=["F", "M", "", "aýaly"], event_date=["05.03.2026", "06.04.2026"])
    with scope.acting(clerk):
        return uploads.receive(
            [plain(rows)],
            agency=agency,
            instrument=instruments["SMS-WPF"],
            file_name="march.csv",
            by=clerk,
            answers={"values": "go_on"},
        )


def stored(clerk):
    with scope.acting(clerk):
        found = Upload.objects.get()
        return found.state, Record.objects.count(), HeldRow.open_rows.count()


DONE = ("COMMITTED", ROWS * 3 // 4, ROWS // 4)


def locks(mode, table_name):
    """Process ids that hold a lock of this mode on the table, inside an open transaction."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT l.pid FROM pg_locks l JOIN pg_stat_activity a USING (pid)"
            " WHERE l.relation = %s::regclass AND l.mode = %s AND l.granted"
            " AND a.xact_start IS NOT NULL AND l.pid <> pg_backend_pid()",
            [table_name, mode],
        )
        return [pid for (pid,) in cursor.fetchall()]


def waiting():
    """Queries of this database that wait for a lock."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT query FROM pg_stat_activity WHERE datname = current_database()"
            " AND wait_event_type = 'Lock'"
        )
        return [query for (query,) in cursor.fetchall()]


@pytest.fixture
def gate():
    """A second connection that can hold a lock on a table, so that a worker provably stops there."""
    other = connection.copy()
    other.ensure_connection()
    yield other
    other.close()


def hold(gate, statement):
    """Stop whoever comes to this lock, until the gate is closed."""
    with gate.cursor() as cursor:
        cursor.execute("RESET ROLE")
        cursor.execute("BEGIN")
        cursor.execute(statement)


def test_killed_before_the_first_row_is_stored(upload, clerk, gate, worker):
    hold(gate, "LOCK TABLE records_submission IN EXCLUSIVE MODE")
    first = worker()
    until(lambda: any("records_submission" in query for query in waiting()))
    first.kill()
    gate.close()
    until(lambda: not workers.backends_in_transaction())
    assert stored(clerk) == ("RECEIVED", 0, 0)
    worker()
    until(lambda: stored(clerk)[0] == "COMMITTED")
    assert stored(clerk) == DONE


def test_killed_when_all_rows_are_stored_but_not_committed(upload, clerk, gate, worker):
    hold(gate, "SELECT 1 FROM records_upload FOR NO KEY UPDATE")
    first = worker()
    until(lambda: any(query.startswith("UPDATE") for query in waiting()))
    # All rows are in their tables, uncommitted: their writer holds these locks.
    assert locks("RowExclusiveLock", "records_record") == locks(
        "RowExclusiveLock", "records_heldrow"
    )
    assert len(locks("RowExclusiveLock", "records_record")) == 1
    assert stored(clerk) == ("RECEIVED", 0, 0)
    first.kill()
    gate.close()
    until(lambda: not locks("RowExclusiveLock", "records_record"))
    assert stored(clerk) == ("RECEIVED", 0, 0)
    assert len(incoming()) == 1
    worker()
    until(lambda: stored(clerk)[0] == "COMMITTED")
    assert stored(clerk) == DONE
    with scope.acting(clerk):
        found = Upload.objects.select_related("job").get()
        assert (found.job.state, found.job.attempts) == ("DONE", 2)
        assert found.report["rows"]["duplicate"] == 0
        assert sorted(Submission.objects.values_list("period", flat=True)) == ["2026-03", "2026-04"]
    until(lambda: incoming() == [])


def test_r14_a_migration_during_an_import_waits_for_it_and_nothing_is_lost(
    upload, clerk, gate, worker
):
    """R14: the table of records changes while a worker writes to it; old code meets the new column."""
    hold(gate, "SELECT 1 FROM records_upload FOR NO KEY UPDATE")
    worker()
    until(lambda: locks("RowExclusiveLock", "records_record"))
    owner = connection.copy()
    owner.inc_thread_sharing()
    migration = threading.Thread(target=migrate, args=(owner, "ADD COLUMN of_tomorrow int"))
    migration.start()
    try:
        until(migration_waits)
    finally:
        gate.close()
        migration.join(60)
    try:
        assert not migration.is_alive()
        until(lambda: stored(clerk)[0] == "COMMITTED")
        assert stored(clerk) == DONE
    finally:
        migrate(connection.copy(), "DROP COLUMN IF EXISTS of_tomorrow")


def migrate(owner, change):
    with owner.cursor() as cursor:
        cursor.execute("RESET ROLE")
        cursor.execute("SET lock_timeout = '50s'")
        cursor.execute(f"ALTER TABLE records_record {change}")
    owner.close()


def migration_waits():
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM pg_locks WHERE relation = 'records_record'::regclass"
            " AND mode = 'AccessExclusiveLock' AND NOT granted"
        )
        return cursor.fetchone()[0]
