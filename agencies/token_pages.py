"""The page of tokens for programs: who enters records makes them, administrators see and revoke them."""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from django.contrib import messages
from django.http import HttpResponse, QueryDict
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from agencies import access, collection, held_roles, sign_in, tokens
from agencies.http import SignedInRequest, takes_forms
from agencies.models import Agency, Person, Token
from agencies.refusal import Refused
from agencies.roles import Permission
from agencies.tokens import Verb

FORMS = "forms_of_tokens"  # of a session: the forms that made a token
REMEMBERED = 20
USUAL = (Verb.READ, Verb.SEND, Verb.ANSWER)


@dataclass
class Wish:
    """What is asked for in the form of a new token; `work` are agency and instrument, as `SMS/SMS-WPF`."""

    name: str = ""
    verbs: list[Verb] = field(default_factory=lambda: list(USUAL))
    work: list[str] = field(default_factory=list)
    days: int = tokens.DAYS[1]

    @classmethod
    def posted(cls, form: QueryDict) -> "Wish":
        """Read the form; what is none of the choices is left out."""
        return cls(
            form.get("name", ""),
            [verb for verb in Verb if verb in form.getlist("verbs")],
            form.getlist("work"),
            next((days for days in tokens.DAYS if form.get("days") == str(days)), 0),
        )


@takes_forms
def token_list(request: SignedInRequest) -> HttpResponse:
    """The tokens of one's agencies, and the form of a new one; a token that was just made is shown this once."""
    access.require(request.user, Permission.SEE_TOKENS)
    wish, secret, refused = Wish(), "", ""
    if request.method == "POST":
        access.require(request.user, Permission.ENTER)
        wish = Wish.posted(request.POST)
        try:
            sign_in.require_password(request.user, request.POST.get("password", ""), request)
            _require_new_form(request)
            secret = _make(wish, request.user)
            _note_form(request)
        except Refused as refusal:
            refused = str(refusal)
    context = {
        "secret": secret,
        "refused": refused,
        "form_id": secrets.token_urlsafe(9),
        "tokens": _lines(request.user),
        **_form(Wish() if secret else wish, request.user),
    }
    return render(request, "agencies/tokens.html", context, status=422 if refused else 200)


@require_POST
def revoke(request: SignedInRequest, token: int) -> HttpResponse:
    """End a token."""
    ended = get_object_or_404(tokens.visible_to(request.user), pk=token)
    try:
        tokens.revoke(ended, by=request.user)
    except Refused as refusal:
        messages.error(request, str(refusal))
    else:
        messages.success(request, _("%(token)s: revoked. It works no more.") % {"token": ended})
    return redirect("agencies:tokens")


def _require_new_form(request: SignedInRequest) -> None:
    """Raise `Refused` where this very form made a token already: the page that shows one is loaded again."""
    if request.POST.get("form_id") in request.session.get(FORMS, ()):
        raise Refused(
            _(
                "This form made its token already, and it is shown once. Make another one if you need it."
            )
        )


def _note_form(request: SignedInRequest) -> None:
    if form_id := request.POST.get("form_id", "")[:20]:
        request.session[FORMS] = [*request.session.get(FORMS, ()), form_id][-REMEMBERED:]


def _make(wish: Wish, by: Person) -> str:
    """Make the token, and return its text. Raises `Refused` where the work is of several agencies, or not hers."""
    offered = {f"{place.code}/{i.code}": (place, i.pk) for place, i in _work(by)}
    chosen = [offered[name] for name in wish.work if name in offered]
    if len(chosen) < len(wish.work):
        raise Refused(_("You do not enter records of this instrument."))
    if len({place for place, _pk in chosen}) > 1:
        raise Refused(_("A token is for one agency. Make one for each."))
    place = chosen[0][0] if chosen else access.agencies(by, Permission.ENTER)[0]
    _token, text = tokens.make(
        place,
        name=wish.name,
        verbs=wish.verbs,
        instruments=[pk for _place, pk in chosen],
        days=wish.days,
        by=by,
    )
    return text


def _work(person: Person) -> list[tuple[Agency, collection.Instrument]]:
    """Return what the person enters: agencies and their instruments."""
    return [
        (place, instrument)
        for place in access.agencies(person, Permission.ENTER)
        for instrument in collection.filled_by(place)
        if access.may(person, Permission.ENTER, place, instrument.pk)
    ]


def _form(wish: Wish, person: Person) -> dict[str, Any]:
    """Return what the form shows: the choices, and which of them are ticked."""
    work = _work(person)
    several = len({place for place, _instrument in work}) > 1
    return {
        "wish": wish,
        "verbs": [(verb, verb in wish.verbs) for verb in Verb],
        "work": [
            {
                "value": f"{place.code}/{instrument.code}",
                "title": f"{instrument.title} ({place.code})" if several else instrument.title,
                "restricted": instrument.restricted,
                "on": f"{place.code}/{instrument.code}" in wish.work,
            }
            for place, instrument in work
        ],
        "days": [(days, days == wish.days) for days in tokens.DAYS],
    }


def _lines(person: Person) -> list[dict[str, Any]]:
    """Return the tokens that a person sees, in words, with what each works on as far as she may know of it."""
    shown = list(tokens.visible_to(person))
    held_roles.read([token.person for token in shown])
    titles = {
        place: {
            i.pk: i.title
            for i in collection.instruments_of(place)
            if not i.restricted or access.may(person, Permission.SEE_TOKENS, place, i.pk)
        }
        for place in {token.agency for token in shown}
    }
    return [_line(token, titles[token.agency]) for token in shown]


def _line(token: Token, titles: Mapping[int, str]) -> dict[str, Any]:
    others = {_("another one") for pk in token.instruments if pk not in titles}
    known = [titles[pk] for pk in token.instruments if pk in titles]
    return {
        "token": token,
        "ended": tokens.ended(token) or _without_role(token),
        "verbs": ", ".join(verb.label.partition(":")[0] for verb in Verb if verb in token.verbs),
        "instruments": ", ".join([*known, *others]),
    }


def _without_role(token: Token) -> str:
    """Say that who made a token has no role any more that it could lend; "" where there is one."""
    if access.may(token.person, Permission.ENTER, token.agency):
        return ""
    return _("ended: who made it enters no records here any more")
