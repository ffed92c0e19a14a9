"""What waits for the person who signed in, and how the last periods stand."""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.db.models import QuerySet
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_safe

from agencies import access, invitations
from agencies.http import SignedInRequest
from agencies.models import Agency, Person
from agencies.roles import Permission
from records.collection.names import shown_name
from records.instruments import deliveries, versions
from records.models import Instrument, InstrumentVersion, ReviewStep, Submission, Upload
from records.review import profile, steps, submissions
from standards import periods
from standards.periods import period_name, short_period_name
from standards.templatetags.words import quoted
from standards.translation import active_language

SHOWN = 30  # tasks of one group; the list of submissions has all
PERIODS = 6
MISSED = 2  # of these periods, the last for which a delivery that has not come is a task
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


@dataclass(frozen=True)
class Group:
    """The tasks of one kind; `count` is how many there are, the list shows the first of them."""

    title: str
    tasks: list[Task]
    count: int
    urgent: bool = False
    quiet: bool = False


@dataclass(frozen=True)
class Delivery:
    """What an agency delivers: an instrument in its newest version, with its last submissions."""

    agency: Agency
    version: InstrumentVersion
    periods: list[str]  # the last that ended, oldest first
    submissions: dict[str, Submission]  # by period

    @property
    def instrument(self) -> Instrument:
        return self.version.instrument

    @property
    def title(self) -> str:
        return self.version.title


@require_safe
def home(request: SignedInRequest) -> HttpResponse:
    """What waits for the person; those who have nothing to do with submissions go to their desk."""
    invited = invitations.waiting_for(request.user).exists()
    if not access.may(request.user, Permission.SEE_SUBMISSIONS):
        return redirect("agencies:invitations" if invited else _desk(request.user))
    deliveries = _deliveries(request.user)
    groups = _groups(request.user, deliveries)
    if not groups and not invited and access.may(request.user, Permission.PUBLISH):
        return redirect("reports:releases")
    if groups:
        groups[0].tasks[0].first = True
    context = {
        "groups": groups,
        "count": sum(group.count for group in groups),
        "calendar": _calendar(deliveries),
        "starts": deliveries,
        "invited": invited,
    }
    return render(request, "records/home.html", context)


def _desk(person: Person) -> str:
    """Where those work who have nothing to do with submissions."""
    if access.may(person, Permission.MANAGE_AGENCIES):
        return "agencies:agency_list"
    if access.may(person, Permission.MANAGE_PEOPLE):
        return "agencies:people"
    return "reports:dashboard"


def _deliveries(person: Person) -> list[Delivery]:
    """What the person enters for, with the submissions of the last periods: in four queries."""
    pairs = deliveries.offered_to(person)
    newest = versions.current_of(instrument for _agency, instrument in pairs)
    today = timezone.localdate()
    ended = {
        pk: periods.last_periods(version.content["frequency"], today, PERIODS)
        for pk, version in newest.items()
    }
    recent = Submission.objects.filter(
        agency__in={agency.pk for agency, _instrument in pairs},
        instrument__in=newest,
        period__in={period for names in ended.values() for period in names},
    )
    by_delivery: dict[tuple[int, int], dict[str, Submission]] = defaultdict(dict)
    for submission in recent:
        key = submission.agency_id, submission.instrument_id
        by_delivery[key][submission.period] = submission
    return [
        Delivery(agency, newest[i.pk], ended[i.pk], by_delivery[agency.pk, i.pk])
        for agency, i in pairs
    ]


def _groups(person: Person, deliveries: list[Delivery]) -> list[Group]:
    waiting = submissions.waiting_for(person).select_related(
        "agency", "instrument", "instrument_version"
    )
    returned = waiting.filter(state=Submission.State.RETURNED).order_by("period")
    others = waiting.exclude(state=Submission.State.RETURNED).order_by("period")
    questions = _questions(person)
    not_started = list(_not_started(deliveries))
    groups = [
        Group(_("Returned to you"), _tasks(returned), returned.count(), urgent=True),
        Group(_("Waiting"), questions + _tasks(others), len(questions) + others.count()),
        Group(_("Not started"), not_started, len(not_started), quiet=True),
    ]
    return [group for group in groups if group.tasks]


def _questions(person: Person) -> list[Task]:
    """The uploads whose questions the person may answer."""
    asking = Upload.objects.filter(
        access.covered(person, Permission.ENTER), state=Upload.State.NEEDS_ANSWERS
    )
    return [
        Task(
            "",
            upload.agency.code,
            shown_name(upload, person),
            _("The file is read. Questions about its columns or values are open."),
            _("Answer"),
            upload.get_absolute_url(),
        )
        for upload in asking.select_related("agency", "instrument").defer("report")
    ]


def _tasks(waiting: QuerySet[Submission]) -> list[Task]:
    rows = list(waiting[:SHOWN])
    held = profile.held_counts(row for row in rows if submissions.next_step(row) == "submit")
    returns = (
        ReviewStep.objects.filter(submission__in=rows, verb="return")
        .select_related("by")
        .order_by("submission_id", "-pk")
        .distinct("submission_id")
    )
    last_return = {step.submission_id: step for step in returns}
    return [_task(row, held.get(row.pk, 0), last_return.get(row.pk)) for row in rows]


def _task(submission: Submission, held: int, last_return: ReviewStep | None) -> Task:
    says = submission.agency.name
    if held:
        says = ngettext(
            "%(n)s row is held and not counted until it is corrected.",
            "%(n)s rows are held and not counted until they are corrected.",
            held,
        ) % {"n": held}
    if submission.state == Submission.State.RETURNED and last_return:
        says = f"{last_return.by}: {quoted(last_return.reason)}"
    verb = str(steps.STEPS[submissions.next_step(submission)].label)
    return Task(
        submission.period,
        submission.agency.code,
        submission.instrument_version.title,
        says,
        _("Correct the rows") if held else verb,
        reverse("records:held", args=[submission.pk]) if held else submission.get_absolute_url(),
    )


def _not_started(deliveries: list[Delivery]) -> Iterator[Task]:
    """The last periods of each delivery for which nothing has come, newest first."""
    for delivery in deliveries:
        agency, instrument = delivery.agency.code, delivery.instrument.code
        for period in reversed(delivery.periods[-MISSED:]):
            if period not in delivery.submissions:
                yield Task(
                    period,
                    agency,
                    delivery.title,
                    _("Nothing has come for this period yet."),
                    _("Send a file"),
                    reverse("records:upload_new") + f"?delivery={agency}/{instrument}",
                    begin=reverse("records:begin", args=[instrument, agency, period]),
                )


def _calendar(deliveries: list[Delivery]) -> list[dict[str, Any]]:
    """One table for each frequency: deliveries down, the last periods across."""
    language = active_language()
    tables: dict[str, dict[str, Any]] = {}
    for delivery in deliveries:
        heads = [short_period_name(period, language) for period in delivery.periods]
        table = tables.setdefault(
            delivery.version.content["frequency"], {"heads": heads, "lines": []}
        )
        marks = [_mark(p, delivery.submissions.get(p), language) for p in delivery.periods]
        line = {"title": delivery.title, "agency": delivery.agency.code, "marks": marks}
        table["lines"].append(line)
    return list(tables.values())


def _mark(period: str, submission: Submission | None, language: str) -> dict[str, str]:
    state = submission.get_state_display() if submission else _("not started")
    return {
        "label": f"{period_name(period, language)}: {state}",
        "shape": SHAPES[submission.state] if submission else "",
        "url": submission.get_absolute_url() if submission else "",
    }
