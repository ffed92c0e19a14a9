"""Setting due dates: the rule of an agency, a later date for one submission, holidays, days of rest.

Everything here is done by statistics staff (`Permission.ACCEPT`) and leaves an event.
"""

from collections.abc import Collection, Mapping, Sequence
from datetime import date, timedelta
from typing import Any

from django.db import transaction
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from agencies import access, audit
from agencies.models import Agency, Person
from agencies.refusal import Refused
from agencies.roles import Permission
from records.instruments import versions
from records.models import DueRule, Extension, Holiday, Instrument, RestDay
from records.review import calendar, inbox
from records.review.due_dates import CALENDAR, WORKING, problem_of, rule_of
from records.review.holiday_files import Line
from standards.languages import LANGUAGES
from standards.periods import InvalidPeriod, Period

FURTHEST = timedelta(days=366)  # of an extension, from today
MOST_DAYS, MOST_GRACE = 366, 92
LONGEST_REASON = 1000


@transaction.atomic
def extend(
    agency: Agency,
    instrument: Instrument,
    period: str,
    until: date | None,
    reason: str,
    *,
    by: Person,
) -> Extension:
    """Give one submission a later due date, and tell the agency.

    Raises `Denied`, and `Refused` without a reason, for a date in the past, one that is no later than
    the date in force, or one on which nobody works; for a period the agency does not owe; and where the
    submission has arrived.
    """
    access.require(by, Permission.ACCEPT, agency, instrument.pk)
    Agency.objects.select_for_update(no_key=True).get(
        pk=agency.pk
    )  # two extensions one after the other
    expected = _owed(agency, instrument, period)
    reason = reason.strip()
    _refuse_date(expected, until, reason)
    assert until is not None  # noqa: S101 - refused above
    given = Extension.objects.create(
        agency=agency, instrument=instrument, period=period, until=until, reason=reason, by=by
    )
    inbox.extended(expected, until, reason, by=by)
    audit.record(
        "extend",
        f"instrument:{instrument.code}",
        name=instrument.code,
        by=by,
        agency=agency,
        period=period,
        until=until.isoformat(),
    )
    return given


def _owed(agency: Agency, instrument: Instrument, period: str) -> calendar.Expected:
    frequency = versions.current(instrument).content["frequency"]
    try:
        named = Period.parse(period)
    except InvalidPeriod:
        named = None
    if named is None or named.frequency != frequency:
        raise Refused(_("%(period)s is no period of this instrument.") % {"period": period[:20]})
    if not agency.instruments.filter(pk=instrument.pk).exists():
        raise Refused(_("%(agency)s does not deliver this instrument.") % {"agency": agency})
    return calendar.one(agency, instrument, named)


def _refuse_date(expected: calendar.Expected, until: date | None, reason: str) -> None:
    """Raise `Refused` with the first thing that is wrong."""
    today, due = timezone.localdate(), expected.dates.due
    arrived = expected.standing(today) in (calendar.Standing.DONE, calendar.Standing.WITH_OTHERS)
    day = until or today
    problems = (
        (not reason, _("Say why. The agency reads exactly this text.")),
        (
            len(reason) > LONGEST_REASON,
            _("The reason is too long: at most %(n)s characters.") % {"n": LONGEST_REASON},
        ),
        (until is None, _("Name the new due date.")),
        (day < today, _("A due date cannot lie in the past.")),
        (
            day <= due,
            _("It is due on %(day)s already. An extension names a later day.")
            % {"day": date_format(due)},
        ),
        (day > today + FURTHEST, _("An extension reaches at most a year ahead.")),
        (
            not calendar.working_days().works(day),
            _("Nobody works on this day. Name a working day."),
        ),
        (arrived, _("It was submitted; there is nothing to extend.")),
    )
    for holds, text in problems:
        if holds:
            raise Refused(text)


@transaction.atomic
def set_rule(
    agency: Agency, instrument: Instrument, said: Mapping[str, str], *, by: Person
) -> None:
    """Set what differs for an agency: `days`, `counted`, `grace`, `first_period`, as they were typed.

    What the instrument says too is not kept, so that it goes on with the instrument; where nothing differs, the rule
    is taken back. Raises `Denied`, and `Refused` with what is wrong.
    """
    access.require(by, Permission.ACCEPT, agency, instrument.pk)
    if not agency.instruments.filter(pk=instrument.pk).exists():
        raise Refused(_("%(agency)s does not deliver this instrument.") % {"agency": agency})
    fields = differing(instrument, said)
    ours = DueRule.objects.filter(agency=agency, instrument=instrument)
    if all(value in (None, "") for value in fields.values()):
        ours.delete()
    else:
        DueRule.objects.update_or_create(
            agency=agency, instrument=instrument, defaults={**fields, "set_by": by}
        )
    subject = f"instrument:{instrument.code}"
    audit.record("due_rule", subject, name=instrument.code, by=by, agency=agency, **fields)


def differing(instrument: Instrument, said: Mapping[str, str]) -> dict[str, Any]:
    """Return `days`, `counted`, `grace`, `first_period` as they were typed, None or "" where the instrument says so too.

    Raises `Refused` with what is wrong.
    """
    counted = said.get("counted", "").strip()
    if counted not in ("", WORKING, CALENDAR):
        raise Refused(_("Days are counted as working days or as calendar days."))
    fields: dict[str, Any] = {
        "days": _number(said.get("days", ""), 1, MOST_DAYS),
        "counted": counted,
        "grace": _number(said.get("grace", ""), 0, MOST_GRACE),
        "first_period": _first_period(instrument, said.get("first_period", "").strip()),
    }
    rule = rule_of(versions.current(instrument).content)
    for name, nothing in (("days", None), ("counted", ""), ("grace", None)):
        if fields[name] == getattr(rule, name):
            fields[name] = nothing
    return fields


def _number(text: str, low: int, high: int) -> int | None:
    text = text.strip()
    if not text:
        return None
    if not (text.isascii() and text.isdecimal() and len(text) < 5 and low <= int(text) <= high):
        raise Refused(
            _("State a whole number from %(low)s to %(high)s.") % {"low": low, "high": high}
        )
    return int(text)


def _first_period(instrument: Instrument, text: str) -> str:
    if not text:
        return ""
    frequency = versions.current(instrument).content["frequency"]
    try:
        period = Period.parse(text)
    except InvalidPeriod:
        period = None
    if period is None or period.frequency != frequency:
        raise Refused(_("%(period)s is no period of this instrument.") % {"period": text[:20]})
    return str(period)


@transaction.atomic
def add_holiday(said: Mapping[str, str], *, by: Person) -> Holiday:
    """Add a holiday as it was typed: `year` (empty: every year), `month`, `day`, a name by language.

    Raises `Denied`, and `Refused` for what is no day, is a holiday already, or lacks a name.
    """
    access.require(by, Permission.ACCEPT)
    number = _number(said.get("year", ""), 1990, 2199)
    try:  # 2024: a year with 29 February
        when = date(number or 2024, int(said.get("month", "")), int(said.get("day", "")))
    except (ValueError, OverflowError):
        raise Refused(_("There is no such day.")) from None
    names = {language: said.get(language, "").strip()[:100] for language in LANGUAGES}
    if not all(names.values()):
        raise Refused(_("Name the holiday in all three languages."))
    if Holiday.objects.filter(year=number, month=when.month, day=when.day).exists():
        raise Refused(_("This day is a holiday already."))
    holiday = Holiday.objects.create(year=number, month=when.month, day=when.day, names=names)
    audit.record("add", f"holiday:{holiday}", name=str(holiday), by=by)
    return holiday


@transaction.atomic
def take_holidays(lines: Sequence[Line], *, by: Person) -> int:
    """Save the new and the changed holidays of a file, and return how many; those it does not name stay.

    Raises `Denied`, and `Refused` where a line is wrong or nothing is changed: then nothing is saved.
    """
    access.require(by, Permission.ACCEPT)
    if any(line.kind == "wrong" for line in lines):
        raise Refused(_("A line of the file is wrong. Nothing was saved."))
    taken = [line for line in lines if line.kind in ("new", "changed")]
    if not taken:
        raise Refused(_("Nothing is changed: these holidays are known."))
    for line in taken:
        holiday, is_new = Holiday.objects.update_or_create(
            year=line.year, month=line.month, day=line.day, defaults={"names": dict(line.names)}
        )
        verb = "add" if is_new else "rename"
        audit.record(verb, f"holiday:{holiday}", name=str(holiday), by=by)
    return len(taken)


@transaction.atomic
def remove_holiday(holiday: Holiday, *, by: Person) -> None:
    """Remove a holiday; due dates that it had moved move back."""
    access.require(by, Permission.ACCEPT)
    audit.record("remove", f"holiday:{holiday}", name=str(holiday), by=by)
    holiday.delete()


@transaction.atomic
def set_rest_days(weekdays: Collection[str], *, by: Person) -> None:
    """Say on which days of the week nobody works, as numbers from 1, Monday. Raises `Denied` and `Refused`."""
    access.require(by, Permission.ACCEPT)
    if not set(weekdays) <= set("1234567"):
        raise Refused(_("There is no such day."))
    chosen = {int(text) for text in weekdays}
    if problem_of(chosen):
        raise Refused(_("People work on one day of the week at least."))
    RestDay.objects.exclude(weekday__in=chosen).delete()
    RestDay.objects.bulk_create([RestDay(weekday=n) for n in chosen], ignore_conflicts=True)
    weekdays = ", ".join(map(str, sorted(chosen)))
    audit.record("rest_days", "calendar:week", by=by, weekdays=weekdays)
