"""The OpenAPI description of intake: what each endpoint takes and answers."""

from typing import Any

from drf_spectacular.extensions import OpenApiAuthenticationExtension
from drf_spectacular.utils import OpenApiParameter, extend_schema
from drf_spectacular.views import SpectacularAPIView
from rest_framework.exceptions import NotFound
from rest_framework.request import Request
from rest_framework.response import Response

from agencies.http import FOR_PROGRAMS
from records.api import serializers
from records.api.endpoint import Endpoint
from records.collection import known_numbers

FREE: dict[str, Any] = {"type": "object", "additionalProperties": True}
MEANINGS = {
    "type": "object",
    "additionalProperties": {"type": "object", "additionalProperties": {"type": "string"}},
}
CHOICES = {
    "type": "object",
    "additionalProperties": {"type": "string", "enum": list(known_numbers.CHOICES)},
}
KEY = OpenApiParameter(
    "Idempotency-Key",
    {"type": "string", "maxLength": 255, "pattern": "^[!#-~]*$"},
    OpenApiParameter.HEADER,
    description="of this request: sent again with the same body it is answered as before; with another body 422",
)
LANGUAGE = OpenApiParameter(
    "Accept-Language", {"type": "string", "enum": ["en", "ru", "tk"]}, OpenApiParameter.HEADER
)
INSTRUMENT = OpenApiParameter(
    "instrument",
    {"type": "string", "pattern": r"^[A-Z0-9-]{0,12}$"},
    description="code of an instrument",
)
PERIOD = OpenApiParameter(
    "period", {"type": "string", "pattern": r"^[\w-]{0,7}$"}, description="2026-07, 2026-Q3"
)
LIMIT = OpenApiParameter(
    "limit", {"type": "integer", "minimum": 1, "maximum": 1000, "default": 100}
)
AFTER = OpenApiParameter(
    "after",
    {"type": "integer", "minimum": 0, "maximum": 10**18},
    description="where the page before ended",
)
RULE = OpenApiParameter(
    "rule", {"type": "string", "pattern": r"^[^\x00]*$"}, description="rows with this finding"
)
OFFSET = OpenApiParameter(
    "Upload-Offset", {"type": "integer", "minimum": 0}, OpenApiParameter.HEADER, required=True
)
TUS = OpenApiParameter(
    "Tus-Resumable", {"type": "string", "enum": ["1.0.0"]}, OpenApiParameter.HEADER, required=True
)
CHECKSUM = OpenApiParameter(
    "Upload-Checksum",
    {"type": "string"},
    OpenApiParameter.HEADER,
    description="sha256 or sha1, and Base64",
)


def _answered(name: str, status: int, kind: str, description: str) -> OpenApiParameter:
    """Return a header of an answer."""
    return OpenApiParameter(
        name,
        {"type": kind},
        OpenApiParameter.HEADER,
        response=[status],
        description=description,
    )


def _of_tus(status: int) -> list[OpenApiParameter]:
    """Return the headers with which tus 1.0 says how far a file in parts is."""
    return [
        _answered("Tus-Resumable", status, "string", "the version of the protocol: 1.0.0"),
        _answered(
            "Upload-Offset", status, "integer", "bytes that are here: where the next part begins"
        ),
        _answered("Upload-Length", status, "integer", "bytes of the whole file"),
        _answered("Upload-Expires", status, "string", "until when the rest may come"),
    ]


REFUSED = dict.fromkeys((400, 401, 403, 404, 409, 415, 422, 429), serializers.Problem)


def _of(
    name: str, summary: str, answers: dict[Any, Any], *parameters: OpenApiParameter, **more: Any
) -> dict[str, Any]:
    """Return the arguments of `extend_schema` for one operation."""
    return {
        "operation_id": name,
        "summary": summary,
        "parameters": [LANGUAGE, *parameters],
        "responses": {**answers, **REFUSED},
        **more,
    }


def _json(schema: dict[str, Any]) -> dict[str, Any]:
    return {"application/json": schema}


UPLOADS = _of(
    "uploads", "Uploads, the newest first", {200: serializers.Lines}, LIMIT, AFTER, INSTRUMENT
)
SEND = _of(
    "send",
    "Send a file: as a form, alone, or begun as tus 1.0 has it",
    {201: serializers.Begun, 412: serializers.Problem, 413: serializers.Problem},
    KEY,
    INSTRUMENT,
    _answered("Location", 201, "string", "where it is asked about, or its parts go"),
    *_of_tus(201),
    request={"multipart/form-data": serializers.SentFile, "application/octet-stream": bytes},
    description=(
        "A file alone names its instrument in the address, and itself in `Content-Disposition`. With "
        "`Tus-Resumable: 1.0.0` a file in parts is begun: `Upload-Length`, and `Upload-Metadata` with `filename` and "
        "`instrument`; `Location` says where its parts go."
    ),
)
STATUS = _of("upload", "State, rows, findings by cause, questions", {200: serializers.Status})
ANSWER = _of(
    "answer",
    "Answer questions: the file is read again",
    {202: serializers.Begun},
    KEY,
    request=_json(FREE),
    description=(
        "Question id -> answer, as `manage.py intake --answers` takes them. Of a file sent again `again` is new, "
        "changed or exact, and `again_seen` the digest of the differences that were looked at."
    ),
)
NEXT_SHEET = _of(
    "next_sheet",
    "Take in the next sheet of a workbook: an upload of its own, of the bytes that were kept",
    {201: serializers.Begun},
    KEY,
    request=None,
)
WORDS = _of(
    "words", "Words that no list knows, with what they may mean", {200: serializers.Word(many=True)}
)
DECIDE = _of(
    "decide_words",
    "Say what words mean: {variable: {word: code}}, or `none` to hold their rows",
    {200: serializers.Decided, 202: serializers.Decided},
    KEY,
    request=_json(MEANINGS),
)
HELD = _of("held", "Held rows, cell by cell", {200: serializers.HeldRows}, LIMIT, AFTER, RULE)
CORRECT = _of(
    "correct",
    "Correct held rows: {key: {variable: text}}",
    {200: serializers.Corrected},
    KEY,
    request=_json(MEANINGS),
)
KNOWN_NUMBERS = _of(
    "known_numbers",
    "Held rows whose number has another record: old beside new",
    {200: serializers.KnownNumbers},
    LIMIT,
    AFTER,
)
SETTLE = _of(
    "settle",
    "Replace these records, or leave them and remove the rows: {key: replace or leave}",
    {200: serializers.Settled},
    KEY,
    request=_json(CHOICES),
)
DIFFERENCES = _of(
    "differences",
    "What a file sent again would change",
    {200: serializers.Differences},
    LIMIT,
    AFTER,
)
FILE = _of(
    "file",
    "How far a file in parts is (also HEAD)",
    {200: serializers.FilePart, 410: serializers.Problem},
    *_of_tus(200),
)
UNFINISHED = _of(
    "unfinished",
    "Files in parts that the token has begun and that lack bytes",
    {200: serializers.Unfinished(many=True)},
)
NEXT_PART = _of(
    "next_part",
    "Send the next part",
    {204: None, **dict.fromkeys((410, 412, 413, 460), serializers.Problem)},
    *(TUS, OFFSET, CHECKSUM, *_of_tus(204)),
    request={"application/offset+octet-stream": bytes},
)
GIVE_UP = _of("give_up", "Give up a file that is not whole", {204: None})
SUBMISSIONS = _of(
    "submissions",
    "Submissions by instrument and period, the last begun first",
    {200: serializers.SubmissionLines},
    LIMIT,
    AFTER,
    INSTRUMENT,
    PERIOD,
)
SUBMIT = _of(
    "submit",
    "Submit a period; a reviewer then signs it",
    {200: serializers.SubmissionLine},
    KEY,
    request=serializers.Submit,
)


def of_intake(endpoints: list[Any]) -> list[Any]:
    """Leave the addresses at which a token is asked for."""
    return [endpoint for endpoint in endpoints if endpoint[0].startswith(FOR_PROGRAMS)]


class Token(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    """How the token is sent."""

    target_class = "agencies.programs.ByToken"
    name = "token"

    def get_security_definition(self, auto_schema: Any) -> dict[str, str]:
        return {"type": "http", "scheme": "bearer"}


class Description(SpectacularAPIView):
    """The OpenAPI description of intake: it tells nothing of what is sent, and is open to everybody."""

    custom_settings = {
        "TITLE": "Intake",
        "DESCRIPTION": "Files, answers, corrections and submitting, for programs of agencies. By token.",
        "PREPROCESSING_HOOKS": ["records.api.openapi.of_intake"],
    }

    @extend_schema(exclude=True)
    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        response: Response = super().get(request, *args, **kwargs)  # type: ignore[no-untyped-call]
        return response


class Nowhere(Endpoint):
    """Every address below that is none."""

    schema = None
    verbs = dict.fromkeys(("GET", "HEAD", "POST", "PATCH", "DELETE"))

    def get(self, request: Request, address: str) -> Response:
        raise NotFound

    post = patch = delete = get
