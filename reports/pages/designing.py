"""Trying a design of a dataset: its YAML, and what its tables would be worth on everything that is accepted. Private."""

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from agencies import access
from agencies.http import SignedInRequest
from agencies.refusal import Refused
from agencies.roles import Permission
from jobs import queue
from jobs.queue import Job
from records.instruments import deliveries
from reports.designs import datasets
from reports.designs.datasets import Dataset
from reports.pages.disclosure import worst_of
from reports.releases import measuring
from standards.definitions import InvalidDefinition, text_of
from standards.translation import in_language

OPEN = (Job.State.QUEUED, Job.State.RUNNING)


@require_http_methods(["GET", "HEAD", "POST"])
def design(request: SignedInRequest, dataset: str) -> HttpResponse:
    """The design of a dataset as a draft to be changed, and what was measured of the latest draft."""
    access.require(request.user, Permission.TABULATE)
    known = datasets.datasets().get(dataset)
    if known is None:
        raise Http404
    deliveries.require(request.user, Permission.TABULATE, known.instrument)
    if request.method != "POST":
        return _page(request, known)
    text = request.POST.get("design", "") or _own_text(known)
    try:
        measuring.measure(dataset, text, by=request.user)
    except InvalidDefinition as invalid:
        return _page(request, known, text, invalid.lines)
    except Refused as refusal:
        messages.error(request, str(refusal))
        return _page(request, known, text, [str(refusal)])
    return redirect("reports:design", dataset)


def _page(
    request: SignedInRequest, known: Dataset, text: str = "", problems: list[str] | None = None
) -> HttpResponse:
    """The page; after a refusal (422) with what was written and what is wrong with it."""
    job, latest = measuring.latest(known.code)
    years = measuring.measured_of(job) if job else []
    context = {
        "dataset": known,
        "title": in_language(known.title),
        "text": text or latest or _own_text(known),
        "problems": problems or [],
        "working": bool(job and job.state in OPEN),
        "stage": _stage(job) if job else "",
        "failed": job.reason if job and job.state == Job.State.FAILED else "",
        "measured_at": job.finished_at if job and years else None,
        "tables": _tables(job) if job and years else [],
        "gates": list(worst_of(gate for year in years for gate in year["gates"])),
        "years": [_year(year) for year in years],
    }
    return render(request, "reports/design.html", context, status=422 if problems else 200)


def _own_text(known: Dataset) -> str:
    return text_of(datasets.DIRECTORY / f"{known.code.lower()}.yaml")


def _stage(job: Job) -> str:
    """Return how far the job is, in words."""
    facts = job.progress
    word = facts.get("stage")
    if not word:
        return ""
    stage = _(word)
    if "year" not in facts:
        return stage
    return _("%(stage)s %(year)s (%(done)s of %(of)s)") % {**facts, "stage": stage}


def _tables(job: Job) -> list[tuple[str, str, str, int]]:
    """Return the tables that the measured draft has: name, the one it refines, all columns in words, least figure."""
    draft = measuring.draft_of(queue.arguments(job, measuring.Measuring))
    labels = {d.name: in_language(d.labels) for d in draft.structure([]).dimensions}
    times = {one.name: in_language(one.labels) for one in draft.structure(["2000-01"]).roll_ups}
    labels = {**times, **labels}
    return [
        (table.name, table.of, " × ".join(labels.get(n, n) for n in table.columns), table.least)
        for table in draft.family.tables
    ]


def _year(measured: dict[str, Any]) -> dict[str, Any]:
    """Return a year as the page shows it; its tables and headlines as those of a build are shown."""
    nearness = [*measured["tables"], *measured["headlines"]]
    return {**measured, "build": {"nearness": nearness}}
