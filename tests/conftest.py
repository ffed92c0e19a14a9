"""The database role under which every test runs, its files, its language, its workers."""

import contextlib
import uuid

import hypothesis
import pytest
from django.db import DatabaseError, connections
from django.db.backends.signals import connection_created
from django.utils import translation

from migdata import celery
from tests import flush, order, published, without_filters, workers

# A test says what holds, not how fast this machine is.
hypothesis.settings.register_profile("no deadline", deadline=None)
hypothesis.settings.load_profile("no deadline")

pytest_plugins = ["tests.cast", "tests.factories"]


def pytest_collection_modifyitems(config, items):
    if hasattr(config, "workerinput"):  # one of several processes
        order.longest_first(items)
    if without_filters.is_on():
        without_filters.leave_out(items)
    for item in items:
        marker = item.get_closest_marker("django_db")
        transactional = {"transactional_db", "live_server", "worker"} & set(item.fixturenames)
        if marker or transactional or "db" in item.fixturenames:
            kwargs = dict(marker.kwargs) if marker else {}
            kwargs["transaction"] = bool(kwargs.get("transaction") or transactional)
            item.own_markers = [m for m in item.own_markers if m.name != "django_db"]
            item.add_marker(pytest.mark.django_db(**{**kwargs, "databases": "__all__"}))


def _become_app(connection, **_kwargs):
    with connection.cursor() as cursor:
        cursor.execute("SET ROLE migdata_app")


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup, django_db_blocker):
    """Empty only what tests fill; leave no connection behind: the database is dropped at the end."""
    with pytest.MonkeyPatch.context() as monkeypatch:
        with django_db_blocker.unblock():
            flush.install(monkeypatch)
            published.keep()
            with connections["default"].cursor() as cursor:
                flush.empty(cursor)
        yield
    with django_db_blocker.unblock(), connections["default"].cursor() as cursor:
        # Threads of the live server keep theirs as long as the browser keeps its own.
        cursor.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid() AND backend_type = 'client backend'"
        )
    connections.close_all()


@pytest.fixture(autouse=True)
def as_app(request):
    """Run the test as `app`, under row-level security; the database is made and flushed as owner."""
    if request.node.get_closest_marker("django_db") is None:
        yield
        return
    request.getfixturevalue("_django_db_helper")
    for alias in connections:
        connections[alias].ensure_connection()
        _become_app(connections[alias])
    connection_created.connect(_become_app)
    yield
    connection_created.disconnect(_become_app)
    for alias in connections:
        with contextlib.suppress(DatabaseError), connections[alias].cursor() as cursor:
            cursor.execute("RESET ROLE")


@pytest.fixture(autouse=True)
def filters(monkeypatch):
    """The filters of the code, or none of them (tests.without_filters)."""
    if without_filters.is_on():
        without_filters.remove(monkeypatch)


@pytest.fixture(autouse=True)
def in_english():
    """Messages are compared in English, whatever a request of another test asked for."""
    with translation.override("en"):
        yield


@pytest.fixture(autouse=True)
def private_files(settings, tmp_path):
    settings.PRIVATE_ROOT = tmp_path / "private"
    settings.EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]


@pytest.fixture
def worker(transactional_db, settings, monkeypatch):
    """Start real Celery workers: `worker()` returns a running one; all are stopped at the end."""
    queue = f"test-{uuid.uuid4().hex}"
    monkeypatch.setitem(celery.app.conf, "task_default_queue", queue)
    settings.PRIVATE_ROOT.mkdir(parents=True, exist_ok=True)
    started = []

    def start(**extra):
        started.append(workers.Worker(queue, **{**workers.environment(queue), **extra}))
        return started[-1]

    yield start
    for process in started:
        process.stop()
