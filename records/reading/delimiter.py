"""The delimiter of a text file."""

import csv

DELIMITERS = ";,\t|"


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
