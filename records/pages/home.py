"""What waits for the person who signed in: late, returned, due, odd; what is with others, and what became of it."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_safe

from agencies import access, invitations
from agencies.http import SignedInRequest
from agencies.models import Person
from agencies.roles import Permission
from records.collection.names import shown_name
from records.models import Notice, ReviewStep, Submission, Upload
from records.pages import marks
from records.review import calendar, inbox, profile, steps, submissions, volumes
from records.review.calendar import Expected, Periods, Standing
from records.review.due_dates import days_late
from standards.templatetags.words import quoted

SHOWN = 30  # tasks of one group; the list of submissions has all
READ = 300  # submissions that are looked at, the oldest first
BACK = 6  # periods that ended
SOON = timedelta(days=7)
BESIDE = 5  # lines of a list beside the tasks
Key = tuple[int, int, str]


@dataclass
class Task:
    """One line: what, for which period, when it is due, why it waits, and the one verb."""

    period: str
    agency: str
    title: str
    says: str
    verb: str
    url: str
    due: date | None = None
    days: int = 0  # from today to the due date
    late: bool = False
    first: bool = False  # carries the only filled button of the page
    begin: str = ""  # where the period is opened without a record
    when: str = ""


@dataclass(frozen=True)
class Group:
    """The tasks of one kind; `count` is how many there are, the list shows the first of them."""

    title: str
    tasks: list[Task]
    count: int
    urgent: bool = False
    quiet: bool = False


@require_safe
def home(request: SignedInRequest) -> HttpResponse:
    """What waits for the person; those who have nothing to do with submissions go to their desk."""
    person = request.user
    invited = invitations.waiting_for(person).exists()
    if not access.may(person, Permission.SEE_SUBMISSIONS):
        return redirect("agencies:invitations" if invited else _desk(person))
    day = _Day(person, timezone.localdate())
    groups = day.groups()
    if not groups and not invited and access.may(person, Permission.PUBLISH):
        return redirect("reports:releases")
    if groups:
        groups[0].tasks[0].first = True
    own = [entry for entry in day.owed if day.is_entered(entry)]
    context = {
        "groups": groups,
        "count": sum(group.count for group in groups if not group.quiet),
        "tells_days_late": any(task.late for group in groups for task in group.tasks),
        "calendar": marks.tables(own, BACK, day.today),
        "starts": marks.deliveries(own),
        "invited": invited,
        "others": day.with_others(),
        "published": [_told(n) for n in _published(person)],
        "unread": inbox.unread(person),
    }
    return render(request, "records/home.html", context)


def _desk(person: Person) -> str:
    """Where those work who have nothing to do with submissions."""
    if access.may(person, Permission.MANAGE_AGENCIES):
        return "agencies:agency_list"
    if access.may(person, Permission.MANAGE_PEOPLE):
        return "agencies:people"
    if access.may(person, Permission.SEE_LOG):
        return "agencies:log_since"
    return "reports:dashboard"


def _published(person: Person) -> Iterable[Notice]:
    return inbox.notices(person).filter(kind=Notice.Kind.PUBLISHED)[:BESIDE]


def _told(notice: Notice) -> dict[str, str]:
    return {"text": inbox.words(notice), "url": notice.link}


class _Day:
    """What a person's agencies owe on a day, and what of it waits for her: in a constant number of queries."""

    def __init__(self, person: Person, today: date) -> None:
        self.person, self.today = person, today
        self.enters = access.coverage(person, Permission.ENTER)
        self.owed = self._owed()
        self.by_key = {_key_of(entry): entry for entry in self.owed}
        waiting = submissions.waiting_for(person)
        self.count = waiting.count()
        self.rows = list(
            waiting.order_by("period", "pk").select_related(
                "agency", "instrument", "instrument_version"
            )[:READ]
        )

    def _owed(self) -> list[Expected]:
        """What she enters herself is shown with what is done; of others only what is still open."""
        alone = not (
            access.may(self.person, Permission.SIGN) or access.may(self.person, Permission.ACCEPT)
        )
        periods = Periods(back=BACK, ahead=1, unsettled=not alone)
        owed = calendar.expected_at(self.person, self.today, periods)
        if alone or not self.enters.duties:
            return owed
        ids = access.agency_ids(self.person, Permission.ENTER)
        own = calendar.expected(ids, self.today, Periods(back=BACK, ahead=1), covered=self.enters)
        others = [entry for entry in owed if not self.is_entered(entry)]
        return sorted(own + others, key=calendar.by_date)

    def is_entered(self, entry: Expected) -> bool:
        """Say whether the person enters it herself."""
        return self.enters.covers(entry.agency.pk, entry.version.instrument_id)

    def groups(self) -> list[Group]:
        """Return the groups that are not empty, the most urgent first."""
        late, due, later = self._to_begin()
        found: dict[str, list[Task]] = defaultdict(list)
        found["late"], found["due"], found["later"] = late, due, later
        found["waiting"] = _questions(self.person)
        questions = len(found["waiting"])
        for kind, task in self._begun():
            found[kind].append(task)
        for kind in ("late", "due", "later"):
            found[kind].sort(key=lambda task: (task.due or self.today, task.title))
        waiting = self.count - len(self.rows) + len(found["waiting"])
        overdue, elsewhere = self._at_agencies()
        groups = [
            _group(_("Late"), found["late"], urgent=True),
            _group(_("Returned to you"), found["returned"], urgent=True),
            _group(_("Due this week"), found["due"]),
            _group(_("Unusual"), found["odd"]),
            _group(_("Waiting"), found["waiting"], max(waiting, questions)),
            _group(_("Later"), found["later"], quiet=True),
            _group(_("Late at agencies"), overdue, elsewhere, quiet=True),
        ]
        return [group for group in groups if group.tasks]

    def _to_begin(self) -> tuple[list[Task], list[Task], list[Task]]:
        """What the person enters for and nobody has begun: late, due this week, due later."""
        late: list[Task] = []
        due: list[Task] = []
        later: list[Task] = []
        missing = [
            entry
            for entry in self.owed
            if not entry.begun
            and self.is_entered(entry)
            and entry.standing(self.today) in (Standing.LATE, Standing.DUE)
        ]
        known = volumes.histories({(e.agency.pk, e.instrument.pk) for e in missing})
        for entry in missing:
            usual = volumes.expected_volume(
                entry.period, known.get((entry.agency.pk, entry.instrument.pk), {})
            )
            task = self._dated(_not_begun(entry, usual), entry)
            is_late = entry.standing(self.today) == Standing.LATE
            soon = entry.dates.due <= self.today + SOON
            (late if is_late else due if soon else later).append(task)
        return late, due, later

    def _begun(self) -> Iterable[tuple[str, Task]]:
        """The submissions that wait for the person's step, each with its group."""
        open_rows = [row for row in self.rows if submissions.next_step(row) == "submit"]
        held = profile.held_counts(open_rows)
        last_back = _last_back(row for row in open_rows)
        volume = volumes.volumes(row for row in self.rows if not row.is_open)
        for row in self.rows:
            entry = self.by_key.get((row.agency_id, row.instrument_id, row.period))
            kind = self._kind(row, entry)
            task = _task(row, held.get(row.pk, 0), last_back.get(row.pk))
            if reasons := _odd(row, volume.get(row.pk)):
                kind, task.says = "odd", reasons
            yield kind, self._dated(task, entry) if entry and row.is_open else task

    def _kind(self, row: Submission, entry: Expected | None) -> str:
        if row.state == Submission.State.RETURNED or (row.is_open and row.version > 1):
            return "returned"
        if not row.is_open or entry is None:
            return "waiting"
        standing = entry.standing(self.today)
        if standing == Standing.LATE:
            return "late"
        return "due" if entry.dates.due <= self.today + SOON else "later"

    def _at_agencies(self) -> tuple[list[Task], int]:
        """What is late elsewhere, for those who do not enter it themselves: the first, and how many."""
        may_extend = access.may(self.person, Permission.ACCEPT)
        late = [
            entry
            for entry in self.owed
            if not self.is_entered(entry) and entry.standing(self.today) == Standing.LATE
        ]
        shown = (self._dated(_elsewhere(e, may_extend=may_extend), e) for e in late[:SHOWN])
        return list(shown), len(late)

    def _dated(self, task: Task, entry: Expected) -> Task:
        task.due, task.days = entry.dates.due, -days_late(entry.dates.due, self.today)
        task.late = entry.standing(self.today) == Standing.LATE
        task.when = _when(task, extended=entry.extended)
        return task

    def with_others(self) -> list[dict[str, Any]]:
        """What waits for somebody else, and for whom: the newest first."""
        mine = {(row.agency_id, row.instrument_id, row.period) for row in self.rows}
        back = {Standing.RETURNED, Standing.REOPENED}
        found = [
            entry
            for entry in reversed(self.owed)
            if _key_of(entry) not in mine
            and (
                entry.standing(self.today) == Standing.WITH_OTHERS
                or (entry.standing(self.today) in back and not self.is_entered(entry))
            )
        ][:BESIDE]
        waits = marks.whom_it_waits_for(found)
        return [
            {"entry": e, "url": inbox.place_of(e), "state": _state(e), "says": says}
            for e, says in zip(found, waits, strict=True)
        ]


def _key_of(entry: Expected) -> Key:
    return entry.agency.pk, entry.version.instrument_id, entry.period


def _state(entry: Expected) -> str:
    return str(Submission.State(entry.begun.state).label) if entry.begun else ""


def _group(
    title: str,
    tasks: list[Task],
    count: int | None = None,
    *,
    urgent: bool = False,
    quiet: bool = False,
) -> Group:
    return Group(title, tasks[:SHOWN], len(tasks) if count is None else count, urgent, quiet)


def _when(task: Task, *, extended: bool) -> str:
    if task.late:
        days = ngettext("%(n)s day late", "%(n)s days late", -task.days) % {"n": -task.days}
    elif task.days < 0:
        days = ngettext("%(n)s day over", "%(n)s days over", -task.days) % {"n": -task.days}
    elif task.days == 0:
        days = _("today")
    else:
        days = ngettext("in %(n)s day", "in %(n)s days", task.days) % {"n": task.days}
    return _("new date, %(days)s") % {"days": days} if extended else days


def _not_begun(entry: Expected, usual: int | None) -> Task:
    agency, instrument = entry.agency.code, entry.instrument.code
    says = _("Not begun.")
    if usual is not None:
        says = _("Not begun. By earlier periods about %(n)s records are expected.") % {"n": usual}
    return Task(
        entry.period,
        agency,
        entry.title,
        says,
        _("Send a file"),
        reverse("records:upload_new") + f"?delivery={agency}/{instrument}",
        begin=reverse("records:begin", args=[instrument, agency, entry.period]),
    )


def _elsewhere(entry: Expected, *, may_extend: bool) -> Task:
    says = _("Begun and not submitted.") if entry.begun else _("Nothing has come.")
    verb = _("Extend") if may_extend else _("Look at the date")
    names = entry.instrument.code, entry.agency.code, entry.period
    url = reverse("records:due_date", args=names)
    return Task(entry.period, entry.agency.code, entry.title, f"{entry.agency}. {says}", verb, url)


def _odd(row: Submission, volume: volumes.Volume | None) -> str:
    """Say what is unusual about a submission that was submitted; "" where nothing is."""
    sentences = []
    if volume and volume.is_odd:
        sentences.append(
            _("%(n)s records; about %(expected)s were expected.")
            % {"n": volume.records, "expected": volume.expected}
        )
    findings = row.profile.get("findings", []) if not row.is_open else []
    kinds = sum(f.get("severity") == "warning" for f in findings)
    if kinds:
        text = ngettext("%(n)s kind of warning.", "%(n)s kinds of warning.", kinds)
        sentences.append(text % {"n": kinds})
    return " ".join(sentences)


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


def _last_back(rows: Iterable[Submission]) -> dict[int, ReviewStep]:
    """Return by whom and why each was returned or reopened last, by its id."""
    back = (
        ReviewStep.objects.filter(submission__in=[row.pk for row in rows])
        .filter(verb__in=("return", "reopen"))
        .select_related("by")
        .order_by("submission_id", "-pk")
        .distinct("submission_id")
    )
    return {step.submission_id: step for step in back}


def _task(submission: Submission, held: int, back: ReviewStep | None) -> Task:
    says = submission.agency.name
    if held:
        says = ngettext(
            "%(n)s row is held and not counted until it is corrected.",
            "%(n)s rows are held and not counted until they are corrected.",
            held,
        ) % {"n": held}
    if submission.is_open and back:
        says = _("%(by)s, %(day)s: %(reason)s") % {
            "by": back.by,
            "day": date_format(timezone.localdate(back.at)),
            "reason": quoted(back.reason),
        }
    verb = str(steps.STEPS[submissions.next_step(submission)].label)
    return Task(
        submission.period,
        submission.agency.code,
        submission.instrument_version.title,
        says,
        _("Correct the rows") if held else verb,
        reverse("records:held", args=[submission.pk]) if held else submission.get_absolute_url(),
    )
