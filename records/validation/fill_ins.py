"""Numbers that forms are filled in with where nothing is known: 9999, 8888, -1. Only a person can say so of a column.

In a column of ages 999 is no age and in one of amounts 9999 may be one, so they are asked about, once a column.
"""

import re
from collections import defaultdict
from collections.abc import Mapping

BLANK, NUMBER = "blank", "number"  # the answers: they mean “not stated”, or are numbers like others
ANSWERS = (BLANK, NUMBER)
ASKED_FROM = 3  # cells with one of them: fewer may well be numbers
KINDS = ("integer", "decimal")  # of variables that are asked about
FILL_IN = re.compile(r"(?:-?(?P<digit>[789])(?P=digit)+|-1)(?:[.,]0+)?")
SHORT = 2  # digits: 99 is a number like others, unless the variable has no such
ROUND = ("0", "5")  # people round amounts, so that these stand often in every column
COUNTED = 20_000  # distinct numbers of a column beside which the doubtful ones are seen


def may_mean_nothing(text: str, low: float | None = None, high: float | None = None) -> bool:
    """Say whether a number may stand for “not stated”: one high digit again and again, three times or out of the range."""
    plain = text.strip()
    if not FILL_IN.fullmatch(plain):
        return False
    return _is_out(plain, low, high) or len(_digits(plain)) > SHORT


def asked_about(
    counts: Mapping[str, int], low: float | None = None, high: float | None = None
) -> dict[str, int]:
    """Return those numbers of a column that are to be asked about, with their counts. `counts` is of all its numbers.

    Of several hundred wages three may be 888 by chance. A form is filled in with it where it stands as often as
    any other number of as many digits that is not round, or lies out of the range.
    """
    doubtful = {
        text: count
        for text, count in sorted(counts.items())
        if count >= ASKED_FROM and may_mean_nothing(text, low, high)
    }
    usual: dict[int, int] = defaultdict(int)  # digits -> of such numbers the most frequent one
    for text in counts.keys() - doubtful.keys() if doubtful else ():
        digits = _digits(text)
        if not digits.endswith(ROUND):
            usual[len(digits)] = max(usual[len(digits)], counts[text])
    return {
        text: count
        for text, count in doubtful.items()
        if _is_out(text, low, high) or count >= usual[len(_digits(text))]
    }


def _is_out(text: str, low: float | None, high: float | None) -> bool:
    number = float(text.replace(",", "."))
    return (low is not None and number < low) or (high is not None and number > high)


def _digits(text: str) -> str:
    """Return the digits of a number before its decimals."""
    return re.sub(r"\D.*$", "", re.sub(r"[\s-]", "", text))
