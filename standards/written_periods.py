"""Periods as people write them: a month as a word of many languages, 1978M04, 2025 Q1, I квартал 2025."""

import re
from functools import cache

from standards import codelists
from standards.periods import InvalidPeriod, Period
from standards.spelling import fold

MONTH_NAMES = (
    *("january", "february", "march", "april", "may", "june"),
    *("july", "august", "september", "october", "november", "december"),
)
QUARTER = r"(?:q|кв|квартал|чәрйек|çärýek|trimestre|quarter)\.?"
FORMS = {  # how a month or a quarter is written, with named parts
    form: re.compile(pattern, re.IGNORECASE)
    for form, pattern in {
        "month": r"(?P<year>\d{4})[ \-]?m(?P<part>\d{1,2})",
        "month_first": r"(?P<part>\d{1,2})[./](?P<year>\d{4})",
        "quarter": rf"(?P<year>\d{{4}})[ \-]*{QUARTER}[ ]*(?P<part>[1-4])",
        "quarter_first": rf"(?P<part>[1-4]|iv|i{{1,3}})(?:-?(?:й|ый|nji|st|nd|rd|th))?[ \-]*{QUARTER}[ ,\-]*(?P<year>\d{{4}})(?: ?г\.?)?",
        "quarter_letter": r"q(?P<part>[1-4])[ ,/\-]*(?P<year>\d{4})",
        "word_first": r"(?P<word>[^\W\d_]+)(?: arslan)?[ .,/\-]+(?P<year>\d{4})(?: ?(?:г|год|ý|ýyl)\.?)?",
        "year_first": r"(?P<year>\d{4})[ .,/\-]+(?P<word>[^\W\d_]+)(?: arslan)?",
    }.items()
}
ROMAN = {"i": 1, "ii": 2, "iii": 3, "iv": 4}


@cache
def months() -> dict[str, int]:
    """Return word for a month, without marks on letters -> its number."""
    words = codelists.standard("months")
    return {
        fold(word): number
        for number, name in enumerate(MONTH_NAMES, start=1)
        for word in words[name]
    }


def month_of(text: str) -> int | None:
    """Return the number of a month that is written alone, as a word or a number; None where it is none."""
    key = text.strip().strip(".")
    if key.isdecimal():
        return int(key) if 1 <= int(key) <= 12 else None
    words = fold(key.lower()).split()
    return months().get(words[0]) if words and words[1:] in ([], ["arslan"]) else None


def written_period(text: str) -> Period | None:
    """Return the period that a text states, of whatever frequency: a month, a quarter, a half-year, a year.

    What is a day, or no period, is None. An academic year is read by `periods.read_period` alone,
    because 2025/26 needs somebody who asks for one.
    """
    text = text.strip()
    try:
        return Period.parse(text.upper())
    except InvalidPeriod:
        pass
    for form, pattern in FORMS.items():
        if match := pattern.fullmatch(text):
            return _period(form, match.groupdict())
    return None


def _period(form: str, parts: dict[str, str]) -> Period | None:
    year = int(parts["year"])
    if "word" in parts:
        part = months().get(fold(parts["word"].lower()), 0)
    else:
        part = ROMAN.get(parts["part"].lower()) or int(parts["part"])
    quarterly = form.startswith("quarter")
    if not year or not 1 <= part <= (4 if quarterly else 12):
        return None
    return Period("Q" if quarterly else "M", year, part)
