"""Database, broker, mail server and disk fail under a running portal; what it says, and that it goes on."""

import contextlib
import os
import shutil
import subprocess
import sys
import threading

import psycopg
import pytest

from migdata.local.place import ROOT
from tests.faults.portal import Portal
from tests.mailbox import Mailbox
from tests.workers import until

PAGES = ("/", "/figures/", "/uploads/", "/people/", "/accounts/login/", "/nothing/", "/i18n/")
CAN_MOUNT = os.getuid() == 0 and shutil.which("mount")


@pytest.fixture(scope="module")
def mailbox():
    box = Mailbox()
    yield box
    box.stop()


@pytest.fixture(scope="module")
def portal(tmp_path_factory, mailbox):
    folder = tmp_path_factory.mktemp("portal") / "local"
    receiving = folder / "receiving"
    receiving.mkdir(parents=True)
    made = Portal(
        folder,
        EMAIL_BACKEND="django.core.mail.backends.smtp.EmailBackend",
        EMAIL_HOST="127.0.0.1",
        EMAIL_PORT=str(mailbox.port),
        EMAIL_LEFT_ALONE_SECONDS="2",
        TMPDIR=str(receiving),
    )
    made.receiving = receiving
    made.start_web()
    yield made
    made.close()


@pytest.fixture
def worker(portal):
    """Start workers; they are stopped at the end."""
    web = list(portal.processes)
    yield portal.start_worker
    workers = [process for process in portal.processes if process not in web]
    portal.processes, keep = workers, web
    portal.stop_processes()
    portal.processes = keep


def is_empty(*folders):
    """Whether nothing lies there: the server removes a file after the last byte of its answer has left."""
    return not any(any(folder.iterdir()) for folder in folders)


def uploads(portal):
    return portal.ask("SELECT state, count(*) FROM records_upload GROUP BY 1 ORDER BY 1")


def read(portal, *files):
    """Whether the uploads of these names were all taken in, each once."""
    digests = [portal.digests[name] for name in files]
    rows = portal.ask("SELECT sha256, state FROM records_upload WHERE sha256 = ANY(%s)", digests)
    return sorted(rows) == sorted((digest, "COMMITTED") for digest in digests)


def records_of(portal, name):
    ((count,),) = portal.ask(
        "SELECT count(*) FROM records_record r JOIN records_upload u ON u.id = r.upload_id"
        " WHERE u.sha256 = %s",
        portal.digests[name],
    )
    return count


# The mail server (R15)


def test_r15_an_invitation_and_a_new_password_do_not_wait_for_the_mail_server(
    portal, mailbox, worker
):
    mailbox.stop()
    roles = {"name": "Aýna", "email": "ayna@sms.example", "language": "en", "roles": ["clerk"]}
    invited = portal.post("/people/invite/SMS/", roles, who="agency_admin")
    assert invited.status == 302, invited
    fields = {
        "oldpassword": "a long password for tests",
        "password1": "another long password 1",
        "password2": "another long password 1",
    }
    before = portal.ask("SELECT password FROM agencies_person WHERE email = 'clerk@sms.example'")
    changed = portal.post("/accounts/password/change/", fields, who="clerk")
    assert changed.status == 302, changed
    after = portal.ask("SELECT password FROM agencies_person WHERE email = 'clerk@sms.example'")
    assert before != after
    worker()
    tried = "SELECT count(*) FROM jobs_job WHERE name = 'agencies.send' AND postponed > 0"
    until(lambda: portal.ask(tried) == [(2,)], 90)
    people = portal.get("/people/", who="agency_admin").text
    assert "1 letter has not left" in people and "does not answer" in people
    assert "/reset/key/" not in people
    assert portal.get("/healthz").status == 200  # the portal itself can work
    mailbox.start()
    until(lambda: len(mailbox.taken) == 2, 180)
    assert sorted(to for to, _text in mailbox.taken) == ["ayna@sms.example", "clerk@sms.example"]
    left = "SELECT count(*) FROM agencies_letter WHERE sent_at IS NULL OR sealed <> ''"
    until(lambda: portal.ask(left) == [(0,)])
    assert "not left" not in portal.get("/people/", who="agency_admin").text
    portal.sign_in_again()


# The broker (R5)


def test_r5_an_upload_does_not_wait_for_a_broker_that_hangs(portal, worker):
    assert portal.freeze_broker()
    try:
        sent = [portal.upload(3 + n, f"frozen-{n}.csv") for n in range(2)]
        health = portal.get("/healthz")
    finally:
        portal.freeze_broker(False)
    assert [said.status for said in sent] == [302, 302], sent
    assert all(said.seconds < 8 for said in sent)
    assert (health.status, health.json["database"]) == (503, "ok")
    assert health.json["broker"] == "TimeoutError"
    worker()
    until(lambda: read(portal, "frozen-0.csv", "frozen-1.csv"), 90)


def test_r5_calls_that_a_broker_has_lost_are_made_again(portal, worker):
    """The worker is busy while the broker forgets everything, its own bindings included."""
    worker()
    with portal.superuser() as gate, gate.transaction():
        gate.execute("LOCK TABLE records_submission IN EXCLUSIVE MODE")
        names = [f"flushed-{n}.csv" for n in range(4)]
        assert [portal.upload(10 + n, name).status for n, name in enumerate(names)] == [302] * 4
        running = "SELECT count(*) FROM jobs_job WHERE state = 'RUNNING'"
        until(lambda: portal.ask(running) == [(1,)])
        portal.broker().flushall()
    until(lambda: read(portal, *names), 120)  # within 60 s on a quiet machine


def test_r5_a_broker_that_was_stopped_and_lost_its_log_is_found_again(portal, worker):
    worker()
    assert portal.upload(20, "before.csv").status == 302
    until(lambda: read(portal, "before.csv"), 120)
    with portal.place.locked():
        portal.valkey.stop()
    assert portal.upload(21, "meanwhile.csv").status == 302
    shutil.rmtree(portal.valkey.folder / "appendonlydir", ignore_errors=True)
    with portal.place.locked():
        portal.valkey.ensure()
    until(lambda: read(portal, "meanwhile.csv"), 120)


# The database (R4, R12, R16)


def test_a_database_that_is_down_is_said_on_every_page_and_the_next_request_after_it_works(portal):
    assert portal.get("/").status == 302
    portal.stop_database()
    try:
        answers = {page: portal.get(page, who="clerk") for page in PAGES}
        refused = portal.upload(30, "down.csv")
        api = portal.get("/figures/api/v1/datasets")
        russian = portal.get("/figures/", headers={"Accept-Language": "ru"})
        health = portal.get("/healthz")
    finally:
        portal.start_database()
    assert {page: said.status for page, said in answers.items()} == dict.fromkeys(PAGES, 503)
    assert all(int(said.headers["Retry-After"]) > 0 for said in answers.values())
    assert all("cannot reach its database" in said.text for said in answers.values())
    assert "css/tokens" in answers["/"].text and "Traceback" not in answers["/"].text
    assert refused.status == 503
    assert api.status == 503 and "database" in api.json["detail"]
    assert '<html lang="ru"' in russian.text
    assert (health.status, health.json["broker"]) == (503, "ok")
    assert health.json["database"] == "OperationalError"
    assert health.seconds < 10
    assert portal.get("/uploads/", who="clerk").status == 200
    assert portal.get("/healthz").status == 200


def test_r12_used_up_connections_are_said_quickly_and_the_portal_recovers(portal):
    held = []
    address = portal.environment["DATABASE_URL"]
    try:
        with contextlib.suppress(psycopg.OperationalError):
            while True:
                held.append(psycopg.connect(address))
        # The web process may hold one that still works: as many at once as it has threads.
        said = []
        threads = [
            threading.Thread(target=lambda: said.append(portal.get("/uploads/", who="clerk")))
            for _ in range(4)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        health = portal.get("/healthz")
    finally:
        for connection in held:
            connection.close()
    assert {answer.status for answer in said} <= {200, 503}
    assert len(held) > 50 and any(answer.status == 503 for answer in said)
    assert all(answer.seconds < 20 for answer in said)
    assert health.status == 503 and health.json["database"].startswith("OperationalError")
    until(lambda: portal.get("/uploads/", who="clerk").status == 200, 20)


def busy_import(portal, worker, name, rows):
    """Bring a worker into the middle of an import, behind a lock; returns the gate and its connection."""
    gate = portal.superuser()
    gate.execute("BEGIN")
    gate.execute("LOCK TABLE records_submission IN EXCLUSIVE MODE")
    worker()
    assert portal.upload(rows, name).status == 302
    waits = "SELECT pid FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND usename = 'migdata_app'"
    return gate, until(lambda: portal.ask(waits), 60)[0][0]


def test_r4_an_import_whose_connection_is_killed_is_done_again_once(portal, worker):
    gate, backend = busy_import(portal, worker, "killed.csv", 40)
    portal.ask("SELECT pg_terminate_backend(%s)", backend)
    gate.close()
    until(lambda: read(portal, "killed.csv"), 90)
    assert records_of(portal, "killed.csv") == 40
    job = "SELECT attempts, postponed FROM jobs_job j JOIN records_upload u ON u.job_id = j.id"
    assert portal.ask(f"{job} WHERE u.sha256 = %s", portal.digests["killed.csv"]) == [
        (1, 1)
    ]  # its fault it was not


def test_r4_after_an_immediate_stop_of_the_database_an_import_is_done_again_once(portal, worker):
    gate, _backend = busy_import(portal, worker, "immediate.csv", 41)
    stop = ("-D", portal.postgres.data, "-w", "-m", "immediate", "stop")
    assert portal.postgres._tool("pg_ctl", *stop) == 0
    gate.close()
    assert portal.get("/uploads/", who="clerk").status == 503
    portal.start_database()
    until(lambda: read(portal, "immediate.csv"), 120)
    assert records_of(portal, "immediate.csv") == 41
    assert portal.get("/uploads/", who="clerk").status == 200


def test_r16_who_waits_for_a_lock_too_long_is_told_so(portal):
    with portal.superuser() as gate, gate.transaction():
        gate.execute("LOCK TABLE records_upload IN ACCESS EXCLUSIVE MODE")
        looked = portal.get("/uploads/", who="clerk")
        sent = portal.upload(50, "locked.csv")
    assert (looked.status, sent.status) == (503, 409)
    assert "Somebody else is working on this" in sent.text and "Retry-After" in sent.headers
    until(lambda: is_empty(portal.private / "incoming"), 20)
    assert portal.upload(50, "locked.csv").status == 302


def test_r16_a_statement_that_takes_too_long_is_ended_in_words(portal):
    port = portal.port
    web = portal.start_web(WEB_STATEMENT_SECONDS="1")
    try:
        with portal.superuser() as gate, gate.transaction():
            gate.execute("LOCK TABLE records_upload IN ACCESS EXCLUSIVE MODE")
            said = portal.get("/uploads/", who="clerk")
    finally:
        web.terminate()
        web.wait()
        portal.processes.remove(web)
        portal.port = port
    assert said.status == 503 and "took too long" in said.text and "Retry-After" in said.headers


def test_r16_each_kind_of_process_has_its_limits(portal, worker):
    assert portal.get("/uploads/", who="clerk").status == 200
    show = "from django.db import connection as c; k = c.cursor(); k.execute('SHOW {}'); print(k.fetchone())"
    command = portal.manage("shell", "-v0", "-c", show.format("statement_timeout"))
    assert "'0'" in command  # migrations take their time
    settings = "from migdata import settings; print(settings.DATABASE_SECONDS)"
    for program, seconds in (("celery", 600), ("server", 15)):
        code = f"import sys; sys.argv = ['/venv/bin/{program}']; {settings}"
        done = subprocess.run(
            [sys.executable, "-c", code],
            env=portal.environment,
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=True,
        )
        assert f"'statement_timeout': {seconds}" in done.stdout


# The disk (R6)


@pytest.fixture
def small_disk():
    """Put a file system of so many kB over a folder; taken away at the end."""
    if not CAN_MOUNT:
        pytest.skip("only root can mount a file system")
    mounted = []

    def put(folder, size):
        folder.mkdir(parents=True, exist_ok=True)
        subprocess.run(
            ["mount", "-t", "tmpfs", "-o", f"size={size}k,mode=700", "tmpfs", folder], check=True
        )
        mounted.append(folder)
        return folder

    yield put
    for folder in mounted:
        subprocess.run(["umount", "--lazy", folder], check=True)


def test_r6_a_file_for_which_there_is_no_room_is_refused_and_leaves_nothing(portal, small_disk):
    before = uploads(portal)
    incoming = small_disk(portal.private / "incoming", 64)
    full = portal.upload(3000, "large.csv")
    assert full.status == 507 and "no room left" in full.text, full
    until(lambda: is_empty(incoming), 20)
    assert uploads(portal) == before
    assert portal.get("/uploads/", who="clerk").status == 200
    assert portal.upload(60, "small.csv").status == 302
    subprocess.run(["mount", "-o", "remount,size=20000k", incoming], check=True)
    assert portal.upload(3000, "large.csv").status == 302


def test_r6_no_room_where_bodies_are_received(portal, small_disk):
    before = uploads(portal)
    folders = [small_disk(portal.receiving, 1000), small_disk(portal.private / "incoming", 1000)]
    full = portal.upload(60_000, "huge.csv")  # too large for memory
    assert full.status == 507 and "no room left" in full.text, full
    assert uploads(portal) == before
    until(lambda: is_empty(*folders), 20)
    assert portal.get("/uploads/", who="clerk").status == 200


def test_r6_a_full_disk_of_the_database_is_said_and_the_worker_waits_for_room(portal, worker):
    """The database says that its disk is full: as it does then, with 53100."""
    before = portal.get("/healthz").json["postponed_jobs"]
    assert portal.upload(70, "waiting.csv").status == 302
    portal.ask(
        "CREATE FUNCTION full_disk() RETURNS trigger LANGUAGE plpgsql AS"
        " $$ BEGIN RAISE EXCEPTION 'No space left on device' USING ERRCODE = '53100'; END $$"
    )
    for table in ("records_record", "records_upload"):
        portal.ask(
            f"CREATE TRIGGER full_disk BEFORE INSERT ON {table}"
            " FOR EACH STATEMENT EXECUTE FUNCTION full_disk()"
        )
    try:
        refused = portal.upload(71, "refused.csv")
        worker()
        job = "SELECT j.state, j.postponed > 1, j.attempts FROM jobs_job j JOIN records_upload u"
        job += " ON u.job_id = j.id WHERE u.sha256 = %s"
        until(lambda: portal.ask(job, portal.digests["waiting.csv"]) == [("QUEUED", True, 0)], 90)
        assert portal.get("/uploads/", who="clerk").status == 200
        # Files of other tests wait too; ours is counted between two tries.
        until(lambda: portal.get("/healthz").json["postponed_jobs"] > before, 20)
    finally:
        portal.ask("DROP FUNCTION full_disk CASCADE")
    assert refused.status == 507
    assert (
        portal.ask("SELECT 1 FROM records_upload WHERE sha256 = %s", portal.digests["refused.csv"])
        == []
    )
    until(lambda: read(portal, "waiting.csv"), 90)
    assert records_of(portal, "waiting.csv") == 70


# Two of each (R8, R9)


def test_r9_two_beats_and_two_workers_take_every_file_in_once(portal, worker):
    worker(), worker()
    names = [f"twice-{n}.csv" for n in range(6)]
    assert [portal.upload(80 + n, name).status for n, name in enumerate(names)] == [302] * 6
    until(lambda: read(portal, *names), 90)
    assert [records_of(portal, name) for name in names] == [80 + n for n in range(6)]
