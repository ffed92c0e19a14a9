"""Answers of an agency to warnings: given once, they stay with the warning in every later round."""

from collections.abc import Iterable
from dataclasses import dataclass

from django.db import transaction
from django.utils.translation import gettext as _

from agencies import access, audit
from agencies.models import Person
from agencies.refusal import Refused
from agencies.roles import Permission
from records.models import Submission, WarningAnswer
from records.validation import personal

LONGEST = 1000
MOST = 500  # answers about one submission
Warned = tuple[str, str]  # rule, variable


@dataclass(frozen=True)
class Finding:
    """One warning of a submission as people see it: rule, variable, rows."""

    rule: str
    variable: str
    count: int


@transaction.atomic
def give(submission: Submission, finding: Finding, text: str, *, by: Person) -> WarningAnswer:
    """Answer a warning of the submission for its agency, in place of an earlier answer: whoever sees its rows.

    Raises `Denied`, and `Refused` without a text or for one that is too long.
    """
    agency, instrument = submission.agency, submission.instrument_id
    access.require(by, Permission.SEE_RECORDS, agency, instrument)
    text = text.replace("\x00", "").strip()
    if not text:
        raise Refused(_("Write what you found out about it."))
    if personal.names_somebody(text):
        raise Refused(_("This looks like a number or address of a person, so it is not kept."))
    if submission.warning_answers.count() >= MOST:
        raise Refused(_("There are too many answers about this submission."))
    if len(text) > LONGEST:
        raise Refused(_("A text has at most %(n)s letters.") % {"n": LONGEST})
    given = WarningAnswer.objects.create(
        agency=agency,
        submission=submission,
        rule=finding.rule,
        variable=finding.variable,
        count=finding.count,
        text=text,
        by=by,
    )
    audit.record(
        "answer", f"submission:{submission.pk}", name=str(submission), by=by, agency=agency
    )
    return given


def of(submission: Submission) -> dict[Warned, WarningAnswer]:
    """Return the latest answer to each warning, by rule and variable, in one query."""
    rows: Iterable[WarningAnswer] = submission.warning_answers.select_related("by")
    return {(row.rule, row.variable): row for row in rows}


def is_due_again(answer: WarningAnswer, count: int) -> bool:
    """Say whether a warning is about more rows than when it was answered: then it asks again."""
    return count > answer.count
