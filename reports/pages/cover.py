"""What the figures say beside a submission, for its cover: where it was published, what accepting it would change."""

from typing import Any

from agencies import access
from agencies.http import SignedInRequest
from agencies.roles import Permission
from jobs.queue import Job
from records.models import Submission
from reports.designs import datasets
from reports.exact import impact
from reports.pages.impact import OPEN, headline
from reports.releases import whereabouts
from standards.translation import in_language


def beside(request: SignedInRequest, submission: Submission) -> dict[str, Any]:
    """Return `published` for everybody who sees the submission, and `impact` for statistics staff, else None."""
    feeds = datasets.of_instrument(submission.instrument.code)
    why_not = in_language(submission.instrument_version.content.get("unpublished", {}))
    releases = whereabouts.of_submission(submission, [dataset.code for dataset in feeds])
    return {
        "published": {
            "releases": releases,
            "is_out": submission.state == Submission.State.ACCEPTED
            and any(out.version == submission.version for out in releases),
            "is_fed": bool(feeds),
            "why_not": why_not,
        },
        "impact": _impact(request, submission) if feeds else None,
    }


def _impact(request: SignedInRequest, submission: Submission) -> dict[str, Any] | None:
    """Return how far the counting is, and the totals that it found; None for others, and where there is nothing to say."""
    agency, instrument = submission.agency, submission.instrument_id
    if submission.is_open or not access.may(request.user, Permission.TABULATE, agency, instrument):
        return None
    job = impact.latest(submission)
    may_count = submission.state in impact.STATES
    if job is None and not may_count:
        return None
    is_done = job is not None and job.state == Job.State.DONE
    return {
        "may_count": may_count,
        "working": job is not None and job.state in OPEN,
        "failed": job.reason if job and job.state == Job.State.FAILED else "",
        "counted_at": job.finished_at if job and is_done else None,
        "lines": headline(submission, job) if job else [],
    }
