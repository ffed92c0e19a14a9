"""What the pages of people show and offer to the administrator of an agency, and what only to a national one."""

import pytest

from agencies import access, invitations
from agencies.access import Denied
from agencies.models import Invitation
from agencies.roles import Role
from tests.agencies.test_invitations import invite
from tests.cast import anew, signed_in

NATIONAL = 'href="/people/agencies/"'


def page(person, address="/people/"):
    return signed_in(person).get(address).content.decode()


def test_a_proposal_is_approved_by_national_administrators_alone(
    agency_admin, agency, national_admin
):
    offer = invite(national_admin, agency, Role.AGENCY_ADMIN, email="proposed@sms.example")
    assert offer.state == Invitation.State.PROPOSED
    with pytest.raises(Denied):
        invitations.approve(offer, by=agency_admin, link_base="http://testserver/")


def test_who_manages_two_agencies_chooses_between_them_and_is_offered_no_others(
    agency_admin, other_agency, national_admin
):
    access.grant(agency_admin, Role.AGENCY_ADMIN, other_agency)
    own = page(anew(agency_admin))
    assert "?agency=MLSP" in own and NATIONAL not in own
    assert NATIONAL in page(national_admin)


def test_after_a_change_each_administrator_is_back_at_her_own_list(
    agency_admin, agency, national_admin
):
    for by, back in ((agency_admin, "/people/?agency=SMS"), (national_admin, "/people/agencies/")):
        offer = invite(by, agency, Role.AGENCY_ADMIN, email=f"from.{by.pk}@sms.example")
        answer = signed_in(by).post(f"/people/invitations/{offer.pk}/change/", {"verb": "withdraw"})
        assert answer["Location"] == back


def test_that_something_waits_for_a_second_is_told_to_national_administrators_alone(
    agency_admin, agency, national_admin
):
    invite(national_admin, agency, Role.AGENCY_ADMIN, email="proposed@sms.example")
    assert "waits for approval" in page(national_admin, "/people/?agency=SMS")
    assert "waits for approval" not in page(agency_admin)
    form = {"name": "N", "email": "new@sms.example", "roles": ["clerk"], "language": "en"}
    said = signed_in(agency_admin).post("/people/invite/SMS/", form, follow=True)
    assert "N is invited." in said.content.decode()
