"""What the engine says of a record or held row while it is being corrected: asked by htmx, nothing is saved."""

from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_POST

from agencies import access
from agencies.http import SignedInRequest
from agencies.roles import Permission
from records.collection import corrections, entry
from records.instruments.versions import current, spec_of
from records.models import HeldRow, Record
from records.pages.entry import acknowledged, typed
from records.pages.fields import Field, fields_of
from standards.translation import active_language


@require_POST
def record(request: SignedInRequest, record: int) -> HttpResponse:
    """Check what is typed into the form of a record; answers what has changed beside its fields."""
    rows = Record.objects.visible_to(request.user).select_related(
        "agency", "submission__instrument", "submission__instrument_version"
    )
    checked = get_object_or_404(rows, pk=record)
    instrument = checked.submission.instrument_id
    access.require(request.user, Permission.ENTER, checked.agency, instrument)
    spec = spec_of(checked.submission.instrument_version)
    values = typed(request, spec)
    findings = entry.check_change(checked, values).findings
    return _answer(request, fields_of(spec, values, active_language(), findings))


@require_POST
def held_row(request: SignedInRequest, held: int) -> HttpResponse:
    """Check what is typed into the form of a held row; answers what has changed beside its fields."""
    rows = HeldRow.open_rows.visible_to(request.user).select_related(
        "agency", "instrument", "upload"
    )
    checked = get_object_or_404(rows, pk=held)
    access.require(request.user, Permission.ENTER, checked.agency, checked.instrument_id)
    changes = corrections.changes_in(checked, request.POST.dict())
    findings = corrections.check(checked, changes).findings
    texts = corrections.shown_texts(checked, changes)
    spec = spec_of(current(checked.instrument))
    return _answer(request, fields_of(spec, texts, active_language(), findings, of_file=True))


def _answer(request: SignedInRequest, fields: list[Field]) -> HttpResponse:
    told = set(request.POST.getlist("told"))
    context = {
        "changed": [f for f in fields if f.told not in told],
        "acknowledged": acknowledged(request),
    }
    return render(request, "records/_told_now.html", context)
