"""Held rows of a file whose number has another record: old beside new, and the choice of who enters for the agency."""

from typing import Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from agencies import access
from agencies.http import SignedInRequest, takes_forms
from agencies.refusal import Refused
from agencies.roles import Permission
from records.collection import known_numbers, names
from records.collection.bulk_corrections import Corrected
from records.instruments.spec import Spec
from records.instruments.versions import current, spec_of
from records.models import HeldRow, Upload
from records.pages.again import line_of
from records.pages.corrected import outcome_and_reasons

PER_PAGE = 50


@takes_forms
def pairs(request: SignedInRequest, upload_id: int) -> HttpResponse:
    """The rows beside their records. Who sees records may look; who enters for the agency chooses."""
    visible = Upload.objects.visible_to(request.user).select_related("agency", "instrument")
    upload = get_object_or_404(visible, pk=upload_id)
    if request.method == "POST":
        access.require(request.user, Permission.ENTER, upload.agency, upload.instrument_id)
        _settle(request, upload)
        return redirect(request.get_full_path())
    rows = known_numbers.waiting(HeldRow.open_rows.filter(upload=upload))
    page = Paginator(rows, PER_PAGE).get_page(request.GET.get("page"))
    names.note("read_held", upload, request.user)
    spec = spec_of(current(upload.instrument))
    beside = known_numbers.beside_records(list(page.object_list))
    context = {
        "upload": upload,
        "name": names.shown_name(upload, request.user),
        "page": page,
        "pairs": [_side_by_side(pair, spec) for pair in beside],
        "may_enter": access.may(
            request.user, Permission.ENTER, upload.agency, upload.instrument_id
        ),
    }
    return render(request, "records/known_numbers.html", context)


def _settle(request: SignedInRequest, upload: Upload) -> None:
    """Do what was chosen of the rows that are ticked, and say what became of them."""
    keys, choice = request.POST.getlist("pair")[:PER_PAGE], request.POST.get("choice", "")
    try:
        if not keys or choice not in known_numbers.CHOICES:
            raise Refused(_("Tick the rows, and choose what is to be done."))
        settled = known_numbers.settle([upload], keys, choice, by=request.user)
    except Refused as refusal:
        messages.error(request, str(refusal))
        return
    texts = [_removed(settled)] if choice == known_numbers.LEAVE else []
    stays = settled.gone | settled.closed | settled.held | settled.refused.keys()
    if choice == known_numbers.REPLACE or stays:
        texts.append(outcome_and_reasons(settled))
    say = messages.warning if stays else messages.success
    say(request, " ".join(texts))


def _removed(settled: Corrected) -> str:
    n = len(settled.removed)
    return ngettext(
        "%(n)s row was removed; its record stays as it is.",
        "%(n)s rows were removed; their records stay as they are.",
        n,
    ) % {"n": n}


def _side_by_side(pair: known_numbers.Pair, spec: Spec) -> dict[str, Any]:
    return {
        "key": pair.key,
        "row": pair.row.row_no,
        "line": line_of(pair.difference, spec),
        "is_open": pair.row.submission is not None and pair.row.submission.is_open,
    }
