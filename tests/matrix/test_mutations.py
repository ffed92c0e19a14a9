"""Taking one rule out of the portal makes the permission matrix fail.

All of them are tried by `make mutations`; a few of each kind wherever the tests run.
"""

import itertools
import os
import re
import sys
from types import ModuleType
from zlib import crc32

import pytest

from tests.matrix import asking, mutations
from tests.matrix.country import CLOSED
from tests.matrix.rules import ROUTES

pytestmark = pytest.mark.django_db
MUTANTS = [m for m in mutations.mutants() if m.name not in mutations.BY_TEST]
EVERY = os.environ.get("MUTATIONS") == "all"
# A twelfth, chosen by name: a rule that is added elsewhere changes nothing about the others.
SAMPLE = [m for m in MUTANTS if crc32(m.name.encode()) % 12 == 0]
SHARED = (
    "agencies.access",
    "agencies.navigation",
    "agencies.scope",
    "agencies.middleware",
    "django.",
)
ENOUGH = re.compile(
    "a |somebody|clerk of (SMS|MLSP)|.* of (SCS|NAT)|(reviewer|agency_admin) of SMS"
)


def faults(matrix, near):
    """Yield what is wrong on the pages of a room, those of the changed module or route first."""
    people = [who for name, who in matrix.people.items() if ENOUGH.match(name)]
    programs = [*matrix.programs.values(), *(who for who in people if not who.permissions)]
    for name in routes_near(near):
        rule = ROUTES[name]
        methods = asking.METHODS if name == near else sorted(rule.methods & {"GET", "POST"})
        places = [p for p in rule.places(matrix.country) if p.agency != CLOSED][:12]
        identities = programs if rule.is_by_token else people
        for place, method, who in itertools.product(places, methods, identities):
            _answer, wrong = asking.faults(matrix.country, name, rule, place, who, method)
            yield from wrong


def routes_near(near):
    """The routes of the same room, nearest first; of what all rooms share, all routes.

    Nearest are the route itself, the views of the same module, and views of modules that import it.
    """
    views = {name: pattern.callback.__module__ for name, pattern in asking.routes()}
    module = views.get(near, near)
    room = module.partition(".")[0]
    shared = module.startswith(SHARED) or room not in {v.partition(".")[0] for v in views.values()}
    inside = [n for n in views if shared or views[n].partition(".")[0] == room]
    users = {view for view in set(views.values()) if imports(view, module)}
    return sorted(
        inside, key=lambda name: (name != near, views[name] != module, views[name] not in users)
    )


def imports(name, other):
    """Say whether a module has another one, or something of it, among its names."""
    return other in map(_module_of, vars(sys.modules[name]).values())


def _module_of(value):
    return value.__name__ if isinstance(value, ModuleType) else getattr(value, "__module__", None)


@pytest.mark.skipif(
    not EVERY, reason="the same cells as in test_matrix; `make mutations` asks them"
)
def test_the_code_alone_keeps_every_agency_apart(matrix):
    """With the second lock open nothing foreign is seen or changed either."""
    with mutations.second_lock_open():
        wrong = [
            fault
            for name, rule in ROUTES.items()
            for place, method in asking.cells(matrix.country, rule)
            for who in matrix.people.values()
            if method in rule.methods
            for fault in asking.faults(matrix.country, name, rule, place, who, method)[1]
        ]
        assert not wrong, "\n".join(wrong)


def test_rules_that_a_test_of_their_own_sees_are_there():
    assert set(mutations.BY_TEST) <= {m.name for m in mutations.mutants()}


@pytest.mark.parametrize("mutant", MUTANTS if EVERY else SAMPLE, ids=lambda mutant: mutant.name)
def test_a_rule_that_is_taken_out_is_missed(matrix, mutant):
    with mutations.second_lock_open(), mutant.applied():
        assert next(faults(matrix, mutant.module), None), mutant.name
