"""Held rows: a sheet in which the wrong cells can be typed anew, and the form of one whole row."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from agencies import access, audit
from agencies.http import SignedInRequest, takes_forms
from agencies.models import Person
from agencies.refusal import Refused
from agencies.roles import Permission
from records.collection import corrections
from records.collection.held_rows import compared, texts_of_held
from records.collection.held_rows import discard as discard_row
from records.collection.names import shown_name
from records.instruments.spec import Spec
from records.instruments.versions import current, spec_of
from records.models import HeldRow, Submission, Upload
from records.pages.entry import acknowledged, form, say_saved, to_learn
from records.review import profile
from records.validation.findings import Finding
from standards.periods import period_in_text
from standards.translation import active_language, in_language

PER_PAGE = 25
ALWAYS = ("record_ref", "event_date", "sex", "citizenship")  # so that a row can be recognised


@dataclass(frozen=True)
class Why:
    """What is wrong in a cell, and the address of the page of the rule; "" where it is no rule."""

    text: str
    page: str = ""


@dataclass(frozen=True)
class Cell:
    """One cell: its text, and what is wrong with it, with the address in the file."""

    name: str
    label: str
    text: str
    why: tuple[Why, ...] = ()
    compared: bool = False  # a rule that is broken looks at it too: it may be the wrong one
    address: str = ""
    is_unknown: bool = False  # a word that no code list knows: it can be remembered

    @property
    def to_correct(self) -> bool:
        return bool(self.why) or self.compared


@dataclass(frozen=True)
class Row:
    """One row of the sheet."""

    pk: int
    number: int | None
    cells: tuple[Cell, ...]
    shown: str
    may_correct: bool
    late: bool
    saved: bool = False
    warned: tuple[str, ...] = ()  # rules to confirm: saving once more confirms them


@require_safe
def held_rows(
    request: SignedInRequest, submission_id: int | None = None, upload_id: int | None = None
) -> HttpResponse:
    """The held rows of a submission or of an upload, all or those of one rule."""
    owner = _owner(request, submission_id, upload_id)
    access.require(request.user, Permission.SEE_RECORDS, owner.agency, owner.instrument_id)
    _note_reading(request, owner)
    rows = HeldRow.open_rows.select_related("submission")
    held = rows.filter(upload=owner) if isinstance(owner, Upload) else rows.missing_from(owner)
    rule = request.GET.get("rule", "")
    chosen = held.filter(findings__contains=[{"rule": rule}]) if rule else held
    page = Paginator(chosen, PER_PAGE).get_page(request.GET.get("page"))
    spec = spec_of(current(owner.instrument))
    names = _columns(spec, list(page.object_list))
    may_correct = access.may(request.user, Permission.ENTER, owner.agency, owner.instrument_id)
    context = {
        "owner": owner,
        "upload": owner if isinstance(owner, Upload) and may_correct else None,
        "title": _title(owner, request.user),
        "page": page,
        "rule": rule,
        "causes": [{**c, "text": in_language(c["message"])} for c in profile.causes(held)],
        "heads": [in_language(spec.variable(name).label) for name in names],
        "rows": [_row(row, spec, names, may_correct and _open(row)) for row in page.object_list],
    }
    return render(request, "records/held.html", context)


@takes_forms
def correct(request: SignedInRequest, held: int) -> HttpResponse:
    """The form of one held row; a save from the sheet answers with the row as it is then."""
    held_row = get_object_or_404(
        HeldRow.open_rows.visible_to(request.user).select_related("agency", "instrument", "upload"),
        pk=held,
    )
    if request.method != "POST":
        audit.record(
            "read",
            f"held:{held_row.pk}",
            name=held_row.instrument.code,
            by=request.user,
            agency=held_row.agency,
        )
        return _form(request, held_row, {}, findings=corrections.check(held_row).findings)
    if request.htmx:
        return _correct_in_sheet(request, held_row)
    changes = corrections.changes_in(held_row, request.POST.dict())
    try:
        outcome = corrections.correct(
            held_row,
            changes,
            by=request.user,
            acknowledged=acknowledged(request),
            learn=to_learn(request),
        )
    except Refused as refusal:
        return _form(request, held_row, changes, refused=str(refusal))
    if outcome.record is None:
        return _form(request, held_row, changes, findings=outcome.findings)
    say_saved(request, outcome.record)
    if held_row.upload_id:
        return redirect("records:upload_held", held_row.upload_id)
    return redirect(outcome.record.submission.records_url)


@require_POST
def discard(request: SignedInRequest, held: int) -> HttpResponse:
    held_row = get_object_or_404(HeldRow.open_rows.visible_to(request.user), pk=held)
    back = reverse("records:upload_held", args=[held_row.upload_id]) if held_row.upload_id else "/"
    try:
        discard_row(held_row, by=request.user)
    except Refused as refusal:
        messages.error(request, str(refusal))
    else:
        messages.success(request, _("The row was removed."))
    return redirect(back)


def _note_reading(request: SignedInRequest, owner: Submission | Upload) -> None:
    if isinstance(owner, Upload):
        subject, name = f"upload:{owner.pk}", f"{owner.instrument.code} {owner.pk}"
    else:
        subject, name = f"submission:{owner.pk}", str(owner)
    audit.record("read_held", subject, name=name, by=request.user, agency=owner.agency)


def _owner(
    request: SignedInRequest, submission: int | None, upload: int | None
) -> Submission | Upload:
    if submission is None:
        return get_object_or_404(Upload.objects.visible_to(request.user), pk=upload)
    submissions = Submission.objects.visible_to(request.user)
    related = ("agency", "instrument", "instrument_version")
    return get_object_or_404(submissions.select_related(*related), pk=submission)


def _form(
    request: SignedInRequest,
    held_row: HeldRow,
    changes: Mapping[str, str],
    *,
    findings: Sequence[Finding] = (),
    refused: str = "",
) -> HttpResponse:
    return form(
        request,
        current(held_row.instrument),
        held_row.agency,
        corrections.shown_texts(held_row, changes),
        held_row,
        findings=findings,
        refused=refused,
        unknown=corrections.unknown_words(held_row),
    )


def _correct_in_sheet(request: SignedInRequest, held_row: HeldRow) -> HttpResponse:
    """Save the row and answer with it: saved, or with what is wrong now."""
    spec = spec_of(current(held_row.instrument))
    changes = corrections.changes_in(held_row, request.POST.dict())
    warned: tuple[str, ...] = ()
    try:
        outcome = corrections.correct(
            held_row,
            changes,
            by=request.user,
            acknowledged=acknowledged(request),
            learn=to_learn(request),
        )
    except Refused as refusal:
        held_row.findings = [{"variable": "record_ref", "message": {"en": str(refusal)}}]
    else:
        findings = [] if outcome.record else outcome.findings
        held_row.findings = [
            {"rule": f.rule, "variable": f.variable, "message": f.message} for f in findings
        ]
        warned = () if outcome.errors else tuple(f.rule for f in outcome.warnings)
    held_row.raw = {**texts_of_held(held_row), **changes}  # to be shown; nothing is stored
    columns = request.POST.get("shown", "").split(",")
    names = [v.name for v in spec.variables if v.name in columns]
    row = _row(held_row, spec, names, may_correct=True)
    row = replace(row, saved=not held_row.findings, warned=warned)
    return render(request, "records/_held_row.html", {"row": row})


def _open(held: HeldRow) -> bool:
    """A row whose date cannot be read belongs to no submission yet, so none is closed."""
    return held.submission is None or held.submission.is_open


def _columns(spec: Spec, rows: Sequence[HeldRow]) -> list[str]:
    """What the sheet shows: what recognises a row, and every variable that may be wrong on the page."""
    wrong = {finding["variable"] for row in rows for finding in row.findings}
    wrong |= {name for row in rows for name in compared(row, spec)}
    return [v.name for v in spec.variables if v.name in wrong or v.name in ALWAYS]


def _row(held: HeldRow, spec: Spec, names: Sequence[str], may_correct: bool) -> Row:
    texts, beside = texts_of_held(held), compared(held, spec)
    late = held.kind == HeldRow.Kind.LATE
    return Row(
        pk=held.pk,
        number=held.row_no,
        cells=tuple(_cell(held, spec, name, texts.get(name, ""), name in beside) for name in names),
        shown=",".join(names),
        may_correct=may_correct and not late,
        late=late,
    )


def _cell(held: HeldRow, spec: Spec, name: str, text: str, compared: bool) -> Cell:
    findings = [f for f in held.findings if f["variable"] == name]
    return Cell(
        name=name,
        label=in_language(spec.variable(name).label),
        text=text,
        why=tuple(_why(f, spec) for f in findings),
        address=findings[0].get("cell", "") if findings else "",
        compared=compared,
        is_unknown=corrections.may_be_learned(spec.variable(name))
        and any(corrections.is_unknown_word(f.get("rule", "")) for f in findings),
    )


def _why(finding: Mapping[str, Any], spec: Spec) -> Why:
    rule = finding.get("rule")
    page = reverse("records:rule", args=[spec.code, rule]) if rule else ""
    return Why(in_language(finding["message"]), page)


def _title(owner: Submission | Upload, person: Person) -> str:
    if isinstance(owner, Upload):
        return shown_name(owner, person)
    period = period_in_text(owner.period, active_language())
    return f"{owner.instrument_version.title}, {period}"
