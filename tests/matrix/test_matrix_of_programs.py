"""The permission matrix (see test_matrix) of what programs ask, by tokens and by people; a token is nobody on pages."""

import pytest

from tests.matrix import asking
from tests.matrix.rules import ROUTES

pytestmark = pytest.mark.django_db
SOME = ("a visitor", "clerk of SMS", "national_admin of NAT")  # people, who are nobody here


@pytest.mark.parametrize("name", asking.names("intake"))
def test_a_route_answers_everybody_as_the_table_says(matrix, name, record_property):
    people = {**matrix.programs, **{who: matrix.people[who] for who in SOME}}
    wrong, cells = asking.wrong_cells(matrix, name, people)
    record_property("cells", cells)
    assert not wrong, "\n".join(wrong)


def test_a_token_is_nobody_on_pages(matrix):
    """What is private sends it to the sign-in, like any visitor."""
    who, opened = matrix.programs["all of SMS"], []
    for name, rule in ROUTES.items():
        if rule.is_public or rule.is_by_token or rule.get is None:
            continue
        place = rule.places(matrix.country)[0]
        answer = asking.ask(matrix.country, name, rule, place, who, "GET")
        if answer.status != 302 or not answer.location.startswith(asking.SIGN_IN):
            opened.append((name, answer.status))
    assert opened == []
