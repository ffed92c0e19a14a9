"""Texts in the language of the reader."""

from collections.abc import Mapping
from typing import Any

from django.utils.translation import get_language, gettext


def active_language() -> str:
    """Return the two letters of the language this page or job speaks."""
    return (get_language() or "en")[:2]


def in_language(labels: Mapping[str, str]) -> str:
    """Return the label in the active language, or in English where it is missing."""
    return labels.get(active_language()) or labels.get("en", "")


def sentence(text: str, **values: Any) -> dict[str, Any]:
    """Keep a sentence marked with `marked(…)` so that each reader gets it in their own language.

    Values are sentences of this kind, lists of them, or anything else that is written as it is.
    """
    plain = (dict, list)
    return {
        "text": text,
        "values": {k: v if isinstance(v, plain) else str(v) for k, v in values.items()},
    }


def translated(kept: Any) -> str:
    """Return what `sentence` keeps in the active language; a list is joined by semicolons."""
    if isinstance(kept, list):
        return "; ".join(translated(part) for part in kept)
    if not isinstance(kept, dict):
        return str(kept)
    if not kept.get("text"):  # gettext answers "" with the head of the catalogue
        return ""
    text, values = gettext(kept["text"]), kept.get("values")
    return text % {k: translated(v) for k, v in values.items()} if values else text
