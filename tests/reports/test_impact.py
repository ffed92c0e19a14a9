"""What accepting a submission would change: exact headline tables before and after, for statistics staff only."""

import json
import os
from datetime import timedelta

import pytest
from django.utils import timezone
from django.utils.formats import date_format

from agencies import access, scope
from agencies.refusal import Refused
from jobs import worker
from records import tasks
from records.models import Submission
from records.review import submissions
from records.tasks import expire
from reports.designs import datasets
from reports.exact import impact
from reports.exact.private_files import private
from reports.models import Release
from tests.cast import events, signed_in
from tests.reports.conftest import as_owner, draw, embargo, text_of

JANUARY, FEBRUARY = "2026-01", "2026-02"


@pytest.fixture
def signed(accept, submit, clerk, reviewer):
    """January is accepted and sealed; February is signed and waits."""
    accept("SMS-WPF", draw("SMS-WPF", [JANUARY], 80))
    (february,) = submit("SMS-WPF", draw("SMS-WPF", [FEBRUARY], 60, seed=2))
    for verb, person in (("submit", clerk), ("sign", reviewer)):
        with scope.acting(person):
            submissions.advance(february, verb, by=person)
    return february


@pytest.fixture
def private_impact():
    return lambda: sorted(private(impact.FOLDER).glob("*.json"))


def count(submission, person):
    with scope.acting(person):
        job = impact.request(Submission.objects.get(pk=submission.pk), by=person)
    job = worker.work(job.pk)
    assert job.state == "DONE", job.reason
    return impact.counted(job)


def total(by_code):
    return sum(sum(by_sex.values()) for by_sex in by_code.values())


def test_the_tables_after_are_those_before_with_the_rows_of_the_submission(signed, statistician):
    (found,) = count(signed, statistician)
    dataset = datasets.datasets()["WPF"]
    with scope.working([signed.agency_id]):
        granted = signed.records.filter(extras__decision__in=["ISS", "REN"])
        rows, women = granted.count(), granted.filter(sex="F").count()
    for table in found["tables"]:
        assert total(table["after"]) - total(table["before"]) in (rows, total(table["after"]))
    month, year = (
        next(t for t in found["tables"] if t["span"] == span and not t["columns"])
        for span in ("period", "year")
    )
    assert month["before"] == {}
    assert month["after"][""].get("F", 0) == women
    assert total(year["after"]) - total(year["before"]) == total(month["after"])
    assert total(year["before"]) > 0
    assert {tuple(t["columns"]) for t in found["tables"]} >= {(), ("REGION",), ("CITIZENSHIP",)}
    assert dataset.headline


def test_a_version_that_is_corrected_takes_the_place_of_the_earlier_one(
    accept, clerk, reviewer, statistician
):
    (january,) = accept("SMS-WPF", draw("SMS-WPF", [JANUARY], 80))
    with scope.acting(statistician):
        submissions.advance(january, "reopen", by=statistician, reason="Rows are missing.")
    with scope.acting(clerk):
        january.records.filter(pk__in=january.records.values("pk")[:10]).delete()
        submissions.advance(january, "submit", by=clerk)
    (found,) = count(january, statistician)
    month = next(t for t in found["tables"] if t["span"] == "period" and not t["columns"])
    assert 0 < total(month["before"]) - total(month["after"]) <= 10


def test_it_is_counted_between_submission_and_acceptance_only(accept, submit, statistician, clerk):
    (january,) = accept("SMS-WPF", draw("SMS-WPF", [JANUARY], 8))
    (draft,) = submit("SMS-WPF", draw("SMS-WPF", [FEBRUARY], 8))
    with scope.acting(statistician):
        for submission in (january, draft):
            with pytest.raises(Refused, match="between submission and acceptance"):
                impact.request(Submission.objects.get(pk=submission.pk), by=statistician)


def test_the_page_is_for_statistics_staff_and_what_is_asked_is_noted(
    signed, statistician, clerk, publisher, outsider
):
    page = f"/submissions/{signed.pk}/impact"
    assert signed_in(outsider).get(page).status_code == 404
    for person in (clerk, publisher):
        assert signed_in(person).get(page).status_code == 403
        assert signed_in(person).post(page).status_code == 403
        with scope.acting(person), pytest.raises(access.Denied):
            impact.request(signed, by=person)
    desk = signed_in(statistician)
    assert b"Count what would change" in desk.get(page).content
    assert desk.post(page).status_code == 302
    job = impact.latest(signed)
    assert [event.subject for event in events("impact")] == [f"submission:{signed.pk}"]
    assert b"The figures are being counted" in desk.get(page).content
    worker.work(job.pk)
    seen = desk.get(page)
    assert seen.context["datasets"][0]["spans"]
    assert b"No release has this period yet" in seen.content
    assert json.dumps(impact.counted(impact.latest(signed)))


def test_what_was_counted_is_removed_when_the_submission_moves_on_or_a_month_has_passed(
    signed, statistician, clerk, private_impact
):
    count(signed, statistician)
    expire()
    (file,) = private_impact()
    os.utime(file, (0, 0))
    expire()
    assert private_impact() == []
    count(signed, statistician)
    with scope.acting(statistician):
        submissions.advance(
            Submission.objects.get(pk=signed.pk), "return", by=statistician, reason="Look again."
        )
    expire()
    assert private_impact() == []
    removed = events("impact_expire")
    assert [e.subject for e in removed] == [f"submission:{signed.pk}"] * 2


def test_after_a_return_it_is_counted_anew_and_of_what_is_accepted_nothing_is_said(
    signed, statistician, clerk, reviewer
):
    desk, page = signed_in(statistician), f"/submissions/{signed.pk}/"
    (first,) = count(signed, statistician)
    assert desk.get(page).context["impact"]["counted_at"]
    with scope.acting(statistician):
        submissions.advance(signed, "return", by=statistician, reason="Look again.")
    assert desk.get(f"{page}impact").context["counted_at"] is None
    with scope.acting(clerk):
        signed.records.filter(pk__in=signed.records.values("pk")[:30]).delete()
        submissions.advance(signed, "submit", by=clerk)
    seen = desk.get(page)
    assert (seen.context["impact"]["counted_at"], seen.context["impact"]["lines"]) == (None, [])
    assert "Count what would change" in text_of(seen)
    (second,) = count(signed, statistician)
    assert second["tables"] != first["tables"]
    with scope.acting(reviewer):
        submissions.advance(signed, "sign", by=reviewer)
    seen = desk.get(page)  # another step, the same rows
    assert seen.context["impact"]["lines"] and "Count again" in text_of(seen)
    with scope.acting(statistician):
        submissions.advance(signed, "accept", by=statistician)
    assert desk.get(page).context["impact"] is None
    assert desk.get(f"{page}impact").context["counted_at"] is None


def test_what_is_no_longer_kept_is_not_shown_as_nothing_and_can_be_counted_again(
    signed, statistician, private_impact
):
    count(signed, statistician)
    (file,) = private_impact()
    os.utime(file, (0, 0))
    expire()
    told = text_of(signed_in(statistician).get(f"/submissions/{signed.pk}/"))
    assert "There is nothing before" not in told and "Nobody has had it counted" not in told
    assert "the numbers are no longer kept" in told and "Count again" in told
    file.symlink_to(file.with_name("gone"))  # found by name, and gone when it is looked at
    expire()
    assert len(events("impact_expire")) == 1


def test_an_expiry_that_fails_keeps_no_other_from_its_work(monkeypatch):
    done = []

    def failing():
        raise OSError("the disk")

    monkeypatch.setattr(tasks, "expiring", [failing, lambda: done.append(1)])
    with pytest.raises(ExceptionGroup) as raised:
        expire()
    assert done == [1] and "the disk" in str(raised.value.exceptions)


def test_the_cover_says_how_far_the_counting_is_then_the_totals_to_statistics_staff_alone(
    signed, statistician, clerk, publisher
):
    page = f"/submissions/{signed.pk}/"
    for person in (clerk, publisher):
        assert signed_in(person).get(page).context["impact"] is None
    desk = signed_in(statistician)
    assert b"Nobody has had it counted yet" in desk.get(page).content
    (found,) = count(signed, statistician)
    lines = desk.get(page).context["impact"]["lines"]
    totals = {t["span"]: total(t["after"]) for t in found["tables"] if not t["columns"]}
    assert [line["cells"][-1]["after"] for line in lines] == [totals["period"], totals["year"]]


def test_what_was_returned_shows_its_last_numbers_the_coded_reason_and_what_to_do(
    signed, statistician, clerk
):
    with scope.acting(statistician):
        submissions.advance(
            signed, "return", by=statistician, reason="See rows 3 to 9.", reason_code="SEX"
        )
    page = f"/submissions/{signed.pk}/"
    office = signed_in(statistician).get(page)
    assert office.context["sum"].total > 0
    assert office.context["card"] and "submitted last" in office.content.decode()
    own = signed_in(clerk).get(page).content.decode()
    assert "See rows 3 to 9." in own and str(office.context["asked_about"]) in own
    assert "Correct the rows or send the file again" in own


def test_the_last_step_names_the_release_in_which_each_version_came_out(
    permits, accept, lead, publish, statistician
):
    with scope.acting(statistician):
        january = Submission.objects.get(period=JANUARY)
    desk = signed_in(statistician)

    def published(submission):
        told = desk.get(f"/submissions/{submission.pk}/").context["published"]
        return [(str(out.release), out.version, out.changed) for out in told["releases"]]

    assert published(january) == [("WPF-1", 1, 0)]
    with scope.acting(statistician):
        submissions.advance(january, "reopen", by=statistician, reason="a mistake")
    reopened = desk.get(f"/submissions/{january.pk}/")
    assert not reopened.context["published"][
        "is_out"
    ]  # version 1 is, which is not the one that is open
    assert published(january) == [("WPF-1", 1, 0)]
    lead(january)
    (april,) = accept("SMS-WPF", draw("SMS-WPF", ["2026-04"], 240, seed=5))
    assert published(april) == []
    publish("WPF")
    # What is published stays until its year is final, so version 2 of January is not out yet.
    assert published(january) == [("WPF-1", 1, 0)]
    assert published(april) == [("WPF-2", 1, 0)]
    assert "It is accepted and published." in desk.get(f"/submissions/{april.pk}/").content.decode()
    assert "(version 1)" in " ".join(
        desk.get(f"/submissions/{january.pk}/").content.decode().split()
    )


def test_the_cover_says_published_only_when_the_embargo_has_ended_and_gives_that_moment(
    accepted, publish, publisher, clerk
):
    january, _february = accepted
    release = publish("WPF", release=False)
    embargo(release, publisher)
    page = f"/submissions/{january.pk}/"
    before = signed_in(clerk).get(page)
    assert before.context["published"]["releases"] == []
    words = text_of(before)
    assert "It is accepted and published." not in words and "WPF-1" not in words
    ended = timezone.now() - timedelta(hours=1)
    with as_owner():
        Release.objects.filter(pk=release.pk).update(
            embargo_at=ended, released_at=ended - timedelta(days=3)
        )
    after = signed_in(clerk).get(page)
    assert [out.since for out in after.context["published"]["releases"]] == [ended]
    words = text_of(after)
    assert "It is accepted and published." in words
    assert f"WPF-1, {date_format(timezone.localtime(ended), 'SHORT_DATE_FORMAT')}" in words
