"""What a submission holds, in numbers: counted while it is open, frozen when it is submitted.

Statistics staff judge by these numbers; the records stay with the agency. Limits: domain brief 3.0.
"""

import json
from collections import Counter
from collections.abc import Iterable
from typing import Any

from django.db import connection
from django.db.models import Count, QuerySet

from records.models import HeldRow, Submission
from standards import codelists

KEPT = ("rule", "severity", "variable", "message")  # of a finding


def count(submission: Submission) -> dict[str, Any]:
    """Count records by sex, unknown citizenship, the largest day, held rows and findings by cause.

    A held row without a readable date counts in each submission that its file fed, until it is
    corrected: it may belong to any of them. Runs in the scope of somebody who sees the records of the agency.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT sex, sum(count)::bigint FROM records_record WHERE submission_id = %s GROUP BY sex",
            [submission.pk],
        )
        by_sex = dict(cursor.fetchall())
        cursor.execute(
            "SELECT coalesce(max(n), 0), coalesce(sum(unknown), 0) FROM (SELECT sum(count) AS n,"
            " sum(count) FILTER (WHERE citizenship = %s) AS unknown FROM records_record"
            " WHERE submission_id = %s GROUP BY event_date) days",
            [codelists.delivered("countries").not_stated, submission.pk],
        )
        largest_day, unknown = cursor.fetchone()
    missing = HeldRow.open_rows.missing_from(submission)
    return {
        "sex": by_sex,
        "largest_day": int(largest_day),
        "citizenship_unknown": int(unknown),
        "held": missing.errors().count(),
        "findings": [*causes(missing), *_warnings(submission)],
    }


def held_counts(submissions: Iterable[Submission]) -> dict[int, int]:
    """Return how many rows each submission lacks until they are corrected, by its id; none: no entry.

    For one submission this is `HeldRow.open_rows.missing_from(submission).errors().count()`; here
    it is two queries for any number of them.
    """
    ids = [submission.pk for submission in submissions]
    errors = HeldRow.open_rows.errors().order_by()
    dated = errors.filter(submission__in=ids).values_list("submission")
    undated = errors.filter(submission=None, upload__submissions__in=ids).values_list(
        "upload__submissions"
    )
    counts: Counter[int] = Counter()
    for rows in (dated, undated):
        counts.update(dict(rows.annotate(n=Count("pk", distinct=True))))
    return dict(counts)


def causes(held: QuerySet[HeldRow]) -> list[dict[str, Any]]:
    """Return the findings of held rows by cause, the most frequent first."""
    ids = held.order_by().values("pk")
    with connection.cursor() as cursor:
        query, parameters = ids.query.sql_with_params()
        cursor.execute(
            "SELECT f->>'rule', f->>'variable', f->'message', count(*)"
            f" FROM records_heldrow h, jsonb_array_elements(h.findings) f WHERE h.id IN ({query})"
            " GROUP BY 1, 2, 3 ORDER BY 4 DESC, 1",
            parameters,
        )
        rows = cursor.fetchall()
    return [
        {
            "rule": rule,
            "severity": "error",
            "variable": variable,
            "message": json.loads(message),
            "count": n,
        }
        for rule, variable, message, n in rows
    ]


def _warnings(submission: Submission) -> list[dict[str, Any]]:
    """Warnings of the files that fed the submission; a file may have fed other periods too."""
    causes: dict[tuple[str, str], dict[str, Any]] = {}
    fed = submission.uploads.filter(state="COMMITTED")
    for findings in fed.values_list("report__findings", flat=True):
        for finding in findings or []:
            if finding["severity"] != "warning":
                continue
            head = {k: finding[k] for k in (*KEPT, "unit") if k in finding}
            cause = causes.setdefault((finding["rule"], finding["variable"]), {**head, "count": 0})
            cause["count"] += finding["count"]
    return list(causes.values())
