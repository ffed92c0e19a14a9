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
    """Return how far the counting is, and the totals that it found; None for others, and where nothing can be counted.

    is_gone: it was counted, and what was counted is no longer kept.
    """
    agency, instrument = submission.agency, submission.instrument_id
    may_see = access.may(request.user, Permission.TABULATE, agency, instrument)
    if submission.state not in impact.STATES or not may_see:
        return None
    job = impact.latest(submission)
    content = impact.counted(job) if job else []
    return {
        "working": job is not None and job.state in OPEN,
        "failed": job.reason if job and job.state == Job.State.FAILED else "",
        "counted_at": job.finished_at if job and content else None,
        "is_gone": job is not None and job.state == Job.State.DONE and not content,
        "lines": headline(submission, content),
    }
