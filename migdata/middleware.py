"""Rejects malformed requests before anything is read or asked; says what may be stored of the answers."""

from collections.abc import Callable
from typing import Any
from urllib.parse import unquote

from django.conf import settings
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils.translation import gettext as _

from agencies import readers
from agencies.http import BEARER, is_for_programs
from migdata.server import admission
from migdata.server.admission import NotAdmitted
from migdata.server.arrival import methods_at


class RejectMalformed:
    """Reject NUL characters, which PostgreSQL cannot store, and bodies that are too large or a stranger's.

    A form with a file is read whole when its CSRF token is checked, before any page is asked. So
    who may send how much is checked here. The door (migdata.server) has asked the same rule before
    it received the body; here it holds for whatever else may call the portal.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if "\x00" in unquote(f"{request.path}?{request.META.get('QUERY_STRING', '')}"):
            return _answer(request, 400, _("The address holds a character that no text has."))
        try:
            _admit(request)
        except NotAdmitted as refusal:
            return _answer(request, refusal.status, refusal.text)
        return self.get_response(request)

    def process_view(self, request: HttpRequest, *_view: Any) -> HttpResponse | None:
        if request.method == "POST":
            for values in dict(request.POST.lists()).values():
                if any("\x00" in value for value in values):
                    return _answer(request, 400, _("A field holds a character that no text has."))
        return None


def _admit(request: HttpRequest) -> None:
    length = _length(request)
    if length > settings.FORM_LIMIT:
        limit = admission.allowance(request.path_info, lambda: request.user)
        if length > limit:
            raise admission.too_large(limit)
    if not length and request.content_type == "multipart/form-data":
        raise admission.too_large(settings.UPLOAD_LIMIT + settings.FORM_LIMIT)  # it may be anything


def _length(request: HttpRequest) -> int:
    stated = request.META.get("CONTENT_LENGTH", "")
    return int(stated) if stated.isascii() and stated.isdecimal() else 0


def _answer(request: HttpRequest, status: int, text: str) -> HttpResponse:
    if is_for_programs(request.path_info):
        response = JsonResponse({"detail": text}, status=status)
        if status == 401:
            response["WWW-Authenticate"] = BEARER
        return response
    return HttpResponse(text, status=status, content_type="text/plain; charset=utf-8")


class KnownMethods:
    """Answer 405 to methods that no page has, TRACE above all, and to headers that ask for another one."""

    OVERRIDES = ("X-HTTP-Method-Override", "X-HTTP-Method", "X-Method-Override")

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        asked_otherwise = any(header in request.headers for header in self.OVERRIDES)
        methods = methods_at(request.path_info)
        if request.method in methods and not asked_otherwise:
            return self.get_response(request)
        response = _answer(request, 405, _("This address is not asked in this way."))
        response["Allow"] = ", ".join(methods)
        return response


class PrivateIsNotStored:
    """Let browsers and caches store public figures that nobody signed in asked for, and nothing else.

    A public page that somebody signed in asks for names her in its head, so it is not stored
    either, nor is a refusal. A public page that sets a cookie, of its forms, is for one browser.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        if not self._may_be_stored(request, response):
            response["Cache-Control"] = "no-store"
        elif response.cookies:
            response["Cache-Control"] = "private"
        return response

    def _may_be_stored(self, request: HttpRequest, response: HttpResponse) -> bool:
        # Asked of the cookie, not of the session: the answer may say that the database is gone.
        signed_in = settings.SESSION_COOKIE_NAME in request.COOKIES
        return readers.may_be_stored(request) and not signed_in and response.status_code < 400
