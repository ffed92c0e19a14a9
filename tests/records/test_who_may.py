"""Rules that a page and its verb both ask, asked of each alone; and what only the content of an answer shows."""

from datetime import date

import pytest

from agencies import access, scope
from agencies.access import Denied
from agencies.roles import Role
from migdata.server import admission
from records.collection import quotas, uploads
from records.review import opening, shared_numbers, submissions
from standards import periods
from tests import factories
from tests.cast import anew, events, make_person, signed_in

MONTH = periods.last_periods("M", date.today(), 1)[0]  # noqa: DTZ011 - any recent month will do


def home_of(person):
    return signed_in(person).get("/")


def test_nobody_sends_a_file_for_another_agency(instruments, agency, outsider):
    with scope.acting(outsider), pytest.raises(Denied):
        uploads.receive(
            [b"a,b\n"],
            agency=agency,
            instrument=instruments["SMS-WPF"],
            file_name="a.csv",
            by=outsider,
        )


def test_nobody_begins_a_period_of_another_agency(instruments, agency, outsider):
    with scope.acting(outsider), pytest.raises(Denied):
        opening.begin(MONTH, agency=agency, instrument=instruments["SMS-WPF"], by=outsider)


def test_the_room_of_other_agencies_is_no_room(instruments, agency, other_agency, clerk, settings):
    settings.UPLOADS_WAITING = {"person": 1 << 40, "agency": 1}
    instruments["SMS-WPF"].agencies.add(other_agency)
    with scope.acting(clerk):
        factories.upload(agency, instruments["SMS-WPF"], clerk)
        with pytest.raises(quotas.OverQuota):
            quotas.room_for(clerk, 10)


def test_numbers_in_common_are_told_to_those_who_accept(instruments, agency, clerk, statistician):
    with scope.acting(clerk):
        submission = factories.submission(agency, instruments["SMS-WPF"], MONTH, state="SIGNED")
        assert shared_numbers.told_to(clerk, submission) == []
    with scope.acting(statistician):
        assert shared_numbers.told_to(statistician, submission) != []  # a query, whatever it finds


def test_why_somebody_is_barred_is_told_to_those_who_could_do_the_step(
    instruments, agency, clerk, reviewer
):
    with scope.acting(clerk):
        submission = factories.submission(
            agency, instruments["SMS-WPF"], MONTH, state="SUBMITTED", submitted_by=clerk
        )
        assert submissions.bar(clerk, submission) == ""
        access.grant(clerk, Role.REVIEWER, agency)
        assert submissions.bar(anew(clerk), submission) != ""


def test_a_file_is_offered_a_place_only_to_those_who_enter(instruments, viewer, clerk):
    assert admission.allowance("/uploads/new", lambda: clerk) > 1 << 20
    with pytest.raises(admission.NotAdmitted) as refusal:
        admission.allowance("/uploads/new", lambda: viewer)
    assert refusal.value.status == 403


@pytest.mark.parametrize(
    ("who", "desk"),
    [
        ("agency_admin", "/people/"),
        ("national_admin", "/people/agencies/"),
        ("viewer", "/figures/"),
        ("publisher", "/releases/"),
    ],
)
def test_who_has_nothing_to_do_here_is_led_to_her_own_desk(request, who, desk):
    assert home_of(request.getfixturevalue(who))["Location"] == desk


def test_a_reviewer_for_whom_nothing_waits_stays(reviewer):
    assert home_of(reviewer).status_code == 200


def test_questions_of_a_file_wait_for_those_who_may_answer_them(
    instruments, agency, clerk, reviewer, outsider
):
    with scope.acting(clerk):
        factories.upload(agency, instruments["SMS-WPF"], clerk, state="NEEDS_ANSWERS")
    asks = "Questions about its columns or values are open"
    assert asks in home_of(clerk).content.decode()
    colleague = make_person("colleague@sms.example", Role.CLERK, agency)
    assert asks in home_of(colleague).content.decode()
    for other in (reviewer, outsider):
        assert asks not in home_of(other).content.decode()


@pytest.mark.django_db(transaction=True)
def test_who_asks_for_a_submission_of_another_agency_by_its_number_is_told_nothing_and_logged(
    instruments, agency, clerk, outsider
):
    with scope.acting(clerk):
        submission = opening.begin(
            MONTH, agency=agency, instrument=instruments["SMS-WPF"], by=clerk
        )
    address = f"/submissions/{submission.pk}/"
    assert signed_in(outsider).get(address).status_code == 404
    assert [(e.person, e.name) for e in events("denied")] == [(outsider.email, address)]
    assert signed_in(outsider).get(f"/submissions/{submission.pk}/impact").status_code in (403, 404)
    assert len(events("denied")) == 2
    assert signed_in(clerk).get(address).status_code == 200
    assert signed_in(clerk).get(f"/submissions/{submission.pk + 1}/").status_code == 404
    assert signed_in(clerk).get("/held/987654/").status_code == 404
    assert len(events("denied")) == 2, "what is not there is nobody's"
