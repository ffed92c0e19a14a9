"""The settings of the site that the statistics office keeps: the home country."""

from typing import Any

from django.contrib import messages
from django.core.exceptions import BadRequest
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _

from agencies import access
from agencies.http import SignedInRequest, takes_forms
from agencies.refusal import Refused
from agencies.roles import Permission
from records.codelists import editions
from records.codelists.site import instruments_of_home, require_country, set_home_country
from records.pages.history import Difference, Entry
from records.pages.instruments import tabs
from standards import codelists, home
from standards.translation import active_language


@takes_forms
def site(request: SignedInRequest) -> HttpResponse:
    """Which country the figures are about, and who said so when."""
    access.require(request.user, Permission.ACCEPT)
    touched: list[Any] = []
    refused, chosen = "", request.POST.get("country", home.country())[:8]
    if request.method == "POST":
        base = request.POST.get("base", "")
        if not (base.isascii() and base.isdecimal() and len(base) < 10):
            raise BadRequest
        try:
            if request.POST.get("seen") == f"{chosen} {base}":
                reason = request.POST.get("reason", "")
                set_home_country(chosen, base=int(base), reason=reason, by=request.user)
                messages.success(request, _("Saved."))
                return redirect("records:site")
            require_country(chosen)
        except Refused as refusal:
            refused = str(refusal)
        else:
            touched = instruments_of_home()
    countries, language = codelists.load("countries"), active_language()
    context = {
        "countries": sorted(
            ((c.code, c.label(language)) for c in countries.codes if c.parent), key=lambda c: c[1]
        ),
        "chosen": chosen,
        "country": countries.label(home.country(), language),
        "base": editions.current(home.SITE).number,
        "reason": request.POST.get("reason", "")[:500],
        "refused": refused,
        "touched": touched,
        "seen": f"{chosen} {editions.current(home.SITE).number}",
        "became": _entries(language),
        **tabs(request, "site"),
    }
    return render(request, "records/site.html", context, status=422 if refused else 200)


def _entries(language: str) -> list[Entry]:
    countries = codelists.load("countries")
    entries = []
    for row, before in editions.history(home.SITE):
        codes = [edition.get(home.SETTING, {}).get("code") or home.delivered() for edition in (before, row.codes)]  # fmt: skip
        old, new = (countries.label(code, language) for code in codes)
        difference = Difference(_("Home country"), old, new)
        who = str(row.by)
        entries.append(Entry(row.at, who, _("Home country"), row.reason, (difference,)))
    return entries
