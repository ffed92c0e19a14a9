"""JSON as the portal takes it: only what the database can keep, and what every program reads alike."""

import json
import math
from collections.abc import Iterator
from typing import Any


def read(text: str | bytes) -> Any:
    """Return the content of a JSON text.

    Raises `ValueError` where it is none (`json.JSONDecodeError` knows the place), where it holds a number that is none
    or has no end, a zero character or half of a letter, or where lists lie in lists too deep.
    """
    try:
        content = json.loads(text, parse_constant=_refuse, parse_float=_finite)
    except RecursionError as deep:
        raise ValueError("lists in lists") from deep
    if not all(map(_can_be_kept, _texts(content))):
        raise ValueError("a character that no text has")
    return content


def _refuse(text: str) -> float:
    raise ValueError(f"{text} is no number")


def _finite(text: str) -> float:
    number = float(text)
    return number if math.isfinite(number) else _refuse(text)


def _texts(content: Any) -> Iterator[str]:
    """Yield every text in it, names of fields among them."""
    waiting = [content]
    while waiting:
        match waiting.pop():
            case str(text):
                yield text
            case dict(fields):
                yield from fields
                waiting += fields.values()
            case list(items):
                waiting += items


def _can_be_kept(text: str) -> bool:
    """Say whether a text can stand in the database: no zero, no half of a letter."""
    return "\x00" not in text and text == text.encode(errors="ignore").decode()
