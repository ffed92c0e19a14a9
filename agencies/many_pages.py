"""The page on which many are invited at once: a text, a preview of every row, all or nothing."""

import hashlib
from typing import Any

from django import forms
from django.conf import settings
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import render
from django.utils.translation import get_language, gettext_lazy, ngettext

from agencies import many_invitations
from agencies.http import SignedInRequest, takes_forms
from agencies.invitation_pages import people_of
from agencies.many_invitations import Defaults, Row
from agencies.models import Agency
from agencies.refusal import Refused
from agencies.role_choice import Choice, managed


class ManyForm(forms.Form):
    people = forms.CharField(
        label=gettext_lazy("Addresses, or cells of a sheet"),
        help_text=gettext_lazy(
            "One a line. Of a sheet, copy the columns: address, name, language, roles, instruments. "
            "An empty cell takes what is chosen below."
        ),
        widget=forms.Textarea(attrs={"rows": 10, "spellcheck": "false", "autofocus": True}),
        max_length=100_000,
    )
    language = forms.ChoiceField(
        label=gettext_lazy("Language of the letters"), choices=settings.LANGUAGES
    )


@takes_forms
def invite_many(request: SignedInRequest, agency: str) -> HttpResponse:
    """Invite many people to an agency: the text, what every row of it would do, and its confirmation."""
    place = managed(request, agency)
    form = ManyForm(request.POST or None, initial={"language": get_language()})
    choice = Choice.posted(request, place) if form.is_bound else Choice.like(request, place)
    context: dict[str, Any] = {"agency": place, "form": form, **choice.context(request.user)}
    status = 422 if form.is_bound else 200
    if request.method == "POST" and form.is_valid():
        try:
            rows = _read(request, form, choice, place)
            if _confirmed(request, rows):
                made = many_invitations.invite(
                    rows,
                    agency=place,
                    by=request.user,
                    link_base=request.build_absolute_uri("/"),
                )
                text = ngettext("%(n)s person is invited.", "%(n)s people are invited.", len(made))
                messages.success(request, text % {"n": len(made)})
                return people_of(place)
        except Refused as refusal:
            form.add_error(None, str(refusal))
        else:
            context |= _preview(request, rows)
            status = 422 if context["wrong"] else 200
    return render(request, "agencies/invite_many.html", context, status=status)


def _read(request: SignedInRequest, form: ManyForm, choice: Choice, place: Agency) -> list[Row]:
    defaults = Defaults(
        tuple(choice.roles),
        form.cleaned_data["language"],
        choice.duties if choice.names_instruments else None,
    )
    return many_invitations.read(
        form.cleaned_data["people"], defaults, agency=place, by=request.user
    )


def _confirmed(request: SignedInRequest, rows: list[Row]) -> bool:
    """Say whether exactly these rows were seen and confirmed, and nothing is wrong with them."""
    if request.POST.get("seen") != digest_of(rows) or any(row.problems for row in rows):
        return False
    return "foreign" in request.POST or not any(row.foreign for row in rows)


def _preview(request: SignedInRequest, rows: list[Row]) -> dict[str, Any]:
    wrong = sum(bool(row.problems) for row in rows)
    return {
        "rows": rows,
        "wrong": wrong,
        "foreign": [row.email for row in rows if row.foreign and not row.problems],
        "seen": digest_of(rows),
        "unconfirmed": "confirm" in request.POST and not wrong,
    }


def digest_of(rows: list[Row]) -> str:
    """Return by what a preview is known again: what was seen is what is confirmed."""
    return hashlib.sha256(repr(rows).encode()).hexdigest()
