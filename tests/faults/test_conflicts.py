"""Two do the same at once: the database undoes one of them, and the portal does it once more (R11)."""

import threading
from contextlib import contextmanager
from io import BytesIO

import pytest
from django.db import connection, connections

from agencies import access
from agencies.models import Agency
from agencies.roles import Role
from records.models import Upload
from tests.cast import anew, make_person, signed_in
from tests.records.files import plain, table
from tests.workers import until

pytestmark = pytest.mark.django_db(transaction=True)


def as_owner(*statements):
    other = connection.copy()
    with other.cursor() as cursor:
        cursor.execute("RESET ROLE")
        for statement in statements:
            cursor.execute(statement)
    other.close()


@pytest.fixture
def conflicts():
    """`conflicts(table, state, times)`: so many inserts into the table end with this SQLSTATE."""

    def on(name, state, times):
        as_owner(
            "CREATE SEQUENCE test_conflict",  # its numbers outlive what is rolled back
            "CREATE FUNCTION test_conflict() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN"
            f" IF nextval('test_conflict') <= {times} THEN RAISE EXCEPTION 'undone'"
            f" USING ERRCODE = '{state}'; END IF; RETURN NULL; END $$",
            f"CREATE TRIGGER test_conflict AFTER INSERT ON {name}"
            " FOR EACH STATEMENT EXECUTE FUNCTION test_conflict()",
        )

    yield on
    as_owner(
        "DROP FUNCTION IF EXISTS test_conflict CASCADE", "DROP SEQUENCE IF EXISTS test_conflict"
    )


def browser(person):
    client = signed_in(person)
    client.raise_request_exception = False
    return client


def add_agency(admin, **more):
    return browser(admin).post("/people/agencies/", {"code": "NEW", "en": "New"}, **more)


@pytest.mark.parametrize("state", ["40P01", "40001"])
def test_what_the_database_undid_is_done_once_more(conflicts, national_admin, state):
    conflicts("agencies_agency", state, 1)
    answer = add_agency(national_admin, follow=True)
    assert answer.status_code == 200
    assert answer.content.decode().count("NEW is added") == 1  # that of the undone try is gone
    assert Agency.objects.filter(code="NEW").count() == 1


def test_what_is_undone_again_is_said_in_words(conflicts, national_admin):
    conflicts("agencies_agency", "40P01", 2)
    answer = add_agency(national_admin)
    assert answer.status_code == 503 and int(answer["Retry-After"]) > 0
    assert "Two people did the same at once" in answer.content.decode()
    assert not Agency.objects.filter(code="NEW").exists()
    assert add_agency(national_admin).status_code == 302


def test_a_file_is_not_taken_in_twice_for_it(conflicts, clerk, instruments, settings):
    """It was moved while it was taken in, so it is not read again; nothing of it stays."""
    conflicts("records_upload", "40P01", 1)
    file = BytesIO(plain(table(2)))
    file.name = "a.csv"
    answer = browser(clerk).post("/uploads/new", {"delivery": "SMS/SMS-WPF", "file": file})
    assert answer.status_code == 503 and "try again" in answer.content.decode()
    assert not Upload.objects.exists()
    assert list((settings.PRIVATE_ROOT / "incoming").iterdir()) == []


@pytest.fixture
def owners():
    """Two connections as the owner: one holds, one sees what others wait for."""
    both = [connection.copy(), connection.copy()]
    for other in both:
        ask(other, "RESET ROLE")
        ask(other, "SET statement_timeout = '30s'")
    yield both
    for other in both:
        other.close()


def ask(owner, question):
    with owner.cursor() as cursor:
        cursor.execute(question)
        return cursor.fetchall() if cursor.description else []


def test_r11_a_real_deadlock_is_not_shown_to_anybody(owners, agency, agency_admin, clerk):
    """Somebody holds her grants and wants the agency, which the request holds and wants her grants."""
    second = make_person("second@sms.example", Role.AGENCY_ADMIN, agency)
    (gate, watch), answers = owners, []

    def take_the_role_of_administrator():
        address = f"/people/person/SMS/{second.pk}/"
        answers.append(browser(agency_admin).post(address, {"roles": []}).status_code)
        connections.close_all()

    thread = threading.Thread(target=take_the_role_of_administrator)
    with transaction_of(gate):
        ask(gate, "SELECT 1 FROM agencies_agencypermission FOR UPDATE")
        thread.start()
        waiting = "SELECT 1 FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = "
        until(lambda: ask(watch, f"{waiting} current_database()"), 20)
        ask(gate, "SELECT 1 FROM agencies_agency FOR UPDATE")  # until the request is undone
    thread.join(60)
    assert answers == [302]
    assert access.roles(anew(second), agency) == []


@contextmanager
def transaction_of(gate):
    gate.set_autocommit(False)
    try:
        yield
    finally:
        gate.rollback()
        gate.set_autocommit(True)
