"""Indicators for programs: all of them, and the series of one."""

from typing import Any

from django.urls import reverse
from django.utils.translation import gettext as _
from drf_spectacular.utils import OpenApiParameter, extend_schema, extend_schema_field
from rest_framework import serializers
from rest_framework.exceptions import NotFound
from rest_framework.request import Request
from rest_framework.response import Response

from reports.api import answers, openapi
from reports.api.endpoints import Released
from reports.designs import indicator_schema
from reports.designs import indicators as designs
from reports.indicators import asking, flat, words
from reports.published.editions import Edition, current_editions
from standards.translation import in_language

NUMBER: dict[str, Any] = {"type": "number", "nullable": True}
TEXTS = ("PART", "PART_LABEL", "MEASURE", "UNIT_MEASURE", "WHY_NO_VALUE", "SERIES")
COUNTS = ("DENOMINATOR", "F", "M", "_OU", "_T")
ABOUT = (
    "Each number is worked out from published counts of one release; where cases are counted among the people of another "
    "dataset, also of its newest release, which `denominator_release` names. `LOW` and `HIGH` hold every value that true counts "
    "could give, given that a published cell is less than one base from its true count: a worst case, not a likely "
    "error; `HIGH` is null where there is no end. `SEX_UNKNOWN_LOW` and `SEX_UNKNOWN_HIGH` say what the value would be if "
    "all whose sex is other or not stated had one sex; they do not include rounding. Where the denominator is below "
    "100 there is no value, and `WHY_NO_VALUE` says so."
)
SERIES = OpenApiParameter(
    "series",
    openapi.TEXT,
    description="a series of the indicator; by default the first that is released",
)
BY = OpenApiParameter("by", str, enum=list(asking.TIME_LABELS), description="how long a period is")
INDICATOR = OpenApiParameter(
    "indicator",
    openapi.TEXT,
    OpenApiParameter.PATH,
    description="code of an indicator, in any case",
)


class SeriesOfIndicator(serializers.Serializer[Any]):
    series = serializers.CharField()
    dataset = serializers.CharField()
    over = serializers.CharField(
        allow_blank=True, help_text="the dimension whose codes are compared"
    )
    where = serializers.DictField(child=serializers.ListField(child=serializers.CharField()))
    release = serializers.CharField(allow_null=True, help_text="null until it is released")
    per = serializers.CharField(
        allow_blank=True, help_text="the dataset of the people among whom cases are counted"
    )
    denominator_release = serializers.CharField(allow_null=True, help_text="the newest of `per`")
    data_at = serializers.CharField(help_text="address of its numbers")


class Need(serializers.Serializer[Any]):
    instrument = serializers.CharField()
    why = answers.Labels()


class IndicatorListed(serializers.Serializer[Any]):
    indicator = serializers.CharField()
    name = answers.Labels()
    unit = serializers.ChoiceField(list(indicator_schema.UNITS))
    formula = answers.Labels()
    caveat = answers.Labels()
    least = serializers.IntegerField(help_text="no value from a denominator below so many")
    series = SeriesOfIndicator(many=True)
    needs = Need(many=True, help_text="why it cannot be worked out yet, or not for everybody")


def _row_schema() -> dict[str, Any]:
    properties: dict[str, Any] = {name: {"type": "string"} for name in flat.COLUMNS}
    properties |= {name: NUMBER for name in flat.COLUMNS if name not in (*TEXTS, *flat.KEYS)}
    properties |= {name: {"type": "integer", "nullable": True} for name in COUNTS}
    properties["OBS_STATUS"] = answers.STATUS_OF_ROW
    return {"type": "object", "properties": properties, "required": list(flat.COLUMNS)}


@extend_schema_field(_row_schema())
class NumberField(serializers.JSONField):
    """One number of an indicator, or why there is none."""


class IndicatorData(serializers.Serializer[Any]):
    indicator = serializers.CharField()
    series = serializers.CharField()
    dataset = serializers.CharField()
    release = serializers.CharField()
    denominator_release = serializers.CharField(
        allow_null=True,
        help_text="the release of the people among whom cases are counted, where that is another dataset",
    )
    measure = serializers.CharField(help_text="what is counted, in words")
    by = serializers.ChoiceField(list(asking.TIME_LABELS))
    unit = serializers.ChoiceField(list(indicator_schema.UNITS))
    notes = serializers.ListField(child=serializers.CharField())
    count = serializers.IntegerField()
    rows = serializers.ListField(child=NumberField())


class Indicators(Released):
    """All indicators: what they are worked out from, and what those that wait still need."""

    @extend_schema(
        operation_id="indicators",
        summary="Indicators and what they are worked out from",
        parameters=[openapi.LANG],
        responses={
            200: IndicatorListed(many=True),
            400: answers.Problem,
            503: answers.Problem,
        },
    )
    def get(self, request: Request) -> Response:
        with self.question(request):
            released = {edition.dataset: edition for edition in current_editions()}
            return Response([_listed(one, released) for one in designs.indicators().values()])


class Indicator(Released):
    """The numbers of an indicator over time, each with its ends."""

    parameters = ("series", "by", "lang")

    @extend_schema(
        operation_id="indicator",
        summary="An indicator over time",
        description=ABOUT,
        parameters=[INDICATOR, SERIES, BY, openapi.LANG],
        responses={
            200: IndicatorData,
            400: answers.Problem,
            404: answers.Problem,
            503: answers.Problem,
        },
    )
    def get(self, request: Request, indicator: str) -> Response:
        one = designs.indicators().get(indicator.upper())
        if one is None:
            raise NotFound(_("There is no such indicator."))
        with self.question(request):
            asked = asking.series_of(request.query_params, one, ("lang",))
            if asked is None:
                whys = [in_language(need.why) for need in one.needs]
                raise NotFound(" ".join(whys) or _("Nothing of this indicator is released yet."))
            return Response(_data(asked))


def _listed(one: designs.Indicator, released: dict[str, Edition]) -> dict[str, Any]:
    address = reverse("reports:api_indicator", args=[one.code])
    return {
        "indicator": one.code,
        "name": one.name,
        "unit": one.unit,
        "formula": one.formula,
        "caveat": one.caveat,
        "least": one.least,
        "series": [
            {
                "series": design.name,
                "dataset": design.dataset,
                "over": design.over,
                "where": design.where,
                "release": _name(released.get(design.dataset)),
                "per": design.per,
                "denominator_release": _name(released.get(design.per)),
                "data_at": f"{address}?series={design.name}",
            }
            for design in one.series
        ],
        "needs": [{"instrument": need.instrument, "why": need.why} for need in one.needs],
    }


def _name(edition: Edition | None) -> str | None:
    return edition.name if edition else None


def _data(asked: asking.AskedSeries) -> dict[str, Any]:
    series = asked.series
    header = flat.header(series)
    rows = [dict(zip(header, row, strict=True)) for row in flat.rows(series)]
    return {
        "indicator": series.indicator.code,
        "series": series.design.name,
        "dataset": series.design.dataset,
        "release": series.edition.name,
        "denominator_release": _name(series.per),
        "measure": words.counted(series),
        "by": asked.word,
        "unit": series.indicator.unit,
        "notes": [text for _heading, text in words.notes(series)],
        "count": len(rows),
        "rows": rows,
    }
