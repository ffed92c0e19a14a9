"""Revisions: what a release may change of the ones before it, and what has to wait."""

import re
import shutil

import pytest
from django.db.models import Case, Value, When
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from agencies import scope
from records.models import Record
from records.review import submissions
from reports.designs import datasets
from reports.exact import cube, slices
from reports.exact.private_files import as_bytes, read_private, write_private
from reports.models import Build, Slice
from reports.published import editions
from reports.releases import verbs
from tests.reports.conftest import MONTHS, draw, forgotten


def test_a_revision_of_a_few_records_waits_for_more(accepted, accept, publish, build):
    publish("WPF")
    accept("SMS-WPF", draw("SMS-WPF", MONTHS[2:], 5, seed=5))
    job = build("WPF")
    assert job.state == "FAILED" and "Fewer than 50 records changed since" in job.reason


@pytest.fixture
def correct(submit, lead, statistician):
    """correct(submission, remove=0, change=0, rows=()) -> accepted again, with some records changed."""

    def go(submission, *, remove=0, change=0, rows=()):
        with scope.acting(statistician):
            submissions.advance(submission, "reopen", by=statistician, reason="a mistake")
        with scope.working([submission.agency_id]):
            old = list(Record.objects.filter(submission=submission).order_by("pk"))
            Record.objects.filter(pk__in=[record.pk for record in old[:remove]]).delete()
            corrected = [record.pk for record in old[remove : remove + change]]
            Record.objects.filter(pk__in=corrected).update(
                age=Case(When(age__lt=65, then=Value(70)), default=Value(20))
            )
        if rows:
            submit(submission.instrument.code, rows)
        submission.refresh_from_db()
        lead(submission)

    return go


NEW_MONTH = draw("SMS-WPF", MONTHS[2:], 80, seed=5)


@pytest.mark.parametrize(
    ("new_month", "changes", "waits"),
    [
        (True, {"change": 1}, True),  # hidden beside the new month, seen as one moved cell
        (True, {"remove": 1}, True),
        (False, {"change": 25}, True),  # fifty cells move
        (False, {"change": 49}, True),
        (False, {"change": 50}, False),
        (True, {"change": 50}, False),
        (True, {"remove": 20, "change": 29}, True),
        (True, {"remove": 20, "change": 30}, False),
        (True, {}, False),
    ],
)
def test_a_published_period_changes_by_fifty_records_or_waits(
    accept, publish, build, correct, new_month, changes, waits
):
    accepted = accept("SMS-WPF", draw("SMS-WPF", MONTHS[:2], 200))
    publish("WPF")
    if changes:
        correct(accepted[0], **changes)
    if new_month:
        accept("SMS-WPF", NEW_MONTH)
    job = build("WPF")
    if not waits:
        assert job.state == "DONE", job.reason
        return
    assert job.state == "FAILED"
    assert "published already: 2026-01. " in job.reason
    assert "Wait until more records are corrected there, or correct more at once." in job.reason
    assert not re.search(r"\b(1|20|25|29|49)\b", job.reason)  # what was measured stays private


def test_fifty_records_removed_are_not_too_few(accepted, publish, build, correct):
    """The margins may refuse them: where records only go, no free cell brings the tables back."""
    publish("WPF")
    correct(accepted[0], remove=49)
    assert "Fewer than 50 records changed" in build("WPF").reason
    correct(accepted[0], remove=1)
    assert "records changed" not in build("WPF").reason


@pytest.mark.parametrize(("late", "waits"), [(30, True), (49, True), (50, False)])
def test_a_late_first_delivery_into_a_published_period_counts_its_records(
    accepted, accept, publish, build, late, waits
):
    publish("WPF")
    accept("SMS-WPF", NEW_MONTH)
    accept("SMS-WPF", draw("SMS-WPF", MONTHS[1:2], late, seed=9), agency="MLSP")
    job = build("WPF")
    assert job.state == ("FAILED" if waits else "DONE")
    assert not waits or "published already: 2026-02. " in job.reason


def test_a_period_published_as_empty_is_a_published_period(
    accepted, accept, submit, lead, publish, build, correct
):
    (empty,) = submit("SMS-WPF", draw("SMS-WPF", MONTHS[2:], 1))
    with scope.working([empty.agency_id]):
        Record.objects.filter(submission=empty).delete()
    lead(empty, empty=True)
    publish("WPF")
    correct(empty, rows=draw("SMS-WPF", MONTHS[2:], 3))
    accept("SMS-WPF", draw("SMS-WPF", ["2026-04"], 80, seed=5))
    job = build("WPF")
    assert job.state == "FAILED" and "published already: 2026-03. " in job.reason


def test_a_release_that_nobody_saw_does_not_make_a_period_published(
    accepted, accept, publish, build, correct, publisher
):
    unseen = publish("WPF", release=False)
    verbs.withdraw(unseen, by=publisher, reason="because")
    correct(accepted[0], change=1)
    assert build("WPF").state == "DONE"


def test_what_readers_may_know_of_the_error_is_in_whole_bases_and_the_rest_is_private(
    accepted, publish
):
    release = publish("WPF")
    accuracy, errors = release.structure["accuracy"], release.build.errors
    assert set(errors) == {"WPF", "T14"}
    assert accuracy["WPF"] % 3 == 0 and accuracy["WPF"] >= errors["WPF"]
    assert "T14" not in accuracy  # its tables have fewer than a hundred cells here
    assert editions.latest("WPF").structure.accuracy == accuracy


def test_records_taken_back_and_a_third_release_are_compared_with_every_release_seen(
    accepted, accept, publish, build, publisher
):
    """Sixty come and are never shown, then fifty-five of them go: readers would see five records."""
    publish("WPF")
    accept("SMS-WPF", draw("SMS-WPF", MONTHS[2:], 60, seed=5))
    verbs.withdraw(publish("WPF", release=False), by=publisher, reason="because")
    late = Slice.objects.latest("pk")
    cells = slices.cells_of(late, datasets.datasets()["WPF"]).slice(0, 5)
    late.sha256 = write_private(late.path, as_bytes(cells))
    late.save()
    job = build("WPF")
    assert job.state == "FAILED" and "Fewer than 50 records changed since" in job.reason


def test_a_count_that_returns_gets_its_old_value(accepted, publish, submit, lead, statistician):
    """A mistake is corrected and taken back: not the last release, but the one before, is said again."""

    def reopened(rows):
        with scope.acting(statistician):
            submissions.advance(accepted[0], "reopen", by=statistician, reason="a mistake")
        with scope.working([accepted[0].agency_id]):
            Record.objects.filter(pk__in=added).delete()
        submit("SMS-WPF", rows)
        accepted[0].refresh_from_db()
        lead(accepted[0])
        publish("WPF")
        return editions.cells(editions.latest("WPF"))

    added = []
    publish("WPF")
    first = editions.cells(editions.latest("WPF"))
    with scope.working([accepted[0].agency_id]):
        before = set(Record.objects.values_list("pk", flat=True))
    second = reopened(draw("SMS-WPF", MONTHS[:1], 80))  # one more in every cell
    with scope.working([accepted[0].agency_id]):
        added = list(Record.objects.exclude(pk__in=before).values_list("pk", flat=True))
    third = reopened([])
    assert len(added) == 80 and not second.equals(first)
    assert third.equals(first)


def with_another_code_of_age(folder, monkeypatch):
    """Put a changed dataset of permits in the place of ours, beside the others."""
    shutil.copytree(datasets.DIRECTORY, folder / "datasets")
    monkeypatch.setattr(datasets, "DIRECTORY", folder / "datasets")
    path = folder / "datasets" / "wpf.yaml"
    path.write_text(path.read_text().replace("Y_GE65", "Y65T"))


def test_a_dataset_whose_codes_were_changed_is_refused_in_words(
    accepted, publish, build, monkeypatch, tmp_path
):
    publish("WPF")
    with_another_code_of_age(tmp_path, monkeypatch)
    job = build("WPF")
    assert job.state == "FAILED"
    assert "WPF-1 was made with other cells (AGE Y_GE65)" in job.reason


def test_an_open_submission_of_an_older_design_is_waited_for(
    accepted, build, statistician, monkeypatch, tmp_path
):
    with scope.acting(statistician):
        submissions.advance(accepted[0], "reopen", by=statistician, reason="more came")
    with_another_code_of_age(tmp_path, monkeypatch)
    job = build("WPF")
    assert job.state == "FAILED"
    assert "2026-01 was sealed before the dataset was changed" in job.reason


def test_a_dataset_changed_before_its_first_release_is_sealed_anew(
    accepted, publish, monkeypatch, tmp_path
):
    with_another_code_of_age(tmp_path, monkeypatch)
    publish("WPF")
    ages = editions.cells(editions.latest("WPF"))["AGE"].to_pylist()
    assert "Y65T" in ages and "Y_GE65" not in ages


@settings(
    max_examples=4, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(seed=st.integers(0, 2**16), later=st.sampled_from(["2026-03", "2025-12"]))
def test_unchanged_cells_keep_their_value_and_none_moves_against_the_truth(
    accept, publish, submit, lead, statistician, seed, later
):
    """Also when a new period is added, an older one arrives late, and a reopened one changes."""
    with forgotten():
        first = accept("SMS-WPF", draw("SMS-WPF", MONTHS[:2], 70, seed))
        releases = [publish("WPF")]
        accept("SMS-WPF", draw("SMS-WPF", [later], 60, seed + 1))
        releases.append(publish("WPF"))
        with scope.acting(statistician):
            submissions.advance(first[0], "reopen", by=statistician, reason="more came")
        submit("SMS-WPF", draw("SMS-WPF", [MONTHS[0]], 55, seed + 2))
        first[0].refresh_from_db()
        lead(first[0])
        releases.append(publish("WPF"))
        names = datasets.datasets()["WPF"].names
        known = []
        for build in Build.objects.order_by("pk"):
            table = read_private(build.cells_path, build.cells_sha256)
            keys = list(zip(*(table[n].to_pylist() for n in names), strict=True))
            known.append(
                (
                    dict(zip(keys, table[cube.COUNT].to_pylist())),
                    dict(zip(keys, table["value"].to_pylist())),
                )
            )
    assert len(releases) == len(known) == 3
    for k, (true, shown) in enumerate(known):
        for before, shown_before in known[:k]:
            for key in true.keys() | before.keys():
                change = true.get(key, 0) - before.get(key, 0)
                move = shown.get(key, 0) - shown_before.get(key, 0)
                assert move == 0 if change == 0 else change * move >= 0
