"""Checks of every request: refused pages and downloads are logged, private ones need an account, national roles a second factor."""

from collections.abc import Callable, Mapping
from typing import Any

from allauth.account.adapter import get_adapter
from django.conf import settings
from django.contrib import messages
from django.contrib.auth.middleware import LoginRequiredMiddleware
from django.contrib.auth.models import AnonymousUser
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseBase, JsonResponse
from django.shortcuts import redirect
from django.urls import Resolver404, resolve, reverse
from django.utils.translation import gettext as _

from agencies import access, audit, lockout, practice, readers, sign_in, tokens
from agencies.http import is_for_programs
from agencies.models import Person


class WorksInPractice:
    """Let whoever practises be the colleague she plays, on every page but those of her own account."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        # Without a cookie nothing is asked of the session: public pages stay the same for everybody.
        if settings.SESSION_COOKIE_NAME in request.COOKIES and not _is_of_account(
            request.path_info
        ):
            request.user, request.practising = practice.acting(request.user, request.session)  # type: ignore[attr-defined]
        return self.get_response(request)


def _is_of_account(path: str) -> bool:
    try:
        return resolve(path).view_name.startswith(SecondFactorFirst.ACCOUNT)
    except Resolver404:
        return False


class ProgramsActByToken:
    """Let whoever shows a token act as it permits, at the addresses for programs; cookies mean nothing there.

    So no page of another site can have a browser send anything there in somebody's name. Wrong tokens are counted by
    address, and after some of them the next one has to wait (`request.token_waits`, seconds).
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if is_for_programs(request.path_info):
            request.COOKIES.clear()
            request.user = self._caller(request)
        return self.get_response(request)

    def _caller(self, request: HttpRequest) -> access.Anyone:
        shown = tokens.shown(request.headers.get("Authorization", ""))
        if not shown:
            return AnonymousUser()
        person, address = tokens.person_of(shown), get_adapter().get_client_ip(request)
        if person is not None:
            tokens.note_use(person, address)
            return person
        request.token_waits = lockout.wrong_token(address)  # type: ignore[attr-defined]
        return AnonymousUser()


class RefusalsAreLogged:
    """Log who was refused which page, and who took which file of figures.

    Who asks for something of another agency by its number is told that it is not there, and is logged as well.
    Visitors who have not signed in are nobody that the log could name. It stands around the transaction of the
    request, which a refusal rolls back.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        if getattr(request, "was_denied", False) or (
            response.status_code == 404 and _asks_for_what_is_foreign(request)
        ):
            audit.denied(request)
        elif response.status_code == 200 and _is_download(request):
            audit.downloaded(request)
        return response

    def process_exception(self, request: HttpRequest, exception: Exception) -> None:
        """Note a refusal. (A form without its CSRF token is answered 403 too, but refuses nobody.)"""
        request.was_denied = isinstance(exception, PermissionDenied)  # type: ignore[attr-defined]


class SignInFirst(LoginRequiredMiddleware):
    """Lead visitors from a private page to the sign-in; tell programs, and who asks for a file, 401 in words.

    On a shared site the pages of figures are private too (agencies.readers).
    """

    def process_view(
        self, request: HttpRequest, view_func: Callable[..., Any], *_arguments: Any
    ) -> HttpResponseBase | None:
        if request.user.is_authenticated or not readers.asks_for_sign_in(request, view_func):
            return None
        if getattr(view_func, "login_required", True) or not _is_for_programs(request):
            return self.handle_no_permission(request, view_func)
        return _unauthorized(request)


PICTURES = ("svg", "png")  # parts of a page: nobody asks for them by themselves


# A function of the room above: whether the arguments of an address name what another agency has.
foreign: list[Callable[[Mapping[str, Any], Person], bool]] = []


def _asks_for_what_is_foreign(request: HttpRequest) -> bool:
    match, person = request.resolver_match, request.user
    if match is None or not isinstance(person, Person):
        return False
    return any(names_it(match.kwargs, person) for names_it in foreign)


def _is_download(request: HttpRequest) -> bool:
    """Say whether the request is for a file of figures, not for a page or a picture on it."""
    place = request.resolver_match
    ending = request.path_info.rpartition("/")[2].rpartition(".")[2]
    in_reports = place is not None and place.namespace == readers.FIGURES
    named = "." in request.path_info.rpartition("/")[2]
    return request.method == "GET" and in_reports and named and ending not in PICTURES


def _is_for_programs(request: HttpRequest) -> bool:
    """Say whether an address is that of a file or of the API, whose readers cannot fill in a form."""
    return "/api/v1/" in request.path_info or "." in request.path_info.rpartition("/")[2]


def _unauthorized(request: HttpRequest) -> HttpResponse:
    """Answer 401: JSON as the API refuses everything else, one sentence in place of a file.

    HTTP wants to hear how one signs in. No registered scheme is a form with a cookie; this one is the draft
    draft-broyer-http-cookie-auth, and browsers show no dialogue for it.
    """
    address = request.build_absolute_uri(reverse("account_login"))
    text = _("These figures are for people with an account. Sign in first: %(address)s") % {
        "address": address
    }
    if "/api/v1/" in request.path_info:
        response: HttpResponse = JsonResponse({"detail": text}, status=401)
    else:
        response = HttpResponse(text, status=401, content_type="text/plain; charset=utf-8")
    cookie = settings.SESSION_COOKIE_NAME
    response["WWW-Authenticate"] = f'Cookie form-action="{address}", cookie-name="{cookie}"'
    return response


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
        if not readers.asks_for_sign_in(request, view) or name.startswith(self.ACCOUNT):
            return None
        if not sign_in.lacks_second_factor(request.user):
            return None
        messages.error(request, _("Your roles need a second factor. Set it up before you go on."))
        return redirect("mfa_index")
