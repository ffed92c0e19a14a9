"""What is known of releases that readers must not know, and what has to be signed before one is public.

How far figures are from the truth tells of the truth, so these pages are for those who may make exact tables.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from agencies import access, audit
from agencies.http import SignedInRequest
from agencies.refusal import Refused
from agencies.roles import Permission
from records.instruments import deliveries
from reports.designs import datasets
from reports.models import Build
from reports.releases import conflicts
from standards.translation import in_language

LISTED = 6  # builds of a dataset


@require_safe
def builds(request: SignedInRequest) -> HttpResponse:
    """The latest builds of each dataset, and whether something in them waits for a signature."""
    access.require(request.user, Permission.TABULATE)
    entries = []
    closed = deliveries.closed_to(request.user, Permission.TABULATE)
    for dataset in datasets.datasets().values():
        if dataset.instrument in closed:
            continue
        listed = Build.objects.filter(release__dataset=dataset.code).select_related("release")
        latest = [(b, conflicts.unsigned(b)) for b in listed.order_by("-pk")[:LISTED]]
        entries.append(
            {"title": in_language(dataset.title), "code": dataset.code, "builds": latest}
        )
    return render(request, "reports/disclosure.html", {"datasets": entries})


@require_http_methods(["GET", "HEAD", "POST"])
def build(request: SignedInRequest, pk: int) -> HttpResponse:
    """One build: its gates, how near its tables are, what its design rounds twice; and the signature for that."""
    access.require(request.user, Permission.TABULATE)
    build = get_object_or_404(Build.objects.select_related("release"), release_id=pk)
    if designed := datasets.datasets().get(build.release.dataset):
        deliveries.require(request.user, Permission.TABULATE, designed.instrument)
    if request.method == "POST":
        try:
            conflicts.sign(build, by=request.user, reason=request.POST.get("reason", ""))
        except Refused as refusal:
            messages.error(request, str(refusal))
        else:
            messages.success(request, _("Signed."))
        return redirect("reports:disclosure_of", pk)
    audit.record("read", f"release:{pk}", name=str(build.release), by=request.user)
    context = {
        "build": build,
        "release": build.release,
        "gates": list(gates(build)),
        "unsigned": conflicts.unsigned(build),
        "own": build.built_by_id == request.user.pk,
    }
    return render(request, "reports/disclosure_of.html", context)


def gates(build: Build) -> Iterator[dict[str, Any]]:
    """Yield the gates of a build in words, each in the year where most was measured."""
    yield from worst_of(build.gates)


def worst_of(measured: Iterable[Mapping[str, Any]]) -> Iterator[dict[str, Any]]:
    """Yield measured gates in words, each in the year where most was measured.

    A least number is stored below zero, so that every gate is "at most".
    """
    worst: dict[str, Mapping[str, Any]] = {}
    for gate in measured:
        if gate["name"] not in worst or gate["measured"] > worst[gate["name"]]["measured"]:
            worst[gate["name"]] = gate
    for gate in worst.values():
        numbers = {key: abs(gate[key]) for key in ("measured", "allowed")}
        yield {**gate, **numbers, "label": _(gate["name"])}
