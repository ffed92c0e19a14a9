"""From a stored file to records: read it, ask, validate, admit. Runs in a worker, in one transaction."""

import hashlib
import hmac
from contextlib import closing
from dataclasses import asdict
from functools import partial
from pathlib import Path

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from agencies.models import Agency
from agencies.refusal import Refused
from jobs import worker
from jobs.queue import Job
from records.collection import admission, collisions, staging
from records.collection.findings_by_cause import FindingsByCause
from records.collection.uploads import State, path_of, refuse_known
from records.instruments import versions
from records.models import InstrumentVersion, Upload
from records.reading import child, encrypted_file, layout, questions
from records.validation import engine, meanings
from records.validation.whole_file import WholeFileChecks
from standards import codelists
from standards.translation import in_language


def process(job: Job) -> None:
    """Read, validate and admit the file of the job. One transaction: all of it or nothing.

    Raises `LeaseLost` where the upload went on without this run, which then leaves no trace.
    """
    upload = Upload.objects.select_related("agency", "instrument").get(pk=job.args["upload"])
    if upload.state != State.RECEIVED:
        return
    path = path_of(upload)
    worker.progress(job, stage="reading", bytes=0, size=upload.size, rows=0)
    try:
        with transaction.atomic():
            refuse_known(upload.agency, upload.instrument, upload.sha256)
            _read_and_admit(upload, path, job)
    except Refused as refusal:
        upload.state, upload.reason = State.REFUSED, str(refusal)
    # Named fields, and only from the state we began with: people may have acted on the row since.
    changed = Upload.objects.filter(pk=upload.pk, state=State.RECEIVED).update(
        state=upload.state, reason=upload.reason, report=upload.report
    )
    if not changed:
        raise worker.LeaseLost
    if upload.state != State.NEEDS_ANSWERS:
        transaction.on_commit(partial(path.unlink, missing_ok=True))


def person_key(agency: Agency) -> bytes:
    """Return the agency's own key for person references, so that agencies' records cannot be linked."""
    secret = settings.PERSON_REF_SECRET.encode()
    return hmac.new(secret, f"person_ref:{agency.code}".encode(), hashlib.sha256).digest()


def _read_and_admit(upload: Upload, path: Path, job: Job) -> None:
    version = versions.current(upload.instrument)
    with (
        encrypted_file.unsealed(path, settings.PERSON_REF_SECRET.encode()) as clear,
        closing(
            child.open(
                clear,
                spec=versions.spec_of(version),
                file_name=upload.file_name,
                answers=upload.answers,
                person_key=person_key(upload.agency),
                limits=child.Limits(),
            )
        ) as reading,
    ):
        upload.report |= reading.seen()
        _refuse(upload, reading.refusal)
        if reading.questions:
            upload.state = State.NEEDS_ANSWERS
            return
        _take_in(upload, version, reading, job)


def _refuse(upload: Upload, refusal: child.Refusal | None) -> None:
    if refusal:
        upload.report["refusal"] = {
            "code": refusal.code,
            "message": refusal.message,
            "where": refusal.where,
        }
        raise Refused(in_language(refusal.message))


def _take_in(upload: Upload, version: InstrumentVersion, reading: child.Reading, job: Job) -> None:
    spec = versions.spec_of(version)
    cells = {c.variable: c.letter for c in reading.columns if c.variable}
    sheet = reading.file.get("sheet")
    cells[""] = f"{sheet}!" if sheet else ""
    declared = meanings.Answers.from_answers(upload.answers, reading.letters)
    validator = engine.Validator(spec, today=timezone.localdate(), answers=declared)
    tally, causes = WholeFileChecks(spec), FindingsByCause(cells)
    causes.add_forbidden(reading)
    staging.prepare()
    rows = 0
    for block in reading.batches():
        checked = validator.check(block)
        tally.add(checked)
        causes.add(checked)
        staging.stage(block, checked, spec, cells)
        rows += block.num_rows
        worker.progress(job, stage="checking", bytes=reading.bytes_done, rows=rows)
    _refuse(upload, reading.refusal)  # some are found only while reading on: a cut-off file
    if reading.total and "control_total" not in upload.answers:
        upload.state = State.NEEDS_ANSWERS
        upload.report["questions"] = [asdict(_about_total(reading.total, cells[""]))]
        return
    worker.progress(job, stage="storing", bytes=upload.size, rows=rows)
    admitted = admission.admit(upload, version)
    causes.add_whole_file(tally.warnings())
    for collision in (collisions.REPEATED, collisions.OTHER_CONTENT):
        causes.add_counted(collision, admitted.repeated.get(collision.rule, 0))
    _report(upload, rows, reading.skipped, admitted, causes)
    worker.progress(job, stage="done", bytes=upload.size, rows=rows)


def _about_total(total: dict[str, int], sheet: str) -> layout.Question:
    choices = [{"value": "yes", "label": codelists.standard("questions")["control_total.yes"]}]
    evidence = f"{sheet}A{total['row']}: {total['stated']} ≠ {total['counted']}"
    return questions.ask("control_total", choices, [evidence])


def _report(
    upload: Upload, rows: int, skipped: int, admitted: admission.Admitted, causes: FindingsByCause
) -> None:
    upload.state = State.COMMITTED
    upload.report |= {
        "rows": {
            "read": rows + skipped,
            "accepted": admitted.accepted,
            "held": admitted.held,
            "late": admitted.late,
            "skipped": skipped,
            "duplicate": admitted.duplicate,
        },
        "sex": {code: admitted.sex.get(code, 0) for code in ("F", "M", "_O", "_N", "_U")},
        "findings": causes.as_list(),
    }
