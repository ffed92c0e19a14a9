"""The history of a release for its publishers: who did what with it, and in what it differs from the one before."""

from collections.abc import Iterable
from dataclasses import dataclass

from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from agencies import access, audit, log
from agencies.http import SignedInRequest
from agencies.models import Event
from agencies.roles import Permission
from records.models import Submission
from reports.models import Build, Release

READING = "read"  # who looked at it stands in the log, not in what became of it


@dataclass(frozen=True)
class Difference:
    """What differs from the release before: how it is called, and what it was there and is here."""

    label: str
    before: str
    after: str


@require_safe
def history(request: SignedInRequest, pk: int) -> HttpResponse:
    """One release from its build to its withdrawal; its figures beside the ones before are on the public page."""
    access.require(request.user, Permission.PUBLISH)
    release = get_object_or_404(
        Release.objects.select_related("build__predecessor__build", "build__built_by"), pk=pk
    )
    written = Event.objects.using(audit.SIDE).filter(subject=f"release:{pk}")
    context = {
        "release": release,
        "build": release.build,
        "before": release.build.predecessor,
        "differences": list(_differences(release.build)),
        "lines": log.lines(written.exclude(verb=READING).order_by("-at", "-pk")),
    }
    return render(request, "reports/release_history.html", context)


def _differences(build: Build) -> Iterable[Difference]:
    """Yield what a build counts that the one before did not, in another version, or not any more."""
    release, before = build.release, build.predecessor
    now, then = _versions(build), _versions(before.build) if before else {}
    names = {s.pk: str(s) for s in _submissions({*now, *then})}
    missing = before.missing_text if before else ""
    if missing != release.missing_text:
        yield Difference(
            _("Deliveries that are missing"),
            missing or _("nothing"),
            release.missing_text or _("nothing"),
        )
    for pk in sorted({*now, *then}, key=lambda pk: names.get(pk, ""), reverse=True):
        if now.get(pk) != then.get(pk):
            name = names.get(pk, _("a submission that is not there any more"))
            yield Difference(name, _version(then.get(pk)), _version(now.get(pk)))


def _versions(build: Build) -> dict[int, int]:
    return {piece["submission"]: piece["version"] for piece in build.inputs}


def _version(number: int | None) -> str:
    return _("not counted") if number is None else _("version %(n)s") % {"n": number}


def _submissions(pks: set[int]) -> Iterable[Submission]:
    return Submission.objects.filter(pk__in=pks).select_related("agency", "instrument")
