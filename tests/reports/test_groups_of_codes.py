"""Codes are counted in the group that their dataset says, by the database as by the design."""

import pytest
from django.db import connection

from reports.designs import datasets
from standards import codelists

GROUPED = [
    pytest.param(dimension, id=f"{dataset.code} {dimension.name}")
    for dataset in datasets.datasets().values()
    for dimension in dataset.dimensions
    if dimension.derive == "groups"
]


def in_database(dimension, codes):
    """Return what the expression of a dimension makes of these codes in PostgreSQL."""
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT {dimension.sql()} FROM (SELECT c AS {dimension.variable},"
            f" jsonb_build_object('{dimension.variable}', c) AS extras, place"
            " FROM unnest(%s::text[]) WITH ORDINALITY AS given (c, place)) r ORDER BY place",
            [codes],
        )
        return [row[0] for row in cursor.fetchall()]


@pytest.mark.django_db
@pytest.mark.parametrize("dimension", GROUPED)
def test_the_database_counts_every_code_where_the_design_does(dimension):
    codes = dimension.values()
    assert in_database(dimension, codes) == [dimension.code_of(code) for code in codes]


@pytest.mark.django_db
def test_every_occupation_is_counted_in_its_major_group_and_none_as_not_stated():
    by_name = {d.name: d for d in datasets.datasets()["WPF"].dimensions}
    occupations = codelists.load("occupations")
    codes = [code for code in occupations.by_code if code != "_U"]
    assert in_database(by_name["OCCUPATION"], codes) == [f"OC{code[0]}" for code in codes]
    skills = dict(zip(codes, in_database(by_name["SKILL"], codes), strict=True))
    assert {code: skills[occupations.ancestors(code)[0]] for code in codes if len(code) == 2} == {
        code: skill for code, skill in skills.items() if len(code) == 2
    }
    assert {code for code, skill in skills.items() if skill == "_U"} == {"0", "01", "02", "03"}
