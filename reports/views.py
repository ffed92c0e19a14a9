"""Pages of tables (public) and the desk of releases (publishers)."""

from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBadRequest
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from agencies import access
from agencies.access import Permission
from agencies.http import SignedInRequest
from agencies.models import in_language
from migdata import jobs
from records.review import Refused
from reports import asked, design, published, tables
from reports import release as releasing
from reports.formats import files, flat
from reports.models import Release
from reports.published import Edition, Table
from reports.tables import TableDesign

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


@login_not_required
def table_list(request: HttpRequest) -> HttpResponse:
    released = {e.dataset: e for e in published.editions()}
    found = [(t, in_language(t.title), released.get(t.dataset)) for t in tables.tables().values()]
    return render(request, "reports/tables.html", {"tables": found})


@login_not_required
def table(request: HttpRequest, code: str) -> HttpResponse:
    shown, edition = _designed(code)
    try:
        made = _made(request, shown, edition)
    except published.Unknown as unknown:
        return _bad(unknown)
    structure, language = edition.structure, _language()
    dimensions = [structure.by_name[name] for name in made.by]
    context = {
        "design": shown,
        "title": in_language(shown.title),
        "edition": edition,
        "heads": [in_language(d.labels) for d in dimensions],
        "rows": [
            (
                [d.label(c, language) for d, c in zip(dimensions, row.codes, strict=True)],
                row.figures,
            )
            for row in made.rows
        ],
        "total": made.total,
        "notes": flat.notes(edition),
        "query": request.GET.urlencode(),
    }
    return render(request, "reports/table.html", context)


@login_not_required
def table_csv(request: HttpRequest, code: str) -> HttpResponse:
    shown, edition = _designed(code)
    try:
        content = files.as_csv(_made(request, shown, edition), _language())
    except published.Unknown as unknown:
        return _bad(unknown)
    return _file(
        request, content, "text/csv; charset=utf-8", f"{shown.code}-{edition.name}.csv", edition
    )


@login_not_required
def table_xlsx(request: HttpRequest, code: str) -> HttpResponse:
    shown, edition = _designed(code)
    try:
        content = files.as_xlsx(
            _made(request, shown, edition), _language(), in_language(shown.title)
        )
    except published.Unknown as unknown:
        return _bad(unknown)
    return _file(request, content, XLSX, f"{shown.code}-{edition.name}.xlsx", edition)


@login_not_required
def data_csv(request: HttpRequest, dataset: str) -> HttpResponse:
    """Any table of a dataset: `by` names its dimensions."""
    edition = published.latest(dataset.upper())
    if edition is None:
        raise Http404
    by = [name.upper() for name in request.GET.get("by", "").split(",") if name]
    try:
        made = published.tabulate(edition, by, asked.where(request.GET, edition.structure))
    except published.Unknown as unknown:
        return _bad(unknown)
    content = files.as_csv(made, _language())
    return _file(request, content, "text/csv; charset=utf-8", f"{edition.name}.csv", edition)


def releases(request: SignedInRequest) -> HttpResponse:
    access.require(request.user, Permission.PUBLISH)
    found = [
        {
            "dataset": dataset,
            "title": in_language(dataset.title),
            "releases": Release.objects.filter(dataset=dataset.code)[:6],
            "job": jobs.find(f"publish:{dataset.code}"),
            "slices": len(releasing.slices_in_force(dataset)),
        }
        for dataset in design.datasets().values()
    ]
    return render(request, "reports/releases.html", {"datasets": found})


@require_POST
def build(request: SignedInRequest, dataset: str) -> HttpResponse:
    try:
        releasing.build(dataset, by=request.user)
    except Refused as refusal:
        messages.error(request, str(refusal))
    else:
        messages.success(
            request, _("The release is being built. This page shows when it is ready.")
        )
    return redirect("reports:releases")


def release(request: SignedInRequest, pk: int) -> HttpResponse:
    access.require(request.user, Permission.PUBLISH)
    found = get_object_or_404(Release.objects.select_related("build"), pk=pk)
    return render(request, "reports/release.html", {"release": found, "gates": found.build.gates})


@require_POST
def release_verb(request: SignedInRequest, pk: int, verb: str) -> HttpResponse:
    access.require(request.user, Permission.PUBLISH)
    found = get_object_or_404(Release, pk=pk)
    try:
        if verb == "release":
            releasing.release(found, by=request.user)
        elif verb == "withdraw":
            releasing.withdraw(found, by=request.user, reason=request.POST.get("reason", ""))
        else:
            raise Http404
    except Refused as refusal:
        messages.error(request, str(refusal))
    else:
        messages.success(request, f"{found}: {found.get_state_display()}")
    return redirect(found)


def _designed(code: str) -> tuple[TableDesign, Edition]:
    shown = tables.tables().get(code.upper())
    edition = published.latest(shown.dataset) if shown else None
    if shown is None or edition is None:
        raise Http404
    return shown, edition


def _made(request: HttpRequest, shown: TableDesign, edition: Edition) -> Table:
    where: dict[str, Any] = {**shown.where, **asked.where(request.GET, edition.structure)}
    return published.tabulate(edition, shown.by, where)


def _language() -> str:
    return (get_language() or "en")[:2]


def _bad(unknown: published.Unknown) -> HttpResponse:
    return HttpResponseBadRequest(str(unknown), content_type="text/plain; charset=utf-8")


def _file(
    request: HttpRequest, content: bytes, media_type: str, name: str, edition: Edition
) -> HttpResponse:
    response = HttpResponse(content, content_type=media_type)
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    response["ETag"] = f'"{edition.checksum}"'
    response["Cache-Control"] = "public, max-age=300"
    return response
