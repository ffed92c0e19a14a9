"""Words proposed for code lists: proposed where somebody types, answered by statistics staff."""

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from agencies import access
from agencies.http import SignedInRequest, takes_forms
from agencies.refusal import Refused
from agencies.roles import Permission
from records.collection import proposals as words
from standards import codelists
from standards.translation import in_language

PER_PAGE = 50


@takes_forms
def proposals(request: SignedInRequest) -> HttpResponse:
    """The proposals that concern the person; proposing one, from this page or from the list of a field."""
    access.require(request.user, Permission.SEE_SUBMISSIONS)
    refused = ""
    if request.method == "POST":
        access.require(request.user, Permission.ENTER)
        refused = _propose(request)
        if request.htmx:
            return HttpResponse(refused or _told(), content_type="text/plain; charset=utf-8")
        if not refused:
            messages.success(request, _told())
            return redirect("records:proposals")
    pages = Paginator(words.proposals_for(request.user), PER_PAGE)
    page = pages.get_page(request.GET.get("page"))
    rows = list(page.object_list)
    titles = {name: codelists.load(name).title for name in {row.codelist for row in rows}}
    context = {
        "page": page,
        "lines": [(row, in_language(titles[row.codelist])) for row in rows],
        "refused": refused,
        "word": request.POST.get("word", ""),
        "codelist": request.POST.get("codelist", ""),
        "codelists": [
            (name, in_language(codelists.load(name).title)) for name in codelists.names()
        ],
        "agencies": access.agencies(request.user, Permission.ENTER),
        "may_answer": access.may(request.user, Permission.ACCEPT),
    }
    return render(request, "records/proposals.html", context, status=422 if refused else 200)


@require_POST
def answer(request: SignedInRequest, proposal: int) -> HttpResponse:
    """Say which code a proposed word is, or why there is none."""
    proposed = get_object_or_404(words.proposals_for(request.user), pk=proposal)
    try:
        code = request.POST.get("code", "").strip()
        words.answer(proposed, request.POST.get("answer", ""), code=code, by=request.user)
    except Refused as refusal:
        messages.error(request, str(refusal))
    else:
        messages.success(request, _("The answer is saved, and the agency reads it here."))
    return redirect("records:proposals")


def _propose(request: SignedInRequest) -> str:
    """Propose what was sent; returns why it was refused, "" where it was not."""
    agencies = access.agencies(request.user, Permission.ENTER)
    code = request.POST.get("agency", "").replace("\0", "")[:12]
    agency = get_object_or_404(agencies, code=code)
    codelist, word = request.POST.get("codelist", ""), request.POST.get("word", "")
    try:
        words.propose(word, codelist=codelist, agency=agency, by=request.user)
    except Refused as refusal:
        return str(refusal)
    return ""


def _told() -> str:
    return _("Proposed to the statistics office. Until it answers, choose “not stated”.")
