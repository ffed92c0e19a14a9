"""What may be asked of the API, and its OpenAPI description."""

from typing import Any

from drf_spectacular.utils import (
    OpenApiExample,
    OpenApiParameter,
    extend_schema,
)
from drf_spectacular.views import SpectacularAPIView
from rest_framework.request import Request
from rest_framework.response import Response

from reports.api.described import with_what_is_released
from reports.published.query import LANGUAGES

ROWS, MOST_ROWS = 10_000, 50_000  # of one answer: unless `limit` says otherwise, and at most
FARTHEST = 10**9  # row that an answer can begin with
MOST_VALUES = 5_000_000  # rows times columns of a table that an answer may be a page of
ABOUT_DATA = (
    "Every count is a sum of cells of one protected table of the release (`structure.tables`); columns that no table "
    "has together cannot be asked together (400). All tables agree, so they add up and F + M + _OU = _T in every row. A "
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
ABOUT_TABLE_FILES = (
    "Columns are those of the table (`structure.tables`), and `value`; `_X` is what is not broken down. The "
    "SHA-256 of the file is its `sha256` in the structure. The `checksum` of the release is the SHA-256 of what "
    "`sha256sum *.parquet` prints of all its tables, so that anyone can verify what was downloaded."
)
TEXT = {"type": "string", "pattern": r"^[^\x00]*$"}  # no text has a NUL


def _texts(name: str, about: str) -> OpenApiParameter:
    kind = {"type": "array", "items": {"type": "string"}}
    return OpenApiParameter(name, kind, style="form", explode=False, description=about)


def _in_path(name: str, about: str) -> OpenApiParameter:
    return OpenApiParameter(name, TEXT, OpenApiParameter.PATH, description=about)


PERIOD = {
    "type": "string",
    "pattern": r"^([12]\d{3}(-(0[1-9]|1[0-2]|Q[1-4]))?|-[1-9]\d{0,2}[MQY])?$",
}
DATASET = _in_path("dataset", "code of a dataset, in any case")
TABLE = _in_path("code", "code of a named table, in any case")
RELEASE = _in_path("release", "name of a release, for instance BCR-2")
TABLE_OF_RELEASE = _in_path(
    "name", "a table of the release (`structure.tables`), for instance core"
)
BY = _texts("by", "dimensions of the rows, divided by commas; sex is always there, as columns")
LANG = OpenApiParameter("lang", str, enum=LANGUAGES, description="language of labels and notes")
CITED = OpenApiParameter("release", TEXT, description="an earlier release, for instance BCR-1")
DAY = r"^(\d{4}-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01]))?$"
AS_OF = OpenApiParameter(
    "as_of",
    {"type": "string", "pattern": DAY},
    description="the figures as they stood at the end of that day; with `release`, both must mean the same",
)
OF_DATA = [
    OpenApiParameter(
        "from",
        PERIOD,
        description="first period: 2026, 2026-Q3, 2026-07; -12M is the last twelve months",
    ),
    OpenApiParameter(
        "to",
        PERIOD,
        description="last period; a year stands for all of it; -12M ends before the last twelve months",
    ),
    CITED,
    AS_OF,
    OpenApiParameter(
        "limit", {"type": "integer", "minimum": 1, "maximum": MOST_ROWS, "default": ROWS}
    ),
    OpenApiParameter(
        "offset", {"type": "integer", "minimum": 0, "maximum": FARTHEST, "default": 0}
    ),
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


def of_figures(endpoints: list[Any]) -> list[Any]:
    """Leave the addresses of figures: those of intake have a description of their own."""
    return [endpoint for endpoint in endpoints if endpoint[0].startswith("/figures/")]


class Description(SpectacularAPIView):
    """The OpenAPI description, with the names of what is released: datasets, dimensions, codes."""

    custom_settings = {"PREPROCESSING_HOOKS": ["reports.api.openapi.of_figures"]}

    @extend_schema(exclude=True)
    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        response: Response = super().get(request, *args, **kwargs)  # type: ignore[no-untyped-call]
        response.data["paths"] = with_what_is_released(response.data["paths"])
        return response
