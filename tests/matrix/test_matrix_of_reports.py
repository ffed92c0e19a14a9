"""The permission matrix (see test_matrix) of releases and their figures."""

import pytest

from tests.matrix import asking

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("name", asking.names("reports"))
def test_a_route_answers_everybody_as_the_table_says(matrix, name, record_property):
    wrong, cells = asking.wrong_cells(matrix, name)
    record_property("cells", cells)
    assert not wrong, "\n".join(wrong)
