"""What all endpoints of intake share: by token, one form of refusals, requests that may be sent twice."""

from collections.abc import Callable, Mapping
from typing import Any

from django.contrib.auth.decorators import login_not_required
from django.core.exceptions import ObjectDoesNotExist
from django.db import IntegrityError, transaction
from django.http import Http404, HttpRequest
from django.utils.crypto import salted_hmac
from django.utils.decorators import method_decorator
from django.utils.translation import gettext as _
from rest_framework import exceptions, serializers
from rest_framework.parsers import JSONParser
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from agencies.access import Denied
from agencies.models import Agency
from agencies.programs import ByToken, HasVerb, Json, TokenRequest
from agencies.refusal import Refused
from agencies.tokens import Verb
from records.collection import in_json
from records.collection.in_json import NotUnderstood
from records.collection.in_parts import Damaged, OtherPlace, TooLong
from records.collection.uploads import BadAnswer, OverQuota
from records.models import AnsweredRequest

LONGEST_KEY = 255
STATUS = {
    NotUnderstood: 400,
    BadAnswer: 422,
    OverQuota: 429,
    TooLong: 413,
    Damaged: 460,
    OtherPlace: 409,
}


class BadParameter(Exception):
    """A parameter or header that cannot be used: its name, and why."""

    def __init__(self, parameter: str, text: str) -> None:
        super().__init__(text)
        self.parameter = parameter


class KeyOfAnother(Exception):
    """An idempotency key that came with another request before."""


class StrictJson(JSONParser):
    """JSON that can be kept."""

    def parse(self, stream: Any, media_type: Any = None, parser_context: Any = None) -> Any:
        """Return the content of a body. Raises `NotUnderstood`."""
        return in_json.content_of(stream.read())


@method_decorator(login_not_required, name="dispatch")
class Endpoint(APIView):
    """Asked by token. `verbs`: what the token has to permit, by method; `parameters`: those that are read.

    Every refusal is JSON: `detail` says what was wrong and what to do, `parameter` where, if it is one place.
    """

    authentication_classes = [ByToken]
    permission_classes = [HasVerb]
    content_negotiation_class = Json
    parser_classes = [StrictJson]
    verbs: Mapping[str, Verb | None] = {}
    parameters: tuple[str, ...] = ()

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        """Ask for the token, then for its verb, then refuse parameters that nobody reads."""
        super().initial(request, *args, **kwargs)
        for name in request.query_params:
            if name not in self.parameters:
                raise BadParameter(
                    name[:60], _("There is no such parameter here. The description names all.")
                )

    def options(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Response:
        return Response(status=204, headers={"Allow": ", ".join(self.allowed_methods)})

    def perform_authentication(self, request: Request) -> None:
        """Ask nobody who only wants to know the methods."""
        if request.method != "OPTIONS":
            super().perform_authentication(request)

    def check_permissions(self, request: Request) -> None:
        if request.method != "OPTIONS":
            super().check_permissions(request)

    def handle_exception(self, exc: Exception) -> Response:
        """Answer a refusal; what is no refusal is raised, and the portal says what is wrong."""
        if isinstance(exc, exceptions.PermissionDenied | Denied):
            self.request._request.was_denied = True  # type: ignore[attr-defined]
        if isinstance(exc, Http404 | ObjectDoesNotExist):
            return refusal(
                404,
                _(
                    "There is nothing here that your token shows. Look at its agency and instruments."
                ),
            )
        if isinstance(exc, Denied):
            return refusal(403, str(exc))
        if isinstance(exc, BadParameter):
            return refusal(400, str(exc), exc.parameter)
        if isinstance(exc, KeyOfAnother):
            return refusal(422, str(exc), "Idempotency-Key")
        if isinstance(exc, Refused):
            return _of_refused(exc)
        return self._of_framework(exc)

    def _of_framework(self, exc: Exception) -> Response:
        """Answer what the framework refuses, in our words."""
        texts = {
            exceptions.MethodNotAllowed: _("This address is not asked in this way."),
            exceptions.ParseError: _("The body is no JSON."),
            exceptions.UnsupportedMediaType: _(
                "A body of this type is not read here. The description names those that are."
            ),
        }
        text = texts.get(type(exc))
        if isinstance(exc, exceptions.ValidationError):
            return _of_fields(exc.detail)
        response = super().handle_exception(exc)
        if text:
            response.data = {"detail": text}
        return response

    def agency(self, request: TokenRequest) -> Agency:
        """Return the agency of the token."""
        return Agency.everywhere.get(pk=request.auth.agency)

    def once(
        self, request: TokenRequest, act: Callable[[], Response], body: bytes | str | None = None
    ) -> Response:
        """Act, or where the same came with the same `Idempotency-Key` before, answer what was answered then.

        `body` tells one body from another where it is not the body of the request itself. What is refused is not
        remembered: it changed nothing. Raises `BadParameter` and `KeyOfAnother`.
        """
        key = request.headers.get("Idempotency-Key", "").strip().strip('"')
        if not key:
            return act()
        if len(key) > LONGEST_KEY or not key.isprintable() or not key.isascii():
            raise BadParameter(
                "Idempotency-Key", _("A key has 1 to 255 letters, digits and signs.")
            )
        print_ = _fingerprint(request, request._request.body if body is None else body)
        own = {
            "agency_id": request.auth.agency,
            "token_id": request.auth.number,
            "key": _print_of(key.encode()),
        }
        try:
            with transaction.atomic():  # whoever comes second waits here until the first is done
                row = AnsweredRequest.objects.create(**own, fingerprint=print_)
        except IntegrityError:
            return _as_before(AnsweredRequest.objects.get(**own), print_)
        response = act()
        row.status, row.body = response.status_code, response.data
        row.location = response.headers.get("Location", "")
        row.save(update_fields=["status", "body", "location"])
        return response


def refusal(status: int, text: str, parameter: str = "", **headers: str) -> Response:
    """Return an answer as `Problem` describes it."""
    data = {"detail": text, "parameter": parameter} if parameter else {"detail": text}
    return Response(data, status=status, headers=headers or None)


def whole_number(text: str | None, name: str, least: int, most: int) -> int:
    """Return a whole number that a parameter or header gives. Raises `BadParameter`."""
    number = int(text) if text and text.isascii() and text.isdecimal() and len(text) < 19 else -1
    if not least <= number <= most:
        text = _("“%(name)s” is a whole number from %(least)s to %(most)s.")
        raise BadParameter(name, text % {"name": name, "least": least, "most": most})
    return number


def _of_refused(refused: Refused) -> Response:
    response = refusal(STATUS.get(type(refused), 409), str(refused))
    if isinstance(refused, NotUnderstood) and refused.where:
        response.data["parameter"] = refused.where
    elif isinstance(refused, BadAnswer):
        response.data |= {"parameter": refused.questions[0], "questions": list(refused.questions)}
    elif isinstance(refused, OverQuota) and refused.retry_after is not None:
        response["Retry-After"] = str(refused.retry_after)
    elif isinstance(refused, OtherPlace):
        response["Upload-Offset"] = str(refused.received)
    return response


def _of_fields(detail: Any) -> Response:
    """Answer the first field that a form of JSON has wrong."""
    if isinstance(detail, dict):
        name, text = next(iter(detail.items()))
        while isinstance(text, list | dict):
            text = next(iter(text.values() if isinstance(text, dict) else text))
        return refusal(400, str(text), "" if name == "non_field_errors" else str(name))
    return refusal(400, str(detail[0]))


def _fingerprint(request: Request, body: bytes | str) -> str:
    line = f"{request.method} {request.get_full_path()}\n".encode()
    return _print_of(line + (body.encode() if isinstance(body, str) else body))


def _print_of(text: bytes) -> str:
    """Return what is kept of a key or a request: both may hold the name of a file, which nobody may guess from it."""
    return salted_hmac("records.api.requests", text, algorithm="sha256").hexdigest()


def _as_before(row: AnsweredRequest, fingerprint: str) -> Response:
    if row.fingerprint != fingerprint:
        raise KeyOfAnother(
            _("This key came with another request before. Take a new one for each request.")
        )
    headers = {"Location": row.location} if row.location else None
    return Response(row.body, status=row.status, headers=headers)


class Strict(serializers.Serializer[Any]):
    """A form of JSON that has no other fields than those it names."""

    def to_internal_value(self, data: Any) -> Any:
        if isinstance(data, dict) and (unknown := set(data) - set(self.fields)):
            raise serializers.ValidationError({min(unknown): [_("There is no such field here.")]})
        return super().to_internal_value(data)
