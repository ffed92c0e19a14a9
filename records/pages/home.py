"""What waits for the person who signed in."""

from dataclasses import dataclass

from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from agencies import access
from agencies.access import Permission
from agencies.http import SignedInRequest
from records import review
from records.models import HeldRow, Submission, Upload

SHOWN = 30


@dataclass(frozen=True)
class Task:
    """One line: what, why it waits, and the one verb."""

    title: str
    says: str
    verb: str
    url: str
    chip: str


def home(request: SignedInRequest) -> HttpResponse:
    if not request.user.is_authenticated:
        return redirect("reports:dashboard")
    if not access.may(request.user, Permission.SEE_SUBMISSIONS):
        admin = access.may(request.user, Permission.MANAGE_PEOPLE)
        return redirect("agencies:people" if admin else "reports:dashboard")
    tasks = _tasks(request)
    context = {
        "tasks": tasks[:SHOWN],
        "count": len(tasks),
        "may_enter": access.may(request.user, Permission.ENTER),
        "starts": [
            {"agency": agency, "instrument": collection, "title": version.title}
            for agency in access.agencies(request.user, Permission.ENTER)
            for collection in agency.instruments.all()
            for version in [collection.versions.latest("number")]
        ],
    }
    return render(request, "records/home.html", context)


def _tasks(request: SignedInRequest) -> list[Task]:
    asked = Upload.objects.visible_to(request.user).filter(state=Upload.State.NEEDS_ANSWERS)
    tasks = [
        Task(
            str(upload),
            _("The file is read. Questions about its columns or values are open."),
            _("Answer"),
            upload.get_absolute_url(),
            "marked",
        )
        for upload in asked
        if access.may(request.user, Permission.ENTER, upload.agency)
    ]
    waiting = Submission.objects.visible_to(request.user).exclude(state=Submission.State.ACCEPTED)
    for submission in waiting.select_related("agency", "instrument", "instrument_version"):
        verbs = [v for v in review.steps_open_to(request.user, submission) if v != "return"]
        if verbs:
            tasks.append(_task(submission, verbs[0]))
    return tasks


def _task(submission: Submission, verb: str) -> Task:
    held = submission.held_rows.filter(kind=HeldRow.Kind.ERROR).count() if verb == "submit" else 0
    says = (
        ngettext(
            "%(n)s row is held and not counted until it is corrected.",
            "%(n)s rows are held and not counted until they are corrected.",
            held,
        )
        % {"n": held}
        if held
        else submission.agency.name
    )
    if submission.state == Submission.State.RETURNED:
        last = submission.passages.filter(verb="return").last()
        says = f"“{last.reason}”, {last.by}" if last else says
    url = reverse("records:held", args=[submission.pk]) if held else submission.get_absolute_url()
    label = _("Correct the rows") if held else str(review.STEPS[verb].label)
    title = f"{submission.instrument_version.title}, {submission.period}"
    return Task(title, says, label, url, submission.state.lower())
