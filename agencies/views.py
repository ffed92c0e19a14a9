"""Pages of people and agencies: each fetches what is visible, calls one verb, answers."""

from django import forms
from django.contrib import messages
from django.core.validators import RegexValidator
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from agencies import access, accounts
from agencies.access import Permission, Role
from agencies.http import SignedInRequest
from agencies.models import Agency, AgencyPermission, Person


class InviteForm(forms.Form):
    name = forms.CharField(label=gettext_lazy("Name"), max_length=150)
    email = forms.EmailField(label=gettext_lazy("E-mail"))


class AgencyForm(forms.Form):
    code = forms.CharField(
        label=gettext_lazy("Code"), max_length=12, validators=[RegexValidator(r"^[A-Z0-9]+$")]
    )
    en = forms.CharField(label=gettext_lazy("Name in English"), max_length=200)
    ru = forms.CharField(label=gettext_lazy("Name in Russian"), max_length=200, required=False)
    tk = forms.CharField(label=gettext_lazy("Name in Turkmen"), max_length=200, required=False)


def people(request: SignedInRequest) -> HttpResponse:
    access.require(request.user, Permission.MANAGE_PEOPLE)
    managed = access.agencies(request.user, Permission.MANAGE_PEOPLE)
    groups = [{"agency": agency, "people": accounts.people(agency)} for agency in managed]
    national = access.may(request.user, Permission.MANAGE_AGENCIES)
    return render(request, "agencies/people.html", {"groups": groups, "national": national})


def invite(request: SignedInRequest, agency: str) -> HttpResponse:
    found = _managed(request, agency)
    form = InviteForm(request.POST or None)
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
            return redirect("agencies:people")
    context = {
        "agency": found,
        "form": form,
        "roles": [
            (r.value, r.label, r.value in chosen) for r in accounts.grantable(request.user, found)
        ],
    }
    return render(request, "agencies/invite.html", context, status=422 if form.is_bound else 200)


def person(request: SignedInRequest, agency: str, person: int) -> HttpResponse:
    found = _managed(request, agency)
    held_by = AgencyPermission.objects.filter(content_object=found).values("user")
    one = get_object_or_404(Person, pk=person, pk__in=held_by)
    if request.method == "POST":
        return _change(request, one, found)
    held = access.roles(one, found)
    context = {
        "agency": found,
        "person": one,
        "roles": [(r.value, r.label, r in held) for r in accounts.grantable(request.user, found)],
        "others": [r.label for r in held if r not in accounts.grantable(request.user, found)],
    }
    return render(request, "agencies/person.html", context)


def agency_list(request: SignedInRequest) -> HttpResponse:
    access.require(request.user, Permission.MANAGE_AGENCIES)
    form = AgencyForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        code = form.cleaned_data.pop("code")
        try:
            accounts.create_agency(
                code=code, names=form.cleaned_data, statistics_office=False, by=request.user
            )
        except accounts.Refused as refusal:
            form.add_error("code", str(refusal))
        else:
            messages.success(
                request, _("%(code)s is added. Now invite its administrator.") % {"code": code}
            )
            return redirect("agencies:invite", code)
    context = {"agencies": Agency.objects.all(), "form": form}
    return render(request, "agencies/agencies.html", context, status=422 if form.is_bound else 200)


def _managed(request: SignedInRequest, code: str) -> Agency:
    return get_object_or_404(
        access.agencies(request.user, Permission.MANAGE_PEOPLE), code__iexact=code
    )


def _roles(chosen: list[str]) -> list[Role]:
    return [Role(value) for value in chosen if value in Role.values]


def _change(request: SignedInRequest, one: Person, agency: Agency) -> HttpResponse:
    try:
        if "active" in request.POST:
            accounts.set_active(one, request.POST["active"] == "1", agency=agency, by=request.user)
        else:
            roles = _roles(request.POST.getlist("roles"))
            accounts.change_roles(one, roles, agency=agency, by=request.user)
    except accounts.Refused as refusal:
        messages.error(request, str(refusal))
    else:
        messages.success(request, _("%(person)s: saved.") % {"person": one})
    return redirect("agencies:people")
