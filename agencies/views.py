"""Pages of people and agencies: each fetches what is visible, calls one verb, answers."""

from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views import i18n

from agencies import access, accounts, audit
from agencies.access import Permission, Role
from agencies.forms import AgencyForm, InviteForm
from agencies.http import SignedInRequest
from agencies.models import Agency, AgencyPermission, Person


def people(request: SignedInRequest) -> HttpResponse:
    """The people of one agency; the national administrator chooses which."""
    access.require(request.user, Permission.MANAGE_PEOPLE)
    managed = list(access.agencies(request.user, Permission.MANAGE_PEOPLE))
    wanted = request.GET.get("agency", "")
    chosen = next((a for a in managed if a.code == wanted), managed[0] if managed else None)
    context = {
        "agencies": managed,
        "national": access.may(request.user, Permission.MANAGE_AGENCIES),
        "group": _group(chosen) if chosen else None,
    }
    return render(request, "agencies/people.html", context)


def invite(request: SignedInRequest, agency: str) -> HttpResponse:
    found = _managed(request, agency)
    form = InviteForm(request.POST or None, initial={"language": get_language()})
    chosen = request.POST.getlist("roles")
    if request.method == "POST" and form.is_valid():
        try:
            person = accounts.invite(
                **form.cleaned_data,
                roles=_roles(chosen),
                agency=found,
                by=request.user,
                link_base=request.build_absolute_uri("/"),
            )
        except accounts.Refused as refusal:
            form.add_error(None, str(refusal))
        else:
            messages.success(request, _("%(person)s is invited.") % {"person": person})
            return _people_of(found)
    context = {
        "agency": found,
        "form": form,
        "roles": _choices(accounts.grantable(request.user, found), _roles(chosen)),
    }
    return render(request, "agencies/invite.html", context, status=422 if form.is_bound else 200)


def person(request: SignedInRequest, agency: str, person: int) -> HttpResponse:
    found = _managed(request, agency)
    held_by = AgencyPermission.objects.filter(content_object=found).values("user")
    one = get_object_or_404(Person, pk=person, pk__in=held_by)
    if request.method == "POST":
        return _change(request, one, found)
    held, grantable = access.roles(one, found), accounts.grantable(request.user, found)
    context = {
        "agency": found,
        "person": one,
        "own": one == request.user,
        "roles": _choices(grantable, held),
        "others": [role.label for role in held if role not in grantable],
    }
    return render(request, "agencies/person.html", context)


def agency_list(request: SignedInRequest) -> HttpResponse:
    access.require(request.user, Permission.MANAGE_AGENCIES)
    form = AgencyForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        code = form.cleaned_data.pop("code")
        office = form.cleaned_data.pop("statistics_office")
        try:
            accounts.create_agency(
                code=code, names=form.cleaned_data, statistics_office=office, by=request.user
            )
        except accounts.Refused as refusal:
            form.add_error(None, str(refusal))
        else:
            messages.success(
                request, _("%(code)s is added. Now invite its administrator.") % {"code": code}
            )
            return redirect("agencies:invite", code)
    administrators = (Role.AGENCY_ADMIN, Role.NATIONAL_ADMIN)
    listed = [(a, accounts.holders(a, *administrators)) for a in Agency.objects.all()]
    context = {"agencies": listed, "form": form}
    return render(request, "agencies/agencies.html", context, status=422 if form.is_bound else 200)


@login_not_required
def set_language(request: HttpRequest) -> HttpResponse:
    """Django's switch of language, which a person who is signed in keeps."""
    response = i18n.set_language(request)
    chosen = request.POST.get("language", "")
    if isinstance(request.user, Person) and chosen in dict(settings.LANGUAGES):
        accounts.choose_language(request.user, chosen)
    return response


class RefusalsAreLogged:
    """Middleware, around the transaction that a refusal rolls back: who was refused which page."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        if getattr(request, "was_denied", False):
            audit.denied(request)
        return response

    def process_exception(self, request: HttpRequest, exception: Exception) -> None:
        """Remember it; the form that lacks its token is a 403 too, but nobody was refused."""
        request.was_denied = isinstance(exception, PermissionDenied)  # type: ignore[attr-defined]


class SecondFactorFirst:
    """Middleware: who has to set up a second factor meets no other page of their own before."""

    ACCOUNT = ("account_", "mfa_")  # the way to it, and out

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_view(
        self, request: HttpRequest, view: Callable[..., HttpResponse], *_arguments: Any
    ) -> HttpResponse | None:
        name = request.resolver_match.view_name if request.resolver_match else ""
        public = not getattr(view, "login_required", True)
        if public or name.startswith(self.ACCOUNT):
            return None
        if not accounts.lacks_second_factor(request.user):
            return None
        messages.error(request, _("Your roles need a second factor. Set it up before you go on."))
        return redirect("mfa_index")


def _managed(request: SignedInRequest, code: str) -> Agency:
    return get_object_or_404(
        access.agencies(request.user, Permission.MANAGE_PEOPLE), code__iexact=code
    )


def _people_of(agency: Agency) -> HttpResponse:
    return redirect(f"{redirect('agencies:people').url}?agency={agency.code}")


def _group(agency: Agency) -> dict[str, Any]:
    found = accounts.people(agency)
    held = {role for person, roles in found if person.is_active for role in roles}
    return {
        "agency": agency,
        "accounts": [
            {"person": person, "roles": [str(role.label) for role in roles]}
            for person, roles in found
        ],
        "invited": sum(p.is_active and not p.has_usable_password() for p, _roles in found),
        "lacking": Role.CLERK in held and Role.REVIEWER not in held,
    }


def _roles(chosen: list[str]) -> list[Role]:
    return [Role(value) for value in chosen if value in Role.values]


def _choices(offered: list[Role], held: list[Role]) -> list[dict[str, Any]]:
    return [
        {"value": r.value, "label": r.label, "says": access.SAYS[r], "on": r in held}
        for r in offered
    ]


def _change(request: SignedInRequest, one: Person, agency: Agency) -> HttpResponse:
    try:
        if "active" in request.POST:
            accounts.set_active(one, request.POST["active"] == "1", agency=agency, by=request.user)
        elif "again" in request.POST:
            link_base = request.build_absolute_uri("/")
            accounts.invite_again(one, agency=agency, by=request.user, link_base=link_base)
        else:
            roles = _roles(request.POST.getlist("roles"))
            accounts.change_roles(one, roles, agency=agency, by=request.user)
    except accounts.Refused as refusal:
        messages.error(request, str(refusal))
    else:
        messages.success(request, _("%(person)s: saved.") % {"person": one})
    return _people_of(agency)
