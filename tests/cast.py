"""The cast: agencies and one person for each role, as everybody in the tests knows them.

`clerk`, `reviewer`, `agency_admin`, `statistician`, `publisher`, `viewer`, `national_admin`: a
fixture for each role of `agencies.roles`, with the address and the agency that the first person
of this role has in the demonstration; and `outsider`, who works for another agency.
"""

import pytest
from django.test import Client

from agencies import access
from agencies.models import Agency, Event, Person
from agencies.roles import ROLES, Role
from migdata.demo import people

PASSWORD = "a long password for tests"
AGENCY_FIXTURES = {"SMS": "agency", "MLSP": "other_agency", "SCS": "office"}


def make_agency(code, **fields):
    return Agency.objects.create(code=code, names={"en": f"Agency {code}"}, **fields)


def make_person(email, role=None, agency=None):
    person = Person.objects.create_user(email, PASSWORD, name=email.split("@")[0].title())
    if role:
        access.grant(person, role, agency)
    return person


def the_person(role, agency):
    """Return the person who does the work of a role in an agency, made when first asked for."""
    email = f"the.{role.value}@{agency.code.lower()}.example"
    return Person.objects.filter(email=email).first() or make_person(email, role, agency)


def anew(person):
    """Return the person as another request would load them: with the roles held now."""
    return Person.objects.get(pk=person.pk)


def signed_in(person, language="en"):
    """Return a browser in which the person is signed in."""
    client = Client()
    client.force_login(person)
    client.cookies["django_language"] = language
    return client


def events(*verbs):
    """Return the events of these verbs, oldest first."""
    return list(Event.objects.using("side").filter(verb__in=verbs).order_by("pk"))


@pytest.fixture
def agency(db):
    return make_agency("SMS")


@pytest.fixture
def other_agency(db):
    return make_agency("MLSP")


@pytest.fixture
def office(db):
    return make_agency("SCS", statistics_office=True)


def _fixture_of(role):
    account = next(account for account in people.ACCOUNTS if account.role is role)

    @pytest.fixture(name=role.value)
    def person(request, db):
        fixture = AGENCY_FIXTURES.get(account.agency)
        if fixture:
            agency = request.getfixturevalue(fixture)
        else:  # more than one role may be given there
            place = Agency.objects.filter(code=account.agency).first()
            agency = place or make_agency(account.agency)
        return make_person(account.email, role, agency)

    return person


for _role in ROLES:
    globals()[_role.value] = _fixture_of(_role)


@pytest.fixture
def outsider(other_agency):
    """A clerk and reviewer of another agency."""
    person = make_person("reviewer@mlsp.example", Role.REVIEWER, other_agency)
    access.grant(person, Role.CLERK, other_agency)
    return person
