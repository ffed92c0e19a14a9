"""Holidays and days of rest of the country, kept by the statistics office: one by one, or by a file."""

import base64
from datetime import date
from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_safe

from agencies import access
from agencies.http import SignedInRequest, takes_forms
from agencies.refusal import Refused
from agencies.roles import Permission
from records.models import Holiday, RestDay
from records.pages.codelist_files import content_sent
from records.review import deadlines, holiday_files


@takes_forms
def holidays(request: SignedInRequest) -> HttpResponse:
    """The holidays and days of rest: those of every year first, then those of one year by date."""
    access.require(request.user, Permission.ACCEPT)
    refused = ""
    if request.method == "POST":
        try:
            _keep(request)
        except Refused as refusal:
            refused = str(refusal)
        else:
            messages.success(request, _("Saved."))
            return redirect("records:holidays")
    rest = set(RestDay.objects.values_list("weekday", flat=True))
    monday = date(2024, 1, 1)
    context = {
        "holidays": holiday_files.in_order(Holiday.objects.all()),
        "weekdays": [(n, monday.replace(day=n), n in rest) for n in range(1, 8)],
        "refused": refused,
        "said": request.POST,
    }
    return render(request, "records/holidays.html", context, status=422 if refused else 200)


def _keep(request: SignedInRequest) -> None:
    said = request.POST
    if "remove" in said:
        number = said["remove"]
        pk = int(number) if number.isascii() and number.isdecimal() and len(number) < 10 else 0
        deadlines.remove_holiday(get_object_or_404(Holiday, pk=pk), by=request.user)
    elif "rest" in said:
        deadlines.set_rest_days(said.getlist("weekday"), by=request.user)
    else:
        deadlines.add_holiday(said.dict(), by=request.user)


@require_safe
def holidays_file(request: SignedInRequest) -> HttpResponse:
    """The holidays as CSV, in the form in which a file of them is taken in."""
    access.require(request.user, Permission.ACCEPT)
    content = holiday_files.to_csv(Holiday.objects.all())
    response = HttpResponse(content, content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = 'attachment; filename="holidays.csv"'
    return response


@takes_forms
@access.takes_files(Permission.ACCEPT)
def holidays_import(request: SignedInRequest) -> HttpResponse:
    """Take in a file: line by line what is new, changed or wrong; all of it is saved when that is confirmed, or nothing."""
    context: dict[str, Any] = {"columns": ", ".join(holiday_files.COLUMNS)}
    status = 200
    if request.method == "POST":
        try:
            lines = holiday_files.read(content_sent(request), Holiday.objects.all())
            if "confirmed" in request.POST:
                return _take(request, lines)
            context |= _preview(lines)
            status = 422 if context["wrong"] else 200
        except Refused as refusal:
            status, context["refused"] = 422, str(refusal)
    return render(request, "records/holidays_import.html", context, status=status)


def _take(request: SignedInRequest, lines: list[holiday_files.Line]) -> HttpResponse:
    count = deadlines.take_holidays(lines, by=request.user)
    text = ngettext("%(n)s holiday is saved.", "%(n)s holidays are saved.", count)
    messages.success(request, text % {"n": count})
    return redirect("records:holidays")


def _preview(lines: list[holiday_files.Line]) -> dict[str, Any]:
    by_kind = {
        kind: [line for line in lines if line.kind == kind]
        for kind in ("wrong", "new", "changed", "same")
    }
    return {
        **by_kind,
        "brought": [by_kind["new"], by_kind["changed"]],
        "count": len(by_kind["new"]) + len(by_kind["changed"]),
        "may_save": not by_kind["wrong"] and bool(by_kind["new"] or by_kind["changed"]),
        "carried": base64.b64encode(
            holiday_files.to_csv(by_kind["new"] + by_kind["changed"])
        ).decode(),
    }
