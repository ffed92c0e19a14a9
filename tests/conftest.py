"""The cast, the instruments, and the role under which every test runs."""

import contextlib
import uuid

import pytest
from django.core.cache import caches
from django.db import DatabaseError, connections
from django.db.backends.signals import connection_created
from django.utils import translation

from agencies import access
from agencies.models import Agency, Person
from agencies.roles import Role
from migdata import celery
from records.instruments import versions
from tests import workers

PASSWORD = "a long password for tests"


def pytest_collection_modifyitems(items):
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
    """Leave no connection behind: the database of the tests is dropped at the end."""
    yield
    with django_db_blocker.unblock(), connections["default"].cursor() as cursor:
        # Threads of the live server keep theirs as long as the browser keeps its own.
        cursor.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()"
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
    if request.node.get_closest_marker("django_db").kwargs.get("transaction"):
        # Django's flush does not know the schema of published figures.
        with connections["default"].cursor() as cursor:
            cursor.execute("TRUNCATE pub.release CASCADE")


@pytest.fixture(autouse=True)
def in_english():
    """Messages are compared in English, whatever a request of another test asked for."""
    with translation.override("en"):
        yield


@pytest.fixture(autouse=True)
def private_files(settings, tmp_path):
    settings.PRIVATE_ROOT = tmp_path / "private"
    settings.EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
    caches["drawings"].clear()
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]


def make_agency(code, **fields):
    return Agency.objects.create(code=code, names={"en": f"Agency {code}"}, **fields)


def make_person(email, role=None, agency=None):
    person = Person.objects.create_user(email, PASSWORD, name=email.split("@")[0].title())
    if role:
        access.grant(person, role, agency)
    return person


@pytest.fixture
def agency(db):
    return make_agency("SMS")


@pytest.fixture
def other_agency(db):
    return make_agency("MLSP")


@pytest.fixture
def office(db):
    return make_agency("SCS", statistics_office=True)


@pytest.fixture
def clerk(agency):
    return make_person("clerk@sms.example", Role.CLERK, agency)


@pytest.fixture
def reviewer(agency):
    return make_person("reviewer@sms.example", Role.REVIEWER, agency)


@pytest.fixture
def agency_admin(agency):
    return make_person("admin@sms.example", Role.AGENCY_ADMIN, agency)


@pytest.fixture
def outsider(other_agency):
    """A clerk and reviewer of another agency."""
    person = make_person("reviewer@mlsp.example", Role.REVIEWER, other_agency)
    access.grant(person, Role.CLERK, other_agency)
    return person


@pytest.fixture
def statistician(office):
    return make_person("statistician@scs.example", Role.STATISTICIAN, office)


@pytest.fixture
def publisher(office):
    return make_person("publisher@scs.example", Role.PUBLISHER, office)


@pytest.fixture
def viewer(db):
    return make_person("viewer@parl.example", Role.VIEWER, make_agency("PARL"))


@pytest.fixture
def national_admin(db):
    return make_person("admin@national.example", Role.NATIONAL_ADMIN, make_agency("NAT"))


@pytest.fixture
def instruments(agency, other_agency, office):
    """The instruments of the portal, published; by code."""
    return {v.instrument.code: v.instrument for v in versions.publish_all()}


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
