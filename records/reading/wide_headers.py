"""Columns of a wide table by what their headers state: which of them are totals, and which stand twice."""

from collections.abc import Iterator, Mapping, Sequence

from records.reading.shapes import is_word
from records.validation import parsing
from records.validation.meanings import TOTAL


def with_totals(
    stated: dict[int, dict[str, str]],
    texts: Sequence[tuple[str, ...]],
    free: Sequence[int],
    body: Sequence[Sequence[str]],
) -> dict[int, dict[str, str]]:
    """Return the columns that state something of every variable; those that say “total”, or are the sum, get `_T`."""
    names = list(dict.fromkeys(name for codes in stated.values() for name in codes))
    wide, rest = {}, []
    for p in free:
        codes = stated.get(p, {})
        is_total = any(is_word(text, "whole") for text in texts[p])
        if len(codes) == len(names) or (is_total and names):
            wide[p] = {name: codes.get(name, TOTAL) for name in names}
        else:
            rest.append(p)
    parts = [p for p, codes in wide.items() if TOTAL not in codes.values()]
    if len(parts) < 2:
        return {}
    has_total = len(wide) > len(parts)
    sums = [] if has_total or len(parts) < 2 else [p for p in rest if _is_sum(body, p, parts)]
    if len(sums) == 1:
        wide[sums[0]] = dict.fromkeys(names, TOTAL)
    return wide


def _is_sum(body: Sequence[Sequence[str]], total: int, parts: Sequence[int]) -> bool:
    """Say whether a column is the sum of others in every row, and so in many rows that it cannot be by chance."""
    nonzero = 0
    for row in body:
        numbers = [parsing.whole_number(row[p]) for p in (total, *parts) if p < len(row)]
        if None in numbers or len(numbers) <= len(parts):
            continue
        stated, *summed = [number or 0 for number in numbers]
        if stated != sum(summed):
            return False
        nonzero += sum(1 for number in summed if number) > 1
    return nonzero >= 3


def each_once(
    wide: Mapping[int, dict[str, str]], words: Mapping[int, Sequence[str]]
) -> Iterator[dict[int, dict[str, str]]]:
    """Yield the columns so that no words of their headers stand twice: first the first of each, then the second ones.

    Nobody knows what else the two differ in, so they are never added together. Different words of one code are
    parts of it. A total that does not stand as often as its parts is of nobody knows which of them.
    """
    places: dict[tuple[str, ...], list[int]] = {}
    for p, codes in sorted(wide.items()):
        is_total = TOTAL in codes.values()
        key = (str(is_total), *codes.values(), *([] if is_total else words[p]))
        places.setdefault(key, []).append(p)
    times = max(map(len, places.values()), default=0)
    for k in range(times):
        chosen = [
            columns[min(k, len(columns) - 1)]
            for key, columns in places.items()
            if key[0] == str(False) or len(columns) == times
        ]
        yield {p: wide[p] for p in sorted(chosen)}
