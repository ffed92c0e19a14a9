"""From an uploaded file to records: receive, read, ask, validate, admit, undo.

On its way a file lies encrypted in PRIVATE_ROOT/incoming (`reading.encrypted_file`), until it is taken in
with all its sheets, refused or given up; `unwanted` removes what nobody waits for.
"""

import logging
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import pyarrow as pa
from django.conf import settings
from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils.translation import gettext as _

from agencies import access, secrets
from agencies.models import Agency, Person
from agencies.refusal import Refused
from agencies.roles import Permission
from jobs import queue
from jobs.queue import Job
from records.codelists import learned
from records.collection import (
    comparison,
    duplicates,
    known_files,
    late_rows,
    layouts,
    names,
    quotas,
    receiving,
    taking_back,
)
from records.collection.names import GivenNames
from records.collection.quotas import OverQuota, room_for
from records.collection.receiving import ReceivedFile
from records.collection.report import UploadReport
from records.collection.taking_back import Preview
from records.instruments import versions
from records.models import HeldRow, Instrument, Submission, Upload
from records.reading import answers as reading_answers
from records.review import handlings
from records.review.opening import drop_empty, require_delivery
from records.validation import personal
from standards.translation import in_language

log = logging.getLogger(__name__)
State = Upload.State
# Refusals that say: name the columns. No question asks for them.
MENDED_BY_COLUMNS = ("side_by_side",)
__all__ = ["OverQuota", "room_for"]  # what the server asks before it receives a file


OF_A_SHEET = (
    "columns",
    "ignored",
    "constants",
    "table",
    "shape",
)  # answers that are about one sheet


@dataclass(frozen=True)
class Intake(queue.Arguments):
    """Which upload to read, or to take back."""

    upload: int


class BadAnswer(Refused):
    """An answer that cannot be used; `questions` are the ids of the questions it was given to."""

    def __init__(self, bad: reading_answers.BadAnswer) -> None:
        super().__init__(in_language(bad.message))
        self.questions = bad.questions


def receive(
    content: ReceivedFile | Iterable[bytes],
    *,
    agency: Agency,
    instrument: Instrument,
    file_name: str,
    by: Person,
    answers: dict[str, Any] | None = None,
) -> Upload:
    """Keep the file for a worker and ask for it to be read.

    `content` is a file that was received already, or yields its bytes in pieces.

    Raises `Denied`; raises `Refused` where the agency does not deliver this instrument, the file is
    too large, or the same file was taken in already; `OverQuota` where there is no room for it now.
    """
    require_delivery(by, agency, instrument)
    _require_secret()
    file = _received(content, by, agency)
    with closing(file):
        _refuse_large(file)
        with transaction.atomic():
            quotas.one_at_a_time(by, agency)
            room_for(by, file.size, agency)
            known_files.refuse(agency, instrument, file.sha256)
            upload = _upload_of(file, agency, instrument, by)
            names.seal(upload, GivenNames(names.label(file_name)))
            upload.save()
            ask_for_reading(upload, by, answers or {})
        file.keep()
    names.note("upload", upload, by, size=file.size)
    return upload


def _upload_of(file: ReceivedFile, agency: Agency, instrument: Instrument, by: Person) -> Upload:
    return Upload(
        agency=agency,
        instrument=instrument,
        size=file.size,
        sha256=file.sha256,
        report={"path": file.path.name},
        uploaded_by=by,
    )


def read(upload: Upload, *, by: Person, answers: dict[str, Any]) -> Job:
    """Ask for a file that waits for answers, or was refused because of one, to be read again, with these.

    Raises `BadAnswer` for an answer that cannot be used, and `Refused` where the upload waits for
    none by now: the same button pressed twice, or an upload that was undone meanwhile.
    """
    access.require(by, Permission.ENTER, upload.agency, upload.instrument_id)
    with transaction.atomic():
        now = Upload.objects.select_for_update(of=("self",)).get(pk=upload.pk)
        if not can_be_answered(now):
            raise Refused(_("This file no longer needs answers. Look at it again."))
        job = ask_for_reading(now, by, answers)
        handlings.note_answers(now, by=by)
    names.note("answer", upload, by)
    upload.refresh_from_db()
    return job


def can_be_answered(upload: Upload) -> bool:
    """Say whether the file is still there and can be read in another way."""
    waits = upload.state == State.NEEDS_ANSWERS
    return waits or (may_be_mapped(upload) and path_of(upload).exists())


def may_be_mapped(upload: Upload) -> bool:
    """Say whether other answers may lead further: the file waits for some, or was refused because of one, or lacks one."""
    if upload.state != State.REFUSED:
        return upload.state == State.NEEDS_ANSWERS
    report = UploadReport.of(upload)
    return bool(report.questions or (report.refusal and report.refusal.code in MENDED_BY_COLUMNS))


def undo(
    upload: Upload, *, by: Person, progress: Callable[[int, int], None] = taking_back.silent
) -> None:
    """Take the whole upload back: its records, its held rows, and the words that only its answers taught.

    What it replaced returns: earlier versions of records, records it lacked, held rows it closed
    (`taking_back`). `progress` is told rows done, and rows in all. Raises `Refused` where that would
    change a submission that is no longer open. A file that came after a submission was closed changed
    nothing of it, so it can be taken back.
    """
    access.require(by, Permission.ENTER, upload.agency, upload.instrument_id)
    failed = upload.outcome == State.FAILED
    with transaction.atomic():
        submissions = list(_submissions_of(upload).select_for_update(of=("self",)))
        if closed := [s for s in submissions if _would_change(upload, s)]:
            raise Refused(
                _("%(submission)s is no longer open, so this upload cannot be undone.")
                % {"submission": closed[0]}
            )
        # Its file may have gone over to another upload since it was looked at.
        now = Upload.objects.select_for_update(of=("self",)).get(pk=upload.pk)
        ended = [State.COMMITTED, State.NEEDS_ANSWERS, State.REFUSED]
        changed = Upload.objects.filter(
            pk=upload.pk, state__in=[*ended, State.RECEIVED] if failed else ended
        ).update(state=State.UNDONE, given_names=None, report=_without_cells(now.report))
        if not changed:
            raise Refused(_("This upload is still being read, or was undone already."))
        handlings.note_undo(upload, submissions, by=by)
        learned.forget(upload, by=by)
        layouts.forget(upload, by=by)
        comparison.forget_differences(upload)
        duplicates.forget(upload)
        taking_back.take_back(upload, submissions, by=by, progress=progress)
        late_rows.count_late(submissions)
        drop_empty(submissions)
    transaction.on_commit(partial(path_of(now).unlink, missing_ok=True))
    names.note("undo", upload, by)
    upload.refresh_from_db()


def _without_cells(report: Mapping[str, Any]) -> dict[str, Any]:
    """Return the report of an upload without what it says of single cells: nobody asks about them any more."""
    return {
        name: part for name, part in report.items() if name not in ("words", "questions", "again")
    }


def undo_preview(upload: Upload) -> Preview:
    """Return what taking the upload back would do now, in numbers."""
    return taking_back.preview(upload, list(_submissions_of(upload)))


def undo_job(upload: Upload) -> Job | None:
    """Return the job that takes the upload back, where one was asked for."""
    return queue.find(f"undo:{upload.pk}")


def undo_now_or_later(upload: Upload, *, by: Person) -> Job | None:
    """Take the upload back at once; where it is large a worker does it, and its job is returned.

    Raises `Refused` as `undo` does.
    """
    access.require(by, Permission.ENTER, upload.agency, upload.instrument_id)
    if upload.state != State.COMMITTED or taking_back.size(upload) < taking_back.AT_ONCE:
        undo(upload, by=by)
        return None
    if not may_be_undone(upload):
        raise Refused(_("A period of this upload is no longer open, so it cannot be undone."))
    return queue.enqueue(
        "records.undo",
        key=f"undo:{upload.pk}",
        arguments=Intake(upload=upload.pk),
        agencies=[upload.agency_id],
        by=by,
    )


def ask_for_reading(upload: Upload, by: Person, answers: dict[str, Any]) -> Job:
    """Let a worker read the file with these answers. Raises `BadAnswer`; `Refused` for one that may name a person."""
    spec = versions.spec_of(versions.current(upload.instrument))
    answers = _with_place_of_sheet(upload, answers)
    before = upload.answers
    if answers.get("sheet", before.get("sheet")) != before.get("sheet"):
        before = {name: answer for name, answer in before.items() if name not in OF_A_SHEET}
    together = {**before, **answers}
    comparison.forget_differences(upload)
    if _name_a_person(answers):  # asked first: what is wrong with an answer is told with its words
        raise Refused(_("An answer looks like a person’s name or number, so it is not kept."))
    if bad := reading_answers.bad_answer(together, spec):
        raise BadAnswer(bad)
    upload.answers = together
    upload.state, upload.reason = State.RECEIVED, ""
    upload.job = queue.enqueue(
        "records.intake",
        key=f"intake:{upload.pk}",
        arguments=Intake(upload=upload.pk),
        agencies=[upload.agency_id],
        by=by,
    )
    upload.save(update_fields=["answers", "given_names", "state", "reason", "job"])
    learned.teach(upload.agency, upload.instrument, spec, answers, by=by)
    return upload.job


def _with_place_of_sheet(upload: Upload, answers: dict[str, Any]) -> dict[str, Any]:
    """Return the answers with the place of the sheet that was asked for by name: names are kept sealed.

    Before the file is read nobody knows the place: the name waits, sealed, for the worker.
    """
    answers, sheet = dict(answers), answers.get("sheet")
    if not isinstance(sheet, str) or sheet == reading_answers.NONE or names.SHEET.match(sheet):
        return answers
    given = names.opened(upload)
    del answers["sheet"]
    if place := given.place_of(sheet):
        answers["sheet"] = place
    else:
        names.seal(upload, replace(given, sheet=sheet))
    return answers


def may_be_undone(upload: Upload) -> bool:
    """Say whether taking the upload back changes nothing that is submitted or accepted."""
    return not any(_would_change(upload, s) for s in _submissions_of(upload))


def _would_change(upload: Upload, submission: Submission) -> bool:
    """Say whether a closed submission holds anything of the upload that was there when it was closed.

    What came later is held: nobody acknowledged those rows, and none of them is counted.
    """
    if submission.is_open:
        return False
    if upload.records.filter(submission=submission).exists():
        return True
    if HeldRow.all_rows.closed_by_upload(upload).filter(submission=submission).exists():
        return True
    if HeldRow.all_rows.late().filter(upload=upload, submission=submission).exists():
        return False  # the submission was closed when this file came, or its rows would not be late
    closing = submission.review_steps.filter(verb="submit").last()
    return closing is None or closing.at > upload.uploaded_at


def _name_a_person(answers: Mapping[str, Any]) -> bool:
    """Say whether a text in an answer looks personal: answers are kept."""
    kinds = personal.kinds_of(pa.array(list(_texts_in(answers)), pa.string()))
    return bool(kinds.any())


def _texts_in(answer: Any) -> Iterator[str]:
    if isinstance(answer, Mapping):
        for text, inner in answer.items():
            yield from (str(text), *_texts_in(inner))
    elif isinstance(answer, list):
        for inner in answer:
            yield from _texts_in(inner)
    else:
        yield str(answer)


def _submissions_of(upload: Upload) -> QuerySet[Submission]:
    """The submissions of an upload's rows, and of those it closed: a corrected row may have moved to another one."""
    return Submission.objects.filter(
        Q(pk__in=upload.submissions.values("pk"))
        | Q(pk__in=upload.records.values("submission"))
        | Q(pk__in=upload.held_rows.values("submission"))
        | Q(pk__in=HeldRow.all_rows.closed_by_upload(upload).values("submission"))
    )


def _received(content: ReceivedFile | Iterable[bytes], by: Person, agency: Agency) -> ReceivedFile:
    """The file, received now if it was not yet. Raises `OverQuota` as soon as there is no room for it."""
    if isinstance(content, ReceivedFile):
        return content
    return receiving.received(content, lambda size: room_for(by, size, agency))


def _require_secret() -> None:
    """Refuse every file where the secret of files is not the one that was used before."""
    try:
        secrets.require("files")
    except secrets.WrongSecret as problem:
        log.error("no file is taken in: %s", problem)
        raise Refused(_("The portal cannot keep files now. Tell those who run it.")) from None


def _refuse_large(file: ReceivedFile) -> None:
    if file.is_too_large:
        raise Refused(
            _("The file is larger than %(limit)s MB. Send it in parts, as CSV.")
            % {"limit": settings.UPLOAD_LIMIT // 2**20}
        )


def file_secrets() -> list[bytes]:
    """Return the secret of uploaded files, and after it those that older files may still need."""
    secrets.require("files")
    return [s.encode() for s in (settings.FILES_SECRET, *settings.FILES_SECRET_FALLBACKS)]


def path_of(upload: Upload) -> Path:
    return receiving.folder() / str(upload.report["path"])
