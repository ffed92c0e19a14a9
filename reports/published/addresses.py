"""Addresses of the table builder as people read them: in one order, with commas and colons as they are."""

from collections.abc import Sequence
from urllib.parse import quote_plus

from django.http import QueryDict


def text_of(query: QueryDict) -> str:
    """Return parameters as an address that is read easily: commas and colons as they are, empty rows too."""
    return "&".join(
        f"{quote_plus(key)}={quote_plus(value, safe=':,=')}"
        for key, values in query.lists()
        for value in values
    )


def changed(query: QueryDict, **values: str | Sequence[str] | None) -> str:
    """Return the address with other values; None takes a parameter away. The page is the first again."""
    other = query.copy()
    for name in ("page", *(name for name, value in values.items() if value is None)):
        other.pop(name, None)
    for name, value in values.items():
        if value is not None:
            other.setlist(name, [value] if isinstance(value, str) else list(value))
    return text_of(other)


def in_order(query: QueryDict) -> QueryDict:
    """Return parameters in the order in which they are read best: what, where, of which, how."""
    first, last = ("dataset", "rows", "cols", "group"), ("from", "to", "measure", "sort", "heat")
    keys = [k for k in query if k not in (*first, *last, "release", "lang")]
    result = QueryDict(mutable=True)
    for key in (*first, *keys, *last, "release", "lang"):
        values = query.getlist(key)
        if any(values) or key == "rows":
            result.setlist(key, values or [""])
    return result
