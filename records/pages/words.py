"""Words of agencies: what texts mean in their files, who taught them and when; kept by the statistics office."""

from typing import Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.db.models import QuerySet
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from agencies import access
from agencies.http import SignedInRequest, takes_forms
from agencies.models import Person
from agencies.refusal import Refused
from agencies.roles import Permission
from records.codelists import learned
from records.instruments.spec import Variable
from records.instruments.versions import current_of, spec_of
from records.models import InstrumentVersion, LearnedWord
from records.pages.instruments import tabs
from standards import codelists
from standards.translation import active_language, in_language

PER_PAGE = 50
REVOKED = "revoked"


@takes_forms
def words(request: SignedInRequest) -> HttpResponse:
    """The words of the agencies that the person sees; statistics staff change, revoke and spread them.

    Who enters for an agency revokes its words (`withdraw`).
    """
    access.require(request.user, Permission.SEE_SUBMISSIONS)
    refused: tuple[int, str] = 0, ""
    if request.method == "POST":
        access.require(request.user, Permission.ACCEPT)
        word = _posted(request)
        try:
            _keep(request, word)
        except Refused as refusal:
            refused = word.pk, str(refusal)
        else:
            messages.success(request, _("Saved."))
            return redirect(request.get_full_path())
    chosen, filters = _chosen(request)
    related = chosen.select_related("agency", "instrument", "taught_by", "changed_by")
    page = Paginator(related, PER_PAGE).get_page(request.GET.get("page"))
    context = {
        "page": page,
        "lines": _lines(request.user, list(page.object_list), refused),
        "filters": filters,
        **tabs(request, "words"),
    }
    return render(request, "records/words.html", context, status=422 if refused[1] else 200)


def _chosen(request: SignedInRequest) -> tuple[QuerySet[LearnedWord], list[dict[str, Any]]]:
    """Return the words that the address asks for, and the filters that it can choose from."""
    state = request.GET.get("state", "")
    visible = LearnedWord.objects.visible_to(request.user).filter(is_revoked=state == REVOKED)
    agencies = sorted(set(visible.order_by().values_list("agency__code", flat=True)))
    wanted = request.GET.get("agency", "")[:20].replace("\0", "")
    if wanted in agencies:
        visible = visible.filter(agency__code=wanted)
    filters = [
        {
            "name": "state",
            "label": _("State"),
            "default": _("in use"),
            "options": [(REVOKED, _("revoked"))],
            "chosen": state,
        },
        {
            "name": "agency",
            "label": _("Agency"),
            "options": [(code, code) for code in agencies],
            "chosen": wanted,
        },
    ]
    return visible, filters


@require_POST
def withdraw(request: SignedInRequest, word: int) -> HttpResponse:
    """Revoke a word of the own agency."""
    rows = LearnedWord.objects.visible_to(request.user).select_related("agency", "instrument")
    withdrawn = get_object_or_404(rows, pk=word, is_revoked=False)
    learned.withdraw(withdrawn, by=request.user)
    messages.success(request, _("The word is revoked: the next file asks what it means."))
    return redirect("records:words")


def _posted(request: SignedInRequest) -> LearnedWord:
    number = request.POST.get("word", "")
    pk = int(number) if number.isascii() and number.isdecimal() and len(number) < 16 else 0
    rows = LearnedWord.objects.visible_to(request.user).filter(is_revoked=False)
    return get_object_or_404(rows.select_related("agency", "instrument"), pk=pk)


def _keep(request: SignedInRequest, word: LearnedWord) -> None:
    variable = _variable(current_of([word.instrument])[word.instrument_id], word)
    if "revoke" in request.POST:
        learned.revoke(word, by=request.user)
    elif variable is None:
        raise Http404
    elif "everybody" in request.POST:
        learned.for_everybody(word, codelists.load(variable.codelist), by=request.user)
    else:
        learned.change(word, request.POST.get("code", ""), variable=variable, by=request.user)


def _variable(version: InstrumentVersion, word: LearnedWord) -> Variable | None:
    """Return the variable of a word; None where the instrument no longer asks for codes by this name."""
    variable = spec_of(version).by_name.get(word.variable)
    return variable if variable and variable.codelist else None


def _lines(
    person: Person, rows: list[LearnedWord], refused: tuple[int, str]
) -> list[dict[str, Any]]:
    newest = current_of({row.instrument for row in rows}) if rows else {}
    return [
        {
            **_line(row, newest[row.instrument_id]),
            "problem": refused[1] if refused[0] == row.pk else "",
            "may_withdraw": not row.is_revoked
            and access.may(person, Permission.ENTER, row.agency, row.instrument_id),
        }
        for row in rows
    ]


def _line(row: LearnedWord, version: InstrumentVersion) -> dict[str, Any]:
    """Return what a word means, and where, in the language of the reader."""
    variable, language = _variable(version, row), active_language()
    line = {"word": row, "instrument": version.title}
    if variable is None:
        return {**line, "variable": row.variable, "meaning": row.code}
    return {
        **line,
        "variable": in_language(variable.label),
        "list": variable.codelist,
        "meaning": codelists.load(variable.codelist).label(row.code, language),
        "choices": [(c.code, c.label(language)) for c in variable.accepted],
    }
