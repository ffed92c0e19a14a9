"""Signing in: invitations, proof of the address, second factor, the language of the person."""

import math
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from allauth.account.models import EmailAddress
from allauth.mfa.utils import is_mfa_enabled
from django.conf import settings
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from agencies import access, audit, lockout
from agencies.models import Person
from agencies.refusal import Refused


class InvitedOnly(DefaultAccountAdapter):  # type: ignore[misc]
    """The account adapter of allauth: nobody signs up, an administrator invites."""

    def pre_authenticate(self, request: HttpRequest, **credentials: Any) -> None:
        """Look at no password while the account, from this address, has to wait. Raises ValidationError."""
        wait = lockout.waiting(_account(credentials), self.get_client_ip(request))
        if wait:
            raise ValidationError(_too_many(wait), code="too_many_login_attempts")

    def authentication_failed(self, request: HttpRequest, **credentials: Any) -> None:
        lockout.failed(_account(credentials), self.get_client_ip(request))

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        return False

    def post_login(self, request: HttpRequest, user: Person, **kwargs: Any) -> HttpResponse:
        """Go on in the language the person has chosen, also in a browser where they never chose it."""
        response: HttpResponse = super().post_login(request, user, **kwargs)
        lockout.succeeded(user, self.get_client_ip(request))
        if user.language:
            remember_language(response, user.language)
        return response


def require_password(person: Person, password: str, request: HttpRequest) -> None:
    """Ask somebody who is signed in for her password once more: a session that was stolen must not outlive itself.

    Raises `Refused`; wrong ones are counted as where one signs in.
    """
    address = InvitedOnly(request).get_client_ip(request)
    if wait := lockout.waiting(person.email, address):
        raise Refused(_too_many(wait))
    if not person.check_password(password):
        lockout.failed(person.email, address)
        audit.sign_in_failed({"email": person.email})
        raise Refused(_("The password is wrong. Type the one with which you sign in."))


def _too_many(wait: timedelta) -> str:
    minutes = math.ceil(wait.total_seconds() / 60)
    text = ngettext(
        "Too many wrong passwords. Try again in a minute, or choose a new password.",
        "Too many wrong passwords. Try again in %(minutes)s minutes, or choose a new password.",
        minutes,
    )
    return text % {"minutes": minutes}


def _account(credentials: Mapping[str, Any]) -> str:
    """Return the address that was typed as the login."""
    return str(credentials.get("email") or credentials.get("username") or "")


def prove_address(person: Person) -> None:
    """Mark the address as verified: the person followed a link that was sent there."""
    EmailAddress.objects.update_or_create(
        user=person, email=person.email.lower(), defaults={"verified": True, "primary": True}
    )


def address_answered(user: Person, request: HttpRequest, **_signal: Any) -> None:
    """Receive allauth's signal that a person chose a password by the link of an invitation or a reset.

    Whoever follows the link reads the owner's mail, so the browser's address is one of hers.
    """
    prove_address(user)
    lockout.succeeded(user, InvitedOnly(request).get_client_ip(request))


def choose_language(person: Person, language: str) -> None:
    """Store the language a person reads, for mail and for their next sign-in."""
    Person.objects.filter(pk=person.pk).update(language=language)
    person.language = language


def remember_language(response: HttpResponse, language: str) -> None:
    """Set the language of this browser, with the cookie that Django's own switch sets."""
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
