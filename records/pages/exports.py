"""Files of records that are being made, or wait to be fetched by the person who asked for them."""

from typing import Any

from django.http import Http404, HttpResponse, HttpResponseBase, QueryDict, StreamingHttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from agencies import access, audit
from agencies.http import SignedInRequest
from agencies.roles import Permission
from jobs.models import Job
from records.instruments.versions import current_of
from records.models import Export
from records.search import exports
from records.search.files import FORMS
from standards import numbers


@require_safe
def listed(request: SignedInRequest) -> HttpResponse:
    """The files of the person; while one is made, how far it is."""
    access.require(request.user, Permission.SEE_RECORDS)
    own = list(_own(request))
    titles = current_of(export.instrument for export in own)
    context = {
        "exports": [_told(export, titles[export.instrument_id].title) for export in own],
        "working": any(_works(export) for export in own),
    }
    return render(request, "records/exports.html", context)


@require_safe
def file(request: SignedInRequest, export: int) -> HttpResponseBase:
    """The file itself, for nobody but the person who asked for it; it is removed when all of it was sent."""
    waiting = get_object_or_404(_own(request), pk=export)
    if not exports.is_ready(waiting):
        raise Http404
    form = FORMS[waiting.suffix]
    taken = request.method == "GET"  # HEAD asks for nothing
    if taken:
        audit.record(
            "fetch",
            f"instrument:{waiting.instrument_id}",
            name=waiting.instrument.code,
            by=request.user,
            agency=waiting.agency,
        )
    content = exports.pieces(waiting) if taken else iter([b""])
    response = StreamingHttpResponse(content, content_type=form.content_type)
    period = QueryDict(waiting.query).get("period", "")
    name = "-".join(filter(None, (waiting.instrument.code, period, "records")))
    response["Content-Disposition"] = f'attachment; filename="{name}.{waiting.suffix}"'
    return response


def _own(request: SignedInRequest) -> Any:
    own = Export.objects.visible_to(request.user).filter(asked_by=request.user)
    return own.select_related("agency", "instrument", "job")


def _works(export: Export) -> bool:
    return export.job is not None and export.job.state in (Job.State.QUEUED, Job.State.RUNNING)


def _told(export: Export, title: str) -> dict[str, Any]:
    """An export as the page shows it."""
    job = export.job
    done = job.progress.get("rows", 0) if job else 0
    told = {"n": numbers.count(done), "all": numbers.count(export.rows)}
    return {
        "export": export,
        "title": title,
        "search": export.query,
        "ready": exports.is_ready(export),
        "works": _works(export),
        "stage": _("%(n)s of %(all)s rows") % told,
        "failed": job.reason if job and job.state == Job.State.FAILED else "",
        "until": export.asked_at + exports.WAITS,
    }
