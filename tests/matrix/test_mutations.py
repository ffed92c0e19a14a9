"""Taking one rule out of the portal makes the permission matrix fail.

All of them are tried by `make mutations`; a few of each kind wherever the tests run.
"""

import itertools
import os
import re

import pytest

from tests.matrix import asking, mutations
from tests.matrix.rules import ROUTES

pytestmark = pytest.mark.django_db
MUTANTS = mutations.mutants()
EVERY = os.environ.get("MUTATIONS") == "all"
SAMPLE = [
    mutant
    for start in range(0, len(MUTANTS), 12)
    for mutant in MUTANTS[start : start + 1]
    if mutant.name not in mutations.NOT_BY_THE_MATRIX
]


# Of those who ask alike, one is enough to miss a rule.
ENOUGH = re.compile(
    "a |somebody|clerk of (SMS|MLSP)|.* of (SCS|NAT)|(reviewer|agency_admin) of SMS"
)


def faults(matrix, near, methods=("GET", "POST")):
    """Yield what is wrong on the pages of a room, those of the changed module or route first."""
    people = [who for name, who in matrix.people.items() if ENOUGH.match(name)]
    for name in routes_near(near):
        rule = ROUTES[name]
        for place in rule.places(matrix.country):
            for method, who in itertools.product(methods, people):
                _answer, wrong = asking.faults(matrix.country, name, rule, place, who, method)
                yield from wrong


def routes_near(near):
    """The routes of the same room, nearest first; of what all rooms share, all routes."""
    views = {name: pattern.callback.__module__ for name, pattern in asking.routes()}
    room = views.get(near, near).partition(".")[0]
    shared = room not in {view.partition(".")[0] for view in views.values()} or near.count(".") < 2
    far = lambda name: (name != near, views[name] != near)
    inside = [n for n in views if shared or n == near or views[n].partition(".")[0] == room]
    return sorted(inside, key=far)


@pytest.mark.skipif(
    not EVERY, reason="the same cells as in test_matrix; `make mutations` asks them"
)
def test_the_code_alone_keeps_every_agency_apart(matrix):
    """With the second lock open nothing foreign is seen or changed either."""
    with mutations.second_lock_open():
        assert list(faults(matrix, "", asking.METHODS)) == []


@pytest.mark.parametrize("mutant", MUTANTS if EVERY else SAMPLE, ids=lambda mutant: mutant.name)
def test_a_rule_that_is_taken_out_is_missed(matrix, mutant):
    if mutant.name in mutations.NOT_BY_THE_MATRIX:
        pytest.xfail(mutations.NOT_BY_THE_MATRIX[mutant.name])
    with mutations.second_lock_open(), mutant.applied():
        assert next(faults(matrix, mutant.module), None), mutant.name
