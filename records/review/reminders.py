"""Telling people of dates: what is due soon and what has become late. Found again, it is not told again."""

from datetime import date, timedelta

from django.utils import timezone

from agencies import access, scope
from agencies.models import Agency, Person
from agencies.roles import Permission, Role
from records.models import Notice
from records.review import inbox
from records.review.calendar import Expected, Periods, Standing, expected

SOON = timedelta(days=3)
NO_NEWS = timedelta(days=31)  # what has been late for longer is not told of when reminders begin
BACK = 3  # periods


def remind() -> int:
    """Put what is due soon or late into the inboxes of those it concerns; return how many were found.

    Safe to run at any time and by several at once: the key of a notice names the event. Beat has this
    done once an hour.
    """
    agencies = list(Agency.objects.filter(is_active=True).values_list("pk", flat=True))
    today = timezone.localdate()
    with scope.working(agencies):
        enters, desk = _holders(Permission.ENTER), _holders(*inbox.AT_THE_DESK)
        since = timezone.now() - 3 * NO_NEWS
        told = set(Notice.objects.filter(at__gte=since).values_list("key", flat=True))
        news = 0
        for entry in expected(agencies, today, Periods(back=BACK, unsettled=True)):
            kind = _kind_of_news(entry, today)
            if kind is None or inbox.key_of(entry, kind) in told:
                continue
            news += 1
            told_of = enters if kind == Notice.Kind.DUE else desk
            people = told_of.get(entry.agency, [])
            people = access.covering(people, entry.agency, entry.version.instrument_id)
            tell = inbox.reminded if kind == Notice.Kind.DUE else inbox.late
            tell(entry, people)
        return news


def _kind_of_news(entry: Expected, today: date) -> Notice.Kind | None:
    standing, dates = entry.standing(today), entry.dates
    if standing == Standing.DUE and today <= dates.due <= today + SOON:
        return Notice.Kind.DUE
    if standing == Standing.LATE and dates.late_after > today - NO_NEWS:
        return Notice.Kind.LATE
    return None


def _holders(*permissions: Permission) -> dict[Agency, list[Person]]:
    roles = [r for r in Role if r.permissions & set(permissions) and not r.reaches_every_agency]
    return access.holders(*roles)
