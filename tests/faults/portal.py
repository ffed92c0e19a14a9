"""A whole portal of its own for tests that stop its neighbours: servers, a web process, a worker.

Nothing of it is shared with the other tests: its database and its broker are stopped, frozen and filled.
"""

import hashlib
import http.client
import json
import os
import secrets
import signal
import socket
import subprocess
import sys
import time
import urllib.parse
from contextlib import suppress
from pathlib import Path

import psycopg
import redis

from migdata.local import keys
from migdata.local.place import ROOT, Place
from migdata.local.postgres import Postgres
from migdata.local.valkey import Valkey
from tests.records.files import plain, table
from tests.workers import until

SEED = """
from agencies import access, sign_in
from agencies.models import Agency, Person
from agencies.roles import Role
from records.models import Instrument
agency = Agency.objects.create(code="SMS", names={"en": "Migration"})
for instrument in Instrument.objects.all():
    instrument.agencies.add(agency)
for role in (Role.CLERK, Role.AGENCY_ADMIN):
    person = Person.objects.create_user(f"{role.value}@sms.example", "a long password for tests", name=role.value)
    access.grant(person, role, agency)
    sign_in.prove_address(person)
"""
SIGN_IN = """
import json
from importlib import import_module
from django.conf import settings
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from agencies.models import Person
sessions = {}
for person in Person.objects.exclude(name=""):
    store = import_module(settings.SESSION_ENGINE).SessionStore()
    store[SESSION_KEY] = str(person.pk)
    store[BACKEND_SESSION_KEY] = settings.AUTHENTICATION_BACKENDS[0]
    store[HASH_SESSION_KEY] = person.get_session_auth_hash()
    store.save()
    sessions[person.name] = store.session_key
print(json.dumps(sessions))
"""


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Portal:
    """Servers in a folder of their own; `web` and `worker` are real processes."""

    def __init__(self, folder, **environment):
        self.digests = {}  # of files that were sent, by name
        self.place = Place(Path(folder))
        self.postgres, self.valkey = Postgres(self.place), Valkey(self.place)
        self.private = self.place.folder / "private"
        self.processes = []
        with self.place.locked():
            self.postgres.ensure()
            self.valkey.ensure()
        self.environment = {
            **{k: v for k, v in os.environ.items() if not k.startswith(("DATABASE", "MIGDATA"))},
            **keys.passing(),
            "DATABASE_URL": self.postgres.address("migdata_app"),
            "DATABASE_OWNER_URL": self.postgres.address("migdata_owner"),
            "REDIS_URL": self.valkey.address,
            "MIGDATA_LOCAL": str(self.place.folder),
            "PRIVATE_ROOT": str(self.private),
            "DEMO": "1",
            "JOB_LEASE_SECONDS": "4",
            **environment,
        }
        self.private.mkdir(exist_ok=True)
        self.manage("migrate", "-v0", MIGDATA_AS_OWNER="1")
        self.manage("createcachetable", MIGDATA_AS_OWNER="1")
        self.manage("load_instruments")
        self.manage("collectstatic", "--no-input", "-v0")
        self.manage("shell", "-v0", "-c", SEED)
        self.sign_in_again()

    def sign_in_again(self):
        """Open a session for everybody: a new password ends the old ones."""
        self.sessions = json.loads(self.manage("shell", "-v0", "-c", SIGN_IN).splitlines()[-1])

    def manage(self, *arguments, **environment):
        done = subprocess.run(
            [sys.executable, "manage.py", *arguments],
            env={**self.environment, **environment},
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    def start(self, *command, **environment):
        log = self.place.folder / f"{command[0]}-{len(self.processes)}.log"
        with log.open("ab") as output:
            process = subprocess.Popen(
                [sys.executable, "-m", *command],
                env={**self.environment, **environment},
                cwd=ROOT,
                stdout=output,
                stderr=output,
                start_new_session=True,
            )
        self.processes.append(process)
        return process

    def start_web(self, **environment):
        self.port = free_port()
        bind = ("--port", str(self.port), "--workers", "1")
        process = self.start("migdata.server", *bind, **environment)
        until(lambda: self.answers(), 60)
        return process

    def answers(self):
        try:
            return self.get("/healthz")
        except OSError:
            return None

    def start_worker(self, **environment):
        schedule = self.place.folder / f"beat-{len(self.processes)}"
        worker = ("celery", "-A", "migdata", "worker", "-c", "1", "-B", "-s", str(schedule))
        return self.start(*worker, "--without-mingle", "--without-gossip", **environment)

    def stop_processes(self):
        for process in self.processes:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()
        self.processes.clear()

    def close(self):
        self.stop_processes()
        self.freeze_broker(False)
        with self.place.locked():
            self.valkey.stop()
            self.postgres.stop()

    # Neighbours

    def stop_database(self):
        self.postgres.stop()

    def start_database(self):
        with self.place.locked():
            self.postgres.ensure()

    def superuser(self):
        address = f"host={self.postgres.sockets} user=postgres dbname=migdata"
        return psycopg.connect(address, autocommit=True)

    def ask(self, question, *values):
        """Ask the database as its superuser; returns the rows."""
        with self.superuser() as connection:
            cursor = connection.execute(question, values)
            return cursor.fetchall() if cursor.description else []

    def broker(self):
        return redis.Redis(unix_socket_path=str(self.valkey.socket))

    def freeze_broker(self, frozen=True):
        for entry in Path("/proc").glob("[0-9]*"):
            try:
                home = (entry / "cwd").readlink()
                name = (entry / "comm").read_text().strip()
            except OSError:
                continue
            if name.startswith("valkey") and home == self.valkey.folder:
                os.kill(int(entry.name), signal.SIGSTOP if frozen else signal.SIGCONT)
                return True
        return False

    # People

    def request(self, method, path, body=None, *, who="", headers=None, timeout=60):
        """(status, text, headers, seconds) of one request, as the person who holds the role."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=timeout)
        cookie = "csrftoken=" + "c" * 32
        if who:
            cookie += f"; sessionid={self.sessions[who]}"
        begun = time.monotonic()
        with suppress(BrokenPipeError):  # the answer came before the body had gone
            connection.request(method, path, body, {"Cookie": cookie, **(headers or {})})
        answer = connection.getresponse()
        text = answer.read().decode()
        connection.close()
        return Said(answer.status, text, answer.headers, time.monotonic() - begun)

    def get(self, path, **more):
        return self.request("GET", path, **more)

    def post(self, path, fields, *, files=None, **more):
        fields = {**fields, "csrfmiddlewaretoken": "c" * 32}
        if files is None:
            kind, body = "application/x-www-form-urlencoded", urllib.parse.urlencode(fields, True)
        else:
            kind, body = _multipart(fields, files)
        headers = {"Content-Type": kind, **more.pop("headers", {})}
        return self.request("POST", path, body, headers=headers, **more)

    def upload(self, rows=2, name="march.csv", **more):
        """Send a file as the clerk. The database keeps no name, so its digest is remembered."""
        content = csv(rows, name)
        data = content if isinstance(content, bytes) else content.encode()
        self.digests[name] = hashlib.sha256(data).hexdigest()
        return self.post(
            "/uploads/new",
            {"delivery": "SMS/SMS-WPF"},
            files={"file": (name, content)},
            who="clerk",
            **more,
        )


class Said:
    """What the portal answered."""

    def __init__(self, status, text, headers, seconds):
        self.status, self.text, self.headers, self.seconds = status, text, headers, seconds

    def __repr__(self):
        return f"{self.status} after {self.seconds:.1f} s: {self.text[:2000]}"

    @property
    def json(self):
        return json.loads(self.text)


def csv(rows, name):
    """A file with record numbers of its own."""
    return plain(table(rows, record_ref=[f"{name.split('.')[0]}-{k}" for k in range(rows)]))


def _multipart(fields, files):
    mark = "portal-" + secrets.token_hex(8)
    parts = [
        f'--{mark}\r\nContent-Disposition: form-data; name="{k}"\r\n\r\n{v}\r\n'.encode()
        for k, v in fields.items()
    ]
    for field, (name, content) in files.items():
        head = f'--{mark}\r\nContent-Disposition: form-data; name="{field}"; filename="{name}"\r\n'
        parts.append(head.encode() + b"Content-Type: text/csv\r\n\r\n" + content + b"\r\n")
    return f"multipart/form-data; boundary={mark}", b"".join(parts) + f"--{mark}--\r\n".encode()
