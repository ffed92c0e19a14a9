"""Rejects malformed or oversized requests, before anything is read or asked."""

from collections.abc import Callable
from typing import Any
from urllib.parse import unquote

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _

from migdata.server import admission
from migdata.server.admission import NotAdmitted


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
            return _answer(400, _("The address holds a character that no text has."))
        try:
            _admit(request)
        except NotAdmitted as refusal:
            return _answer(refusal.status, refusal.text)
        return self.get_response(request)

    def process_view(self, request: HttpRequest, *_view: Any) -> HttpResponse | None:
        if request.method == "POST":
            for values in dict(request.POST.lists()).values():
                if any("\x00" in value for value in values):
                    return _answer(400, _("A field holds a character that no text has."))
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


def _answer(status: int, text: str) -> HttpResponse:
    return HttpResponse(text, status=status, content_type="text/plain; charset=utf-8")
