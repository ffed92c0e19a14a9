"""The request private pages receive, and the methods of pages with a form.

Login is enforced by middleware, so `user` is a Person.
"""

from django.http import HttpRequest
from django.views.decorators.http import require_http_methods
from django_htmx.middleware import HtmxDetails

from agencies.models import Person


class SignedInRequest(HttpRequest):
    user: Person
    htmx: HtmxDetails  # truthy where the page asks for a fragment


# For a page that shows a form and takes it. Every other page says `require_safe` or `require_POST`.
takes_forms = require_http_methods(["GET", "HEAD", "POST"])


# Below this address programs are asked for a token; cookies mean nothing there.
FOR_PROGRAMS = "/api/v1/"
BEARER = 'Bearer realm="intake"'  # how they are told to


def is_for_programs(path: str) -> bool:
    """Say whether the path is one at which programs show a token."""
    return path.startswith(FOR_PROGRAMS)
