"""Administrators manage people and agencies; records are none of their business."""

import pytest

from agencies import access
from agencies.roles import Permission
from tests.test_every_page import MARK, PARAMETER, WITH_ID, fill, foreign  # noqa: F401 - fixture

OF_RECORDS = {"submission_id", "upload_id", "record", "held"}
PAGES = [r for r in WITH_ID if OF_RECORDS & {name for _kind, name in PARAMETER.findall(r)}]


@pytest.mark.parametrize("who", ["national_admin", "agency_admin"])
def test_no_page_of_a_record_opens_to_an_administrator(client, foreign, request, who):  # noqa: F811
    client.force_login(request.getfixturevalue(who))
    assert len(PAGES) > 10
    for route in PAGES:
        for method in ("get", "post"):
            response = getattr(client, method)(fill(route, foreign))
            assert response.status_code in (403, 404, 405), (route, method)
            assert MARK.encode() not in response.content, route


@pytest.mark.parametrize("who", ["national_admin", "agency_admin"])
def test_no_list_shows_an_administrator_a_record(client, foreign, request, who):  # noqa: F811
    client.force_login(request.getfixturevalue(who))
    for address in ("/", "/submissions/", "/uploads/"):
        response = client.get(address, follow=True)
        assert response.status_code in (200, 403), address
        assert MARK.encode() not in response.content, address
        assert f"/submissions/{foreign['submission']}/".encode() not in response.content, address


def test_the_national_administrator_reaches_every_agency_but_only_for_its_people(
    national_admin, agency, other_agency
):
    assert access.may(national_admin, Permission.MANAGE_PEOPLE, other_agency)
    for permission in Permission:
        if permission not in (Permission.MANAGE_PEOPLE, Permission.MANAGE_AGENCIES):
            assert not access.may(national_admin, permission)


def test_an_agency_that_is_added_can_be_managed_on_its_pages(client, national_admin):
    client.force_login(national_admin)
    added = client.post("/people/agencies/", {"code": "NEWA", "en": "New agency"}, follow=True)
    assert added.status_code == 200
    assert added.request["PATH_INFO"] == "/people/invite/NEWA/"
    assert b'value="agency_admin"' in added.content and b'value="clerk"' not in added.content
