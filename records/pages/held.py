"""Held rows: the grid in which many are corrected together, and the form of one whole row."""

from collections.abc import Iterable, Mapping, Sequence

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from agencies import access, audit
from agencies.http import SignedInRequest, takes_forms
from agencies.models import Person
from agencies.refusal import Refused
from agencies.roles import Permission
from records.collection import corrections, held_keys, unknown_words
from records.collection.bulk_corrections import Corrected, correct_seen
from records.collection.held_rows import discard as discard_row
from records.collection.names import GivenNames, given_names, note, shown_name
from records.instruments.versions import current, spec_of
from records.models import HeldRow, HeldRows, Submission, Upload
from records.pages.corrected import of_total, outcome
from records.pages.entry import acknowledged, form, say_saved, to_learn
from records.pages.held_cells import columns_named, columns_of, row_of
from records.pages.posted_rows import PostedRows
from records.review import profile
from records.validation.findings import Finding
from standards.periods import period_in_text
from standards.translation import active_language, in_language

PER_PAGE = 200


@takes_forms
def held_rows(
    request: SignedInRequest, submission_id: int | None = None, upload_id: int | None = None
) -> HttpResponse:
    """The grid of the held rows of a submission or of an upload, all or those of one rule; takes what was typed."""
    owner = _owner(request, submission_id, upload_id)
    access.require(request.user, Permission.SEE_RECORDS, owner.agency, owner.instrument_id)
    if request.method == "POST":
        access.require(request.user, Permission.ENTER, owner.agency, owner.instrument_id)
        return _save(request, owner)
    _note_reading(request, owner)
    held, rule = _held_of(owner), request.GET.get("rule", "")
    chosen = held.filter(findings__contains=[{"rule": rule}]) if rule else held
    page = Paginator(chosen, PER_PAGE).get_page(request.GET.get("page"))
    spec = spec_of(current(owner.instrument))
    columns = columns_of(spec, list(page.object_list))
    may_correct = access.may(request.user, Permission.ENTER, owner.agency, owner.instrument_id)
    given = _given(owner, request.user)
    rows = [row_of(row, spec, columns, given, may_correct=may_correct) for row in page.object_list]
    upload = owner if isinstance(owner, Upload) and may_correct else None
    context = {
        "owner": owner,
        "upload": upload,
        "title": _title(owner, request.user),
        "page": page,
        "rule": rule,
        "all_held": held.count() if rule else page.paginator.count,
        "rule_page": reverse("records:rule", args=[spec.code, rule]) if rule else "",
        "causes": [{**c, "text": in_language(c["message"])} for c in profile.causes(held)],
        "columns": columns,
        "rows": rows,
        "is_grid": any(row.may_correct for row in rows),
        "unknown_words": len(unknown_words.of(upload)) if upload and rows else 0,
    }
    return render(request, "records/held.html", context)


def _rows() -> HeldRows:
    return HeldRow.open_rows.select_related("submission").annotate(state=held_keys.STATE)


def _held_of(owner: Submission | Upload) -> HeldRows:
    rows = _rows()
    return rows.filter(upload=owner) if isinstance(owner, Upload) else rows.missing_from(owner)


def _save(request: SignedInRequest, owner: Submission | Upload) -> HttpResponse:
    """Take what was typed in many rows, and answer for each of them what became of it."""
    try:
        posted = PostedRows(request.POST.get("rows", ""), most=PER_PAGE)
    except ValueError:
        return JsonResponse(
            {"said": _("What was sent cannot be read. Nothing was changed.")}, status=422
        )
    # A row may leave this month for another one, and is shown nevertheless.
    files = dict(_held_of(owner).filter(pk__in=posted.seen).values_list("pk", "upload"))
    uploads = Upload.objects.filter(pk__in=set(files.values()))
    uploads = uploads.select_related("agency", "instrument")
    try:
        corrected = correct_seen(list(uploads), posted.seen, posted.changes, by=request.user)
    except Refused as refusal:
        return JsonResponse({"said": str(refusal)}, status=409)
    left = _rows().filter(pk__in=files)
    return _answer(request, owner, corrected, left)


def _answer(
    request: SignedInRequest,
    owner: Submission | Upload,
    corrected: Corrected,
    left: Iterable[HeldRow],
) -> JsonResponse:
    """Say what became of each row: taken in, left alone, or as it is held now."""
    spec = spec_of(current(owner.instrument))
    columns = columns_named(spec, set(request.POST.getlist("column")))
    given = _given(owner, request.user)
    notes = dict.fromkeys(corrected.closed, _("its period is closed"))
    notes |= dict.fromkeys(corrected.total, of_total())
    notes |= corrected.refused
    notes |= dict.fromkeys(corrected.gone, _("changed by somebody else meanwhile"))
    rows = [
        row_of(row, spec, columns, given, may_correct=True, note=notes.get(row.pk, ""))
        for row in left
    ]
    taken = corrected.accepted | corrected.duplicate
    unusual = {
        pk: [in_language(finding.message) for finding in corrected.warnings.get(pk, ())]
        for pk in taken
    }
    answer = {
        "said": outcome(corrected),
        "taken": unusual,
        "left": sorted(corrected.left_alone),
        "rows": [render_to_string("records/_held_row.html", {"row": row}) for row in rows],
    }
    return JsonResponse(answer)


@takes_forms
def correct(request: SignedInRequest, held: int) -> HttpResponse:
    """The form of one held row."""
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
        note("read_held", owner, request.user)
        return
    subject = f"submission:{owner.pk}"
    audit.record("read_held", subject, name=str(owner), by=request.user, agency=owner.agency)


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


def _given(owner: Submission | Upload, person: Person) -> GivenNames:
    return given_names(owner, person) if isinstance(owner, Upload) else GivenNames()


def _title(owner: Submission | Upload, person: Person) -> str:
    if isinstance(owner, Upload):
        return shown_name(owner, person)
    period = period_in_text(owner.period, active_language())
    return f"{owner.instrument_version.title}, {period}"
