"""Pages of agencies for the national administrators: one agency, a change of it, and its approval."""

from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from agencies import access, changes, collection
from agencies.http import SignedInRequest, takes_forms
from agencies.models import Agency, AgencyChange
from agencies.refusal import Refused
from agencies.roles import Permission, Role

LONGEST = 200  # letters of a name


@takes_forms
def agency(request: SignedInRequest, agency: str) -> HttpResponse:
    """One agency: its names, instruments and administrators; a change of it, looked at and proposed."""
    access.require(request.user, Permission.MANAGE_AGENCIES)
    place = get_object_or_404(Agency, code__iexact=agency)
    kind, content, status = request.POST.get("kind", ""), {}, 200
    context: dict[str, Any] = {"kind": kind}
    if request.method == "POST":
        if kind not in changes.Kind.values:
            raise Http404
        content = _content(request, kind)
        try:
            context["preview"] = changes.preview(kind, place, content)
            if "confirm" in request.POST:
                changes.propose(kind, place, content, by=request.user)
                messages.success(
                    request, _("It is proposed. Another national administrator approves it.")
                )
                return redirect("agencies:agency", place.code)
        except Refused as refusal:
            context["refused"], status = str(refusal), 409
    context |= _context(place, content)
    return render(request, "agencies/agency.html", context, status=status)


@require_POST
def decide_change(request: SignedInRequest, change: int) -> HttpResponse:
    """Approve or refuse what another national administrator proposed; take back one's own."""
    access.require(request.user, Permission.MANAGE_AGENCIES)
    proposal = get_object_or_404(changes.waiting(), pk=change)
    verbs: dict[str, Callable[[], None]] = {
        "approve": lambda: changes.approve(proposal, by=request.user),
        "withdraw": lambda: changes.withdraw(proposal, by=request.user),
    }
    verb = verbs.get(request.POST.get("verb", ""))
    if verb is None:
        raise Http404
    try:
        verb()
    except Refused as refusal:
        messages.error(request, str(refusal))
    else:
        messages.success(request, _("%(person)s: saved.") % {"person": proposal.agency})
    return redirect("agencies:agency_list")


def _content(request: SignedInRequest, kind: str) -> dict[str, str]:
    """Return what the form of a kind of change says; texts of names without line breaks."""
    if kind == changes.Kind.RENAME:
        names = {
            code: " ".join(request.POST.get(code, "").split()) for code, _n in settings.LANGUAGES
        }
        return {code: name[:LONGEST] for code, name in names.items() if name}
    key = "agency" if kind == changes.Kind.MERGE else "instrument"
    return {key: request.POST.get(key, "")[:20]}


def _context(place: Agency, content: dict[str, str]) -> dict[str, Any]:
    own = collection.filled_by(place)
    every = collection.filled_by(None)
    numbers = {instrument.pk for instrument in own}
    return {
        "agency": place,
        "content": content,
        "names": [
            {"code": c, "language": name, "old": place.names.get(c, ""), "new": content.get(c)}
            for c, name in settings.LANGUAGES
        ],
        "former": place.former_names.all(),
        "admins": access.holders(Role.AGENCY_ADMIN).get(place, []),
        "instruments": own,
        "others": [instrument for instrument in every if instrument.pk not in numbers],
        "agencies": Agency.objects.filter(is_active=True).exclude(pk=place.pk),
        "waiting": changes.waiting().filter(agency=place),
    }


def described(change: AgencyChange) -> list[str]:
    """Return what a proposed change would do, or why it cannot be done now."""
    try:
        return changes.preview(change.kind, change.agency, change.content)
    except Refused as refusal:
        return [str(refusal)]
