"""Uploads: send a file, watch it being read, answer its questions, see what came of it, undo."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from typing import Any

from django import forms
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
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_POST, require_safe
from django_htmx.http import HttpResponseClientRefresh

from agencies import access
from agencies.http import SignedInRequest, takes_forms
from agencies.models import Person
from agencies.refusal import Refused
from agencies.roles import Permission
from records.codelists import learned
from records.collection import names, unknown_words
from records.collection.findings_by_cause import Cause
from records.collection.names import GivenNames
from records.collection.report import UploadReport
from records.collection.uploads import (
    BadAnswer,
    OverQuota,
    can_be_answered,
    may_be_undone,
    read,
    receive,
)
from records.collection.uploads import undo as undo_upload
from records.instruments import deliveries
from records.instruments.versions import current, current_of, spec_of
from records.models import HeldRow, Submission, Upload
from records.reading.layout import Question
from standards import sex
from standards.codelists import standard
from standards.translation import in_language

ACCEPTED = (".csv", ".tsv", ".txt", ".xlsx", ".xlsm", ".xlsb", ".xls", ".ods", ".gz", ".zip")


class UploadForm(forms.Form):
    """Which instrument, and the file. `delivery` is `AGENCY/INSTRUMENT`, of those the person enters for."""

    delivery = forms.ChoiceField(label=gettext_lazy("Instrument"))
    file = forms.FileField(
        label=gettext_lazy("File"),
        help_text=gettext_lazy(
            "CSV, TSV, TXT, XLSX, XLSM, XLSB, XLS or ODS; also as .gz, or as the one file in a .zip. "
            "Titles above the table, other column names and totals below do no harm. "
            "Names and passport numbers are dropped while the file is read. Macros are never run."
        ),
        widget=forms.FileInput(attrs={"accept": ",".join(ACCEPTED)}),
    )

    def __init__(self, *args: Any, person: Person, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.deliveries = {
            f"{agency.code}/{instrument.code}": (agency, instrument)
            for agency, instrument in deliveries.offered_to(person)
        }
        newest = current_of(instrument for _agency, instrument in self.deliveries.values())
        self.fields["delivery"].choices = [  # type: ignore[attr-defined]
            (key, f"{newest[instrument.pk].title} ({agency.code})")
            for key, (agency, instrument) in self.deliveries.items()
        ]


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
    may_enter = access.may(request.user, Permission.ENTER)
    return render(request, "records/uploads.html", {"page": page, "may_enter": may_enter})


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
    answers = _answers(request, upload)
    try:
        read(upload, by=request.user, answers=answers)
    except BadAnswer as refusal:
        context = _context(request, upload)
        problems = dict.fromkeys(refusal.questions, str(refusal))
        given = names.given_names(upload, request.user)
        context["questions"] = _questions(upload, answers, given, problems)
        return render(request, "records/upload.html", context, status=422)
    except Refused as refusal:
        messages.error(request, str(refusal))
    return redirect(upload)


@require_POST
def undo(request: SignedInRequest, upload_id: int) -> HttpResponse:
    upload = _visible(request, upload_id)
    try:
        undo_upload(upload, by=request.user)
    except Refused as refusal:
        messages.error(request, str(refusal))
    else:
        messages.success(request, _("The upload was undone; its rows are gone."))
    return redirect(upload)


def _visible(request: SignedInRequest, pk: int, without: str | None = None) -> Upload:
    uploads = Upload.objects.visible_to(request.user).select_related("agency", "instrument", "job")
    uploads = uploads.defer(without)  # nothing is deferred by None
    return get_object_or_404(uploads, pk=pk)


def _answers(request: SignedInRequest, upload: Upload) -> dict[str, Any]:
    """Read the form of questions: `sex_codes` one choice per number, columns by variable, else one value."""
    answers: dict[str, Any] = {}
    for question in UploadReport.of(upload).questions:
        name = question.id
        if name == "sex_codes":
            codes = {
                line.split(":")[0]: request.POST.get(f"sex_codes:{line.split(':')[0]}", "")
                for line in question.evidence
            }
            if all(codes.values()):
                answers[name] = codes
        elif ":" in name and request.POST.get(name):  # of one variable: `columns:sex`
            kind, _colon, variable = name.partition(":")
            known = {**upload.answers.get(kind, {}), **answers.get(kind, {})}
            answers[kind] = {**known, variable: request.POST[name]}
        elif request.POST.get(name):
            answers[name] = request.POST[name]
    return answers


def _context(request: SignedInRequest, upload: Upload) -> dict[str, Any]:
    report = UploadReport.of(upload)
    given = names.given_names(upload, request.user)
    held = HeldRow.open_rows.filter(upload=upload).errors().count()
    submissions = list(upload.submissions.order_by("period"))
    may_enter = access.may(request.user, Permission.ENTER, upload.agency, upload.instrument_id)
    return {
        "upload": upload,
        "name": given.file or _neutral_name(upload, submissions),
        "sheet": given.sheet_of(str(report.file.get("sheet") or "")),
        "state": upload.outcome,
        "heading": _heading(upload, report.rows.accepted, held),
        "why": in_language(report.refusal.message) if report.refusal else upload.why,
        "where": given.sheet_of(report.refusal.where) if report.refusal else "",
        "report": report,
        "columns": _columns(upload, report, given),
        "rows": report.rows,
        "skipped": _skipped(report.skipped),
        "sum": sex.of_codes(report.sex),
        "errors": _causes(report, "error", given),
        "warnings": _causes(report, "warning", given),
        "questions": _questions(upload, upload.answers, given) if can_be_answered(upload) else [],
        "held": held,
        "unknown_words": len(unknown_words.of(upload)) if held else 0,
        "held_at": reverse("records:upload_held", args=[upload.pk]),
        "may_correct": may_enter and any(s.is_open for s in submissions),
        "submissions": submissions,
        "progress": _progress(upload),
        "may_enter": may_enter,
        "may_undo": may_enter and may_be_undone(upload),
    }


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


def _heading(upload: Upload, accepted: int, held: int) -> str:
    if upload.outcome != Upload.State.COMMITTED:
        return {
            Upload.State.REFUSED: _("The file was not taken in"),
            Upload.State.FAILED: _("The file could not be read"),
            Upload.State.NEEDS_ANSWERS: _("The file is read; please answer"),
            Upload.State.UNDONE: _("This upload was undone"),
        }.get(Upload.State(upload.outcome), _("The file is being read"))
    good = ngettext("%(n)s row is good", "%(n)s rows are good", accepted)
    heading = good % {"n": numbers(accepted)}
    if not held:
        return heading
    to_do = ngettext("%(n)s row to correct", "%(n)s rows to correct", held) % {"n": numbers(held)}
    return f"{to_do}, {heading}"


def _columns(upload: Upload, report: UploadReport, given: GivenNames) -> list[dict[str, str]]:
    """The columns of the file with the variable each was taken for, in words, or why it was dropped."""
    spec = spec_of(current(upload.instrument))
    reasons = standard("reading")
    labels = {name: in_language(variable.label) for name, variable in spec.by_name.items()}
    return [
        {
            "letter": column.letter,
            "header": given.header_of(column.letter, column.header),
            "how": column.how,
            "label": labels.get(column.variable or "", ""),
            "why": in_language(reasons[f"dropped.{column.reason}"]) if column.reason else "",
        }
        for column in report.columns
    ]


def _skipped(kinds: Mapping[str, int]) -> list[str]:
    """Return what was skipped and how many rows of it, in words."""
    texts = standard("reading")
    labels = {kind: in_language(texts[f"skipped.{kind}"]) for kind in kinds}
    return [f"{labels[kind]}: {numbers(count)}" for kind, count in kinds.items()]


def _questions(
    upload: Upload,
    answers: dict[str, Any],
    given: GivenNames,
    problems: dict[str, str] | None = None,
) -> list[dict[str, Any]]:
    """The questions with what was answered, and beside an answer why it cannot be used.

    What numbers and letters of a sex meant in an earlier file of the agency is proposed, to be confirmed.
    """
    reported = UploadReport.of(upload).questions
    if "sex_codes" not in answers and any(question.id == "sex_codes" for question in reported):
        before = learned.words_of(upload.agency, upload.instrument).get("sex", {})
        answers = {**answers, "sex_codes": before}
    else:
        before = {}
    questions = [_question(q, answers, given) for q in reported]
    for question in questions:
        texts = {number["text"] for number in question["numbers"]}
        question["proposed"] = question["id"] == "sex_codes" and not texts.isdisjoint(before)
    return [{**q, "problem": (problems or {}).get(q["id"], "")} for q in questions]


def _as_given(text: str, given: GivenNames) -> str:
    """A choice or evidence with the sender's names: `#2: 120`, `E: •••`."""
    letter, colon, header = text.partition(": ")
    return f"{letter}{colon}{given.header_of(letter, header)}" if colon else given.sheet_of(text)


def _question(question: Question, answers: dict[str, Any], given: GivenNames) -> dict[str, Any]:
    name, _colon, variable = question.id.partition(":")
    answer = answers.get(name)
    if variable:
        answer = dict(answer or {}).get(variable)
    choices = [
        {
            "value": json.dumps(c["value"]) if isinstance(c["value"], bool) else c["value"],
            "label": in_language(c["label"])
            if isinstance(c["label"], dict)
            else _as_given(c["label"], given),
            "chosen": answer is not None and str(c["value"]).lower() == str(answer).lower(),
        }
        for c in question.choices
    ]
    texts = [line.split(":")[0] for line in question.evidence]
    codes = dict(answer or {}) if name == "sex_codes" else {}
    return {
        **asdict(question),
        "evidence": [given.sheet_of(line) for line in question.evidence],
        "label": in_language(question.text),
        "options": choices,
        "numbers": [{"text": text, "answer": codes.get(text, "")} for text in texts],
    }


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
