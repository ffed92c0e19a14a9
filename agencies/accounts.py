"""Accounts of people: invite, give and take roles, deactivate. Who may do which is decided here."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from allauth.account.forms import default_token_generator
from allauth.account.models import EmailAddress
from allauth.account.utils import user_pk_to_url_str
from allauth.mfa.utils import is_mfa_enabled
from django.conf import settings
from django.core.mail import send_mail
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import override

from agencies import access, audit
from agencies.access import STATISTICAL, Denied, Permission, Role
from agencies.models import Agency, AgencyPermission, Person


class Refused(Exception):
    """The change makes no sense now; the message is written for the person."""


_created: list[Callable[[Agency], None]] = []


def after_creating(function: Callable[[Agency], None]) -> None:
    """Say what else a new agency needs; it is done in the transaction that creates it."""
    if function not in _created:
        _created.append(function)


class InvitedOnly(DefaultAccountAdapter):  # type: ignore[misc]
    """allauth asks this: nobody makes an account alone, an administrator invites."""

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        return False

    def post_login(self, request: HttpRequest, user: Person, **kwargs: Any) -> HttpResponse:
        """Go on in the language the person has chosen, on a machine that does not know it too."""
        response: HttpResponse = super().post_login(request, user, **kwargs)
        if user.language:
            remember_language(response, user.language)
        return response


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


def holders(agency: Agency, *roles: Role) -> list[Person]:
    """Return the people who hold one of the roles in the agency and may sign in."""
    ids = AgencyPermission.objects.filter(
        content_object=agency, permission__codename__in=[role.value for role in roles]
    ).values("user")
    return list(Person.objects.filter(pk__in=ids, is_active=True).order_by("name", "email"))


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
        transaction.on_commit(lambda: _send(person, by, agency, link_base))
    _not_oneself(person, chosen, agency, by)
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
    wanted, mine = _permitted(roles, agency, by), set(grantable(by, agency))
    _not_oneself(person, wanted, agency, by)
    held = set(access.roles(person, agency))
    if Role.AGENCY_ADMIN in held & mine - wanted:
        _keep_an_admin(person, agency)
    for role in wanted - held:
        access.grant(person, role, agency)
    for role in held & mine - wanted:
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
    for where, roles in held.items():
        if not active and Role.AGENCY_ADMIN in roles:
            _keep_an_admin(person, where)
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
    office = Agency.objects.filter(statistics_office=True).first()
    if statistics_office and office:
        raise Refused(_("The statistics office is %(agency)s; there is one.") % {"agency": office})
    agency = Agency.objects.create(code=code, names=names, statistics_office=statistics_office)
    for function in _created:
        function(agency)
    audit.record("create", f"agency:{agency.pk}", by=by, agency=agency)
    return agency


def prove_address(person: Person) -> None:
    """Note that the person reads the mail of their address: they answered a link that went there."""
    EmailAddress.objects.update_or_create(
        user=person, email=person.email.lower(), defaults={"verified": True, "primary": True}
    )


def address_answered(user: Person, **_signal: Any) -> None:
    """allauth's signal: the person chose a password by a link, an invitation's or a forgotten one's."""
    prove_address(user)


def choose_language(person: Person, language: str) -> None:
    """Keep the language a person reads, for mail and for the next machine."""
    Person.objects.filter(pk=person.pk).update(language=language)
    person.language = language


def remember_language(response: HttpResponse, language: str) -> None:
    """Let this browser ask for pages in the language, as Django's own switch does."""
    response.set_cookie(
        settings.LANGUAGE_COOKIE_NAME,
        language,
        max_age=settings.LANGUAGE_COOKIE_AGE,
        secure=settings.LANGUAGE_COOKIE_SECURE,
        httponly=settings.LANGUAGE_COOKIE_HTTPONLY,
        samesite=settings.LANGUAGE_COOKIE_SAMESITE,  # type: ignore[arg-type] # one of its words
    )


def lacks_second_factor(person: access.Anyone) -> bool:
    """Say whether the person has to set up a second factor before anything else."""
    required = settings.REQUIRE_SECOND_FACTOR and access.is_national(person)
    return required and not is_mfa_enabled(person)


def _permitted(roles: Iterable[Role], agency: Agency, by: Person) -> set[Role]:
    chosen, allowed = {Role(role) for role in roles}, set(grantable(by, agency))
    if not allowed or chosen - allowed:
        asked = sorted(chosen)
        audit.record("denied", f"agency:{agency.pk}", by=by, agency=agency, asked=asked)
        raise Denied(_("You may not give these roles in this agency."))
    return chosen


def _not_oneself(person: Person, asked: Iterable[Role], agency: Agency, by: Person) -> None:
    """Refuse to decide on one's own roles: who keeps the accounts must not give herself the records."""
    if person == by:
        audit.record("denied", f"person:{person.pk}", by=by, agency=agency, asked=sorted(asked))
        raise Refused(_("You cannot change your own roles; ask another administrator."))


def _decides_on(by: Person, held: Mapping[Agency, list[Role]]) -> bool:
    """Say whether `by` manages everything the person is: in no agency more than `by` could give.

    A national administrator may stop an administrator of an agency, whatever else they do there.
    """
    everything = {role for roles in held.values() for role in roles}
    if access.may(by, Permission.MANAGE_AGENCIES):
        return Role.AGENCY_ADMIN in everything and Role.NATIONAL_ADMIN not in everything
    return all(set(roles) <= set(grantable(by, agency)) for agency, roles in held.items())


def _keep_an_admin(person: Person, agency: Agency) -> None:
    """Refuse where the person is the last one. Locks the agency: two administrators must not each
    take the other's role at the same time."""
    Agency.objects.select_for_update().get(pk=agency.pk)
    others = AgencyPermission.objects.filter(
        content_object=agency,
        permission__codename=Role.AGENCY_ADMIN.value,
        user__is_active=True,
    ).exclude(user=person)
    if not others.exists():
        raise Refused(
            _("This is the last administrator of %(agency)s. Name another one first.")
            % {"agency": agency}
        )


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
