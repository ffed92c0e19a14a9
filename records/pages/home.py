"""What waits for the person who signed in, and how the last periods stand."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.db.models import QuerySet
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from agencies import access
from agencies.http import SignedInRequest
from agencies.models import Agency
from agencies.roles import Permission
from records.instruments.versions import current
from records.models import HeldRow, Instrument, Submission, Upload
from records.review import steps, submissions
from standards import periods
from standards.periods import period_name, short_period_name
from standards.templatetags.words import quoted
from standards.translation import active_language

SHOWN = 30  # tasks of one group; the list of submissions has all
PERIODS = 6
ASKED_FOR = 2  # periods back for which a delivery is missed
SHAPES = {"ACCEPTED": "a", "SUBMITTED": "s", "SIGNED": "s", "RETURNED": "r", "DRAFT": "p"}


@dataclass
class Task:
    """One line: what, for which period, why it waits, and the one verb."""

    period: str
    agency: str
    title: str
    says: str
    verb: str
    url: str
    first: bool = False  # carries the only filled button of the page
    begin: str = ""  # where the period is opened without a record


def home(request: SignedInRequest) -> HttpResponse:
    if not access.may(request.user, Permission.SEE_SUBMISSIONS):
        return redirect(_desk(request.user))
    delivered = _deliveries(request.user)
    groups = _groups(request, delivered)
    if not groups and access.may(request.user, Permission.PUBLISH):
        return redirect("reports:releases")
    if groups:
        groups[0]["tasks"][0].first = True
    context = {
        "groups": groups,
        "count": sum(group.get("count", len(group["tasks"])) for group in groups),
        "calendar": _calendar(request, delivered),
        "starts": [
            {"agency": agency, "instrument": instrument, "title": current(instrument).title}
            for agency, instrument in delivered
        ],
    }
    return render(request, "records/home.html", context)


def _desk(person: access.Anyone) -> str:
    """Where those work who have nothing to do with submissions."""
    if access.may(person, Permission.MANAGE_AGENCIES):
        return "agencies:agency_list"
    return (
        "agencies:people" if access.may(person, Permission.MANAGE_PEOPLE) else "reports:dashboard"
    )


def _deliveries(person: access.Anyone) -> list[tuple[Agency, Instrument]]:
    """What the person enters for: each agency with each of its instruments."""
    entered = access.agencies(person, Permission.ENTER).prefetch_related("instruments")
    return [(agency, instrument) for agency in entered for instrument in agency.instruments.all()]


def _groups(
    request: SignedInRequest, delivered: list[tuple[Agency, Instrument]]
) -> list[dict[str, Any]]:
    waiting = submissions.waiting_for(request.user).select_related(
        "agency", "instrument", "instrument_version"
    )
    back = waiting.filter(state=Submission.State.RETURNED).order_by("period")
    on = waiting.exclude(state=Submission.State.RETURNED).order_by("period")
    questions = list(_questions(request))
    groups: list[dict[str, Any]] = [
        {
            "title": _("Returned to you"),
            "tasks": _tasks(back),
            "count": back.count(),
            "urgent": True,
        },
        {
            "title": _("Waiting"),
            "tasks": questions + _tasks(on),
            "count": len(questions) + on.count(),
        },
        {"title": _("Not started"), "tasks": list(_not_started(delivered)), "quiet": True},
    ]
    return [group for group in groups if group["tasks"]]


def _questions(request: SignedInRequest) -> Iterable[Task]:
    asked = Upload.objects.visible_to(request.user).filter(state=Upload.State.NEEDS_ANSWERS)
    for upload in asked.select_related("agency", "instrument").defer("report"):
        if access.may(request.user, Permission.ENTER, upload.agency):
            yield Task(
                "",
                upload.agency.code,
                str(upload),
                _("The file is read. Questions about its columns or values are open."),
                _("Answer"),
                upload.get_absolute_url(),
            )


def _tasks(waiting: QuerySet[Submission]) -> list[Task]:
    return [_task(submission, submissions.next_step(submission)) for submission in waiting[:SHOWN]]


def _task(submission: Submission, verb: str) -> Task:
    missing = HeldRow.open_rows.missing_from(submission).errors()
    held = missing.count() if verb == "submit" else 0
    says = submission.agency.name
    if held:
        says = ngettext(
            "%(n)s row is held and not counted until it is corrected.",
            "%(n)s rows are held and not counted until they are corrected.",
            held,
        ) % {"n": held}
    if submission.state == Submission.State.RETURNED:
        last = submission.review_steps.filter(verb="return").last()
        says = f"{last.by}: {quoted(last.reason)}" if last else says
    return Task(
        submission.period,
        submission.agency.code,
        submission.instrument_version.title,
        says,
        _("Correct the rows") if held else str(steps.STEPS[verb].label),
        reverse("records:held", args=[submission.pk]) if held else submission.get_absolute_url(),
    )


def _not_started(delivered: list[tuple[Agency, Instrument]]) -> Iterable[Task]:
    """The last periods of each delivery for which nothing has come, newest first."""
    for agency, instrument in delivered:
        version = current(instrument)
        ended = periods.last_periods(version.content["frequency"], timezone.localdate(), ASKED_FOR)
        there = set(
            Submission.objects.filter(
                agency=agency, instrument=instrument, period__in=ended
            ).values_list("period", flat=True)
        )
        for period in reversed(ended):
            if period not in there:
                yield Task(
                    period,
                    agency.code,
                    version.title,
                    _("Nothing has come for this period yet."),
                    _("Send a file"),
                    reverse("records:upload_new") + f"?delivery={agency.code}/{instrument.code}",
                    begin=reverse("records:begin", args=[instrument.code, agency.code, period]),
                )


def _calendar(
    request: SignedInRequest, delivered: list[tuple[Agency, Instrument]]
) -> list[dict[str, Any]]:
    """One table for each frequency: deliveries down, the last periods across."""
    language = active_language()
    tables: dict[str, dict[str, Any]] = {}
    for agency, instrument in delivered:
        version = current(instrument)
        frequency = version.content["frequency"]
        shown = periods.last_periods(frequency, timezone.localdate(), PERIODS)
        there = {
            s.period: s
            for s in Submission.objects.filter(
                agency=agency, instrument=instrument, period__in=shown
            )
        }
        table = tables.setdefault(
            frequency, {"heads": [short_period_name(p, language) for p in shown], "lines": []}
        )
        marks = [_mark(p, there.get(p), language) for p in shown]
        table["lines"].append({"title": version.title, "agency": agency.code, "marks": marks})
    return list(tables.values())


def _mark(period: str, submission: Submission | None, language: str) -> dict[str, str]:
    state = submission.get_state_display() if submission else _("not started")
    return {
        "label": f"{period_name(period, language)}: {state}",
        "shape": SHAPES[submission.state] if submission else "",
        "url": submission.get_absolute_url() if submission else "",
    }
