"""Threads: what agency and statistics staff write to each other about a submission, a variable, a row, a cell.

Both see the same thread; another agency never does. Whoever sees the submission may write. A
thread is open until somebody resolves it; an answer opens it again.
"""

from collections.abc import Collection, Iterable

from django.db import transaction
from django.db.models import F, Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from agencies import access, audit, held_roles
from agencies.models import Person
from agencies.refusal import Refused
from agencies.roles import Permission, Role
from records.instruments.versions import spec_of
from records.models import Comment, Notice, Record, Submission, Thread
from records.review import inbox
from records.validation import personal
from standards.languages import marked

LONGEST = 2000  # letters of one text
MOST = 200  # texts of one thread, and threads of one submission
ANSWERED = marked("%(by)s answered you at %(title)s, %(period)s.")


def may_write(person: Person, submission: Submission) -> bool:
    """Say whether a person may write about a submission: whoever sees it."""
    agency, instrument = submission.agency, submission.instrument_id
    return access.may(person, Permission.SEE_SUBMISSIONS, agency, instrument)


def people(submission: Submission) -> list[Person]:
    """Return whom one can mention: those of the agency and of the statistics office who see it, by name."""
    seeing = [role for role in Role if Permission.SEE_SUBMISSIONS in role.permissions]
    theirs = Q(content_object=submission.agency_id) | Q(content_object__statistics_office=True)
    by_agency = access.holders(*seeing, of=theirs)
    everybody = list({p.pk: p for people in by_agency.values() for p in people}.values())
    held_roles.read(everybody)
    seen = [person for person in everybody if may_write(person, submission)]
    return sorted(seen, key=lambda person: str(person).casefold())


@transaction.atomic
def begin(
    submission: Submission,
    text: str,
    *,
    by: Person,
    variable: str = "",
    record: int | None = None,
    mentions: Collection[int] = (),
) -> Thread:
    """Begin a thread about the submission; with `variable` and `record` (an id), about these.

    Raises `Denied`, also for a row where the person sees none; `Refused` for an empty or too long text,
    one that names somebody by a number, an unknown variable, a row that is not in the submission, and for
    mentions of somebody who does not see it.
    """
    _require(by, submission)
    spec = spec_of(submission.instrument_version)
    if variable and variable not in spec.by_name:
        raise Refused(_("The instrument has no such variable."))
    if record is not None:
        access.require(by, Permission.SEE_RECORDS, submission.agency, submission.instrument_id)
        if not Record.objects.filter(submission=submission, pk=record).exists():
            raise Refused(_("This row is not in the submission (any more)."))
    if submission.threads.count() >= MOST:
        raise Refused(_("There are %(n)s threads already. Answer in one of them.") % {"n": MOST})
    thread = Thread.objects.create(
        agency_id=submission.agency_id,
        submission=submission,
        variable=variable,
        record=record,
        begun_by=by,
    )
    _write(thread, text, by=by, mentions=mentions)
    return thread


@transaction.atomic
def answer(thread: Thread, text: str, *, by: Person, mentions: Collection[int] = ()) -> Comment:
    """Answer in a thread; one that was resolved is open again. Raises as `begin`."""
    thread = _locked(thread)
    _require(by, thread.submission)
    if thread.comments.count() >= MOST:
        raise Refused(_("There are %(n)s texts in this thread. Begin another one.") % {"n": MOST})
    comment = _write(thread, text, by=by, mentions=mentions)
    Thread.objects.filter(pk=thread.pk).update(resolved_by=None, resolved_at=None)
    return comment


@transaction.atomic
def resolve(thread: Thread, *, by: Person) -> None:
    """Mark a thread as resolved. Raises `Denied`, and `Refused` where somebody was quicker."""
    thread = _locked(thread)
    _require(by, thread.submission)
    if thread.resolved_by_id:
        raise Refused(_("Somebody resolved it meanwhile."))
    Thread.objects.filter(pk=thread.pk).update(resolved_by=by, resolved_at=timezone.now())
    _note("resolve", thread.submission, by)


def of(submission: Submission) -> QuerySet[Thread]:
    """Return the threads of a submission with their texts: the open ones first, the newest first."""
    threads = submission.threads.select_related("begun_by", "resolved_by")
    return threads.prefetch_related("comments__by").order_by(
        F("resolved_at").desc(nulls_first=True), "-pk"
    )


def before(thread: Thread) -> int:
    """Return how many threads of the submission stand before this one (`of`)."""
    others = thread.submission.threads.all()
    if thread.resolved_at is None:
        return others.filter(resolved_at=None, pk__gt=thread.pk).count()
    same_moment = Q(resolved_at=thread.resolved_at, pk__gt=thread.pk)
    later = Q(resolved_at=None) | Q(resolved_at__gt=thread.resolved_at) | same_moment
    return others.filter(later).count()


def rows_of(threads: Iterable[Thread], reader: Person) -> dict[int, str]:
    """Return how the agency calls the rows that threads are about, by id: those that are there and seen."""
    ids = {thread.record for thread in threads if thread.record is not None}
    rows = Record.objects.visible_to(reader).filter(pk__in=ids)
    return dict(rows.values_list("pk", "record_ref")) if ids else {}


def _locked(thread: Thread) -> Thread:
    submission = "submission__agency", "submission__instrument", "submission__instrument_version"
    threads = Thread.objects.select_for_update(of=("self",)).select_related(*submission)
    return threads.get(pk=thread.pk)


def _require(by: Person, submission: Submission) -> None:
    access.require(by, Permission.SEE_SUBMISSIONS, submission.agency, submission.instrument_id)


def _write(thread: Thread, text: str, *, by: Person, mentions: Collection[int]) -> Comment:
    text = _checked(text)
    mentioned = _mentioned(thread.submission, mentions)
    before = {comment.by for comment in thread.comments.select_related("by")} - {by}
    comment = Comment.objects.create(
        agency_id=thread.agency_id,
        thread=thread,
        text=text,
        by=by,
        mentioned=[str(person) for person in mentioned],
    )
    told = [person for person in mentioned if person != by]
    _tell(told, comment, inbox.MENTIONED)
    still_there = {person.pk for person in people(thread.submission)} if before else set()
    others = [p for p in before if p not in told and p.pk in still_there]
    _tell(others, comment, ANSWERED)
    _note("comment", thread.submission, by)
    return comment


def _tell(told: Collection[Person], comment: Comment, text: str) -> None:
    submission = comment.thread.submission
    inbox.tell(
        told,
        *(Notice.Kind.MENTIONED, f"comment:{comment.pk}", text),
        agency=submission.agency,
        link=f"{submission.get_absolute_url()}threads?thread={comment.thread_id}#thread-{comment.thread_id}",
        title=submission.instrument_version.content["title"],
        period=submission.period,
        by=str(comment.by),
    )


def _note(verb: str, submission: Submission, by: Person) -> None:
    audit.record(
        verb, f"submission:{submission.pk}", name=str(submission), by=by, agency=submission.agency
    )


def _checked(text: str) -> str:
    """Return a text as it is kept. Raises `Refused`."""
    text = text.replace("\x00", "").replace("\r\n", "\n").strip()
    if not text:
        raise Refused(_("Write something."))
    if len(text) > LONGEST:
        raise Refused(_("A text has at most %(n)s letters.") % {"n": LONGEST})
    if personal.names_somebody(text):
        raise Refused(
            _(
                "This looks like a document number, an identity number or an address. Write the number of the record."
            )
        )
    return text


def _mentioned(submission: Submission, ids: Collection[int]) -> list[Person]:
    if not ids:
        return []
    known = {person.pk: person for person in people(submission)}
    strangers = [pk for pk in ids if pk not in known]
    if strangers:
        raise Refused(
            ngettext(
                "%(n)s of those mentioned does not see this submission.",
                "%(n)s of those mentioned do not see this submission.",
                len(strangers),
            )
            % {"n": len(strangers)}
        )
    return [known[pk] for pk in dict.fromkeys(ids)]
