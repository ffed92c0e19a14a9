"""Files as programs send them: whole, or part by part as tus 1.0 has it (https://tus.io/protocols/resumable-upload)."""

import base64
import binascii
from collections.abc import Iterable
from typing import Any
from uuid import UUID

from django.conf import settings
from django.http import Http404, HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.http import http_date, parse_header_parameters
from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema
from rest_framework.exceptions import UnsupportedMediaType
from rest_framework.response import Response

from agencies import access
from agencies.programs import TokenRequest, require_verb
from agencies.roles import Permission
from agencies.tokens import Verb
from records.api import openapi
from records.api.endpoint import BadParameter, Endpoint, refusal, whole_number
from records.collection import in_json, in_parts, receiving, uploads
from records.collection.receiving import PIECE, EncryptedUpload, ReceivedFile
from records.models import FileInParts, Instrument, Upload

TUS = "1.0.0"
EXTENSIONS = "creation,expiration,checksum,termination"
OF_TUS = {"Tus-Resumable": TUS}
OFFSETS = "application/offset+octet-stream"
NAMELESS = "file"
FORM_WITHOUT_FILES = "application/x-www-form-urlencoded"  # what curl says where nothing is said


def address_of(upload: Upload) -> str:
    return reverse("intake:upload", args=[upload.pk])


def begun(upload: Upload) -> dict[str, Any]:
    """Return an upload as `told.Begun` describes it."""
    return {"id": upload.pk, "state": upload.outcome, "address": address_of(upload)}


def send(view: Endpoint, request: TokenRequest) -> Response:
    """Take a file: a form with it, or it alone; or begin one that comes in parts."""
    if "Tus-Resumable" in request.headers:
        return _begin(view, request)
    if (request.content_type or "").startswith("multipart/form-data"):
        form = request._request.POST
        file, stated = _file_of(request), form.get("instrument", "")
        answers = _answers(form.get("answers", ""))
        if answers:
            require_verb(request.auth, Verb.ANSWER)
        received, name = file.received, str(file.name)
    elif (request.content_type or "").startswith(FORM_WITHOUT_FILES):
        raise UnsupportedMediaType(request.content_type)
    else:
        received, name = (
            receiving.received(_pieces(request), lambda _size: settings.UPLOAD_LIMIT),
            _name(request),
        )
        stated, answers = request.query_params.get("instrument", ""), {}
    try:
        return _take_in(view, request, received, name, _instrument(request, stated), answers)
    finally:
        received.close()


def _take_in(
    view: Endpoint,
    request: TokenRequest,
    received: ReceivedFile,
    name: str,
    instrument: Instrument,
    answers: dict[str, Any],
) -> Response:
    def act() -> Response:
        upload = uploads.receive(
            received,
            agency=view.agency(request),
            instrument=instrument,
            file_name=name,
            by=request.user,
            answers=answers,
        )
        return Response(begun(upload), status=201, headers={"Location": address_of(upload)})

    if not received.size:
        raise BadParameter("file", _("The file is empty: there is nothing to take in."))
    return view.once(request, act, f"{instrument.code} {sorted(answers.items())} {received.sha256}")


def _begin(view: Endpoint, request: TokenRequest) -> Response:
    if wrong := _other_version(request):
        return wrong
    size = whole_number(request.headers.get("Upload-Length"), "Upload-Length", 0, 1 << 50)
    told_of = _metadata(request.headers.get("Upload-Metadata", ""))
    instrument = _instrument(request, told_of.get("instrument", ""))

    def act() -> Response:
        file = in_parts.begin(
            agency=view.agency(request),
            instrument=instrument,
            size=size,
            file_name=told_of.get("filename", NAMELESS),
            by=request.user,
        )
        return _of_file(file, 201, Location=reverse("intake:file", args=[file.pk]))

    return view.once(request, act, f"{instrument.code} {size} {sorted(told_of.items())}")


class Unfinished(Endpoint):
    """The files that the token has begun and that lack bytes: to be sent on, or given up."""

    verbs = dict.fromkeys(("GET", "HEAD"), Verb.SEND)

    @extend_schema(**openapi.UNFINISHED)
    def get(self, request: TokenRequest) -> Response:
        files = in_parts.unfinished(request.user).filter(token=request.auth.number)
        lines = [
            {
                **_facts(file),
                "instrument": file.instrument.code,
                "address": reverse("intake:file", args=[file.pk]),
            }
            for file in files
        ]
        return Response(lines)


class File(Endpoint):
    """A file that comes in parts: how far it is, its next part, its end."""

    verbs = dict.fromkeys(("GET", "HEAD", "PATCH", "DELETE"), Verb.SEND)

    @extend_schema(**openapi.FILE)
    def get(self, request: TokenRequest, file: UUID) -> Response:
        begun = self._file(request, file)
        if begun.expires_at <= timezone.now() and not begun.is_whole:
            return _expired()
        return _of_file(begun, 200)

    @extend_schema(**openapi.NEXT_PART)
    def patch(self, request: TokenRequest, file: UUID) -> Response:
        begun = self._file(request, file)
        if wrong := _other_version(request):
            return wrong
        if request.content_type != OFFSETS:
            return refusal(
                415, _("A part is sent as %(type)s.") % {"type": OFFSETS}, "Content-Type"
            )
        if begun.expires_at <= timezone.now():
            return _expired()
        begin = whole_number(request.headers.get("Upload-Offset"), "Upload-Offset", 0, begun.size)
        checksum = _checksum(request.headers.get("Upload-Checksum", ""))
        now = in_parts.send_on(begun, begin, _pieces(request), by=request.user, checksum=checksum)
        return _of_file(now, 204)

    @extend_schema(**openapi.GIVE_UP)
    def delete(self, request: TokenRequest, file: UUID) -> Response:
        in_parts.give_up(self._file(request, file), by=request.user)
        return Response(status=204, headers=OF_TUS)

    def options(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Response:
        return abilities(super().options(request, *args, **kwargs))

    def _file(self, request: TokenRequest, pk: UUID) -> FileInParts:
        files = FileInParts.objects.visible_to(request.user).filter(token=request.auth.number)
        begun = files.select_related("agency", "instrument", "person").filter(pk=pk).first()
        if begun is None:
            raise Http404
        return begun


def abilities(response: Response) -> Response:
    """Say what of tus is spoken here."""
    spoken = {
        **OF_TUS,
        "Tus-Version": TUS,
        "Tus-Extension": EXTENSIONS,
        "Tus-Checksum-Algorithm": ",".join(in_parts.CHECKSUMS),
        "Tus-Max-Size": str(settings.UPLOAD_LIMIT),
    }
    for name, value in spoken.items():
        response[name] = value
    return response


def _facts(file: FileInParts) -> dict[str, Any]:
    """Return a file as `told.FilePart` describes it."""
    return {
        "size": file.size,
        "received": file.received,
        "expires_at": file.expires_at,
        "upload": address_of(file.upload) if file.upload else None,
    }


def _of_file(file: FileInParts, status: int, **headers: str) -> Response:
    answer = _facts(file)
    upload = answer["upload"]
    told_of = {
        **OF_TUS,
        "Upload-Offset": str(file.received),
        "Upload-Length": str(file.size),
        "Upload-Expires": http_date(file.expires_at.timestamp()),
        **({"Content-Location": upload} if upload else {}),
        **headers,
    }
    if status == 201:  # remembered by its key: what is in it must be JSON
        answer["expires_at"] = file.expires_at.isoformat()
    return Response(answer if status != 204 else None, status=status, headers=told_of)


def _other_version(request: TokenRequest) -> Response | None:
    if request.headers.get("Tus-Resumable") == TUS:
        return None
    text = _("Of tus the version %(version)s is spoken here. Send it as Tus-Resumable.") % {
        "version": TUS
    }
    return refusal(412, text, "Tus-Resumable", **{"Tus-Version": TUS})


def _expired() -> Response:
    return refusal(
        410, _("The next part did not come in time, so the file was given up. Begin it anew.")
    )


def _file_of(request: TokenRequest) -> EncryptedUpload:
    file = request._request.FILES.get("file")
    if not isinstance(file, EncryptedUpload):
        raise BadParameter("file", _("Send the file as the field “file” of the form."))
    return file


def _answers(text: str) -> dict[str, Any]:
    return in_json.answers_of(text) if text else {}


def _pieces(request: TokenRequest) -> Iterable[bytes]:
    """Yield the bytes of the body. The door has received all of them before."""
    return iter(lambda: request._request.read(PIECE), b"")


def _name(request: TokenRequest) -> str:
    _kind, parts = parse_header_parameters(request.headers.get("Content-Disposition", ""))
    return parts.get("filename") or NAMELESS


def _instrument(request: TokenRequest, code: str) -> Instrument:
    """Return the instrument that is named, or the only one of the token. Whether there are others, nobody is told."""
    known = Instrument.objects.filter(pk__in=request.auth.instruments)
    named = known.filter(code=code) if code else known
    if len(instruments := list(named[:2])) != 1:
        names = ", ".join(known.values_list("code", flat=True))
        text = _("Say which instrument the file is of. The token has: %(names)s.") % {
            "names": names
        }
        raise BadParameter("instrument", text)
    access.require(request.user, Permission.ENTER, None, instruments[0].pk)
    return instruments[0]


def _metadata(header: str) -> dict[str, str]:
    """Return what `Upload-Metadata` tells: keys, each with a text in Base64, parted by commas."""
    metadata = {}
    for pair in filter(None, (part.strip() for part in header.split(","))):
        name, _space, text = pair.partition(" ")
        metadata[name] = _decoded(text.strip(), "Upload-Metadata").decode("utf-8", "replace")
    if any("\x00" in text for text in metadata.values()):
        raise BadParameter("Upload-Metadata", _("A field holds a character that no text has."))
    return metadata


def _checksum(header: str) -> tuple[str, str] | None:
    """Return algorithm and digest of `Upload-Checksum: sha256 <Base64>`."""
    if not header:
        return None
    algorithm, _space, text = header.strip().partition(" ")
    if algorithm not in in_parts.CHECKSUMS:
        names = ", ".join(in_parts.CHECKSUMS)
        raise BadParameter("Upload-Checksum", _("Checksums are: %(names)s.") % {"names": names})
    return algorithm, _decoded(text, "Upload-Checksum").hex()


def _decoded(text: str, name: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise BadParameter(name, _("This is no Base64.")) from None
