"""The page of the people of an agency, and its yearly review."""

from typing import Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from agencies import access, authority, invitations, letters, people
from agencies.http import SignedInRequest, takes_forms
from agencies.invitation_pages import people_of
from agencies.models import Agency, Person
from agencies.people import Account
from agencies.refusal import Refused
from agencies.role_choice import managed, roles_named, whole_number
from agencies.roles import ROLES, Permission, Role

PER_PAGE = 50


@require_safe
def people_list(request: SignedInRequest) -> HttpResponse:
    """The people of one agency; the national administrator chooses which."""
    access.require(request.user, Permission.MANAGE_PEOPLE)
    places = list(access.agencies(request.user, Permission.MANAGE_PEOPLE))
    wanted = request.GET.get("agency", "")
    chosen = next((a for a in places if a.code == wanted), places[0] if places else None)
    context: dict[str, Any] = {
        "agencies": places,
        "national": access.may(request.user, Permission.MANAGE_AGENCIES),
        "group": None,
    }
    if chosen:
        everybody = people.accounts_of(chosen)
        context |= {
            "group": _group(chosen, everybody, request.user),
            "letters": letters.stuck(chosen, by=request.user),
            **_listed(request, everybody),
        }
    return render(request, "agencies/people.html", context)


@takes_forms
def review(request: SignedInRequest, agency: str) -> HttpResponse:
    """Everybody with their roles, to keep or to take, signed by the administrator."""
    place = managed(request, agency)
    grantable = people.reviewable(request.user, place)
    accounts = [a for a in people.accounts_of(place) if a.person != request.user]
    if request.method == "POST":
        try:
            number, taken = people.review(
                place,
                _kept(request, accounts),
                by=request.user,
                link_base=request.build_absolute_uri("/"),
            )
        except Refused as refusal:
            messages.error(request, str(refusal))
        else:
            text = _("Signed: %(people)s people reviewed, %(taken)s roles taken.")
            messages.success(request, text % {"people": number, "taken": taken})
            return people_of(place)
    rows = [(a, [(role, role in grantable) for role in a.roles]) for a in accounts]
    context = {"agency": place, "rows": rows, "today": timezone.localdate()}
    return render(request, "agencies/review.html", context)


def _kept(request: SignedInRequest, accounts: list[Account]) -> dict[int, set[Role]]:
    """Return the roles to keep of each person that the form listed. Raises `Refused` where it is not signed."""
    if "signed" not in request.POST:
        raise Refused(_("Confirm that you have looked at each person."))
    listed = {whole_number(pk) for pk in request.POST.getlist("person")}
    known = {account.person.pk for account in accounts}
    if listed - known:
        raise Refused(_("Somebody on this list was changed meanwhile. Look at it again."))
    return {pk: set(roles_named(request.POST.getlist(f"keep_{pk}"))) for pk in listed}


def _listed(request: SignedInRequest, everybody: list[Account]) -> dict[str, Any]:
    """Return the lines that are asked for, and what the list can be limited to. 404 for unknown wishes."""
    held = {role for account in everybody for role in account.roles}
    filters = [
        _filter(request, "role", _("Role"), [(r.value, r.label) for r in ROLES if r in held]),
        _filter(request, "state", _("State"), [(k, _(v)) for k, v in people.STATES.items()]),
        _filter(request, "sort", _("Sort by"), [(k, _(v)) for k, v in people.SORTS.items()]),
    ]
    filters[2]["default"] = filters[2]["options"].pop(0)[1]
    wanted = {f["name"]: f["chosen"] for f in filters}
    text = request.GET.get("q", "")[:100]
    found = people.chosen(everybody, text=text, **wanted)
    return {
        "filters": filters,
        "text": text,
        "page": Paginator(found, PER_PAGE).get_page(request.GET.get("page")),
    }


def _filter(
    request: SignedInRequest, name: str, label: str, options: list[tuple[str, str]]
) -> dict[str, Any]:
    chosen = request.GET.get(name, "")
    known = {value for value, _label in options} | {role.value for role in ROLES}
    if chosen and chosen not in known:
        raise Http404
    return {"name": name, "label": label, "options": options, "chosen": chosen}


def _group(agency: Agency, everybody: list[Account], by: Person) -> dict[str, Any]:
    national = access.may(by, Permission.MANAGE_AGENCIES)
    grantable = set(authority.grantable(by, agency))
    offers = list(invitations.unanswered(agency))
    conflicts = access.in_conflict()
    held = {role for account in everybody if account.person.is_active for role in account.roles}
    now = timezone.now()
    return {
        "agency": agency,
        "accounts": everybody,
        # Whether something waits for a second national administrator is told to them alone; who may
        # not give these roles is offered no button.
        "invitations": [
            {
                "offer": offer,
                "waits": national and offer.state == offer.State.PROPOSED,
                "decides": grantable >= set(offer.offered),
                "is_old": offer.expires_at <= now,
            }
            for offer in offers
        ],
        "invited": sum(offer.expires_at > now for offer in offers),
        "conflicts": [a.person for a in everybody if a.person in conflicts],
        "lacking": Role.CLERK in held and Role.REVIEWER not in held,
        "to_review": sum(a.to_review for a in everybody if a.person != by),
        "manages": bool(grantable),
        "many": bool(grantable - authority.ADMINISTRATORS),
    }
