"""Invitations: the only way to a role. Offered, approved where two must agree, accepted by her who gets it.

What the inviter sees and how long it takes is the same whether or not somebody has an account at the
address: an account is made, or found, when the invitation is accepted.
"""

import hashlib
import secrets
from collections.abc import Iterable
from datetime import timedelta

from allauth.account.forms import default_token_generator
from allauth.account.utils import user_pk_to_url_str
from django.db import transaction
from django.db.models import QuerySet
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from agencies import access, audit, authority, collection, correspondence
from agencies.access import Denied
from agencies.coverage import Duties
from agencies.models import Agency, Invitation, Person
from agencies.refusal import Refused
from agencies.roles import Permission, Role, excluded

LIFE = timedelta(days=7)
State = Invitation.State
# What may change of an invitation. To whom, for what and by whom never does: the database refuses it.
CHANGES = ("state", "approved_by", "expires_at", "answered_at", "digest")


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
    duties: Duties | None = None,
) -> Invitation:
    """Offer roles to an address, by a letter with a link; where two must agree, propose it to the second.

    `duties`: what the roles will cover; None: what they cover already, or all ordinary instruments.
    Raises `Denied`, `Refused`.
    """
    chosen = _offerable(roles, email, agency, by)
    second = authority.needs_second(chosen, email=email, by=by)
    invitation = Invitation.objects.create(
        agency=agency,
        email=email.lower(),
        name=name,
        language=language,
        roles=sorted(chosen),
        ordinary=duties.ordinary if duties else None,
        instruments=_instruments(duties, agency),
        state=State.PROPOSED if second else State.OPEN,
        by=by,
        expires_at=timezone.now() + LIFE,
    )
    subject, name = f"invitation:{invitation.pk}", str(invitation)
    audit.record("invite", subject, name=name, by=by, agency=agency, roles=sorted(chosen))
    if second:
        correspondence.proposed(invitation)
    else:
        _send(invitation, link_base)
    return invitation


@transaction.atomic
def approve(invitation: Invitation, *, by: Person, link_base: str) -> None:
    """Agree, as a second national administrator, to what was proposed, and send the invitation.

    Raises `Denied`, and `Refused` where she proposed it herself, where it is for herself, or where
    who proposed it could not propose it now.
    """
    access.require(by, Permission.MANAGE_AGENCIES)
    invitation = _locked(invitation, State.PROPOSED)
    if invitation.by == by:
        raise Refused(_("You proposed this; another national administrator approves it."))
    if invitation.email == by.email.lower():
        raise Refused(_("This is for yourself; another national administrator approves it."))
    _refuse_unless_it_stands(invitation)
    invitation.state, invitation.approved_by = State.OPEN, by
    invitation.expires_at = timezone.now() + LIFE
    _send(invitation, link_base)
    audit.record(
        "approve",
        f"invitation:{invitation.pk}",
        name=str(invitation),
        by=by,
        agency=invitation.agency,
    )


@transaction.atomic
def withdraw(invitation: Invitation, *, by: Person) -> None:
    """Take an invitation back, or refuse a proposal. Raises `Denied`, `Refused`."""
    _require_authority(invitation, by)
    invitation = _locked(invitation, *Invitation.LIVE, even_old=True)
    _close(invitation, State.WITHDRAWN)
    audit.record(
        "withdraw",
        f"invitation:{invitation.pk}",
        name=str(invitation),
        by=by,
        agency=invitation.agency,
    )


@transaction.atomic
def send_again(invitation: Invitation, *, by: Person, link_base: str) -> None:
    """Send a new link; the one before opens nothing any more. Raises `Denied`, `Refused`.

    Of a proposal nothing is sent, and nothing tells: who invites need not know whom she invites.
    """
    _require_authority(invitation, by)
    invitation = _locked(invitation, *Invitation.LIVE, even_old=True)
    others = live().filter(agency=invitation.agency, email=invitation.email)
    if others.exclude(pk=invitation.pk).exists():
        raise Refused(_("An invitation to this address is open. Withdraw it first."))
    invitation.expires_at = timezone.now() + LIFE
    if invitation.state == State.OPEN:
        _send(invitation, link_base)
    else:
        invitation.save(update_fields=CHANGES)
    audit.record(
        "invite",
        f"invitation:{invitation.pk}",
        name=str(invitation),
        by=by,
        agency=invitation.agency,
        again=True,
    )


@transaction.atomic
def accept(invitation: Invitation, person: Person) -> None:
    """Give the roles to her who was invited. She is signed in, or has just been given her account.

    Raises `Denied` for anybody else, and `Refused` where the invitation was answered, is too old, where
    who gave it could not give it now, or where she holds a role that excludes it.
    """
    if person.email.lower() != invitation.email or not person.is_active:
        raise Denied(_("This invitation is for another address."))
    invitation = _locked(invitation, State.OPEN)
    _refuse_unless_it_stands(invitation)
    second = invitation.approved_by
    if authority.needs_second(invitation.offered, email=person.email, by=invitation.by) and not (
        second and second not in (invitation.by, person) and second in authority.nationals()
    ):
        raise Refused(_("A second national administrator has to approve this role."))
    for role in invitation.offered:
        access.grant(person, role, invitation.agency)
    if invitation.ordinary is not None:
        named = frozenset(invitation.instruments)
        access.limit(person, invitation.agency, Duties(invitation.ordinary, named))
    _close(invitation, State.ACCEPTED)
    audit.record(
        "roles",
        f"person:{person.pk}",
        name=person.email,
        by=invitation.by,
        agency=invitation.agency,
        roles=sorted(invitation.roles),
        invitation=invitation.pk,
    )
    correspondence.gained(person, invitation.offered, invitation.agency, by=invitation.by)


@transaction.atomic
def decline(invitation: Invitation) -> None:
    """Say no. Raises `Refused` where the invitation was answered or is too old."""
    invitation = _locked(invitation, State.OPEN)
    _close(invitation, State.DECLINED)
    audit.record(
        "decline",
        f"invitation:{invitation.pk}",
        name=str(invitation),
        by=None,
        agency=invitation.agency,
    )


@transaction.atomic
def accept_without_account(invitation: Invitation) -> str:
    """Make the account of her who follows the link; return the address where she chooses a password.

    Raises `Refused` where there is an account: then she signs in first.
    """
    if Person.objects.filter(email__iexact=invitation.email).exists():
        raise Refused(_("Sign in to answer this invitation."))
    person = Person.objects.create_user(
        invitation.email, None, name=invitation.name, language=invitation.language
    )
    accept(invitation, person)
    return password_link(person)


def password_link(person: Person) -> str:
    """Return the path at which the person chooses a password, once."""
    key = default_token_generator.make_token(person)
    return reverse(
        "account_reset_password_from_key",
        kwargs={"uidb36": user_pk_to_url_str(person), "key": key},
    )


def live() -> QuerySet[Invitation]:
    """Return the invitations that may still be answered or approved."""
    rows = Invitation.objects.filter(state__in=Invitation.LIVE, expires_at__gt=timezone.now())
    return rows.select_related("agency", "by", "approved_by")


def unanswered(agency: Agency) -> QuerySet[Invitation]:
    """Return what the agency has offered and nobody has answered, what is too old as well, by address."""
    rows = Invitation.objects.filter(agency=agency, state__in=Invitation.LIVE)
    return rows.select_related("agency", "by", "approved_by").order_by("email", "pk")


def waiting_for(person: Person) -> QuerySet[Invitation]:
    """Return the invitations that the person may accept."""
    return live().filter(email=person.email.lower(), state=State.OPEN, agency__is_active=True)


def by_link(secret: str) -> Invitation | None:
    """Return the open invitation whose link holds this secret."""
    return live().filter(state=State.OPEN, digest=_digest(secret)).first()


def _instruments(duties: Duties | None, agency: Agency) -> list[int]:
    """Return the ids of the instruments that are named. Raises `Refused` for one that is not the agency's."""
    if duties is None:
        return []
    if duties.named - {instrument.pk for instrument in collection.instruments_of(agency)}:
        raise Refused(_("%(agency)s does not deliver this instrument.") % {"agency": agency})
    if not duties.ordinary and not duties.named:
        raise Refused(_("Name at least one instrument, or all ordinary ones."))
    return sorted(duties.named)


def _offerable(roles: Iterable[Role], email: str, agency: Agency, by: Person) -> set[Role]:
    """Return the roles, if they may be offered to the address now. Locks the agency."""
    chosen = authority.permitted(roles, agency, by)
    if not chosen:
        raise Refused(_("Choose at least one role."))
    if not Agency.objects.select_for_update().get(pk=agency.pk).is_active:
        raise Refused(_("This agency is closed."))
    authority.refuse_own_roles(email, chosen, agency, by)
    if live().filter(agency=agency, email=email.lower()).exists():
        raise Refused(_("An invitation to this address is open. Withdraw it first."))
    _refuse_visible_conflict(email, chosen, agency)
    return chosen


def _refuse_visible_conflict(email: str, roles: set[Role], agency: Agency) -> None:
    """Refuse what excludes each other, as far as the inviter may know: by the roles in this agency."""
    here = [(place, role) for place, role in access.held_at(email) if place == agency.pk]
    for exclusion in excluded([*here, *((agency.pk, role) for role in roles)]):
        raise Refused(exclusion.reason)


def _refuse_unless_it_stands(invitation: Invitation) -> None:
    agency = Agency.objects.get(pk=invitation.agency_id)
    if not agency.is_active:
        raise Refused(_("This agency is closed."))
    if not authority.still_permits(invitation.by, invitation.offered, agency):
        raise Refused(_("Who gave this invitation may not give it any more. Ask for a new one."))


def _require_authority(invitation: Invitation, by: Person) -> None:
    if not set(invitation.offered) <= set(authority.grantable(by, invitation.agency)):
        raise Denied(_("You may not give these roles in this agency."))


def _locked(invitation: Invitation, *states: str, even_old: bool = False) -> Invitation:
    """Return the row as it stands, locked: it is answered once. Raises `Refused`."""
    row = Invitation.objects.select_for_update(of=("self",)).get(pk=invitation.pk)
    if row.state not in states or (row.expires_at <= timezone.now() and not even_old):
        raise Refused(_("This invitation was answered, withdrawn, or is too old."))
    return row


def close(invitation: Invitation) -> None:
    """Take an invitation back because its agency is closed."""
    _close(_locked(invitation, *Invitation.LIVE), State.WITHDRAWN)


def _close(invitation: Invitation, state: str) -> None:
    invitation.state, invitation.answered_at, invitation.digest = state, timezone.now(), ""
    invitation.save(update_fields=CHANGES)


def _send(invitation: Invitation, link_base: str) -> None:
    secret = secrets.token_urlsafe(32)
    invitation.digest = _digest(secret)
    invitation.save(update_fields=CHANGES)
    path = reverse("agencies:invitation", args=[secret])
    correspondence.invited(invitation, f"{link_base.rstrip('/')}{path}", LIFE.days)


def _digest(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()
