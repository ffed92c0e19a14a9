"""What roles cover, when they end, what is copied and handed over, and how a year of access is reviewed."""

from datetime import timedelta

import pytest
from django.core import mail
from django.utils import timezone

from agencies import access, accounts, duties, invitations, people
from agencies.access import Denied
from agencies.coverage import Duties
from agencies.models import AccessReview, AgencyPermission, Duty, Person
from agencies.refusal import Refused
from agencies.roles import Permission, Role
from agencies.scope import acting
from records.models import Upload
from tests import factories
from tests.cast import anew, events, make_person, signed_in

LINK = "http://testserver/"


@pytest.fixture
def colleague(agency):
    return make_person("colleague@sms.example", Role.CLERK, agency)


def to_come(days=10):
    return timezone.localdate() + timedelta(days=days)


def test_duties_apply_at_once_are_logged_and_told(agency, agency_admin, clerk, asylum):
    wanted = Duties(True, frozenset({asylum.pk}))
    assert duties.limit(clerk, wanted, agency=agency, by=agency_admin)
    assert not duties.limit(clerk, wanted, agency=agency, by=agency_admin)
    assert access.may(anew(clerk), Permission.ENTER, agency, asylum.pk)
    assert [e.detail["instruments"] for e in events("duties")] == [["SMS-ZZZ"]]
    assert {clerk.email, agency_admin.email} <= {to for m in mail.outbox for to in m.to}


def test_nobody_widens_her_own_duties_nor_those_of_another_agency(
    agency,
    agency_admin,
    clerk,
    outsider,
    other_agency,
    asylum,
    client,
):
    wanted = Duties(True, frozenset({asylum.pk}))
    with pytest.raises(Refused, match="your own roles"):
        duties.limit(agency_admin, wanted, agency=agency, by=agency_admin)
    with pytest.raises(Denied):
        duties.limit(outsider, Duties(), agency=other_agency, by=agency_admin)
    with pytest.raises(Refused, match="does not deliver"):
        duties.limit(clerk, Duties(True, frozenset({10**9})), agency=agency, by=agency_admin)
    with pytest.raises(Refused, match="at least one"):
        duties.limit(clerk, Duties(False), agency=agency, by=agency_admin)
    assert not Duty.objects.exists()


def test_nothing_is_given_to_a_deactivated_person(agency, agency_admin, clerk, asylum):
    accounts.set_active(clerk, False, agency=agency, by=agency_admin)
    with pytest.raises(Refused, match="is deactivated"):
        duties.limit(clerk, Duties(True, frozenset({asylum.pk})), agency=agency, by=agency_admin)
    with pytest.raises(Refused, match="is deactivated"):
        accounts.change_roles(
            clerk, [Role.CLERK, Role.REVIEWER], agency=agency, by=agency_admin, link_base=LINK
        )
    assert access.roles(clerk, agency) == [Role.CLERK]


def test_a_role_ends_on_its_day_in_running_sessions_too(agency, agency_admin, clerk):
    browser = signed_in(clerk)
    assert browser.get("/submissions/").status_code == 200
    duties.end(clerk, {Role.CLERK: to_come()}, agency=agency, by=agency_admin)
    assert browser.get("/submissions/").status_code == 200
    AgencyPermission.objects.filter(user=clerk).update(ends_on=timezone.localdate())
    assert browser.get("/submissions/").status_code == 403
    assert access.roles(anew(clerk), agency) == []
    assert duties.take_ended() == 1 and duties.take_ended() == 0
    assert not AgencyPermission.objects.filter(user=clerk).exists()
    assert events("roles")[-1].detail == {"taken": ["clerk"], "ended": True}


def test_an_end_lies_ahead_and_leaves_an_administrator(agency, agency_admin, clerk):
    other = make_person("second@sms.example", Role.AGENCY_ADMIN, agency)
    with pytest.raises(Refused, match="day to come"):
        duties.end(clerk, {Role.CLERK: timezone.localdate()}, agency=agency, by=agency_admin)
    duties.end(other, {Role.AGENCY_ADMIN: to_come()}, agency=agency, by=agency_admin)
    with pytest.raises(Refused, match="last administrator"):
        duties.end(agency_admin, {Role.AGENCY_ADMIN: to_come()}, agency=agency, by=anew(other))


def test_a_role_that_ended_excludes_nothing(agency, office, clerk):
    AgencyPermission.objects.filter(user=clerk).update(ends_on=timezone.localdate())
    access.grant(anew(clerk), Role.STATISTICIAN, office)
    assert access.roles(anew(clerk), office) == [Role.STATISTICIAN]


def test_an_invitation_brings_its_instruments(agency, agency_admin, colleague, asylum):
    offer = invitations.invite(
        email="new@sms.example",
        name="New",
        language="tk",
        roles=[Role.CLERK],
        agency=agency,
        by=agency_admin,
        link_base=LINK,
        duties=Duties(False, frozenset({asylum.pk})),
    )
    invitations.accept_without_account(offer)
    person = Person.objects.get(email="new@sms.example")
    assert access.duties(person, agency) == Duties(False, frozenset({asylum.pk}))


def test_the_form_copies_a_colleague_and_saves_nothing_by_it(
    agency,
    agency_admin,
    clerk,
    colleague,
    outsider,
    asylum,
):
    access.limit(clerk, agency, Duties(False, frozenset({asylum.pk})))
    browser = signed_in(agency_admin)
    page = f"/people/person/SMS/{colleague.pk}/"
    ticked = f'value="{asylum.pk}"\n          checked'
    assert ticked not in browser.get(page).content.decode()
    copied = browser.get(f"{page}?like={clerk.pk}").content.decode()
    assert ticked in copied and not Duty.objects.filter(person=colleague).exists()
    for stranger in (outsider.pk, 10**9, "x", "9" * 30):
        assert browser.get(f"{page}?like={stranger}").status_code == 404
    form = {"roles": ["clerk"], "covers": "1", "instruments": [asylum.pk], "ends_clerk": ""}
    browser.post(page, form)
    assert access.duties(anew(colleague), agency) == Duties(False, frozenset({asylum.pk}))
    assert browser.post(page, {**form, "ends_clerk": "2026-02-30"}).status_code == 400
    browser.post(page, {**form, "ends_clerk": str(to_come())})
    assert AgencyPermission.objects.get(user=colleague).ends_on == to_come()


def test_before_an_account_is_stopped_one_sees_what_is_open_and_hands_it_over(
    agency,
    agency_admin,
    clerk,
    colleague,
    ordinary,
):
    from records.models import Handling
    from records.review import handlings

    with acting(clerk):
        month = factories.submission(agency, ordinary)
        handlings.note(Handling.Deed.ENTER, month, by=clerk)
        file = factories.upload(agency, ordinary, clerk, state=Upload.State.NEEDS_ANSWERS)
        factories.held_row(agency, ordinary, file)
    browser = signed_in(agency_admin)
    page = f"/people/person/SMS/{clerk.pk}/deactivate/"
    shown = browser.get(page).content.decode()
    assert "draft: Work permits" in shown and "1 held row" in shown and "a file with quest" in shown
    access.limit(colleague, agency, Duties(False, frozenset({10**9})))
    refused = browser.post(page, {"heir": colleague.pk})
    assert refused.status_code == 409 and "do not cover this" in refused.content.decode()
    assert Person.objects.get(pk=clerk.pk).is_active
    access.limit(colleague, agency, Duties())
    assert browser.post(page, {"heir": "x"}).status_code == 404
    assert browser.post(page, {"heir": colleague.pk}).status_code == 302
    assert not Person.objects.get(pk=clerk.pk).is_active
    told = [m for m in mail.outbox if m.to == [colleague.email]][-1]
    assert "draft: Work permits" in told.body
    assert len(events("hand_over")[0].detail["work"]) == 3


def test_the_list_is_searched_limited_and_sorted(agency, agency_admin, clerk, colleague):
    browser = signed_in(agency_admin)
    Person.objects.filter(pk=clerk.pk).update(name="Aýna Nuryýeva")
    found = browser.get("/people/?q=AYNA").content.decode()
    assert "Aýna Nuryýeva" in found and "colleague@" not in found
    found = browser.get("/people/?role=agency_admin&sort=last").content.decode()
    assert agency_admin.email in found and "colleague@" not in found
    assert "Nobody fits" in browser.get("/people/?state=limited").content.decode()
    for wish in ("role=x", "sort=name;drop", "role=clerk&state=nobody"):
        assert browser.get(f"/people/?{wish}").status_code == 404
    assert browser.get("/people/?q=%25&page=99999999999999999999").status_code == 200


def test_a_review_takes_what_was_not_kept_and_is_signed(agency, agency_admin, clerk, colleague):
    joined = timezone.now() - timedelta(days=400)
    Person.objects.update(joined_at=joined)
    browser = signed_in(agency_admin)
    assert "have not been reviewed for a year" in browser.get("/people/").content.decode()
    form = {"person": [clerk.pk, colleague.pk], f"keep_{clerk.pk}": ["clerk"]}
    browser.post("/people/review/SMS/", form)
    assert not AccessReview.objects.exists()  # not signed
    browser.post("/people/review/SMS/", {**form, "signed": "on"})
    assert access.roles(anew(clerk), agency) == [Role.CLERK]
    assert access.roles(anew(colleague), agency) == []
    rows = {r.person_id: (r.kept, r.taken, r.by) for r in AccessReview.objects.all()}
    assert rows[clerk.pk] == (["clerk"], [], agency_admin)
    assert rows[colleague.pk] == ([], ["clerk"], agency_admin)
    assert not any(a.to_review for a in people.accounts_of(agency) if a.person == clerk)


def test_a_review_reaches_neither_oneself_nor_strangers(agency, agency_admin, clerk, outsider):
    for pk in (agency_admin.pk, outsider.pk):
        with pytest.raises(Refused, match="changed meanwhile"):
            people.review(agency, {pk: set()}, by=agency_admin, link_base=LINK)
    with pytest.raises(Denied):
        people.review(agency, {clerk.pk: set()}, by=outsider, link_base=LINK)
    assert access.roles(anew(clerk), agency) == [Role.CLERK]


def test_a_review_that_cannot_be_takes_nothing_and_logs_nothing(
    agency, agency_admin, clerk, national_admin
):
    other = make_person("second@sms.example", Role.AGENCY_ADMIN, agency)
    taken = {pk: set() for pk in (other.pk, agency_admin.pk)}
    with pytest.raises(Refused, match="last administrator"):
        people.review(agency, taken, by=national_admin, link_base=LINK)
    assert len(access.holders(Role.AGENCY_ADMIN)[agency]) == 2
    assert events("roles") == [] and not AccessReview.objects.exists()


def test_a_form_that_is_refused_changes_nothing_of_it(agency, agency_admin, clerk, asylum):
    page = f"/people/person/SMS/{clerk.pk}/"
    form = {"roles": ["reviewer", "clerk"], "covers": "1", "instruments": [asylum.pk]}
    browser = signed_in(agency_admin)
    yesterday = str(timezone.localdate() - timedelta(days=1))
    for wrong in ({"ends_clerk": yesterday}, {"instruments": [10**9]}, {"instruments": []}):
        assert browser.post(page, {**form, **wrong})["Location"] == page
    assert not Duty.objects.exists() and not events("duties", "roles", "invite")
    assert access.roles(anew(clerk), agency) == [Role.CLERK]
