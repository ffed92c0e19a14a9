"""The conditions rules are made of: data in YAML, evaluated on whole columns.

A condition names a variable and one or more comparisons, which must all hold:

in, not_in      the code is (not) one of these
given           true: something is stated; false: blank or the unknown code
lt le gt ge     the number is below, at most, above, at least this
before, after   the date lies before/after another variable, an ISO date, or `today`
equals          the value is that of another variable
differs         the value is not that of another variable; both are stated
per             with these: the number is divided by that of another variable first
days_over       with `since`: so many days or more lie between the two dates
matches         the text looks like: `document` (a passport or identity number)
written_as      the text, as it stands in the file, is one of these words

Nothing holds where a value is missing, so a rule never fires on what is not stated.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import date
from typing import Any, Protocol

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from records.validation import parsing
from standards import spelling

Mask = np.ndarray[Any, np.dtype[np.bool_]]
Numbers = np.ndarray[Any, np.dtype[np.float64]]
# AB 1234567, U12345678, I-AŞ № 123456, and personal numbers. Not WP-123456, which agencies number cases by.
PATTERNS = {
    "document": r"^(?:\p{L}{1,2}\s?№?\s?\d{7,9}|[IVX]{1,4}-?\p{L}{2}\s?№?\s?\d{6}|\d{11,14})$"
}


class View(Protocol):
    """A block of rows as the rules see it."""

    today: date

    def codes(self, name: str) -> tuple[np.ndarray[Any, Any], Sequence[str]]: ...
    def numbers(self, name: str) -> Numbers: ...
    def texts(self, name: str) -> pa.Array: ...
    def given(self, name: str) -> Mask: ...
    def written(self, name: str) -> tuple[np.ndarray[Any, Any], Sequence[str]]: ...


def holds(condition: Mapping[str, Any], view: View) -> Mask:
    """Return (n,) bool: where the condition holds. Raises KeyError for a comparison that does not exist."""
    name = condition["var"]
    tests = [key for key in condition if key not in ("var", "since", "per")]
    mask = COMPARISONS[tests[0]](view, name, condition[tests[0]], condition)
    for key in tests[1:]:
        mask = mask & COMPARISONS[key](view, name, condition[key], condition)
    return mask


def _in(view: View, name: str, wanted: Sequence[str], _whole: Mapping[str, Any]) -> Mask:
    places, vocabulary = view.codes(name)
    table = np.isin(np.array([*vocabulary, ""], dtype=object), list(wanted))
    table[-1] = False  # -1: nothing stated
    return table[places]


def _not_in(view: View, name: str, wanted: Sequence[str], whole: Mapping[str, Any]) -> Mask:
    places, _vocabulary = view.codes(name)
    return (places >= 0) & ~_in(view, name, wanted, whole)


def _given(view: View, name: str, wanted: bool, _whole: Mapping[str, Any]) -> Mask:
    return view.given(name) == wanted


def _number(compare: Callable[[Numbers, float], Mask]) -> Callable[..., Mask]:
    def test(view: View, name: str, bound: float, whole: Mapping[str, Any]) -> Mask:
        numbers = view.numbers(name)
        if per := whole.get("per"):
            divisors = view.numbers(per)
            numbers = numbers / np.where(divisors == 0, np.nan, divisors)
        with np.errstate(invalid="ignore"):
            return compare(numbers, bound)

    return test


def _dates(compare: Callable[[Numbers, Numbers], Mask]) -> Callable[..., Mask]:
    def test(view: View, name: str, other: str, _whole: Mapping[str, Any]) -> Mask:
        with np.errstate(invalid="ignore"):
            return compare(view.numbers(name), _moment(view, other))

    return test


def _moment(view: View, other: str) -> Any:
    if other == "today":
        return (view.today - parsing.EPOCH).days
    if other[:1].isdigit():
        return (date.fromisoformat(other) - parsing.EPOCH).days
    return view.numbers(other)


def _equals(view: View, name: str, other: str, _whole: Mapping[str, Any]) -> Mask:
    one, two = _words(view, name), _words(view, other)
    return (one == two) & (one != "")


def _differs(view: View, name: str, other: str, _whole: Mapping[str, Any]) -> Mask:
    one, two = _words(view, name), _words(view, other)
    return (one != two) & (one != "") & (two != "")


def _words(view: View, name: str) -> np.ndarray[Any, Any]:
    places, vocabulary = view.codes(name)
    return np.where(view.given(name), np.array([*vocabulary, ""], dtype=object)[places], "")


def _days_over(view: View, name: str, days: int, whole: Mapping[str, Any]) -> Mask:
    with np.errstate(invalid="ignore"):
        return np.asarray(view.numbers(name) - view.numbers(whole["since"]) > days)


def _matches(view: View, name: str, pattern: str, _whole: Mapping[str, Any]) -> Mask:
    mask = pc.match_substring_regex(view.texts(name), PATTERNS[pattern])
    return np.asarray(pc.fill_null(mask, False).to_numpy(zero_copy_only=False), dtype=bool)


def _written_as(view: View, name: str, words: Sequence[str], _whole: Mapping[str, Any]) -> Mask:
    places, texts = view.written(name)
    wanted = {spelling.normalise(word) for word in words}
    return np.array([*(text in wanted for text in texts), False])[places]


COMPARISONS: dict[str, Callable[..., Mask]] = {
    "in": _in,
    "not_in": _not_in,
    "given": _given,
    "lt": _number(lambda a, b: a < b),
    "le": _number(lambda a, b: a <= b),
    "gt": _number(lambda a, b: a > b),
    "ge": _number(lambda a, b: a >= b),
    "before": _dates(lambda a, b: a < b),
    "after": _dates(lambda a, b: a > b),
    "equals": _equals,
    "differs": _differs,
    "days_over": _days_over,
    "matches": _matches,
    "written_as": _written_as,
}
