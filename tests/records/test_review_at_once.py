"""People of review and people of entry at the same time: one wins, the others are told."""

import pytest

from agencies import access, scope
from agencies.refusal import Refused
from agencies.roles import Role
from records.collection import entry
from records.models import Record, Submission
from records.review import handlings, submissions
from tests import factories
from tests.cast import make_person
from tests.records import files
from tests.records.files import WPF, plain, table
from tests.records.test_two_at_once import at_once

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def month(agency, instruments, clerk, statistician):
    with scope.acting(clerk):
        month = factories.submission(agency, instruments["SMS-WPF"])
        factories.record(month, "first")
    return month


def advance(month, verb, person):
    def act():
        with scope.acting(person):
            submissions.advance(Submission.objects.get(pk=month.pk), verb, by=person)
        return verb

    return act


@pytest.mark.parametrize("verb", ["submit", "sign"])
def test_of_ten_people_at_once_one_leads_a_submission_on(verb, month, agency, clerk):
    role = {"submit": Role.CLERK, "sign": Role.REVIEWER}[verb]
    people = [make_person(f"p{k}@sms.example", role, agency) for k in range(10)]
    if verb == "sign":
        advance(month, "submit", clerk)()
    results = at_once(*(advance(month, verb, person) for person in people))
    assert results.count(verb) == 1
    assert all(isinstance(other, Refused) for other in results if other != verb)
    with scope.acting(clerk):
        steps = Submission.objects.get().review_steps
        assert steps.filter(verb=verb).count() == 1


def test_a_row_that_is_typed_while_somebody_submits_bars_who_typed_it(month, agency, clerk):
    """Either the row is in and the hand is known, or the row came too late: never a row without its hand."""
    both = make_person("both@sms.example", Role.CLERK, agency)
    access.grant(both, Role.REVIEWER, agency)

    def type_row():
        with scope.acting(both):
            return entry.save(WPF, agency=agency, instrument=month.instrument, by=both).record

    at_once(advance(month, "submit", clerk), type_row)
    with scope.acting(clerk):
        typed = Record.objects.filter(record_ref=WPF["record_ref"]).exists()
        assert typed == (both.pk in handlings.people(Submission.objects.get()))


def test_the_same_file_of_two_agencies_is_taken_in_for_each_and_tells_neither(
    instruments, agency, clerk, other_agency, outsider
):
    content = plain(table(3))
    reports = []
    for delivering, by in ((agency, clerk), (other_agency, outsider)):
        upload = files.send(content, by=by, agency=delivering, instrument=instruments["SMS-WPF"])
        reports.append((upload.state, upload.reason, upload.report["rows"]["accepted"]))
    assert reports == [("COMMITTED", "", 3)] * 2
    with scope.working([agency.pk, other_agency.pk]):
        assert Record.objects.count() == 6
