"""The request private pages receive: login is enforced by middleware, so `user` is a Person."""

from django.http import HttpRequest

from agencies.models import Person


class SignedInRequest(HttpRequest):
    user: Person
