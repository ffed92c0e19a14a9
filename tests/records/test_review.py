"""The road of a submission, and who may lead it."""

import pytest

from agencies import access, refusal, scope
from agencies.roles import Role
from jobs.models import Job
from records.models import HeldRow, Submission
from records.review import drawing, profile, steps, submissions
from tests import factories
from tests.cast import make_person

State = Submission.State


@pytest.fixture
def submission(agency, instruments, clerk, reviewer, statistician):
    with scope.acting(clerk):
        yield factories.submission(agency, instruments["SMS-WPF"])


def lead(submission, *verbs):
    """Advance by (verb, person) pairs, with everything a verb may ask for."""
    for verb, person in verbs:
        submissions.advance(submission, verb, by=person, reason="because")
    submission.refresh_from_db()


def test_a_submission_goes_from_clerk_to_reviewer_to_statistics(
    submission, clerk, reviewer, statistician
):
    factories.record(submission)
    lead(submission, ("submit", clerk), ("sign", reviewer), ("accept", statistician))
    assert submission.state == State.ACCEPTED
    assert submission.accepted_version == 1
    assert [p.verb for p in submission.review_steps.all()] == ["submit", "sign", "accept"]


def test_acceptance_asks_for_the_slice_once(submission, clerk, reviewer, statistician):
    factories.record(submission)
    lead(submission, ("submit", clerk), ("sign", reviewer), ("accept", statistician))
    job = Job.objects.get(name="reports.seal")
    assert (job.name, job.agencies) == ("reports.seal", [submission.agency_id])


def test_reopening_raises_the_version_and_keeps_the_accepted_one_in_force(
    submission, clerk, reviewer, statistician
):
    factories.record(submission)
    lead(submission, ("submit", clerk), ("sign", reviewer), ("accept", statistician))
    with pytest.raises(refusal.Refused):  # sealing is not done yet
        submissions.advance(submission, "reopen", by=statistician, reason="because")
    Job.objects.update(state=Job.State.DONE)
    lead(submission, ("reopen", statistician))
    assert (submission.state, submission.version, submission.accepted_version) == ("DRAFT", 2, 1)


@pytest.mark.parametrize("verb", ["return", "reopen"])
def test_going_back_needs_a_reason(submission, verb, clerk, reviewer, statistician):
    factories.record(submission)
    lead(submission, ("submit", clerk), ("sign", reviewer))
    if verb == "reopen":
        lead(submission, ("accept", statistician))
        Job.objects.update(state=Job.State.DONE)
    with pytest.raises(refusal.Refused):
        submissions.advance(submission, verb, by=statistician, reason="  ")


def test_nobody_signs_what_they_submitted(submission, agency):
    both = make_person("both@sms.example", Role.CLERK, agency)
    access.grant(both, Role.REVIEWER, agency)
    factories.record(submission)
    lead(submission, ("submit", both))
    assert "sign" not in submissions.steps_open_to(both, submission)
    with pytest.raises(refusal.Refused):
        submissions.advance(submission, "sign", by=both)


def test_submitting_with_held_rows_needs_their_number(submission, clerk):
    factories.record(submission)
    factories.held_row(submission.agency, submission.instrument, submission=submission)
    with pytest.raises(refusal.Refused):
        submissions.advance(submission, "submit", by=clerk)
    with pytest.raises(refusal.Refused):
        submissions.advance(submission, "submit", by=clerk, held_acknowledged=2)
    submissions.advance(submission, "submit", by=clerk, held_acknowledged=1)


def test_an_empty_submission_says_that_there_is_nothing_to_report(submission, clerk):
    with pytest.raises(refusal.Refused):
        submissions.advance(submission, "submit", by=clerk)
    submissions.advance(submission, "submit", by=clerk, nothing_to_report=True)


def test_of_two_people_one_wins_and_one_is_told(submission, clerk, reviewer):
    factories.record(submission)
    lead(submission, ("submit", clerk), ("sign", reviewer))
    with pytest.raises(refusal.Refused):
        submissions.advance(submission, "sign", by=reviewer)


@pytest.mark.parametrize("state", State.values)
@pytest.mark.parametrize("verb", steps.STEPS)
@pytest.mark.parametrize(
    "role", ["clerk", "reviewer", "statistician", "publisher", "agency_admin", "outsider"]
)
def test_what_is_offered_as_a_button_succeeds_and_nothing_else(
    request, submission, state, verb, role
):
    person = request.getfixturevalue(role)
    factories.record(submission)
    Submission.objects.filter(pk=submission.pk).update(state=state)
    submission.refresh_from_db()
    offered = verb in submissions.steps_open_to(person, submission)
    try:
        submissions.advance(submission, verb, by=person, reason="because")
        succeeded = True
    except (refusal.Refused, access.Denied):
        succeeded = False
    assert offered == succeeded


def test_the_drawing_shows_every_step():
    drawn = drawing.drawing()
    assert all(f": {verb} (" in drawn for verb in steps.STEPS)


@pytest.mark.parametrize("state", State.values)
def test_what_waits_on_the_first_page_is_what_the_buttons_offer(
    submission, clerk, reviewer, statistician, outsider, state
):
    both = make_person("both@sms.example", Role.CLERK, submission.agency)
    access.grant(both, Role.REVIEWER, submission.agency)
    Submission.objects.filter(pk=submission.pk).update(
        state=state, submitted_by=both, signed_by=reviewer
    )
    submission.refresh_from_db()
    for person in (clerk, reviewer, statistician, outsider, both):
        forward = {
            v for v in submissions.steps_open_to(person, submission) if not steps.STEPS[v].reason
        }
        waits = submissions.waiting_for(person).filter(pk=submission.pk).exists()
        assert waits == bool(forward), (state, person)
        assert forward <= {submissions.next_step(submission)}


def test_held_rows_of_many_submissions_are_counted_as_of_each(agency, instruments, clerk):
    """Rows of a submission, rows without a date of files that fed several, and rows of nobody."""
    permits = instruments["SMS-WPF"]
    with scope.acting(clerk):
        months = [factories.submission(agency, permits, f"2026-0{k}") for k in (1, 2, 3, 4)]
        both = factories.upload(agency, permits, clerk, *months[:2])
        again = factories.upload(agency, permits, clerk, months[0])
        for file, month in ((both, months[0]), (both, None), (both, None), (again, None)):
            factories.held_row(agency, permits, file, submission=month)
        factories.held_row(agency, permits, submission=months[2], kind="LATE")
        factories.held_row(agency, permits, again, submission=None, closed_by=both)
        each = {m.pk: HeldRow.open_rows.missing_from(m).errors().count() for m in months}
        assert list(each.values()) == [4, 2, 0, 0]
        assert profile.held_counts(months) == {pk: n for pk, n in each.items() if n}
