"""The draft of a record that is being typed: kept by htmx while somebody types, and discarded."""

from django.contrib import messages
from django.http import HttpResponse, HttpResponseBadRequest
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from agencies.http import SignedInRequest
from agencies.refusal import Refused
from records.collection import drafts
from records.instruments.versions import current, spec_of
from records.pages.entry import acknowledged, delivery, typed
from records.pages.fields import Field, fields_of
from standards.translation import active_language

MOST_TURNS = 2**31


@require_POST
def keep(request: SignedInRequest, instrument_code: str, agency_code: str) -> HttpResponse:
    """Keep what was typed so far; answers what a draft keeps, and what the engine says of fields now."""
    agency, instrument = delivery(request, instrument_code, agency_code)
    turn = request.POST.get("turn", "0")
    if not (turn.isascii() and turn.isdecimal()) or len(turn) > 10 or int(turn) >= MOST_TURNS:
        return HttpResponseBadRequest(_("This is no turn of a draft."))
    spec = spec_of(current(instrument))
    values = typed(request, spec)
    try:
        outcome = drafts.keep(
            values, agency=agency, instrument=instrument, by=request.user, turn=int(turn)
        )
    except Refused as refusal:
        return HttpResponse(str(refusal), status=409)
    fields = fields_of(spec, values, active_language(), outcome.findings)
    told = set(request.POST.getlist("told"))
    if "tried" not in request.POST:
        _pass_over_gaps(fields)
    context = {
        "kept": outcome,
        "changed": [f for f in fields if f.told not in told],
        "left_out": [f.label for f in fields if f.name in outcome.draft.left_out],
        "acknowledged": acknowledged(request),
    }
    return render(request, "records/_draft_kept.html", context)


@require_POST
def discard(request: SignedInRequest, instrument_code: str, agency_code: str) -> HttpResponse:
    """Throw one's draft away and begin anew."""
    agency, instrument = delivery(request, instrument_code, agency_code)
    try:
        drafts.discard(agency=agency, instrument=instrument, by=request.user)
    except Refused as refusal:
        messages.error(request, str(refusal))
    else:
        messages.success(request, _("The draft was discarded."))
    return redirect("records:record_new", instrument.code, agency.code)


def _pass_over_gaps(fields: list[Field]) -> None:
    """Say nothing yet of fields that nobody has come to."""
    for each in fields:
        if not each.value.strip():
            each.errors, each.warnings = [], []
