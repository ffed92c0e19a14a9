"""Submissions: the list, one of them, and the steps that lead it on."""

from django.contrib import messages
from django.core.paginator import Paginator
from django.db.models import Count
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from agencies import access, sums
from agencies.access import Permission
from agencies.http import SignedInRequest
from records import admission, review
from records.models import HeldRow, Submission

PER_PAGE = 40
FILTERS = {
    "state": "state",
    "instrument": "instrument__code",
    "agency": "agency__code",
    "period": "period",
}


def submissions(request: SignedInRequest) -> HttpResponse:
    found = Submission.objects.visible_to(request.user).select_related(
        "agency", "instrument", "instrument_version"
    )
    facets = {
        name: sorted(set(found.values_list(field, flat=True).order_by()), reverse=name == "period")
        for name, field in FILTERS.items()
    }
    chosen = {name: request.GET.get(name, "") for name in FILTERS}
    for name, field in FILTERS.items():
        if chosen[name]:
            found = found.filter(**{field: chosen[name]})
    page = Paginator(found, PER_PAGE).get_page(request.GET.get("page"))
    context = {
        "page": page,
        "filters": [(name, facets[name], chosen[name]) for name in FILTERS],
        "filtered": any(chosen.values()),
    }
    return render(request, "records/submissions.html", context)


def submission(request: SignedInRequest, submission: int) -> HttpResponse:
    found = _visible(request, submission)
    return render(request, "records/submission.html", _context(request, found))


@require_POST
def advance(request: SignedInRequest, submission: int, verb: str) -> HttpResponse:
    found = _visible(request, submission)
    if verb not in review.STEPS:
        raise Http404
    held = request.POST.get("held_acknowledged", "")
    try:
        review.advance(
            found,
            verb,
            by=request.user,
            reason=request.POST.get("reason", ""),
            held_acknowledged=int(held) if held.isdigit() else None,
            nothing_to_report="nothing_to_report" in request.POST,
        )
    except review.Refused as refusal:
        context = _context(request, found) | {
            "refused": str(refusal),
            "reason": request.POST.get("reason", ""),
        }
        return render(request, "records/submission.html", context, status=409)
    found.refresh_from_db()
    messages.success(
        request,
        _("%(submission)s: %(state)s.") % {"submission": found, "state": found.get_state_display()},
    )
    return redirect(found)


@require_POST
def readmit(request: SignedInRequest, submission: int) -> HttpResponse:
    found = _visible(request, submission)
    access.require(request.user, Permission.ENTER, found.agency)
    if not found.is_open:
        messages.error(request, _("Only reopening it admits these rows."))
        return redirect(found)
    count = admission.readmit_late(found)
    messages.success(request, _("%(n)s late rows were taken in.") % {"n": count})
    return redirect(found)


def _visible(request: SignedInRequest, pk: int) -> Submission:
    return get_object_or_404(
        Submission.objects.visible_to(request.user).select_related(
            "agency", "instrument", "instrument_version"
        ),
        pk=pk,
    )


def _context(request: SignedInRequest, found: Submission) -> dict[str, object]:
    sees = access.may(request.user, Permission.SEE_RECORDS, found.agency)
    by_sex = (
        dict(found.records.values_list("sex").annotate(n=Count("pk")).order_by()) if sees else {}
    )
    offered = review.steps_open_to(request.user, found)
    kinds = dict(found.held_rows.values_list("kind").annotate(n=Count("pk")).order_by())
    order = [
        Submission.State.DRAFT,
        Submission.State.SUBMITTED,
        Submission.State.SIGNED,
        Submission.State.ACCEPTED,
    ]
    return {
        "submission": found,
        "sees_records": sees,
        "sum": sums.of_codes(by_sex),
        "held": kinds.get(HeldRow.Kind.ERROR, 0),
        "late": kinds.get(HeldRow.Kind.LATE, 0),
        "may_enter": found.is_open and access.may(request.user, Permission.ENTER, found.agency),
        "forward": [(v, review.STEPS[v].label) for v in offered if not review.STEPS[v].reason],
        "back": [(v, review.STEPS[v].label) for v in offered if review.STEPS[v].reason],
        "steps": [(state.label, state == found.state) for state in order],
        "passages": found.passages.select_related("by").order_by("-pk"),
        "uploads": found.uploads.all() if sees else [],
    }
