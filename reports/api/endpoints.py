"""The read-only API of released figures: typed, cacheable, open to programs of every origin."""

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.contrib.auth.decorators import login_not_required
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.urls import reverse
from django.utils.cache import get_conditional_response, patch_cache_control
from django.utils.decorators import method_decorator
from django.utils.translation import gettext as _
from django.utils.translation import override
from drf_spectacular.utils import extend_schema
from rest_framework.exceptions import APIException, NotFound, ValidationError
from rest_framework.permissions import AllowAny
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from agencies.programs import Json
from reports.api import answers, openapi
from reports.designs import tables
from reports.formats import citation, json
from reports.published import caching, editions, kept, register
from reports.published.editions import Edition, current_editions
from reports.published.query import (
    EDITION,
    MARKS,
    NothingLeft,
    Options,
    Question,
    edition_of,
    language_of,
    question_of,
    require_options,
)
from reports.published.register import NotReleased, Withdrawn
from reports.published.structure import Unknown
from reports.published.unavailable import Unavailable
from standards.translation import active_language

OF_ROWS = ("from", "to", "lang", "limit", "offset", *EDITION)
OF_DATA = Options(("by", *OF_ROWS), rows=None)


class Gone(APIException):
    """A release that was withdrawn: why, and which one stands in its place."""

    status_code = 410

    def __init__(self, withdrawn: Withdrawn) -> None:
        in_force = withdrawn.in_force.name if withdrawn.in_force else None
        said = {"detail": str(withdrawn), "parameter": withdrawn.parameter, "in_force": in_force}
        super().__init__({name: value for name, value in said.items() if value})


@method_decorator(login_not_required, name="dispatch")
class Released(APIView):
    """What these endpoints share: anyone may read what is released, and keep it for a while.

    Every refusal is JSON: `detail` in words, `parameter` where one is to blame.
    """

    permission_classes = [AllowAny]
    authentication_classes: list[type] = []
    content_negotiation_class = Json
    parameters: tuple[str, ...] = ("lang",)

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        response: HttpResponseBase = super().dispatch(request, *args, **kwargs)
        if isinstance(response, Response):
            response.render()
        if isinstance(response, Response) and response.status_code == 200:
            response = _unless_known(request, response)
        response["Access-Control-Allow-Origin"] = "*"
        response["Access-Control-Allow-Methods"] = "GET, HEAD, OPTIONS"
        response["Access-Control-Expose-Headers"] = caching.EXPOSED
        return response

    def handle_exception(self, exc: Exception) -> Response:
        if isinstance(exc, Withdrawn):
            exc = Gone(exc)
        elif isinstance(exc, NotReleased):
            exc = NotFound(str(exc))
        elif isinstance(exc, NothingLeft):
            exc = NotFound({"detail": str(exc), "parameter": exc.parameter})
        elif isinstance(exc, Unknown):
            exc = ValidationError({"detail": str(exc), "parameter": exc.parameter})
        elif isinstance(exc, Unavailable):
            return _unavailable(exc)
        elif isinstance(exc, Http404):
            exc = NotFound()
        return super().handle_exception(exc)

    @contextmanager
    def question(self, request: Request) -> Iterator[None]:
        """Answer in the language that `lang` names. Raises Unknown for a parameter that is not read."""
        require_options(request.query_params, Options(self.parameters, filters=False))
        with override(language_of(request.query_params)):
            yield


class Datasets(Released):
    """All datasets with their newest release."""

    @extend_schema(
        operation_id="datasets",
        summary="Datasets with their newest release",
        parameters=[openapi.LANG],
        responses={
            200: answers.Dataset(many=True),
            400: answers.Problem,
            503: answers.Problem,
        },
    )
    def get(self, request: Request) -> Response:
        with self.question(request):
            return Response([answers.dataset(e) for e in current_editions()])


class Dataset(Released):
    """One dataset: dimensions, codes and labels of its newest release, or of the one that is cited."""

    parameters = ("lang", *EDITION)

    @extend_schema(
        operation_id="dataset",
        summary="One dataset: its dimensions, codes and labels",
        parameters=[openapi.DATASET, openapi.CITED, openapi.AS_OF, openapi.LANG],
        responses={
            200: answers.Dataset,
            400: answers.Problem,
            404: answers.Problem,
            503: answers.Problem,
        },
    )
    def get(self, request: Request, dataset: str) -> Response:
        with self.question(request):
            return Response(answers.dataset(_edition(request, dataset)))


class Releases(Released):
    """Every release of a dataset that was not withdrawn, newest first."""

    @extend_schema(
        operation_id="releases",
        summary="All releases of a dataset, newest first",
        parameters=[openapi.DATASET, openapi.LANG],
        responses={200: answers.Release(many=True), 404: answers.Problem, 503: answers.Problem},
    )
    def get(self, request: Request, dataset: str) -> Response:
        with self.question(request):
            edition = _edition(request, dataset)
            return Response([answers.release(e) for e in editions.history(edition.dataset)])


class Release(Released):
    """One release: its note, what is new in it, its years, files and citation."""

    @extend_schema(
        operation_id="release",
        summary="One release: what is new in it, its years, files and citation",
        parameters=[openapi.RELEASE, openapi.LANG],
        responses={
            200: answers.ReleaseInFull,
            404: answers.Problem,
            410: answers.Problem,
            503: answers.Problem,
        },
    )
    def get(self, request: Request, release: str) -> Response:
        with self.question(request):
            edition = register.cited(release)
            address = request.build_absolute_uri(
                reverse("reports:published_release", args=[edition.name])
            )
            return Response(answers.in_full(edition, citation.of_release(edition, address)))


class Data(Released):
    """Protected counts of a dataset by any of its dimensions."""

    @extend_schema(
        operation_id="data",
        summary="Protected counts by any dimensions",
        description=openapi.ABOUT_DATA,
        parameters=[openapi.DATASET, openapi.BY, *openapi.OF_DATA],
        responses={
            200: answers.Data,
            400: answers.Problem,
            404: answers.Problem,
            503: answers.Problem,
        },
        examples=openapi.EXAMPLES,
    )
    def get(self, request: Request, dataset: str) -> HttpResponseBase:
        edition = _edition(request, dataset)
        with override(language_of(request.query_params)):
            return _answer(request, question_of(request.query_params, edition, OF_DATA))


class Tables(Released):
    """Named tables: views of the datasets that are looked at most."""

    @extend_schema(
        operation_id="tables",
        summary="Named tables",
        parameters=[openapi.LANG],
        responses={
            200: answers.NamedTable(many=True),
            400: answers.Problem,
            503: answers.Problem,
        },
    )
    def get(self, request: Request) -> Response:
        with self.question(request):
            released = {e.dataset: e for e in current_editions()}
            return Response(
                [answers.table(t, released.get(t.dataset)) for t in tables.tables().values()]
            )


class TableData(Released):
    """The figures of a named table."""

    @extend_schema(
        operation_id="table",
        summary="The figures of a named table",
        description=openapi.ABOUT_DATA,
        parameters=[openapi.TABLE, *openapi.OF_DATA],
        responses={
            200: answers.Data,
            400: answers.Problem,
            404: answers.Problem,
            503: answers.Problem,
        },
    )
    def get(self, request: Request, code: str) -> HttpResponseBase:
        design = tables.tables().get(code.upper())
        if design is None:
            raise NotFound(_("There is no such table."))
        edition = _edition(request, design.dataset)
        options = Options(OF_ROWS, fixed=design.where, rows=design.by, view=design.view)
        with override(language_of(request.query_params)):
            question = question_of(request.query_params, edition, options)
            return _answer(request, question, table=design.code)


class TableFile(Released):
    """All cells of one table of a release as a file; its SHA-256 stands in the structure."""

    @extend_schema(
        operation_id="table_file",
        summary="A protected table of a release, as Parquet",
        description=openapi.ABOUT_TABLE_FILES,
        parameters=[openapi.RELEASE, openapi.TABLE_OF_RELEASE],
        responses={(200, answers.PARQUET): bytes, 404: answers.Problem, 503: answers.Problem},
    )
    def get(self, request: Request, release: str, name: str) -> HttpResponseBase:
        require_options(request.query_params, Options(filters=False))
        edition = register.cited(release)
        table = next((t for t in edition.structure.tables if t.name == name), None)
        if table is None:
            raise NotFound(_("There is no such table."))
        tag = caching.tag(edition, "table", table.name)
        file_name = f"{edition.name}-{table.name}.parquet"
        return caching.answer(
            request, tag, lambda: editions.content(edition, table), answers.PARQUET, file_name
        )


class Nowhere(Released):
    """Every address of the API that is none: refused as JSON, as everything is that programs ask."""

    schema = None

    def get(self, request: Request, address: str) -> Response:
        raise NotFound(_("There is no such address. The description of the API names all."))


def _edition(request: Request, dataset: str) -> Edition:
    """Return the release that `release` names, else the newest one."""
    edition = edition_of(request.query_params, dataset.upper())
    if edition is None:
        raise NotFound(_("No release of this dataset is public."))
    return edition


def _answer(request: Request, question: Question, **named: str) -> HttpResponseBase:
    """Return one page of the rows. Where they are many it is written once and kept. Raises Busy."""
    question.require_at_most(openapi.MOST_VALUES, "JSON")
    limit = _number(request, "limit", openapi.ROWS, 1, openapi.MOST_ROWS)
    offset = _number(request, "offset", 0, 0, openapi.FARTHEST)
    if question.most_rows <= kept.FEW_ROWS:
        return Response({**_page(request, question, limit, offset), **named})
    where, view = list(question.where.items()), repr(question.view)
    parts = (named, active_language(), question.by, where, view, limit, offset)
    # The address of the next page repeats how this one was asked for.
    tag = caching.tag(question.edition, "json", *parts, _next(request, limit, offset))

    def write() -> bytes:
        return JSONRenderer().render({**_page(request, question, limit, offset), **named})

    return caching.answer(request, tag, lambda: kept.answer(tag, write), "application/json")


def _next(request: Request, limit: int, offset: int) -> str:
    query = request.query_params.copy()
    for mark in [key for key in query if MARKS.fullmatch(key)]:
        del query[mark]
    query["limit"], query["offset"] = str(limit), str(offset + limit)
    return request.build_absolute_uri(f"?{query.urlencode()}")


def _page(request: Request, question: Question, limit: int, offset: int) -> dict[str, Any]:
    """Return one page of the rows as `answers.Data` describes it, and what holds for all of them."""
    table, end = question.table(), offset + limit
    more = end < len(table.rows)
    return {
        **json.answer(table, offset, end),
        "next": _next(request, limit, offset) if more else None,
    }


def _number(request: Request, name: str, default: int, least: int, most: int) -> int:
    text = request.query_params.get(name, str(default))
    number = int(text) if text.isascii() and text.isdigit() and len(text) < 12 else -1
    if not least <= number <= most:
        raise Unknown(
            _("“%(name)s” is a whole number from %(least)s to %(most)s.")
            % {"name": name, "least": least, "most": most},
            name,
        )
    return number


def _unavailable(problem: Unavailable) -> Response:
    """Return 503 in words, and when to ask again."""
    retry = {"Retry-After": str(problem.seconds)} if problem.seconds else None
    return Response({"detail": str(problem)}, status=503, headers=retry)


def _unless_known(request: HttpRequest, response: HttpResponse) -> HttpResponseBase:
    """Return 304 where the reader has these very bytes already."""
    etag = f'"{hashlib.sha256(response.content).hexdigest()[:32]}"'
    response["ETag"] = etag
    patch_cache_control(response, public=True, max_age=caching.SECONDS)
    return get_conditional_response(request, etag=etag, response=response) or response
