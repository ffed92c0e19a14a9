"""The permission matrix: every route, by every method, asked by everybody.

Routes come from the URL conf, roles from `agencies.roles`, what each must answer from `rules.ROUTES`.
"""

import pytest

from tests.matrix import asking
from tests.matrix.rules import ROUTES

pytestmark = pytest.mark.django_db
NAMES = [name for name, _pattern in asking.routes()]


def test_every_route_stands_in_the_table_and_nothing_else_does():
    missing, gone = set(NAMES) - set(ROUTES), set(ROUTES) - set(NAMES)
    assert not missing, f"say in tests/matrix/rules.py what these routes ask: {sorted(missing)}"
    assert not gone, f"these are no routes: {sorted(gone)}"
    assert len(NAMES) == len(set(NAMES))


@pytest.mark.parametrize("name", NAMES)
def test_a_route_answers_everybody_as_the_table_says(matrix, name, record_property):
    rule = ROUTES[name]
    wrong, cells = [], 0
    for who in matrix.people.values():
        for place, method in asking.cells(matrix.country, rule):
            _answer, faults = asking.faults(matrix.country, name, rule, place, who, method)
            wrong += faults
            cells += 1
    record_property("cells", cells)
    assert not wrong, "\n".join(wrong)
