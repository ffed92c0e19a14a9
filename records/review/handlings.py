"""Whose hands were in the rows of a submission: who sent, answered, typed, changed or removed them.

Deeds are noted in the transaction that does them, with the submission locked, so that nobody signs
between a deed and its note. What counts is the present version: reopening begins a new one.
"""

from collections.abc import Iterable

from django.db.models import Exists, Max, OuterRef, Q, QuerySet, Sum
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from agencies.models import Person
from records.models import Handling, Submission, Upload

Deed = Handling.Deed
OF_A_FILE = (Deed.UPLOAD, Deed.ANSWER)  # end when their file is taken back


def note(deed: Handling.Deed, submission: Submission, *, by: Person, rows: int = 1) -> None:
    """Note that a person did this to so many rows of the submission, in its present version."""
    Handling.objects.create(
        agency_id=submission.agency_id,
        submission=submission,
        version=submission.version,
        person=by,
        deed=deed,
        rows=rows,
    )


def note_answers(upload: Upload, *, by: Person) -> None:
    """Note who answered questions about a file; which submissions it feeds is not known yet."""
    Handling.objects.create(
        agency_id=upload.agency_id, upload=upload, person=by, deed=Deed.ANSWER, rows=0
    )


def note_file(upload: Upload, submissions: Iterable[Submission]) -> None:
    """Note who sent a file and who answered questions about it, in the open submissions it feeds."""
    answers = Handling.objects.filter(upload=upload, submission=None, deed=Deed.ANSWER)
    hands = {(upload.uploaded_by_id, Deed.UPLOAD)}
    hands |= {(person, Deed.ANSWER) for person in answers.values_list("person", flat=True)}
    noted = set(
        Handling.objects.filter(upload=upload).values_list(
            "submission", "version", "person", "deed"
        )
    )
    Handling.objects.bulk_create(
        Handling(
            agency_id=upload.agency_id,
            submission=submission,
            version=submission.version,
            upload=upload,
            person_id=person,
            deed=deed,
            rows=0,
        )
        for submission in submissions
        for person, deed in sorted(hands)
        if submission.is_open and (submission.pk, submission.version, person, deed) not in noted
    )


def note_undo(upload: Upload, submissions: Iterable[Submission], *, by: Person) -> None:
    """Note that a file is taken back: who sent it has no hand in the rows any more.

    Who takes back somebody else's file deletes its rows. To be called while they are there.
    """
    Handling.objects.create(
        agency_id=upload.agency_id, upload=upload, person=by, deed=Deed.UNDO, rows=0
    )
    if by.pk != upload.uploaded_by_id:
        for submission in submissions:
            if submission.is_open:
                rows = upload.records.filter(submission=submission).count()
                note(Deed.DELETE, submission, by=by, rows=rows)


def standing() -> QuerySet[Handling]:
    """Return the deeds on rows that still count: not those on files that were taken back."""
    undone = Handling.objects.filter(upload=OuterRef("upload"), deed=Deed.UNDO)
    return Handling.objects.exclude(submission=None).exclude(Q(Exists(undone), deed__in=OF_A_FILE))


def by_hand_of(person: Person) -> Q:
    """Return the condition for submissions in whose present version the person has hands."""
    own = standing().filter(person=person, submission=OuterRef("pk"), version=OuterRef("version"))
    return Q(Exists(own))


def people(submission: Submission) -> set[int]:
    """Return the ids of those who have hands in the present version of the submission."""
    here = standing().filter(submission=submission, version=submission.version)
    return set(here.values_list("person", flat=True))


def sentences(person: Person, submission: Submission) -> list[str]:
    """Say what the person did to the rows of the present version, one sentence for each kind of deed."""
    own = standing().filter(submission=submission, version=submission.version, person=person)
    deeds = own.order_by().values("deed").annotate(number=Sum("rows"), latest=Max("at"))
    return [
        _sentence(deed["deed"], deed["number"])
        % {
            "n": deed["number"],
            "date": date_format(timezone.localtime(deed["latest"]), "DATE_FORMAT"),
        }
        for deed in deeds.order_by("latest")
    ]


def _sentence(deed: str, n: int) -> str:
    return {
        Deed.UPLOAD: _("You sent a file with rows of it on %(date)s."),
        Deed.ANSWER: _("You answered questions about a file of it on %(date)s."),
        Deed.ENTER: ngettext(
            "You typed %(n)s row of it, on %(date)s.",
            "You typed %(n)s rows of it, the last on %(date)s.",
            n,
        ),
        Deed.CORRECT: ngettext(
            "You corrected %(n)s row of it, on %(date)s.",
            "You corrected %(n)s rows of it, the last on %(date)s.",
            n,
        ),
        Deed.DELETE: ngettext(
            "You deleted %(n)s row of it, on %(date)s.",
            "You deleted %(n)s rows of it, the last on %(date)s.",
            n,
        ),
        Deed.DISCARD: ngettext(
            "You removed %(n)s held row of it, on %(date)s.",
            "You removed %(n)s held rows of it, the last on %(date)s.",
            n,
        ),
        Deed.ADMIT: ngettext(
            "You took in %(n)s late row of it, on %(date)s.",
            "You took in %(n)s late rows of it, the last on %(date)s.",
            n,
        ),
    }[Deed(deed)]
