"""Accounts of people: invite, give and take roles, deactivate. Who may do which is decided here."""

from collections.abc import Iterable
from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from allauth.account.forms import default_token_generator
from allauth.account.utils import user_pk_to_url_str
from django.conf import settings
from django.core.mail import send_mail
from django.db import transaction
from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import override

from agencies import access, audit
from agencies.access import NATIONAL, STATISTICAL, Denied, Permission, Role
from agencies.models import Agency, AgencyPermission, Person


class Refused(Exception):
    """The change makes no sense now; the message is written for the person."""


class InvitedOnly(DefaultAccountAdapter):  # type: ignore[misc]
    """allauth asks this: nobody makes an account alone, an administrator invites."""

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        return False


def grantable(by: Person, agency: Agency) -> list[Role]:
    """Return the roles a person may give and take in an agency.

    The national administrator makes administrators of agencies; they do everything else in their
    own. Statistical roles exist in the statistics office only.
    """
    if access.may(by, Permission.MANAGE_AGENCIES):
        return [Role.AGENCY_ADMIN]
    if not access.may(by, Permission.MANAGE_PEOPLE, agency):
        return []
    barred = {Role.NATIONAL_ADMIN} | (set() if agency.statistics_office else set(STATISTICAL))
    return [role for role in Role if role not in barred]


def people(agency: Agency) -> list[tuple[Person, list[Role]]]:
    """Return the people who hold a role in the agency, with their roles."""
    ids = AgencyPermission.objects.filter(content_object=agency).values("user")
    found = Person.objects.filter(pk__in=ids).order_by("name", "email")
    return [(person, access.roles(person, agency)) for person in found]


@transaction.atomic
def invite(
    *, email: str, name: str, roles: Iterable[Role], agency: Agency, by: Person, link_base: str
) -> Person:
    """Make an account with roles and send a link with which the person chooses a password.

    An account that exists already only gets the roles. Raises `Denied`, `Refused`.
    """
    chosen = _permitted(roles, agency, by)
    if not chosen:
        raise Refused(_("Choose at least one role."))
    person = Person.objects.filter(email__iexact=email).first()
    if person is None:
        person = Person.objects.create_user(email, None, name=name)
        transaction.on_commit(lambda: _send(person, by, agency, link_base))
    for role in chosen:
        access.grant(person, role, agency)
    audit.record("invite", f"person:{person.pk}", by=by, agency=agency, roles=sorted(chosen))
    return person


@transaction.atomic
def change_roles(person: Person, roles: Iterable[Role], *, agency: Agency, by: Person) -> None:
    """Give and take roles so that the person holds exactly these, of those `by` may decide on."""
    wanted, mine = _permitted(roles, agency, by), set(grantable(by, agency))
    held = set(access.roles(person, agency))
    _keep_an_admin(person, agency, held & mine - wanted)
    for role in wanted - held:
        access.grant(person, role, agency)
    for role in held & mine - wanted:
        access.revoke(person, role, agency)
    audit.record("roles", f"person:{person.pk}", by=by, agency=agency, roles=sorted(wanted))


@transaction.atomic
def set_active(person: Person, active: bool, *, agency: Agency, by: Person) -> None:
    """Let a person of the agency sign in, or stop them at once; their sessions end with it."""
    if not grantable(by, agency):
        raise Denied(_("You do not manage the people of this agency."))
    if (
        any(role in NATIONAL for role in access.roles(person, agency))
        and not agency.statistics_office
    ):
        raise Denied(_("A national administrator is not managed here."))
    if person == by:
        raise Refused(_("You cannot deactivate yourself; ask another administrator."))
    if not active:
        _keep_an_admin(person, agency, set(access.roles(person, agency)))
    Person.objects.filter(pk=person.pk).update(is_active=active)
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
    agency = Agency.objects.create(code=code, names=names, statistics_office=statistics_office)
    audit.record("create", f"agency:{agency.pk}", by=by, agency=agency)
    return agency


def _permitted(roles: Iterable[Role], agency: Agency, by: Person) -> set[Role]:
    chosen, allowed = {Role(role) for role in roles}, set(grantable(by, agency))
    if not allowed or chosen - allowed:
        raise Denied(_("You may not give these roles in this agency."))
    return chosen


def _keep_an_admin(person: Person, agency: Agency, losing: set[Role]) -> None:
    if Role.AGENCY_ADMIN not in losing:
        return
    others = AgencyPermission.objects.filter(
        content_object=agency,
        permission__codename=Role.AGENCY_ADMIN.value,
        user__is_active=True,
    ).exclude(user=person)
    if not others.exists():
        raise Refused(_("This is the last administrator of the agency. Name another one first."))


def _send(person: Person, by: Person, agency: Agency, link_base: str) -> None:
    path = reverse(
        "account_reset_password_from_key",
        kwargs={
            "uidb36": user_pk_to_url_str(person),
            "key": default_token_generator.make_token(person),
        },
    )
    with override(person.language):
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
