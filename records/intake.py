"""From an uploaded file to records: receive, read, ask, validate, admit, undo."""

import hashlib
import hmac
import uuid
from collections import Counter
from collections.abc import Iterable
from contextlib import closing
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.exceptions import SuspiciousFileOperation
from django.db import transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.text import get_valid_filename
from django.utils.translation import gettext as _

from agencies import access, audit
from agencies.access import Permission
from agencies.models import Agency, Person, in_language
from migdata import jobs
from migdata.jobs import Job
from records import admission, codelist, instrument, mapping, store, validation, workbook
from records.models import Instrument, InstrumentVersion, Submission, Upload
from records.review import Refused
from records.tally import Tally

EXAMPLES = 5
State = Upload.State


def receive(
    content: Iterable[bytes],
    *,
    agency: Agency,
    collection: Instrument,
    file_name: str,
    by: Person,
    answers: dict[str, Any] | None = None,
) -> Upload:
    """Keep the file for a worker and ask for it to be read. `content` yields its bytes in pieces.

    Raises `Denied`; raises `Refused` where the agency does not deliver this instrument, the file is
    too large, or the same file was taken in already.
    """
    access.require(by, Permission.ENTER, agency)
    if not collection.agencies.filter(pk=agency.pk).exists():
        raise Refused(_("%(agency)s does not deliver this instrument.") % {"agency": agency})
    size, digest, path = _keep(content)
    try:
        with transaction.atomic():
            _refuse_known(agency, collection, digest)
            upload = Upload.objects.create(
                agency=agency,
                instrument=collection,
                file_name=_label(file_name),
                size=size,
                sha256=digest,
                report={"path": path.name},
                uploaded_by=by,
            )
            read(upload, by=by, answers=answers)
    except BaseException:
        path.unlink(missing_ok=True)
        raise
    audit.record("upload", f"upload:{upload.pk}", by=by, agency=agency, size=size)
    return upload


def read(upload: Upload, *, by: Person, answers: dict[str, Any] | None = None) -> Job:
    """Ask for the file to be read, with the answers to its questions if there are any.

    Raises `Refused` for an answer that makes no sense.
    """
    access.require(by, Permission.ENTER, upload.agency)
    spec = instrument.spec_of(instrument.current(upload.instrument))
    if bad := workbook.bad_answer(answers or {}, spec):
        raise Refused(_("The answer “%(name)s” cannot be used.") % {"name": bad})
    upload.answers = {**upload.answers, **(answers or {})}
    upload.state = State.RECEIVED
    upload.job = jobs.enqueue(
        "records.intake",
        key=f"intake:{upload.pk}",
        args={"upload": upload.pk},
        agencies=[upload.agency_id],
        by=by,
    )
    upload.save()
    return upload.job


def process(job: Job) -> None:
    """Read, validate and admit the file of the job. One transaction: all of it or nothing."""
    upload = Upload.objects.select_related("agency", "instrument").get(pk=job.args["upload"])
    if upload.state != State.RECEIVED:
        return
    path = _path(upload)
    jobs.progress(job, stage="reading", bytes=0, size=upload.size, rows=0)
    try:
        with transaction.atomic():
            _refuse_known(upload.agency, upload.instrument, upload.sha256)
            _read_and_admit(upload, path, job)
    except Refused as refusal:
        upload.state, upload.reason = State.REFUSED, str(refusal)
    upload.save()
    if upload.state != State.NEEDS_ANSWERS:
        transaction.on_commit(lambda: path.unlink(missing_ok=True))


def undo(upload: Upload, *, by: Person) -> None:
    """Take the whole upload back: its records and held rows. Only while its submissions are open."""
    access.require(by, Permission.ENTER, upload.agency)
    failed = upload.outcome == State.FAILED
    with transaction.atomic():
        submissions = _submissions_of(upload)
        if closed := [s for s in submissions if not s.is_open]:
            raise Refused(
                _("%(submission)s is no longer open, so this upload cannot be undone.")
                % {"submission": closed[0]}
            )
        ended = [State.COMMITTED, State.NEEDS_ANSWERS, State.REFUSED]
        changed = Upload.objects.filter(
            pk=upload.pk, state__in=[*ended, State.RECEIVED] if failed else ended
        ).update(state=State.UNDONE)
        if not changed:
            raise Refused(_("This upload is still being read, or was undone already."))
        upload.records.all().delete()
        upload.held_rows.all().delete()
        admission.hold_again(upload.report.get("closed", []))
        _drop_empty(submissions)
    _path(upload).unlink(missing_ok=True)
    audit.record("undo", f"upload:{upload.pk}", by=by, agency=upload.agency)
    upload.refresh_from_db()


def _submissions_of(upload: Upload) -> list[Submission]:
    """The submissions an upload's rows are in, locked: a corrected row may have moved to another one."""
    mine = Submission.objects.filter(
        Q(pk__in=upload.submissions.values("pk"))
        | Q(pk__in=upload.records.values("submission"))
        | Q(pk__in=upload.held_rows.values("submission"))
    )
    return list(mine.select_for_update(of=("self",)))


def summary(upload: Upload) -> dict[str, Any]:
    """Return what `manage.py intake --json` prints: state, reason, file, columns, rows, sex, findings …"""
    report = {k: v for k, v in upload.report.items() if k not in ("path", "refusal", "closed")}
    return {
        "state": upload.outcome,
        "reason": upload.why,
        "file": report.get("file", {}),
        "columns": report.get("columns", []),
        "rows": report.get(
            "rows", dict.fromkeys(("read", "accepted", "held", "skipped", "duplicate"), 0)
        ),
        "sex": report.get("sex", dict.fromkeys(("F", "M", "_O", "_N", "_U"), 0)),
        "findings": report.get("findings", []),
        "questions": report.get("questions", []),
        "submissions": [
            {"id": s.pk, "period": s.period, "state": s.state}
            for s in (upload.submissions.order_by("period") if upload.pk else ())
        ],
    }


def person_key(agency: Agency) -> bytes:
    """Return the agency's own key for person references, so that agencies' records cannot be linked."""
    secret = settings.PERSON_REF_SECRET.encode()
    return hmac.new(secret, f"person_ref:{agency.code}".encode(), hashlib.sha256).digest()


def _label(file_name: str) -> str:
    """The name under which people see the file; on disk it has another."""
    try:
        return get_valid_filename(Path(file_name).name)[:255]
    except SuspiciousFileOperation:
        return "file"


def _keep(content: Iterable[bytes]) -> tuple[int, str, Path]:
    folder = settings.PRIVATE_ROOT / "incoming"
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    path = folder / uuid.uuid4().hex
    digest, size = hashlib.sha256(), 0
    try:
        with path.open("xb") as target:
            path.chmod(0o600)
            for piece in content:
                digest.update(piece)
                size += len(piece)
                if size > settings.UPLOAD_LIMIT:
                    raise Refused(
                        _("The file is larger than %(limit)s MB. Send it in parts, as CSV.")
                        % {"limit": settings.UPLOAD_LIMIT // 2**20}
                    )
                target.write(piece)
    except BaseException:
        path.unlink(missing_ok=True)
        raise
    return size, digest.hexdigest(), path


def _path(upload: Upload) -> Path:
    return Path(settings.PRIVATE_ROOT) / "incoming" / str(upload.report["path"])


def _refuse_known(agency: Agency, collection: Instrument, digest: str) -> None:
    known = Upload.objects.filter(
        agency=agency, instrument=collection, sha256=digest, state=State.COMMITTED
    ).first()
    if known:
        raise Refused(
            _("This very file was taken in on %(when)s as “%(name)s”. Nothing was added.")
            % {
                "when": timezone.localtime(known.uploaded_at).strftime("%d.%m.%Y %H:%M"),
                "name": known,
            }
        )


def _what_was_seen(reading: workbook.Reading) -> dict[str, Any]:
    return {
        "file": reading.file,
        "columns": [
            {"header": c.header, "variable": c.variable, "how": c.how, "letter": c.letter}
            for c in reading.columns
        ],
        "questions": _as_dicts(reading.questions),
    }


def _as_dicts(questions: Iterable[mapping.Question]) -> list[dict[str, Any]]:
    return [
        {"id": q.id, "text": q.text, "choices": q.choices, "evidence": q.evidence}
        for q in questions
    ]


def _read_and_admit(upload: Upload, path: Path, job: Job) -> None:
    version = instrument.current(upload.instrument)
    with closing(
        workbook.open(
            path,
            spec=instrument.spec_of(version),
            file_name=upload.file_name,
            answers=upload.answers,
            person_key=person_key(upload.agency),
            limits=workbook.Limits(),
        )
    ) as reading:
        upload.report |= _what_was_seen(reading)
        _refuse(upload, reading.refusal)
        if reading.questions:
            upload.state = State.NEEDS_ANSWERS
            return
        _take_in(upload, version, reading, job)


def _refuse(upload: Upload, refusal: workbook.Refusal | None) -> None:
    if refusal:
        upload.report["refusal"] = {
            "code": refusal.code,
            "message": refusal.message,
            "where": refusal.where,
        }
        raise Refused(in_language(refusal.message))


def _take_in(
    upload: Upload, version: InstrumentVersion, reading: workbook.Reading, job: Job
) -> None:
    spec = instrument.spec_of(version)
    cells = {c.variable: c.letter for c in reading.columns if c.variable}
    sheet = reading.file.get("sheet")
    cells[""] = f"{sheet}!" if sheet else ""
    declared = validation.Declared.from_answers(upload.answers, reading.letters)
    validator = validation.Validator(spec, today=timezone.localdate(), declared=declared)
    tally, causes = Tally(spec), Causes(cells)
    causes.add_forbidden(reading)
    store.prepare()
    rows = 0
    for block in reading.batches():
        checked = validator.check(block)
        tally.add(checked)
        causes.add(checked)
        store.stage(block, checked, spec, cells)
        rows += block.num_rows
        jobs.progress(job, stage="checking", bytes=reading.bytes_done, rows=rows)
    _refuse(upload, reading.refusal)  # some are found only while reading on: a cut-off file
    if reading.total and "control_total" not in upload.answers:
        upload.state = State.NEEDS_ANSWERS
        upload.report["questions"] = _as_dicts([_about_total(reading.total, cells[""])])
        return
    jobs.progress(job, stage="storing", bytes=upload.size, rows=rows)
    admitted = admission.admit(upload, version)
    causes.add_whole_file(tally.warnings())
    causes.add_numbers(admitted.repeated)
    _report(upload, rows, reading.skipped, admitted, causes)
    jobs.progress(job, stage="done", bytes=upload.size, rows=rows)


def _about_total(total: dict[str, int], sheet: str) -> mapping.Question:
    choices = [{"value": "yes", "label": codelist.standard("questions")["control_total.yes"]}]
    evidence = f"{sheet}A{total['row']}: {total['stated']} ≠ {total['counted']}"
    return mapping.ask("control_total", choices, [evidence])


def _report(
    upload: Upload, rows: int, skipped: int, admitted: admission.Admitted, causes: "Causes"
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
        "closed": admitted.closed,
    }


def _drop_empty(submissions: list[Submission]) -> None:
    """Remove drafts that only this upload had made."""
    for submission in submissions:
        untouched = submission.version == 1 and not submission.passages.exists()
        if untouched and not submission.records.exists() and not submission.held_rows.exists():
            submission.uploads.clear()
            submission.delete()


class Causes:
    """Findings of a file by cause: rule, variable, number of rows, and a few examples with their cells."""

    def __init__(self, cells: dict[str, str]) -> None:
        self.cells = cells
        self.count: Counter[tuple[str, str]] = Counter()
        self.found: dict[tuple[str, str], dict[str, Any]] = {}

    def add(self, checked: validation.Checked) -> None:
        rows = checked.typed["_row"]
        for finding in checked.found:
            cause = self._cause(finding)
            self.count[finding.rule, finding.variable] += len(finding.rows)
            for k in range(min(len(finding.rows), EXAMPLES - len(cause["examples"]))):
                row = rows[int(finding.rows[k])].as_py()
                value = finding.values[k].as_py() if finding.values is not None else None
                cell = store.address(self.cells, finding.variable, row)
                cause["examples"].append({"row": row, "cell": cell, "value": value})

    def add_forbidden(self, reading: workbook.Reading) -> None:
        """Flag columns that were dropped because nobody may send them; their headers are no secret."""
        dropped = [c for c in reading.columns if c.how == "forbidden"]
        row = reading.file.get("header_row") or 1
        if dropped:
            self.found["columns.forbidden", ""] = {
                "rule": "columns.forbidden",
                "severity": "warning",
                "variable": "",
                "message": codelist.say(codelist.standard("messages")["forbidden_column"]),
                "examples": [
                    {"row": row, "cell": f"{self.cells['']}{c.letter}{row}", "value": c.header}
                    for c in dropped[:EXAMPLES]
                ],
            }
            self.count["columns.forbidden", ""] = len(dropped)

    def add_whole_file(self, findings: Iterable[validation.Found]) -> None:
        for finding in findings:
            self._cause(finding)
            self.count[finding.rule, finding.variable] += len(finding.rows)

    def add_numbers(self, repeated: dict[str, int]) -> None:
        for finding in (admission.REPEATED, admission.OTHER_CONTENT):
            if count := repeated.get(str(finding["rule"])):
                key = (str(finding["rule"]), "record_ref")
                self.found[key] = {**finding, "examples": []}
                self.count[key] = count

    def as_list(self) -> list[dict[str, Any]]:
        return [{**cause, "count": self.count[key]} for key, cause in self.found.items()]

    def _cause(self, finding: validation.Found) -> dict[str, Any]:
        key = (finding.rule, finding.variable)
        return self.found.setdefault(key, {**store.head_of(finding), "examples": []})
