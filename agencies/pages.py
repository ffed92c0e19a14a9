"""Pages of people and agencies: each fetches what is visible, calls one verb, answers."""

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views import i18n

from agencies import access, accounts, authority, changes, invitations, sign_in
from agencies.agency_pages import described
from agencies.forms import AgencyForm, InviteForm
from agencies.http import SignedInRequest, takes_forms
from agencies.invitation_pages import people_of
from agencies.models import Agency, Invitation, Person
from agencies.refusal import Refused
from agencies.role_choice import Choice, managed
from agencies.roles import Permission, Role


@takes_forms
def invite(request: SignedInRequest, agency: str) -> HttpResponse:
    """Invite a person to an agency: the form, perhaps like a colleague, and what became of it."""
    place = managed(request, agency)
    form = InviteForm(request.POST or None, initial={"language": get_language()})
    choice = Choice.posted(request, place) if form.is_bound else Choice.like(request, place)
    if request.method == "POST" and form.is_valid():
        try:
            invitation = invitations.invite(
                **form.cleaned_data,
                roles=choice.roles,
                agency=place,
                by=request.user,
                link_base=request.build_absolute_uri("/"),
                duties=choice.duties if choice.names_instruments else None,
            )
        except Refused as refusal:
            form.add_error(None, str(refusal))
        else:
            messages.success(request, _invited(invitation, request.user))
            return people_of(place)
    context = {"agency": place, "form": form, **choice.context(request.user)}
    return render(request, "agencies/invite.html", context, status=422 if form.is_bound else 200)


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
    rows = [(a, admins.get(a, [])) for a in Agency.objects.select_related("merged_into")]
    context = {
        "agencies": rows,
        "form": form,
        "proposals": invitations.live().filter(state=Invitation.State.PROPOSED),
        "changes": [(change, described(change)) for change in changes.waiting()],
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


def _invited(invitation: Invitation, by: Person) -> str:
    """Say what happens next. To the administrator of an agency always the same."""
    if access.may(by, Permission.MANAGE_AGENCIES):
        text = _("%(person)s is proposed. Another national administrator approves it.")
    else:
        text = _("%(person)s is invited.")
    return text % {"person": invitation}
