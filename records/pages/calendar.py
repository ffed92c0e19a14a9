"""The calendar of due dates by month, and the same as a file that programs of calendars read."""

import calendar as weeks
from collections import defaultdict
from datetime import date, timedelta
from typing import Any

from django.contrib import messages
from django.core.signing import BadSignature, Signer
from django.db.models import F
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext, override
from django.views.decorators.http import require_POST, require_safe

from agencies import access, audit, scope
from agencies.http import SignedInRequest
from agencies.models import Person
from agencies.readers import always_open
from agencies.roles import Permission
from records.models import Holiday, Reader
from records.review import digests, feeds, inbox
from records.review.calendar import Expected, Periods, Standing, expected_at
from standards.periods import InvalidPeriod, Period, period_in_text
from standards.translation import active_language

SALT = "records.calendars"
BACK, AHEAD = 13, 4  # periods; of months a year back, and three that have not ended
FED = timedelta(days=200)  # how far back a program of calendars is told of due dates
SHAPES = {
    Standing.LATE: "r",
    Standing.RETURNED: "r",
    Standing.WITH_OTHERS: "s",
    Standing.DONE: "a",
}


@require_safe
def month(request: SignedInRequest) -> HttpResponse:
    """One month of due dates and holidays, of what concerns the person."""
    access.require(request.user, Permission.SEE_SUBMISSIONS)
    today = timezone.localdate()
    shown = _month_of(request.GET.getlist("month"), today)
    first, last = shown.first_day, shown.last_day
    entries = defaultdict(list)
    for line in _lines(request.user, today, (first, last)):
        entries[line["day"]].append(line)
    holidays = {(h.month, h.day): h.name for h in _holidays_of(first)}
    days = [
        [_day(day, first, today, entries, holidays) for day in week]
        for week in weeks.Calendar().monthdatescalendar(first.year, first.month)
    ]
    context = {
        "shown": shown,
        "before": shown.next(-1),
        "after": shown.next(),
        "weeks": days,
        "heads": [day["day"] for day in days[0]],
        "count": sum(map(len, entries.values())),
        "keeps_holidays": access.may(request.user, Permission.ACCEPT),
        "feed": digests.address(_feed_path(request.user)),
    }
    return render(request, "records/calendar.html", context)


def _month_of(texts: list[str], today: date) -> Period:
    """Return the month that is asked for, this one without a question. Raises Http404."""
    if not texts:
        return Period.of(today, "M")
    try:
        shown = Period.parse(texts[0])
    except InvalidPeriod:
        raise Http404 from None
    if len(texts) > 1 or shown.frequency != "M" or abs(shown.year - today.year) > 5:
        raise Http404
    return shown


def _holidays_of(first: date) -> list[Holiday]:
    return [h for h in Holiday.objects.filter(month=first.month) if h.year in (None, first.year)]


def _day(
    day: date, first: date, today: date, entries: dict[date, Any], holidays: dict[Any, str]
) -> dict[str, Any]:
    inside = day.month == first.month
    return {
        "day": day,
        "inside": inside,
        "today": day == today,
        "entries": entries.get(day, []) if inside else [],
        "holiday": holidays.get((day.month, day.day), "") if inside else "",
    }


def _lines(person: Person, today: date, due: tuple[date, date]) -> list[dict[str, Any]]:
    """What is due to or from the person's agencies; who sees all agencies gets a line for many of them."""
    owed = expected_at(person, today, Periods(BACK, AHEAD, due))
    by_line: dict[tuple[Any, ...], list[Expected]] = defaultdict(list)
    together = access.may(person, Permission.ACCEPT)
    for entry in owed:
        whose = "" if together else entry.agency.code
        by_line[entry.instrument.code, entry.period, whose, entry.dates.due].append(entry)
    return [_line(key[3], key[2], entries, today) for key, entries in by_line.items()]


def _line(day: date, whose: str, entries: list[Expected], today: date) -> dict[str, Any]:
    """One line of a day. `whose`: the agency; "" where the line is of all whose date it is."""
    first, many = entries[0], len(entries)
    standings = {entry.standing(today) for entry in entries}
    worst = next((s for s in Standing if s in standings and s in SHAPES), None)
    places = ", ".join(entry.agency.code for entry in entries[:3])
    if many > 3:
        places = ngettext("%(n)s agency", "%(n)s agencies", many) % {"n": many}
    url = inbox.place_of(first)
    if many > 1:
        url = reverse("records:submissions") + f"?instrument={first.instrument.code}"
    return {
        "day": day,
        "title": first.title,
        "period": first.period,
        "places": places,
        "shape": SHAPES.get(worst, "") if worst else "",
        "state": _state(worst),
        "url": url,
        "uid": f"{first.instrument.code}.{first.period}.{whose or day}@migdata",
    }


def _state(worst: Standing | None) -> str:
    """Say what the mark of a line means: how the one of its submissions stands that stands worst."""
    if worst is None:
        return _("not started")
    words = {"r": _("late or returned"), "s": _("submitted or signed"), "a": _("accepted")}
    return words[SHAPES[worst]]


@require_POST
def renew(request: SignedInRequest) -> HttpResponse:
    """Give the person's calendar another address; the one before answers no more."""
    access.require(request.user, Permission.SEE_SUBMISSIONS)
    digests.reader(request.user)
    Reader.objects.filter(person=request.user).update(calendar=F("calendar") + 1)
    audit.record(
        "calendar_address", f"person:{request.user.pk}", name=request.user.email, by=request.user
    )
    messages.success(request, _("The calendar has a new address. The one before answers no more."))
    return redirect("records:calendar")


def _feed_path(person: Person) -> str:
    number = Reader.objects.filter(person=person).values_list("calendar", flat=True).first() or 1
    token = Signer(salt=SALT).sign(f"{person.pk}.{number}")
    return reverse("records:calendar_file", args=[token])


# Programs of calendars have no session: the address is the secret, and says only dates.
@always_open
@require_safe
def file(request: HttpRequest, token: str) -> HttpResponse:
    """The due dates of the person whose address it is, in her language."""
    person = _owner(token)
    if person is None:
        raise Http404
    scope.open_for(person)
    language = person.language or "en"
    with override(language):
        text = feeds.calendar_file(
            _("Due dates"), _entries(person), language=language, stamp=timezone.now()
        )
    return HttpResponse(
        text,
        content_type="text/calendar; charset=utf-8",
        headers={"Cache-Control": "private, no-store", "Content-Disposition": "inline"},
    )


def _owner(token: str) -> Person | None:
    try:
        pk, _dot, number = Signer(salt=SALT).unsign(token).partition(".")
        person = Person.objects.filter(pk=int(pk), is_active=True).first()
    except (BadSignature, ValueError):
        return None
    if person is None or not access.may(person, Permission.SEE_SUBMISSIONS):
        return None
    current = Reader.objects.filter(person=person).values_list("calendar", flat=True).first() or 1
    return person if str(current) == number else None


def _entries(person: Person) -> list[feeds.Entry]:
    today = timezone.localdate()
    return [
        feeds.Entry(
            line["uid"],
            line["day"],
            _("%(title)s, %(period)s: due")
            % {"title": line["title"], "period": period_in_text(line["period"], active_language())},
            line["places"],
            digests.address(line["url"]),
        )
        for line in _lines(person, today, (today - FED, date.max))
    ]
