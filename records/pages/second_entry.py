"""Second entry: the records that wait for it, and the form of one, with differences side by side."""

from typing import Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from agencies import access
from agencies.http import SignedInRequest, takes_forms
from agencies.refusal import Refused
from agencies.roles import Permission
from records.collection import second_entry
from records.collection.second_entry import Compared
from records.instruments.versions import spec_of
from records.models import Record, SecondEntry, Submission
from records.pages.entry import acknowledged, beside_no_field, typed
from records.pages.fields import Field, fields_of, focus, normalised
from standards.translation import active_language, in_language

PER_PAGE = 50


@require_safe
def waiting(request: SignedInRequest, submission_id: int) -> HttpResponse:
    """The records of a submission that wait for a second person."""
    seen = Submission.objects.visible_to(request.user)
    related = seen.select_related("agency", "instrument", "instrument_version")
    submission = get_object_or_404(related, pk=submission_id)
    access.require(request.user, Permission.ENTER, submission.agency, submission.instrument_id)
    page = Paginator(second_entry.waiting_in(submission), PER_PAGE)
    context = {
        "submission": submission,
        "page": page.get_page(request.GET.get("page")),
        "person": request.user,
    }
    return render(request, "records/second_entries.html", context)


@takes_forms
def type_again(request: SignedInRequest, record: int) -> HttpResponse:
    """Type the key variables of a record again; what differs is shown then, and decided."""
    rows = Record.objects.visible_to(request.user).select_related(
        "agency", "submission__instrument", "submission__instrument_version"
    )
    first = get_object_or_404(rows, pk=record)
    instrument = first.submission.instrument_id
    access.require(request.user, Permission.ENTER, first.agency, instrument)
    waits = SecondEntry.objects.visible_to(request.user).filter(record=first, done_at=None).first()
    if request.method != "POST" or waits is None:
        if waits is None:
            messages.error(request, _("This record does not wait for a second entry."))
            return redirect("records:second_entries", first.submission_id)
        return _form(request, first, waits, Compared())
    choices = {n: request.POST.get(f"right-{n}", "") for n in waits.variables}
    try:
        compared = second_entry.type_again(
            first,
            typed(request, spec_of(first.submission.instrument_version)),
            by=request.user,
            choices=choices,
            acknowledged=acknowledged(request),
        )
    except Refused as refusal:
        return _form(request, first, waits, Compared(), str(refusal))
    if not compared.is_done:
        return _form(request, first, waits, compared)
    messages.success(
        request, _("Record %(number)s was typed twice.") % {"number": first.record_ref}
    )
    following = second_entry.waiting_in(first.submission).exclude(first_by=request.user).first()
    if following:
        return redirect("records:second_entry", following.record_id)
    return redirect("records:second_entries", first.submission_id)


def _form(
    request: SignedInRequest,
    record: Record,
    waits: SecondEntry,
    compared: Compared,
    refused: str = "",
) -> HttpResponse:
    spec, language = spec_of(record.submission.instrument_version), active_language()
    values = typed(request, spec) if request.method == "POST" else {}
    fields = {f.name: f for f in fields_of(spec, values, language, compared.findings)}
    shown = [fields[name] for name in waits.variables if name in fields]
    normalised(shown)
    focus(shown, acknowledged(request))
    context = {
        "record": record,
        "version": record.submission.instrument_version,
        "fields": shown,
        "acknowledged": acknowledged(request),
        "to_acknowledge": beside_no_field(compared.findings, shown),
        "elsewhere": [
            in_language(f.message)
            for f in compared.findings
            if f.severity == "error" and f.variable not in waits.variables
        ],
        "differences": [_side_by_side(request, d, fields[d.name]) for d in compared.differences],
        "refused": refused,
    }
    status = 422 if request.method == "POST" else 200
    return render(request, "records/second_entry.html", context, status=status)


def _side_by_side(
    request: SignedInRequest, difference: second_entry.Difference, subject: Field
) -> dict[str, Any]:
    """The two texts of a variable in words, with what was chosen."""
    words = {choice["code"]: choice["label"] for choice in subject.choices}
    chosen = request.POST.get(f"right-{difference.name}", "")
    return {
        "name": difference.name,
        "label": subject.label,
        "sides": [
            (which, words.get(text, text), which == chosen)
            for which, text in zip(
                second_entry.ANSWERS, (difference.first, difference.second), strict=True
            )
        ],
    }
