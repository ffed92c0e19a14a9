"""The encoding and the delimiter of a text file, with the evidence for them."""

import codecs
import csv
import re
from collections.abc import Sequence
from dataclasses import dataclass

from standards.spelling import fold, normalise

ENCODINGS = ("utf-8", "cp1251", "cp1250")
DELIMITERS = ";,\t|"
BOMS = ((b"\xef\xbb\xbf", "utf-8-sig"), (b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16"))
CYRILLIC = re.compile(r"[а-яё]", re.IGNORECASE)
LATIN = re.compile(r"[a-zäçžňöşüý]", re.IGNORECASE)
WORD = re.compile(r"[^\W\d_]+")
# Letters of other languages of cp1251 and cp1250 that appear when the wrong one is chosen.
ODD = re.compile(r"[ѓќўџјљњћђєіїґѕ¤¦§©«¬®°±µ¶·»ŕĺęćďđłľěëőűůŹżŻŃÁÂĂĎÉŔŘŢ]", re.IGNORECASE)


@dataclass(frozen=True)
class Guess:
    """An encoding with what speaks for it; `sure` is false where a person should choose."""

    encoding: str
    sure: bool
    scores: dict[str, float]


def encoding_of(sample: bytes, known_words: Sequence[str]) -> Guess | None:
    """Find the encoding of the first bytes of a file; None where none of ours can read it.

    A byte order mark or strict UTF-8 settles it. Otherwise cp1251 and cp1250 are scored: words in
    one script and hits among the known words (headers, aliases) speak for one, mixed scripts
    inside a word against it.
    """
    for mark, encoding in BOMS:
        if sample.startswith(mark):
            return Guess(encoding, True, {})
    with_whole_letters = codecs.getincrementaldecoder("utf-8")()
    try:
        with_whole_letters.decode(sample)
        return Guess("utf-8", True, {})
    except UnicodeDecodeError:
        pass
    wanted = {fold(word) for word in known_words if len(word) > 1}
    scores = {e: _score(sample.decode(e, errors="replace"), wanted) for e in ENCODINGS[1:]}
    best, other = sorted(scores, key=lambda e: scores[e], reverse=True)
    if scores[best] < 0:
        return None
    return Guess(best, scores[best] - scores[other] > 0.02, scores)


def _score(text: str, wanted: set[str]) -> float:
    words = WORD.findall(text)
    foreign = [w for w in words if not w.isascii()]
    if not foreign:
        return 0.0
    mixed = sum(1 for w in foreign if CYRILLIC.search(w) and LATIN.search(w))
    odd = sum(1 for w in foreign if ODD.search(w)) + text.count("\ufffd")
    parts = {
        fold(normalise(part))
        for line in text.splitlines()[:200]
        for part in re.split(r"[;,\t|]", line)
    }
    hits = sum(1 for part in parts if part in wanted and not part.isascii())
    return (len(foreign) - 3 * mixed - 3 * odd) / len(foreign) + hits


def delimiter_of(text: str) -> str:
    """Find the delimiter: what `sep=` says, else the one that cuts the lines most evenly into columns."""
    first = text.split("\n", 1)[0].strip().lower()
    if first.startswith("sep=") and len(first) == 5:
        return first[4]
    lines = [line for line in text.splitlines()[:200] if line.strip()]
    return max(DELIMITERS, key=lambda d: _evenness(lines, d)) if lines else ","


def _evenness(lines: list[str], delimiter: str) -> tuple[int, int]:
    widths = [len(row) for row in csv.reader(lines, delimiter=delimiter)]
    common = max(set(widths), key=lambda w: (w > 1, widths.count(w), w))
    return (widths.count(common) if common > 1 else 0, common)


def looks_binary(sample: bytes) -> bool:
    """Say whether these bytes are no text in any of our encodings."""
    if sample.startswith((b"\xff\xfe", b"\xfe\xff")):
        return False
    control = sum(1 for byte in sample if byte < 32 and byte not in b"\t\n\r\x0c\x1a")
    return b"\x00" in sample or control > len(sample) / 100
