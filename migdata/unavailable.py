"""What the portal answers where a neighbour fails: in words, without the database, and when to come back.

Django asks `server_error` for every exception that no page has answered, those of middleware included.
"""

import sys
from contextlib import suppress
from dataclasses import dataclass, replace

from django.conf import settings
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.template.loader import render_to_string
from django.utils import translation
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.views.defaults import server_error as our_fault

from agencies.http import is_for_programs
from jobs.neighbours import Trouble, trouble


@dataclass(frozen=True)
class Answer:
    """Status, what happened, what to do, and after how many seconds it makes sense to ask again."""

    status: int
    happened: str | Promise
    to_do: str | Promise
    seconds: int


NOTHING_CHANGED = _("Nothing was changed. Go back and try again.")
ANSWERS = {
    Trouble.AWAY: Answer(
        503,
        _("The portal cannot reach its database"),
        _("It tries again by itself. Come back in a minute; what was saved before is safe."),
        15,
    ),
    Trouble.FULL: Answer(
        507,
        _("The portal has no room left on its disk"),
        _(
            "Nothing was stored of what you sent. What was there before is safe and can be read. Tell"
            " those who run the portal, and send it again later."
        ),
        120,
    ),
    Trouble.TOO_SLOW: Answer(
        503,
        _("This took too long and was ended"),
        _("Nothing was changed. Ask for less at once, or try again when fewer people are here."),
        30,
    ),
    # Of a form; who only looks, or is a program and tries again by itself, is told that the portal is busy.
    Trouble.BUSY: Answer(409, _("Somebody else is working on this"), NOTHING_CHANGED, 5),
    Trouble.CONFLICT: Answer(503, _("Two people did the same at once"), NOTHING_CHANGED, 2),
}


def server_error(request: HttpRequest) -> HttpResponse:
    """Answer the exception that is being handled: 503, 507 or 409 for a neighbour's, 500 for our own."""
    cause = trouble(sys.exc_info()[1])
    if cause is None:
        return our_fault(request)
    if cause is Trouble.FULL:
        _drop_received(request)
    answer = ANSWERS[cause]
    is_asking = request.method in ("GET", "HEAD")
    if answer.status == 409 and (is_asking or is_for_programs(request.path_info)):
        answer = replace(answer, status=503)
    # The middleware that chooses the language may not have been reached.
    language = translation.get_language_from_request(request)
    with translation.override(language):
        response = _for_programs(answer) if _is_program(request) else _for_people(answer, language)
    response["Retry-After"] = str(answer.seconds)
    response["Cache-Control"] = "no-store"
    return response


def _drop_received(request: HttpRequest) -> None:
    """Remove what was received of files: it takes room, and nobody will read it."""
    for handler in request.upload_handlers:
        with suppress(OSError):  # to close it is to write the rest of it
            handler.upload_interrupted()


def _is_program(request: HttpRequest) -> bool:
    path = request.path_info
    return (
        path.startswith("/figures/api/v")
        or is_for_programs(path)
        or not request.accepts("text/html")
    )


def _for_programs(answer: Answer) -> HttpResponse:
    response = JsonResponse({"detail": f"{answer.happened}. {answer.to_do}"}, status=answer.status)
    response["Access-Control-Allow-Origin"] = "*"
    return response


def _for_people(answer: Answer, language: str) -> HttpResponse:
    context = {"answer": answer, "language": language, "portal_name": settings.PORTAL_NAME}
    return HttpResponse(render_to_string("unavailable.html", context), status=answer.status)
