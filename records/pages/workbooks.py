"""Workbooks to be filled in and sent: the empty one of an instrument, and the held rows of a file."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.views.decorators.http import require_safe

from agencies.http import SignedInRequest
from agencies.readers import open_like_figures
from agencies.refusal import Refused
from records.collection.annotated import held_workbook
from records.instruments.versions import current, spec_of
from records.models import Instrument, Upload
from records.workbooks.template import template as template_of

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


@open_like_figures
@require_safe
def template(request: HttpRequest, instrument_code: str) -> HttpResponse:
    """The empty workbook of an instrument in the person's language."""
    spec = spec_of(current(get_object_or_404(Instrument, code=instrument_code)))
    return _file(template_of(spec), f"{spec.code}.xlsx")


@require_safe
def held(request: SignedInRequest, upload_id: int) -> HttpResponse:
    """The held rows of a file as a workbook in which they can be corrected."""
    uploads = Upload.objects.visible_to(request.user).select_related("agency", "instrument")
    upload = get_object_or_404(uploads, pk=upload_id)

    def rule_page(rule: str) -> str:
        address = reverse("records:rule", args=[upload.instrument.code, rule])
        return request.build_absolute_uri(address)

    try:
        content = held_workbook(upload, by=request.user, rule_page=rule_page)
    except Refused as refusal:
        messages.error(request, str(refusal))
        return redirect(upload)
    return _file(content, f"{upload.instrument.code}-{upload.pk}-held.xlsx")


def _file(content: bytes, name: str) -> HttpResponse:
    response = HttpResponse(content, content_type=XLSX)
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    return response
