"""The delimiter of a text file."""

import csv

DELIMITERS = ";,\t|"
FEWEST_LINES = 4


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


def is_fixed_width(lines: list[str]) -> bool:
    """Say whether columns of these lines are told apart by their width alone: spaces stand at the same places in all."""
    lines = [line.rstrip() for line in lines[:200] if line.strip()]
    if len(lines) < FEWEST_LINES or sum("  " in line.strip() for line in lines) < len(lines) / 2:
        return False
    shortest = min(map(len, lines))
    blank = [all(line[k] == " " for line in lines) for k in range(shortest)]
    gaps = sum(1 for k in range(1, shortest) if blank[k] and not blank[k - 1])
    return gaps >= 2
