"""From a published figure to the submissions behind it, their agencies, and who signed when. Never to persons.

Whoever has signed in sees the release, the agencies and the periods, which are public. The submissions and the people who
submitted, signed and accepted them are for those who may tabulate.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from agencies import access
from agencies.http import SignedInRequest
from agencies.roles import Permission
from records.models import ReviewStep, Submission
from reports.formats import flat
from reports.models import Build
from reports.pages.downloads import refusal
from reports.pages.public_releases import gone
from reports.published import editions, register
from reports.published.editions import Edition
from reports.published.query import Options, question_of
from reports.published.register import NotReleased, Withdrawn
from reports.published.structure import Unknown
from standards.translation import in_language

ASKED = Options(("release", "from", "to"))
SIGNING = ("submit", "sign", "accept")  # the steps by which a version came to be accepted


@dataclass(frozen=True)
class Traced:
    """A submission behind a figure, in the version that was counted, and its steps by verb."""

    submission: Submission
    version: int
    steps: dict[str, ReviewStep]


@require_safe
def provenance(request: SignedInRequest) -> HttpResponse:
    """Whence a figure comes: `release` names the release, the newest one otherwise; the other parameters are those of a
    table."""
    try:
        edition = _edition(request.GET.get("release", ""))
        question = question_of(request.GET, edition, ASKED)
        table = question.table()
    except Withdrawn as withdrawn:
        return gone(request, withdrawn)
    except NotReleased:
        raise Http404 from None
    except Unknown as unknown:
        return refusal(unknown)
    may_trace = access.may(request.user, Permission.TABULATE)
    build = Build.objects.select_related("built_by", "released_by").get(release_id=edition.id)
    context = {
        "edition": edition,
        "title": in_language(edition.structure.title),
        "measure": question.measure,
        "chosen": flat.chosen(edition, question.where),
        "figures": table.total,
        "sources": edition.structure.sources,
        "periods": table.periods,
        "missing": [m for m in edition.missing if m.period in set(table.periods)],
        "may_trace": may_trace,
        "build": build if may_trace else None,
        "traced": list(_traced(build, table.periods)) if may_trace else [],
        "headings": [_("Submitted"), _("Signed"), _("Accepted")],
    }
    return render(request, "reports/provenance.html", context)


def _edition(name: str) -> Edition:
    """Return the release that is named, else the newest of the first dataset. Raises NotReleased, Withdrawn."""
    current = [] if name else editions.current_editions()
    return current[0] if current else register.cited(name)


def _traced(build: Build, periods: Iterable[str]) -> Iterable[Traced]:
    """Yield the submissions of these periods that a release counted, in the versions that it pinned."""
    pinned = {piece["submission"]: piece["version"] for piece in build.inputs}
    submissions = Submission.objects.filter(pk__in=pinned, period__in=list(periods))
    steps: dict[int, dict[str, ReviewStep]] = {}
    taken = ReviewStep.objects.filter(submission__in=pinned, verb__in=SIGNING).select_related("by")
    for step in taken.order_by("pk"):
        if step.version == pinned[step.submission_id]:
            steps.setdefault(step.submission_id, {})[step.verb] = step
    for submission in submissions.select_related("agency", "instrument").order_by(
        "-period", "agency__code"
    ):
        yield Traced(submission, pinned[submission.pk], steps.get(submission.pk, {}))
