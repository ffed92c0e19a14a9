"""Likely duplicates of a submission, side by side, and what who enters for the agency decides of them."""

from typing import Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _

from agencies import access, audit
from agencies.http import SignedInRequest, takes_forms
from agencies.refusal import Refused
from agencies.roles import Permission
from records.collection import duplicates
from records.collection.history import texts_of
from records.instruments.spec import Spec
from records.instruments.versions import spec_of
from records.models import LikelyDuplicate, Record, Submission
from records.pages.history import said
from standards.translation import in_language

PER_PAGE = 20


@takes_forms
def pairs(request: SignedInRequest, submission_id: int) -> HttpResponse:
    """The pairs that nobody has decided. Who sees records may look; who enters for the agency decides."""
    seen = Submission.objects.visible_to(request.user)
    related = seen.select_related("agency", "instrument", "instrument_version")
    submission = get_object_or_404(related, pk=submission_id)
    place = (submission.agency, submission.instrument_id)
    access.require(request.user, Permission.SEE_RECORDS, *place)
    if request.method == "POST":
        access.require(request.user, Permission.ENTER, *place)
        _decide(request, submission)
        return redirect(request.get_full_path())
    page = Paginator(duplicates.waiting(submission), PER_PAGE).get_page(request.GET.get("page"))
    audit.record(
        "read",
        f"submission:{submission.pk}",
        name=str(submission),
        by=request.user,
        agency=submission.agency,
    )
    context = {
        "submission": submission,
        "page": page,
        "pairs": _side_by_side(list(page.object_list), submission),
        "may_decide": submission.is_open and access.may(request.user, Permission.ENTER, *place),
    }
    return render(request, "records/duplicates.html", context)


def _decide(request: SignedInRequest, submission: Submission) -> None:
    posted = request.POST.get("pair", "")
    key = int(posted) if posted.isascii() and posted.isdecimal() and len(posted) < 16 else 0
    rows = LikelyDuplicate.objects.visible_to(request.user).filter(submission=submission)
    pair = rows.select_related("agency", "submission").filter(pk=key).first()
    remove = request.POST.get("remove", "")
    try:
        if pair is None:
            raise Refused(_("Somebody has decided about these two records already."))
        duplicates.decide(pair, by=request.user, remove=remove)
    except Refused as refusal:
        messages.error(request, str(refusal))
        return
    if remove:
        messages.success(request, _("Record %(number)s was removed.") % {"number": remove})
    else:
        messages.success(request, _("Both records stay; they are not asked about again."))


def _side_by_side(listed: list[LikelyDuplicate], submission: Submission) -> list[dict[str, Any]]:
    """Each pair with what its two records say of every variable, and whether they say the same."""
    spec = spec_of(submission.instrument_version)
    numbers = {number for pair in listed for number in (pair.first, pair.second)}
    rows = Record.objects.filter(submission=submission, record_ref__in=numbers)
    texts = {row.record_ref: texts_of(row) for row in rows}
    return [
        {"pair": pair, "lines": _lines(texts[pair.first], texts[pair.second], spec)}
        for pair in listed
    ]


def _lines(first: dict[str, str], second: dict[str, str], spec: Spec) -> list[dict[str, Any]]:
    stated = [v for v in spec.variables if v.name in first or v.name in second]
    return [
        {
            "label": in_language(v.label),
            "first": said(v, first.get(v.name, "")),
            "second": said(v, second.get(v.name, "")),
            "differs": first.get(v.name) != second.get(v.name),
        }
        for v in stated
        if v.name != "record_ref"
    ]
