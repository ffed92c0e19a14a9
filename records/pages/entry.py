"""Typing a record, correcting a held row, and the lists of both."""

from collections.abc import Mapping
from typing import Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from agencies import access
from agencies.access import Permission
from agencies.http import SignedInRequest
from agencies.models import Agency, in_language
from records import entry, forms
from records.instrument import current, spec_of
from records.models import HeldRow, Instrument, InstrumentVersion, Record, Submission, Upload
from records.review import Refused

PER_PAGE = 50


def records(request: SignedInRequest, submission: int) -> HttpResponse:
    found = get_object_or_404(
        Submission.objects.visible_to(request.user).select_related("agency", "instrument_version"),
        pk=submission,
    )
    rows = Record.objects.visible_to(request.user).filter(submission=found)
    wanted = request.GET.get("q", "").strip()
    if wanted:
        rows = rows.filter(record_ref__icontains=wanted)
    page = Paginator(rows, PER_PAGE).get_page(request.GET.get("page"))
    context = {
        "submission": found,
        "page": page,
        "wanted": wanted,
        "may_enter": _may_enter(request, found),
    }
    return render(request, "records/records.html", context)


def new(request: SignedInRequest, instrument: str, agency: str) -> HttpResponse:
    found = get_object_or_404(access.agencies(request.user, Permission.ENTER), code=agency)
    collection = get_object_or_404(found.instruments, code=instrument)
    version = current(collection)
    initial = {
        v.name: v.unknown for v in spec_of(version).variables if v.name != "sex" and v.unknown
    }
    if request.method == "GET":
        return _form(request, version, found, initial)
    return _save(request, version, found, collection)


def edit(request: SignedInRequest, record: int) -> HttpResponse:
    found = get_object_or_404(
        Record.objects.visible_to(request.user).select_related(
            "agency", "submission__instrument", "submission__instrument_version"
        ),
        pk=record,
    )
    version = found.submission.instrument_version
    if request.method == "GET":
        return _form(request, version, found.agency, entry.texts_of(found), record=found)
    return _save(request, version, found.agency, found.submission.instrument, record=found)


@require_POST
def delete(request: SignedInRequest, record: int) -> HttpResponse:
    found = get_object_or_404(Record.objects.visible_to(request.user), pk=record)
    submission = found.submission
    try:
        entry.delete(found, by=request.user)
    except Refused as refusal:
        messages.error(request, str(refusal))
    else:
        messages.success(
            request, _("Record %(number)s was deleted.") % {"number": found.record_ref}
        )
    return redirect("records:records", submission.pk)


def held_rows(
    request: SignedInRequest, submission: int | None = None, upload: int | None = None
) -> HttpResponse:
    """Held rows of a submission or of an upload, each with what is wrong and where."""
    owner: Submission | Upload
    if submission is not None:
        owner = get_object_or_404(Submission.objects.visible_to(request.user), pk=submission)
    else:
        owner = get_object_or_404(Upload.objects.visible_to(request.user), pk=upload)
    rows = owner.held_rows.all().visible_to(request.user)
    page = Paginator(rows, PER_PAGE).get_page(request.GET.get("page"))
    said = [
        (row, [{**f, "text": in_language(f["message"])} for f in row.findings])
        for row in page.object_list
    ]
    return render(request, "records/held.html", {"owner": owner, "page": page, "rows": said})


def correct(request: SignedInRequest, held: int) -> HttpResponse:
    found = get_object_or_404(
        HeldRow.objects.visible_to(request.user).select_related("agency", "instrument", "upload"),
        pk=held,
    )
    version = current(found.instrument)
    if request.method == "GET":
        values = {name: str(text) for name, text in found.raw.items() if not isinstance(text, dict)}
        checked = entry.check(values, spec_of(version))
        return _form(request, version, found.agency, values, held=found, found=checked.found)
    return _save(request, version, found.agency, found.instrument, held=found)


@require_POST
def discard(request: SignedInRequest, held: int) -> HttpResponse:
    found = get_object_or_404(HeldRow.objects.visible_to(request.user), pk=held)
    back = reverse("records:upload_held", args=[found.upload_id]) if found.upload_id else "/"
    entry.discard(found, by=request.user)
    messages.success(request, _("The row was removed."))
    return redirect(back)


def _may_enter(request: SignedInRequest, submission: Submission) -> bool:
    return submission.is_open and access.may(request.user, Permission.ENTER, submission.agency)


def _save(
    request: SignedInRequest,
    version: InstrumentVersion,
    agency: Agency,
    collection: Instrument,
    *,
    record: Record | None = None,
    held: HeldRow | None = None,
) -> HttpResponse:
    values = {v.name: request.POST.get(v.name, "") for v in spec_of(version).variables}
    upload = held.upload if held else None
    try:
        outcome = entry.save(
            values,
            agency=agency,
            collection=collection,
            by=request.user,
            acknowledged=frozenset(request.POST.getlist("acknowledged")),
            record=record,
            held=held,
        )
    except Refused as refusal:
        return _form(
            request, version, agency, values, record=record, held=held, refused=str(refusal)
        )
    if outcome.record is None:
        found = [*outcome.errors, *outcome.warnings]
        return _form(request, version, agency, values, record=record, held=held, found=found)
    messages.success(
        request, _("Record %(number)s is saved.") % {"number": outcome.record.record_ref}
    )
    if "another" in request.POST:
        return redirect("records:record_new", collection.code, agency.code)
    if upload:
        return redirect("records:upload_held", upload.pk)
    return redirect("records:records", outcome.record.submission_id)


def _form(
    request: SignedInRequest,
    version: InstrumentVersion,
    agency: Agency,
    values: Mapping[str, str],
    *,
    record: Record | None = None,
    held: HeldRow | None = None,
    found: Any = (),
    refused: str = "",
) -> HttpResponse:
    spec = spec_of(version)
    fields = forms.fields_of(spec, values, (get_language() or "en")[:2], found)
    warnings = [f for f in found if f.severity == "warning"]
    context = {
        "version": version,
        "agency": agency,
        "fields": fields,
        "record": record,
        "held": held,
        "errors": [f for f in fields if f.errors],
        "refused": refused,
        "to_acknowledge": [(f.rule, in_language(f.message)) for f in warnings],
        "acknowledged": request.POST.getlist("acknowledged"),
        "may_enter": access.may(request.user, Permission.ENTER, agency),
    }
    status = 200 if request.method == "GET" else 422
    return render(request, "records/record.html", context, status=status)
