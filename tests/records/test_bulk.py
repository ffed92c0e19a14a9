"""Signing and accepting many: the exact count first, the same rules for each, reasons for what stays."""

import pytest

from agencies import access, scope
from agencies.roles import Role
from records.models import ReviewStep, Submission
from records.review import bulk, counting, profile, submissions
from tests import factories
from tests.cast import make_person, signed_in

MONTHS = ("2026-01", "2026-02", "2026-03", "2026-04")


@pytest.fixture
def submitted(instruments, agency, clerk):
    """Four months of work permits that are submitted."""
    with scope.acting(clerk):
        for month in MONTHS:
            made = factories.submission(agency, instruments["SMS-WPF"], month)
            factories.record(made, event_date=f"{month}-05")
            submissions.advance(made, "submit", by=clerk)
    return list(Submission.objects.values_list("pk", flat=True))


def states(person):
    with scope.acting(person):
        return list(Submission.objects.order_by("period").values_list("state", flat=True))


def test_first_the_count_is_shown_then_each_goes_through_the_verb(
    submitted, reviewer, statistician
):
    desk = signed_in(reviewer)
    page = desk.get("/submissions/sign/")
    assert "Sign: 4 submissions" in page.content.decode()
    assert page.context["agencies"] == [("SMS", 4)]
    assert states(reviewer) == ["SUBMITTED"] * 4  # looking changes nothing
    few = desk.get("/submissions/sign/?period=2026-02")
    ids = [submission.pk for submission in few.context["able"]]
    assert len(ids) == 1
    desk.post("/submissions/sign/", {"submission": ids})
    assert states(reviewer) == ["SUBMITTED", "SIGNED", "SUBMITTED", "SUBMITTED"]
    office = signed_in(statistician)
    ids = [submission.pk for submission in office.get("/submissions/accept/").context["able"]]
    office.post("/submissions/accept/", {"submission": ids})
    with scope.acting(statistician):
        assert ReviewStep.objects.filter(verb="accept", by=statistician).count() == 1


def test_what_one_may_not_sign_is_named_with_the_reason(
    submitted, reviewer, clerk, instruments, agency
):
    both = make_person("both@sms.example", Role.REVIEWER, agency)
    access.grant(both, Role.CLERK, agency)
    with scope.acting(both):
        own = factories.submission(agency, instruments["SMS-WPF"], "2026-05")
        factories.record(own)
        submissions.advance(own, "submit", by=both)
    page = signed_in(both).get("/submissions/sign/")
    assert len(page.context["able"]) == 4
    assert [s for s, _why in page.context["refused"]] == [own]
    assert "Another person must do this" in page.content.decode()
    answer = signed_in(both).post(
        "/submissions/sign/", {"submission": [own.pk, *submitted]}, follow=True
    )
    text = answer.content.decode()
    assert "4 submissions: signed." in text
    assert "SMS SMS-WPF 2026-05: You submitted or signed this yourself." in text


def test_what_moved_on_meanwhile_does_not_stop_the_others(submitted, reviewer):
    with scope.acting(reviewer):
        first, *_others = listed = list(Submission.objects.order_by("pk"))
        submissions.advance(first, "return", by=reviewer, reason="Look again.")
        outcome = bulk.advance_all(listed, "sign", by=reviewer)
    assert [s.pk for s, _why in outcome.refused] == [first.pk]
    assert len(outcome.able) == 3


def test_foreign_and_forged_ids_are_nowhere_and_change_nothing(
    submitted, reviewer, outsider, clerk
):
    for ids in (submitted, [*submitted, 10**12], ["x"], ["9" * 30]):
        assert (
            signed_in(outsider).post("/submissions/sign/", {"submission": ids}).status_code == 404
        )
    mixed = {"submission": [*submitted, 10**12]}
    assert signed_in(reviewer).post("/submissions/sign/", mixed).status_code == 404
    assert signed_in(clerk).post("/submissions/sign/", {"submission": submitted}).status_code == 403
    assert states(clerk) == ["SUBMITTED"] * 4


def test_the_confirmation_asks_as_many_questions_for_four_as_for_one(
    submitted, reviewer, django_assert_max_num_queries
):
    with scope.acting(reviewer):
        listed = list(Submission.objects.select_related("agency"))
        access.holdings(reviewer)
        with django_assert_max_num_queries(1):
            bulk.offered(listed, "sign", by=reviewer)


def test_the_list_is_ordered_and_limited_by_oddness_and_lateness(
    submitted, reviewer, clerk, instruments, agency
):
    with scope.acting(clerk):
        odd = Submission.objects.get(period="2026-02")
        counted = counting.count(odd, profile.count(odd))
        counting.keep(odd, counted, odd=9, days_late=0)
    desk = signed_in(reviewer)

    def listed(query):
        return [s.period for s, _sum in desk.get(f"/submissions/?{query}").context["rows"]]

    assert listed("") == sorted(MONTHS, reverse=True)
    assert listed("order=odd")[0] == "2026-02"
    assert listed("odd=5") == ["2026-02"]
    assert set(listed("late=late")) | set(listed("late=in_time")) == set(MONTHS)
    assert desk.get("/submissions/?order=profile").status_code == 404
    assert desk.get("/submissions/?odd=1'--").status_code == 404
