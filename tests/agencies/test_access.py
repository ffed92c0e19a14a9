"""Who may do what, and that the answer follows the grants though they are read once."""

import pytest
from django.contrib.auth.models import AnonymousUser
from django.contrib.auth.models import Permission as StoredPermission

from agencies import access, scope
from agencies.models import Agency, AgencyPermission
from agencies.roles import ROLES, Permission, Role
from records.models import Submission
from tests.cast import anew


def test_all_questions_about_a_person_take_one_query(clerk, agency, django_assert_num_queries):
    person = anew(clerk)
    with django_assert_num_queries(1):
        assert access.may(person, Permission.ENTER)
        assert access.may(person, Permission.ENTER, agency)
        assert not access.may(person, Permission.SIGN, agency)
        assert access.roles(person, agency) == [Role.CLERK]
        assert not access.is_national(person)
        assert access.agency_ids(person, Permission.SEE_RECORDS) == [agency.pk]
        assert list(access.holdings(person)) == [agency]


def test_a_role_that_is_given_or_taken_counts_at_once(clerk, agency, other_agency):
    assert not access.may(clerk, Permission.SIGN, agency)
    access.grant(clerk, Role.REVIEWER, agency)
    access.grant(clerk, Role.CLERK, other_agency)
    assert access.roles(clerk, agency) == [Role.CLERK, Role.REVIEWER]
    assert set(access.agencies(clerk, Permission.ENTER)) == {agency, other_agency}
    access.revoke(clerk, Role.CLERK, agency)
    assert not access.may(clerk, Permission.ENTER, agency)
    assert list(access.agencies(clerk, Permission.ENTER)) == [other_agency]


def test_who_is_loaded_anew_or_refreshed_holds_what_was_given_elsewhere(clerk, agency):
    assert not access.may(clerk, Permission.SIGN)
    access.grant(anew(clerk), Role.REVIEWER, agency)
    assert not access.may(clerk, Permission.SIGN)  # for the rest of this request
    assert access.may(anew(clerk), Permission.SIGN)
    clerk.refresh_from_db()
    assert access.may(clerk, Permission.SIGN)


def test_the_next_request_knows_a_role_that_was_taken(client, clerk, agency):
    client.force_login(clerk)
    assert client.get("/uploads/").status_code == 200
    access.revoke(clerk, Role.CLERK, agency)
    assert client.get("/uploads/").status_code == 403


def test_a_national_role_reaches_every_agency_and_a_later_one(statistician, agency, other_agency):
    assert access.may(statistician, Permission.ACCEPT, agency)
    assert set(access.agencies(statistician, Permission.ACCEPT)) == set(Agency.objects.all())
    later = Agency.objects.create(code="NEW", names={})
    assert later.pk in access.agency_ids(statistician, Permission.ACCEPT)
    assert access.is_national(statistician)


def test_agencies_filter_rows(one_of_each, agency, clerk, outsider, statistician):
    for person, count in ((clerk, 1), (outsider, 0), (statistician, 1)):
        with scope.acting(clerk):  # the filter alone, not row-level security
            assert Submission.objects.visible_to(person).count() == count


def test_nobody_holds_anything_without_signing_in(agency):
    nobody = AnonymousUser()
    assert access.holdings(nobody) == {} and not access.is_national(nobody)
    assert not any(access.may(nobody, permission) for permission in Permission)
    assert not access.agencies(nobody).exists()


def test_a_grant_of_a_role_that_is_no_longer_in_the_table_permits_nothing(viewer, agency):
    stored = StoredPermission.objects.get(codename="clerk")
    stored.pk, stored.codename = None, "abolished"
    stored.save()
    AgencyPermission.objects.create(user=viewer, permission=stored, content_object=agency)
    assert access.roles(anew(viewer), agency) == []
    assert not access.may(anew(viewer), Permission.ENTER)


@pytest.mark.parametrize("permission", Permission)
def test_a_person_may_what_one_of_her_roles_permits_and_nothing_else(request, permission):
    for role in ROLES:
        person = request.getfixturevalue(role.value)
        assert access.may(person, permission) == (permission in role.permissions), role


def test_members_and_holders_are_those_who_hold_roles_now(agency, clerk, reviewer, outsider):
    access.grant(outsider, Role.CLERK, agency)
    assert dict(access.members(agency)) == {
        clerk: [Role.CLERK],
        reviewer: [Role.REVIEWER],
        outsider: [Role.CLERK],
    }
    clerk.is_active = False
    clerk.save()
    assert access.holders(Role.CLERK)[agency] == [outsider]
    assert clerk in dict(access.members(agency))
