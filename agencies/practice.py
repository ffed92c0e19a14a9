"""Practice: an agency of one's own, with colleagues to play, apart from everything that counts (ADR 28).

Whoever practises steps into a colleague of her practice agency, a clerk or a reviewer: an account as whom nobody
signs in, and which holds roles there and nowhere else. So every rule holds in practice as it does elsewhere, four
eyes included, and none of them knows of practice. Her own roles rest meanwhile. The database keeps the two apart.
"""

from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.contrib.sessions.backends.base import SessionBase
from django.db import transaction
from django.http import HttpRequest
from django.utils import translation
from django.utils.translation import gettext as _

from agencies import access, audit
from agencies.access import Anyone
from agencies.models import Agency, Person
from agencies.roles import Permission, Role
from standards.languages import marked

KEY = "practice"  # in the session: the role that is played
ROLES = Role.CLERK, Role.REVIEWER
NEEDS = Permission.SEE_SUBMISSIONS  # whoever delivers, and the office that looks at it
DOMAIN = "practice.invalid"  # no letter goes there: RFC 2606
NUMBER = "PRACTICE-"  # the records of files to try begin so: no other agency takes them in
NAME = marked("Practice agency")
COLLEAGUES = {Role.CLERK: marked("Practice clerk"), Role.REVIEWER: marked("Practice reviewer")}


@dataclass(frozen=True)
class Practising:
    """Who practises in which agency, and as whom."""

    owner: Person
    agency: Agency
    role: Role


def may_practise(person: Anyone) -> bool:
    """Say whether a person has something to practise: her own work is with submissions."""
    return access.may(person, NEEDS)


def agency_of(owner: Person) -> Agency | None:
    """Return the practice agency of a person, if she has one."""
    return Agency.everywhere.filter(practice_of=owner).first()


@transaction.atomic
def opened(owner: Person) -> Agency:
    """Return the practice agency of a person; it is made, with its colleagues, when she first practises.

    Raises `Denied` for who has nothing to practise.
    """
    access.require(owner, NEEDS)
    Person.objects.select_for_update(no_key=True).get(pk=owner.pk)  # two clicks make one agency
    if place := agency_of(owner):
        return place
    place = Agency.everywhere.create(
        code=f"PR-{owner.pk}", names=_in_every_language(NAME), practice=True, practice_of=owner
    )
    for role in ROLES:
        colleague = Person.objects.create_user(
            f"{role.value}.{owner.pk}@{DOMAIN}", name=_(COLLEAGUES[role]), practice_at=place
        )
        access.grant(colleague, role, place)
    audit.record("practise", f"agency:{place.pk}", name=place.code, by=owner, agency=place)
    return place


def _in_every_language(text: str) -> dict[str, str]:
    names = {}
    for code, _name in settings.LANGUAGES:
        with translation.override(code):
            names[code] = _(text)
    return names


def begin(session: SessionBase, role: Role) -> None:
    """Let the person of the session work as a colleague of her practice agency, until she leaves."""
    session[KEY] = role.value


def leave(session: SessionBase) -> None:
    """Let the person of the session be herself again."""
    session.pop(KEY, None)


def acting(person: Anyone, session: SessionBase) -> tuple[Anyone, Practising | None]:
    """Return as whom the person of a session works: herself, or a colleague of her practice agency.

    It asks nothing more of the database while nobody practises.
    """
    role = next((known for known in ROLES if known == session.get(KEY)), None)
    if role is None or not isinstance(person, Person) or not may_practise(person):
        return person, None
    colleagues = Person.objects.select_related("practice_at").filter(
        practice_at__practice_of=person, email=f"{role.value}.{person.pk}@{DOMAIN}"
    )
    colleague = colleagues.first()
    if colleague is None or colleague.practice_at is None:
        return person, None
    return colleague, Practising(person, colleague.practice_at, role)


def of_request(request: HttpRequest) -> Practising | None:
    """Return who practises in this request; None where nobody does."""
    return getattr(request, "practising", None)


def owner_of(request: HttpRequest) -> Any:
    """Return the person who has signed in, also while she works as a colleague of her practice agency."""
    practising = of_request(request)
    return practising.owner if practising else request.user
