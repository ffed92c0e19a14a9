"""How an agency numbers its cases: its administrator declares a pattern for each instrument."""

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _

from agencies import access
from agencies.http import SignedInRequest, takes_forms
from agencies.models import Agency
from agencies.refusal import Refused
from agencies.roles import Permission
from records.collection.numberings import declare
from records.instruments.versions import current_of
from records.models import Numbering


@takes_forms
def numbering(request: SignedInRequest) -> HttpResponse:
    """The instruments of the agencies one administers, each with its pattern; declaring one."""
    access.require(request.user, Permission.DECLARE_NUMBERING)
    agencies = list(
        access.agencies(request.user, Permission.DECLARE_NUMBERING).prefetch_related("instruments")
    )
    if request.method != "POST":
        return _page(request, agencies)
    delivery = f"{request.POST.get('agency')}/{request.POST.get('instrument')}"
    chosen = {f"{a.code}/{i.code}": (a, i) for a in agencies for i in a.instruments.all()}
    if delivery not in chosen:
        raise Http404
    agency, instrument = chosen[delivery]
    pattern = request.POST.get("pattern", "")[:250]
    try:
        declare(agency, instrument, pattern, by=request.user)
    except Refused as refusal:
        return _page(request, agencies, {delivery: (pattern, str(refusal))})
    messages.success(request, _("The numbering of %(instrument)s is saved.") % {"instrument": instrument})  # fmt: skip
    return redirect("records:numbering")


def _page(
    request: SignedInRequest,
    agencies: list[Agency],
    refused: dict[str, tuple[str, str]] | None = None,
) -> HttpResponse:
    declared = {
        f"{n.agency.code}/{n.instrument.code}": n
        for n in Numbering.objects.filter(agency__in=agencies).select_related(
            "agency", "instrument", "declared_by"
        )
    }
    newest = current_of(i for agency in agencies for i in agency.instruments.all())
    lines: list[dict[str, Any]] = []
    for agency in agencies:
        for instrument in agency.instruments.all():
            delivery = f"{agency.code}/{instrument.code}"
            now = declared.get(delivery)
            pattern, problem = (refused or {}).get(delivery, (now.pattern if now else "", ""))
            title = newest[instrument.pk].title
            lines.append(
                {"agency": agency, "instrument": instrument, "title": title, "declared": now}
                | {"pattern": pattern, "problem": problem}
            )
    context = {"lines": lines}
    return render(request, "records/numbering.html", context, status=422 if refused else 200)
