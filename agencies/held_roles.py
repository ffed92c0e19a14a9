"""Reading the roles that people hold, with what they cover: the question that every request begins with."""

import json
from collections.abc import Iterable
from typing import Any

from django.utils import timezone

from agencies.coverage import Duties, Lent
from agencies.models import Agency, Person
from agencies.roles import ROLES, Role

ROLES_BY_CODE = {role.value: role for role in ROLES}  # as guardian calls them
# As text, for the ORM takes longer to write it than the database to answer.
HELD = """
SELECT agency.*, held.user_id AS holder, role.codename AS role, duty.ordinary, duty.instruments AS named,
       ARRAY(SELECT instrument FROM agencies_restrictedinstrument) AS restricted
  FROM agencies_agencypermission held
  JOIN auth_permission role ON role.id = held.permission_id
  JOIN agencies_agency agency ON agency.id = held.content_object_id
  LEFT JOIN agencies_duty duty ON duty.person_id = held.user_id AND duty.agency_id = agency.id
 WHERE held.user_id = ANY(%s) AND (held.ends_on IS NULL OR held.ends_on > %s)
 ORDER BY agency.code
"""


def read(people: Iterable[Person]) -> None:
    """Read the roles of all these people with one question: `holdings`, `duties` and `restricted` of each."""
    by_person = {person.pk: person for person in people}
    held: dict[int, dict[Agency, list[Role]]] = {pk: {} for pk in by_person}
    for person in by_person.values():
        person.duties, person.restricted = {}, frozenset()
    agency: Any  # with the columns beside its own
    for agency in Agency.everywhere.raw(HELD, [list(by_person), timezone.localdate()]):
        if agency.role not in ROLES_BY_CODE:
            continue
        person = by_person[agency.holder]
        held[person.pk].setdefault(agency, []).append(ROLES_BY_CODE[agency.role])
        person.restricted = frozenset(agency.restricted)
        if agency.named is not None and person.duties is not None:
            named = frozenset(json.loads(agency.named))
            person.duties[agency.pk] = Duties(agency.ordinary, named)
    for pk, person in by_person.items():
        person.holdings = {agency: in_order(roles) for agency, roles in held[pk].items()}
        if person.lent is not None:
            _lend(person, person.lent)


def _lend(person: Person, lent: Lent) -> None:
    """Leave of what a person holds what her token lends: roles in its agency, for its instruments."""
    here = {
        place: roles for place, roles in (person.holdings or {}).items() if place.pk == lent.agency
    }
    person.holdings = {
        place: [role for role in roles if not role.reaches_every_agency]
        for place, roles in here.items()
    }
    own = (person.duties or {}).get(lent.agency, Duties())
    person.duties = {lent.agency: lent.of(own, person.restricted)}


def in_order(held: Iterable[Role]) -> list[Role]:
    """Return roles in the order of the table."""
    known = set(held)
    return [role for role in ROLES if role in known]
