"""Numbers that forms are filled in with where nothing is known: 9999, 8888, -1. Only a person can say so of a column.

In a column of ages 999 is no age and in one of amounts 9999 may be one, so they are asked about, once a column.
"""

import re
from collections.abc import Mapping

BLANK, NUMBER = "blank", "number"  # the answers: they mean “not stated”, or are numbers like others
ANSWERS = (BLANK, NUMBER)
ASKED_FROM = 3  # cells with one of them: fewer may well be numbers
KINDS = ("integer", "decimal")  # of variables that are asked about
FILL_IN = re.compile(r"(?:-?(?P<digit>[789])(?P=digit)+|-1)(?:[.,]0+)?")
SHORT = 2  # digits: 99 is a number like others, unless the variable has no such


def may_mean_nothing(text: str, low: float | None = None, high: float | None = None) -> bool:
    """Say whether a number may stand for “not stated”: one high digit again and again, three times or out of the range."""
    plain = text.strip()
    if not FILL_IN.fullmatch(plain):
        return False
    number = float(plain.replace(",", "."))
    is_out = (low is not None and number < low) or (high is not None and number > high)
    return is_out or len(re.sub(r"\D.*$", "", plain.lstrip("-"))) > SHORT


def asked_about(counts: Mapping[str, int]) -> dict[str, int]:
    """Return those texts of a column that stand often enough to be asked about, with their counts."""
    return {text: count for text, count in sorted(counts.items()) if count >= ASKED_FROM}
