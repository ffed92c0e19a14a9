"""The letters of charts, and how much room texts need in the widest of the faces that a reader may have."""

from collections.abc import Iterable, Iterator
from math import ceil

FONT = 'system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", "Liberation Sans", sans-serif'
LETTERS = 14  # pixels
LINE = 17  # pixels from the middle of one line of text to the next
NARROW, WIDE = frozenset(" .,:;'!|()[]ijltfrI\u00a0"), frozenset("mwMW%жмшщыюЖМШЩЫЮФД–—…")


def room(texts: Iterable[str], *, bold: bool = False) -> int:
    """Return how many pixels the longest of the texts needs in the widest of the faces."""

    def width(letter: str) -> float:
        if letter in WIDE:
            return 0.98
        return 0.42 if letter in NARROW else 0.8 if letter.isupper() else 0.65

    longest = max((sum(map(width, text)) for text in texts), default=0.0)
    return ceil(longest * LETTERS * (1.12 if bold else 1))


def wrapped(text: str, width: float, letters: int, *, bold: bool = False) -> Iterator[str]:
    """Yield the lines of a text, none wider than so many pixels in letters of this size (unless one word is)."""
    line = ""
    for word in text.split(" "):  # not where a space keeps numbers and words together
        longer = f"{line} {word}".strip()
        if line and room([longer], bold=bold) * letters / LETTERS > width:
            yield line
            line = word
        else:
            line = longer
    yield line
