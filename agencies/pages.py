"""Pages of people and agencies: each fetches what is visible, calls one verb, answers."""

from typing import Any

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views import i18n
from django.views.decorators.http import require_safe

from agencies import access, accounts, authority, invitations, letters, sign_in
from agencies.forms import AgencyForm, InviteForm
from agencies.http import SignedInRequest, takes_forms
from agencies.invitation_pages import people_of
from agencies.models import Agency, Invitation, Person
from agencies.refusal import Refused
from agencies.roles import ROLES, Permission, Role


@require_safe
def people(request: SignedInRequest) -> HttpResponse:
    """The people of one agency; the national administrator chooses which."""
    access.require(request.user, Permission.MANAGE_PEOPLE)
    managed = list(access.agencies(request.user, Permission.MANAGE_PEOPLE))
    wanted = request.GET.get("agency", "")
    chosen = next((a for a in managed if a.code == wanted), managed[0] if managed else None)
    context = {
        "agencies": managed,
        "national": access.may(request.user, Permission.MANAGE_AGENCIES),
        "group": _group(chosen, request.user) if chosen else None,
        "letters": letters.stuck(chosen, by=request.user) if chosen else [],
    }
    return render(request, "agencies/people.html", context)


@takes_forms
def invite(request: SignedInRequest, agency: str) -> HttpResponse:
    """Invite a person to an agency: the form, and what became of it."""
    place = _managed(request, agency)
    form = InviteForm(request.POST or None, initial={"language": get_language()})
    chosen = request.POST.getlist("roles")
    if request.method == "POST" and form.is_valid():
        try:
            invitation = invitations.invite(
                **form.cleaned_data,
                roles=_roles(chosen),
                agency=place,
                by=request.user,
                link_base=request.build_absolute_uri("/"),
            )
        except Refused as refusal:
            form.add_error(None, str(refusal))
        else:
            messages.success(request, _invited(invitation, request.user))
            return people_of(place)
    context = {
        "agency": place,
        "form": form,
        "roles": _choices(authority.grantable(request.user, place), _roles(chosen)),
    }
    return render(request, "agencies/invite.html", context, status=422 if form.is_bound else 200)


@takes_forms
def person(request: SignedInRequest, agency: str, person: int) -> HttpResponse:
    """One person of an agency: their roles and their account, and what was changed of them."""
    place = _managed(request, agency)
    member = get_object_or_404(Person, pk=person)
    held = access.roles(member, place)
    if not held:
        raise Http404
    if request.method == "POST":
        return _change(request, member, place)
    grantable = authority.grantable(request.user, place)
    context = {
        "agency": place,
        "person": member,
        "own": member == request.user,
        "roles": _choices(grantable, held),
        "others": [role.label for role in held if role not in grantable],
    }
    return render(request, "agencies/person.html", context)


@takes_forms
def agency_list(request: SignedInRequest) -> HttpResponse:
    """All agencies with their administrators, and the form that adds one."""
    access.require(request.user, Permission.MANAGE_AGENCIES)
    form = AgencyForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        code = form.cleaned_data.pop("code")
        office = form.cleaned_data.pop("statistics_office")
        try:
            accounts.create_agency(
                code=code, names=form.cleaned_data, statistics_office=office, by=request.user
            )
        except Refused as refusal:
            form.add_error(None, str(refusal))
        else:
            messages.success(
                request, _("%(code)s is added. Now invite its administrator.") % {"code": code}
            )
            return redirect("agencies:invite", code)
    admins = access.holders(Role.AGENCY_ADMIN, Role.NATIONAL_ADMIN)
    rows = [(agency, admins.get(agency, [])) for agency in Agency.objects.all()]
    context = {
        "agencies": rows,
        "form": form,
        "proposals": invitations.live().filter(state=Invitation.State.PROPOSED),
        "alone": len(authority.nationals()) < 2,
        "conflicts": access.in_conflict(),
    }
    return render(request, "agencies/agencies.html", context, status=422 if form.is_bound else 200)


@login_not_required
@takes_forms
def set_language(request: HttpRequest) -> HttpResponse:
    """Django's switch of language; for a person who is signed in the choice is stored."""
    response = i18n.set_language(request)
    language = request.POST.get("language", "")
    if isinstance(request.user, Person) and language in dict(settings.LANGUAGES):
        sign_in.choose_language(request.user, language)
    return response


def _managed(request: SignedInRequest, code: str) -> Agency:
    return get_object_or_404(
        access.agencies(request.user, Permission.MANAGE_PEOPLE), code__iexact=code
    )


def _invited(invitation: Invitation, by: Person) -> str:
    """Say what happens next. To the administrator of an agency always the same."""
    if access.may(by, Permission.MANAGE_AGENCIES):
        text = _("%(person)s is proposed. Another national administrator approves it.")
    else:
        text = _("%(person)s is invited.")
    return text % {"person": invitation}


def _group(agency: Agency, by: Person) -> dict[str, Any]:
    members = access.members(agency)
    national = access.may(by, Permission.MANAGE_AGENCIES)
    grantable = set(authority.grantable(by, agency))
    offers = list(invitations.live().filter(agency=agency).order_by("email"))
    conflicts = access.in_conflict()
    held = {role for person, roles in members if person.is_active for role in roles}
    return {
        "agency": agency,
        "accounts": [
            {"person": person, "roles": [role.label for role in roles]} for person, roles in members
        ],
        # Whether something waits for a second national administrator is told to them alone; who may
        # not give these roles is offered no button.
        "invitations": [
            (
                offer,
                national and offer.state == offer.State.PROPOSED,
                grantable >= set(offer.offered),
            )
            for offer in offers
        ],
        "invited": len(offers),
        "conflicts": [person for person, _roles in members if person in conflicts],
        "lacking": Role.CLERK in held and Role.REVIEWER not in held,
    }


def _roles(chosen: list[str]) -> list[Role]:
    return [role for role in ROLES if role.value in chosen]


def _choices(offered: list[Role], held: list[Role]) -> list[dict[str, Any]]:
    return [
        {"value": r.value, "label": r.label, "says": r.description, "on": r in held}
        for r in offered
    ]


def _send_again(request: SignedInRequest, person: Person, agency: Agency) -> None:
    letter = request.POST["letter"]
    if not (letter.isascii() and letter.isdecimal()):
        raise Http404
    letters.send_again(get_object_or_404(person.letters, pk=letter), agency=agency, by=request.user)


def _change(request: SignedInRequest, person: Person, agency: Agency) -> HttpResponse:
    link_base = request.build_absolute_uri("/")
    change: dict[str, Any] = {"agency": agency, "by": request.user, "link_base": link_base}
    offered = False
    try:
        if "active" in request.POST:
            active = request.POST["active"] == "1"
            accounts.set_active(person, active, **change)
        elif "letter" in request.POST:
            _send_again(request, person, agency)
        elif "again" in request.POST:
            accounts.send_password_link(person, **change)
        else:
            roles = _roles(request.POST.getlist("roles"))
            offered = accounts.change_roles(person, roles, **change)
    except Refused as refusal:
        messages.error(request, str(refusal))
    else:
        text = _("%(person)s: saved. New roles apply when they are accepted.")
        messages.success(
            request, (text if offered else _("%(person)s: saved.")) % {"person": person}
        )
    return people_of(agency)
