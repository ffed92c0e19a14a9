"""Pages of invitations: for her who is invited, and the verbs of those who invite and approve."""

from collections.abc import Callable

from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.cache import add_never_cache_headers
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from agencies import access, invitations
from agencies.http import SignedInRequest
from agencies.models import Agency, Invitation, Person
from agencies.refusal import Refused
from agencies.roles import Permission


@require_safe
def invitation_list(request: SignedInRequest) -> HttpResponse:
    """The roles that are offered to her who is signed in."""
    context = {"invitations": invitations.waiting_for(request.user)}
    return render(request, "agencies/invitations.html", context)


@require_POST
def answer(request: SignedInRequest, invitation_id: int) -> HttpResponse:
    """Accept or decline what is offered to her who is signed in."""
    own = Invitation.objects.filter(email=request.user.email.lower())
    return _answer(request, get_object_or_404(own, pk=invitation_id), request.user)


@login_not_required
@require_http_methods(["GET", "HEAD", "POST"])
def invitation(request: HttpRequest, secret: str) -> HttpResponse:
    """What the link of an invitation opens: accept or decline, with an account or for a new one."""
    offer = invitations.by_link(secret)
    person = request.user if isinstance(request.user, Person) else None
    theirs = offer is not None and (person is None or person.email.lower() == offer.email)
    if request.method == "POST":
        if offer is None or not theirs:
            raise Http404
        return _answer(request, offer, person)
    known = offer is not None and Person.objects.filter(email__iexact=offer.email).exists()
    context = {
        "invitation": offer,
        "theirs": theirs,
        "must_sign_in": known and person is None,
    }
    response = render(request, "agencies/invitation.html", context, status=200 if offer else 404)
    add_never_cache_headers(response)  # the page of a link that makes an account
    return response


@require_POST
def change(request: SignedInRequest, invitation_id: int) -> HttpResponse:
    """Withdraw an invitation, send it again, approve or refuse what was proposed."""
    managed = access.agencies(request.user, Permission.MANAGE_PEOPLE)
    offer = get_object_or_404(Invitation, pk=invitation_id, agency__in=managed)
    link_base = request.build_absolute_uri("/")
    verbs: dict[str, Callable[[], None]] = {
        "withdraw": lambda: invitations.withdraw(offer, by=request.user),
        "again": lambda: invitations.send_again(offer, by=request.user, link_base=link_base),
        "approve": lambda: invitations.approve(offer, by=request.user, link_base=link_base),
    }
    verb = verbs.get(request.POST.get("verb", ""))
    if verb is None:
        raise Http404
    try:
        verb()
    except Refused as refusal:
        messages.error(request, str(refusal))
    else:
        messages.success(request, _("%(person)s: saved.") % {"person": offer})
    if access.may(request.user, Permission.MANAGE_AGENCIES):
        return redirect("agencies:agency_list")
    return people_of(offer.agency)


def people_of(agency: Agency) -> HttpResponse:
    """Lead to the people of an agency."""
    return redirect(f"{redirect('agencies:people').url}?agency={agency.code}")


def _answer(request: HttpRequest, offer: Invitation, person: Person | None) -> HttpResponse:
    """Do what she chose. Who has no account yet goes on to choose a password."""
    try:
        if request.POST.get("answer") != "accept":
            if person is None and Person.objects.filter(email__iexact=offer.email).exists():
                raise Refused(_("Sign in to answer this invitation."))
            invitations.decline(offer)
            messages.success(request, _("You declined the invitation."))
        elif person is None:
            return redirect(invitations.accept_without_account(offer))
        else:
            invitations.accept(offer, person)
            messages.success(request, _("You work for %(agency)s now.") % {"agency": offer.agency})
    except Refused as refusal:
        messages.error(request, str(refusal))
    return redirect("records:home" if person else "account_login")
