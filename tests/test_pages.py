"""Every page, asked for by those who may, in three languages, with real content."""

import itertools

import pytest
from django.utils import translation

from agencies import scope
from agencies.models import Agency
from records.collection import own_lists
from records.models import HeldRow, Record, Submission, Upload
from reports.models import Release
from tests import world
from tests.cast import signed_in
from tests.routes import PARAMETER, routes

LANGUAGES = ("en", "ru", "tk")
DATES = ("calendar", "inbox", "due-dates", "punctuality", "holidays")
# Where a page is asked for: who may, and what its parameters are taken from.
READERS = {
    "clerk@sms.example": (
        *("submissions", "uploads", "layouts", "own-lists", "records", "held", "instruments", ""),
        *("practice", "proposals"),
        *DATES,
    ),
    "reviewer@sms.example": ("submissions", "uploads", "held", "instruments", ""),
    "statistician@scs.example": (
        *("submissions", "instruments", "provenance", "disclosure", ""),
        *("code-lists", "words", "site", "proposals"),
        *DATES,
    ),
    "publisher@scs.example": ("releases", "submissions", ""),
    "admin@sms.example": ("people", "numbering", "typing", ""),
    "admin@national.example": ("people", ""),
    "viewer@parl.example": ("figures", "subscriptions", ""),
}


@pytest.fixture
def country(transactional_db):
    world.build()
    clerk = world.person("clerk@sms.example")
    with scope.acting(clerk):
        agency = Agency.objects.get(code="SMS")
        own = own_lists.save(agency, "Visas", "countries", {"643": "RUS"}, by=clerk)
        open_one = Submission.objects.get(period=world.MONTHS[2])
        return {
            "submission_id": open_one.pk,
            "upload_id": Upload.objects.latest("pk").pk,
            "record": Record.objects.filter(submission=open_one)[0].pk,
            "held": HeldRow.open_rows.filter(submission=open_one)[0].pk,
            "instrument_code": "SMS-WPF",
            "agency_code": "SMS",
            "agency": "SMS",
            "period": world.MONTHS[2],
            "person": clerk.pk,
            "own_list": own.pk,
            "pk": Release.objects.get().pk,
            "release": str(Release.objects.get()),
            "name": "core",
            "code": "T14",
            "dataset": "WPF",
            "indicator": "G1",
            "indicator_set": "gcm",
            "row": "work_permits",
            "suffix": "csv",
            "kind": "trend",
            "width": "large",
            "theme": "light",
            "form": "txt",
        }


def pages():
    from django.urls import get_resolver

    every = set(routes(get_resolver().url_patterns))
    return sorted(
        r
        for r in every
        if not r.startswith(("accounts/", "i18n/", "healthz", "api/v1/")) and "<path:" not in r
    )


def address(route, ids):
    if route.startswith("code-lists/"):
        ids = {**ids, "name": "regions", "code": "TM-S"}
    return "/" + PARAMETER.sub(lambda found: str(ids.get(found[2], "x")), route)


def test_every_page_answers_those_who_may_in_three_languages(country):
    failed, seen = [], set()
    for (email, areas), language in itertools.product(READERS.items(), LANGUAGES):
        client = signed_in(world.person(email), language)
        for route in pages():
            if route.split("/")[0] not in areas:
                continue
            response = client.get(address(route, country))
            if response.status_code in (403, 404, 405):  # verbs are posted; somebody else's page
                continue
            seen.add(route)
            is_page = response.headers["Content-Type"].startswith("text/")
            body = response.content if is_page and not response.streaming else b""
            if response.status_code not in (200, 302) or b"{%" in body:
                failed.append((email, route, language, response.status_code))
    assert failed == []
    shown = {r for r in pages() if r.endswith(("/", "<slug:suffix>", "svg"))}
    # Verbs, and what only a letter leads to (tests/agencies/test_invitations.py, tests/reports/test_subscription.py,
    # tests/records/test_inbox.py).
    verbs = (
        *("releases/build", "submissions/begin", "people/invitation", "people/changes"),
        "people/tokens/<int",
        *("subscriptions/end", "inbox/end"),
        *("practice/as", "practice/leave", "practice/reset"),
    )
    posted = {r for r in shown if "verb" in r or r.startswith(verbs)}
    assert shown - posted - seen == set()


def test_a_page_speaks_one_language_only(country):
    """No English sentence of ours is left on a page in Russian or Turkmen."""
    left = {}
    for language in ("ru", "tk"):
        with translation.override(language):
            for email, path in (("clerk@sms.example", "/"), ("viewer@parl.example", "/figures/")):
                body = signed_in(world.person(email), language).get(path).content.decode()
                left[language, path] = [
                    word for word in ("Women", "Total", "Sign out", "waits", "Show") if word in body
                ]
    assert {key: words for key, words in left.items() if words} == {}


def test_no_list_asks_the_database_once_a_row(country, django_assert_max_num_queries):
    for email, path in (
        ("clerk@sms.example", "/"),
        ("clerk@sms.example", "/submissions/"),
        ("clerk@sms.example", "/uploads/"),
        ("clerk@sms.example", "/records/?of=SMS/SMS-WPF"),
        ("clerk@sms.example", f"/submissions/{country['submission_id']}/held"),
        ("admin@sms.example", "/people/"),
        ("viewer@parl.example", "/figures/"),
    ):
        client = signed_in(world.person(email))
        client.get(path)  # what is remembered for good is asked once
        with django_assert_max_num_queries(45):
            assert client.get(path).status_code == 200, path
