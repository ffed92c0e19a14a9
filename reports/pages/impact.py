"""What the figures would become if a submission were accepted: for statistics staff, exact, never public."""

from collections.abc import Mapping
from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.template.defaultfilters import floatformat
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from agencies import access
from agencies.http import SignedInRequest
from agencies.refusal import Refused
from agencies.roles import Permission
from jobs.queue import Job
from records.models import Submission
from records.review.split import Change
from reports.designs import datasets
from reports.designs.datasets import Dataset
from reports.exact import impact
from reports.models import Release
from reports.published.structure import TIME
from standards.measures import UNITS
from standards.periods import period_name
from standards.translation import active_language, in_language

OPEN = (Job.State.QUEUED, Job.State.RUNNING)


@require_http_methods(["GET", "HEAD", "POST"])
def submission_impact(request: SignedInRequest, submission_id: int) -> HttpResponse:
    """The headline tables of every dataset before and after; POST has them counted, as they are by now."""
    submission = get_object_or_404(
        Submission.objects.visible_to(request.user).select_related(
            "agency", "instrument", "instrument_version"
        ),
        pk=submission_id,
    )
    access.require(request.user, Permission.TABULATE, submission.agency, submission.instrument_id)
    if request.method == "POST":
        try:
            impact.request(submission, by=request.user)
        except Refused as refusal:
            messages.error(request, str(refusal))
        return redirect("reports:impact", submission.pk)
    job = impact.latest(submission)
    content = impact.counted(job) if job else []
    known = datasets.datasets()
    context = {
        "submission": submission,
        "may_count": submission.state in impact.STATES,
        "feeds": [in_language(d.title) for d in datasets.of_instrument(submission.instrument.code)],
        "why_not": in_language(submission.instrument_version.content.get("unpublished", {})),
        "working": bool(job and job.state in OPEN),
        "failed": job.reason if job and job.state == Job.State.FAILED else "",
        "counted_at": job.finished_at if job and content else None,
        "datasets": [
            _dataset(known[counted["dataset"]], submission, counted["tables"])
            for counted in content
            if counted["dataset"] in known
        ],
    }
    return render(request, "reports/impact.html", context)


def headline(submission: Submission, content: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the totals by sex before and after, a line for each dataset and span, of what was counted.

    A line: {title, label (of the span), cells, difference, share_before, share}, as templates/reports/_impact_line.html
    shows it.
    """
    known = datasets.datasets()
    spans = _spans(submission)
    return [
        {"title": _headed(known[counted["dataset"]]), **_line(spans[table["span"]], line)}
        for counted in content
        if counted["dataset"] in known
        for table in counted["tables"]
        if not table["columns"]
        for line in impact.compared(table)
    ]


def _headed(dataset: Dataset) -> str:
    """Return what the headline of a dataset counts."""
    return in_language(dataset.headline.labels if dataset.headline else dataset.title)


def _spans(submission: Submission) -> dict[str, str]:
    """Return what the spans of the tables are called: the period of the submission, and its year so far."""
    return {
        "period": period_name(submission.period, active_language()),
        "year": submission.period[:4],
    }


def _dataset(dataset: Dataset, submission: Submission, tables: list[Any]) -> dict[str, Any]:
    """Return a dataset as the page shows it: what is out of the period, its tables by span."""
    spans = _spans(submission)
    return {
        "title": in_language(dataset.title),
        "counts": in_language(dataset.headline.labels) if dataset.headline else "",
        "unit": UNITS[dataset.unit],
        "released": _released(dataset, submission.period),
        "spans": [
            (name, [_table(dataset, table, name) for table in tables if table["span"] == span])
            for span, name in spans.items()
            if any(table["span"] == span for table in tables)
        ],
    }


def _released(dataset: Dataset, period: str) -> str:
    """Return the newest release that has the period; "" where none has."""
    newest = Release.objects.filter(dataset=dataset.code, state=Release.State.RELEASED).first()
    if newest is None:
        return ""
    times = next((d for d in newest.structure["dimensions"] if d["name"] == TIME), None)
    codes = {item["code"] for item in times["items"]} if times else set()
    return str(newest) if period in codes else ""


def _table(dataset: Dataset, table: Mapping[str, Any], span: str) -> dict[str, Any]:
    lines = impact.compared(table)
    design = next((d for d in dataset.dimensions if [d.name] == table["columns"]), None)
    labels = {item.code: in_language(item.labels) for item in design.items()} if design else {}
    label = in_language(design.labels) if design else _("Total")
    return {
        "label": label,
        "of_period": f"{label}, {span}",
        "lines": [_line(labels.get(line.code, line.code) or _("Total"), line) for line in lines][
            : impact.SHOWN
        ],
        "more": max(len(lines) - impact.SHOWN, 0),
    }


def _line(label: str, line: Change) -> dict[str, Any]:
    """Return a code by sex: what it is, what it would be."""
    cells = [
        (_("Women"), line.before.get("F", 0), line.now.get("F", 0)),
        (_("Men"), line.before.get("M", 0), line.now.get("M", 0)),
        (_("Other or not stated"), _other(line.before), _other(line.now)),
        (_("Total"), line.total_before, line.total),
    ]
    sign = "+" if line.difference > 0 else "−" if line.difference else ""
    return {
        "label": label,
        "cells": [
            {"label": head, "before": before, "after": after} for head, before, after in cells
        ],
        "difference": sign + floatformat(abs(line.difference), "g"),
        "share_before": line.share_before,
        "share": line.share,
    }


def _other(by_sex: Mapping[str, int]) -> int:
    return sum(number for sex, number in by_sex.items() if sex not in ("F", "M"))
