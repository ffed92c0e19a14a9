"""Accounts of people and agencies: change roles, stop and open accounts, add agencies."""

from collections.abc import Callable, Collection, Iterable, Mapping
from typing import Any

from django.conf import settings
from django.core.mail import send_mail
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import override

from agencies import access, audit, authority, correspondence, held_roles, invitations, tokens
from agencies.access import Denied
from agencies.coverage import Duties
from agencies.models import Agency, Person
from agencies.refusal import Refused
from agencies.roles import Permission, Role

needs_of_new_agencies: list[Callable[[Agency], None]] = []


def after_creating(function: Callable[[Agency], None]) -> None:
    """Say what else a new agency needs; it is done in the transaction that creates it."""
    if function not in needs_of_new_agencies:
        needs_of_new_agencies.append(function)


def send_password_link(person: Person, *, agency: Agency, by: Person, link_base: str) -> None:
    """Send a link for a password to somebody who has chosen none yet. Raises `Denied`, `Refused`."""
    if not authority.grantable(by, agency) or not access.roles(person, agency):
        raise Denied(_("You do not manage the people of this agency."))
    if person.has_usable_password() or not person.is_active:
        raise Refused(_("Only open invitations are sent again."))
    _send(person, by, agency, link_base)
    audit.record(
        "invite", f"person:{person.pk}", name=person.email, by=by, agency=agency, again=True
    )


@transaction.atomic
def change_roles(
    person: Person,
    roles: Iterable[Role],
    *,
    agency: Agency,
    by: Person,
    link_base: str,
    duties: Duties | None = None,
) -> bool:
    """Take roles at once and offer new ones, so that the person holds these of those `by` decides on.

    Returns whether something was offered: it applies after she accepts it. Raises `Denied`, and
    `Refused` for one's own roles, for roles that exclude each other, and where the agency would be
    left without an administrator.
    """
    wanted = authority.permitted(roles, agency, by)
    authority.refuse_own_roles(person.email, wanted, agency, by)
    held = set(access.roles(person, agency))
    if wanted - held and not person.is_active:
        raise Refused(
            _("The account of %(person)s is deactivated. Let this person sign in again first.")
            % {"person": person}
        )
    revoked = held & set(authority.grantable(by, agency)) - wanted
    if Role.NATIONAL_ADMIN in revoked:
        raise Refused(_("Only those who run the portal take this role, on its server."))
    if Role.AGENCY_ADMIN in revoked:
        authority.refuse_last_admin(person, agency)
    if revoked:
        _take(person, revoked, agency, by)
    if wanted - held:
        _offer(person, wanted - held, agency, by, link_base, duties)
    return bool(wanted - held)


def _take(person: Person, roles: Collection[Role], agency: Agency, by: Person) -> None:
    """Take roles at once, and tell the person."""
    for role in roles:
        access.revoke(person, role, agency)
    tokens.end_without_role(person, agency, by=by)
    taken, subject = sorted(roles), f"person:{person.pk}"
    audit.record("roles", subject, name=person.email, by=by, agency=agency, taken=taken)
    correspondence.lost(person, taken, agency, by=by)


@transaction.atomic
def set_active(
    person: Person, active: bool, *, agency: Agency, by: Person, link_base: str = ""
) -> None:
    """Let a person sign in, or stop them at once; their sessions end with it.

    The account is one for all agencies, so it takes somebody who decides on all of its roles. An
    administrator whom a national administrator lets in again gets that role anew: proposed, approved by
    a second, accepted. Raises `Denied`, `Refused`.
    """
    if person == by:
        raise Refused(_("You cannot deactivate yourself; ask another administrator."))
    held = access.holdings(person)
    if agency not in held or not authority.decides_on(by, held):
        audit.record(
            "denied",
            f"person:{person.pk}",
            name=person.email,
            by=by,
            agency=agency,
            asked="set_active",
        )
        raise Denied(_("You do not decide on all roles of this person; take back yours instead."))
    for place, roles in held.items():
        if not active and Role.AGENCY_ADMIN in roles:
            authority.refuse_last_admin(person, place)
    if active and not person.is_active and access.may(by, Permission.MANAGE_AGENCIES):
        _name_anew(person, held, by, link_base)
    change = {"is_active": True} if active else {"is_active": False, "stopped_at": timezone.now()}
    Person.objects.filter(pk=person.pk).update(**change)
    verb = "activate" if active else "deactivate"
    audit.record(verb, f"person:{person.pk}", name=person.email, by=by, agency=agency)
    correspondence.account(person, agency, active=active, by=by)
    person.refresh_from_db()


@transaction.atomic
def create_agency(
    *, code: str, names: dict[str, str], statistics_office: bool, by: Person
) -> Agency:
    """Add an agency. Raises `Denied`, `Refused`."""
    access.require(by, Permission.MANAGE_AGENCIES)
    if Agency.everywhere.filter(code__iexact=code).exists():
        raise Refused(_("There is an agency %(code)s already.") % {"code": code})
    office = Agency.objects.filter(statistics_office=True).first()
    if statistics_office and office:
        raise Refused(_("The statistics office is %(agency)s; there is one.") % {"agency": office})
    agency = Agency.objects.create(code=code, names=names, statistics_office=statistics_office)
    for function in needs_of_new_agencies:
        function(agency)
    audit.record("create", f"agency:{agency.pk}", name=agency.code, by=by, agency=agency)
    return agency


def _offer(
    person: Person,
    roles: Iterable[Role],
    agency: Agency,
    by: Person,
    link_base: str,
    duties: Duties | None = None,
) -> None:
    invitations.invite(
        email=person.email,
        name=person.name,
        language=person.language,
        roles=roles,
        agency=agency,
        by=by,
        link_base=link_base,
        duties=duties,
    )


def _name_anew(
    person: Person, held: Mapping[Agency, list[Role]], by: Person, link_base: str
) -> None:
    """Take the roles of an administrator who was stopped, and propose them: two let her in, not one."""
    if any(set(roles) != {Role.AGENCY_ADMIN} for roles in held.values()):
        raise Refused(_("This person does other work too: her agency's administrators let her in."))
    for agency in held:
        access.revoke(person, Role.AGENCY_ADMIN, agency)
        if agency.is_active:
            _offer(person, [Role.AGENCY_ADMIN], agency, by, link_base)


def members_decided_on(by: Person, agency: Agency) -> list[Person]:
    """Return the people of the agency on all of whose roles `by` decides."""
    members = [person for person, _roles in access.members(agency)]
    held_roles.read(members)
    return [person for person in members if authority.decides_on(by, access.holdings(person))]


def _send(person: Person, by: Person, agency: Agency, link_base: str) -> None:
    with override(person.language or settings.LANGUAGE_CODE):
        text: dict[str, Any] = {
            "by": by,
            "agency": agency,
            "portal": settings.PORTAL_NAME,
            "link": f"{link_base.rstrip('/')}{invitations.password_link(person)}",
        }
        send_mail(
            _("Your account at %(portal)s") % text,
            _(
                "%(by)s invites you to work for %(agency)s at %(portal)s.\n\n"
                "Choose your password here:\n%(link)s\n"
            )
            % text,
            None,
            [person.email],
        )
