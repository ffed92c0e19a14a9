"""Building, releasing, withdrawing: who may, what is pinned, and what happens when it goes wrong."""

import datetime
import hashlib
from dataclasses import asdict

import numpy as np
import pyarrow as pa
import pytest
from django.utils import timezone

from agencies import access, refusal, scope
from jobs import queue, worker
from jobs.models import Job
from records.models import Record
from reports.exact.private_files import private
from reports.models import Blob, Build, Release, Slice
from reports.published import editions
from reports.published.structure import TIME
from reports.releases import protecting, verbs
from tests.cast import events
from tests.reports.conftest import MONTHS, as_owner, draw

State = Release.State
NOBODY_ELSE = [
    *("clerk", "reviewer", "agency_admin", "outsider", "statistician", "viewer", "national_admin")
]


@pytest.mark.parametrize("who", NOBODY_ELSE)
def test_only_publishers_build_release_and_withdraw(request, accepted, publish, who):
    made = publish("WPF", release=False)
    person = request.getfixturevalue(who)
    with scope.acting(person):
        for act in (
            lambda: verbs.build("WPF", by=person),
            lambda: verbs.release(made, by=person, note="More months."),
            lambda: verbs.withdraw(made, by=person, reason="because"),
        ):
            with pytest.raises(access.Denied):
                act()
    made.refresh_from_db()
    assert made.state == State.BUILT


def test_every_verb_leaves_an_event_with_its_person(accepted, publish, builder, publisher):
    made = publish("WPF")
    verbs.withdraw(made, by=publisher, reason="a wrong region")
    found = events("build", "release", "withdraw")
    assert [event.person for event in found] == [builder.email, publisher.email, publisher.email]
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
        verbs.release(made, by=publisher, note="More months.")
    verbs.withdraw(made, by=publisher, reason="because")
    with pytest.raises(refusal.Refused, match="withdrawn already"):
        verbs.withdraw(made, by=publisher, reason="because")
    with pytest.raises(refusal.Refused):
        verbs.release(made, by=publisher, note="More months.")


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
        verbs.release(made, by=publisher, note="More months.", embargo_at=timezone.now())
    until = timezone.now() + datetime.timedelta(days=1)
    verbs.release(
        made,
        by=publisher,
        note="More months.",
        embargo_at=until,
        missing_acknowledged=made.missing_text,
    )
    assert editions.latest("WPF") is None
    ended = timezone.now() - datetime.timedelta(hours=1)
    with as_owner():  # time passes for nobody else
        Release.objects.update(embargo_at=ended, released_at=ended - datetime.timedelta(days=2))
    assert editions.latest("WPF").released_at == ended


def test_what_went_into_a_release_is_pinned(accepted, accept, publish, builder, publisher):
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
    assert (two.built_by, two.released_by) == (builder, publisher)


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


def test_the_checksum_is_that_of_the_tables_that_are_downloaded(client, accepted, publish):
    """As `sha256sum *.parquet | sha256sum` says, and each table as the structure says."""
    made, lines = publish("WPF"), []
    for table in sorted(made.structure["tables"], key=lambda table: table["name"]):
        response = client.get(f"/figures/api/v1/releases/{made}/{table['name']}.parquet")
        digest = hashlib.sha256(response.content).hexdigest()
        assert digest == table["sha256"]
        lines.append(f"{digest}  {table['name']}.parquet\n")
        cells = pa.parquet.read_table(pa.BufferReader(response.content))
        assert cells.column_names == [*table["columns"], "value"]
        assert (np.array(cells["value"]) > 0).all() and cells.num_rows == table["cells"]
    assert hashlib.sha256("".join(lines).encode()).hexdigest() == made.checksum


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
    # The folder of families cannot be made: the last step fails after the release was written.
    (settings.PRIVATE_ROOT / "families").write_text("in the way")
    job = worker.work(job.pk)
    assert (job.state, job.attempts) == ("QUEUED", 1)
    assert not Release.objects.exists() and not Blob.objects.exists() and not Build.objects.exists()
    (settings.PRIVATE_ROOT / "families").unlink()
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
    file = private(Build.objects.get(release=made).files["core"]["path"])
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
            verbs.release(
                built, by=publisher, note="More months.", missing_acknowledged=acknowledged
            )
        built.refresh_from_db()
        assert built.state == State.BUILT
    verbs.release(built, by=publisher, note="More months.", missing_acknowledged=" mlsp  2026-02 ")
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
        verbs.release(built, by=publisher, note="More months.", missing_acknowledged="SMS 2026-01")
    verbs.release(built, by=publisher, note="More months.")
    assert built.build.missing_acknowledged == []
