"""Reading the event log: who sees which events, what it is limited to, one page after the other, the export."""

import csv
import io
import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from typing import Any

from django.db.models import Count, Q, QuerySet
from django.utils import timezone, translation
from django.utils.translation import gettext as _

from agencies import access, audit, deeds
from agencies.models import Agency, Event, Person
from agencies.roles import Permission
from standards.periods import period_in_text
from standards.translation import active_language

PER_PAGE = 50
CODE = re.compile(r"[A-Z]{2,6}(?:-[A-Z]{2,6}){1,2}")  # of an instrument
# What an event about a submission or a record is named by when it is written: codes, which say the same in any language.
NAMED = re.compile(
    r"(?P<agency>[\w-]{1,20}) (?P<instrument>[A-Z-]{3,20}) (?P<period>\d{4}[\w-]{0,3})"
)
EXPORTED_AT_ONCE = 2_000  # rows that are read with one question
FOUND = 200  # people whose name or address a search may mean


@dataclass(frozen=True)
class Filters:
    """What the log is limited to; an empty one limits nothing. Days are those of the portal's time zone."""

    who: str = ""  # a part of a name or address
    kind: str = ""
    thing: str = ""  # the kind of the object
    about: str = ""  # the very object: submission:12
    agency: str = ""
    first: date | None = None
    last: date | None = None


@dataclass(frozen=True)
class Line:
    """One event as people read it."""

    event: Event
    who: str
    what: str
    sentence: str


@dataclass(frozen=True)
class Page:
    """Some events, the newest first; the keys of the first and the last where there are more beyond them."""

    lines: list[Line]
    newer: int | None
    older: int | None


@dataclass
class Reader:
    """Whose log it is: the agencies whose events the person sees; None where she sees every one."""

    person: Person
    agencies: list[Agency] = field(default_factory=list)
    everything: bool = False

    @classmethod
    def of(cls, person: Person) -> "Reader":
        """Return what the person may read. Raises `Denied`."""
        access.require(person, Permission.SEE_LOG)
        seen = list(access.agencies(person, Permission.SEE_LOG))
        return cls(person, seen, access.reaches_all(person, Permission.SEE_LOG))

    def events(self) -> QuerySet[Event]:
        """Return the events that the person may read: of her agencies alone, unless she sees everything.

        They are read on the connection on which they are written, so that a file that is sent after the
        transaction of its request needs no other one.
        """
        events = Event.objects.using(audit.SIDE)
        if self.everything:
            return events.all()
        return events.filter(agency__in=[agency.code for agency in self.agencies])


# Functions of the room above: what instruments are called, by code, in the language of the reader; and how the agency
# numbers records, by their ids, of those that a person may see. The log itself holds no value of a record.
titles_of: list[Callable[[Collection[str]], Mapping[str, str]]] = []
numbers_of: list[Callable[[Collection[int], Person], Mapping[int, str]]] = []


def limited(events: QuerySet[Event], to: Filters) -> QuerySet[Event]:
    """Return the events that the filters leave."""
    if to.who:
        named = Person.objects.filter(Q(email__icontains=to.who) | Q(name__icontains=to.who))
        events = events.filter(person_id__in=list(named.values_list("pk", flat=True)[:FOUND]))
    if to.kind or to.thing:
        events = events.filter(deed__in=deeds.of_kind(to.kind, to.thing))
    if to.about:
        events = events.filter(subject=to.about)
    if to.agency:
        events = events.filter(agency=to.agency)
    if to.first:
        events = events.filter(at__gte=_midnight(to.first))
    if to.last:
        events = events.filter(at__lt=_midnight(to.last + timedelta(days=1)))
    return events


def page(
    events: QuerySet[Event], reader: Reader, *, before: Event | None, after: Event | None
) -> Page:
    """Return the events that stand before (older) or after (newer) one of them; else the newest.

    Costs the same wherever it stands: the place is looked up by time and number, nothing is counted.
    """
    if after is not None:
        beyond = Q(at__gt=after.at) | Q(at=after.at, pk__gt=after.pk)
        found = list(events.filter(beyond, at__gte=after.at).order_by("at", "pk")[: PER_PAGE + 1])
        rows = list(reversed(found[:PER_PAGE]))
        newer, older = len(found) > PER_PAGE, True
    else:
        if before is not None:
            events = events.filter(_older_than(before), at__lte=before.at)
        found = list(events.order_by("-at", "-pk")[: PER_PAGE + 1])
        rows = found[:PER_PAGE]
        newer, older = before is not None, len(found) > PER_PAGE
    return Page(
        lines(rows, reader.person),
        rows[0].pk if rows and newer else None,
        rows[-1].pk if rows and older else None,
    )


def lines(events: Iterable[Event], person: Person | None = None) -> list[Line]:
    """Return the events as sentences in the language of the reader, with one question for each kind of name.

    person: who reads; records that she may see are called by their numbers, all others by their ids.
    """
    listed = list(events)
    names, titles, numbers = _names(listed), _titles(listed), _numbers(listed, person)
    return [_line(event, names, titles, numbers) for event in listed]


def last_time(person: Person) -> datetime | None:
    """Return when a person signed in before she signed in last; None where she never did."""
    signed_in = Event.objects.using(audit.SIDE).filter(person_id=person.pk, deed="person sign_in")
    times = list(signed_in.order_by("-at", "-pk").values_list("at", flat=True)[:2])
    return times[1] if len(times) > 1 else None


def counts(events: QuerySet[Event]) -> dict[deeds.Kind, int]:
    """Return how many of the events are of each kind, in the order of the kinds; in one query."""
    found = dict.fromkeys(deeds.Kind, 0)
    for deed, number in events.order_by().values_list("deed").annotate(Count("pk")):
        if deed in deeds.DEEDS:
            found[deeds.DEEDS[deed][0]] += number
    return found


def as_csv(
    events: QuerySet[Event], reader: Reader, filters: Mapping[str, Any], language: str
) -> Iterator[str]:
    """Write down that the log is taken, and return it as the lines of a CSV file, the newest event first.

    What is read with one question is a part of fixed size: memory does not grow with the log.
    """
    agency = reader.agencies[0] if not reader.everything and len(reader.agencies) == 1 else None
    audit.record("export", "log:events", by=reader.person, agency=agency, filters=dict(filters))
    return _rows(events, language)


def _rows(events: QuerySet[Event], language: str) -> Iterator[str]:
    with translation.override(language):
        head = [_("Time"), _("Person"), _("E-mail"), _("Agency"), _("What"), _("Kind"), _("About")]
        yield "\ufeff" + _written([head])
    last: Event | None = None
    while True:
        part = events.filter(_older_than(last), at__lte=last.at) if last else events
        rows = list(part.order_by("-at", "-pk")[:EXPORTED_AT_ONCE])
        if not rows:
            return
        with translation.override(language):
            yield _written(_fields(line) for line in lines(rows))
        last = rows[-1]


def _fields(line: Line) -> list[str]:
    event = line.event
    kind = deeds.DEEDS[event.deed][0].label if event.deed in deeds.DEEDS else ""
    when = timezone.localtime(event.at).isoformat(timespec="seconds")
    return [when, line.who, event.person, event.agency, line.sentence, kind, line.what]


def _written(rows: Iterable[list[str]]) -> str:
    text = io.StringIO()
    csv.writer(text).writerows([_harmless(value) for value in row] for row in rows)
    return text.getvalue()


def _harmless(value: str) -> str:
    """Keep spreadsheets from reading a text as a formula."""
    return f"'{value}" if value[:1] in ("=", "+", "-", "@", "\t", "\r") else value


def _older_than(event: Event) -> Q:
    return Q(at__lt=event.at) | Q(at=event.at, pk__lt=event.pk)


def _midnight(day: date) -> datetime:
    return timezone.make_aware(datetime.combine(day, time.min))


def _names(events: Iterable[Event]) -> dict[int, str]:
    """Return what the people in these events are called now, by id."""
    ids: set[int] = set()
    for event in events:
        thing, _colon, number = event.subject.partition(":")
        if event.person_id:
            ids.add(event.person_id)
        if thing == "person" and number.isdecimal():
            ids.add(int(number))
    return {person.pk: str(person) for person in Person.objects.filter(pk__in=ids)}


def _titles(events: Iterable[Event]) -> Mapping[str, str]:
    """Return what the instruments in these events are called now, by code."""
    codes = {word for event in events for word in event.name.split() if CODE.fullmatch(word)}
    found: dict[str, str] = {}
    for function in titles_of if codes else ():
        found |= function(codes)
    return found


def _numbers(events: Iterable[Event], person: Person | None) -> Mapping[str, str]:
    """Return how the agency numbers the records in these events that the person may see, by their subjects."""
    subjects = {event.subject for event in events if event.subject.startswith("record:")}
    ids = [int(number) for s in subjects if (number := s.partition(":")[2]).isdecimal()]
    if person is None or not ids:
        return {}
    return {f"record:{pk}": ref for of in numbers_of for pk, ref in of(ids, person).items()}


def _in_words(event: Event, titles: Mapping[str, str], numbers: Mapping[str, str]) -> str:
    """Return the name that the event keeps, in words where it names an instrument: SMS SMS-WPF 2026-10 is Work permits,
    October 2026 (SMS); before it stands the number of a record."""
    named, instrument = NAMED.fullmatch(event.name), titles.get(event.name.split(" ")[0])
    if instrument:  # an instrument alone, or a file or a held row of it
        rest = event.name.partition(" ")[2]
        return f"{instrument} {rest}".strip()
    if named is None or named["instrument"] not in titles:
        return event.name
    period = period_in_text(named["period"], active_language())
    whole = f"{titles[named['instrument']]}, {period} ({named['agency']})"
    thing, _colon, number = event.subject.partition(":")
    return f"{numbers.get(event.subject, number)}: {whole}" if thing == "record" else whole


def _line(
    event: Event, names: Mapping[int, str], titles: Mapping[str, str], numbers: Mapping[str, str]
) -> Line:
    who = deeds.actor(names.get(event.person_id or 0, event.person), event.detail)
    thing, _colon, number = event.subject.partition(":")
    known = names.get(int(number), "") if thing == "person" and number.isdecimal() else ""
    what = known or _in_words(event, titles, numbers) or deeds.unnamed(thing, number)
    said = deeds.sentence(event.deed, event.subject, event.detail, who, what)
    return Line(event, who, what, said)
