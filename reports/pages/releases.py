"""The desk of releases: what is new, what a release would show, and the verbs of its publishers."""

import io
from datetime import datetime
from typing import Any

import pyarrow.parquet as pq
from django import forms
from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST

from agencies import access
from agencies.http import SignedInRequest
from agencies.refusal import Refused
from agencies.roles import Permission
from jobs import queue
from records.models import Submission
from reports.designs import datasets
from reports.designs.datasets import Dataset
from reports.models import Build, Release
from reports.published.editions import CELLS
from reports.published.figures import Figures, add_figures, sums
from reports.published.structure import TIME, Structure
from reports.releases import verbs
from standards.translation import in_language

SHOWN = 6  # releases of a dataset on the list
CHIPS = {"BUILT": "marked", "RELEASED": "accepted", "WITHDRAWN": "returned"}
OPEN = (queue.Job.State.QUEUED, queue.Job.State.RUNNING)


def releases(request: SignedInRequest) -> HttpResponse:
    access.require(request.user, Permission.PUBLISH)
    found = [_dataset(dataset) for dataset in datasets.datasets().values()]
    if first := next((d for d in found if d["fresh"] and not d["working"]), None):
        first["first"] = True  # the only filled button of the page
    return render(request, "reports/releases.html", {"datasets": found})


@require_POST
def build(request: SignedInRequest, dataset: str) -> HttpResponse:
    try:
        verbs.build(dataset, by=request.user)
    except Refused as refusal:
        messages.error(request, str(refusal))
    return redirect("reports:releases")


def release(request: SignedInRequest, pk: int) -> HttpResponse:
    """One release: what readers will see beside what they see now, and what was measured."""
    access.require(request.user, Permission.PUBLISH)
    found = get_object_or_404(Release.objects.select_related("build__predecessor"), pk=pk)
    now, before = _by_period(found), _released_before(found)
    shown = _by_period(before) if before else {}
    total = add_figures(now.values(), found.structure["base"])
    context = {
        "release": found,
        "chip": CHIPS[found.state],
        "under_embargo": bool(found.embargo_at and found.embargo_at > timezone.now()),
        "build": found.build,
        "gates": [_gate(gate) for gate in found.build.gates],
        "before": before,
        "rows": [
            (period, figures, figures.total - (shown[period].total if period in shown else 0))
            for period, figures in reversed(now.items())
        ],
        "total": total,
        "total_change": total.total - sum(figures.total for figures in shown.values()),
    }
    return render(request, "reports/release.html", context)


@require_POST
def release_verb(request: SignedInRequest, pk: int, verb: str) -> HttpResponse:
    access.require(request.user, Permission.PUBLISH)
    found = get_object_or_404(Release, pk=pk)
    try:
        if verb == "release":
            verbs.release(found, by=request.user, embargo_at=_embargo(request))
        elif verb == "withdraw":
            verbs.withdraw(found, by=request.user, reason=request.POST.get("reason", ""))
        else:
            raise Http404
    except Refused as refusal:
        messages.error(request, str(refusal))
    else:
        messages.success(request, f"{found}: {found.get_state_display()}")
    return redirect(found)


def _gate(gate: dict[str, Any]) -> dict[str, Any]:
    """A gate in words; a least number is stored below zero, so that every gate is "at most"."""
    name = gate["name"]
    both = {key: abs(gate[key]) for key in ("measured", "allowed")}
    return {**gate, **both, "label": _(name)}


def _embargo(request: SignedInRequest) -> datetime | None:
    """Until when nobody sees it; None where the field is left empty. Raises `Refused`."""
    try:
        found: datetime | None = forms.DateTimeField(required=False).clean(
            request.POST.get("embargo", "")
        )
    except forms.ValidationError:
        raise Refused(_("Write the end of the embargo as day, month, year and time.")) from None
    return found


def _dataset(dataset: Dataset) -> dict[str, Any]:
    """What a publisher sees of one dataset: its releases, the job that builds, what is new."""
    job = queue.find(f"publish:{dataset.code}")
    stage = job.progress.get("stage") if job else None
    fresh = _fresh(dataset)
    said = ngettext(
        "%(n)s submission was accepted since the last one.",
        "%(n)s submissions were accepted since the last one.",
        fresh,
    )
    listed = Release.objects.filter(dataset=dataset.code)[:SHOWN]
    return {
        "dataset": dataset,
        "title": in_language(dataset.title),
        "releases": [{"release": r, "chip": CHIPS[r.state]} for r in listed],
        "working": bool(job and job.state in OPEN),
        "stage": _(stage) if stage else "",
        "failed": job.reason if job and job.state == queue.Job.State.FAILED else "",
        "fresh": fresh,
        "says": said % {"n": fresh} if fresh else _("Nothing new is accepted."),
    }


def _fresh(dataset: Dataset) -> int:
    """How many submissions were accepted, first or anew, since the last release that stands."""
    last = (
        Build.objects.filter(release__dataset=dataset.code)
        .exclude(release__state=Release.State.WITHDRAWN)
        .order_by("-pk")
        .first()
    )
    pinned = {(one["submission"], one["version"]) for one in last.inputs} if last else set()
    accepted = Submission.objects.filter(
        instrument__code=dataset.instrument, accepted_version__isnull=False
    )
    return len(set(accepted.values_list("pk", "accepted_version")) - pinned)


def _released_before(found: Release) -> Release | None:
    return (
        Release.objects.filter(
            dataset=found.dataset, state=Release.State.RELEASED, number__lt=found.number
        )
        .order_by("-number")
        .first()
    )


def _by_period(found: Release) -> dict[str, Figures]:
    """The protected figures of any release by period, those that nobody sees yet included."""
    stored = found.blobs.get(name=CELLS)
    cells = pq.read_table(io.BytesIO(bytes(stored.content)))
    structure = Structure.from_json(found.structure)
    return {codes[0]: figures for codes, figures in sums(cells, structure, [TIME], {})}
