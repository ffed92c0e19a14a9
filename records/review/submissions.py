"""Moving a submission along its steps: who may, who may not, and what the move writes."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import reduce
from operator import or_

from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from agencies import access, audit, held_roles
from agencies.models import Person
from agencies.refusal import Refused
from agencies.roles import ROLES, Permission
from jobs import queue
from records.models import ReviewStep, Submission
from records.review import (
    calendar,
    counting,
    handlings,
    inbox,
    profile,
    scorecard,
    shared_numbers,
)
from records.review.due_dates import Dates
from records.review.steps import BARRED_BY, BY_FIELD, STEPS, State
from standards import codelists
from standards.periods import has_ended

RETURN_REASONS, OTHER_REASON = "return_reasons", "OTHER"


@dataclass(frozen=True)
class Sealing(queue.Arguments):
    """Which submission to seal, in which version."""

    submission: int
    version: int


@transaction.atomic
def advance(
    submission: Submission,
    verb: str,
    *,
    by: Person,
    reason: str = "",
    reason_code: str = OTHER_REASON,
    held_acknowledged: int | None = None,
    nothing_to_report: bool = False,
) -> None:
    """Move the submission one step.

    Raises `access.Denied` (who) or `Refused` (not now). A step back has a reason in words and its code
    (list return_reasons). Submitting with held rows (`HeldRow.open_rows.missing_from`, those that are
    errors) needs their exact number in `held_acknowledged`; without records it needs `nothing_to_report`.
    Submitting starts the comparison of its numbers with other agencies', acceptance starts sealing.
    """
    with_parts = Submission.objects.select_related("agency", "instrument")
    submission = with_parts.select_for_update(of=("self",)).get(pk=submission.pk)
    reason = reason.strip()
    _refuse_if(submission, verb, by, reason, reason_code)
    change: dict[str, object] = {"state": STEPS[verb].target}
    if field := BY_FIELD.get(STEPS[verb].target):
        change[field] = by
    if verb == "submit":
        change |= _submitting(submission, held_acknowledged, nothing_to_report)
    elif verb == "accept":
        change["accepted_version"] = submission.version
    elif verb == "reopen":
        change["version"] = submission.version + 1
    code = reason_code if STEPS[verb].reason else ""
    _move(submission, verb, change, by=by, reason=reason, reason_code=code)
    if verb == "submit":
        shared_numbers.request(submission, by=by)
    elif verb == "accept":
        request_sealing(submission, by=by)


def request_sealing(submission: Submission, *, by: Person) -> queue.Job:
    """Ask for the slice of the accepted version. `reports.tasks` registers the handler."""
    return queue.enqueue(
        "reports.seal",
        key=f"seal:{submission.pk}:{submission.version}",
        arguments=Sealing(submission=submission.pk, version=submission.version),
        agencies=[submission.agency_id],
        by=by,
    )


def steps_open_to(person: Person, submission: Submission) -> list[str]:
    """Return the verbs to offer as buttons, from the table `advance` obeys."""
    return [
        verb
        for verb in STEPS
        if may_do(person, verb, submission) and not _is_barred(submission, verb, person)
    ]


def may_do(person: Person, verb: str, submission: Submission) -> bool:
    """Say whether the roles of the person include the step, in the state in which the submission is."""
    needs = STEPS[verb].needs.get(State(submission.state))
    agency, instrument = submission.agency, submission.instrument_id
    return needs is not None and access.may(person, needs, agency, instrument)


def barred_among(submissions: Iterable[Submission], verb: str, person: Person) -> set[int]:
    """Return the ids of those whose step the person must not do, whatever their roles; in one query."""
    ids = [submission.pk for submission in submissions]
    barred = Submission.objects.filter(_barred(verb, person), pk__in=ids)
    return set(barred.values_list("pk", flat=True))


def waiting_for(person: Person) -> QuerySet[Submission]:
    """Return the submissions that wait for this person's step forward, from the table `advance` obeys."""
    condition = Q(pk__in=[])
    for verb, step in STEPS.items():
        for state, needs in step.needs.items():
            if not step.reason:
                theirs = Q(state=state) & access.covered(person, needs)
                condition |= theirs & ~_barred(verb, person)
    return Submission.objects.filter(condition)


def next_step(submission: Submission) -> str:
    """Return the verb that leads a submission on, "" where it has arrived."""
    state = State(submission.state)
    forward = (verb for verb, step in STEPS.items() if state in step.needs and not step.reason)
    return next(forward, "")


def bar(person: Person, submission: Submission) -> str:
    """Say why a person who may do the next step is barred from it, and who is not; "" where nothing bars."""
    verb = next_step(submission)
    needs = STEPS[verb].needs[State(submission.state)] if verb else None
    if not needs or not access.may(person, needs, submission.agency, submission.instrument_id):
        return ""
    if not _is_barred(submission, verb, person):
        return ""
    return _why_barred(submission, verb, person, needs)


def _barred(verb: str, person: Person) -> Q:
    """Return the condition for submissions whose step the person must not do, whatever their roles.

    Nobody signs or accepts what they submitted, nor accepts what they signed, nor does either where
    their own hands were in the rows.
    """
    if verb not in BARRED_BY:
        return Q(pk__in=[])
    before = [Q(**{field: person}) for field in BARRED_BY[verb]]
    return reduce(or_, before, handlings.by_hand_of(person))


def _is_barred(submission: Submission, verb: str, person: Person) -> bool:
    if verb not in BARRED_BY:
        return False
    return Submission.objects.filter(_barred(verb, person), pk=submission.pk).exists()


def _why_barred(submission: Submission, verb: str, person: Person, needs: Permission) -> str:
    """Name the person's own deeds, and those who may do the step instead."""
    own = handlings.sentences(person, submission)
    if person.pk in _who_did_before(submission, verb):
        own.insert(0, _("You submitted or signed this yourself."))
    role = next(role for role in ROLES if needs in role.permissions)
    people = access.holders(role)
    able = [
        colleague
        for agency, holders in people.items()
        if role.reaches_every_agency or agency == submission.agency
        for colleague in holders
    ]
    barred = handlings.people(submission) | _who_did_before(submission, verb)
    held_roles.read(able)
    names = [
        str(colleague)
        for colleague in able
        if colleague.pk not in barred
        and access.may(colleague, needs, submission.agency, submission.instrument_id)
    ]
    if names:
        instead = _("Another person must do this step: %(names)s.") % {"names": ", ".join(names)}
    else:
        instead = _(
            "Another person must do this step, and nobody else has the role “%(role)s” yet."
            " Ask the administrator of your agency."
        ) % {"role": role.label}
    return " ".join([*own, instead])


def _who_did_before(submission: Submission, verb: str) -> set[int]:
    return {getattr(submission, f"{field}_id") for field in BARRED_BY[verb]}


def _refuse_if(
    submission: Submission, verb: str, by: Person, reason: str, reason_code: str
) -> None:
    """Raise `Denied` or `Refused` for whatever stands against this step, whatever its details."""
    step, state = STEPS[verb], State(submission.state)
    needs = step.needs.get(state) or next(iter(step.needs.values()))
    access.require(by, needs, submission.agency, submission.instrument_id)
    if state not in step.needs:
        raise Refused(
            _("%(submission)s is %(state)s by now; somebody else was quicker. Look at it again.")
            % {"submission": submission, "state": submission.get_state_display().lower()}
        )
    if _is_barred(submission, verb, by):
        raise Refused(_why_barred(submission, verb, by, needs))
    if step.reason and not reason:
        raise Refused(_("Say why. The agency reads exactly this text."))
    if step.reason and reason_code not in {
        code.code for code in codelists.load(RETURN_REASONS).in_use
    }:
        raise Refused(_("Choose what it is about."))
    if verb == "reopen":
        _refuse_unsealed(submission)


def _move(
    submission: Submission,
    verb: str,
    change: dict[str, object],
    *,
    by: Person,
    reason: str,
    reason_code: str,
) -> None:
    """Write the new state, the passage and the event."""
    source = submission.state
    Submission.objects.filter(pk=submission.pk).update(**change)
    for name, value in change.items():
        setattr(submission, name, value)
    step = ReviewStep.objects.create(
        submission=submission,
        verb=verb,
        source=source,
        target=submission.state,
        version=submission.version,
        reason=reason,
        reason_code=reason_code,
        by=by,
    )
    inbox.stepped(submission, verb, step.pk, reason, by=by)
    audit.record(
        verb, f"submission:{submission.pk}", name=str(submission), by=by, agency=submission.agency
    )


def _refuse_unsealed(submission: Submission) -> None:
    """Records must not change between acceptance and the slice that is made of them."""
    sealing = queue.find(f"seal:{submission.pk}:{submission.version}")
    if sealing and sealing.state in (queue.Job.State.QUEUED, queue.Job.State.RUNNING):
        raise Refused(_("It is being sealed. Try again in a minute."))


def _refuse_outside_its_time(submission: Submission, dates: Dates) -> None:
    """A submission has a day on which it opens and may have one on which it closes; what came back is in time."""
    if submission.state == State.RETURNED or submission.version > 1:
        return
    today = timezone.localdate()
    if today < dates.opens:
        raise Refused(_("It may be submitted from %(day)s on.") % {"day": date_format(dates.opens)})
    if dates.closes and today > dates.closes:
        raise Refused(
            _("It closed on %(day)s. Ask the statistics office for a later date.")
            % {"day": date_format(dates.closes)}
        )


def _submitting(
    submission: Submission, held_acknowledged: int | None, nothing_to_report: bool
) -> dict[str, object]:
    frequency = submission.instrument_version.content["frequency"]
    if not has_ended(submission.period, frequency, timezone.localdate()):
        raise Refused(_("This period has not ended. Submit it when everything has come."))
    owed = scorecard.owed_until(submission)
    _refuse_outside_its_time(submission, owed[-1].dates)
    counted = profile.count(submission)
    held = counted["held"]
    if held and held_acknowledged != held:
        raise Refused(
            _(
                "%(count)s rows are held and would not be counted. Confirm this number, or correct them."
            )
            % {"count": held}
        )
    if not submission.records.exists() and not nothing_to_report:
        raise Refused(
            _("It has no records. If there is nothing to report, say so and submit it empty.")
        )
    _keep_counts(submission, counted, owed)
    return {
        "held_acknowledged": held or None,
        "nothing_to_report": nothing_to_report,
        "profile": counted,
    }


def _keep_counts(
    submission: Submission, numbers: dict[str, object], owed: Sequence[calendar.Expected]
) -> None:
    """Keep what statistics staff judge by, and what later periods are compared with."""
    counted = counting.count(submission, numbers)
    lines = scorecard.scorecard(submission, counted.facts, submitting=owed)
    late = scorecard.days_late(lines)
    counting.keep(submission, counted, odd=scorecard.odd(lines), days_late=late)
