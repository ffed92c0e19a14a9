"""How an agency numbers its cases: a pattern that people can read, `WP-#######`, one # for each digit.

Everything but # stands for itself. There is no sign for “any letter” and none for “any length”: with
one, a pattern would let numbers of passports through. Several patterns are parted by commas.
"""

import re
from collections.abc import Sequence

from standards.spelling import reference

DIGIT, SEPARATORS, MOST = "#", "-/. ", 5
LENGTHS = range(3, 41)
BARE = 8  # so many digits and nothing else may be a running number; more are a phone or an identity number
NATIONAL_PASSPORT = re.compile(r"^[IVX]{1,4}-?[^\W\d_]{2}[-. ]?#{6}$")


def patterns_of(declared: str) -> list[str]:
    """Return the patterns of a declaration, each in the one form in which numbers are compared."""
    return [reference(part) for part in declared.split(",") if part.strip()]


def problem_of(patterns: Sequence[str]) -> str:
    """Return what is wrong with patterns, "" where nothing is.

    count: none, or more than five; length: below 3 or above 40 characters; sign: one that is no
    letter, digit, separator or #; digits: no # at all; bare: nine digits and more with nothing of the
    agency’s own; passport: written as national passports are; phone: begins as phones of the country do.
    """
    if not 1 <= len(patterns) <= MOST:
        return "count"
    return next(filter(None, map(_problem, patterns)), "")


def expression(declared: str) -> str:
    """Return the regular expression of numbers that follow a declaration, "" where nothing is declared."""
    each = ["".join(map(_sign, pattern)) for pattern in patterns_of(declared)]
    return f"^(?:{'|'.join(each)})$" if each else ""


def _sign(letter: str) -> str:
    if letter == DIGIT:
        return r"\d"
    return letter if letter.isalnum() else f"[{letter}]"


def _problem(pattern: str) -> str:
    digits = pattern.count(DIGIT)
    own = any(letter.isalnum() or letter in "-/." for letter in pattern)
    if len(pattern) not in LENGTHS:
        return "length"
    if not all(letter.isalnum() or letter in SEPARATORS + DIGIT for letter in pattern):
        return "sign"
    if not digits:
        return "digits"
    if re.sub(r"[-/. ]", "", pattern).startswith("993"):
        return "phone"
    if NATIONAL_PASSPORT.match(pattern.upper()):
        return "passport"
    return "bare" if digits > BARE and not own else ""
