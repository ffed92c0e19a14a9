"""Signing in: invitations, proof of the address, second factor, the language of the person."""

from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from allauth.account.models import EmailAddress
from allauth.mfa.utils import is_mfa_enabled
from django.conf import settings
from django.http import HttpRequest, HttpResponse

from agencies import access
from agencies.models import Person


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
