"""Roles that exclude each other: refused whoever gives them, also by the database; old ones are shown."""

import threading

import pytest
from django.contrib.auth.models import Permission as StoredPermission
from django.core.management import CommandError, call_command
from django.db import IntegrityError, connection, connections, transaction

from agencies import access
from agencies.models import AgencyPermission, Person
from agencies.refusal import Refused
from agencies.roles import ROLES, Permission, Role, excluded_pairs
from tests.cast import anew, make_person, signed_in

TOUCHING = (Role.CLERK, Role.REVIEWER, Role.STATISTICIAN, Role.PUBLISHER)


def write_grant(person, role, agency):
    """Write a grant past every check in Python."""
    return AgencyPermission.objects.create(
        user=person,
        content_object=agency,
        permission=StoredPermission.objects.get(codename=role.value, content_type__model="agency"),
    )


def write_as_before(person, role, agency):
    """Write a grant from a time when nothing excluded it, as the owner of the database."""
    with connection.cursor() as cursor:
        cursor.execute("RESET ROLE")
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute("ALTER TABLE agencies_agencypermission DISABLE TRIGGER USER")
        write_grant(person, role, agency)
        cursor.execute("ALTER TABLE agencies_agencypermission ENABLE TRIGGER USER")
        cursor.execute("SET ROLE migdata_app")


def test_a_national_administrator_holds_nothing_that_touches_what_is_delivered():
    pairs = {(role, other) for role, other, _elsewhere in excluded_pairs()}
    excluded = {other for role, other in pairs if role == "national_admin"}
    # Of a token she sees its name, agency and maker, and may revoke it: it lends her nothing.
    harmless = {Permission.MANAGE_PEOPLE, Permission.MANAGE_AGENCIES, Permission.SEE_TOKENS}
    for role in ROLES:
        assert role in excluded or role.permissions <= harmless, role
    assert "agency_admin" in excluded and "viewer" not in excluded
    assert all((other, role) in pairs for role, other in pairs)


@pytest.mark.parametrize("role", [*TOUCHING, Role.AGENCY_ADMIN])
def test_no_role_of_deliveries_is_given_to_a_national_administrator(
    national_admin, other_agency, role
):
    with pytest.raises(Refused, match="nothing to do with what agencies deliver"):
        access.grant(national_admin, role, other_agency)
    with pytest.raises(IntegrityError), transaction.atomic():
        write_grant(national_admin, role, other_agency)
    assert access.roles(anew(national_admin), other_agency) == []


def test_nor_that_role_to_whoever_holds_one_of_deliveries(clerk, other_agency):
    with pytest.raises(Refused):
        access.grant(clerk, Role.NATIONAL_ADMIN, other_agency)
    with pytest.raises(IntegrityError), transaction.atomic():
        write_grant(clerk, Role.NATIONAL_ADMIN, other_agency)


def test_a_statistician_makes_no_accounts_in_any_agency(statistician, office, agency):
    for place in (office, agency):
        with pytest.raises(Refused, match="makes no accounts"):
            access.grant(statistician, Role.AGENCY_ADMIN, place)
        with pytest.raises(IntegrityError), transaction.atomic():
            write_grant(statistician, Role.AGENCY_ADMIN, place)


def test_a_statistician_works_for_no_other_agency_but_may_type_for_her_own(
    statistician, office, agency
):
    with pytest.raises(Refused, match="another one of them"):
        access.grant(statistician, Role.CLERK, agency)
    with pytest.raises(IntegrityError), transaction.atomic():
        write_grant(statistician, Role.CLERK, agency)
    access.grant(statistician, Role.CLERK, office)
    assert Role.CLERK in access.roles(statistician, office)


def test_a_small_agency_gives_one_person_several_roles(agency, clerk, agency_admin):
    access.grant(clerk, Role.REVIEWER, agency)
    access.grant(agency_admin, Role.CLERK, agency)
    assert access.roles(clerk, agency) == [Role.CLERK, Role.REVIEWER]


@pytest.mark.django_db(transaction=True)
def test_of_two_roles_given_at_the_same_moment_one_is_refused(agency, other_agency):
    person = make_person("both@sms.example")
    start, results = threading.Barrier(2), []

    def give(role, place):
        try:
            with transaction.atomic():
                start.wait(timeout=60)
                write_grant(person, role, place)
            results.append("given")
        except IntegrityError:
            results.append("refused")
        finally:
            connections.close_all()

    threads = [
        threading.Thread(target=give, args=pair)
        for pair in ((Role.CLERK, agency), (Role.NATIONAL_ADMIN, other_agency))
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(results) == ["given", "refused"]


def test_the_portal_itself_cannot_change_what_excludes_what(db):
    for change in ("DELETE FROM agencies_exclusion", "UPDATE agencies_exclusion SET other = 'x'"):
        with pytest.raises(Exception, match="permission denied"), transaction.atomic():
            connection.cursor().execute(change)
    with connection.cursor() as cursor:
        cursor.execute("SELECT role, other, elsewhere FROM agencies_exclusion ORDER BY 1, 2")
        assert cursor.fetchall() == excluded_pairs()


def test_conflicts_from_before_are_shown_and_nothing_is_taken(
    national_admin, agency, agency_admin, capsys
):
    write_as_before(national_admin, Role.CLERK, agency)
    person = Person.objects.get(pk=national_admin.pk)
    with pytest.raises(CommandError, match="1 to settle"):
        call_command("check_roles")
    assert national_admin.email in capsys.readouterr().out
    page = signed_in(person).get("/people/agencies/").content.decode()
    assert "that one person may not hold together" in page and national_admin.email in page
    page = signed_in(agency_admin).get("/people/").content.decode()
    assert "that one person may not hold together" in page
    assert access.roles(anew(person), agency) == [Role.CLERK]
    access.revoke(person, Role.CLERK, agency)
    call_command("check_roles")
