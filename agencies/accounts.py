"""Accounts of people: invite, give and take roles, deactivate. Who may do which is decided here."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from allauth.account.forms import default_token_generator
from allauth.account.utils import user_pk_to_url_str
from django.conf import settings
from django.core.mail import send_mail
from django.db import transaction
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import override

from agencies import access, audit
from agencies.access import Denied
from agencies.models import Agency, Person
from agencies.refusal import Refused
from agencies.roles import ROLES, Permission, Role

needs_of_new_agencies: list[Callable[[Agency], None]] = []


def after_creating(function: Callable[[Agency], None]) -> None:
    """Say what else a new agency needs; it is done in the transaction that creates it."""
    if function not in needs_of_new_agencies:
        needs_of_new_agencies.append(function)


def grantable(by: Person, agency: Agency) -> list[Role]:
    """Return the roles a person may give and take in an agency.

    The national administrator makes administrators of agencies; they do everything else in their
    own, as the scope of each role says (`agencies.roles`).
    """
    if access.may(by, Permission.MANAGE_AGENCIES):
        return [Role.AGENCY_ADMIN]
    if not access.may(by, Permission.MANAGE_PEOPLE, agency):
        return []
    office = agency.statistics_office
    return [role for role in ROLES if role.is_given_in(statistics_office=office)]


@transaction.atomic
def invite(
    *,
    email: str,
    name: str,
    language: str,
    roles: Iterable[Role],
    agency: Agency,
    by: Person,
    link_base: str,
) -> Person:
    """Make an account with roles and send a link with which the person chooses a password.

    An account that exists already only gets the roles. Raises `Denied`, `Refused`.
    """
    chosen = _permitted(roles, agency, by)
    if not chosen:
        raise Refused(_("Choose at least one role."))
    if not agency.is_active:
        raise Refused(_("This agency is closed."))
    person = Person.objects.filter(email__iexact=email).first()
    if person is None:
        person = Person.objects.create_user(email, None, name=name, language=language)
        _send(person, by, agency, link_base)
    _refuse_own_roles(person, chosen, agency, by)
    for role in chosen:
        access.grant(person, role, agency)
    audit.record("invite", f"person:{person.pk}", by=by, agency=agency, roles=sorted(chosen))
    return person


def invite_again(person: Person, *, agency: Agency, by: Person, link_base: str) -> None:
    """Send the link once more to somebody who has chosen no password yet. Raises `Denied`, `Refused`."""
    if not grantable(by, agency) or not access.roles(person, agency):
        raise Denied(_("You do not manage the people of this agency."))
    if person.has_usable_password() or not person.is_active:
        raise Refused(_("Only open invitations are sent again."))
    _send(person, by, agency, link_base)
    audit.record("invite", f"person:{person.pk}", by=by, agency=agency, again=True)


@transaction.atomic
def change_roles(person: Person, roles: Iterable[Role], *, agency: Agency, by: Person) -> None:
    """Give and take roles so that the person holds exactly these, of those `by` may decide on.

    Raises `Denied`, and `Refused` for one's own roles and where the agency would be left without
    an administrator.
    """
    wanted = _permitted(roles, agency, by)
    _refuse_own_roles(person, wanted, agency, by)
    held = set(access.roles(person, agency))
    revoked = held & set(grantable(by, agency)) - wanted
    if Role.AGENCY_ADMIN in revoked:
        _refuse_last_admin(person, agency)
    for role in wanted - held:
        access.grant(person, role, agency)
    for role in revoked:
        access.revoke(person, role, agency)
    audit.record("roles", f"person:{person.pk}", by=by, agency=agency, roles=sorted(wanted))


@transaction.atomic
def set_active(person: Person, active: bool, *, agency: Agency, by: Person) -> None:
    """Let a person sign in, or stop them at once; their sessions end with it.

    The account is one for all agencies, so it takes somebody who decides on all of its roles.
    Raises `Denied`, `Refused`.
    """
    if person == by:
        raise Refused(_("You cannot deactivate yourself; ask another administrator."))
    held = access.holdings(person)
    if agency not in held or not _decides_on(by, held):
        audit.record("denied", f"person:{person.pk}", by=by, agency=agency, asked="set_active")
        raise Denied(_("You do not decide on all roles of this person; take back yours instead."))
    for place, roles in held.items():
        if not active and Role.AGENCY_ADMIN in roles:
            _refuse_last_admin(person, place)
    change = {"is_active": True} if active else {"is_active": False, "stopped_at": timezone.now()}
    Person.objects.filter(pk=person.pk).update(**change)
    audit.record(
        "activate" if active else "deactivate", f"person:{person.pk}", by=by, agency=agency
    )
    person.refresh_from_db()


@transaction.atomic
def create_agency(
    *, code: str, names: dict[str, str], statistics_office: bool, by: Person
) -> Agency:
    """Add an agency. Raises `Denied`, `Refused`."""
    access.require(by, Permission.MANAGE_AGENCIES)
    if Agency.objects.filter(code__iexact=code).exists():
        raise Refused(_("There is an agency %(code)s already.") % {"code": code})
    office = Agency.objects.filter(statistics_office=True).first()
    if statistics_office and office:
        raise Refused(_("The statistics office is %(agency)s; there is one.") % {"agency": office})
    agency = Agency.objects.create(code=code, names=names, statistics_office=statistics_office)
    for function in needs_of_new_agencies:
        function(agency)
    audit.record("create", f"agency:{agency.pk}", by=by, agency=agency)
    return agency


def _permitted(roles: Iterable[Role], agency: Agency, by: Person) -> set[Role]:
    chosen, allowed = set(roles), set(grantable(by, agency))
    if not allowed or chosen - allowed:
        audit.record("denied", f"agency:{agency.pk}", by=by, agency=agency, asked=sorted(chosen))
        raise Denied(_("You may not give these roles in this agency."))
    return chosen


def _refuse_own_roles(person: Person, roles: Iterable[Role], agency: Agency, by: Person) -> None:
    """Refuse to decide on one's own roles: who manages accounts must not give herself the records."""
    if person == by:
        audit.record("denied", f"person:{person.pk}", by=by, agency=agency, asked=sorted(roles))
        raise Refused(_("You cannot change your own roles; ask another administrator."))


def _decides_on(by: Person, held: Mapping[Agency, list[Role]]) -> bool:
    """Say whether `by` could give every role that the person holds, in each of their agencies.

    A national administrator may stop an administrator of an agency, whatever else they do there.
    """
    roles_anywhere = {role for roles in held.values() for role in roles}
    if access.may(by, Permission.MANAGE_AGENCIES):
        return Role.AGENCY_ADMIN in roles_anywhere and Role.NATIONAL_ADMIN not in roles_anywhere
    return all(set(roles) <= set(grantable(by, agency)) for agency, roles in held.items())


def _refuse_last_admin(person: Person, agency: Agency) -> None:
    """Refuse to leave an agency without an administrator.

    Locks the agency: two administrators must not take each other's role at the same time.
    """
    Agency.objects.select_for_update().get(pk=agency.pk)
    admins = access.holders(Role.AGENCY_ADMIN).get(agency, [])
    if all(admin == person for admin in admins):
        raise Refused(
            _("This is the last administrator of %(agency)s. Name another one first.")
            % {"agency": agency}
        )


def members_decided_on(by: Person, agency: Agency) -> list[Person]:
    """Return the people of the agency on all of whose roles `by` decides."""
    members = [person for person, _roles in access.members(agency)]
    return [person for person in members if _decides_on(by, access.holdings(person))]


def _send(person: Person, by: Person, agency: Agency, link_base: str) -> None:
    path = reverse(
        "account_reset_password_from_key",
        kwargs={
            "uidb36": user_pk_to_url_str(person),
            "key": default_token_generator.make_token(person),
        },
    )
    with override(person.language or settings.LANGUAGE_CODE):
        text: dict[str, Any] = {
            "by": by,
            "agency": agency,
            "portal": settings.PORTAL_NAME,
            "link": f"{link_base.rstrip('/')}{path}",
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
