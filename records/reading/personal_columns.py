"""Columns that are about persons, by their header or by their values: they are dropped, never offered.

Headers are compared by words, so that variants and inflections no list has are seen, too. Values
are judged together: one capitalised word says nothing, a column of them does.
"""

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache

import pyarrow as pa
import pyarrow.compute as pc

from records.validation import parsing, personal
from standards import codelists
from standards.spelling import normalise, one_script

KINDS = ("name", "document", "phone", "email", "address", "sensitive", "remark")
SAMPLE = 200  # distinct values that are looked at
FEW = 50
MANY, MOST = 0.3, 0.6  # shares of the values that make a column one of numbers, or of names
SEPARATORS = re.compile(r"[\s/\\,;:+&_|–—-]+")
ADDRESS = re.compile(
    r"(?:^|[\s.,])(?:ул|улица|пр-т|просп|пер|мкр|кв|дом|köçe|köçesi|koce|kocesi|şaýoly|jaý|öý|etrap"
    r"|street|avenue)(?:[\s.,]|$).*\d",
    re.IGNORECASE,
)


def kind_of_header(header: str) -> str:
    """Return what personal thing a header speaks of (see `FileColumn.reason`), or ""."""
    # Points belong to an abbreviation (Ф.И.О.) or part words (Эл.почта): both are tried.
    parted = f"{normalise(header)} {normalise(header.replace('.', ' '))}"
    words = [one_script(word) for word in SEPARATORS.split(parted) if word]
    text = f" {' '.join(words)} "
    harmless = not _things().isdisjoint(words)
    for kind, known in _kinds().items():
        strong = any(word in known.words or word.startswith(known.stems) for word in words)
        strong = strong or any(f" {phrase}" in text for phrase in known.phrases)
        if strong or (not harmless and not known.weak.isdisjoint(words)):
            return kind
    return ""


def kind_of_values(values: Sequence[str]) -> str:
    """Return what the values of a column look like: name, document, identity, phone, email, address, or "".

    Names are mostly distinct and stand in no code list; numbers of documents and phones are
    recognised one by one, so fewer of them are enough.
    """
    stated = [value.strip() for value in values if not parsing.is_blank(value)]
    distinct = list(dict.fromkeys(stated))[:SAMPLE]
    texts = [v for v in distinct if not parsing.parse_date(v, day_first=True, pivot=2100).day]
    if not texts:
        return ""
    count = Counter(personal.kinds_of(pa.array(texts, pa.string())).tolist())
    count["address"] = sum(1 for value in texts if ADDRESS.search(value))
    count.pop("", None)
    names = count.pop("name", 0)
    kind, most = max(count.items(), key=lambda pair: pair[1], default=("", 0))
    if most and most >= MANY * len(distinct):
        return kind
    mostly_distinct = len(distinct) == SAMPLE or 2 * len(distinct) > len(stated)
    return "name" if names >= MOST * len(distinct) and mostly_distinct else ""


def are_names(texts: pa.Array) -> bool:
    """Say whether most of these record numbers are names; a number has a digit, so this is seldom looked at.

    A few rows say nothing of the column: whoever maps it has judged its beginning.
    """
    if len(texts) < FEW:
        return False
    wordy = pc.invert(pc.match_substring_regex(pc.fill_null(texts, "0"), r"^\s*$|\d"))
    words = texts.filter(wordy)
    if len(words) < MOST * len(texts):
        return False
    return kind_of_values(words[: 5 * SAMPLE].to_pylist()) == "name"


@dataclass(frozen=True)
class HeaderWords:
    """What a header says where a column is about persons; see `standards/data/personal_headers.yaml`."""

    stems: tuple[str, ...]
    phrases: tuple[str, ...]
    words: frozenset[str]
    weak: frozenset[str]


@cache
def _things() -> frozenset[str]:
    return frozenset(_plain("things"))


@cache
def _kinds() -> Mapping[str, HeaderWords]:
    return {
        kind: HeaderWords(
            _plain(f"{kind}_stems"),
            _plain(f"{kind}_phrases"),
            frozenset(_plain(f"{kind}_words")),
            frozenset(_plain(f"{kind}_weak")),
        )
        for kind in KINDS
    }


def _plain(name: str) -> tuple[str, ...]:
    words = codelists.standard("personal_headers").get(name, ())
    return tuple(one_script(normalise(word)) for word in words)
