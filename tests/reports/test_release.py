"""Building, releasing, withdrawing: who may, what is pinned, and what happens when it goes wrong."""

import datetime
import hashlib
import re
import shutil
from dataclasses import asdict

import numpy as np
import pyarrow as pa
import pytest
from django.db.models import Case, Value, When
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from agencies import access, refusal, scope
from jobs import queue, worker
from jobs.models import Job
from records.models import Record
from records.review import submissions
from reports.designs import datasets
from reports.exact import cube, slices
from reports.exact.private_files import as_bytes, private, read_private, write_private
from reports.models import Blob, Build, Release, Slice
from reports.published import editions
from reports.published.structure import TIME
from reports.releases import protecting, verbs
from tests.cast import events
from tests.reports.conftest import MONTHS, draw, forgotten

State = Release.State
NOBODY_ELSE = [
    *("clerk", "reviewer", "agency_admin", "outsider", "statistician", "viewer", "national_admin")
]


@pytest.fixture
def accepted(accept):
    return accept("SMS-WPF", draw("SMS-WPF", MONTHS[:2], 80))


@pytest.mark.parametrize("who", NOBODY_ELSE)
def test_only_publishers_build_release_and_withdraw(request, accepted, publish, who):
    made = publish("WPF", release=False)
    person = request.getfixturevalue(who)
    with scope.acting(person):
        for act in (
            lambda: verbs.build("WPF", by=person),
            lambda: verbs.release(made, by=person),
            lambda: verbs.withdraw(made, by=person, reason="because"),
        ):
            with pytest.raises(access.Denied):
                act()
    made.refresh_from_db()
    assert made.state == State.BUILT


def test_every_verb_leaves_an_event_with_its_person(accepted, publish, publisher):
    made = publish("WPF")
    verbs.withdraw(made, by=publisher, reason="a wrong region")
    found = events("build", "release", "withdraw")
    assert {event.person for event in found} == {publisher.email}
    assert found[2].detail == {"reason": "a wrong region"}


def test_a_build_waits_for_a_decision_before_the_next_one(accepted, publish, publisher):
    made = publish("WPF", release=False)
    with pytest.raises(refusal.Refused, match="waits already"):
        verbs.build("WPF", by=publisher)
    verbs.withdraw(made, by=publisher, reason="not needed")
    assert verbs.build("WPF", by=publisher)


def test_asking_twice_starts_one_job(accepted, publisher):
    assert verbs.build("WPF", by=publisher).pk == verbs.build("WPF", by=publisher).pk


def test_a_dataset_nobody_designed_is_refused(publisher):
    with pytest.raises(refusal.Refused, match="There is no dataset X"):
        verbs.build("X", by=publisher)


def test_releasing_twice_and_withdrawing_twice_are_refused(accepted, publish, publisher):
    made = publish("WPF")
    with pytest.raises(refusal.Refused, match="somebody else was quicker"):
        verbs.release(made, by=publisher)
    verbs.withdraw(made, by=publisher, reason="because")
    with pytest.raises(refusal.Refused, match="withdrawn already"):
        verbs.withdraw(made, by=publisher, reason="because")
    with pytest.raises(refusal.Refused):
        verbs.release(made, by=publisher)


def test_withdrawing_needs_a_reason_and_brings_the_release_before_back(
    accepted, accept, publish, publisher
):
    first = publish("WPF")
    accept("SMS-WPF", draw("SMS-WPF", MONTHS[2:], 80, seed=5))
    second = publish("WPF")
    assert editions.latest("WPF").number == second.number
    with pytest.raises(refusal.Refused, match="Say why"):
        verbs.withdraw(second, by=publisher, reason="  ")
    verbs.withdraw(second, by=publisher, reason="because")
    assert editions.latest("WPF").number == first.number


def test_an_embargo_ends_by_itself(accepted, publish, publisher):
    made = publish("WPF", release=False)
    with pytest.raises(refusal.Refused, match="in the past"):
        verbs.release(made, by=publisher, embargo_at=timezone.now())
    until = timezone.now() + datetime.timedelta(days=1)
    verbs.release(made, by=publisher, embargo_at=until, missing_acknowledged=made.missing_text)
    assert editions.latest("WPF") is None
    ended = timezone.now() - datetime.timedelta(hours=1)
    Release.objects.update(embargo_at=ended, released_at=ended - datetime.timedelta(days=2))
    assert editions.latest("WPF").released_at == ended


def test_what_went_into_a_release_is_pinned(accepted, accept, publish, publisher):
    first = publish("WPF")
    accept("SMS-WPF", draw("SMS-WPF", MONTHS[2:], 80, seed=5))
    second = publish("WPF")
    one, two = Build.objects.get(release=first), Build.objects.get(release=second)
    sealed = {s.pk: s for s in Slice.objects.all()}
    assert [i["sha256"] for i in one.inputs] == [sealed[i["slice"]].sha256 for i in one.inputs]
    assert [i["submission"] for i in one.inputs] == sorted(s.pk for s in accepted)
    assert len(two.inputs) == 3
    assert (one.predecessor, two.predecessor) == (None, first)
    assert one.method == two.method == protecting.METHOD
    assert one.seed_id != two.seed_id and len(one.seed_id) == 64
    assert all(gate["passed"] for gate in two.gates)
    assert (two.built_by, two.released_by) == (publisher, publisher)


def test_what_was_not_delivered_is_listed_by_agency_and_period_and_is_never_zero(
    accept, other_agency, publish
):
    accept("SMS-WPF", draw("SMS-WPF", ["2026-01", "2026-03"], 60))
    accept("SMS-WPF", draw("SMS-WPF", ["2026-01"], 60, seed=4), agency="MLSP")
    made = publish("WPF")
    assert made.missing == [
        {"agency": "MLSP", "period": "2026-02"},
        {"agency": "SMS", "period": "2026-02"},
        {"agency": "MLSP", "period": "2026-03"},
    ]


def test_an_empty_submission_is_a_period_of_its_own_and_not_missing(accept, submit, lead, publish):
    accept("SMS-WPF", draw("SMS-WPF", ["2026-01"], 60))
    (empty,) = submit("SMS-WPF", draw("SMS-WPF", ["2026-02"], 1))
    with scope.working([empty.agency_id]):
        Record.objects.filter(submission=empty).delete()
    lead(empty, empty=True)
    made = publish("WPF")
    periods = [item.code for item in editions.latest("WPF").structure.by_name[TIME].items]
    assert periods == ["2026-01", "2026-02"]
    assert {"agency": "SMS", "period": "2026-02"} not in made.missing


def test_the_checksum_is_that_of_the_cells_that_are_downloaded(client, accepted, publish):
    made = publish("WPF")
    response = client.get(f"/figures/api/v1/releases/{made}/cells.parquet")
    assert hashlib.sha256(response.content).hexdigest() == made.checksum
    cells = pa.parquet.read_table(pa.BufferReader(response.content))
    assert set(cells.column_names) == {*datasets.datasets()["WPF"].names, "value"}
    assert (np.array(cells["value"]) > 0).all()


def test_a_release_that_was_started_before_sealing_counts_what_is_accepted(
    submit, lead, publish, accepted
):
    """The seal of the last acceptance still waits: it must be neither lost nor counted as missing."""
    (late,) = submit("SMS-WPF", draw("SMS-WPF", ["2026-03"], 50, seed=8))
    lead(late, sealed=False)
    made = publish("WPF")
    assert {"agency": "SMS", "period": "2026-03"} not in made.missing
    assert late.pk in [i["submission"] for i in made.build.inputs]
    assert worker.work(queue.find(f"seal:{late.pk}:1").pk).state == "DONE"


def test_a_job_that_breaks_half_way_leaves_no_row(
    accepted, build, publisher, private_files, settings
):
    with scope.acting(publisher):
        job = verbs.build("WPF", by=publisher)
    # The folder of cubes cannot be made: the last step fails after the release was written.
    (settings.PRIVATE_ROOT / "cubes").write_text("in the way")
    job = worker.work(job.pk)
    assert (job.state, job.attempts) == ("QUEUED", 1)
    assert not Release.objects.exists() and not Blob.objects.exists() and not Build.objects.exists()
    (settings.PRIVATE_ROOT / "cubes").unlink()
    Job.objects.filter(pk=job.pk).update(lease_until=None)  # the pause before a retry is over
    assert worker.work(job.pk).state == "DONE"
    assert Release.objects.get().number == 1


def test_an_overtaken_worker_leaves_nothing(accepted, publisher):
    with scope.acting(publisher):
        job = verbs.build("WPF", by=publisher)
    real = queue.handlers["reports.publish"]

    def taken_over(job):
        real(job)
        type(job).objects.filter(pk=job.pk).update(worker="somebody else")

    queue.handlers["reports.publish"] = taken_over
    try:
        worker.work(job.pk)
    finally:
        queue.handlers["reports.publish"] = real
    assert not Release.objects.exists()


@pytest.mark.parametrize("harm", ["gone", "changed"])
def test_a_harmed_ledger_is_refused_in_words(accepted, accept, publish, build, harm):
    made = publish("WPF")
    file = private(Build.objects.get(release=made).cells_path)
    file.unlink() if harm == "gone" else file.write_bytes(file.read_bytes() + b"x")
    accept("SMS-WPF", draw("SMS-WPF", MONTHS[2:], 80, seed=5))
    job = build("WPF")
    assert job.state == "FAILED" and "Restore it from the backup" in job.reason
    assert Release.objects.count() == 1


def test_a_release_without_a_delivery_that_is_expected_waits_for_its_publisher_to_know_it(
    accept, publish, publisher
):
    """One agency is a month late: the figures would look like a fall by half."""
    accept("SMS-WPF", draw("SMS-WPF", MONTHS[:2], 80))
    accept("SMS-WPF", draw("SMS-WPF", MONTHS[:1], 80, seed=4), agency="MLSP")
    built = publish("WPF", release=False)
    assert built.missing_text == "MLSP 2026-02"
    for acknowledged in ("", "MLSP 2026-01", "SMS 2026-02", "MLSP 2026-02, SMS 2026-02", "1"):
        with pytest.raises(
            refusal.Refused, match="lacks deliveries that are expected: MLSP 2026-02"
        ):
            verbs.release(built, by=publisher, missing_acknowledged=acknowledged)
        built.refresh_from_db()
        assert built.state == State.BUILT
    verbs.release(built, by=publisher, missing_acknowledged=" mlsp  2026-02 ")
    assert built.state == State.RELEASED
    assert built.build.missing_acknowledged == [{"agency": "MLSP", "period": "2026-02"}]
    (event,) = events("release")
    assert event.detail == {"embargo": "", "missing": "MLSP 2026-02"}
    missing = [asdict(missing) for missing in editions.latest("WPF").missing]
    assert missing == built.missing


def test_nothing_that_is_there_can_be_acknowledged_as_missing(accept, publish, publisher):
    accept("SMS-BCR", draw("SMS-BCR", MONTHS[:1], 80))
    built = publish("BCR", release=False)
    with pytest.raises(refusal.Refused, match="Nothing is missing from BCR-1"):
        verbs.release(built, by=publisher, missing_acknowledged="SMS 2026-01")
    verbs.release(built, by=publisher)
    assert built.build.missing_acknowledged == []


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
