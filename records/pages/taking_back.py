"""Taking an upload back: what goes and what returns, shown before; and how far it is, where it is large."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.formats import number_format as numbers
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe
from django_htmx.http import HttpResponseClientRefresh

from agencies import access
from agencies.http import SignedInRequest
from agencies.refusal import Refused
from agencies.roles import Permission
from jobs.queue import Job
from records.collection import names, uploads
from records.models import Upload


@require_safe
def preview(request: SignedInRequest, upload_id: int) -> HttpResponse:
    """What taking the upload back would do; for who may do it."""
    upload = _upload(request, upload_id)
    access.require(request.user, Permission.ENTER, upload.agency, upload.instrument_id)
    if upload.state == Upload.State.UNDONE:
        return HttpResponseClientRefresh() if request.htmx else redirect(upload)
    job = uploads.undo_job(upload)
    works = job is not None and job.state in (Job.State.QUEUED, Job.State.RUNNING)
    context = {
        "upload": upload,
        "name": names.shown_name(upload, request.user),
        "may_undo": uploads.may_be_undone(upload),
        "works": works,
        "stage": _stage(job),
        "failed": job.reason if job and job.state == Job.State.FAILED else "",
        "preview": None if works else uploads.undo_preview(upload),
    }
    return render(request, "records/undo.html", context)


@require_POST
def undo(request: SignedInRequest, upload_id: int) -> HttpResponse:
    """Take it back, at once or by a worker."""
    upload = _upload(request, upload_id)
    try:
        job = uploads.undo_now_or_later(upload, by=request.user)
    except Refused as refusal:
        messages.error(request, str(refusal))
        return redirect(upload)
    if job:
        return redirect("records:upload_undo_preview", upload.pk)
    messages.success(request, _("The upload was undone; its rows are gone."))
    return redirect(upload)


def _upload(request: SignedInRequest, pk: int) -> Upload:
    uploads = Upload.objects.visible_to(request.user).select_related("agency", "instrument", "job")
    return get_object_or_404(uploads, pk=pk)


def _stage(job: Job | None) -> str:
    """How many rows are done, in words; "" before it has begun."""
    told = job.progress if job else {}
    if "of" not in told:
        return ""
    done = {"n": numbers(told["rows"]), "all": numbers(told["of"])}
    return _("%(n)s of %(all)s rows") % done
