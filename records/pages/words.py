"""Words of agencies: what texts mean in their files, who taught them and when; kept by the statistics office."""

from typing import Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _

from agencies import access
from agencies.http import SignedInRequest, takes_forms
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


@takes_forms
def words(request: SignedInRequest) -> HttpResponse:
    """The words of the agencies that the person sees; statistics staff change, revoke and spread them."""
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
    visible = LearnedWord.objects.visible_to(request.user).filter(is_revoked=False)
    agencies = sorted(set(visible.order_by().values_list("agency__code", flat=True)))
    wanted = request.GET.get("agency", "")[:20].replace("\0", "")
    if wanted in agencies:
        visible = visible.filter(agency__code=wanted)
    related = visible.select_related("agency", "instrument", "taught_by", "changed_by")
    page = Paginator(related, PER_PAGE).get_page(request.GET.get("page"))
    context = {
        "page": page,
        "lines": _lines(list(page.object_list), refused),
        "filters": [
            {
                "name": "agency",
                "label": _("Agency"),
                "options": [(code, code) for code in agencies],
                "chosen": wanted,
            }
        ],
        **tabs(request, "words"),
    }
    return render(request, "records/words.html", context, status=422 if refused[1] else 200)


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


def _lines(rows: list[LearnedWord], refused: tuple[int, str]) -> list[dict[str, Any]]:
    newest = current_of({row.instrument for row in rows}) if rows else {}
    return [_line(row, newest[row.instrument_id], refused) for row in rows]


def _line(row: LearnedWord, version: InstrumentVersion, refused: tuple[int, str]) -> dict[str, Any]:
    variable, language = _variable(version, row), active_language()
    line = {
        "word": row,
        "instrument": version.title,
        "problem": refused[1] if refused[0] == row.pk else "",
    }
    if variable is None:
        return {**line, "variable": row.variable, "meaning": row.code}
    return {
        **line,
        "variable": in_language(variable.label),
        "list": variable.codelist,
        "meaning": codelists.load(variable.codelist).label(row.code, language),
        "choices": [(c.code, c.label(language)) for c in variable.accepted],
    }
