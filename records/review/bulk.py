"""Signing or accepting many submissions: each goes through the very verb and rules of one."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from django.db import transaction
from django.utils.translation import gettext as _

from agencies.access import Denied
from agencies.models import Person
from agencies.refusal import Refused
from records.models import Submission
from records.review.steps import STEPS, State
from records.review.submissions import advance, barred_among, may_do

VERBS = ("sign", "accept")  # what is done to many: steps forward that acknowledge nothing
MOST = 200  # at a time


@dataclass
class Outcome:
    """Submissions that the verb was, or may be, done to; and those that it is not, with the reason."""

    able: list[Submission] = field(default_factory=list)
    refused: list[tuple[Submission, str]] = field(default_factory=list)


def offered(submissions: Iterable[Submission], verb: str, *, by: Person) -> Outcome:
    """Sort submissions by whether the person may do the verb to them now: in two queries, however many there are.

    Those in another state are left out: they do not wait for it.
    """
    waiting = [s for s in submissions if State(s.state) in STEPS[verb].needs]
    barred = barred_among(waiting, verb, by)
    outcome = Outcome()
    for submission in waiting:
        if not may_do(by, verb, submission):
            why = _("Your roles do not include this.")
        elif submission.pk in barred:
            why = _(
                "You submitted or signed it, or worked on its rows. Another person must do this."
            )
        else:
            outcome.able.append(submission)
            continue
        outcome.refused.append((submission, why))
    return outcome


def advance_all(
    submissions: Sequence[Submission], verb: str, looked_at: Mapping[int, int], *, by: Person
) -> Outcome:
    """Do the verb to each of them, in the order of their ids; what one is refused does not stop the others.

    looked_at: by the id of a submission, that of its last step when the person saw it: `last_step` of the rows
    is another where somebody did something since. Raises `Refused` for more than `MOST` at a time, and for a verb that is not done to many.
    """
    if verb not in VERBS or len(submissions) > MOST:
        raise Refused(_("At most %(n)s at a time. Choose more filters.") % {"n": MOST})
    outcome = Outcome()
    for submission in sorted(submissions, key=lambda s: s.pk):
        if submission.last_step != looked_at.get(submission.pk):  # type: ignore[attr-defined]
            outcome.refused.append((submission, _("It was changed since you looked at it.")))
            continue
        try:
            with transaction.atomic():
                advance(submission, verb, by=by)
        except (Refused, Denied) as refusal:
            outcome.refused.append((submission, str(refusal)))
        else:
            outcome.able.append(submission)
    return outcome
