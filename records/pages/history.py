"""The history of a record and of a submission: who changed what, when, before and after, in the reader's words."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_safe

from agencies import access, audit, log
from agencies.http import SignedInRequest
from agencies.models import Event, Person
from agencies.roles import Permission
from records.collection import history
from records.collection.history import Change
from records.collection.names import shown_name
from records.instruments.spec import Spec, Variable
from records.instruments.versions import spec_of
from records.models import Handling, Record, Submission, Upload
from records.review.steps import STEPS
from standards import codelists
from standards.translation import active_language, in_language

BEGINNING = ("enter", "correct")  # a record is typed, or a held row becomes one


@dataclass(frozen=True)
class Difference:
    """One variable: its label, and what was stated before and after, as value labels."""

    label: str
    before: str
    after: str


@dataclass(frozen=True)
class Entry:
    """One line of a history: when, who, what, and the differences where there are any."""

    at: datetime
    who: str
    says: str
    reason: str = ""
    differences: tuple[Difference, ...] = ()
    record: int | None = None  # whose own history is linked


@require_safe
def record_history(request: SignedInRequest, record: int) -> HttpResponse:
    """One record from its beginning to its end, also when it is deleted; for those who see records."""
    mine = access.agencies(request.user, Permission.SEE_RECORDS)
    events = history.events().filter(pgh_obj_id=record, agency__in=mine)
    present = Record.objects.visible_to(request.user).filter(pk=record).first()
    last = present or events.order_by("-pgh_id").first()
    if last is None:
        raise Http404
    submission = _submission(request, last.submission_id)
    audit.record(
        "read_history",
        f"record:{record}",
        name=str(submission),
        by=request.user,
        agency=submission.agency,
    )
    before = _key(request)
    changes = history.changes(events, before)
    spec = spec_of(submission.instrument_version)
    entries = [_entry(change, spec) for change in changes[: history.PER_PAGE]]
    if len(changes) <= history.PER_PAGE:
        entries += _beginning(record, last, request.user)
    context = {
        "submission": submission,
        "title": last.record_ref,
        "record": present,
        "became": entries,
        "older": changes[history.PER_PAGE - 1].key if len(changes) > history.PER_PAGE else None,
    }
    return render(request, "records/history.html", context)


@require_safe
def submission_history(request: SignedInRequest, submission_id: int) -> HttpResponse:
    """The steps of a submission and whose hands were in it; for those who see records, every change of one."""
    submission = _submission(request, submission_id)
    sees = access.may(
        request.user, Permission.SEE_RECORDS, submission.agency, submission.instrument_id
    )
    context: dict[str, Any] = {"submission": submission, "title": "", "became": []}
    before = _key(request)
    if not before:
        context["became"] = sorted(
            [*_steps(submission), *_hands(submission)], key=lambda entry: entry.at, reverse=True
        )
    if sees:
        changes = history.changes(history.events().filter(submission=submission_id), before)
        spec = spec_of(submission.instrument_version)
        context["changed"] = [
            _entry(change, spec, linked=True) for change in changes[: history.PER_PAGE]
        ]
        if len(changes) > history.PER_PAGE:
            context["older"] = changes[history.PER_PAGE - 1].key
        audit.record(
            "read_history",
            f"submission:{submission.pk}",
            name=str(submission),
            by=request.user,
            agency=submission.agency,
        )
    return render(request, "records/history.html", context)


def _key(request: SignedInRequest) -> int | None:
    """The change before which the page stands. Raises Http404 for what is no key."""
    text = request.GET.get("before", "")
    if text and not (text.isascii() and text.isdecimal() and 0 < int(text[:20]) < 2**31):
        raise Http404
    return int(text) if text else None


def _submission(request: SignedInRequest, pk: int) -> Submission:
    related = ("agency", "instrument", "instrument_version")
    return get_object_or_404(
        Submission.objects.visible_to(request.user).select_related(*related), pk=pk
    )


def _entry(change: Change, spec: Spec, *, linked: bool = False) -> Entry:
    who = str(change.by or "")
    texts = {"number": change.number}
    if change.deleted:
        says = _("Deleted: record %(number)s.") % texts
    else:
        says = _("Changed: record %(number)s.") % texts
    record = change.record if linked else None
    return Entry(change.at, who, says, differences=_differences(change, spec), record=record)


def _differences(change: Change, spec: Spec) -> tuple[Difference, ...]:
    """The variables that differ; of a deleted record all that it held. Nothing where one side is not known."""
    if change.before is None or (change.after is None and not change.deleted):
        return ()
    after = change.after or {}
    return tuple(
        Difference(
            in_language(variable.label),
            said(variable, change.before.get(variable.name, "")),
            said(variable, after.get(variable.name, "")),
        )
        for variable in spec.variables
        if change.before.get(variable.name, "") != after.get(variable.name, "")
    )


def said(variable: Variable, text: str) -> str:
    """A value as people call it. Of a key that stands for a person only whether there is one."""
    if not text:
        return _("nothing")
    if variable.kind == "key":
        return _("a key")
    if variable.kind == "boolean":
        return _("yes") if text == "1" else _("no")
    if not variable.codelist:
        return text
    return codelists.load(variable.codelist).label(text, active_language())


def _beginning(number: int, record: Any, person: Person) -> list[Entry]:
    """How the record came: with a file, or typed by somebody."""
    upload = Upload.objects.select_related("instrument").filter(pk=record.upload_id or 0).first()
    if upload:
        says = _("Came with the file %(file)s.") % {"file": shown_name(upload, person)}
        return [Entry(upload.uploaded_at, str(upload.uploaded_by), says)]
    written = Event.objects.using(audit.SIDE).filter(subject=f"record:{number}")
    first = written.filter(verb__in=BEGINNING).order_by("at", "pk").first()
    return [
        Entry(line.event.at, "", line.sentence)
        for line in log.lines([first] if first else [], person)
    ]


def _steps(submission: Submission) -> list[Entry]:
    """The steps: which state became which, in which version, and why."""
    states = {state.value: str(state.label) for state in Submission.State}
    return [
        Entry(
            step.at,
            str(step.by),
            _("Version %(version)s: %(what)s.")
            % {"version": step.version, "what": str(STEPS[step.verb].done)},
            step.reason,
            (Difference(_("State"), states[step.source], states[step.target]),),
        )
        for step in submission.review_steps.select_related("by")
    ]


def _hands(submission: Submission) -> list[Entry]:
    """Whose hands were in its rows; deeds on one row each are many, so they are summed by person and day."""
    summed: dict[tuple[Any, ...], list[Handling]] = {}
    for deed in Handling.objects.filter(submission=submission).select_related("person"):
        summed.setdefault((deed.person_id, deed.deed, deed.version, deed.at.date()), []).append(
            deed
        )
    return [
        Entry(deeds[-1].at, str(deeds[-1].person), _of_hand(deeds[-1], sum(d.rows for d in deeds)))
        for deeds in summed.values()
    ]


def _of_hand(deed: Handling, rows: int) -> str:
    said = {
        Handling.Deed.UPLOAD: _("Sent a file with rows of it."),
        Handling.Deed.ANSWER: _("Answered questions about a file of it."),
        Handling.Deed.ENTER: ngettext("Typed %(n)s record.", "Typed %(n)s records.", rows),
        Handling.Deed.CORRECT: ngettext("Corrected %(n)s row.", "Corrected %(n)s rows.", rows),
        Handling.Deed.DELETE: ngettext("Deleted %(n)s record.", "Deleted %(n)s records.", rows),
        Handling.Deed.DISCARD: ngettext(
            "Removed %(n)s held row.", "Removed %(n)s held rows.", rows
        ),
        Handling.Deed.ADMIT: ngettext("Took in %(n)s late row.", "Took in %(n)s late rows.", rows),
        Handling.Deed.UNDO: _("Took back a file of it."),
    }[Handling.Deed(deed.deed)]
    return said % {"n": rows} if "%" in said else said
