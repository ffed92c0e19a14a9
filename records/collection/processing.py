"""From a stored file to records: read it, ask, validate, admit. Runs in a worker, in one transaction."""

import hashlib
import hmac
from collections import deque
from collections.abc import Iterator
from contextlib import closing
from dataclasses import asdict, replace
from functools import partial
from pathlib import Path
from typing import Any, cast

import pyarrow as pa
import pyarrow.compute as pc
from django.conf import settings
from django.db import transaction
from django.utils import timezone

from agencies import practice, secrets
from agencies.models import Agency, Person
from agencies.refusal import Refused
from jobs import queue, worker
from jobs.queue import Job
from records.collection import (
    admission,
    collisions,
    comparison,
    duplicates,
    known_files,
    late_questions,
    layouts,
    names,
    next_sheets,
    own_lists,
    planner,
    sent_back,
    staging,
    uploads,
)
from records.collection.answers import answers_of, said
from records.collection.ceiling import HeldCeiling, TooManyHeld
from records.collection.checked_file import CheckedFile
from records.collection.comparison import Comparison
from records.collection.numberings import numbering_of
from records.collection.report import RowCounts
from records.collection.uploads import Intake, State, path_of
from records.instruments import versions
from records.instruments.spec import Spec
from records.models import InstrumentVersion, Upload
from records.reading import child, encrypted_file, questions, refusals
from records.reading.layout import Memory, Refusal
from records.reading.shapes import Shape
from records.validation import engine
from standards import sex
from standards.languages import marked
from standards.translation import in_language

NAMED = 5  # places that a refusal names


def instrument_of(job: Job) -> int:
    """Return the id of the instrument of the upload that a job reads."""
    upload = queue.arguments(job, Intake).upload
    return int(Upload.objects.values_list("instrument_id", flat=True).get(pk=upload))


def process(job: Job) -> None:
    """Read, validate and admit the file of the job. One transaction: all of it or nothing.

    Raises `LeaseLost` where the upload went on without this run, which then leaves no trace.
    """
    intake = queue.arguments(job, Intake)
    upload = Upload.objects.select_related("agency", "instrument").get(pk=intake.upload)
    if upload.state != State.RECEIVED:
        return
    path = path_of(upload)
    for part in ("refusal", "findings", "questions", "again", "words"):  # of an earlier reading
        upload.report.pop(part, None)
    worker.progress(job, stage="reading", bytes=0, size=upload.size, rows=0)
    try:
        with transaction.atomic():
            known_files.one_at_a_time(upload.agency, upload.instrument, upload.sha256)
            known_files.refuse(upload.agency, upload.instrument, upload.sha256)
            _read_and_admit(upload, path, job)
    except Refused as refusal:
        upload.state, upload.reason = State.REFUSED, str(refusal)
    waits = next_sheets.offer(upload) or uploads.may_be_mapped(upload)
    # Named fields, and only from the state we began with: people may have acted on the row since.
    changed = Upload.objects.filter(pk=upload.pk, state=State.RECEIVED).update(
        state=upload.state,
        reason=upload.reason,
        report=upload.report,
        sheet=upload.sheet,
        answers=_own_answers(upload),
        given_names=upload.given_names,
    )
    if not changed:
        raise worker.LeaseLost
    if not waits:
        transaction.on_commit(partial(path.unlink, missing_ok=True))


def undo(job: Job) -> None:
    """Take the upload of the job back: a large one, which nobody can wait for. Raises `GaveUp`."""
    upload = Upload.objects.select_related("agency", "instrument", "job").get(
        pk=queue.arguments(job, Intake).upload
    )
    told = partial(_told, job)
    try:
        uploads.undo(upload, by=_asker(job), progress=told)
    except Refused as refusal:
        raise queue.GaveUp(
            marked("A period of this upload is no longer open, so it cannot be undone.")
        ) from refusal


def find_duplicates(job: Job) -> None:
    """Look for likely duplicates of the upload of the job, if it still stands."""
    upload = Upload.objects.select_related("agency", "instrument").get(
        pk=queue.arguments(job, duplicates.Looking).upload
    )
    if upload.state == State.COMMITTED:
        duplicates.find(upload)


def _told(job: Job, done: int, rows: int) -> None:
    worker.progress(job, rows=done, of=rows)


def person_key(agency: Agency) -> bytes:
    """Return the agency's own key for person references, so that agencies' records cannot be linked."""
    secrets.require("references")
    secret = settings.PERSON_REF_SECRET.encode()
    return hmac.new(secret, f"person_ref:{agency.code}".encode(), hashlib.sha256).digest()


def _other_instruments(upload: Upload) -> list[Spec]:
    """The other instruments the agency delivers: the file may be of one of them."""
    others = upload.agency.instruments.exclude(pk=upload.instrument_id)
    return versions.specs_of(others)


def _read_and_admit(upload: Upload, path: Path, job: Job) -> None:
    version = versions.current(upload.instrument)
    with (
        encrypted_file.opened(path, *uploads.file_secrets()) as sealed,
        closing(
            child.open(
                sealed,
                spec=versions.spec_of(version),
                answers=_answers(upload),
                person_key=person_key(upload.agency),
                limits=child.Limits(),
                others=_other_instruments(upload),
                layouts=layouts.handed_down(upload.agency, upload.instrument),
                own_lists=own_lists.in_use(upload.agency),
            )
        ) as reading,
    ):
        _keep_names(upload, reading)
        _take_over_memory(upload, reading.memory)
        # The letters of sex that the file proves hold for its rows also when one is corrected.
        upload.report |= {**reading.description(), "letters": reading.letters}
        upload.report["lists"] = reading.lists
        upload.report["own_lists"] = own_lists.versions_of(upload, reading.own_lists)
        _refuse(upload, reading.refusal)
        if reading.open_questions:
            upload.report["questions"] = _without_known_sheets(upload)
            upload.state = State.NEEDS_ANSWERS
            return
        upload.sheet = (reading.file.get("sheet") or "")[:255]
        known_files.refuse(upload.agency, upload.instrument, upload.sha256, upload.sheet)
        if reading.file.get("held_rows"):
            sent_back.take_in(upload, version, reading, by=_asker(job))
        else:
            _take_in(upload, version, reading, job)
        if upload.state == State.COMMITTED and not reading.file.get("held_rows"):
            layouts.remember(upload, reading, by=_asker(job))
            names.seal(upload, replace(names.opened(upload), preview=()))


def _take_over_memory(upload: Upload, memory: Memory | None) -> None:
    """Let the answers of an earlier file of this layout hold for this reading, and tell which they are."""
    upload.report.pop("memory", None)
    if memory is None:
        return
    used = {name: text for name, text in memory.answers.items() if name not in upload.answers}
    upload.report["memory"] = {"layout": memory.layout, "exact": memory.exact, "answers": used}
    upload.answers = said(upload)


def _own_answers(upload: Upload) -> dict[str, Any]:
    """Return the answers that stay with the upload: with those of an earlier file only once it is taken in."""
    remembered = upload.report.get("memory", {}).get("answers", {})
    if upload.state == State.COMMITTED:
        return dict(upload.answers)
    return {
        name: answer
        for name, answer in upload.answers.items()
        if name not in remembered or remembered[name] != answer
    }


def _answers(upload: Upload) -> dict[str, Any]:
    """The answers, with the name of a sheet that was asked for before anybody knew its place."""
    wanted = names.opened(upload).sheet
    return {**upload.answers, **({"sheet": wanted} if wanted else {})}


def _keep_names(upload: Upload, reading: child.Reading) -> None:
    """Seal the names of sheets and headers for the sender; a sheet asked for by name gets its place."""
    given = replace(names.opened(upload), parts=reading.names, preview=reading.preview)
    if given.sheet and (place := given.place_of(given.sheet)):
        upload.answers = {**upload.answers, "sheet": place}
    names.seal(upload, replace(given, sheet=""))  # a sheet that is not there is asked about


def _without_known_sheets(upload: Upload) -> list[dict[str, Any]]:
    """The questions of the file; sheets that were taken in already are not offered again."""
    known = known_files.uploads(upload.agency, upload.instrument, upload.sha256)
    entered = set(known.values_list("sheet", flat=True))
    return [
        {**q, "choices": [c for c in q["choices"] if c["value"] not in entered]}
        if q["id"] == "sheet"
        else q
        for q in upload.report["questions"]
    ]


def _ask_after_reading(upload: Upload, reading: child.Reading, file: CheckedFile) -> bool:
    """Ask what only the whole file shows. Raises `Refused` where the person said that it is not complete."""
    late = list(late_questions.ask(upload, reading, file))
    for question in late:
        if question.answer == questions.NONE:
            upload.report["questions"] = [asdict(question)]
            _refuse(upload, refusals.refusal(late_questions.STOPPING[question.id]))
    if late:
        upload.state = State.NEEDS_ANSWERS
        upload.report["questions"] = [asdict(question) for question in late]
    return bool(late)


def _refuse(upload: Upload, refusal: child.Refusal | None) -> None:
    if refusal:
        upload.report["refusal"] = asdict(refusal)
        raise Refused(in_language(refusal.message))


def _take_in(upload: Upload, version: InstrumentVersion, reading: child.Reading, job: Job) -> None:
    spec = versions.spec_of(version)
    cells = {c.variable: c.letter for c in reading.columns if c.variable}
    sheet = reading.file.get("sheet")
    cells[""] = f"{sheet}!" if sheet else ""
    file = CheckedFile(spec, cells, reading.own_lists)
    file.causes.add_forbidden(reading)
    file.causes.add_sheet(reading)
    ceiling, blocks = HeldCeiling.of(upload), reading.batches()
    try:
        _check(upload, blocks, file, ceiling, job, reading)
        _refuse(upload, reading.refusal)  # some are found only while reading on: a cut-off file
        if _ask_after_reading(upload, reading, file):
            return
        ceiling.require_readable()
        _refuse(upload, _wrong_sums(file))
        worker.progress(job, stage="storing", bytes=upload.size, rows=file.rows)
        added = staging.add_up() if _adds_up(upload) else 0
        admitted = _admit(upload, version, file, ceiling, by=_asker(job))
    except TooManyHeld as too_many:
        if late_questions.may_explain_errors(upload, file):
            deque(blocks, maxlen=0)  # what only the end of the file shows may be its cause
            _refuse(upload, reading.refusal)
            if _ask_after_reading(upload, reading, file):
                return
        upload.report["findings"] = file.causes.main_errors()
        _refuse(upload, too_many.refusal)
        return
    if admitted.asks:
        return
    file.causes.add_whole_file(file.whole_file.warnings())
    _report(upload, file, dict(reading.skipped) | ({"added": added} if added else {}), admitted)
    duplicates.look_for(upload, by=_asker(job))
    worker.progress(job, stage="done", bytes=upload.size, rows=file.rows)


def _asker(job: Job) -> Person:
    """Who asked for the file to be read: the sender, or who answered its questions last."""
    return cast(Person, job.asked_by)  # every job about a file has one


def _admit(
    upload: Upload,
    version: InstrumentVersion,
    file: CheckedFile,
    ceiling: HeldCeiling,
    *,
    by: Person,
) -> admission.Admitted:
    """Admit the rows, or ask what becomes of records that they change or lack. Raises TooManyHeld."""
    admitted = admission.admit(upload, version, by=by)
    if admitted.again:
        upload.report["again"] = admitted.again.as_json()
        if admitted.asks:
            _ask_what_to_do(upload, admitted.again)
            return admitted
    collision = collisions.repeated(counts=file.spec.is_counts)
    file.causes.add_counted(collision, admitted.repeated)
    ceiling.add(rows=0, held=admitted.repeated, size=0)
    ceiling.require_readable()
    planner.analyse_after(admitted.accepted + admitted.held + admitted.removed)
    return admitted


def _ask_what_to_do(upload: Upload, again: Comparison) -> None:
    """Ask what becomes of the records. A choice of what is no longer so is forgotten."""
    upload.answers = {k: v for k, v in upload.answers.items() if k not in ("again", "again_seen")}
    upload.report["questions"] = [asdict(comparison.question(again))]
    upload.state = State.NEEDS_ANSWERS


def _adds_up(upload: Upload) -> bool:
    """Say whether a person confirmed that rows of the same cell are to be added together."""
    answer = upload.answers.get("shape")
    return bool(answer) and answer != questions.NONE and Shape.of(answer).adds_up


def _wrong_sums(file: CheckedFile) -> Refusal | None:
    """Return why a table of counts is refused: a total that is not the sum of its parts, or a group beside them."""
    letter, sheet = file.cells.get("count", ""), file.cells[""]
    if broken := file.sums.broken_totals():
        places = [f"{sheet}{letter}{t.row}: {t.stated} ≠ {t.counted}" for t in broken]
        return refusals.refusal("totals_differ", "; ".join(places[:NAMED]))
    if doubled := file.sums.doubled():
        places = [f"{sheet}{letter}{whole}, {sheet}{letter}{part}" for whole, part in doubled]
        return refusals.refusal("whole_and_parts", "; ".join(places[:NAMED]))
    return None


def _check(
    upload: Upload,
    blocks: Iterator[pa.Table],
    file: CheckedFile,
    ceiling: HeldCeiling,
    job: Job,
    reading: child.Reading,
) -> None:
    """Check the file block by block; its rows are staged, and nothing is admitted yet.

    Raises `TooManyHeld` as soon as it is certain; the rest of the file is then neither checked nor staged.
    """
    answers = answers_of(upload)
    validator = engine.Validator(
        file.spec,
        today=timezone.localdate(),
        answers=answers,
        numbering=numbering_of(upload.agency, upload.instrument),
    )
    staging.prepare()
    for block in blocks:
        if not upload.agency.practice and _is_practice(block):
            _refuse(upload, refusals.refusal("practice"))
        file.add_texts(block)
        checked = validator.check(block)
        file.add(checked)
        size = staging.stage(block, checked, file.spec, file.cells)
        ceiling.add(rows=block.num_rows, held=int(checked.held.sum()), size=size)
        worker.progress(job, stage="checking", bytes=reading.bytes_done, rows=file.rows)
    upload.report["numbers"] = validator.meanings.marks


def _is_practice(block: pa.Table) -> bool:
    """Say whether rows of a file to practise with are among these, sent in real work by mistake."""
    if "record_ref" not in block.column_names:  # cells of counts have no number
        return False
    numbers = pc.utf8_upper(pc.cast(block["record_ref"], pa.string()))
    return bool(pc.any(pc.starts_with(numbers, pattern=practice.NUMBER)).as_py())


def _report(
    upload: Upload, file: CheckedFile, skipped: dict[str, int], admitted: admission.Admitted
) -> None:
    upload.state = State.COMMITTED
    if file.totals:  # of counts: compared with their parts, and not kept
        skipped["total"] = skipped.get("total", 0) + file.totals
    counts = RowCounts(
        read=file.rows - file.totals - skipped.get("added", 0) + sum(skipped.values()),
        accepted=admitted.accepted,
        held=admitted.held,
        late=admitted.late,
        skipped=sum(skipped.values()),
        duplicate=admitted.duplicate,
    )
    upload.report |= {
        "rows": asdict(counts),
        "sex": {code: admitted.sex.get(code, 0) for code in sex.CODES},
        "findings": file.causes.as_list(),
        "skipped": skipped,
        "blanks": file.blanks.as_json(),
    }
