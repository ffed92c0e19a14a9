"""One submission, and the steps that lead it on."""

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from agencies import access
from agencies.http import SignedInRequest
from agencies.models import Agency, Person
from agencies.refusal import Refused
from agencies.roles import Permission
from records.collection import duplicates, late_rows
from records.collection.names import shown_name
from records.instruments import deliveries
from records.instruments.versions import spec_of
from records.models import ReviewStep, Submission, Upload
from records.pages import cover, instruments
from records.pages.threads import shown
from records.review import calendar, opening, shared_numbers, steps, threads
from records.review.submissions import RETURN_REASONS, bar, steps_open_to
from records.review.submissions import advance as advance_submission
from records.search.asked import by_sex as rows_by_sex
from standards import codelists, sex
from standards.periods import Period, period_in_text
from standards.translation import active_language

OPEN_THREADS = 5  # on the cover; all of them have a page
STATES = (
    Submission.State.DRAFT,
    Submission.State.SUBMITTED,
    Submission.State.SIGNED,
    Submission.State.ACCEPTED,
)


@require_POST
def begin(
    request: SignedInRequest, instrument_code: str, agency_code: str, period: str
) -> HttpResponse:
    """Open a period that has no record yet."""
    agency = get_object_or_404(Agency.everywhere, code=agency_code)
    instrument = get_object_or_404(
        deliveries.entered_by(request.user, agency), code=instrument_code
    )
    try:
        return redirect(
            opening.begin(period, agency=agency, instrument=instrument, by=request.user)
        )
    except Refused as refusal:
        messages.error(request, str(refusal))
        return redirect("records:home")


@require_safe
def submission(request: SignedInRequest, submission_id: int) -> HttpResponse:
    submission = cover.visible(request, submission_id)
    return render(request, "records/submission.html", _context(request, submission))


@require_POST
def advance(request: SignedInRequest, submission_id: int, verb: str) -> HttpResponse:
    submission = cover.visible(request, submission_id)
    if verb not in steps.STEPS:
        raise Http404
    held = request.POST.get("held_acknowledged", "")
    try:
        advance_submission(
            submission,
            verb,
            by=request.user,
            reason=request.POST.get("reason", ""),
            reason_code=request.POST.get("reason_code", ""),
            held_acknowledged=int(held) if held.isdecimal() and len(held) < 10 else None,
            nothing_to_report="nothing_to_report" in request.POST,
        )
    except Refused as refusal:
        context = _context(request, submission) | {
            "refused": str(refusal),
            "reason": request.POST.get("reason", ""),
            "reason_code": request.POST.get("reason_code", ""),
        }
        return render(request, "records/submission.html", context, status=409)
    submission.refresh_from_db()
    messages.success(
        request,
        _("%(title)s, %(period)s: %(state)s.")
        % {
            "title": submission.instrument_version.title,
            "period": period_in_text(submission.period, active_language()),
            "state": str(steps.STEPS[verb].done).lower(),
        },
    )
    return redirect(submission)


@require_POST
def readmit(request: SignedInRequest, submission_id: int) -> HttpResponse:
    submission = cover.visible(request, submission_id)
    access.require(request.user, Permission.ENTER, submission.agency, submission.instrument_id)
    if not submission.is_open:
        messages.error(request, _("Only reopening it admits these rows."))
        return redirect(submission)
    count = late_rows.readmit_late(submission, by=request.user)
    messages.success(request, _("%(n)s late rows were taken in.") % {"n": count})
    return redirect(submission)


def _context(request: SignedInRequest, submission: Submission) -> dict[str, Any]:
    sees = cover.sees_records(request, submission)
    live = submission.is_open and sees
    numbers = cover.numbers_of(request, submission)
    of = cover.counted(submission, numbers, live=live)
    period, spec = Period.parse(submission.period), spec_of(submission.instrument_version)
    open_threads = threads.of(submission).filter(resolved_at=None)
    beside: dict[str, Any] = {}
    for tell in cover.told_beside:
        beside |= tell(request, submission)
    return {
        **_review(request, submission),
        **beside,
        "submission": submission,
        "reads_as": _reads_as(request.user, submission),
        "sees_records": sees,
        "profile": numbers,
        "sum": sex.of_codes(numbers.get("sex", {})),
        "rows_by_sex": rows_by_sex(submission) if sees else None,
        "duplicates": duplicates.of(submission) if sees else [],
        "of_before": submission.is_open and not live,  # as it was submitted last
        "unit": _(instruments.UNITS[spec.unit]),
        "asks_sex": "sex" in spec.by_name,
        "card": cover.scorecard_of(submission, of, sees=sees),
        **cover.breakdowns_of(submission, of, sees=sees),
        "shared_numbers": shared_numbers.told_to(request.user, submission),
        "findings": cover.findings_of(submission, numbers, sees=sees),
        "may_answer": sees,  # clerks and reviewers: nobody else sees records
        "open_threads": shown(request, submission, open_threads[:OPEN_THREADS]),
        "open_count": open_threads.count(),
        "longest": threads.LONGEST,
        "fix": reverse("records:held", args=[submission.pk]) if live else "",
        "late": submission.late_rows,
        "dates": calendar.one(submission.agency, submission.instrument, period).dates,
        "may_enter": submission.is_open
        and access.may(request.user, Permission.ENTER, submission.agency, submission.instrument_id),
        "uploads": _uploads(submission, request.user) if sees else [],
    }


def _review(request: SignedInRequest, submission: Submission) -> dict[str, Any]:
    """Where the submission stands, what the person may do to it, and what was done, newest first."""
    offered = steps_open_to(request.user, submission)
    language, reasons = active_language(), codelists.load(RETURN_REASONS)
    review_steps = list(submission.review_steps.select_related("by").order_by("-pk"))
    came_back = submission.is_open and review_steps and review_steps[0].reason
    returned = review_steps[0] if came_back else None
    return {
        "waits": _waits(submission, offered),
        "barred": bar(request.user, submission),
        "asked": returned,
        "asked_about": reasons.label(returned.reason_code, language) if returned else "",
        "reason_codes": [(code.code, code.label(language)) for code in reasons.in_use],
        "forward": [(v, steps.STEPS[v].label) for v in offered if not steps.STEPS[v].reason],
        "back": [(v, steps.STEPS[v].label) for v in offered if steps.STEPS[v].reason],
        "steps": _steps(submission, review_steps),
        "review_steps": [
            {
                "by": p.by,
                "at": p.at,
                "reason": p.reason,
                "label": steps.STEPS[p.verb].done,
                "code": reasons.label(p.reason_code, language),
            }
            for p in review_steps
        ],
    }


def _reads_as(person: Person, submission: Submission) -> str:
    """Return whose guidance the person reads: of who signs before who enters, else that of the statistics office."""
    of = submission.agency, submission.instrument_id
    if access.may(person, Permission.SIGN, *of):
        return "reviewer"
    return "clerk" if access.may(person, Permission.ENTER, *of) else "statistician"


def _uploads(submission: Submission, person: Person) -> list[Upload]:
    """The files that fed the submission, each called as this person may see it."""
    uploads = list(submission.uploads.select_related("instrument").defer("report"))
    for upload in uploads:
        upload.shown_name = shown_name(upload, person)
    return uploads


def _waits(submission: Submission, offered: list[str]) -> str:
    """Say for whom the submission waits."""
    if any(not steps.STEPS[verb].reason for verb in offered):
        return _("Your action is needed.")
    return {
        Submission.State.DRAFT: _("It is open; the agency has not submitted it yet."),
        Submission.State.RETURNED: _("It was returned and is open again for the agency."),
        Submission.State.SUBMITTED: _("It waits for the signature of the agency’s reviewer."),
        Submission.State.SIGNED: _("It waits for the statistics office."),
        Submission.State.ACCEPTED: _("It is accepted and counts in the next release."),
    }[Submission.State(submission.state)]


def _steps(submission: Submission, review_steps: list[ReviewStep]) -> list[dict[str, Any]]:
    """The road with who has passed each station in this version, newest review_steps first."""
    here = Submission.State.DRAFT if submission.is_open else Submission.State(submission.state)
    reached = STATES.index(here)
    last = {p.target: p for p in reversed(review_steps) if p.version == submission.version}
    return [
        {
            "label": state.label,
            "here": k == reached,
            "done": k < reached,
            "passage": last.get(state) if 0 < k <= reached else None,
        }
        for k, state in enumerate(STATES)
    ]
