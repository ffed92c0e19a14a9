"""The practice space: begin with one click, files to try, a list that ticks itself, leave, reset."""

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from agencies import access, practice
from agencies.http import SignedInRequest
from agencies.refusal import Refused
from agencies.roles import Role
from records import practice as practised
from records.models import Instrument
from standards.translation import active_language


@require_safe
def space(request: SignedInRequest) -> HttpResponse:
    """What there is to practise, and what of it was done."""
    place = practice.agency_of(_owner(request))
    instrument = practised.instrument_of(place) if place else None
    context: dict[str, Any] = {
        "tasks": practised.tasks(place),
        "begun": place is not None,
    }
    context["done"] = sum(task.done for task in context["tasks"])
    if place and instrument:
        context |= {
            "title": practised.title_of(instrument),
            "files": practised.files(instrument, active_language()),
            "upload_at": f"{reverse('records:upload_new')}?delivery={place.code}/{instrument.code}",
            "type_at": reverse("records:record_new", args=[instrument.code, place.code]),
        }
    return render(request, "records/practice.html", context)


@require_POST
def work_as(request: SignedInRequest, role: str) -> HttpResponse:
    """Begin to practise, or go on as another colleague."""
    owner = _owner(request)
    chosen = next((known for known in practice.ROLES if known == role), None)
    if chosen is None:
        raise Http404
    try:
        practised.opened(owner)
    except Refused as refusal:
        messages.error(request, str(refusal))
        return redirect("records:home")
    practice.begin(request.session, chosen)
    return redirect("records:practice")


@require_POST
def leave(request: SignedInRequest) -> HttpResponse:
    """Be oneself again."""
    _owner(request)
    practice.leave(request.session)
    messages.success(request, _("You left practice. What you do now counts."))
    return redirect("records:home")


@require_POST
def reset(request: SignedInRequest) -> HttpResponse:
    """Delete everything that was practised."""
    practised.reset(_owner(request))
    if practice.of_request(request):
        practice.begin(request.session, Role.CLERK)  # with whom everything begins
    messages.success(request, _("Your practice agency is empty again."))
    return redirect("records:practice")


@require_safe
def file(request: SignedInRequest, name: str) -> HttpResponse:
    """One of the files to try."""
    place = practice.agency_of(_owner(request))
    instrument: Instrument | None = practised.instrument_of(place) if place else None
    files = practised.files(instrument, active_language()) if instrument else []
    content = {to_try.name: to_try.content for to_try in files}.get(name)
    if content is None:
        raise Http404
    response = HttpResponse(content, content_type="application/octet-stream")
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    return response


def _owner(request: SignedInRequest) -> Any:
    """The person who has signed in. Raises `Denied` where she has nothing to practise."""
    owner = practice.owner_of(request)
    access.require(owner, practice.NEEDS)
    return owner
