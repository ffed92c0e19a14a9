"""Telling agencies what became of what they delivered: in which release a period came out, and what else changed."""

from collections import defaultdict
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Q
from django.urls import reverse
from django.utils import timezone

from agencies import scope
from agencies.models import Agency
from records.models import Notice, Submission
from records.review import inbox
from reports.models import Build, Release
from reports.published.register import out_since


def tell(build: Build) -> int:
    """Put a line into the inboxes of each agency whose data a release that is out brings; return how many agencies.

    The line names the newest period that is new in it, or has changed, and counts the earlier periods that changed since the
    release before. Told again, nobody is told twice. Runs in a transaction, which it opens to all agencies.
    """
    agencies = {agency.pk: agency for agency in Agency.objects.filter(is_active=True)}
    scope.open_to(records=[], submissions=agencies)
    now, before = _versions(build), _versions(_predecessor(build))
    moved = [pk for pk, version in now.items() if before.get(pk) != version]
    by_agency: dict[int, list[Submission]] = defaultdict(list)
    rows = Submission.objects.filter(pk__in=moved).select_related("instrument_version")
    for row in rows.order_by("period"):
        by_agency[row.agency_id].append(row)
    for pk, brought in by_agency.items():
        if pk in agencies:
            _tell(agencies[pk], brought, build, set(before))
    return len(by_agency)


@dataclass(frozen=True)
class Publication:
    """The release in which a version of a submission came out first, and how many of the agency's earlier periods
    changed in it. since: from when readers could have it.
    """

    release: Release
    since: datetime
    version: int
    changed: int


def of_submission(submission: Submission, datasets: Collection[str]) -> list[Publication]:
    """Return where the newest version of a submission that is out came out first, by dataset, of those in `datasets`
    (codes).

    That may be an earlier version than the accepted one: what is published stays until its year is final. A release
    under embargo is not out: nothing is told of it before its time. As many queries for a hundred releases as for one.
    """
    if submission.accepted_version is None or not datasets:
        return []
    released = Build.objects.filter(
        release__state=Release.State.RELEASED, release__dataset__in=datasets
    )
    out = released.annotate(since=out_since("release__")).filter(since__lte=timezone.now())
    newest = (
        out.filter(inputs__contains=[{"submission": submission.pk}])
        .order_by("release__dataset", "-release__number")
        .distinct("release__dataset")
        .select_related("release")
    )
    versions = {build.release.dataset: _versions(build)[submission.pk] for build in newest}
    came_out = Q(pk__in=[])
    for dataset, version in versions.items():
        pinned = [{"submission": submission.pk, "version": version}]
        came_out |= Q(release__dataset=dataset, inputs__contains=pinned)
    first = out.filter(came_out).order_by("release__dataset", "release__number")
    builds = list(first.distinct("release__dataset").select_related("release"))
    before, earlier = _predecessors(builds), _earlier(submission)
    return [
        Publication(
            build.release,
            build.since,
            versions[build.release.dataset],
            _changed(build, before.get(build.predecessor_id or 0), earlier),
        )
        for build in builds
    ]


def _predecessors(builds: Collection[Build]) -> dict[int, Build]:
    """Return the builds of the releases before these, by release, with no more than what went into them."""
    releases = [build.predecessor_id for build in builds if build.predecessor_id]
    of_releases = Build.objects.filter(release__in=releases).only("inputs", "release")
    return {build.release_id: build for build in of_releases}


def _earlier(submission: Submission) -> set[int]:
    """Return the submissions of the same agency and instrument for earlier periods, by their ids."""
    same = Submission.objects.filter(
        agency=submission.agency_id, instrument=submission.instrument_id
    )
    return set(same.filter(period__lt=submission.period).values_list("pk", flat=True))


def _changed(build: Build, before: Build | None, among: Collection[int]) -> int:
    """Return how many of these submissions the build brings in another version than the build before."""
    now, then = _versions(build), _versions(before)
    return sum(1 for pk in among if pk in then and pk in now and now[pk] != then[pk])


def _tell(agency: Agency, brought: list[Submission], build: Build, known: set[int]) -> None:
    newest = brought[-1]
    changed = sum(1 for row in brought[:-1] if row.pk in known)
    release = build.release
    inbox.tell(
        inbox.concerned(agency, newest.instrument_id, *inbox.AT_THE_DESK),
        *(Notice.Kind.PUBLISHED, f"published:{release.pk}:{agency.pk}", inbox.PUBLISHED),
        agency=agency,
        link=reverse("reports:published_release", args=[str(release)]),
        title=newest.instrument_version.content["title"],
        period=newest.period,
        release=str(release),
        n=changed,
    )


def _predecessor(build: Build) -> Build | None:
    return (
        Build.objects.filter(release=build.predecessor_id).first() if build.predecessor_id else None
    )


def _versions(build: Build | None) -> dict[int, int]:
    """Return the versions that a build pins, by the id of their submission."""
    inputs: Iterable[dict[str, int]] = build.inputs if build else ()
    return {pinned["submission"]: pinned["version"] for pinned in inputs}
