"""Pages of one person of an agency: roles, instruments, the account, and its end."""

from datetime import date
from typing import Any

from django.contrib import messages
from django.db import transaction
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _

from agencies import access, accounts, authority, collection, duties, letters
from agencies.http import SignedInRequest, takes_forms
from agencies.invitation_pages import people_of
from agencies.models import Agency, Person
from agencies.refusal import Refused
from agencies.role_choice import Choice, managed, whole_number


@takes_forms
def person(request: SignedInRequest, agency: str, person: int) -> HttpResponse:
    """One person of an agency: their roles and their account, and what was changed of them."""
    place, member = _member(request, agency, person)
    if request.method == "POST":
        return _change(request, member, place)
    choice = Choice.of(member, place)
    if request.GET.get("like"):
        copied = Choice.like(request, place)
        choice.roles, choice.duties, choice.like_person = (
            copied.roles,
            copied.duties,
            copied.like_person,
        )
    context = {
        "agency": place,
        "person": member,
        "own": member == request.user,
        "keeps_ends": True,
        **choice.context(request.user),
    }
    context["colleagues"] = [person for person in context["colleagues"] if person != member]
    return render(request, "agencies/person.html", context)


@takes_forms
def deactivate(request: SignedInRequest, agency: str, person: int) -> HttpResponse:
    """Before an account is stopped: what the person has open, and who takes it over."""
    place, member = _member(request, agency, person)
    refused, heir = "", None
    if member == request.user or not authority.decides_on(request.user, access.holdings(member)):
        refused = _("You do not decide on all roles of this person; take back yours instead.")
        if member == request.user:
            refused = _("You cannot deactivate yourself; ask another administrator.")
    colleagues = [
        m.person for m in access.memberships(place) if m.person != member and m.person.is_active
    ]
    if request.method == "POST" and not refused:
        if request.POST.get("heir"):
            wanted = whole_number(request.POST["heir"])
            heir = next((c for c in colleagues if c.pk == wanted), None)
            if heir is None:
                raise Http404
        try:
            duties.deactivate(member, agency=place, by=request.user, heir=heir)
        except Refused as refusal:
            refused = str(refusal)
        else:
            messages.success(request, _("%(person)s: deactivated.") % {"person": member})
            return people_of(place)
    context = {
        "agency": place,
        "person": member,
        "work": [] if refused and heir is None else collection.open_work(member),
        "colleagues": colleagues,
        "heir": heir,
        "refused": refused,
    }
    status = 409 if refused and request.method == "POST" else 200
    return render(request, "agencies/deactivate.html", context, status=status)


def _member(request: SignedInRequest, agency: str, pk: int) -> tuple[Agency, Person]:
    place = managed(request, agency)
    member = get_object_or_404(Person, pk=pk)
    if not access.roles(member, place):
        raise Http404
    return place, member


def _change(request: SignedInRequest, person: Person, agency: Agency) -> HttpResponse:
    link_base = request.build_absolute_uri("/")
    change: dict[str, Any] = {"agency": agency, "by": request.user, "link_base": link_base}
    offered = False
    try:
        if "active" in request.POST:
            accounts.set_active(person, True, **change)
        elif "letter" in request.POST:
            letter = get_object_or_404(person.letters, pk=whole_number(request.POST["letter"]))
            letters.send_again(letter, agency=agency, by=request.user)
        elif "again" in request.POST:
            accounts.send_password_link(person, **change)
        else:
            offered = _change_roles(request, person, change)
    except Refused as refusal:
        messages.error(request, str(refusal))
        return redirect("agencies:person", agency.code, person.pk)
    text = _("%(person)s: saved. New roles apply when they are accepted.")
    messages.success(request, (text if offered else _("%(person)s: saved.")) % {"person": person})
    return people_of(agency)


def _change_roles(request: SignedInRequest, person: Person, change: dict[str, Any]) -> bool:
    """Do what the form of roles says. Returns whether something was offered that she has to accept."""
    agency = change["agency"]
    choice = Choice.posted(request, agency)
    covers = choice.duties if choice.names_instruments else None
    # Asked before anything is changed: what is logged has happened.
    duties.refuse_unusable(covers, _new_days(choice, person, agency), agency)
    with transaction.atomic():  # all of it or nothing
        offered = accounts.change_roles(person, choice.roles, **change, duties=covers)
        kept = set(choice.roles) & set(access.roles(person, agency))
        if kept:
            ends = {role: choice.ends[role] for role in kept}
            duties.end(person, ends, agency=agency, by=request.user)
        if kept and covers:
            duties.limit(person, covers, agency=agency, by=request.user)
    return offered


def _new_days(choice: Choice, person: Person, agency: Agency) -> list[date | None]:
    """Return the ends that the form changes."""
    before = Choice.of(person, agency).ends
    return [day for role, day in choice.ends.items() if day != before.get(role)]
