"""What the APIs share that ask for a token: who calls, what the token permits, and JSON for every answer."""

from typing import Any, cast

from django.utils.translation import gettext as _
from rest_framework.authentication import BaseAuthentication
from rest_framework.exceptions import NotAuthenticated, PermissionDenied, Throttled
from rest_framework.negotiation import DefaultContentNegotiation
from rest_framework.permissions import BasePermission
from rest_framework.request import Request
from rest_framework.views import APIView

from agencies.coverage import Lent
from agencies.http import BEARER
from agencies.models import Person


class TokenRequest(Request):
    """A request that was let in by its token: whom it acts as, and what it lends."""

    user: Person
    auth: Lent


class ByToken(BaseAuthentication):
    """Whoever the token of the request acts as (`agencies.middleware`); nothing else is looked at."""

    def authenticate(self, request: Request) -> tuple[Person, Lent] | None:
        person = request._request.user
        if isinstance(person, Person) and person.lent is not None:
            return person, person.lent
        if wait := getattr(request._request, "token_waits", None):
            raise Throttled(
                wait.total_seconds(),
                _("Too many wrong tokens came from your address. Wait, then send the right one."),
            )
        raise NotAuthenticated(
            _(
                "Send a token that works as “Authorization: Bearer …”. Who enters records makes one on the page of tokens."
            )
        )

    def authenticate_header(self, request: Request) -> str:
        return BEARER


class HasVerb(BasePermission):
    """The token permits what the method of the view does: the view says it in `verbs`, method -> verb.

    None there means every token; a method that it does not name is refused.
    """

    def has_permission(self, request: Request, view: APIView) -> bool:
        method, verbs = request.method or "", getattr(view, "verbs", {})
        if method not in verbs:  # one that the view does not have at all is answered 405
            return not hasattr(view, method.lower())
        if verbs[method] is not None:
            require_verb(cast(Lent, request.auth), verbs[method])
        return True


def require_verb(lent: Lent, verb: str) -> None:
    """Raise `PermissionDenied` where the token does not permit this."""
    if verb not in lent.verbs:
        text = _("This token does not permit “%(verb)s”. Make one that does.")
        raise PermissionDenied(text % {"verb": verb})


class Json(DefaultContentNegotiation):
    """JSON, whatever a program says it accepts: a question is refused for its parameters only."""

    def select_renderer(
        self, request: Request, renderers: Any, format_suffix: str | None = None
    ) -> Any:
        return renderers[0], renderers[0].media_type
