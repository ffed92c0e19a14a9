"""The inbox: what happened to submissions, told to the people whom it concerns, once.

`tell` is the one way in: whoever tells something new (mentions, publications) calls it with a key
that names the event. What is told is kept as a marked sentence with its values, so that each reader
reads it in her own language.
"""

from collections.abc import Iterable
from dataclasses import replace
from datetime import date
from typing import Any

from django.db.models import QuerySet
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext

from agencies import access
from agencies.models import Agency, Person
from agencies.roles import Permission, Role
from records.models import Notice, Submission
from records.review.calendar import Expected
from standards.languages import marked
from standards.periods import period_in_text
from standards.translation import active_language, in_language

Kind = Notice.Kind
AT_THE_DESK = Permission.ENTER, Permission.SIGN

DUE = marked("%(title)s, %(period)s, is due on %(day)s.")
LATE = marked("%(title)s, %(period)s, was due on %(day)s and has not come.")
RETURNED = marked("%(title)s, %(period)s, was returned by %(by)s: “%(reason)s”")
REOPENED = marked("%(title)s, %(period)s, was reopened by %(by)s: “%(reason)s”")
EXTENDED = marked("%(title)s, %(period)s, is due on %(day)s now. %(by)s: “%(reason)s”")
PUBLISHED = marked(
    "%(title)s, %(period)s, is published in %(release)s; earlier periods changed: %(n)s"
)
MENTIONED = marked("%(by)s mentions you at %(title)s, %(period)s.")


def concerned(agency: Agency, instrument: int, *permissions: Permission) -> list[Person]:
    """Return the people who hold one of the permissions in the agency itself, for an instrument, and may sign in."""
    roles = [
        role
        for role in Role
        if role.permissions & set(permissions) and not role.reaches_every_agency
    ]
    return access.covering(access.holders(*roles).get(agency, []), agency, instrument)


def tell(
    people: Iterable[Person],
    kind: Notice.Kind,
    key: str,
    text: str,
    *,
    agency: Agency,
    link: str,
    **values: Any,
) -> None:
    """Put one line into the inbox of each person; who was told of this event already is not told again.

    text: marked, with names for `values`. Values may be texts, numbers, labels by language, `date`s, and
    `period`, an SDMX period. Runs in a scope that holds the agency.
    """
    plain = {k: v.isoformat() if isinstance(v, date) else v for k, v in values.items()}
    dates = [k for k, v in values.items() if isinstance(v, date)]
    told = {"text": text, "values": plain, "dates": dates}
    Notice.objects.bulk_create(
        [
            Notice(person=p, agency=agency, kind=kind, key=key[:120], told=told, link=link)
            for p in people
        ],
        ignore_conflicts=True,
    )


def words(notice: Notice) -> str:
    """Return what a notice says, in the active language."""
    told = notice.told
    values = {
        name: _word(name, value, name in told["dates"]) for name, value in told["values"].items()
    }
    return gettext(told["text"]) % values


def _word(name: str, value: Any, is_date: bool) -> Any:
    if is_date:
        return date_format(date.fromisoformat(value))
    if name == "period":
        return period_in_text(value, active_language())
    return in_language(value) if isinstance(value, dict) else value


def notices(person: Person) -> QuerySet[Notice]:
    """Return what a person was told, the newest first; of agencies that she still sees."""
    agencies = access.agencies(person, Permission.SEE_SUBMISSIONS)
    return Notice.objects.filter(person=person, agency__in=agencies)


def unread(person: Person) -> int:
    """Return how many lines of her inbox she has not read."""
    return notices(person).filter(read_at=None).count()


def read(person: Person, *ids: int) -> None:
    """Note that she has read these lines; without ids, all."""
    lines = notices(person).filter(read_at=None)
    (lines.filter(pk__in=ids) if ids else lines).update(read_at=timezone.now())


def stepped(submission: Submission, verb: str, step: int, reason: str, *, by: Person) -> None:
    """Tell the agency that a submission came back to it. Other steps are seen on the page of what is due."""
    told = {"return": (Kind.RETURNED, RETURNED), "reopen": (Kind.REOPENED, REOPENED)}.get(verb)
    if told is None:
        return
    kind, text = told
    tell(
        (
            p
            for p in concerned(submission.agency, submission.instrument_id, *AT_THE_DESK)
            if p != by
        ),
        *(kind, f"step:{step}", text),
        agency=submission.agency,
        link=submission.get_absolute_url(),
        title=submission.instrument_version.content["title"],
        period=submission.period,
        by=str(by),
        reason=reason,
    )


def extended(expected: Expected, until: date, reason: str, *, by: Person) -> None:
    """Tell the agency of a later due date."""
    moved = replace(expected, dates=replace(expected.dates, due=until))
    people = concerned(expected.agency, expected.version.instrument_id, *AT_THE_DESK)
    _of(moved, Kind.EXTENDED, EXTENDED, until, people, by=str(by), reason=reason)


def reminded(expected: Expected, people: Iterable[Person]) -> None:
    """Tell people that a submission is due soon."""
    _of(expected, Kind.DUE, DUE, expected.dates.due, people)


def late(expected: Expected, people: Iterable[Person]) -> None:
    """Tell people that a submission is late."""
    _of(expected, Kind.LATE, LATE, expected.dates.due, people)


def key_of(expected: Expected, kind: Notice.Kind) -> str:
    """Return the key of a date of a submission: told anew where the date is another one."""
    place = f"{expected.agency.pk}:{expected.instrument.pk}:{expected.period}"
    return f"{kind}:{place}:{expected.dates.due.isoformat()}"


def _of(
    expected: Expected,
    kind: Notice.Kind,
    text: str,
    day: date,
    people: Iterable[Person],
    **values: Any,
) -> None:
    tell(
        people,
        *(kind, key_of(expected, kind), text),
        agency=expected.agency,
        link=place_of(expected),
        title=expected.version.content["title"],
        period=expected.period,
        day=day,
        **values,
    )


def place_of(expected: Expected) -> str:
    """Return the page where a submission is worked on; before it is begun, that of its due date."""
    if expected.begun:
        return reverse("records:submission", args=[expected.begun.pk])
    names = expected.instrument.code, expected.agency.code, expected.period
    return reverse("records:due_date", args=names)
