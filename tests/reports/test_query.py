"""What a reader asks for: through a fixed list of names, and in words where it cannot be."""

import pytest
from django.http import QueryDict

from reports.designs import datasets
from reports.published.query import conditions_of, dimensions_of, narrowed
from reports.published.structure import TIME, Unknown

MONTHS = ["2025-11", "2025-12", "2026-01", "2026-02"]
STRUCTURE = datasets.datasets()["WPF"].structure(MONTHS)


def where(query):
    return conditions_of(QueryDict(query), STRUCTURE)


@pytest.mark.parametrize(
    ("query", "meant"),
    [
        ("", {}),
        ("citizenship=&region=,", {}),
        ("citizenship=TUR,CHN&CITIZENSHIP=TUR", {"CITIZENSHIP": ["TUR", "CHN"]}),
        ("region=TM-S&region=TM-A&dataset=WPF&page=2", {"REGION": ["TM-S", "TM-A"]}),
        ("from=2026-01", {TIME: ["2026-01", "2026-02"]}),
        ("to=2025", {TIME: ["2025-11", "2025-12"]}),
        ("from=2025-12&to=2026-01", {TIME: ["2025-12", "2026-01"]}),
        ("from=2026&time_period=2025-12,2026-01", {TIME: ["2026-01"]}),
        ("utm_source=letter&fbclid=x", {}),
    ],
)
def test_what_is_meant(query, meant):
    assert where(query) == meant


@pytest.mark.parametrize(
    ("query", "parameter"),
    [
        ("citizenshp=TUR", "citizenshp"),
        ("citizenship=TUR,XX", "citizenship"),
        ("citizenship__in=TUR", "citizenship__in"),
        ("_connector=OR", "_connector"),
        ("__class__=x", "__class__"),
        ("sex=F", "sex"),
        ("from=2026-13", "from"),
        ("to=yesterday", "to"),
        ("from=2027", "from"),
        ("from=2026-02&to=2025-11", "from"),
        ("from=2026&time_period=2025-12", "time_period"),
        ("region=%00", "region"),
        ("region=%FF%FE", "region"),
    ],
)
def test_what_cannot_be_is_refused_and_the_parameter_named(query, parameter):
    with pytest.raises(Unknown) as refused:
        where(query)
    assert refused.value.parameter == parameter
    assert len(str(refused.value)) > 20


def test_dimensions_of_rows_are_named_in_any_case_and_once():
    assert dimensions_of(QueryDict("by=age,REGION&by=Age,sex"), STRUCTURE) == ["AGE", "REGION"]
    with pytest.raises(Unknown, match="Choose from: TIME_PERIOD, SEX, AGE"):
        dimensions_of(QueryDict("by=shoe"), STRUCTURE)


def test_a_table_that_is_limited_stays_limited():
    fixed = {"REGION": ("TM-S", "TM-A")}
    assert narrowed(fixed, {"REGION": ["TM-A", "TM-D"]}) == {"REGION": ["TM-A"]}
    with pytest.raises(Unknown):
        narrowed(fixed, {"REGION": ["TM-D"]})
