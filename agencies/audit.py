"""The event log: who did, saw or took what."""

from collections.abc import Sequence
from typing import Any

from allauth.mfa.models import Authenticator
from django.http import HttpRequest

from agencies import access
from agencies.models import Agency, Event, Person

SIDE = (
    "side"  # a second, autocommitting connection: an event survives the rollback of what it tells
)


def record(
    verb: str,
    subject: str,
    *,
    by: Person | None,
    agency: Agency | None = None,
    name: str = "",
    **detail: Any,
) -> None:
    """Append an event. `subject` is `kind:id`, `name` what the object is called in every language.

    Neither `name` nor `detail` ever holds a value of a record. `agencies.deeds` has a sentence for every
    kind of subject and verb. What the colleagues of a practice agency do was done by whose agency it is,
    and is marked; what a program does names its token.
    """
    if by is not None and by.lent is not None:  # a program acts for her
        detail = {**detail, "token": by.lent.name}
    if by is not None and by.practice_at_id:
        place = Agency.everywhere.select_related("practice_of").get(pk=by.practice_at_id)
        by, detail = place.practice_of, {**detail, "practice": str(by)}
    Event.objects.using(SIDE).create(
        verb=verb,
        subject=subject,
        name=name[:254],
        person_id=by.pk if by else None,
        person=by.email if by else "",
        agency=agency.code if agency else "",
        detail=detail,
    )


# What allauth does for a person: receivers of its signals, connected in `agencies.apps`.


def only_agency(person: Person) -> Agency | None:
    """Return the agency of a person who works in one: its administrator reads what she does with her account.

    None for whoever works in several: what she does there is no business of the others.
    """
    return _only(list(access.holdings(person)))


def _only(held: Sequence[Agency]) -> Agency | None:
    return held[0] if len(held) == 1 else None


def of_account(verb: str, person: Person, *, by: Person | None, **detail: Any) -> None:
    """Append what was done with an account: it is about the person herself."""
    agency, name = only_agency(person), person.email
    record(verb, f"person:{person.pk}", by=by, agency=agency, name=name, **detail)


def signed_in(user: Person, **_signal: Any) -> None:
    of_account("sign_in", user, by=user)


def sign_in_failed(credentials: dict[str, Any], **_signal: Any) -> None:
    """A wrong password. Who typed it is not known; what was typed may be a password, and is not kept.

    As many queries whether or not somebody has the address: how long it takes tells nothing.
    """
    email = str(credentials.get("email", ""))
    meant, agency = Person.objects.filter(email__iexact=email).first(), access.agencies_of(email)
    record(
        "sign_in_failed",
        f"person:{meant.pk if meant else 'unknown'}",
        by=None,
        agency=_only(agency),
        name=meant.email if meant else "",
    )


def second_factor_failed(user: Person, authenticator: Authenticator, **_signal: Any) -> None:
    of_account("sign_in_failed", user, by=None, factor=authenticator.type)


def signed_out(user: Person | None, **_signal: Any) -> None:
    if user is not None:
        of_account("sign_out", user, by=user)


def password_changed(user: Person, **_signal: Any) -> None:
    of_account("password", user, by=user)


def password_chosen_by_link(user: Person, **_signal: Any) -> None:
    of_account("password", user, by=user, link=True)


def factor_on(user: Person, authenticator: Authenticator, **_signal: Any) -> None:
    of_account("factor_on", user, by=user, factor=authenticator.type)


def factor_off(user: Person, authenticator: Authenticator, **_signal: Any) -> None:
    of_account("factor_off", user, by=user, factor=authenticator.type)


def denied(request: HttpRequest) -> None:
    """A page that answered "you may not do this"."""
    person = request.user
    if isinstance(person, Person):
        match = request.resolver_match
        view = match.view_name if match else ""
        secret = match is not None and {"secret", "token", "key"} & set(match.kwargs)
        record(
            "denied",
            f"page:{view}"[:120],
            by=person,
            agency=only_agency(person),
            name="" if secret else request.path,
            method=request.method,
        )


def downloaded(request: HttpRequest) -> None:
    """A file of figures, taken by somebody who has signed in."""
    person = request.user
    if isinstance(person, Person):
        match = request.resolver_match
        view, agency = match.view_name if match else "", only_agency(person)
        file = request.path.rpartition("/figures/")[2]
        record("download", f"file:{view}"[:120], by=person, agency=agency, name=file)
