"""Who may give and take which role: said once, for invitations, changes and accounts (ADR 16)."""

from collections.abc import Iterable, Mapping

from django.utils.translation import gettext as _

from agencies import access, audit
from agencies.access import Denied
from agencies.models import Agency, Person
from agencies.refusal import Refused
from agencies.roles import ROLES, Permission, Role

ADMINISTRATORS = frozenset({Role.AGENCY_ADMIN, Role.NATIONAL_ADMIN})
NATIONAL = frozenset({Role.NATIONAL_ADMIN, Role.AUDITOR})  # given by two, where they work


def grantable(by: Person, agency: Agency) -> list[Role]:
    """Return the roles a person may give and take in an agency.

    The national administrator makes administrators of agencies, and auditors and others of her kind
    where she is one, each with the approval of a second; agencies do everything else, as the scope of each role says.
    """
    if access.may(by, Permission.MANAGE_AGENCIES):
        own_place = Role.NATIONAL_ADMIN in access.roles(by, agency)
        return [Role.AGENCY_ADMIN, *(NATIONAL if own_place else [])]
    if not access.may(by, Permission.MANAGE_PEOPLE, agency):
        return []
    office = agency.statistics_office
    return [role for role in ROLES if role.is_given_in(statistics_office=office)]


def permitted(roles: Iterable[Role], agency: Agency, by: Person) -> set[Role]:
    """Return the roles, if `by` may decide on all of them. Raises `Denied`."""
    chosen, allowed = set(roles), set(grantable(by, agency))
    if not allowed or chosen - allowed:
        audit.record(
            "denied",
            f"agency:{agency.pk}",
            name=agency.code,
            by=by,
            agency=agency,
            asked=sorted(chosen),
        )
        raise Denied(_("You may not give these roles in this agency."))
    return chosen


def still_permits(by: Person, roles: Iterable[Role], agency: Agency) -> bool:
    """Say whether who invited or proposed may still sign in, and could still give the roles."""
    now = Person.objects.filter(pk=by.pk, is_active=True).first()
    return now is not None and set(roles) <= set(grantable(now, agency))


def needs_second(roles: Iterable[Role], *, email: str, by: Person) -> bool:
    """Say whether a second national administrator has to approve.

    Of whatever a national administrator gives, and of any role for somebody who is one or an auditor.
    Also of one whose account is stopped: she may come back.
    """
    if NATIONAL.intersection(roles) or access.may(by, Permission.MANAGE_AGENCIES):
        return True
    return any(role in NATIONAL for _agency, role in access.held_at(email))


def nationals() -> list[Person]:
    """Return the national administrators who may sign in."""
    held = access.holders(Role.NATIONAL_ADMIN).values()
    return list({person.pk: person for people in held for person in people}.values())


def refuse_own_roles(email: str, roles: Iterable[Role], agency: Agency, by: Person) -> None:
    """Refuse to decide on one's own roles: who manages accounts must not give herself the records."""
    if email.lower() == by.email.lower():
        audit.record(
            "denied", f"person:{by.pk}", name=by.email, by=by, agency=agency, asked=sorted(roles)
        )
        raise Refused(_("You cannot change your own roles; ask another administrator."))


def decides_on(by: Person, held: Mapping[Agency, list[Role]]) -> bool:
    """Say whether `by` could give every role that the person holds, in each of their agencies.

    A national administrator may stop an administrator of an agency, whatever else they do there.
    """
    roles_anywhere = {role for roles in held.values() for role in roles}
    if access.may(by, Permission.MANAGE_AGENCIES):
        return Role.AGENCY_ADMIN in roles_anywhere and Role.NATIONAL_ADMIN not in roles_anywhere
    return all(set(roles) <= set(grantable(by, agency)) for agency, roles in held.items())


def refuse_last_admin(person: Person, agency: Agency, *others: Person) -> None:
    """Refuse to leave an agency without an administrator when this person, and others, stop being one.

    Locks the agency: two administrators must not take each other's role at the same time.
    """
    Agency.objects.select_for_update().get(pk=agency.pk)
    staying = [
        member.person
        for member in access.memberships(agency)
        if member.person.is_active and member.ends.get(Role.AGENCY_ADMIN, agency) is None
    ]
    if all(admin in (person, *others) for admin in staying):
        raise Refused(
            _("This is the last administrator of %(agency)s. Name another one first.")
            % {"agency": agency}
        )
