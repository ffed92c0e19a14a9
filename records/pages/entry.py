"""Typing a record, changing and deleting it."""

from collections.abc import Mapping, Sequence

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from agencies import access
from agencies.http import SignedInRequest, takes_forms
from agencies.models import Agency
from agencies.refusal import Refused
from agencies.roles import Permission
from records.collection import drafts, entry
from records.instruments import deliveries
from records.instruments.spec import Spec
from records.instruments.versions import current, spec_of
from records.models import (
    EntryDraft,
    HeldRow,
    Instrument,
    InstrumentVersion,
    Record,
)
from records.pages.fields import Field, fields_of, focus, normalised
from records.validation.findings import Finding
from standards.translation import active_language, in_language


@takes_forms
def new(request: SignedInRequest, instrument_code: str, agency_code: str) -> HttpResponse:
    agency, instrument = delivery(request, instrument_code, agency_code)
    version = current(instrument)
    if request.method != "POST":
        draft = drafts.draft_of(request.user, agency, instrument)
        return form(request, version, agency, draft.values or draft.carried, draft)
    return _save(request, version, agency)


def delivery(
    request: SignedInRequest, instrument_code: str, agency_code: str
) -> tuple[Agency, Instrument]:
    """Return what the address names: an agency and one of its instruments that the person enters for. Else 404."""
    agency = get_object_or_404(Agency.everywhere, code=agency_code)
    return agency, get_object_or_404(
        deliveries.entered_by(request.user, agency), code=instrument_code
    )


@takes_forms
def edit(request: SignedInRequest, record: int) -> HttpResponse:
    earlier = get_object_or_404(
        Record.objects.visible_to(request.user).select_related(
            "agency", "submission__instrument", "submission__instrument_version"
        ),
        pk=record,
    )
    version = earlier.submission.instrument_version
    if request.method != "POST":
        entry.note("read", earlier, by=request.user)
        return form(request, version, earlier.agency, entry.texts_of(earlier), earlier)
    return _save(request, version, earlier.agency, record=earlier)


@require_POST
def delete(request: SignedInRequest, record: int) -> HttpResponse:
    earlier = get_object_or_404(Record.objects.visible_to(request.user), pk=record)
    submission = earlier.submission
    try:
        entry.delete(earlier, by=request.user)
    except Refused as refusal:
        messages.error(request, str(refusal))
    else:
        messages.success(
            request, _("Record %(number)s was deleted.") % {"number": earlier.record_ref}
        )
    return redirect(submission.records_url)


def form(
    request: SignedInRequest,
    version: InstrumentVersion,
    agency: Agency,
    values: Mapping[str, str],
    subject: Record | HeldRow | EntryDraft,
    *,
    findings: Sequence[Finding] = (),
    refused: str = "",
    unknown: Mapping[str, str] | None = None,
) -> HttpResponse:
    """Show the form of an instrument with these texts and what the engine says about them.

    The subject is a record, a held row, or the draft of a new record: what that carries on stands by
    itself, folded up while nothing is wrong with it. `unknown`: the words of a held row that can be remembered.
    """
    carried_on = subject.carried if isinstance(subject, EntryDraft) else {}
    of_file = isinstance(subject, HeldRow)
    fields = fields_of(
        spec_of(version), values, active_language(), findings, carried_on, of_file=of_file
    )
    normalised(fields)
    for each in fields:
        each.unknown = (unknown or {}).get(each.name, "")
    confirmed = acknowledged(request)
    focus(fields, confirmed)
    context = {
        "version": version,
        "agency": agency,
        **_of_subject(request, subject, fields),
        "errors": [f for f in fields if f.errors],
        "refused": refused,
        "to_acknowledge": beside_no_field(findings, fields),
        "acknowledged": confirmed,
        "tried": request.method == "POST",
        "learned": to_learn(request),
        "all_guidance": request.GET.get("guidance") == "all",
        "may_enter": access.may(request.user, Permission.ENTER, agency),
    }
    return render(request, "records/record.html", context, status=422 if context["tried"] else 200)


def _of_subject(
    request: SignedInRequest, subject: Record | HeldRow | EntryDraft, fields: Sequence[Field]
) -> dict[str, object]:
    """Return what the template needs of the record, held row or draft that the form is about."""
    record = subject if isinstance(subject, Record) else None
    draft = subject if isinstance(subject, EntryDraft) else None
    carried = [f for f in fields if f.carried]
    return {
        "record": record,
        # What the person saw first: a form that comes back must not take on what others changed.
        "seen": request.POST.get("seen") or (entry.version_token(record) if record else ""),
        "held": subject if isinstance(subject, HeldRow) else None,
        "draft": draft,
        "left_out": [f.label for f in fields if draft and f.name in draft.left_out],
        "carried": carried,
        "carried_open": any(f.focused or f.errors or f.warnings for f in carried),
        "fields": [f for f in fields if not f.carried],
    }


def beside_no_field(findings: Sequence[Finding], fields: Sequence[Field]) -> list[tuple[str, str]]:
    """Return the warnings, rule and message, that are about no field of the form."""
    names = {f.name for f in fields}
    unusual = (f for f in findings if f.severity == "warning" and f.variable not in names)
    return [(f.rule, in_language(f.message)) for f in unusual]


def typed(request: SignedInRequest, spec: Spec) -> dict[str, str]:
    """Return what the form of an instrument sent, variable -> text; keys are made by the portal alone."""
    return {v.name: request.POST.get(v.name, "") for v in spec.variables if v.kind != "key"}


def acknowledged(request: SignedInRequest) -> frozenset[str]:
    """Return the rules whose warnings the person has confirmed."""
    return frozenset(request.POST.getlist("acknowledged"))


def to_learn(request: SignedInRequest) -> frozenset[str]:
    """Return the variables whose words in a file the person wants remembered."""
    return frozenset(request.POST.getlist("learn"))


def say_saved(request: SignedInRequest, record: Record) -> None:
    messages.success(request, _("Record %(number)s is saved.") % {"number": record.record_ref})


def _save(
    request: SignedInRequest,
    version: InstrumentVersion,
    agency: Agency,
    record: Record | None = None,
) -> HttpResponse:
    """Save what was typed, and go on to where the person was; else show the form with what is wrong."""
    values, confirmed = typed(request, spec_of(version)), acknowledged(request)
    instrument, by = version.instrument, request.user
    subject = record or drafts.draft_of(by, agency, instrument)
    try:
        if record is None:
            outcome = drafts.save(
                values, agency=agency, instrument=instrument, by=by, acknowledged=confirmed
            )
        else:
            outcome = entry.save(
                values,
                agency=agency,
                instrument=instrument,
                by=by,
                acknowledged=confirmed,
                record=record,
                version_seen=request.POST.get("seen", ""),
            )
    except Refused as refusal:
        return form(request, version, agency, values, subject, refused=str(refusal))
    if outcome.record is None:
        return form(request, version, agency, values, subject, findings=outcome.findings)
    say_saved(request, outcome.record)
    if "another" in request.POST:
        return redirect("records:record_new", version.instrument.code, agency.code)
    return redirect(outcome.record.submission.records_url)
