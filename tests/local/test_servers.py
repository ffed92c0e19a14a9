"""The embedded servers: first start, second start, kill -9, and sentences where they cannot run."""

import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import psycopg
import pytest
import redis

from migdata import local
from migdata.local import identity, keys, place, postgres
from migdata.local.identity import Identity
from migdata.local.place import Place, Unusable, own
from migdata.local.postgres import Postgres
from migdata.local.valkey import Valkey

ROOT = place.ROOT


@pytest.fixture
def no_addresses(monkeypatch):
    for name in ("DATABASE_URL", "DATABASE_OWNER_URL", "REDIS_URL", "MIGDATA_AS_OWNER", "DEMO"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def folder(tmp_path, monkeypatch, no_addresses):
    """A place of its own; whatever runs in it is stopped at the end."""
    path = tmp_path / "local"
    monkeypatch.setenv("MIGDATA_LOCAL", str(path))
    yield path
    local.stop()


def ask(address, question="SELECT current_user"):
    with psycopg.connect(address) as connection:
        return connection.execute(question).fetchone()[0]


def broker(addresses):
    return redis.Redis.from_url(addresses["REDIS_URL"].replace("redis+socket://", "unix://"))


def processes_of(folder):
    """Processes whose command line or working folder names the folder."""
    found = []
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            command = (entry / "cmdline").read_bytes().decode(errors="replace")
            home = str((entry / "cwd").readlink())
        except OSError:
            continue
        mine = str(folder) in command or home.startswith(str(folder))
        if mine and entry.name != str(os.getpid()):
            found.append(int(entry.name))
    return found


def kill_all(folder):
    for pid in processes_of(folder):
        try:
            os.kill(pid, signal.SIGKILL)
        except ProcessLookupError:
            continue


def run(*arguments, **environment):
    return subprocess.run(
        [sys.executable, *arguments],
        env={**os.environ, **environment},
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def test_the_first_start_makes_the_roles_and_a_database(folder):
    addresses = local.ensure()
    assert ask(addresses["DATABASE_URL"]) == "migdata_app"
    assert ask(addresses["DATABASE_OWNER_URL"]) == "migdata_owner"
    owner = "SELECT pg_get_userbyid(datdba) FROM pg_database WHERE datname = 'migdata'"
    assert ask(addresses["DATABASE_URL"], owner) == "migdata_owner"
    with broker(addresses) as client:
        assert client.ping()


def test_no_role_of_the_portal_bypasses_row_level_security(folder):
    addresses = local.ensure()
    question = (
        "SELECT count(*) FROM pg_roles WHERE rolname LIKE 'migdata%' AND (rolsuper OR rolbypassrls)"
    )
    assert ask(addresses["DATABASE_URL"], question) == 0


def test_app_can_put_on_the_public_role_but_does_not_inherit_it(folder):
    addresses = local.ensure()
    with psycopg.connect(addresses["DATABASE_OWNER_URL"]) as owner:
        owner.execute("CREATE TABLE shown AS SELECT 1 AS n")
        owner.execute("GRANT SELECT ON shown TO migdata_public")
    with psycopg.connect(addresses["DATABASE_URL"]) as app:
        with pytest.raises(psycopg.errors.InsufficientPrivilege), app.transaction():
            app.execute("SELECT n FROM shown")
        with app.transaction():
            app.execute("SET LOCAL ROLE migdata_public")
            assert app.execute("SELECT n FROM shown").fetchone() == (1,)
        with pytest.raises(psycopg.errors.InsufficientPrivilege), app.transaction():
            app.execute("SET LOCAL ROLE migdata_owner")


def test_a_second_process_shares_the_servers(folder):
    mine = local.ensure()
    before = ask(mine["DATABASE_URL"], "SELECT pg_postmaster_start_time()::text")
    second = run("-m", "migdata.local", "start")
    assert second.returncode == 0
    assert mine["DATABASE_URL"] in second.stdout
    assert ask(mine["DATABASE_URL"], "SELECT pg_postmaster_start_time()::text") == before


def test_two_first_starts_at_once_end_with_one_pair_of_servers(folder):
    starting = [
        subprocess.Popen(
            [sys.executable, "-m", "migdata.local", "start"], cwd=ROOT, stdout=subprocess.DEVNULL
        )
        for _ in range(3)
    ]
    assert [process.wait(60) for process in starting] == [0, 0, 0]
    assert local.running() == ["PostgreSQL", "Valkey"]


def test_after_kill_9_of_everything_the_next_start_has_the_data(folder):
    addresses = local.ensure()
    with psycopg.connect(addresses["DATABASE_OWNER_URL"]) as owner:
        owner.execute("CREATE TABLE kept AS SELECT 7 AS n")
    with broker(addresses) as client:
        client.lpush("queue", "message")
    time.sleep(1.2)  # the broker writes its log every second
    kill_all(folder)
    assert local.ensure() == addresses
    assert ask(addresses["DATABASE_OWNER_URL"], "SELECT n FROM kept") == 7
    with broker(addresses) as client:
        assert client.lpop("queue") == b"message"


def test_after_kill_9_of_the_postmaster_alone_the_next_start_waits_for_its_children(folder):
    addresses = local.ensure()
    pid = int((folder / "postgres" / "postmaster.pid").read_text().split()[0])
    os.kill(pid, signal.SIGKILL)
    local.ensure()
    assert ask(addresses["DATABASE_URL"]) == "migdata_app"


def test_a_pid_file_whose_number_now_belongs_to_another_process_does_no_harm(folder):
    local.ensure()
    pid_file = folder / "postgres" / "postmaster.pid"
    left = pid_file.read_text().split("\n", 1)[1]
    local.stop()
    pid_file.write_text(f"{os.getppid()}\n{left}")
    assert ask(local.ensure()["DATABASE_URL"]) == "migdata_app"


def test_a_first_start_that_was_killed_is_begun_anew(folder):
    unfinished = folder / "postgres.new"
    unfinished.mkdir(parents=True)
    (unfinished / "PG_VERSION").write_text("18")
    assert ask(local.ensure()["DATABASE_URL"]) == "migdata_app"


def test_stop_leaves_nothing_running(folder):
    local.ensure()
    local.stop()
    assert local.running() == []
    assert processes_of(folder) == []


def test_a_long_path_gets_a_short_socket(tmp_path, monkeypatch, no_addresses):
    monkeypatch.setenv("MIGDATA_LOCAL", str(tmp_path / ("long" * 20) / ("folder" * 10)))
    try:
        assert ask(local.ensure()["DATABASE_URL"]) == "migdata_app"
    finally:
        local.stop()


def test_a_path_with_blanks_and_cyrillic_letters_works(tmp_path, monkeypatch, no_addresses):
    monkeypatch.setenv("MIGDATA_LOCAL", str(tmp_path / "мои файлы & more"))
    try:
        addresses = local.ensure()
        assert ask(addresses["DATABASE_URL"]) == "migdata_app"
        with broker(addresses) as client:
            assert client.ping()
    finally:
        local.stop()


@pytest.mark.skipif(os.getuid() != 0, reason="only root can give its rights up")
def test_root_without_user_namespaces_runs_the_server_as_nobody(folder):
    server = Postgres(Place(folder), Identity.NOBODY)
    try:
        with server.place.locked():
            assert server.ensure()
        assert server.data.stat().st_uid == identity.NOBODY
        assert ask(server.address("migdata_app")) == "migdata_app"
    finally:
        server.stop()
        shutil.rmtree(server.folder)


@pytest.mark.skipif(os.getuid() != 0, reason="only root can become an account without a name")
@pytest.mark.skipif(
    not postgres._open_to_all(Path(sys.executable).resolve().parent),
    reason="this Python lies in a home that other accounts cannot read",
)
def test_an_account_without_a_name_can_run_the_servers():
    home = Path("/var/tmp") / f"migdata-test-{os.getpid()}"
    home.mkdir(mode=0o700)
    os.chown(home, 54321, 54321)
    try:
        done = subprocess.run(
            [sys.executable, "-m", "migdata.local", "run", "true"],
            env={"MIGDATA_LOCAL": str(home), "PYTHONDONTWRITEBYTECODE": "1"},
            cwd=ROOT,
            user=54321,
            group=54321,
            extra_groups=[],
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        assert (home / "postgres" / "PG_VERSION").exists()
    finally:
        shutil.rmtree(home)


def test_a_collation_by_code_point_and_lower_case_for_cyrillic_and_turkmen(folder):
    address = local.ensure()["DATABASE_URL"]
    assert ask(address, "SELECT lower('ТУРКМЕНИСТАН ÝŽŇŞÄÖÜÇ')") == "туркменистан ýžňşäöüç"


def test_a_folder_of_somebody_else_is_refused_in_words(tmp_path):
    other = tmp_path / "other"
    other.mkdir()
    if os.getuid() == 0:
        os.chown(other, 12345, 12345)
    else:
        other.chmod(0o500)
    with pytest.raises(Unusable, match="MIGDATA_LOCAL"):
        own(other)


def test_a_folder_that_cannot_be_made_is_refused_in_words(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(Unusable, match="cannot be made or written"):
        own(tmp_path / "file" / "below")


def test_a_link_in_place_of_a_folder_is_refused(tmp_path):
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "real")
    with pytest.raises(Unusable):
        own(tmp_path / "link")


def test_the_command_line_says_what_is_wrong_without_a_traceback(tmp_path, no_addresses):
    (tmp_path / "file").write_text("")
    done = run("manage.py", "migrate", MIGDATA_LOCAL=str(tmp_path / "file"))
    assert done.returncode == 1
    assert "MIGDATA_LOCAL" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_disk_without_room_is_refused_in_words(tmp_path):
    with pytest.raises(Unusable, match="MB are needed"):
        Place(tmp_path).require_space(1 << 60)


def test_servers_named_in_the_environment_are_used_and_none_is_started(tmp_path, monkeypatch):
    monkeypatch.setenv("MIGDATA_LOCAL", str(tmp_path / "local"))
    monkeypatch.setenv("DATABASE_URL", "postgresql://app@db/migdata")
    monkeypatch.setenv("DATABASE_OWNER_URL", "postgresql://owner@db/migdata")
    monkeypatch.setenv("REDIS_URL", "redis://broker/0")
    assert local.ensure() == {
        "DATABASE_URL": "postgresql://app@db/migdata",
        "DATABASE_OWNER_URL": "postgresql://owner@db/migdata",
        "REDIS_URL": "redis://broker/0",
    }
    assert local.running() == []


def test_a_session_stops_the_servers_it_started(folder):
    with local.session():
        assert local.running() == ["PostgreSQL", "Valkey"]
    assert local.running() == []


def test_a_session_leaves_servers_that_ran_before(folder):
    local.ensure()
    with local.session():
        pass
    assert local.running() == ["PostgreSQL", "Valkey"]


def test_of_two_sessions_the_last_one_stops(folder):
    with local.session():
        inner = run("-m", "migdata.local", "run", sys.executable, "-c", "pass")
        assert inner.returncode == 0
        assert local.running() == ["PostgreSQL", "Valkey"]
    assert local.running() == []


def test_a_session_that_was_killed_is_tidied_up_by_the_next(folder):
    command = [sys.executable, "-m", "migdata.local", "run", "sleep", "60"]
    killed = subprocess.Popen(command, cwd=ROOT, start_new_session=True)
    while local.running() != ["PostgreSQL", "Valkey"]:
        time.sleep(0.05)
    os.killpg(killed.pid, signal.SIGKILL)
    killed.wait()
    with local.session():
        pass
    assert local.running() == []


def test_run_hands_the_exit_code_of_its_command_on(folder):
    done = run("-m", "migdata.local", "run", sys.executable, "-c", "raise SystemExit(3)")
    assert done.returncode == 3


def test_secrets_are_made_once_and_only_their_owner_can_read_them(folder):
    here = Place(folder)
    with here.locked():
        first = keys.kept(here)
        assert keys.kept(here) == first
    assert (folder / "secrets.json").stat().st_mode & 0o777 == 0o600
    assert set(first) == set(keys.NAMES)
    assert min(map(len, first.values())) >= 50


def test_a_real_database_needs_real_secrets(tmp_path, monkeypatch):
    monkeypatch.setenv("MIGDATA_LOCAL", str(tmp_path / "local"))
    monkeypatch.setenv("DATABASE_URL", "postgresql://app@db/migdata")
    monkeypatch.setenv("REDIS_URL", "redis://broker/0")
    monkeypatch.delenv("DEMO", raising=False)
    for name in keys.NAMES:
        monkeypatch.delenv(name, raising=False)
    with pytest.raises(Unusable, match="DISCLOSURE_SECRET"):
        local.prepare(start=True)


def test_the_broker_never_forgets_to_make_room(folder):
    addresses = local.ensure()
    with broker(addresses) as client:
        assert client.config_get("maxmemory-policy") == {"maxmemory-policy": "noeviction"}
        assert client.config_get("appendonly") == {"appendonly": "yes"}
    assert not Valkey(Place(folder)).ensure()
