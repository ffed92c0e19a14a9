"""What readers see instead of a page or file that cannot be answered now: 503, in words."""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from reports.published.unavailable import Unavailable


class AnsweredInWords:
    """Answer 503 where a view raises Unavailable: a page for people, one sentence in place of a file."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        if not isinstance(exception, Unavailable):
            return None
        if "." in request.path.rpartition("/")[2]:
            kind = "text/plain; charset=utf-8"
            response = HttpResponse(str(exception), status=503, content_type=kind)
        else:
            context = {"problem": str(exception)}
            response = render(request, "reports/unavailable.html", context, status=503)
        if exception.seconds:
            response["Retry-After"] = str(exception.seconds)
        response["Cache-Control"] = "no-store"
        return response
