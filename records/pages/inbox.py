"""The inbox of a person, her choice of letters, and the link that ends them."""

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.cache import add_never_cache_headers
from django.utils.translation import gettext as _
from django.views.decorators.csrf import csrf_exempt

from agencies import access
from agencies.http import SignedInRequest, takes_forms
from agencies.readers import always_open
from agencies.refusal import Refused
from agencies.roles import Permission
from records.models import Reader
from records.review import digests
from records.review import inbox as lines

PER_PAGE = 30


@takes_forms
def inbox(request: SignedInRequest) -> HttpResponse:
    """What the person was told; reading one line leads to its place."""
    access.require(request.user, Permission.SEE_SUBMISSIONS)
    if request.method == "POST":
        return _answer(request)
    return _page(request)


def _answer(request: SignedInRequest) -> HttpResponse:
    said = request.POST
    if "letters" in said:
        try:
            digests.choose(request.user, said["letters"])
        except Refused as refusal:
            return _page(request, str(refusal))
        messages.success(request, _("Saved."))
    elif "all" in said:
        lines.read(request.user)
    elif "notice" in said:
        number = said["notice"]
        pk = int(number) if number.isascii() and number.isdecimal() and len(number) < 16 else 0
        notice = get_object_or_404(lines.notices(request.user), pk=pk)
        lines.read(request.user, notice.pk)
        return redirect(notice.link)
    return redirect("records:inbox")


def _page(request: SignedInRequest, refused: str = "") -> HttpResponse:
    page = Paginator(lines.notices(request.user).select_related("agency"), PER_PAGE).get_page(
        request.GET.get("page")
    )
    chosen = Reader.objects.filter(person=request.user).first() or Reader()
    context = {
        "page": page,
        "notices": [(notice, lines.words(notice)) for notice in page.object_list],
        "unread": lines.unread(request.user),
        "choices": [
            (value, label, value == chosen.letters) for value, label in Reader.Letters.choices
        ],
        "refused": refused,
        "keeps_holidays": access.may(request.user, Permission.ACCEPT),
    }
    return render(request, "records/inbox.html", context, status=422 if refused else 200)


# Mail programs post here by themselves (RFC 8058), without a form of ours: the signed link is the proof.
@always_open
@takes_forms
@csrf_exempt
def unsubscribe(request: HttpRequest, token: str) -> HttpResponse:
    """End the letters of an inbox by their link. Opening it only asks: scanners of mail open every link."""
    chosen = digests.named_by(token)
    if chosen and request.method == "POST":
        digests.end(chosen)
        chosen.letters = Reader.Letters.NEVER
    context = {
        "known": chosen is not None,
        "gets_letters": chosen is not None and chosen.letters != Reader.Letters.NEVER,
    }
    response = render(request, "records/unsubscribe.html", context, status=200 if chosen else 404)
    add_never_cache_headers(response)
    return response
