"""What the API answers, in types: for its OpenAPI description and for whoever writes a client."""

from dataclasses import asdict
from typing import Any

from django.urls import reverse
from drf_spectacular.utils import (
    OpenApiExample,
    OpenApiParameter,
    extend_schema,
    extend_schema_field,
)
from drf_spectacular.views import SpectacularAPIView
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from reports.designs import tables
from reports.designs.tables import TableDesign
from reports.formats.flat import STATUS
from reports.published.editions import Edition, current_editions
from reports.published.query import LANGUAGES
from reports.published.structure import SEX
from standards.periods import FREQUENCIES

ROWS, MOST_ROWS = 10_000, 50_000  # of one answer: unless `limit` says otherwise, and at most
MOST_VALUES = 5_000_000  # rows times columns of a table that an answer may be a page of
PARQUET = "application/vnd.apache.parquet"
ABOUT_DATA = (
    "Every count is a sum of protected cells, so tables add up and F + M + _OU = _T in every row. A "
    "combination without a protected cell has no row: its count is 0, which can mean up to base - 1.\n\n"
    "Conditions are parameters named as the dimensions, in any case, with codes divided by commas: "
    "`citizenship=TUR,UZB`. A name or code that does not exist is answered with 400, never ignored.\n\n"
    "Unless its dimension is named in `by` or in a condition, the answer counts the headline of the "
    "dataset (`structure.headline`), for instance entries; `direction=all` counts everything. What is "
    "counted stands in `measure` and `where`.\n\n"
    "`by=QUARTER` or `by=YEAR` adds up months. Rows by time have OBS_STATUS: A, or O where a delivery "
    "is missing or a quarter or year is not whole; without any figure the counts are null, not 0.\n\n"
    "Answers carry an `ETag`; send it back as `If-None-Match` and unchanged figures cost a 304."
)
ABOUT_CELLS = (
    "Columns are the dimensions, and `value`. The SHA-256 of this file is the `checksum` of the "
    "release, so that anyone can verify what was downloaded."
)


class Labels(serializers.Serializer[Any]):
    en = serializers.CharField()
    ru = serializers.CharField(required=False)
    tk = serializers.CharField(required=False)


class Item(serializers.Serializer[Any]):
    code = serializers.CharField()
    labels = Labels()


class Dimension(serializers.Serializer[Any]):
    name = serializers.CharField()
    labels = Labels()
    items = Item(many=True)


class Headline(serializers.Serializer[Any]):
    labels = Labels()
    where = serializers.DictField(child=serializers.ListField(child=serializers.CharField()))


class Structure(serializers.Serializer[Any]):
    dataset = serializers.CharField()
    title = Labels()
    description = Labels()
    unit = serializers.CharField(help_text="PS persons, EVT events, DOC documents")
    concept = serializers.CharField(help_text="by whose definition it is counted")
    frequency = serializers.ChoiceField(
        list(FREQUENCIES), help_text="SDMX CL_FREQ; of an academic year with the day it begins on"
    )
    base = serializers.IntegerField(help_text="every count is a multiple of it")
    sources = serializers.ListField(child=serializers.CharField())
    dimensions = Dimension(many=True)
    headline = Headline(allow_null=True, help_text="what is counted unless you choose otherwise")


class Missing(serializers.Serializer[Any]):
    agency = serializers.CharField()
    period = serializers.CharField()


class Release(serializers.Serializer[Any]):
    dataset = serializers.CharField()
    release = serializers.CharField(help_text="to be cited, for instance BCR-2")
    number = serializers.IntegerField()
    released_at = serializers.DateTimeField()
    checksum = serializers.CharField(help_text="SHA-256 of the file at `cells`")
    cells = serializers.CharField(help_text="address of all protected cells, as Parquet")
    released_by_builder = serializers.BooleanField(
        help_text="true where the person who asked for the build released it: no second person saw it"
    )


class Dataset(Release):
    data_at = serializers.CharField(help_text="address of its counts")
    missing = Missing(many=True, help_text="not delivered: status O, never zero")
    structure = Structure()


class NamedTable(serializers.Serializer[Any]):
    table = serializers.CharField()
    dataset = serializers.CharField()
    title = Labels()
    by = serializers.ListField(child=serializers.CharField())
    where = serializers.DictField(child=serializers.ListField(child=serializers.CharField()))
    release = serializers.CharField(allow_null=True, help_text="null until it is released")
    data_at = serializers.CharField(help_text="address of its figures")


COUNT: dict[str, Any] = {"type": "integer", "minimum": 0}
SHARE: dict[str, Any] = {"type": "number", "nullable": True, "description": "percent, one decimal"}
# Of a row: null where nothing was delivered.
STATUS_OF_ROW = {"type": "string", "enum": ["A", "O"], "description": "SDMX CL_OBS_STATUS"}
FIGURES = {
    "F": {**COUNT, "description": "women"},
    "M": {**COUNT, "description": "men"},
    "_OU": {**COUNT, "description": "other or not stated"},
    "_T": {**COUNT, "description": "total: F + M + _OU"},
    "FEMALE_SHARE": {**SHARE, "description": "women in percent of sex stated, null if too few"},
    "SEX_COVERAGE": {**SHARE, "description": "sex stated in percent of all, null if too few"},
}


@extend_schema_field({"type": "object", "properties": FIGURES, "required": list(FIGURES)})
class FiguresField(serializers.JSONField):
    """The measures of one row."""


@extend_schema_field(
    {
        "type": "object",
        "description": "For each dimension of `by` its code, and its label under NAME_LABEL.",
        "properties": {
            **{name: {**schema, "nullable": True} for name, schema in FIGURES.items()},
            STATUS: STATUS_OF_ROW,
        },
        "required": list(FIGURES),
        "additionalProperties": {"type": "string"},
    }
)
class RowField(serializers.JSONField):
    """One row: codes, labels, measures."""


class Data(serializers.Serializer[Any]):
    release = serializers.CharField()
    dataset = serializers.CharField()
    table = serializers.CharField(required=False, help_text="where a named table was asked for")
    measure = serializers.CharField(help_text="what is counted, in words")
    by = serializers.ListField(child=serializers.CharField())
    where = serializers.DictField(child=serializers.ListField(child=serializers.CharField()))
    base = serializers.IntegerField()
    notes = serializers.ListField(child=serializers.CharField())
    count = serializers.IntegerField(help_text="rows of the whole answer")
    next = serializers.URLField(allow_null=True, help_text="the next page, null on the last")
    rows = serializers.ListField(child=RowField())
    total = FiguresField(help_text="of all rows, not of the page")


class Problem(serializers.Serializer[Any]):
    detail = serializers.CharField(help_text="what is wrong, in words, with what there is instead")
    parameter = serializers.CharField(required=False, help_text="the parameter to blame")


def _texts(name: str, about: str) -> OpenApiParameter:
    kind = {"type": "array", "items": {"type": "string"}}
    return OpenApiParameter(name, kind, style="form", explode=False, description=about)


def _in_path(name: str, about: str) -> OpenApiParameter:
    return OpenApiParameter(name, str, OpenApiParameter.PATH, description=about)


DATASET = _in_path("dataset", "code of a dataset, in any case")
TABLE = _in_path("code", "code of a named table, in any case")
RELEASE = _in_path("release", "name of a release, for instance BCR-2")
BY = _texts("by", "dimensions of the rows, divided by commas; sex is always there, as columns")
LANG = OpenApiParameter("lang", str, enum=LANGUAGES, description="language of labels and notes")
CITED = OpenApiParameter("release", str, description="an earlier release, for instance BCR-1")
OF_DATA = [
    OpenApiParameter("from", str, description="first period: 2026, 2026-Q3 or 2026-07"),
    OpenApiParameter("to", str, description="last period; a year stands for all of it"),
    CITED,
    OpenApiParameter(
        "limit", {"type": "integer", "minimum": 1, "maximum": MOST_ROWS, "default": ROWS}
    ),
    OpenApiParameter("offset", {"type": "integer", "minimum": 0, "default": 0}),
    LANG,
]
EXAMPLES = [
    OpenApiExample(
        "By direction",
        response_only=True,
        status_codes=["200"],
        value={
            "release": "BCR-1",
            "dataset": "BCR",
            "measure": "Border crossings; Direction: all, in rows of their own",
            "by": ["DIRECTION"],
            "where": {"TIME_PERIOD": ["2026-01"]},
            "base": 3,
            "notes": ["Border crossings. …"],
            "count": 2,
            "next": None,
            "rows": [
                {
                    "DIRECTION": "IN",
                    "DIRECTION_LABEL": "Entry",
                    "F": 372,
                    "M": 489,
                    "_OU": 12,
                    "_T": 873,
                    "FEMALE_SHARE": 43.2,
                    "SEX_COVERAGE": 98.6,
                }
            ],
            "total": {
                "F": 744,
                "M": 978,
                "_OU": 24,
                "_T": 1746,
                "FEMALE_SHARE": 43.2,
                "SEX_COVERAGE": 98.6,
            },
        },
    )
]


def release(edition: Edition) -> dict[str, Any]:
    """Return a release as `Release` describes it."""
    return {
        "dataset": edition.dataset,
        "release": edition.name,
        "number": edition.number,
        "released_at": edition.released_at,
        "checksum": edition.checksum,
        "cells": reverse("reports:api_cells", args=[edition.name]),
        "released_by_builder": edition.released_by_builder,
    }


def dataset(edition: Edition) -> dict[str, Any]:
    """Return a dataset as `Dataset` describes it."""
    return {
        **release(edition),
        "data_at": reverse("reports:api_data", args=[edition.dataset]),
        "missing": [asdict(missing) for missing in edition.missing],
        "structure": edition.structure.as_json(),
    }


def table(design: TableDesign, edition: Edition | None) -> dict[str, Any]:
    """Return a named table as `NamedTable` describes it."""
    return {
        "table": design.code,
        "dataset": design.dataset,
        "title": design.title,
        "by": design.by,
        "where": design.where,
        "release": edition.name if edition else None,
        "data_at": reverse("reports:api_table", args=[design.code]),
    }


class Description(SpectacularAPIView):
    """The OpenAPI description, with the names of what is released: datasets, dimensions, codes."""

    @extend_schema(exclude=True)
    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        response: Response = super().get(request, *args, **kwargs)  # type: ignore[no-untyped-call]
        editions = current_editions()
        known = {
            "dataset": [e.dataset for e in editions],
            "code": list(tables.tables()),
            "by": sorted({name for e in editions for name in e.structure.by_name if name != SEX}),
        }
        for path in response.data["paths"].values():
            parameters = path.get("get", {}).get("parameters", [])
            for parameter in parameters:
                if names := known.get(parameter["name"]):
                    schema = parameter["schema"]
                    schema.get("items", schema)["enum"] = names
            if any(parameter["name"] == "limit" for parameter in parameters):
                parameters.extend(_conditions(editions))
        return response


def _conditions(editions: list[Edition]) -> list[dict[str, Any]]:
    """Describe each dimension as a parameter, with the codes of all datasets that have it."""
    codes: dict[str, dict[str, None]] = {}
    for edition in editions:
        for dimension in edition.structure.by_name.values():
            if dimension.name != SEX:
                codes.setdefault(dimension.name, {}).update(dict.fromkeys(dimension.by_code))
    return [
        {
            "name": name.lower(),
            "in": "query",
            "description": f"codes of {name}, divided by commas; where the dataset has it",
            "style": "form",
            "explode": False,
            "schema": {"type": "array", "items": {"type": "string", "enum": list(known)}},
        }
        for name, known in codes.items()
    ]
