"""Uploads: send a file, watch it being read, answer its questions, see what came of it, undo."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from itertools import groupby
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.core.paginator import Paginator
from django.db.models import IntegerField
from django.db.models.fields.json import KT
from django.db.models.functions import Cast
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.formats import number_format as numbers
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST, require_safe
from django_htmx.http import HttpResponseClientRefresh

from agencies import access
from agencies.http import SignedInRequest, takes_forms
from agencies.refusal import Refused
from agencies.roles import Permission
from records.collection import duplicates, in_parts, names, next_sheets, unknown_words
from records.collection.answers import said
from records.collection.findings_by_cause import Cause
from records.collection.names import GivenNames
from records.collection.report import SentBack, UploadReport
from records.collection.standing import standing
from records.collection.uploads import (
    BadAnswer,
    OverQuota,
    can_be_answered,
    may_be_undone,
    read,
    receive,
)
from records.instruments.spec import Spec
from records.instruments.versions import current, spec_of
from records.models import HeldRow, Submission, Upload
from records.pages import mapping
from records.pages.mapping_form import PostedAnswers
from records.pages.upload_form import UploadForm
from records.review import rows_behind
from records.search.asked import address, by_sex
from standards import sex
from standards.codelists import standard
from standards.translation import in_language


@require_safe
def uploads(request: SignedInRequest) -> HttpResponse:
    access.require(request.user, Permission.SEE_RECORDS)
    # Reports are large: of these lines only two numbers are needed.
    rows = {
        name: Cast(KT(f"report__rows__{name}"), IntegerField()) for name in ("accepted", "held")
    }
    visible = Upload.objects.visible_to(request.user).defer("report").annotate(**rows)
    uploads = visible.select_related("agency", "instrument", "job")
    page = Paginator(uploads, 40).get_page(request.GET.get("page"))
    for upload in page.object_list:
        upload.shown_name = names.shown_name(upload, request.user)
    context = {
        "page": page,
        "may_enter": access.may(request.user, Permission.ENTER),
        "unfinished": in_parts.unfinished(request.user),
    }
    return render(request, "records/uploads.html", context)


@require_POST
def give_up(request: SignedInRequest, file: UUID) -> HttpResponse:
    """Give up a file that a program has begun and not finished."""
    begun = get_object_or_404(in_parts.unfinished(request.user), pk=file)
    try:
        in_parts.give_up(begun, by=request.user)
    except Refused as refusal:
        messages.error(request, str(refusal))
    else:
        messages.success(request, _("The file was given up, and takes no room any more."))
    return redirect("records:uploads")


@takes_forms
@access.takes_files(Permission.ENTER)
def new(request: SignedInRequest) -> HttpResponse:
    form = UploadForm(
        request.POST or None, request.FILES or None, person=request.user, initial=request.GET.dict()
    )
    if request.method == "POST" and form.is_valid():
        agency, instrument = form.deliveries[form.cleaned_data["delivery"]]
        file = form.cleaned_data["file"]
        try:
            upload = receive(
                file.received,
                agency=agency,
                instrument=instrument,
                file_name=file.name,
                by=request.user,
                answers=form.answers,
            )
        except Refused as refusal:
            form.add_error("file", str(refusal))
            if isinstance(refusal, OverQuota):
                return _over_quota(request, form, refusal.retry_after)
        else:
            return redirect(upload)
    status = 422 if form.is_bound else 200
    return render(request, "records/upload_new.html", {"form": form}, status=status)


def _over_quota(request: SignedInRequest, form: UploadForm, seconds: int | None) -> HttpResponse:
    response = render(request, "records/upload_new.html", {"form": form}, status=429)
    if seconds is not None:
        response["Retry-After"] = seconds
    return response


@require_safe
def upload(request: SignedInRequest, upload_id: int) -> HttpResponse:
    return render(request, "records/upload.html", _context(request, _visible(request, upload_id)))


@require_safe
def progress(request: SignedInRequest, upload_id: int) -> HttpResponse:
    """The fragment that the page asks for while a worker reads the file; at the end, the whole page."""
    upload = _visible(request, upload_id, without="report")
    if upload.outcome != Upload.State.RECEIVED:
        return HttpResponseClientRefresh()
    return render(request, "records/_progress.html", {"progress": _progress(upload)})


@require_POST
def answer(request: SignedInRequest, upload_id: int) -> HttpResponse:
    upload = _visible(request, upload_id)
    posted = PostedAnswers(request.POST, upload)
    problems = posted.problems
    try:
        if not problems:
            read(upload, by=request.user, answers=posted.answers)
            return redirect(upload)
        access.require(request.user, Permission.ENTER, upload.agency, upload.instrument_id)
    except BadAnswer as refusal:
        problems = dict.fromkeys(refusal.questions, str(refusal))
    except Refused as refusal:
        messages.error(request, str(refusal))
        return redirect(upload)
    context = _context(request, upload, posted.answers, problems)
    return render(request, "records/upload.html", context, status=422)


@require_POST
def take_next(request: SignedInRequest, upload_id: int) -> HttpResponse:
    """Begin an upload of the next sheet of the workbook."""
    upload = _visible(request, upload_id)
    try:
        return redirect(next_sheets.take_in(upload, by=request.user))
    except Refused as refusal:
        messages.error(request, str(refusal))
        return redirect(upload)


def _visible(request: SignedInRequest, pk: int, without: str | None = None) -> Upload:
    uploads = Upload.objects.visible_to(request.user).select_related("agency", "instrument", "job")
    uploads = uploads.defer(without)  # nothing is deferred by None
    return get_object_or_404(uploads, pk=pk)


def _context(
    request: SignedInRequest,
    upload: Upload,
    answers: Mapping[str, Any] | None = None,
    problems: Mapping[str, str] | None = None,
) -> dict[str, Any]:
    """Return what the page of an upload shows; `answers` were posted just now, `problems` say why one is none."""
    report, spec = standing(upload), spec_of(current(upload.instrument))
    given = names.given_names(upload, request.user)
    held = HeldRow.open_rows.filter(upload=upload).errors().count()
    submissions = list(upload.submissions.order_by("period"))
    may_enter = access.may(request.user, Permission.ENTER, upload.agency, upload.instrument_id)
    return {
        "upload": upload,
        "name": given.file or _neutral_name(upload, submissions),
        "sheet": given.sheet_of(str(report.file.get("sheet") or "")),
        "next_sheet": given.sheet_of(next_sheets.waiting(upload, request.user)),
        "state": upload.outcome,
        "heading": _heading(upload, report.rows.accepted, held),
        **_refused(report, upload, given),
        "report": report,
        "untouched": _untouched(report.sent_back) if report.sent_back else [],
        "columns": mapping.columns_of(report, spec, given, mapping.lists_of(upload)),
        "rows": report.rows,
        "skipped": _skipped(report.skipped),
        "blanks": _blanks(report, spec),
        "sum": sex.of_codes(report.sex),
        **_findings(report, given, upload, spec),
        "rows_by_sex": by_sex(upload),
        "mapping": _mapping(request, upload, given, answers or {}, problems),
        "held": held,
        "unknown_words": len(unknown_words.of(upload)) if held else 0,
        "held_at": reverse("records:upload_held", args=[upload.pk]),
        "may_correct": may_enter and any(s.is_open for s in submissions),
        "submissions": submissions,
        "duplicates": duplicates.told(upload),
        "progress": _progress(upload),
        "may_enter": may_enter,
        "may_undo": may_enter and may_be_undone(upload),
    }


def _mapping(
    request: SignedInRequest,
    upload: Upload,
    given: GivenNames,
    answers: Mapping[str, Any],
    problems: Mapping[str, str] | None,
) -> dict[str, Any] | None:
    """Return how the file is read, for a form; None where nothing can be answered any more."""
    if not can_be_answered(upload):
        return None
    return mapping.mapping_of(
        upload,
        given,
        {**said(upload), **answers},
        problems=problems,
        changed=request.GET.get("change", ""),
    )


def _neutral_name(upload: Upload, submissions: Sequence[Submission]) -> str:
    """The name of the file for everybody but its sender: SMS-WPF, 2026-03, file 12."""
    periods = ", ".join(submission.period for submission in submissions[:3])
    if not periods:
        return str(upload)
    told = {"instrument": f"{upload.instrument.code}, {periods}", "number": upload.pk}
    return _("%(instrument)s, file %(number)s") % told


def _causes(report: UploadReport, severity: str, given: GivenNames) -> list[Cause]:
    """The causes of this severity; cells are told with the names that the sender gave their sheets."""
    return [
        replace(cause, examples=[replace(e, cell=given.sheet_of(e.cell)) for e in cause.examples])
        for cause in report.findings
        if cause.severity == severity
    ]


def _refused(report: UploadReport, upload: Upload, given: GivenNames) -> dict[str, str]:
    if report.refusal is None:
        return {"why": upload.why, "where": ""}
    why = in_language(report.refusal.message)
    return {"why": why, "where": given.sheet_of(report.refusal.where)}


def _findings(
    report: UploadReport, given: GivenNames, upload: Upload, spec: Spec
) -> dict[str, list[dict[str, Any]]]:
    return {
        name: _with_rows(_causes(report, severity, given), upload, spec)
        for name, severity in (("errors", "error"), ("warnings", "warning"))
    }


def _with_rows(causes: Sequence[Cause], upload: Upload, spec: Spec) -> list[dict[str, Any]]:
    """The causes with the way to their rows, held or kept; "" where those that are kept cannot be asked for."""
    return [{**asdict(c), "text": c.text, "rows": _rows_of(c, upload, spec)} for c in causes]


def _rows_of(cause: Cause, upload: Upload, spec: Spec) -> str:
    if cause.severity == "error":
        return reverse("records:upload_held", args=[upload.pk], query={"rule": cause.rule})
    word = rows_behind.word_for(cause.rule, spec)
    return address(upload, behind=word) if word else ""


def _heading(upload: Upload, accepted: int, held: int) -> str:
    if upload.outcome != Upload.State.COMMITTED:
        return {
            Upload.State.REFUSED: _("The file was not taken in"),
            Upload.State.FAILED: _("The file could not be read"),
            Upload.State.NEEDS_ANSWERS: _waiting(upload),
            Upload.State.UNDONE: _("This upload was undone"),
        }.get(Upload.State(upload.outcome), _("The file is being read"))
    good = ngettext("%(n)s row is good", "%(n)s rows are good", accepted)
    heading = good % {"n": numbers(accepted)}
    if not held:
        return heading
    to_do = ngettext("%(n)s row to correct", "%(n)s rows to correct", held) % {"n": numbers(held)}
    return f"{to_do}, {heading}"


def _waiting(upload: Upload) -> str:
    """How many questions wait; where all are answered the file is about to be read again."""
    n = sum(1 for question in UploadReport.of(upload).questions if question.answer is None)
    return ngettext("%(n)s question about your file", "%(n)s questions about your file", n) % {
        "n": numbers(n)
    }


def _untouched(sent_back: SentBack) -> list[str]:
    """Say which rows of a workbook that was sent back were left alone, and why."""
    sentences = {
        _("Corrected or removed meanwhile: rows %(rows)s of the workbook."): sent_back.gone,
        _("Their period is closed: rows %(rows)s of the workbook."): sent_back.closed,
        _(
            "Without a key of ours: rows %(rows)s of the workbook. Send new rows in a file of their own."
        ): sent_back.without_key,
        _("The same key twice: rows %(rows)s of the workbook."): sent_back.twice,
    }
    return [text % {"rows": ", ".join(map(str, rows))} for text, rows in sentences.items() if rows]


def _skipped(kinds: Mapping[str, int]) -> list[str]:
    """Return what was skipped and how many rows of it, in words."""
    texts = standard("reading")
    labels = {kind: in_language(texts[f"skipped.{kind}"]) for kind in kinds}
    return [f"{labels[kind]}: {numbers(count)}" for kind, count in kinds.items()]


def _blanks(report: UploadReport, spec: Spec) -> list[str]:
    """Return in words what was read as “not stated”, by variable."""
    lines = []
    for name, words in groupby(report.blanks, key=lambda word: word["variable"]):
        told = ", ".join(f"“{word['text']}” {numbers(word['count'])}" for word in words)
        label = in_language(spec.by_name[name].label) if name in spec.by_name else name
        lines.append(f"{label}: {told}")
    return lines


def _progress(upload: Upload) -> dict[str, Any]:
    progress = upload.job.progress if upload.job else {}
    stages = {
        "reading": _("Reading the file"),
        "checking": _("Checking the rows"),
        "storing": _("Storing the good rows"),
        "done": _("Done"),
    }
    done, size = progress.get("bytes", 0), upload.size
    return {
        "stage": stages.get(str(progress.get("stage")), _("Waiting for a worker")),
        "rows": progress.get("rows", 0),
        "bytes": done,
        "size": size,
        "percent": min(100, round(100 * done / size)) if size and done else None,
    }
