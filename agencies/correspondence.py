"""What people are told by mail of roles and accounts: each in the language they read.

Letters are handed over inside the transaction of what they tell (`EMAIL_BACKEND` sends them).
"""

from collections.abc import Iterable
from typing import Any

from django.conf import settings
from django.core.mail import send_mail
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext, override

from agencies import access, authority
from agencies.models import Agency, AgencyChange, Invitation, Person, Token
from agencies.roles import Role
from standards.languages import marked

SUBJECT = marked("Your account at %(portal)s")
INVITED = marked(
    "%(by)s invites you to work for %(agency)s at %(portal)s, as: %(roles)s.\n\n"
    "Accept or decline here, within %(days)s days:\n%(link)s\n"
)
ROLES_CHANGED = marked("Roles in %(agency)s")
GAINED = marked(
    "%(person)s, %(email)s, now holds these roles in %(agency)s: %(roles)s.\n"
    "They were given by %(by)s.\n\nIf this should not be, tell the administrators at once.\n"
)
LOST = marked(
    "%(person)s, %(email)s, no longer holds these roles in %(agency)s: %(roles)s.\n"
    "They were taken by %(by)s.\n\nIf this should not be, tell the administrators at once.\n"
)
COVERS = marked(
    "The roles of %(person)s, %(email)s, in %(agency)s now cover: %(covers)s.\n"
    "This was decided by %(by)s.\n\nIf this should not be, tell the administrators at once.\n"
)
HANDED_OVER = marked("Handed over to you")
WORK = marked(
    "The account of %(person)s was deactivated. %(by)s hands over to you what was open:\n\n%(work)s\n"
)
TO_APPROVE = marked("A role to approve: %(agency)s")
PROPOSED = marked(
    "%(by)s proposes %(person)s, %(email)s, for %(agency)s, as: %(roles)s.\n\n"
    "Another national administrator approves it, or refuses, on the page of agencies.\n"
)
CHANGE = marked("A change to approve: %(agency)s")
CHANGE_PROPOSED = marked(
    "%(by)s proposes a change of %(agency)s:\n\n%(told)s\n\n"
    "Another national administrator approves it, or refuses, on the page of agencies.\n"
)
TOKEN_MADE = marked("A token for programs: %(agency)s")
TOKEN = marked(
    "The token “%(token)s” for %(agency)s was made with your account at %(portal)s. A program that has it acts for you"
    " until %(day)s.\n\nIf you did not make it, choose a new password at once: that ends all of your tokens.\n"
)
STOPPED = marked("The account of %(person)s, %(email)s, was deactivated by %(by)s.\n")
OPENED = marked("%(by)s lets %(person)s, %(email)s, sign in again.\n")


def invited(invitation: Invitation, link: str, days: int) -> None:
    """Send an invitation: the same letter whether or not somebody has an account at the address."""
    facts = {
        **_facts(invitation, invitation.offered, invitation.agency, invitation.by),
        "link": link,
        "days": days,
    }
    _write(invitation.email, invitation.language, SUBJECT, INVITED, facts)


def proposed(invitation: Invitation) -> None:
    """Tell the other national administrators that something waits for one of them."""
    facts = _facts(invitation, invitation.offered, invitation.agency, invitation.by)
    for person in authority.nationals():
        if person not in (invitation.by,) and person.email != invitation.email:
            _write(person.email, person.language, TO_APPROVE, PROPOSED, facts)


def change_proposed(change: AgencyChange, told: Iterable[str]) -> None:
    """Tell the other national administrators of a change of an agency that waits for one of them."""
    facts = {
        "by": change.by,
        "agency": change.agency,
        "roles": [],
        "told": "\n".join(f"- {line}" for line in told),
    }
    for person in authority.nationals():
        if person != change.by:
            _write(person.email, person.language, CHANGE, CHANGE_PROPOSED, facts)


def gained(person: Person, roles: Iterable[Role], agency: Agency, *, by: Person | None) -> None:
    """Tell the person, the administrators of the agency and, of an administrator, the national ones."""
    _tell_all(person, roles, agency, by, GAINED)


def lost(person: Person, roles: Iterable[Role], agency: Agency, *, by: Person | None) -> None:
    """Tell the same people that roles were taken."""
    _tell_all(person, roles, agency, by, LOST)


def covers(person: Person, agency: Agency, told: Iterable[str], *, by: Person) -> None:
    """Tell the person and the administrators which instruments her roles cover from now on."""
    facts = {**_facts(person, [], agency, by), "covers": ", ".join(told)}
    for reader in _concerned(person, [], agency):
        _write(reader.email, reader.language, ROLES_CHANGED, COVERS, facts)


def handed_over(heir: Person, person: Person, work: Iterable[str], *, by: Person) -> None:
    """Tell a colleague what she takes over from somebody whose account was stopped."""
    facts = {"person": person, "by": by, "roles": [], "work": "\n".join(f"- {w}" for w in work)}
    _write(heir.email, heir.language, HANDED_OVER, WORK, facts)


def account(person: Person, agency: Agency, *, active: bool, by: Person) -> None:
    """Tell the person and the administrators that the account was stopped or opened."""
    held = [role for roles in access.holdings(person).values() for role in roles]
    facts = _facts(person, held, agency, by)
    for reader in _concerned(person, held, agency):
        _write(reader.email, reader.language, SUBJECT, OPENED if active else STOPPED, facts)


def token_made(token: Token) -> None:
    """Tell the person that a program may act for her from now on."""
    person = token.person
    day = date_format(timezone.localtime(token.expires_at), "SHORT_DATE_FORMAT")
    facts = {**_facts(person, [], token.agency, None), "token": token.name, "day": day}
    _write(person.email, person.language, TOKEN_MADE, TOKEN, facts)


def _tell_all(
    person: Person, roles: Iterable[Role], agency: Agency, by: Person | None, text: str
) -> None:
    given = list(roles)
    facts = _facts(person, given, agency, by)
    for reader in _concerned(person, given, agency):
        _write(reader.email, reader.language, ROLES_CHANGED, text, facts)


def _concerned(person: Person, roles: Iterable[Role], agency: Agency) -> list[Person]:
    """Return whose business a change of roles is, the person first."""
    administrators = access.holders(Role.AGENCY_ADMIN).get(agency, [])
    watched = authority.ADMINISTRATORS | authority.NATIONAL
    nationals = authority.nationals() if watched & set(roles) else []
    readers = [person, *administrators, *nationals]
    return list({reader.pk: reader for reader in readers}.values())


def _facts(
    whom: Person | Invitation, roles: Iterable[Role], agency: Agency, by: Person | None
) -> dict[str, Any]:
    return {
        "person": whom,
        "email": whom.email,
        "agency": agency,
        "by": by or gettext("those who run the portal"),
        "portal": settings.PORTAL_NAME,
        "roles": list(roles),
    }


def _write(address: str, language: str, subject: str, text: str, facts: dict[str, Any]) -> None:
    with override(language or settings.LANGUAGE_CODE):
        told = {**facts, "roles": ", ".join(role.label for role in facts["roles"])}
        line = " ".join((gettext(subject) % told).split())
        send_mail(line, gettext(text) % told, None, [address])
