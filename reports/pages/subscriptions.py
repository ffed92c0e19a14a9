"""A person's own letters on releases: the page that chooses datasets, and the link that ends a subscription."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.cache import add_never_cache_headers
from django.utils.translation import gettext as _
from django.views.decorators.csrf import csrf_exempt

from agencies.http import SignedInRequest, takes_forms
from agencies.readers import always_open
from agencies.refusal import Refused
from reports.designs import datasets
from reports.models import Subscription
from reports.releases import subscriptions as verbs
from standards.translation import in_language


@takes_forms
def subscriptions(request: SignedInRequest) -> HttpResponse:
    """Of which datasets one wants a letter when a release comes out or is withdrawn."""
    problem = ""
    if request.method == "POST":
        try:
            chosen = set(request.POST.getlist("dataset"))
            verbs.choose(request.user, chosen, site=request.build_absolute_uri("/"))
        except Refused as refusal:
            problem = str(refusal)
        else:
            messages.success(request, _("Saved."))
            return redirect("reports:subscriptions")
    mine = Subscription.objects.filter(person=request.user).values_list("dataset", flat=True)
    context = {
        "problem": problem,
        "datasets": [
            (code, in_language(d.title), in_language(d.description), code in mine)
            for code, d in datasets.datasets().items()
        ],
    }
    status = 422 if problem else 200
    return render(request, "reports/subscriptions.html", context, status=status)


# Mail programs post here by themselves (RFC 8058), without a form of ours: the signed link is the proof.
@always_open
@takes_forms
@csrf_exempt
def unsubscribe(request: HttpRequest, token: str) -> HttpResponse:
    """End a subscription by the link of a letter. Opening it only asks: scanners of mail open every link."""
    found = verbs.named_by(token)
    dataset, subscription = found or ("", None)
    if request.method == "POST" and subscription:
        verbs.end(subscription)
        subscription = None
    design = datasets.datasets().get(dataset)
    context = {
        "known": found is not None,
        "subscribed": subscription is not None,
        "title": in_language(design.title) if design else dataset,
    }
    status = 200 if found else 404
    response = render(request, "reports/unsubscribe.html", context, status=status)
    add_never_cache_headers(response)
    return response
