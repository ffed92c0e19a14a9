"""The permission matrix: every route, by every method, asked by everybody.

Routes come from the URL conf, roles from `agencies.roles`, what each must answer from `rules.ROUTES`. Rooms with many
routes have files of their own, which processes ask side by side. Here: accounts, agencies, and all that is in no room.
"""

import pytest

from tests.matrix import asking
from tests.matrix.rules import ROUTES

pytestmark = pytest.mark.django_db


def test_every_route_stands_in_the_table_and_nothing_else_does():
    names = [name for name, _pattern in asking.routes()]
    missing, gone = set(names) - set(ROUTES), set(ROUTES) - set(names)
    assert not missing, f"say in tests/matrix/rules.py what these routes ask: {sorted(missing)}"
    assert not gone, f"these are no routes: {sorted(gone)}"
    assert len(names) == len(set(names))


def test_every_route_is_asked_in_one_file():
    asked = [name for room in ("records", "reports", "intake", None) for name in asking.names(room)]
    assert sorted(asked) == sorted(ROUTES)


@pytest.mark.parametrize("name", asking.names(None))
def test_a_route_answers_everybody_as_the_table_says(matrix, name, record_property):
    wrong, cells = asking.wrong_cells(matrix, name)
    record_property("cells", cells)
    assert not wrong, "\n".join(wrong)
