"""What the API answers, in types, and what stands in them: for its OpenAPI description and for whoever writes a client."""

from dataclasses import asdict
from typing import Any

from django.urls import reverse
from drf_spectacular.utils import (
    extend_schema_field,
)
from rest_framework import serializers

from reports.designs.tables import TableDesign
from reports.formats.citation import Citation
from reports.formats.flat import STATUS
from reports.published import comparing, editions, register
from reports.published.editions import Edition
from standards.periods import FREQUENCIES

PARQUET = "application/vnd.apache.parquet"


class Labels(serializers.Serializer[Any]):
    en = serializers.CharField()
    ru = serializers.CharField(required=False)
    tk = serializers.CharField(required=False)


class Item(serializers.Serializer[Any]):
    code = serializers.CharField()
    labels = Labels()


class AmountBand(serializers.Serializer[Any]):
    code = serializers.CharField()
    first = serializers.FloatField(help_text="the smallest amount")
    below = serializers.FloatField(allow_null=True, help_text="amounts are below it; null: no end")


class Amounts(serializers.Serializer[Any]):
    unit = serializers.CharField(help_text="of money its ISO 4217 code")
    bands = AmountBand(many=True, help_text="from the smallest up; other codes are no amounts")


class Dimension(serializers.Serializer[Any]):
    name = serializers.CharField()
    labels = Labels()
    items = Item(many=True)
    amounts = Amounts(
        allow_null=True, required=False, help_text="where codes are bands of an amount"
    )


class Headline(serializers.Serializer[Any]):
    labels = Labels()
    where = serializers.DictField(child=serializers.ListField(child=serializers.CharField()))


class TableOfRelease(serializers.Serializer[Any]):
    name = serializers.CharField()
    of = serializers.CharField(help_text="the table that it refines; empty for the core")
    columns = serializers.ListField(child=serializers.CharField())
    cells = serializers.IntegerField()
    sha256 = serializers.CharField(help_text="of its file; empty where the release has one file")


class YearOfRelease(serializers.Serializer[Any]):
    code = serializers.CharField()
    version = serializers.IntegerField(help_text="1, or 2 where it was drawn again as a whole")
    is_over = serializers.BooleanField(help_text="no period of it comes any more")
    is_final = serializers.BooleanField(help_text="its figures stay as they are")


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
    tables = TableOfRelease(many=True, help_text="what can be asked lies in one of them")
    years = YearOfRelease(many=True)
    elsewhere = serializers.DictField(
        child=serializers.CharField(), help_text="year: the release that has it"
    )


class Missing(serializers.Serializer[Any]):
    agency = serializers.CharField()
    period = serializers.CharField()


class Release(serializers.Serializer[Any]):
    dataset = serializers.CharField()
    release = serializers.CharField(help_text="to be cited, for instance BCR-2")
    number = serializers.IntegerField()
    released_at = serializers.DateTimeField()
    checksum = serializers.CharField(help_text="SHA-256 over the checksums of all tables")
    files = serializers.DictField(
        child=serializers.CharField(), help_text="table: address of its cells, as Parquet"
    )
    released_by_builder = serializers.BooleanField(
        help_text="true where the person who asked for the build released it: no second person saw it"
    )


class ReleaseInFull(Release):
    note = serializers.CharField(help_text="what it brings, in the words of its publisher")
    next_release_on = serializers.DateField(
        allow_null=True, help_text="the day that the publisher named for the next one"
    )
    is_in_force = serializers.BooleanField(help_text="no newer one of the dataset is out")
    follows = serializers.CharField(allow_null=True, help_text="the release before it")
    new_periods = serializers.ListField(
        child=serializers.CharField(), help_text="that the release before it does not have"
    )
    redrawn = serializers.ListField(
        child=serializers.CharField(), help_text="years that are another version now"
    )
    made_final = serializers.ListField(
        child=serializers.CharField(), help_text="years that are final from this release on"
    )
    years = YearOfRelease(many=True)
    missing = Missing(many=True, help_text="not delivered: status O, never zero")
    bytes = serializers.DictField(child=serializers.IntegerField(), help_text="of each file")
    citation = serializers.CharField()


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
    note = Labels(required=False, help_text="what its readers have to know, if it says more")
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


# A row of a balance (arrivals minus departures) may be below zero.
OF_ROW = {name: {k: v for k, v in s.items() if k != "minimum"} for name, s in FIGURES.items()}
# Of named tables only: what is worked out from counts, null where these are too few.
AMOUNT: dict[str, Any] = {"type": "integer", "minimum": 0, "nullable": True}
MORE = {
    "STATED": {**AMOUNT, "description": "counts with an amount in the unit of the bands"},
    "MEDIAN_F": {**AMOUNT, "description": "median of women, from counts by band"},
    "MEDIAN_M": {**AMOUNT, "description": "median of men, from counts by band"},
    "MEDIAN_T": {**AMOUNT, "description": "median of all, from counts by band"},
    "PAY_GAP": {**SHARE, "description": "women's median below men's, in percent of men's"},
    "SHARE_F": {**SHARE, "description": "of women of whom it is stated, in percent"},
    "SHARE_M": {**SHARE, "description": "of men of whom it is stated, in percent"},
    "SHARE_T": {**SHARE, "description": "of all of whom it is stated, in percent"},
}


@extend_schema_field(
    {"type": "object", "properties": {**FIGURES, **MORE}, "required": list(FIGURES)}
)
class FiguresField(serializers.JSONField):
    """The measures of one row."""


@extend_schema_field(
    {
        "type": "object",
        "description": "For each dimension of `by` its code, and its label under NAME_LABEL.",
        "properties": {
            **{name: {**schema, "nullable": True} for name, schema in OF_ROW.items()},
            **MORE,
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
    in_force = serializers.CharField(
        required=False, help_text="of a release that is withdrawn (410): the one in its place"
    )


def release(edition: Edition) -> dict[str, Any]:
    """Return a release as `Release` describes it."""
    return {
        "dataset": edition.dataset,
        "release": edition.name,
        "number": edition.number,
        "released_at": edition.released_at,
        "checksum": edition.checksum,
        "files": {
            table.name: reverse("reports:api_table_file", args=[edition.name, table.name])
            for table in edition.structure.tables
        },
        "released_by_builder": edition.released_by_builder,
    }


def in_full(edition: Edition, citation: Citation) -> dict[str, Any]:
    """Return a release as `ReleaseInFull` describes it."""
    earlier = register.before(edition)
    changes = comparing.changes(earlier, edition)
    newest = editions.latest(edition.dataset)
    return {
        **release(edition),
        "note": edition.note,
        "next_release_on": edition.next_on,
        "is_in_force": newest is not None and newest.number == edition.number,
        "follows": earlier.name if earlier else None,
        "new_periods": changes.new_periods,
        "redrawn": [year.code for year in changes.redrawn],
        "made_final": [year.code for year in changes.made_final],
        "years": [asdict(year) for year in edition.structure.years],
        "missing": [asdict(missing) for missing in edition.missing],
        "bytes": editions.sizes(edition),
        "citation": citation.text,
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
        **({"note": design.view.note} if design.view.note else {}),
        "release": edition.name if edition else None,
        "data_at": reverse("reports:api_table", args=[design.code]),
    }
