"""Holidays as a CSV file, written and read: a day and its names in three languages.

A day is a date, 2026-03-20, or of every year, *-03-08; as the page writes them (20.03.2026, 08.03) it is read too.
"""

import csv
import io
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Protocol, TypeVar

from django.utils.translation import gettext as _

from agencies.refusal import Refused
from standards.languages import LANGUAGES

COLUMNS = ("day", *LANGUAGES)
LARGEST, MOST = 200_000, 1000  # bytes, and lines
LONGEST_NAME = 100
ISO = re.compile(r"(?P<year>\d{4}|\*)-(?P<month>\d{1,2})-(?P<day>\d{1,2})")
WRITTEN = re.compile(r"(?P<day>\d{1,2})\.(?P<month>\d{1,2})(?:\.(?P<year>\d{4}))?")
FIRST, LAST = 1990, 2199  # years


class Day(Protocol):
    """What a holiday is, kept or read."""

    @property
    def year(self) -> int | None: ...
    @property
    def month(self) -> int: ...
    @property
    def day(self) -> int: ...
    @property
    def names(self) -> Mapping[str, str]: ...


Some = TypeVar("Some", bound=Day)


@dataclass(frozen=True)
class Line:
    """A line of a file. kind: new | changed | same, or wrong, which `problem` says; `was`: the name that it changes."""

    number: int  # in the file; its header is line 1
    text: str  # the day as it stands there
    year: int | None = None
    month: int = 0
    day: int = 0
    names: Mapping[str, str] = field(default_factory=dict)
    kind: str = "wrong"
    problem: str = ""
    was: str = ""


def in_order(holidays: Iterable[Some]) -> list[Some]:
    """Return holidays by date: those of every year, then those of one year."""
    return sorted(holidays, key=lambda day: (day.year or 0, day.month, day.day))


def to_csv(holidays: Iterable[Day]) -> bytes:
    """Return holidays as CSV in UTF-8 with a byte-order mark, by date."""
    out = io.StringIO(newline="")
    writer = csv.writer(out)
    writer.writerow(COLUMNS)
    for holiday in in_order(holidays):
        day = f"{holiday.year or '*'}-{holiday.month:02}-{holiday.day:02}"
        writer.writerow([day, *(holiday.names[language] for language in LANGUAGES)])
    return ("\ufeff" + out.getvalue()).encode()


def read(content: bytes, known: Iterable[Day]) -> list[Line]:
    """Return the lines of a file beside the holidays that are known. Raises `Refused` for what is no such file."""
    names = {(day.year, day.month, day.day): dict(day.names) for day in known}
    seen: dict[tuple[int | None, int, int], int] = {}
    lines = []
    for number, row in enumerate(_rows(content), start=2):
        line = _line(number, row, names)
        if line.kind != "wrong":
            key = line.year, line.month, line.day
            if key in seen:
                problem = _("The day stands in line %(n)s already.") % {"n": seen[key]}
                line = Line(number, line.text, problem=problem)
            seen.setdefault(key, number)
        lines.append(line)
    if not lines:
        raise Refused(_("The file has no holiday."))
    return lines


def _rows(content: bytes) -> Iterator[Mapping[str, Any]]:
    wrong = _("The file is no CSV with the columns %(columns)s.") % {"columns": ", ".join(COLUMNS)}
    if len(content) > LARGEST:
        raise Refused(_("The file is too large for a list of holidays."))
    try:
        text = content.decode("utf-8-sig")
        delimiter = ";" if ";" in text.partition("\n")[0] else ","
        reader = csv.DictReader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
        if not set(COLUMNS) <= set(reader.fieldnames or ()):
            raise Refused(wrong)
        rows = list(reader)
    except (UnicodeDecodeError, csv.Error):
        raise Refused(wrong) from None
    if len(rows) > MOST:
        raise Refused(_("At most %(n)s holidays at a time.") % {"n": MOST})
    yield from rows


def _line(
    number: int, row: Mapping[str, Any], known: Mapping[tuple[int | None, int, int], dict[str, str]]
) -> Line:
    text = (row["day"] or "").strip()[:20]
    names = {language: (row[language] or "").strip() for language in LANGUAGES}
    when = _day(text)
    if when is None:
        return Line(number, text, problem=_("There is no such day."))
    if not all(names.values()):
        return Line(number, text, problem=_("Name the holiday in all three languages."))
    if any(len(name) > LONGEST_NAME or "\0" in name for name in names.values()):
        return Line(number, text, problem=_("A name is too long."))
    before = known.get(when)
    kind = "new" if before is None else "same" if before == names else "changed"
    was = ", ".join(before.values()) if before and kind == "changed" else ""
    return Line(number, text, *when, names, kind, was=was)


def _day(text: str) -> tuple[int | None, int, int] | None:
    match = ISO.fullmatch(text) or WRITTEN.fullmatch(text)
    if match is None or not text.isascii():
        return None
    year = int(match["year"]) if match["year"] not in (None, "*") else None
    if year is not None and not FIRST <= year <= LAST:
        return None
    try:
        when = date(year or 2024, int(match["month"]), int(match["day"]))  # 2024 has 29 February
    except ValueError:
        return None
    return year, when.month, when.day
