"""Records of a submission that may be one event twice: found when a file was taken in, decided by people, remembered.

Likely is the same person (by the key of a document), day, kind of event, year of birth, citizenship and sex under
another number. Of records without a key all that they say has to be equal; and where very many are, likeness says
nothing, and none is told. Cells of counts have no duplicates.
"""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from django.db import connection, transaction
from django.db.models import Count, Exists, OuterRef, QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from agencies import access, audit
from agencies.models import Person
from agencies.refusal import Refused
from agencies.roles import Permission
from jobs import queue
from jobs.queue import Job
from records.collection import entry
from records.collection.report import UploadReport
from records.collection.staging import CORE
from records.instruments.spec import Spec
from records.instruments.versions import current, spec_of
from records.models import LikelyDuplicate, Record, Submission, Upload
from records.review.opening import require_open

AT_ONCE = 20_000  # records of a file: in a larger one a worker looks for duplicates afterwards
# Records without a key that may be alike: so many, or a share of their submission.
FEW, SHARE = 20, 0.01
MOST_OF_FILE = f"greatest({FEW}, {SHARE} * (SELECT records FROM size WHERE size.submission_id = s.submission_id))"
# By this, records are found by their numbers: the file they are of may have a million.
OF_INSTRUMENT = " AND submission_id IN (SELECT id FROM records_submission WHERE agency_id = %s AND instrument_id = %s)"
ALL = ", ".join(name for name in CORE if name != "record_ref")
ASK_AGAIN = LikelyDuplicate.Decision.REMOVED  # what was removed has come back


def look_for(upload: Upload, *, by: Person, numbers: Collection[str] | None = None) -> Job | None:
    """Look for likely duplicates of the records of a file that was taken in; in a large one by a job.

    `numbers`: only of these records of it, which came after the others.
    """
    if spec_of(current(upload.instrument)).is_counts:
        return None
    fresh = UploadReport.of(upload).rows.accepted if numbers is None else len(numbers)
    if fresh < AT_ONCE:
        find(upload, numbers)
        return None
    return queue.enqueue(
        "records.duplicates",
        key=f"duplicates:{upload.pk}",
        arguments=Looking(upload=upload.pk),
        agencies=[upload.agency_id],
        by=by,
    )


@dataclass(frozen=True)
class Looking(queue.Arguments):
    """Which upload's records to look at."""

    upload: int


def find(upload: Upload, numbers: Collection[str] | None = None) -> int:
    """Keep the pairs that are likely duplicates, with a record of the upload in each. Returns how many are new.

    Records that are alike are of one day: only the days of the upload, or of its records with these numbers, are
    looked at. Of single records a share of their submission says nothing: there the few alone count.
    """
    likeness = _likeness(spec_of(current(upload.instrument)))
    fresh, most = "r.upload_id = %s", MOST_OF_FILE
    of_file, chosen = list[Any]([upload.pk]), list[Any]()
    if numbers is not None:
        fresh, most = f"{fresh} AND r.record_ref = ANY(%s)", str(FEW)
        of_file, chosen = [upload.pk, list(numbers)], [upload.agency_id, upload.instrument_id]
    with connection.cursor() as cursor:
        # By windows, not joins: what the planner knows of records that came just now may be long out of date.
        cursor.execute(
            f"CREATE TEMP TABLE alike ON COMMIT DROP AS WITH days AS (SELECT DISTINCT submission_id, event_date"
            f" FROM records_record r WHERE {fresh}{OF_INSTRUMENT if chosen else ''}), every AS (SELECT"
            f" r.submission_id, r.record_ref, {fresh} AS fresh, r.person_ref IS NOT NULL AS same_person,"
            f" {likeness} AS likeness FROM days JOIN records_record r USING (submission_id, event_date)"
            " WHERE r.agency_id = %s), compared AS (SELECT *, lag(record_ref) OVER (alike ORDER BY record_ref)"
            " AS earlier, count(*) OVER alike AS n, bool_or(fresh) OVER alike AS has_fresh FROM every"
            " WINDOW alike AS (PARTITION BY submission_id, likeness)), several AS (SELECT *, count(*)"
            " FILTER (WHERE NOT same_person) OVER (PARTITION BY submission_id) AS keyless FROM compared"
            " WHERE n > 1 AND has_fresh), size AS (SELECT submission_id, count(*) AS records FROM"
            " records_record WHERE submission_id IN (SELECT submission_id FROM days) GROUP BY 1)"
            " SELECT submission_id, earlier, record_ref, same_person FROM several s"
            f" WHERE earlier IS NOT NULL AND (same_person OR keyless <= {most})",
            [*of_file, *chosen, *of_file, upload.agency_id],
        )
        cursor.execute(
            "INSERT INTO records_likelyduplicate AS d (agency_id, submission_id, upload_id, first, second,"
            " same_person, decision) SELECT %s, submission_id, %s, earlier, record_ref, same_person, ''"
            " FROM alike ON CONFLICT (submission_id, agency_id, first, second)"
            " DO UPDATE SET decision = '', upload_id = excluded.upload_id WHERE d.decision = %s",
            [upload.agency_id, upload.pk, str(ASK_AGAIN)],
        )
        pairs = int(cursor.rowcount)
        cursor.execute("DROP TABLE alike")
    return pairs


def _likeness(spec: Spec) -> str:
    """SQL of what two records have in common that may be one event."""
    kind = next((v.name for v in spec.extras() if v.kind == "code" and v.required), "")
    told = f"r.extras->>'{kind}'" if kind else "''"
    keyed = f"r.person_ref, r.event_date, {told}, r.birth_year, r.citizenship, r.sex"
    everything = ", ".join(f"r.{name}" for name in (*ALL.split(", "), "extras"))
    return (
        f"CASE WHEN r.person_ref IS NULL THEN md5(ROW({everything})::text)"
        f" ELSE md5(ROW({keyed})::text) END"
    )


def waiting(submission: Submission) -> QuerySet[LikelyDuplicate]:
    """Return the pairs of a submission that nobody has decided, of records that are both there."""
    return _waiting().filter(submission=submission)


def _waiting() -> QuerySet[LikelyDuplicate]:
    there = Record.objects.filter(submission=OuterRef("submission"))
    return LikelyDuplicate.objects.filter(
        Exists(there.filter(record_ref=OuterRef("first"))),
        Exists(there.filter(record_ref=OuterRef("second"))),
        decision="",
    )


def of(submission: Submission) -> list[tuple[Submission, int]]:
    """Return the submission with how many pairs of it wait to be decided; nothing where none does."""
    pairs = waiting(submission).count()
    return [(submission, pairs)] if pairs else []


def told(upload: Upload) -> list[tuple[Submission, int]]:
    """Return the submissions that a file fed which have pairs to decide, with how many: in two queries."""
    fed = LikelyDuplicate.objects.filter(upload=upload, decision="").values("submission")
    counted = _waiting().filter(submission__in=fed).order_by().values_list("submission")
    pairs = dict(counted.annotate(Count("pk")))
    submissions = Submission.objects.filter(pk__in=pairs).order_by("period")
    return [(submission, pairs[submission.pk]) for submission in submissions]


def forget(upload: Upload) -> None:
    """Forget the pairs of a file that is taken back which nobody has decided."""
    LikelyDuplicate.objects.filter(upload=upload, decision="").delete()


def decide(pair: LikelyDuplicate, *, by: Person, remove: str = "") -> None:
    """Keep both records, or remove the one with this number; the pair is not asked about again.

    Raises `Denied`, and `Refused` where somebody has decided already, or the period is closed.
    """
    submission = pair.submission
    access.require(by, Permission.ENTER, pair.agency, submission.instrument_id)
    if remove not in ("", pair.first, pair.second):
        raise Refused(_("Choose one of the two records."))
    with transaction.atomic():
        require_open(submission.pk)
        still = waiting(submission).select_for_update(of=("self",)).filter(pk=pair.pk).first()
        if still is None:
            raise Refused(_("Somebody has decided about these two records already."))
        if remove:
            entry.delete(Record.objects.get(submission=submission, record_ref=remove), by=by)
        decision = LikelyDuplicate.Decision
        still.decision = decision.REMOVED if remove else decision.BOTH
        still.decided_by, still.decided_at = by, timezone.now()
        still.save(update_fields=["decision", "decided_by", "decided_at"])
        if remove:  # of three alike, the other two are a pair now
            find(still.upload)
    name = str(submission)
    audit.record(
        "decide_duplicate", f"submission:{submission.pk}", name=name, by=by, agency=pair.agency
    )
