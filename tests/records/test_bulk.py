"""Signing and accepting many: the exact count first, the same rules for each, reasons for what stays."""

import pytest
from django.db.models import Max

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


def as_seen(person, ids):
    """The submissions as a page of confirmation names them: each with the id of its last step."""
    with scope.acting(person):
        steps = dict(
            ReviewStep.objects.filter(submission__in=ids)
            .values_list("submission")
            .annotate(last=Max("pk"))
        )
    return [f"{pk}:{steps.get(pk, 0)}" for pk in ids]


def test_first_the_count_is_shown_then_each_goes_through_the_verb(
    submitted, reviewer, statistician
):
    desk = signed_in(reviewer)
    page = desk.get("/submissions/sign/")
    assert "Sign: 4 submissions" in page.content.decode()
    assert page.context["agencies"] == [("SMS", 4)]
    assert states(reviewer) == ["SUBMITTED"] * 4  # looking changes nothing
    line = page.context["lines"][0]
    assert [line[key] for key in ("records", "before", "change", "kinds_of_warning")] == [
        1,
        1,
        0,
        0,
    ]
    assert "Kinds of warning" in page.content.decode()  # of a kind there may be many rows
    assert page.context["lines"][-1]["before"] is None  # the first month
    few = desk.get("/submissions/sign/?period=2026-02")
    ids = [submission.pk for submission in few.context["able"]]
    assert len(ids) == 1 and as_seen(reviewer, ids)[0] in few.content.decode()
    desk.post("/submissions/sign/", {"submission": as_seen(reviewer, ids)})
    assert states(reviewer) == ["SUBMITTED", "SIGNED", "SUBMITTED", "SUBMITTED"]
    office = signed_in(statistician)
    ids = [submission.pk for submission in office.get("/submissions/accept/").context["able"]]
    office.post("/submissions/accept/", {"submission": as_seen(statistician, ids)})
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
        "/submissions/sign/", {"submission": as_seen(both, [own.pk, *submitted])}, follow=True
    )
    text = answer.content.decode()
    assert "4 submissions: signed." in text
    assert "SMS SMS-WPF 2026-05: You submitted or signed this yourself." in text


def test_what_moved_on_meanwhile_does_not_stop_the_others(submitted, reviewer, clerk):
    with scope.acting(reviewer):
        first, second, *_others = Submission.objects.order_by("pk")
    seen = as_seen(reviewer, submitted)
    with scope.acting(reviewer):
        submissions.advance(first, "return", by=reviewer, reason="Look again.")
        submissions.advance(second, "return", by=reviewer, reason="Look again.")
    with scope.acting(clerk):
        submissions.advance(Submission.objects.get(pk=second.pk), "submit", by=clerk)
    answer = signed_in(reviewer).post("/submissions/sign/", {"submission": seen}, follow=True)
    assert "2 submissions: signed." in answer.content.decode()
    assert answer.content.decode().count("It was changed since you looked at it.") == 2


def test_foreign_and_forged_ids_are_nowhere_and_change_nothing(
    submitted, reviewer, outsider, clerk
):
    named = as_seen(reviewer, submitted)
    for ids in (named, [*named, f"{10**12}:0"], submitted, ["x"], ["9" * 30]):
        assert (
            signed_in(outsider).post("/submissions/sign/", {"submission": ids}).status_code == 404
        )
    mixed = {"submission": [*named, f"{10**12}:0"]}
    assert signed_in(reviewer).post("/submissions/sign/", mixed).status_code == 404
    assert signed_in(clerk).post("/submissions/sign/", {"submission": named}).status_code == 403
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
        return [
            s.period for s, _sum, _asks_sex in desk.get(f"/submissions/?{query}").context["rows"]
        ]

    def options(query, name):
        filters = desk.get(f"/submissions/?{query}").context["filters"]
        return dict(next(f["options"] for f in filters if f["name"] == name))

    assert list(options("", "state").values()) == ["Submitted (4)"]
    # A filter counts what the others leave, its own choice apart.
    by_period = options("odd=5&period=2026-01", "period")
    assert [by_period[month][-3:] for month in MONTHS] == ["(0)", "(1)", "(0)", "(0)"]
    assert options("period=2026-02", "odd")["5"] == "5 or more (1)"
    assert options("period=2026-01", "odd")["5"] == "5 or more (0)"
    assert listed("") == sorted(MONTHS, reverse=True)
    assert listed("order=odd")[0] == "2026-02"
    assert listed("odd=5") == ["2026-02"]
    assert set(listed("late=late")) | set(listed("late=in_time")) == set(MONTHS)
    assert desk.get("/submissions/?order=profile").status_code == 404
    assert desk.get("/submissions/?odd=1'--").status_code == 404
