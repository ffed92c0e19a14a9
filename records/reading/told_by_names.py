"""What the name of a file or a sheet says of all its rows: one file a sex, a region, a month. Proposed, never assumed."""

import re
from collections.abc import Iterator

from records.instruments.spec import Spec, Variable
from records.reading.shapes import is_word
from standards import codelists
from standards.written_periods import written_period

SUFFIX = re.compile(r"\.[A-Za-z0-9]{2,4}(?:\.gz)?$")
SEPARATORS = re.compile(r"(?:[\s_,;()\[\]–—]|(?<!\d)-|-(?!\d))+")
MOST_WORDS = 4  # of one name of a country or a region
SHORTEST = 3  # letters: shorter words mean something else in most names of files


def constants_of(name: str, spec: Spec) -> dict[str, str]:
    """Return variable -> the code or the period that a name states for the whole table.

    Only what a code list knows as it is written, or a period; a variable that two words would state
    differently is left out. Whoever asks says what is asked: a country may be any variable of countries.
    """
    phrases = list(_phrases(SUFFIX.sub("", name)))
    stated = {variable.name: set(_stated(variable, phrases)) for variable in spec.variables}
    return {variable: values.pop() for variable, values in stated.items() if len(values) == 1}


def _phrases(name: str) -> Iterator[str]:
    words = [word for word in SEPARATORS.split(name) if word]
    for first in range(len(words)):
        for last in range(first + 1, min(first + MOST_WORDS, len(words)) + 1):
            phrase = " ".join(words[first:last])
            if len(phrase) >= SHORTEST:
                yield phrase


def _stated(variable: Variable, phrases: list[str]) -> Iterator[str]:
    """Yield what phrases state of a variable."""
    if variable.kind in ("period", "date"):
        periods = (written_period(phrase) for phrase in phrases)
        yield from (str(period) for period in periods if period and period.frequency != "A")
    if variable.kind != "code":
        return
    known = codelists.load(variable.codelist).match(phrases, variable.codes)
    for phrase, match in zip(phrases, known, strict=True):
        if variable.codelist == "sex" and (is_word(phrase, "women") or is_word(phrase, "men")):
            yield "F" if is_word(phrase, "women") else "M"
        elif match.code and match.level < codelists.BY_LOOK and not match.note:
            yield match.code
