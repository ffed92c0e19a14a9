"""The encoding of a text file, with the evidence for it.

A byte order mark, strict UTF-8, or letters of two bytes that make sense settle it. Otherwise every old
encoding reads the lines that are not ASCII, and two voices are heard: our own, which knows how letters
stand beside each other in the languages of that encoding and which words a file of this instrument has;
and `charset_normalizer`. It is certain only where both agree or the lead of the first is clear.
"""

import logging
import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field

import charset_normalizer
import numpy as np

from records.reading import letter_pairs
from records.reading.layout import Source
from standards.spelling import fold, normalise

LANGUAGES = {  # encoding -> languages that were written in it; those first are asked about first
    "cp1251": ("ru", "uk", "be", "bg"),
    "cp1250": ("tk", "pl", "cs", "sk", "hu", "hr", "ro", "de"),
    "cp1252": ("de", "fr", "es", "pt", "it", "sv", "da", "fi", "nl", "is"),
    "cp1254": ("tr", "de", "fr"),
    "cp866": ("ru", "be"),
    "koi8-r": ("ru",),
    "mac-cyrillic": ("ru", "uk", "bg"),
    "iso8859-9": ("tr", "de", "fr"),
    "cp1253": ("el",),
    "cp1255": ("he",),
    "cp1256": ("ar", "fa", "fr"),
    "cp949": ("ko",),
    "cp932": ("ja",),
    "cp936": ("zh",),
}
WIDE = ("utf-16", "utf-16-le", "utf-16-be")
ENCODINGS = ("utf-8", *LANGUAGES, "euc-kr", *WIDE)  # what a person may choose
BOMS = ((b"\xef\xbb\xbf", "utf-8-sig"), (b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16"))
EVIDENCE = 16 * 1024  # bytes of lines that are looked at, and more where a byte was not among them
WORDS = 600  # that are looked at
PIECE = 1 << 20  # bytes
KNOWN = 4.0  # what a known word says for a reading: a logarithm of likelihood, as that of letters
MOST_KNOWN = 10
LEAST, USUAL = (
    -5.4,
    -4.2,
)  # means of a pair of letters: below the first no language is read, above the second one is
AGREED, CLEAR = 3.0, 8.0  # leads (powers of ten) that are enough with and without the other voice
FEW = 2  # words that have to read differently for a clear lead; one more, for one that is not
CONTROL = re.compile(r"[\x80-\x9f]")  # no letter, in any text
MOST_ASKED = 3
SEPARATORS = re.compile(r"[;,\t|\r\n]")

logging.getLogger("charset_normalizer").setLevel(logging.CRITICAL)


@dataclass(frozen=True)
class Guess:
    """An encoding with what speaks for it; `sure` is false where a person should choose among `candidates`."""

    encoding: str
    sure: bool
    scores: dict[str, float] = field(default_factory=dict)
    candidates: tuple[str, ...] = ()


def encoding_of(sample: bytes, known_words: Collection[str]) -> Guess | None:
    """Find the encoding of bytes of a file (its beginning, or `evidence_of` it); None where none of ours fits.

    known_words  what a file of this kind may have in its cells, as a person writes it.
    """
    for mark, encoding in BOMS:
        if sample.startswith(mark):
            return Guess(encoding, True)
    if wide := wide_encoding_of(sample):
        return Guess(wide, True)
    if _decodes(sample, "utf-8"):
        return Guess("utf-8", True)
    readings = _readings(sample)
    wanted = {fold(word) for word in known_words if len(word) > 1 and not word.isascii()}
    known = {e: _known(text, wanted) for e, text in readings.items()}
    scores, means = {}, {}
    for name, text in readings.items():
        likely, count = letter_pairs.likelihood(text, LANGUAGES[name], WORDS)
        scores[name] = likely + KNOWN * known[name]
        means[name] = scores[name] / max(1, count)
    if max(means.values(), default=LEAST) <= LEAST:
        return None
    ranked = _different(sorted(scores, key=lambda e: -scores[e]), readings)
    best = ranked[0]
    sure = means[best] >= USUAL
    if sure and len(ranked) > 1:
        lead = scores[best] - scores[ranked[1]]
        apart = len(
            set(letter_pairs.words(readings[best])) - set(letter_pairs.words(readings[ranked[1]]))
        )
        clear = lead >= CLEAR and (apart >= FEW or known[best] > known[ranked[1]])
        sure = clear or (lead >= AGREED and apart > FEW and _second_voice(sample) == readings[best])
    return Guess(best, sure, scores, tuple(ranked[:MOST_ASKED]))


def evidence_of(source: Source) -> bytes:
    """Return lines of a file that are not ASCII: the first ones, and one for each byte that stands in none of them."""
    lines: list[bytes] = []
    seen = np.zeros(256, bool)
    size, rest, more = 0, b"", True
    with source.open("rb") as file:
        while more:
            piece = file.read(PIECE)
            more = bool(piece)
            rest += piece
            end = 1 + max(rest.rfind(b"\n"), rest.rfind(b"\r")) if more else len(rest)
            if end or len(rest) > 4 * PIECE:
                block, rest = rest[: end or len(rest)], rest[end or len(rest) :]
                for line in _lines(block, seen, size < EVIDENCE):
                    lines.append(line)
                    size += len(line)
    return b"\n".join(lines)


def _lines(
    block: bytes, seen: "np.ndarray[tuple[int], np.dtype[np.bool_]]", every: bool
) -> list[bytes]:
    """Return lines with bytes that were not seen, or every line that is not ASCII; they are seen then."""
    values = np.frombuffer(block, np.uint8)
    strange = np.flatnonzero(values >= 128)
    lines, size = [], 0
    for line in re.split(rb"[\r\n]+", block) if every and strange.size else ():
        if not line.isascii():
            lines.append(line)
            size += len(line)
            seen[np.frombuffer(line, np.uint8)] = True
        if size >= EVIDENCE:
            break
    fresh, places = np.unique(values[strange], return_index=True)
    for byte, place in zip(fresh.tolist(), strange[places].tolist(), strict=True):
        if not seen[byte]:
            start = 1 + max(block.rfind(b"\n", 0, place), block.rfind(b"\r", 0, place))
            line = re.split(rb"[\r\n]", block[start:], maxsplit=1)[0]
            lines.append(line)
            seen[np.frombuffer(line, np.uint8)] = True
    return lines


def wide_encoding_of(sample: bytes) -> str:
    """Return which order of bytes a text in UTF-16 without a mark has, "" where it is none."""
    for place, encoding in ((1, "utf-16-le"), (0, "utf-16-be")):
        high, low = sample[place:4096:2], sample[1 - place : 4096 : 2]
        pages = sum(high.count(page) for page in range(6))  # Latin, Greek, Cyrillic, Hebrew
        if (
            len(high) > 3
            and high.count(0) > len(high) / 10
            and pages > 0.95 * len(high)
            and 0 not in low
        ):
            whole = sample[: len(sample) // 2 * 2]
            return encoding if _decodes(whole, encoding) else ""
    return ""


def looks_binary(sample: bytes) -> bool:
    """Say whether these bytes are no text in any of our encodings."""
    if sample.startswith((b"\xff\xfe", b"\xfe\xff")) or wide_encoding_of(sample):
        return False
    control = sum(1 for byte in sample if byte < 32 and byte not in b"\t\n\r\x0c\x1a")
    return b"\x00" in sample or control > len(sample) / 100


def is_damaged_utf8(sample: bytes) -> bool:
    """Say whether nearly all letters that are not ASCII are in UTF-8, and some bytes are none of it."""
    text = sample.decode("utf-8", "replace")
    lost = text.count("\ufffd") - sample.count("\ufffd".encode())
    letters = sum(1 for letter in text if not letter.isascii()) - lost
    return 0 < 10 * lost < letters


def _decodes(sample: bytes, encoding: str) -> bool:
    try:
        sample.decode(encoding)
    except UnicodeDecodeError:
        return False
    return True


def _readings(sample: bytes) -> dict[str, str]:
    """Return how the bytes read in every encoding that has letters for all of them."""
    found = {}
    for encoding in LANGUAGES:
        try:
            found[encoding] = sample.decode(encoding)
        except UnicodeDecodeError:
            continue
    return {encoding: text for encoding, text in found.items() if not CONTROL.search(text)}


def _different(encodings: Sequence[str], readings: dict[str, str]) -> list[str]:
    """Return those whose reading is none of the ones before."""
    texts = dict.fromkeys(readings[encoding] for encoding in encodings)
    return [next(e for e in encodings if readings[e] == text) for text in texts]


def _known(text: str, wanted: set[str]) -> int:
    """Return how many cells of a text are words that a file of this kind may have."""
    cells = {fold(normalise(cell)) for cell in SEPARATORS.split(text) if not cell.isascii()}
    return min(MOST_KNOWN, len(cells & wanted))


def _second_voice(sample: bytes) -> str | None:
    """Return the text as `charset_normalizer` reads it."""
    found = charset_normalizer.from_bytes(
        sample[:EVIDENCE], cp_isolation=[e.replace("-", "_") for e in LANGUAGES]
    ).best()
    if found is None:
        return None
    return sample.decode(found.encoding, errors="replace")
