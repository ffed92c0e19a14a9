"""Administrators manage people and agencies; records are none of their business."""

from agencies import access
from agencies.roles import Permission

HERS = (Permission.MANAGE_PEOPLE, Permission.MANAGE_AGENCIES, Permission.SEE_TOKENS)


def test_the_national_administrator_reaches_every_agency_but_only_for_its_people(
    national_admin, agency, other_agency
):
    assert access.may(national_admin, Permission.MANAGE_PEOPLE, other_agency)
    for permission in Permission:
        if permission not in HERS:
            assert not access.may(national_admin, permission)


def test_an_agency_that_is_added_can_be_managed_on_its_pages(client, national_admin):
    client.force_login(national_admin)
    added = client.post("/people/agencies/", {"code": "NEWA", "en": "New agency"}, follow=True)
    assert added.status_code == 200
    assert added.request["PATH_INFO"] == "/people/invite/NEWA/"
    assert b'value="agency_admin"' in added.content and b'value="clerk"' not in added.content
