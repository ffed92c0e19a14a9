"""Every page, present and future, asked for by the wrong people."""

import itertools
import re

import pytest
from django.urls import URLPattern, URLResolver, get_resolver

from agencies import scope
from records.models import HeldRow, Record, Upload

# Public by decision; everything else must send an anonymous visitor to the login.
PUBLIC = (
    r"^healthz$",
    r"^i18n/",
    r"^accounts/(login|logout|password/reset|reauthenticate|inactive)",
    r"^figures/",
    r"^static/",
)
PARAMETER = re.compile(r"<(?:(\w+):)?(\w+)>")


def routes(patterns, prefix=""):
    for entry in patterns:
        path = prefix + str(entry.pattern).lstrip("^").rstrip("$")
        if isinstance(entry, URLResolver):
            yield from routes(entry.url_patterns, path)
        elif isinstance(entry, URLPattern):
            yield path


ALL = sorted(set(routes(get_resolver().url_patterns)))
PRIVATE = [route for route in ALL if not any(re.match(p, route) for p in PUBLIC)]
WITH_ID = [r for r in PRIVATE if PARAMETER.search(r) and not r.startswith("accounts/")]
MARK = "FOREIGN-7731"


def fill(route, ids):
    def value(match):
        kind, name = match.groups()
        if name in ids:
            return str(ids[name])
        return "1" if kind == "int" else "sms"

    return "/" + PARAMETER.sub(value, route)


@pytest.fixture
def foreign(one_of_each, agency, clerk):
    """Rows of agency SMS that carry a mark nobody else may see, as parameters of addresses."""
    with scope.acting(clerk):
        Upload.objects.update(sheet=MARK, report={"path": "none", "file": {"sheet": MARK}})
        Record.objects.update(record_ref=MARK)
        HeldRow.open_rows.update(raw={"record_ref": MARK})
    rows = {kind: row.pk for kind, row in one_of_each.items()}
    return {
        **rows,
        "submission_id": rows["submission"],
        "upload_id": rows["upload"],
        "verb": "submit",
        "person": clerk.pk,
        "agency": agency.pk,
        "agency_code": agency.code,
        "instrument_code": "SMS-WPF",
        "code": "SMS",
    }


def test_there_are_pages_to_test():
    assert len(PRIVATE) > 15
    assert WITH_ID


@pytest.mark.parametrize("route", PRIVATE)
@pytest.mark.parametrize("method", ["get", "post"])
def test_an_anonymous_person_must_sign_in(client, foreign, route, method):
    response = getattr(client, method)(fill(route, foreign))
    if response.status_code == 405:
        return
    assert response.status_code == 302, route
    assert response["Location"].startswith(("/accounts/login/", "/figures/")), route


@pytest.mark.parametrize(("route", "method"), list(itertools.product(WITH_ID, ["get", "post"])))
def test_an_outsider_learns_nothing(client, foreign, outsider, route, method):
    """For every object id in a URL: the same answer as for an id that does not exist."""
    client.force_login(outsider)
    response = getattr(client, method)(fill(route, foreign))
    body = b"" if response.streaming else response.content
    assert MARK.encode() not in body, route
    named = {name for _kind, name in PARAMETER.findall(route)}
    if named & {"submission_id", "upload_id", "record", "held", "person"}:
        assert response.status_code in (404, 405), route


@pytest.mark.parametrize("route", [r for r in PRIVATE if not PARAMETER.search(r)])
def test_no_list_shows_an_outsider_anything_foreign(client, foreign, outsider, route):
    client.force_login(outsider)
    response = client.get(fill(route, foreign))
    assert response.status_code in (200, 302, 403, 404, 405), route
    assert response.streaming or MARK.encode() not in response.content, route
