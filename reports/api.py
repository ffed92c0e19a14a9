"""The read-only API of released figures: typed, cacheable, open to programs of every origin."""

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.utils.cache import get_conditional_response, patch_cache_control
from django.utils.decorators import method_decorator
from django.utils.translation import get_language, override
from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema
from rest_framework.exceptions import NotFound, ValidationError
from rest_framework.negotiation import DefaultContentNegotiation
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from reports import asked, kept, published, tables
from reports.formats import described, flat
from reports.published import Edition, Table
from reports.structure import Unknown

OF_DATA = ("by", "from", "to", "lang", "limit", "offset", "release")
LANGUAGES = tuple(code for code, _name in settings.LANGUAGES)


class Json(DefaultContentNegotiation):
    """JSON, whatever a program says it accepts: a question is refused for its parameters only."""

    def select_renderer(
        self, request: Request, renderers: Any, format_suffix: str | None = None
    ) -> Any:
        return renderers[0], renderers[0].media_type


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
        if isinstance(response, HttpResponse) and response.status_code == 200:
            response = _unless_known(request, response)
        response["Access-Control-Allow-Origin"] = "*"
        response["Access-Control-Allow-Methods"] = "GET, HEAD, OPTIONS"
        response["Access-Control-Expose-Headers"] = "ETag"
        return response

    def handle_exception(self, exc: Exception) -> Response:
        if isinstance(exc, Unknown):
            exc = ValidationError({"detail": str(exc), "parameter": exc.parameter})
        elif isinstance(exc, Http404):
            exc = NotFound()
        return super().handle_exception(exc)

    @contextmanager
    def question(self, request: Request) -> Iterator[None]:
        """Answer in the language that was asked for. Raises Unknown for parameters nobody reads."""
        for name in request.query_params:
            if name not in self.parameters and not asked.MARKS.fullmatch(name):
                raise Unknown(
                    _("There is no parameter “%(name)s”. Choose from: %(allowed)s.")
                    % {"name": name[:40], "allowed": ", ".join(self.parameters)},
                    name[:40],
                )
        with override(_language(request)):
            yield


class Datasets(Released):
    """All datasets with their newest release."""

    @extend_schema(
        operation_id="datasets",
        summary="Datasets with their newest release",
        parameters=[described.LANG],
        responses={200: described.Dataset(many=True), 400: described.Problem},
    )
    def get(self, request: Request) -> Response:
        with self.question(request):
            return Response([described.dataset(e) for e in published.editions()])


class Dataset(Released):
    """One dataset: dimensions, codes and labels of its newest release."""

    @extend_schema(
        operation_id="dataset",
        summary="One dataset: its dimensions, codes and labels",
        parameters=[described.DATASET, described.LANG],
        responses={200: described.Dataset, 400: described.Problem, 404: described.Problem},
    )
    def get(self, request: Request, dataset: str) -> Response:
        with self.question(request):
            return Response(described.dataset(_newest(dataset)))


class Releases(Released):
    """Every release of a dataset that was not withdrawn, newest first."""

    @extend_schema(
        operation_id="releases",
        summary="All releases of a dataset, newest first",
        parameters=[described.DATASET, described.LANG],
        responses={200: described.Release(many=True), 404: described.Problem},
    )
    def get(self, request: Request, dataset: str) -> Response:
        with self.question(request):
            found = published.history(_newest(dataset).dataset)
            return Response([described.release(e) for e in found])


class Data(Released):
    """Protected counts of a dataset by any of its dimensions."""

    @extend_schema(
        operation_id="data",
        summary="Protected counts by any dimensions",
        description=described.ABOUT_DATA,
        parameters=[described.DATASET, described.BY, *described.OF_DATA],
        responses={200: described.Data, 400: described.Problem, 404: described.Problem},
        examples=described.EXAMPLES,
    )
    def get(self, request: Request, dataset: str) -> Response:
        edition = _edition(request, dataset)
        with override(_language(request)):
            by = asked.by(request.query_params, edition.structure)
            where = asked.where(request.query_params, edition.structure, OF_DATA)
            table = published.tabulate(edition, by, where)
            return Response({**_answer(request, table), "where": where})


class Tables(Released):
    """Named tables: views of the datasets that are looked at most."""

    @extend_schema(
        operation_id="tables",
        summary="Named tables",
        parameters=[described.LANG],
        responses={200: described.NamedTable(many=True), 400: described.Problem},
    )
    def get(self, request: Request) -> Response:
        with self.question(request):
            released = {e.dataset: e for e in published.editions()}
            return Response(
                [described.table(t, released.get(t.dataset)) for t in tables.tables().values()]
            )


class TableData(Released):
    """The figures of a named table."""

    @extend_schema(
        operation_id="table",
        summary="The figures of a named table",
        description=described.ABOUT_DATA,
        parameters=[described.TABLE, *described.OF_DATA],
        responses={200: described.Data, 400: described.Problem, 404: described.Problem},
    )
    def get(self, request: Request, code: str) -> Response:
        design = tables.tables().get(code.upper())
        if design is None:
            raise NotFound(_("There is no such table."))
        edition = _edition(request, design.dataset)
        beside = tuple(name for name in OF_DATA if name != "by")
        with override(_language(request)):
            where = asked.narrowed(
                design.where, asked.where(request.query_params, edition.structure, beside)
            )
            table = published.tabulate(edition, design.by, where)
            return Response({**_answer(request, table), "table": design.code, "where": where})


class Cells(Released):
    """All protected cells of a release as a file; its SHA-256 is the checksum of the release."""

    @extend_schema(
        operation_id="cells",
        summary="All protected cells of a release, as Parquet",
        description=described.ABOUT_CELLS,
        parameters=[described.RELEASE],
        responses={(200, described.PARQUET): bytes, 404: described.Problem},
    )
    def get(self, request: Request, release: str) -> HttpResponseBase:
        edition = published.cited(release.upper())
        if edition is None:
            raise NotFound(_("There is no such release."))
        response = HttpResponse(published.content(edition.id), content_type=described.PARQUET)
        response["Content-Disposition"] = f'attachment; filename="{edition.name}.parquet"'
        return response


def _newest(dataset: str) -> Edition:
    edition = published.latest(dataset.upper())
    if edition is None:
        raise NotFound(_("No release of this dataset is public."))
    return edition


def _edition(request: Request, dataset: str) -> Edition:
    """Return the release that `release` names, else the newest one."""
    name = request.query_params.get("release", "").upper()
    if not name:
        return _newest(dataset)
    edition = published.cited(name)
    if edition is None or edition.dataset != dataset.upper():
        raise NotFound(_("There is no such release."))
    return edition


def _answer(request: Request, table: Table) -> dict[str, Any]:
    """Return one page of the rows, and what is said of all of them."""
    limit = _number(request, "limit", described.ROWS, 1, described.MOST_ROWS)
    offset = _number(request, "offset", 0, 0, 10**9)
    header, total = flat.header(table), table.total
    page = Table(table.edition, table.by, table.rows[offset : offset + limit])
    rows = flat.rows(page, (get_language() or "en")[:2])
    query = request.query_params.copy()
    query["limit"], query["offset"] = str(limit), str(offset + limit)
    more = offset + limit < len(table.rows)
    return {
        "release": table.edition.name,
        "dataset": table.edition.dataset,
        "by": list(table.by),
        "base": table.edition.structure.base,
        "notes": flat.notes(table.edition, table.where),
        "count": len(table.rows),
        "next": request.build_absolute_uri(f"?{query.urlencode()}") if more else None,
        "rows": [dict(zip(header, row, strict=True)) for row in rows],
        "total": dict(zip(flat.MEASURES, flat.measures(total), strict=True)),
    }


def _number(request: Request, name: str, default: int, least: int, most: int) -> int:
    text = request.query_params.get(name) or str(default)
    number = int(text) if text.isascii() and text.isdigit() and len(text) < 12 else -1
    if not least <= number <= most:
        raise Unknown(
            _("“%(name)s” is a whole number from %(least)s to %(most)s.")
            % {"name": name, "least": least, "most": most},
            name,
        )
    return number


def _language(request: Request) -> str:
    chosen = request.query_params.get("lang") or (get_language() or "en")[:2]
    if chosen not in LANGUAGES:
        raise Unknown(
            _("There is no language “%(name)s”. Choose from: %(allowed)s.")
            % {"name": chosen[:40], "allowed": ", ".join(LANGUAGES)},
            "lang",
        )
    return chosen


def _unless_known(request: HttpRequest, response: HttpResponse) -> HttpResponseBase:
    """Return 304 where the reader has these very bytes already."""
    etag = f'"{hashlib.sha256(response.content).hexdigest()[:32]}"'
    response["ETag"] = etag
    patch_cache_control(response, public=True, max_age=kept.SECONDS)
    return get_conditional_response(request, etag=etag, response=response) or response
