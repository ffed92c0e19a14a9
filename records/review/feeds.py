"""Due dates as a calendar file: iCalendar, RFC 5545. Lines end with CRLF and are folded at 75 octets."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta

FOLD = 75  # octets of a line without its end (3.1)


@dataclass(frozen=True)
class Entry:
    """One day of a calendar. `uid` stays the same when the day moves; `told` may have several lines."""

    uid: str
    day: date
    title: str
    told: str
    link: str


def calendar_file(name: str, entries: Iterable[Entry], *, language: str, stamp: datetime) -> str:
    """Return the file. stamp: an aware time, when the entries were as they are."""
    head = (
        "BEGIN:VCALENDAR",
        "VERSION:2.0",
        "PRODID:-//migdata//due dates//EN",
        "CALSCALE:GREGORIAN",
        "METHOD:PUBLISH",
        f"X-WR-CALNAME;LANGUAGE={language}:{_escaped(name)}",
    )
    lines = [
        *head,
        *(line for e in entries for line in _event(e, language, stamp)),
        "END:VCALENDAR",
    ]
    return "".join(f"{folded(line)}\r\n" for line in lines)


def _event(entry: Entry, language: str, stamp: datetime) -> Iterator[str]:
    yield "BEGIN:VEVENT"
    yield f"UID:{entry.uid}"
    yield f"DTSTAMP:{_utc(stamp)}"
    yield f"DTSTART;VALUE=DATE:{entry.day:%Y%m%d}"
    yield f"DTEND;VALUE=DATE:{entry.day + timedelta(days=1):%Y%m%d}"
    yield f"SUMMARY;LANGUAGE={language}:{_escaped(entry.title)}"
    if entry.told:
        yield f"DESCRIPTION;LANGUAGE={language}:{_escaped(entry.told)}"
    yield f"URL:{entry.link}"
    yield "TRANSP:TRANSPARENT"
    yield "END:VEVENT"


def _utc(moment: datetime) -> str:
    year, month, day, hour, minute, second, *_rest = moment.utctimetuple()
    return f"{year:04}{month:02}{day:02}T{hour:02}{minute:02}{second:02}Z"


def folded(line: str) -> str:
    """Break a line into parts of at most 75 octets, never inside a character (RFC 5545, 3.1)."""
    parts, part, size = [], "", 0
    for character in line:
        octets = len(character.encode())
        if size + octets > FOLD:
            parts.append(part)
            part, size = "", 1  # the space with which the next line begins
        part += character
        size += octets
    return "\r\n ".join([*parts, part])


def _escaped(text: str) -> str:
    """Return a text as RFC 5545 (3.3.11) writes it; other control characters are left out."""
    for sign, written in (
        ("\\", "\\\\"),
        (";", "\\;"),
        (",", "\\,"),
        ("\r\n", "\\n"),
        ("\n", "\\n"),
    ):
        text = text.replace(sign, written)
    return "".join(character for character in text if character >= " ")
