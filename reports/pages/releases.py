"""The desk of releases: what is new, what a release would show, and the verbs of its publishers."""

import io
from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

import pyarrow.parquet as pq
from django import forms
from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST, require_safe

from agencies import access
from agencies.http import SignedInRequest
from agencies.refusal import Refused
from agencies.roles import Permission
from jobs import queue
from reports.designs import datasets
from reports.designs.datasets import Dataset
from reports.models import Build, Release
from reports.pages.disclosure import gates
from reports.published import editions, seals
from reports.published.figures import Figures, add_figures, sums
from reports.published.seals import Fault
from reports.published.structure import TIME, Structure
from reports.published.tree import holding
from reports.published.unavailable import Withheld
from reports.releases import verbs, years
from standards.translation import in_language

LISTED = 6  # releases of a dataset on the list
CHIPS = {"BUILT": "marked", "RELEASED": "accepted", "WITHDRAWN": "returned"}
OPEN = (queue.Job.State.QUEUED, queue.Job.State.RUNNING)


@require_safe
def releases(request: SignedInRequest) -> HttpResponse:
    """The datasets, their releases, and what was accepted since."""
    access.require(request.user, Permission.PUBLISH)
    entries = [_dataset(dataset) for dataset in datasets.datasets().values()]
    if first := next((entry for entry in entries if entry["fresh"] and not entry["working"]), None):
        first["first"] = True  # the only filled button of the page
    return render(request, "reports/releases.html", {"datasets": entries})


@require_POST
def build(request: SignedInRequest, dataset: str) -> HttpResponse:
    """Start the build of a dataset."""
    try:
        verbs.build(dataset, by=request.user, finish=request.POST.getlist("finish"))
    except Refused as refusal:
        messages.error(request, str(refusal))
    return redirect("reports:releases")


@require_safe
def release(request: SignedInRequest, pk: int) -> HttpResponse:
    """One release: what readers will see beside what they see now, and whether it passed its gates."""
    access.require(request.user, Permission.PUBLISH)
    return _page(request, pk)


def _page(request: SignedInRequest, pk: int, status: int = 200) -> HttpResponse:
    """One release; after a refusal (422) with what was written in its form."""
    release = get_object_or_404(Release.objects.select_related("build__predecessor"), pk=pk)
    if fault := seals.fault_of(release):
        return render(request, "reports/release_changed.html", _changed(release, fault))
    now, before = _by_period(release), _released_before(release)
    earlier = _by_period(before) if before else {}
    total = add_figures(now.values(), release.structure["base"])
    context = {
        "release": release,
        "chip": CHIPS[release.state],
        "under_embargo": bool(release.embargo_at and release.embargo_at > timezone.now()),
        "build": release.build,
        "hindrance": verbs.hindrance(release, by=request.user),
        "gates": list(gates(release.build)),
        "may_see_measured": access.may(request.user, Permission.TABULATE),
        "before": before,
        "rows": [
            (period, figures, figures.total - (earlier[period].total if period in earlier else 0))
            for period, figures in reversed(now.items())
        ],
        "total": total,
        "total_change": total.total - sum(figures.total for figures in earlier.values()),
    }
    return render(request, "reports/release.html", context, status=status)


def _changed(release: Release, fault: Fault) -> dict[str, Any]:
    """What a publisher sees of a release that is not the one that was built: no figure of it."""
    chip = CHIPS[release.state]
    return {"release": release, "chip": chip, "fault": fault.text, "build": release.build}


@require_POST
def release_verb(request: SignedInRequest, pk: int, verb: str) -> HttpResponse:
    """Make a release public, or withdraw it."""
    access.require(request.user, Permission.PUBLISH)
    release = get_object_or_404(Release, pk=pk)
    try:
        if verb == "release":
            verbs.release(
                release,
                by=request.user,
                note=request.POST.get("note", ""),
                embargo_at=_embargo(request),
                next_on=_next_on(request),
                missing_acknowledged=request.POST.get("missing_acknowledged", ""),
            )
        elif verb == "withdraw":
            verbs.withdraw(release, by=request.user, reason=request.POST.get("reason", ""))
        else:
            raise Http404
    except Refused as refusal:
        messages.error(request, str(refusal))
        return _page(request, pk, status=422)
    messages.success(request, f"{release}: {release.get_state_display()}")
    return redirect(release)


def _embargo(request: SignedInRequest) -> datetime | None:
    """The end of the embargo; None where the field is left empty. Raises `Refused`."""
    try:
        end: datetime | None = forms.DateTimeField(required=False).clean(
            request.POST.get("embargo", "")
        )
    except forms.ValidationError:
        raise Refused(_("Write the end of the embargo as day, month, year and time.")) from None
    return end


def _next_on(request: SignedInRequest) -> date | None:
    """The day of the next release; None where the field is left empty. Raises `Refused`."""
    try:
        day: date | None = forms.DateField(required=False).clean(request.POST.get("next_on", ""))
    except forms.ValidationError:
        raise Refused(_("Write the next release as day, month and year.")) from None
    return day


def _dataset(dataset: Dataset) -> dict[str, Any]:
    """What a publisher sees of one dataset: its releases, the job that builds, what is new."""
    job = queue.find(f"publish:{dataset.code}")
    stage = job.progress.get("stage") if job else None
    waiting = years.waiting(dataset)
    listed = list(Release.objects.filter(dataset=dataset.code)[:LISTED])
    built = next((r for r in listed if r.state == Release.State.BUILT), None)
    return {
        "dataset": dataset,
        "title": in_language(dataset.title),
        "releases": [{"release": r, "chip": CHIPS[r.state]} for r in listed],
        "faults": _faults(dataset),
        "withheld": _withheld(dataset),
        "working": bool(job and job.state in OPEN),
        "stage": _(stage) if stage else "",
        "failed": job.reason if job and job.state == queue.Job.State.FAILED else "",
        "built": built,
        "fresh": bool(waiting.new) and not built,
        "may_build": bool(waiting.new or waiting.over) and not built,
        "news": _news(waiting.new, waiting.late),
        "over": [
            (year, waiting.late.get(year, 0), waiting.unsettled.get(year)) for year in waiting.over
        ],
    }


def _news(new: int, late: Mapping[str, int]) -> str:
    """What was accepted since the latest release, and what of it waits, in words."""
    added = ngettext(
        "%(n)s submission was accepted since the last one.",
        "%(n)s submissions were accepted since the last one.",
        new,
    ) % {"n": new}
    kept = ngettext(
        "%(n)s corrects or completes what is out, and waits until its year is made final.",
        "%(n)s correct or complete what is out, and wait until their year is made final.",
        sum(late.values()),
    ) % {"n": sum(late.values())}
    parts = [added if new else _("Nothing new is accepted."), kept if late else ""]
    return " ".join(part for part in parts if part)


def _faults(dataset: Dataset) -> list[tuple[Build, str]]:
    """The releases that the latest scan found changed, and what is wrong with each, in words."""
    changed = Build.objects.filter(release__dataset=dataset.code).exclude(fault="")
    return [(b, Fault(b.fault).text) for b in changed.select_related("release").order_by("pk")]


def _withheld(dataset: Dataset) -> str:
    """What readers of the newest release are told instead of its figures, if it was changed."""
    try:
        editions.latest(dataset.code)
    except Withheld as withheld:
        return str(withheld)
    return ""


def _released_before(release: Release) -> Release | None:
    """The release that readers see before this one; none where it was changed in the database."""
    before = (
        Release.objects.filter(
            dataset=release.dataset, state=Release.State.RELEASED, number__lt=release.number
        )
        .order_by("-number")
        .first()
    )
    return None if before is None or seals.fault_of(before) else before


def _by_period(release: Release) -> dict[str, Figures]:
    """The protected figures of any release by period, those that nobody sees yet included."""
    structure = Structure.from_json(release.structure)
    table, _conditions = holding(structure, [TIME], {})
    stored = release.blobs.get(name=f"{table.name}.parquet")
    cells = pq.read_table(io.BytesIO(bytes(stored.content)))
    return {codes[0]: figures for codes, figures in sums(cells, structure, [TIME], {})}
