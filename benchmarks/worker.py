"""What the portal does, each in a child process of its own, as role app and in a person's scope."""

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

from agencies import access, scope
from agencies.models import Agency, Person
from agencies.roles import Role
from benchmarks import generator
from benchmarks.measure import peak_mib, stopwatch
from jobs import queue, worker
from jobs.models import Job
from records.collection import uploads
from records.instruments import versions
from records.models import HeldRow, Instrument, Submission, Upload
from records.review import opening
from records.review.submissions import advance
from reports.models import Release
from reports.releases import verbs

DATASET, INSTRUMENT = "BCR", "SMS-BCR"
CAST = {
    "clerk": (Role.CLERK, "SMS"),
    "reviewer": (Role.REVIEWER, "SMS"),
    "statistician": (Role.STATISTICIAN, "SCS"),
    "publisher": (Role.PUBLISHER, "SCS"),
    "editor": (Role.PUBLISHER, "SCS"),  # releases what the publisher built
}
PIECE = 1 << 16
ANSWERS = {"values": "go_on"}  # rows with an unknown word are held: the generator counts so

queue.wake_with(lambda _job: None)  # jobs are done here, by their number
MONTHS = 3  # that are released one by one


def settle() -> dict[str, Any]:
    """Make agencies, people and instruments, and the places that ready rows point to."""
    for code in ("SMS", "MLSP", "SCS"):
        Agency.objects.create(code=code, names={"en": code}, statistics_office=code == "SCS")
    for name, (role, code) in CAST.items():
        person = Person.objects.create_user(f"{name}@benchmark.example", None, name=name)
        access.grant(person, role, Agency.objects.get(code=code))
    versions.publish_all()
    agency, instrument = Agency.objects.get(code="SMS"), _collection()
    with scope.working([agency.pk]):
        version = versions.current(instrument)
        for period in generator.PERIODS:
            opening.submission_for(agency.pk, version, period)
        Upload.objects.create(
            agency=agency,
            instrument=instrument,
            size=0,
            sha256="0" * 64,
            uploaded_by=_person("clerk"),
        )
    return {"agency": agency.pk}


def receive(file: str) -> dict[str, Any]:
    """Take a file in as the web process does, up to the job that waits for a worker."""
    with stopwatch() as watch:
        job = _received(_pieces(Path(file)), file)
    return {"seconds": watch.seconds, "job": job, **peak_mib()}


def _received(content: Iterable[bytes], name: str) -> int | None:
    clerk = _person("clerk")
    agency, instrument = Agency.objects.get(code="SMS"), _collection()
    with scope.acting(clerk):
        upload = uploads.receive(
            content,
            agency=agency,
            instrument=instrument,
            file_name=name,
            by=clerk,
            answers=ANSWERS,
        )
    return upload.job_id


def _load_libraries() -> None:
    """Look at a file without any record: a worker loads its libraries, and starts its reader, once in its life."""
    worker.work(_received([b"nothing\n"], "nothing.csv"))


def work(job_id: str) -> dict[str, Any]:
    """Do a job as a worker does that has done others before. Raises RuntimeError unless it is done."""
    _load_libraries()
    with stopwatch() as watch:
        job = worker.work(int(job_id))
    peak = peak_mib()
    if job.state != Job.State.DONE:
        raise RuntimeError(f"{job}: {job.state} {job.reason}")
    return {"seconds": watch.seconds, **peak, **_outcome(job)}


def take_back() -> dict[str, Any]:
    """Take the file back that was taken in last, as a person does who asks for it: by a worker where it is large.

    Raises RuntimeError where records are left.
    """
    clerk = _person("clerk")
    with scope.acting(clerk):
        upload = Upload.objects.filter(state=Upload.State.COMMITTED).latest("pk")
        records = upload.records.count()
        with stopwatch() as watch:
            job = uploads.undo_now_or_later(upload, by=clerk)
            if job:
                worker.work(job.pk)
        left = upload.records.count()
    if left:
        raise RuntimeError(f"{left} records of {upload} are left")
    return {
        "seconds": watch.seconds,
        "records": records,
        "by_a_worker": job is not None,
        **peak_mib(),
    }


def publish() -> dict[str, Any]:
    """Review and accept every submission, seal it, and release the dataset: the real verbs; the last three months one by
    one, each in a release of its own, to see what one more month costs beside all before: the last ends a quarter and a year.

    `refused` says why the protected tables may not be published, where its gates do not pass.
    """
    with scope.acting(_person("clerk")):
        submissions = list(Submission.objects.order_by("period"))
    before = _release(submissions[:-MONTHS])
    months = [_release([submission]) for submission in submissions[-MONTHS:]]
    return {
        "submissions": len(submissions),
        "before": before,
        "months": months,
        "refused": next((about["refused"] for about in (before, *months) if about["refused"]), ""),
        **peak_mib(),
    }


def _release(submissions: Sequence[Submission]) -> dict[str, Any]:
    with stopwatch() as reviewing:
        for submission in submissions:
            _accept(submission)
    with stopwatch() as sealing:
        for job in Job.objects.filter(name="reports.seal", state=Job.State.QUEUED):
            work(job.pk)
    publisher, editor = _person("publisher"), _person("editor")
    with scope.acting(publisher):
        request = verbs.build(DATASET, by=publisher)
    with stopwatch() as publishing:
        job = worker.work(request.pk)
    if job.state == Job.State.DONE:
        with scope.acting(editor):
            built = Release.objects.get(dataset=DATASET, state=Release.State.BUILT)
            verbs.release(
                built, by=editor, note="Measured.", missing_acknowledged=built.missing_text
            )
    return {
        "review_seconds": reviewing.seconds,
        "seal_seconds": sealing.seconds,
        "publish_seconds": publishing.seconds,
        "refused": "" if job.state == Job.State.DONE else job.reason,
    }


def _accept(submission: Submission) -> None:
    for verb, name in (("submit", "clerk"), ("sign", "reviewer"), ("accept", "statistician")):
        person = _person(name)
        with scope.acting(person):
            missing = HeldRow.open_rows.missing_from(submission).errors()
            held = missing.count() if verb == "submit" else None
            advance(submission, verb, by=person, held_acknowledged=held or None)


def _outcome(job: Job) -> dict[str, Any]:
    """What an intake job says of its rows; nothing for other jobs."""
    if job.name != "records.intake":
        return {}
    with scope.working(job.agencies):
        upload = Upload.objects.get(pk=queue.arguments(job, uploads.Intake).upload)
        if upload.state != Upload.State.COMMITTED:
            raise RuntimeError(f"{upload}: {upload.state} {upload.reason} {upload.report}")
        causes = {f["rule"]: f["count"] for f in upload.report["findings"]}
    return {"rows": upload.report["rows"], "causes": causes}


def _collection() -> Instrument:
    return Instrument.objects.get(code=INSTRUMENT)


def _person(name: str) -> Person:
    return Person.objects.named(f"{name}@benchmark.example")


def _pieces(file: Path) -> Iterator[bytes]:
    with file.open("rb") as source:
        while piece := source.read(PIECE):
            yield piece
