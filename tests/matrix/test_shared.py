"""The matrix of a shared site: what everybody reads on a public one, only people with an account read here."""

from dataclasses import replace

import pytest
from django.test import override_settings

from tests.matrix import asking
from tests.matrix.rules import ROUTES

pytestmark = pytest.mark.django_db
FIGURES = [n for n, rule in ROUTES.items() if rule.is_public and n.startswith("reports:")]
# They tell no figure: what crawlers may ask, leaving a subscription or reminders, and a calendar's secret address.
OPEN = {n for n, pattern in asking.routes() if getattr(pattern.callback, "always_open", False)}


@pytest.fixture
def shared():
    with override_settings(FIGURES_ARE_PUBLIC=False):
        yield


def test_few_addresses_of_reports_are_open_on_every_site():
    assert {n for n in OPEN if n.startswith("reports:")} == {
        "reports:glossary",
        "reports:robots",
        "reports:unsubscribe",
    }


@pytest.mark.parametrize("name", sorted(set(FIGURES) - OPEN))
def test_figures_of_a_shared_site_are_for_people_who_signed_in(matrix, shared, name):
    """Everybody asks to read; by all methods ask visitors and one person of those with an account.

    What else methods and places differ in for them, the matrix of a public site shows.
    """
    rule = ROUTES[name]
    private = replace(rule, is_public=False)
    wrong = []
    proven = next(p for p in matrix.people.values() if p.signed_in and not p.lacks_factor)
    for turn, who in enumerate(matrix.people.values()):
        asks_all = who is proven or who.lacks_factor or not who.signed_in
        for place, method in asking.cells(matrix.country, rule, None if asks_all else turn):
            if who.signed_in:
                if method != "GET" and not asks_all:
                    continue
                _answer, faults = asking.faults(matrix.country, name, private, place, who, method)
                wrong += faults
            elif method in ("GET", "HEAD"):
                answer = asking.ask(matrix.country, name, rule, place, who, method)
                led = answer.status == 302 and answer.location.startswith(asking.SIGN_IN)
                told = answer.status == 401 and "Cookie" in answer.headers["WWW-Authenticate"]
                if not (led or told) or answer.changed:
                    wrong.append(f"{method} {place} by {who.name}: {answer.status}")
                if answer.headers.get("Cache-Control") != "no-store":
                    wrong.append(f"{method} {place}: may be stored")
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("name", sorted(OPEN))
def test_what_tells_no_figure_stays_open(matrix, shared, name):
    wrong = []
    for who in matrix.people.values():
        for place, method in asking.cells(matrix.country, ROUTES[name]):
            wrong += asking.faults(matrix.country, name, ROUTES[name], place, who, method)[1]
    assert not wrong, "\n".join(wrong)


def test_programs_hear_401_in_json_and_people_come_to_the_sign_in(matrix, shared):
    who = next(p for p in matrix.people.values() if not p.signed_in)
    of = {n: asking.ask(matrix.country, n, ROUTES[n], ROUTES[n].places(matrix.country)[0], who, "GET")
          for n in ("reports:api_datasets", "reports:data_file", "reports:dashboard")}  # fmt: skip
    assert of["reports:api_datasets"].status == 401
    assert of["reports:api_datasets"].headers["Content-Type"] == "application/json"
    assert of["reports:data_file"].status == 401
    assert b"Sign in first" in of["reports:data_file"].body
    assert of["reports:dashboard"].location == "/accounts/login/?next=/figures/"
