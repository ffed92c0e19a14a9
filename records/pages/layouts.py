"""How files of an agency are read: what was said about one of them and holds for the next with the same headers."""

from collections.abc import Mapping
from typing import Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from agencies import access
from agencies.http import SignedInRequest
from agencies.roles import Permission
from records.collection.layouts import in_use, withdraw, withdraw_answer
from records.instruments.spec import Spec
from records.instruments.versions import current_of, spec_of
from records.models import LearnedLayout
from records.reading.code_list_question import title_of
from records.reading.questions import MADE, NONE
from standards import codelists
from standards.translation import active_language, in_language

PER_PAGE = 20
OF_COLUMNS = ("codes", "numbers", "fill_ins")  # answers by variable


@require_safe
def layouts(request: SignedInRequest) -> HttpResponse:
    """The layouts that are in use, the latest first, each with its answers in words."""
    access.require(request.user, Permission.SEE_RECORDS)
    rows = in_use(request.user).select_related("agency", "instrument", "taught_by")
    page = Paginator(rows, PER_PAGE).get_page(request.GET.get("page"))
    shown = list(page.object_list)
    newest = current_of({row.instrument for row in shown}) if shown else {}
    lines = [
        {
            "layout": row,
            "instrument": newest[row.instrument_id].title,
            "answers": _answers(row, spec_of(newest[row.instrument_id])),
            "may_forget": access.may(request.user, Permission.ENTER, row.agency, row.instrument_id),
        }
        for row in shown
    ]
    return render(request, "records/layouts.html", {"page": page, "lines": lines})


@require_POST
def forget(request: SignedInRequest, layout: int) -> HttpResponse:
    """Forget one answer of a layout, or all of them."""
    rows = in_use(request.user).select_related("agency", "instrument")
    forgotten = get_object_or_404(rows, pk=layout)
    if answer := request.POST.get("answer", ""):
        withdraw_answer(forgotten, answer, by=request.user)
        messages.success(request, _("Forgotten: the next file asks about it."))
    else:
        withdraw(forgotten, by=request.user)
        messages.success(request, _("Forgotten: the next file with these headers asks anew."))
    return redirect("records:layouts")


def _answers(layout: LearnedLayout, spec: Spec) -> list[dict[str, str]]:
    """Return the answers of a layout in words, each with the name by which it is forgotten."""
    said = dict(layout.answers)
    lines = [
        {"name": f"columns:{name}", "text": f"{_label(spec, name)}: {_place(place)}"}
        for name, place in said.pop("columns", {}).items()
    ]
    lines += [
        {"name": f"constants:{name}", "text": _constant(spec, name, text)}
        for name, text in said.pop("constants", {}).items()
    ]
    lines += [
        {"name": f"{kind}:{name}", "text": f"{_label(spec, name)}: {_of_column(kind, answer)}"}
        for kind in OF_COLUMNS
        for name, answer in said.pop(kind, {}).items()
    ]
    return lines + [{"name": name, "text": _other(name, answer)} for name, answer in said.items()]


def _of_column(kind: str, answer: str) -> str:
    """Return what was said of the codes or numbers of a column in the words of its question."""
    if kind == "codes" and answer != NONE:
        return in_language(title_of(answer))
    return in_language(codelists.standard("questions")[f"{kind}.{answer}"])


def _label(spec: Spec, name: str) -> str:
    return in_language(spec.by_name[name].label) if name in spec.by_name else name


def _place(place: str) -> str:
    if place == MADE:
        return _("numbers made by the portal")
    return _("not in the file") if place == NONE else f"“{place}”"


def _constant(spec: Spec, name: str, text: str) -> str:
    variable = spec.by_name.get(name)
    if variable and variable.codelist:
        text = codelists.load(variable.codelist).label(text, active_language())
    return _("%(label)s: %(text)s in all rows") % {"label": _label(spec, name), "text": text}


def _other(name: str, answer: Any) -> str:
    """Return an answer that is not about one column in words."""
    titles = {
        "ignored": _("Columns not used"),
        "levels": _("Rows that the headers take"),
        "sex_codes": _("Sex"),
        "day_first": _("Order of day and month"),
        "currency": _("Currency"),
        "date1904": _("Days counted from 1904"),
    }
    if isinstance(answer, Mapping):
        answer = ", ".join(f"{text} = {code}" for text, code in answer.items())
    elif isinstance(answer, list):
        answer = ", ".join(answer)
    elif name == "day_first":
        day_first = str(answer).lower().startswith(("true", "1"))
        answer = _("day first") if day_first else _("month first")
    return f"{titles.get(name, name)}: {answer}"
