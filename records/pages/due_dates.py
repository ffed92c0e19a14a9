"""Due dates: the rules by instrument and agency, a later date for one submission, holidays, punctuality."""

from datetime import date
from http import HTTPStatus
from typing import Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from agencies import access
from agencies.http import SignedInRequest, takes_forms
from agencies.models import Agency
from agencies.refusal import Refused
from agencies.roles import Permission
from records.models import DueRule, Extension, Instrument
from records.review import calendar, deadlines, due_dates
from records.review.due_dates import Rule
from records.review.punctuality import punctuality as measured
from standards.periods import InvalidPeriod, Period

PER_PAGE = 40  # pairs of agency and instrument
FIELDS = ("days", "counted", "grace", "first_period")


def _pairs(request: SignedInRequest) -> tuple[Any, list[Any]]:
    """The pairs of agency and instrument that the person sees, a page of them, with filters."""
    agencies = access.agencies(request.user, Permission.SEE_SUBMISSIONS).filter(is_active=True)
    links = Instrument.agencies.through.objects.filter(
        access.covered(request.user, Permission.SEE_SUBMISSIONS), agency__in=agencies
    )
    wanted = request.GET.get("agency", ""), request.GET.get("instrument", "")
    for field, value in zip(("agency__code", "instrument__code"), wanted, strict=True):
        links = links.filter(**{field: value[:20].replace("\0", "")}) if value else links
    ordered = links.order_by("agency__code", "instrument__code")
    page = Paginator(ordered.values_list("agency_id", "instrument_id"), PER_PAGE)
    covered = access.covered(
        request.user, Permission.SEE_SUBMISSIONS, instrument="pk", agency="agencies"
    )
    codes = Instrument.objects.filter(covered, agencies__in=agencies).distinct()
    choices = (
        ("agency", _("Agency"), sorted(agencies.values_list("code", flat=True)), wanted[0]),
        ("instrument", _("Instrument"), list(codes.values_list("code", flat=True)), wanted[1]),
    )
    filters = [
        {"name": name, "label": label, "options": [(v, v) for v in values], "chosen": chosen}
        for name, label, values, chosen in choices
    ]
    return page.get_page(request.GET.get("page")), filters


@takes_forms
def rules(request: SignedInRequest) -> HttpResponse:
    """When each agency's deliveries are due; statistics staff set what differs for one, chosen by `?rule=`."""
    access.require(request.user, Permission.SEE_SUBMISSIONS)
    chosen, status = None, 200
    if request.method == "POST" or "rule" in request.GET:
        access.require(request.user, Permission.ACCEPT)  # before anything is looked for
        chosen = _chosen(request)
        if request.method == "POST":
            status = _set(request, chosen)
            if status == HTTPStatus.FOUND:
                messages.success(request, _("Saved."))
                given = request.GET.copy()
                given.pop("rule", None)
                return redirect(f"{request.path}?{given.urlencode()}")
    page, filters = _pairs(request)
    owed = calendar.owing({a for a, _i in page.object_list}, set(page.object_list))
    context = {
        "page": page,
        "filters": filters,
        "lines": [_rule_line(owed, agency, version) for agency, version in owed.pairs],
        "chosen": chosen,
        "may_set": access.may(request.user, Permission.ACCEPT),
    }
    return render(request, "records/due_dates.html", context, status=status)


def _chosen(request: SignedInRequest) -> dict[str, Any]:
    """Return the line of the agency and instrument whose rule is set, with the fields of its form: what is in force."""
    word = request.POST.get("rule", "") or request.GET.get("rule", "")
    agency_code, _slash, instrument_code = word[:40].replace("\0", "").partition("/")
    agency = get_object_or_404(Agency, code=agency_code)
    instrument = get_object_or_404(agency.instruments, code=instrument_code)
    access.require(request.user, Permission.ACCEPT, agency, instrument.pk)
    owed = calendar.owing([agency.pk], {(agency.pk, instrument.pk)})
    if not owed.pairs:
        raise Http404
    line = _rule_line(owed, *owed.pairs[0])
    rule: Rule = line["rule"]
    fields = {
        "days": str(rule.days),
        "counted": rule.counted,
        "grace": str(rule.grace),
        "first_period": line["begins"],
    }
    return {**line, "fields": fields, "owed": owed}


def _set(request: SignedInRequest, chosen: dict[str, Any]) -> int:
    """Save the rule that was typed, or show what it would do (`look`); return the status of the answer."""
    agency, version = chosen["owed"].pairs[0]
    said = {name: request.POST.get(name, "").strip()[:20] for name in FIELDS}
    if said["first_period"] == chosen["begins"] and not chosen["own"].first_period:
        said["first_period"] = ""  # as it is without a rule
    chosen["fields"] = {name: request.POST.get(name, "")[:20] for name in FIELDS}
    try:
        if "look" not in request.POST:
            deadlines.set_rule(agency, version.instrument, said, by=request.user)
            return HTTPStatus.FOUND
        own = DueRule(**deadlines.differing(version.instrument, said))
    except Refused as refusal:
        chosen["problem"] = str(refusal)
        return HTTPStatus.UNPROCESSABLE_ENTITY
    rule = calendar.rule_with(due_dates.rule_of(version.content), own)
    begins = own.first_period or chosen["begins"]
    chosen |= {"rule": rule, "begins": begins, "dates": chosen["owed"].dates(chosen["last"], rule)}
    return HTTPStatus.OK


def _rule_line(owed: calendar.Owing, agency: Agency, version: Any) -> dict[str, Any]:
    own = owed.rules.get((agency.pk, version.instrument_id))
    last = Period.of(timezone.localdate(), version.content["frequency"]).next(-1)
    rule: Rule = owed.rule(agency.pk, version)
    return {
        "key": f"{agency.code}/{version.instrument.code}",
        "agency": agency,
        "instrument": version.instrument,
        "title": version.title,
        "rule": rule,
        "own": own or DueRule(),
        "differs": own is not None,
        "begins": owed.owed_from(agency.pk, version),
        "last": str(last),
        "dates": owed.dates(str(last), rule),
    }


def _expected(agency: Agency, instrument: Instrument, period: str) -> calendar.Expected:
    """Return the submission of a period, begun or not. Raises Http404 for a period that the instrument has not."""
    try:
        entry = calendar.one(agency, instrument, Period.parse(period))
    except (InvalidPeriod, ValueError, OverflowError):
        raise Http404 from None
    if Period.parse(period).frequency != entry.version.content["frequency"]:
        raise Http404
    return entry


@takes_forms
def due_date(
    request: SignedInRequest, instrument_code: str, agency_code: str, period: str
) -> HttpResponse:
    """The dates of one submission, begun or not; statistics staff give it a later one with a reason."""
    agency = get_object_or_404(Agency.everywhere, code=agency_code)
    instrument = get_object_or_404(agency.instruments, code=instrument_code)
    if not access.may(request.user, Permission.SEE_SUBMISSIONS, agency, instrument.pk):
        raise Http404
    entry = _expected(agency, instrument, period)
    refused, status = "", 200
    if request.method == "POST":
        reason = request.POST.get("reason", "")
        try:
            until = _day(request.POST.get("until", ""))
            deadlines.extend(agency, instrument, period, until, reason, by=request.user)
        except Refused as refusal:
            refused, status = str(refusal), 422
        else:
            messages.success(request, _("The new due date holds, and the agency is told."))
            return redirect(request.path)
    given = Extension.objects.filter(agency=agency, instrument=instrument, period=period)
    today = timezone.localdate()
    context = {
        "entry": entry,
        "standing": entry.standing(today),
        "open": entry.standing(today) in calendar.OPEN | {calendar.Standing.UPCOMING},
        "extensions": given.select_related("by"),
        "may_extend": access.may(request.user, Permission.ACCEPT),
        "may_begin": not entry.begun
        and access.may(request.user, Permission.ENTER, agency, instrument.pk),
        "refused": refused,
        "until": request.POST.get("until", ""),
        "reason": request.POST.get("reason", ""),
        "today": today.isoformat(),
    }
    return render(request, "records/due_date.html", context, status=status)


def _day(text: str) -> date | None:
    if not text:
        return None
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise Refused(_("There is no such day.")) from None


@require_safe
def punctuality(request: SignedInRequest) -> HttpResponse:
    """How punctual agencies are, by instrument; an agency sees its own."""
    access.require(request.user, Permission.SEE_SUBMISSIONS)
    page, filters = _pairs(request)
    context = {
        "page": page,
        "filters": filters,
        "keeps_holidays": access.may(request.user, Permission.ACCEPT),
        "lines": measured(list(page.object_list), timezone.localdate()),
    }
    return render(request, "records/punctuality.html", context)
