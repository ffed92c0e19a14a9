"""A file that is sent again: what it would change, old beside new, and the choice of who enters for the agency."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.db.models import Count, F, Func, QuerySet
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _

from agencies import access
from agencies.http import SignedInRequest, takes_forms
from agencies.refusal import Refused
from agencies.roles import Permission
from records.collection import names
from records.collection.comparison import CHOICES, EXACT, Comparison
from records.collection.held_rows import text_of_value
from records.collection.uploads import read
from records.instruments.spec import Spec
from records.instruments.versions import current, spec_of
from records.models import Difference, Upload
from records.pages.history import said
from records.reading.made_numbers import MARK
from standards.translation import in_language

PER_PAGE = 50
GONE, BY_HAND = "gone", "by_hand"  # what the address may ask for beside the name of a variable


@dataclass(frozen=True)
class Line:
    """A record that would change or go: what differs, or all that it holds, as (label, before, now)."""

    number: str
    period: str
    gone: bool
    by_hand: bool
    cells: tuple[tuple[str, str, str], ...]


@takes_forms
def differences(request: SignedInRequest, upload_id: int) -> HttpResponse:
    """What a file that waits would change. Who sees records may look; who enters for the agency chooses."""
    uploads = Upload.objects.visible_to(request.user).select_related("agency", "instrument")
    upload = get_object_or_404(uploads, pk=upload_id)
    again = Comparison.of(upload.report)
    if request.method == "POST":
        access.require(request.user, Permission.ENTER, upload.agency, upload.instrument_id)
    if again is None or upload.state != Upload.State.NEEDS_ANSWERS:
        if request.method == "POST":
            messages.error(request, _("This file no longer needs answers. Look at it again."))
        return redirect(upload)
    problem = ""
    if request.method == "POST":
        problem = _choose(request, upload, again)
        if not problem:
            return redirect(upload)
    context = {**_context(request, upload, again), "problem": problem}
    return render(request, "records/differences.html", context, status=422 if problem else 200)


def _choose(request: SignedInRequest, upload: Upload, again: Comparison) -> str:
    """Take the choice; return why it cannot be taken, if so."""
    choice, gone = request.POST.get("again", ""), again.total("gone")
    if choice not in CHOICES:
        return _("Choose what is to be done.")
    if choice == EXACT and gone and request.POST.get("removes") != str(gone):
        return _("Confirm how many records go.")
    answers = {"again": choice, "again_seen": request.POST.get("again_seen", "")}
    try:
        read(upload, by=request.user, answers=answers)
    except Refused as refusal:
        return str(refusal)
    return ""


def _context(request: SignedInRequest, upload: Upload, again: Comparison) -> dict[str, Any]:
    spec = spec_of(current(upload.instrument))
    rows = Difference.objects.visible_to(request.user).filter(upload=upload)
    asked_for = request.GET.get("only", "")
    page = Paginator(_only(rows, asked_for, spec), PER_PAGE).get_page(request.GET.get("page"))
    names.note("read_differences", upload, request.user)
    shared = again.total("equal") + again.total("changed")
    return {
        "upload": upload,
        "name": names.shown_name(upload, request.user),
        "again": again,
        "new": again.total("new"),
        "changed": again.total("changed"),
        "gone": again.total("gone"),
        "by_hand": again.total("by_hand"),
        "shared": shared,
        "is_numbered_here": rows.filter(record_ref__startswith=MARK).exists(),
        "is_part": again.total("gone") > shared,
        "causes": _causes(rows, again, spec, asked_for),
        "all_chosen": not asked_for,
        "page": page,
        "lines": [line_of(row, spec) for row in page.object_list],
        "chosen": request.POST.get("again", ""),
        "may_enter": access.may(
            request.user, Permission.ENTER, upload.agency, upload.instrument_id
        ),
    }


def _only(rows: QuerySet[Difference], asked_for: str, spec: Spec) -> QuerySet[Difference]:
    """Return the differences of one cause. Raises Http404 for one that there is not."""
    rows = rows.select_related("submission").order_by("kind", "submission__period", "pk")
    if not asked_for:
        return rows
    if asked_for == GONE:
        return rows.filter(kind=Difference.Kind.GONE)
    if asked_for == BY_HAND:
        return rows.filter(by_hand=True)
    if asked_for not in {*spec.by_name, "birth_year", "age"}:
        raise Http404
    return rows.filter(variables__contains=[asked_for])


def _causes(
    rows: QuerySet[Difference], again: Comparison, spec: Spec, asked_for: str
) -> list[dict[str, Any]]:
    """Return what differs and in how many records, most first; then the records that go, and those by hand."""
    variable = Func(F("variables"), function="unnest")
    counted = rows.order_by().annotate(variable=variable).values("variable").annotate(n=Count("pk"))
    causes = [(row["variable"], _label(row["variable"], spec), row["n"]) for row in counted]
    causes.sort(key=lambda cause: (-cause[2], cause[1]))
    causes.append((GONE, _("No longer there"), again.total("gone")))
    causes.append((BY_HAND, _("Corrected by hand since"), again.total("by_hand")))
    return [
        {"key": key, "text": text, "count": count, "chosen": key == asked_for}
        for key, text, count in causes
        if count
    ]


def line_of(row: Difference, spec: Spec) -> Line:
    """Return a record that would change or go as its page tells it."""
    gone = row.kind == Difference.Kind.GONE
    listed = [name for name in row.before if name != "record_ref"] if gone else row.variables
    shown = [name for name in _in_order(spec) if name in listed]
    now = row.now or {}
    return Line(
        number=row.record_ref,
        period=row.submission.period,
        gone=gone,
        by_hand=row.by_hand,
        cells=tuple(
            (_label(name, spec), _text(name, row.before, spec), _text(name, now, spec))
            for name in shown
        ),
    )


def _in_order(spec: Spec) -> list[str]:
    """The names of what a version holds, in the order of the form."""
    names = ["birth_year" if v.kind == "birth" else v.name for v in spec.variables]
    return names if "age" in names else [*names, "age"]


def _label(name: str, spec: Spec) -> str:
    if name in spec.by_name:
        return in_language(spec.by_name[name].label)
    born = next((v for v in spec.variables if v.kind == "birth"), None)
    if name == "birth_year" and born:
        return in_language(born.label)
    return _("Age") if name == "age" else name


def _text(name: str, version: Mapping[str, Any], spec: Spec) -> str:
    """A value of a version as people call it."""
    value = version.get(name)
    variable = spec.by_name.get(name)
    if value is None:
        return _("nothing")
    if variable is None:
        return text_of_value(value)
    if variable.kind == "date":
        value = date.fromisoformat(value)
    return said(variable, text_of_value(value))
