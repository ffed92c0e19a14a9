"""Searching records: of an agency and an instrument, in any combination of limits, and from every number its rows."""

from typing import Any
from urllib.parse import urlencode

from django.contrib import messages
from django.http import Http404, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_POST

from agencies import access
from agencies.http import SignedInRequest, takes_forms
from agencies.refusal import Refused
from agencies.roles import Permission
from records.collection import second_entry
from records.collection.history import texts_of
from records.instruments.spec import Variable
from records.models import Export, Record, Submission
from records.pages import search_form
from records.pages.history import said
from records.search import asked, exports, listing, wording
from records.search.asked import Mistyped, NotThere, Search
from records.search.columns import header_of
from records.search.files import FORMS
from standards import codelists
from standards.periods import period_name
from standards.translation import active_language


@takes_forms
def search(request: SignedInRequest) -> HttpResponse:
    """The records that an address asks for; a form that is sent leads to its address."""
    access.require(request.user, Permission.SEE_RECORDS)
    is_form = request.method == "POST"
    given = _of_one_place(request.POST) if is_form else request.GET
    try:
        chosen, problems = asked.read_typed(given, request.user, in_clear=is_form)
        places = {name: asked.key(request.GET[name]) for name in asked.PLACE if name in request.GET}
    except NotThere as nothing:
        raise Http404 from nothing
    if chosen and problems:
        return _typed_again(request, chosen, given, problems)
    if is_form:  # in the address the number of a record is hidden
        return redirect(f"{reverse('records:search')}{f'?{chosen.query}' if chosen else ''}")
    if chosen is None:
        return render(request, "records/search.html", search_form.of_places(request.user))
    counts = listing.counts(chosen)
    page = listing.page(chosen, counts, **places)
    exports.note("search", chosen, counts, by=request.user)
    context = search_form.of(chosen, request.user) | {
        "search": chosen,
        "first": chosen.first and chosen.first.isoformat(),
        "last": chosen.last and chosen.last.isoformat(),
        "limits": wording.limits(chosen),
        "page": page,
        "counts": counts,
        "other": codelists.load("sex").label("_O", active_language()),
        "rows": _rows(chosen, page.rows),
        "here": f"{reverse('records:search')}?{chosen.query}",
        "query_fields": _pairs(chosen),
        "forms": list(FORMS),
        **_of_submission(request, chosen),
    }
    return render(request, "records/search.html", context)


def _pairs(search: Search) -> list[tuple[str, str]]:
    """The search as the hidden fields of a form."""
    lists = QueryDict(search.query).lists()
    return [(name, value) for name, values in lists for value in values]


def _of_one_place(posted: QueryDict) -> QueryDict:
    """Return what a form asks for. Where another instrument was chosen, what was limited before says nothing of it."""
    if posted.get(asked.LIMITS_OF, posted.get("of")) == posted.get("of"):
        return posted
    return QueryDict(urlencode({"of": posted.get("of", "")}))


def _typed_again(
    request: SignedInRequest, search: Search, given: QueryDict, problems: dict[str, str]
) -> HttpResponse:
    """The form with all that was typed, and beside each field what is wrong with it."""
    context = search_form.of(search, request.user) | {
        "search": search,
        "problems": problems,
        "first": given.get("first", ""),
        "last": given.get("last", ""),
    }
    return render(request, "records/search.html", context, status=422)


def _rows(search: Search, records: list[Record]) -> list[dict[str, Any]]:
    """The rows of a page: each record, and its cells with their heads, which stand beside them on a phone."""
    heads = [(v, header_of(v)) for v in search.shown if v.name != "record_ref"]
    return [
        {
            "record": record,
            "cells": [(head, _cell(search, record, v), v.kind) for v, head in heads],
        }
        for record in records
    ]


def _cell(search: Search, record: Record, variable: Variable) -> str:
    if variable.kind == "period":
        return period_name(search.spec.period_of(record.event_date), active_language())
    text = texts_of(record).get(variable.name, "")
    return said(variable, text) if text else ""


def _of_submission(request: SignedInRequest, search: Search) -> dict[str, Any]:
    """What is offered beside the records of one period: its page, a new record, those that wait for a second entry."""
    if not search.period:
        return {}
    related = Submission.objects.select_related("agency", "instrument", "instrument_version")
    submission = related.get(pk=search.submissions[0])
    place = (submission.agency, submission.instrument_id)
    may_enter = submission.is_open and access.may(request.user, Permission.ENTER, *place)
    waiting = second_entry.waiting_in(submission).count() if may_enter else 0
    return {"submission": submission, "may_enter": may_enter, "waiting": waiting}


@require_POST
def take(request: SignedInRequest) -> HttpResponse:
    """The records of a search as a file: at once, or, where they are many, made by a worker."""
    access.require(request.user, Permission.SEE_RECORDS)
    form = FORMS.get(request.POST.get("form", ""))
    try:
        chosen = asked.read(request.POST, request.user)
    except (NotThere, Mistyped) as nothing:
        raise Http404 from nothing
    if form is None:
        raise Http404
    if chosen is None:  # the person sees several instruments, and said of none
        return redirect("records:search")
    try:
        file = exports.take(chosen, form, by=request.user)
    except Refused as refusal:
        messages.error(request, str(refusal))
        return redirect(f"{reverse('records:search')}?{chosen.query}")
    if isinstance(file, Export):
        return redirect("records:exports")
    response = HttpResponse(file, content_type=form.content_type)
    response["Content-Disposition"] = f'attachment; filename="{file_name(chosen, form.suffix)}"'
    return response


def file_name(search: Search, suffix: str) -> str:
    """Return what a file of records is called: by instrument and period, never by what was searched for."""
    period = f"-{search.period}" if search.period else ""
    return f"{search.instrument.code}{period}-records.{suffix}"
