"""Record numbers that two agencies delivered for the same instrument and period: counted, never shown.

A worker hashes the numbers of a submission with a key (HMAC, by instrument), in the scope of its
agency. Row-level security lets an agency read its own hashes only. To compare, the job closes the
records and opens what the statistics office sees: submissions, hashes and counts of all agencies.
"""

import hashlib
import hmac
from collections.abc import Iterable
from dataclasses import dataclass

from django.conf import settings
from django.db import connection

from agencies import access, scope
from agencies.models import Agency, Person
from agencies.roles import Permission
from jobs import queue
from jobs.queue import Job
from records.models import NumberDigest, SharedNumbers, Submission
from standards.spelling import LOOK_ALIKES

BLOCK = 64  # bytes that SHA-256 works on: HMAC fills its key up to so many
# How numbers are compared: without case, spaces and signs, letters that look alike as one.
NORMAL = (
    "regexp_replace(translate(lower(normalize(record_ref, NFKC)), %s, %s), '[^[:alnum:]]', '', 'g')"
)
# HMAC-SHA256 as RFC 2104 writes it, of functions that PostgreSQL has; half of it tells numbers apart.
DIGEST = f"substring(sha256(%s || sha256(%s || convert_to({NORMAL}, 'UTF8'))) for 16)"


@dataclass(frozen=True)
class Comparison(queue.Arguments):
    """Which submission to compare, in which version."""

    submission: int
    version: int


def request(submission: Submission, *, by: Person) -> Job:
    """Ask for the numbers of a submission to be compared with those of other agencies."""
    return queue.enqueue(
        "records.shared_numbers",
        key=f"shared_numbers:{submission.pk}:{submission.version}",
        arguments=Comparison(submission=submission.pk, version=submission.version),
        agencies=[submission.agency_id],
        by=by,
    )


def compare(job: Job) -> None:
    """Hash the numbers of the job's submission and count those of other agencies among them.

    Does nothing where the submission was opened again meanwhile: it is compared when it is
    submitted next. The numbers of an agency are never in scope together with another's.
    """
    told = queue.arguments(job, Comparison)
    submission = Submission.objects.select_related("instrument", "instrument_version").get(
        pk=told.submission
    )
    if submission.is_open or submission.version != told.version:
        return
    if submission.instrument_version.content.get("collects") == "counts":
        return  # cells of two agencies have the same codes, and are not the same people
    with connection.cursor() as cursor:
        # Two agencies at once: the second sees what the first has stored.
        both = f"shared_numbers:{submission.instrument_id}:{submission.period}"
        cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [both])
    hash_numbers(submission)
    scope.open_to(records=[], submissions=Agency.objects.values_list("pk", flat=True))
    count(submission)


def hash_numbers(submission: Submission) -> None:
    """Store the hashes of a submission's numbers in place of earlier ones, in one statement."""
    NumberDigest.objects.filter(submission=submission).delete()
    key = number_key(submission.instrument.code).ljust(BLOCK, b"\0")
    outer, inner = (bytes(byte ^ pad for byte in key) for pad in (0x5C, 0x36))
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO records_numberdigest (submission_id, agency_id, digest)"
            f" SELECT DISTINCT submission_id, agency_id, {DIGEST} FROM records_record"
            " WHERE submission_id = %s",
            [
                *(outer, inner),
                *("".join(map(chr, LOOK_ALIKES)), "".join(map(chr, LOOK_ALIKES.values()))),
                submission.pk,
            ],
        )


def count(submission: Submission) -> None:
    """Count, for each other agency, how many numbers of the submission it delivered too; both ways.

    Submissions that are open again keep the hashes they were last submitted with.
    """
    others = Submission.objects.filter(
        instrument=submission.instrument_id, period=submission.period
    ).exclude(agency=submission.agency_id)
    for column in ("submission", "other"):
        SharedNumbers.objects.filter(**{column: submission}).delete()
    ids = list(others.values_list("pk", flat=True))
    with connection.cursor() as cursor:
        # Nobody has counted the new rows for the planner: row by row it would take for ever.
        cursor.execute("SET LOCAL enable_nestloop = off")
        cursor.execute(
            "WITH shared AS (SELECT theirs.submission_id AS other_id, theirs.agency_id, count(*) AS n"
            "  FROM records_numberdigest own JOIN records_numberdigest theirs USING (digest)"
            "  WHERE own.submission_id = %(own)s AND theirs.submission_id = ANY(%(others)s)"
            "  GROUP BY 1, 2), every AS (SELECT submission_id, count(*) AS n"
            "  FROM records_numberdigest WHERE submission_id = ANY(%(all)s) GROUP BY 1)"
            " INSERT INTO records_sharednumbers"
            " (submission_id, agency_id, other_id, other_agency_id, shared, numbers)"
            " SELECT %(own)s, %(agency)s, s.other_id, s.agency_id, s.n, e.n FROM shared s"
            "  JOIN every e ON e.submission_id = %(own)s"
            " UNION ALL SELECT s.other_id, s.agency_id, %(own)s, %(agency)s, s.n, e.n FROM shared s"
            "  JOIN every e ON e.submission_id = s.other_id",
            {
                "own": submission.pk,
                "agency": submission.agency_id,
                "others": ids,
                "all": [submission.pk, *ids],
            },
        )
        cursor.execute("SET LOCAL enable_nestloop = on")


def told_to(person: Person, submission: Submission) -> Iterable[SharedNumbers]:
    """Return the counts of a submission for those who accept it; nobody else is told."""
    if not access.may(person, Permission.ACCEPT, submission.agency, submission.instrument_id):
        return []
    return submission.shared_numbers.select_related("other_agency")


def number_key(instrument_code: str) -> bytes:
    """Return the key for the numbers of an instrument: its agencies' numbers can be compared, no others."""
    secret = settings.PERSON_REF_SECRET.encode()
    return hmac.new(secret, f"record_number:{instrument_code}".encode(), hashlib.sha256).digest()
