"""The request private pages receive: login is enforced by middleware, so `user` is a Person."""

from django.http import HttpRequest
from django_htmx.middleware import HtmxDetails

from agencies.models import Person


class SignedInRequest(HttpRequest):
    user: Person
    htmx: HtmxDetails  # truthy where the page asks for a fragment
