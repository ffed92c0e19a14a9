"""Threads about a submission, and the agency's answers to its warnings."""

from collections.abc import Iterable
from typing import Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from agencies import access
from agencies.http import SignedInRequest
from agencies.refusal import Refused
from agencies.roles import Permission
from records.instruments.versions import spec_of
from records.models import Submission, Thread
from records.pages import cover
from records.review import answers, scorecard, threads
from standards.translation import in_language

PER_PAGE = 50
LONGEST_NUMBER = 18  # digits of an id that a database holds


@require_http_methods(["GET", "HEAD", "POST"])
def submission_threads(request: SignedInRequest, submission_id: int) -> HttpResponse:
    """Every thread of a submission, and the form that begins one."""
    submission = cover.visible(request, submission_id)
    if request.method != "POST":
        return _page(request, submission)
    try:
        thread = threads.begin(
            submission,
            request.POST.get("text", ""),
            by=request.user,
            variable=request.POST.get("variable", ""),
            record=_number(request.POST.get("record", "")),
            mentions=_numbers(request.POST.getlist("mention")),
        )
    except Refused as refusal:
        return _page(request, submission, refused=str(refusal))
    return _to(thread)


@require_POST
def answer(request: SignedInRequest, thread: int) -> HttpResponse:
    """Answer in a thread."""
    answered = _visible(request, thread)
    try:
        threads.answer(
            answered,
            request.POST.get("text", ""),
            by=request.user,
            mentions=_numbers(request.POST.getlist("mention")),
        )
    except Refused as refusal:
        return _page(request, answered.submission, refused=str(refusal), of=answered)
    return _to(answered)


@require_POST
def resolve(request: SignedInRequest, thread: int) -> HttpResponse:
    """Mark a thread as resolved."""
    resolved = _visible(request, thread)
    try:
        threads.resolve(resolved, by=request.user)
    except Refused as refusal:
        messages.error(request, str(refusal))
    return _to(resolved)


@require_POST
def answer_warning(request: SignedInRequest, submission_id: int) -> HttpResponse:
    """Answer a warning of the submission, or a measure out of its limits, for the agency."""
    submission = cover.visible(request, submission_id)
    access.require(
        request.user, Permission.SEE_RECORDS, submission.agency, submission.instrument_id
    )
    warned = cover.warned_of(request, submission)
    place = request.POST.get("rule", ""), request.POST.get("variable", "")
    if place not in warned:
        messages.error(request, _("The submission has no such warning (any more)."))
        return redirect(submission)
    try:
        answers.give(submission, warned[place], request.POST.get("text", ""), by=request.user)
    except Refused as refusal:
        messages.error(request, str(refusal))
    else:
        messages.success(request, _("Your answer stays with the warning."))
    where = "#scorecard" if place[0].startswith(scorecard.RULE) else "#findings"
    return redirect(submission.get_absolute_url() + where)


def shown(request: SignedInRequest, submission: Submission, of: Iterable[Thread]) -> list[Any]:
    """Return threads as templates need them: what each is about, its texts, whether it is resolved."""
    listed = list(of)
    rows, spec = threads.rows_of(listed, request.user), spec_of(submission.instrument_version)
    return [
        {
            "thread": thread,
            "variable": in_language(spec.by_name[thread.variable].label)
            if thread.variable in spec.by_name
            else "",
            "row": rows.get(thread.record or 0, ""),
            "is_gone": thread.record is not None
            and thread.record not in rows
            and cover.sees_records(request, submission),
            "comments": list(thread.comments.all()),
        }
        for thread in listed
    ]


def _page(
    request: SignedInRequest,
    submission: Submission,
    *,
    refused: str = "",
    of: Thread | None = None,
) -> HttpResponse:
    """The page; after a refusal (422) with what was written."""
    spec = spec_of(submission.instrument_version)
    sent = request.POST if request.method == "POST" else request.GET
    record = sent.get("record", "")
    page = Paginator(threads.of(submission), PER_PAGE).get_page(
        _page_number(request, submission, of)
    )
    context = {
        "submission": submission,
        "page": page,
        "threads": shown(request, submission, page.object_list),
        "people": [p for p in threads.people(submission) if p != request.user],
        "variables": [(v.name, in_language(v.label)) for v in spec.variables],
        "about": sent.get("variable", ""),
        "record": record if _number(record) is not None else "",
        "text": request.POST.get("text", ""),
        "mentioned": _numbers(request.POST.getlist("mention")),
        "refused": refused,
        "refused_in": of.pk if of else None,
        "longest": threads.LONGEST,
    }
    return render(request, "records/threads.html", context, status=422 if refused else 200)


def _page_number(request: SignedInRequest, submission: Submission, of: Thread | None) -> str | int:
    """Return the page that is asked for: by its number, or by a thread that stands on it."""
    if "page" in request.GET:
        return request.GET["page"]
    number = _number(request.GET.get("thread", ""))
    if of is None and number is not None:
        of = submission.threads.filter(pk=number).first()
    if of is not None:
        return threads.before(of) // PER_PAGE + 1
    return 1


def _visible(request: SignedInRequest, pk: int) -> Thread:
    related = "submission__agency", "submission__instrument", "submission__instrument_version"
    return get_object_or_404(
        Thread.objects.visible_to(request.user).select_related(*related), pk=pk
    )


def _to(thread: Thread) -> HttpResponse:
    page = reverse("records:threads", args=[thread.submission_id])
    return redirect(f"{page}?thread={thread.pk}#thread-{thread.pk}")


def _number(text: str) -> int | None:
    plain = text.isascii() and text.isdecimal() and len(text) <= LONGEST_NUMBER
    return int(text) if plain else None


def _numbers(texts: Iterable[str]) -> list[int]:
    """Return the ids among texts; what is no id is nobody's, and is refused as such."""
    return [-1 if (number := _number(text)) is None else number for text in texts]
