"""What a number in a cell of an XLSX workbook means: a number, a day, a time or a duration, by its number format.

Workbooks store days as numbers; only the format of a cell tells that it is one (ECMA-376 part 1, 18.8.30).
"""

import datetime as dt
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass

from records.reading.sheet_cells import text_of

DATE, DURATION = "date", "duration"
# Formats that every workbook has: dates and times, also those of East Asian editions.
BUILT_IN = {
    **{str(number): DATE for number in (*range(14, 23), *range(27, 37), 45, 47, *range(50, 59))},
    "46": DURATION,
}
LITERAL = re.compile(
    r'"[^"]*("|$)|[\\_*].'
)  # texts in quotation marks, letters that stand for themselves
ELAPSED = re.compile(r"\[(h+|m+|s+)\]", re.IGNORECASE)  # hours, minutes, seconds in all
BRACKETS = re.compile(r"\[[^\]]*(\]|$)")  # colours, conditions, currencies, languages
PARTS = re.compile(r"[dmyhs]|a/p", re.IGNORECASE)
GENERAL = re.compile(r"general|standard", re.IGNORECASE)
DAYS = {False: dt.datetime(1899, 12, 30), True: dt.datetime(1904, 1, 1)}  # noqa: DTZ001 - days of no place
LEAP = 60  # the 29 February 1900 that Excel counts, and that never was
LAST = 2_958_466.0  # the day after the last one that a date has
REMEMBERED = 100_000  # texts of dates


def kind_of_format(code: str) -> str:
    """Return what a number format makes of a number: "date", "duration", or "" where it stays one.

    Only the first part of it counts, which is that of numbers above zero.
    """
    if GENERAL.fullmatch(code.strip()):
        return ""
    first = LITERAL.sub("", code).partition(";")[0]
    if ELAPSED.search(first):
        return DURATION
    return DATE if PARTS.search(BRACKETS.sub("", first)) else ""


@dataclass(frozen=True)
class Kinds:
    """How numbers are read: which styles make them dates, and from which day days are counted.

    dated  number of a style, as cells write it, "" where they write none -> DATE or DURATION; from_1904  whether day 0 is 1 January 1904.
    """

    dated: Mapping[str, str]
    from_1904: bool = False

    def text_of(self, stored: str, style: str) -> str:
        """Return a stored number as the text a person would have typed; what is no number, as it stands."""
        if not stored:
            return ""
        try:
            number = float(stored)
        except ValueError:
            return stored
        if not math.isfinite(number):  # 1e999 is none that anybody wrote: it is held with its row
            return stored
        kind = self.dated.get(style)
        if kind == DURATION and abs(number) < LAST:
            return text_of(dt.timedelta(days=number))
        if kind == DATE and 0 <= number + self.shift < LAST:
            return text_of(self._moment(number))
        return text_of(number)

    @property
    def shift(self) -> int:
        return 1462 if self.from_1904 else 0

    def _moment(self, number: float) -> dt.date | dt.time:
        if number < 1:
            return (DAYS[False] + dt.timedelta(days=number)).time()
        if not self.from_1904 and number < LEAP:
            number += 1
        return DAYS[self.from_1904] + dt.timedelta(days=number)
