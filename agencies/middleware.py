"""Two checks of every request: refused pages are logged, and national roles need a second factor."""

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _

from agencies import audit, sign_in


class RefusalsAreLogged:
    """Log who was refused which page.

    It stands around the transaction of the request, which a refusal rolls back.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        if getattr(request, "was_denied", False):
            audit.denied(request)
        return response

    def process_exception(self, request: HttpRequest, exception: Exception) -> None:
        """Note a refusal. (A form without its CSRF token is answered 403 too, but refuses nobody.)"""
        request.was_denied = isinstance(exception, PermissionDenied)  # type: ignore[attr-defined]


class SecondFactorFirst:
    """Lead people who need a second factor to its page, until they have set it up."""

    ACCOUNT = ("account_", "mfa_")  # pages that stay open: setting it up, signing out

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_view(
        self, request: HttpRequest, view: Callable[..., HttpResponse], *_arguments: Any
    ) -> HttpResponse | None:
        name = request.resolver_match.view_name if request.resolver_match else ""
        public = not getattr(view, "login_required", True)
        if public or name.startswith(self.ACCOUNT):
            return None
        if not sign_in.lacks_second_factor(request.user):
            return None
        messages.error(request, _("Your roles need a second factor. Set it up before you go on."))
        return redirect("mfa_index")
