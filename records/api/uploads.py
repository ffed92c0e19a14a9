"""Uploads as programs ask about them: sent, read, answered, corrected."""

from typing import Any

from django.http import Http404, HttpRequest
from drf_spectacular.utils import extend_schema
from rest_framework.exceptions import UnsupportedMediaType
from rest_framework.parsers import FileUploadParser, JSONParser, MultiPartParser
from rest_framework.response import Response

from agencies.programs import TokenRequest
from agencies.tokens import Verb
from records.api import openapi, sending
from records.api.endpoint import Endpoint
from records.api.paging import after, page_of
from records.collection import (
    decided_words,
    held_keys,
    in_json,
    known_numbers,
    names,
    next_sheets,
    uploads,
)
from records.collection.comparison import Comparison
from records.models import Difference, HeldRow, Upload


class Uploads(Endpoint):
    """The uploads of the agency, and the door for new ones."""

    verbs = {"GET": Verb.READ, "HEAD": Verb.READ, "POST": Verb.SEND}
    parameters = ("limit", "after", "instrument")
    parser_classes = [MultiPartParser, FileUploadParser]

    @extend_schema(**openapi.UPLOADS)
    def get(self, request: TokenRequest) -> Response:
        rows = (
            Upload.objects.visible_to(request.user)
            .defer("report")
            .select_related("instrument", "job")
        )
        if code := request.query_params.get("instrument", ""):
            rows = rows.filter(instrument__code=code)
        if last := after(request):
            rows = rows.filter(pk__lt=last)
        shown, following = page_of(request, rows.order_by("-pk"))
        lines = [
            {**sending.begun(u), "instrument": u.instrument.code, "sent_at": u.uploaded_at}
            for u in shown
        ]
        return Response({"uploads": lines, "next": following})

    @extend_schema(**openapi.SEND)
    def post(self, request: TokenRequest) -> Response:
        return sending.send(self, request)

    def options(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Response:
        return sending.abilities(super().options(request, *args, **kwargs))


class OfUpload(Endpoint):
    """What is asked about one upload."""

    def upload(self, request: TokenRequest, pk: int) -> Upload:
        """Return the upload, if the token shows it."""
        uploads = Upload.objects.visible_to(request.user)
        upload = uploads.select_related("agency", "instrument", "job").filter(pk=pk).first()
        if upload is None:
            raise Http404
        return upload


class OneUpload(OfUpload):
    """State, rows, findings by cause, questions of an upload."""

    verbs = dict.fromkeys(("GET", "HEAD"), Verb.READ)

    @extend_schema(**openapi.STATUS)
    def get(self, request: TokenRequest, upload_id: int) -> Response:
        upload = self.upload(request, upload_id)
        head = {"id": upload.pk, "instrument": upload.instrument.code}
        return Response({**head, **in_json.status(upload, request.user)})


class Answers(OfUpload):
    """Answers to the questions of a file: it is read again with them."""

    verbs = {"POST": Verb.ANSWER}

    @extend_schema(**openapi.ANSWER)
    def post(self, request: TokenRequest, upload_id: int) -> Response:
        upload = self.upload(request, upload_id)
        if request.content_type.partition(";")[0] != JSONParser.media_type:
            raise UnsupportedMediaType(request.content_type)
        answers = in_json.answers_of(request._request.body)  # not `data`: a mistake has its place

        def act() -> Response:
            uploads.read(upload, by=request.user, answers=answers)
            return Response(sending.begun(upload), status=202)

        return self.once(request, act)


class NextSheet(OfUpload):
    """The next sheet of a workbook that was taken in: an upload of its own."""

    verbs = {"POST": Verb.SEND}

    @extend_schema(**openapi.NEXT_SHEET)
    def post(self, request: TokenRequest, upload_id: int) -> Response:
        upload = self.upload(request, upload_id)

        def act() -> Response:
            following = next_sheets.take_in(upload, by=request.user)
            address = sending.address_of(following)
            return Response(sending.begun(following), status=201, headers={"Location": address})

        return self.once(request, act)


class Words(OfUpload):
    """Words that no list knows, each with what it may mean; and what they mean."""

    verbs = {"GET": Verb.READ, "HEAD": Verb.READ, "POST": Verb.ANSWER}

    @extend_schema(**openapi.WORDS)
    def get(self, request: TokenRequest, upload_id: int) -> Response:
        return Response(in_json.words(self.upload(request, upload_id), request.user))

    @extend_schema(**openapi.DECIDE)
    def post(self, request: TokenRequest, upload_id: int) -> Response:
        upload, decided = self.upload(request, upload_id), in_json.decided(request.data)

        def act() -> Response:
            corrected = decided_words.decide(upload, decided, by=request.user)
            upload.refresh_from_db()
            outcome = in_json.outcome(corrected) if corrected else None
            return Response(
                {"state": upload.outcome, "corrected": outcome}, status=200 if outcome else 202
            )

        return self.once(request, act)


class Held(OfUpload):
    """The held rows of a file, cell by cell; and their correction, many at once."""

    verbs = {"GET": Verb.READ, "HEAD": Verb.READ, "POST": Verb.CORRECT}
    parameters = ("limit", "after", "rule")

    @extend_schema(**openapi.HELD)
    def get(self, request: TokenRequest, upload_id: int) -> Response:
        upload = self.upload(request, upload_id)
        rows = HeldRow.open_rows.filter(upload=upload).annotate(state=held_keys.STATE)
        if rule := request.query_params.get("rule", ""):
            rows = rows.filter(findings__contains=[{"rule": rule}])
        rows = rows.filter(pk__gt=after(request)).select_related("submission").order_by("pk")
        shown, following = page_of(request, rows)
        names.note("read_held", upload, request.user)
        return Response({"rows": in_json.held(shown, upload, request.user), "next": following})

    @extend_schema(**openapi.CORRECT)
    def post(self, request: TokenRequest, upload_id: int) -> Response:
        upload, content = self.upload(request, upload_id), request.data
        return self.once(
            request,
            lambda: Response(in_json.correct(upload, content, by=request.user)),
        )


class KnownNumbers(OfUpload):
    """Held rows whose number has another record, old beside new; and what is to be done with each."""

    verbs = {"GET": Verb.READ, "HEAD": Verb.READ, "POST": Verb.CORRECT}
    parameters = ("limit", "after")

    @extend_schema(**openapi.KNOWN_NUMBERS)
    def get(self, request: TokenRequest, upload_id: int) -> Response:
        upload = self.upload(request, upload_id)
        rows = known_numbers.waiting(HeldRow.open_rows.filter(upload=upload))
        shown, following = page_of(request, rows.filter(pk__gt=after(request)).order_by("pk"))
        names.note("read_held", upload, request.user)
        pairs = known_numbers.beside_records(shown)
        lines = in_json.differences([pair.difference for pair in pairs])
        keyed = [{**line, "key": pair.key} for pair, line in zip(pairs, lines, strict=True)]
        for line in keyed:
            del line["kind"]  # none of them is gone
        return Response({"rows": keyed, "next": following})

    @extend_schema(**openapi.SETTLE)
    def post(self, request: TokenRequest, upload_id: int) -> Response:
        upload, content = self.upload(request, upload_id), request.data
        return self.once(
            request, lambda: Response(in_json.settle(upload, content, by=request.user))
        )


class Differences(OfUpload):
    """What a file sent again would change: counts by period, and each record, old beside new."""

    verbs = dict.fromkeys(("GET", "HEAD"), Verb.READ)
    parameters = ("limit", "after")

    @extend_schema(**openapi.DIFFERENCES)
    def get(self, request: TokenRequest, upload_id: int) -> Response:
        upload = self.upload(request, upload_id)
        again = Comparison.of(upload.report)
        rows = Difference.objects.visible_to(request.user).filter(
            upload=upload, pk__gt=after(request)
        )
        shown, following = page_of(request, rows.select_related("submission").order_by("pk"))
        names.note("read_differences", upload, request.user)
        return Response(
            {
                "counts": again.as_json() if again else None,
                "records": in_json.differences(shown),
                "next": following,
            }
        )
