"""How an agency types its records: its administrator chooses what is kept for the next one, and what is typed twice."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from agencies import access
from agencies.http import SignedInRequest, takes_forms
from agencies.refusal import Refused
from agencies.roles import Permission
from records.collection.entry_rules import may_be_carried, may_be_typed_twice, rule_of, set_rule
from records.instruments.versions import current, current_of, spec_of
from records.models import EntryRule
from standards.translation import in_language


@require_safe
def rules(request: SignedInRequest) -> HttpResponse:
    """The instruments of the agencies one administers, each with what was chosen for it."""
    access.require(request.user, Permission.DECLARE_NUMBERING)
    agencies = access.agencies(request.user, Permission.DECLARE_NUMBERING)
    listed = list(agencies.prefetch_related("instruments"))
    newest = current_of(i for agency in listed for i in agency.instruments.all())
    chosen = {
        (rule.agency_id, rule.instrument_id): rule
        for rule in EntryRule.objects.filter(agency__in=listed).select_related("set_by")
    }
    lines = [
        {
            "agency": agency,
            "instrument": instrument,
            "title": newest[instrument.pk].title,
            "rule": chosen.get((agency.pk, instrument.pk)),
        }
        for agency in listed
        for instrument in agency.instruments.all()
    ]
    return render(request, "records/entry_rules.html", {"lines": lines})


@takes_forms
def rule(request: SignedInRequest, instrument_code: str, agency_code: str) -> HttpResponse:
    """The variables of one instrument: kept for the next record, typed again by a second person."""
    agencies = access.agencies(request.user, Permission.DECLARE_NUMBERING)
    agency = get_object_or_404(agencies, code=agency_code)
    instrument = get_object_or_404(agency.instruments, code=instrument_code)
    version, refused = current(instrument), ""
    if request.method == "POST":
        names = {field: request.POST.getlist(field) for field in ("carried", "twice")}
        try:
            set_rule(
                agency, instrument, carried=names["carried"], twice=names["twice"], by=request.user
            )
        except Refused as refusal:
            refused = str(refusal)
        else:
            messages.success(request, _("Saved."))
            return redirect("records:entry_rules")
    spec, now = spec_of(version), rule_of(agency, instrument)
    carried, twice = (
        {v.name for v in offered(spec)} for offered in (may_be_carried, may_be_typed_twice)
    )
    lines = [
        {
            "name": v.name,
            "label": in_language(v.label),
            "may_be_carried": v.name in carried,
            "carried": v.name in now.carried,
            "may_be_twice": v.name in twice,
            "twice": v.name in now.twice,
        }
        for v in spec.variables
        if v.name in carried | twice
    ]
    context = {"agency": agency, "title": version.title, "lines": lines, "refused": refused}
    return render(request, "records/entry_rule.html", context, status=422 if refused else 200)
