"""What a reader asks for: through a fixed list of names, and in words where it cannot be."""

import json
from dataclasses import replace

import pytest
from django.http import QueryDict

from reports.designs import datasets
from reports.published.query import (
    Options,
    conditions_of,
    dimensions_of,
    measure,
    narrowed,
    require_options,
    with_headline,
)
from reports.published.structure import TIME, Structure, Unknown

MONTHS = ["2025-11", "2025-12", "2026-01", "2026-02"]
STRUCTURE = datasets.datasets()["WPF"].structure(MONTHS)


OPTIONS = Options(("from", "to", "dataset", "page"))


def where(query):
    return conditions_of(QueryDict(query), STRUCTURE, OPTIONS)


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
        ("region=all", {}),
        ("region=TM-S&REGION=all", {"REGION": ["TM-S"]}),
        ("year=2026", {TIME: ["2026-01", "2026-02"]}),
        ("quarter=2025-Q4&to=2025-11", {TIME: ["2025-11"]}),
        ("month=2026-01", {TIME: ["2026-01"]}),
        ("from=2026-Q1", {TIME: ["2026-01", "2026-02"]}),
        ("to=2025-Q4", {TIME: ["2025-11", "2025-12"]}),
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
        ("year=2024", "year"),
        ("quarter=2025-11", "quarter"),
        ("year=2025&quarter=2026-Q1", "time_period"),
    ],
)
def test_what_cannot_be_is_refused_and_the_parameter_named(query, parameter):
    with pytest.raises(Unknown) as refused:
        where(query)
    assert refused.value.parameter == parameter
    assert len(str(refused.value)) > 20


def test_dimensions_of_rows_are_named_in_any_case_and_once():
    assert dimensions_of(QueryDict("by=age,REGION&by=Age,sex"), STRUCTURE) == ["AGE", "REGION"]
    with pytest.raises(Unknown, match="Choose from: TIME_PERIOD, SEX"):
        dimensions_of(QueryDict("by=shoe"), STRUCTURE)


def test_a_table_that_is_limited_stays_limited():
    fixed = {"REGION": ("TM-S", "TM-A")}
    assert narrowed(fixed, {"REGION": ["TM-A", "TM-D"]}) == {"REGION": ["TM-A"]}
    with pytest.raises(Unknown):
        narrowed(fixed, {"REGION": ["TM-D"]})


def test_the_headline_holds_unless_its_dimension_is_asked_for():
    assert with_headline(STRUCTURE, {}) == {"DECISION": ["GRANTED"]}
    assert with_headline(STRUCTURE, {"DECISION": ["OTHER"]}) == {"DECISION": ["OTHER"]}
    assert with_headline(STRUCTURE, {}, by=["DECISION"]) == {}
    assert with_headline(STRUCTURE, {}, every=["DECISION"]) == {}


def test_what_is_counted_is_said_in_words():
    granted = {"DECISION": ["GRANTED"]}
    assert measure(STRUCTURE, granted, ()) == "Permits granted or renewed"
    assert "Decision: Refused or ended" in measure(STRUCTURE, {"DECISION": ["OTHER"]}, ())
    assert "Decision: all together" in measure(STRUCTURE, {}, ())
    assert "Decision: all, in rows of their own" in measure(STRUCTURE, {}, ["DECISION"])


def test_a_release_from_before_headlines_counts_its_whole_dataset_and_says_so():
    content = STRUCTURE.as_json()
    del content["headline"]
    old = Structure.from_json(content)
    assert with_headline(old, {}) == {}
    assert measure(old, {}, ()) == "Work permits for foreigners, the whole dataset"


def test_a_structure_is_read_back_as_it_was_written():
    again = Structure.from_json(json.loads(json.dumps(STRUCTURE.as_json())))
    assert replace(again, tables=()) == STRUCTURE
    assert [table.name for table in again.tables] == [
        "cells"
    ]  # as of a release from before families


@pytest.mark.parametrize("name", ["limit", "offset", "format", "shoe", "_connector"])
def test_a_parameter_that_an_address_does_not_read_is_refused_and_the_others_are_named(name):
    with pytest.raises(
        Unknown, match=r"Choose from: from, to, .*region, outcome, decision.*, quarter, year"
    ):
        require_options(QueryDict(f"{name}=1"), OPTIONS, STRUCTURE)


def test_time_in_longer_periods_is_a_dimension_and_a_month_is_the_period():
    assert dimensions_of(QueryDict("by=quarter,YEAR,month,period"), STRUCTURE) == [
        *("QUARTER", "YEAR", "TIME_PERIOD"),
    ]
    slips = datasets.datasets()["SLP"].structure(["2025-Q4", "2026-Q1"])
    assert dimensions_of(QueryDict("by=quarter"), slips) == ["TIME_PERIOD"]
    with pytest.raises(Unknown, match="There is no dimension “MONTH”"):
        dimensions_of(QueryDict("by=month"), slips)
