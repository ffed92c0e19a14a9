"""The read-only API of released figures."""

from django.contrib.auth.decorators import login_not_required
from django.utils.decorators import method_decorator
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.exceptions import NotFound, ValidationError
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from reports import asked, published, tables
from reports.formats import flat


@method_decorator(login_not_required, name="dispatch")
class Released(APIView):
    """What these endpoints share: anyone may read what is released."""

    permission_classes = [AllowAny]
    authentication_classes: list[type] = []


class Datasets(Released):
    @extend_schema(responses={200: dict}, summary="Datasets with their newest release")
    def get(self, request: Request) -> Response:
        return Response(
            [
                {
                    "dataset": e.dataset,
                    "release": e.name,
                    "released_at": e.released_at,
                    "checksum": e.checksum,
                    "missing": e.missing,
                    "structure": e.structure.as_json(),
                }
                for e in published.editions()
            ]
        )


class Data(Released):
    @extend_schema(
        responses={200: dict},
        summary="Protected counts of a dataset",
        parameters=[
            OpenApiParameter("by", str, description="dimensions, divided by commas"),
            OpenApiParameter("from", str, description="first period"),
            OpenApiParameter("to", str, description="last period"),
        ],
    )
    def get(self, request: Request, dataset: str) -> Response:
        edition = published.latest(dataset.upper())
        if edition is None:
            raise NotFound
        by = [name.upper() for name in request.query_params.get("by", "").split(",") if name]
        other = {"by", "from", "to", "format"}
        unknown = [
            k
            for k in request.query_params
            if k not in other and k.upper() not in edition.structure.by_name
        ]
        try:
            if unknown:
                published.tabulate(edition, [unknown[0]])
            table = published.tabulate(
                edition, by, asked.where(request.query_params, edition.structure)
            )
        except published.Unknown as unknown_name:
            raise ValidationError({"detail": str(unknown_name)}) from unknown_name
        header = flat.header(table)
        return Response(
            {
                "release": edition.name,
                "notes": flat.notes(edition),
                "rows": [dict(zip(header, row, strict=True)) for row in flat.rows(table, "en")],
            }
        )


class Tables(Released):
    @extend_schema(responses={200: dict}, summary="Named tables")
    def get(self, request: Request) -> Response:
        return Response(
            [
                {"table": t.code, "dataset": t.dataset, "title": t.title, "by": t.by}
                for t in tables.tables().values()
            ]
        )
