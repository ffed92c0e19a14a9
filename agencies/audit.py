"""The event log: who did, saw or took what."""

from typing import Any

from allauth.mfa.models import Authenticator
from django.http import HttpRequest

from agencies.models import Agency, Event, Person

SIDE = (
    "side"  # a second, autocommitting connection: an event survives the rollback of what it tells
)


def record(
    verb: str, subject: str, *, by: Person | None, agency: Agency | None = None, **detail: Any
) -> None:
    """Append an event. `subject` is `kind:id`; `detail` never holds values of records."""
    Event.objects.using(SIDE).create(
        verb=verb,
        subject=subject,
        person_id=by.pk if by else None,
        person=by.email if by else "",
        agency=agency.code if agency else "",
        detail=detail,
    )


# What allauth does for a person: receivers of its signals, connected in `agencies.apps`.


def signed_in(user: Person, **_signal: Any) -> None:
    record("sign_in", f"person:{user.pk}", by=user)


def sign_in_failed(credentials: dict[str, Any], **_signal: Any) -> None:
    """A wrong password. Who typed it is not known; what was typed may be a password, and is not kept."""
    meant = Person.objects.filter(email__iexact=str(credentials.get("email", ""))).first()
    record("sign_in_failed", f"person:{meant.pk if meant else 'unknown'}", by=None)


def second_factor_failed(user: Person, authenticator: Authenticator, **_signal: Any) -> None:
    record("sign_in_failed", f"person:{user.pk}", by=None, factor=authenticator.type)


def signed_out(user: Person | None, **_signal: Any) -> None:
    if user is not None:
        record("sign_out", f"person:{user.pk}", by=user)


def password_changed(user: Person, **_signal: Any) -> None:
    record("password", f"person:{user.pk}", by=user)


def password_chosen_by_link(user: Person, **_signal: Any) -> None:
    record("password", f"person:{user.pk}", by=user, link=True)


def factor_on(user: Person, authenticator: Authenticator, **_signal: Any) -> None:
    record("factor_on", f"person:{user.pk}", by=user, factor=authenticator.type)


def factor_off(user: Person, authenticator: Authenticator, **_signal: Any) -> None:
    record("factor_off", f"person:{user.pk}", by=user, factor=authenticator.type)


def denied(request: HttpRequest) -> None:
    """A page that answered "you may not do this"."""
    person = request.user
    if isinstance(person, Person):
        match = request.resolver_match
        name = match.view_name if match else ""
        record("denied", f"page:{name}"[:120], by=person, method=request.method)
