"""A table of counts among single records: how it is recognised, and what is said of it."""

import re
from collections.abc import Iterable, Sequence
from itertools import pairwise

from records.instruments.aggregate import TITLE
from records.instruments.spec import Spec
from records.reading.layout import Layout, Question, Refusal, letter_of
from records.reading.questions import ask
from records.reading.shapes import MOST_LEVELS, Shape, is_word
from records.validation import parsing
from standards import codelists, languages
from standards.languages import Labels
from standards.measures import aggregate_code
from standards.spelling import normalise

LOOKED_AT = 1000  # rows
EXAMPLES = 4
ONE = "one"  # the answer that each row is one person or event, whatever a column says
UNIT = re.compile(r"\s*(?:чел\.?|человек[аи]?|adam|persons?|people)\s*$", re.IGNORECASE)


def count_column(rows: Sequence[Sequence[str]], layout: Layout) -> int | None:
    """Return the column of a mapped table whose header says that it counts, and whose cells are whole numbers.

    Numbers that go up by one in each row number the rows, so they count nothing.
    """
    body = rows[layout.header_row + 1 : layout.header_row + 1 + LOOKED_AT]
    for column in layout.columns:
        if (
            column.variable
            or column.how not in ("unknown", "ignored")
            or not is_word(column.header, "counts")
        ):
            continue
        cells = [row[column.position] for row in body if column.position < len(row)]
        numbers = parsing.whole_numbers([cell for cell in cells if not parsing.is_blank(cell)])
        whole = [number for number in numbers if number is not None]
        rising = len(whole) > 1 and all(b - a == 1 for a, b in pairwise(whole))
        if whole and 2 * len(whole) > len(numbers) and not rising:
            return column.position
    return None


def doubtful_count(rows: Sequence[Sequence[str]], layout: Layout) -> Question | None:
    """Ask about a column without a meaning that may count: its header says so, or nothing, and a number is above one.

    The word may stand in a row above the headers. Persons in a row may be told as “7 чел.” or “1,128” as well.
    """
    body = rows[layout.header_row + 1 : layout.header_row + 1 + LOOKED_AT]
    for column in layout.columns:
        if column.variable or column.how not in ("unknown", "empty"):
            continue
        if not _may_count_by_headers(rows, layout, column.position):
            continue
        cells = [row[column.position] for row in body if column.position < len(row)]
        told = parsing.whole_numbers([UNIT.sub("", cell) for cell in cells if cell.strip()])
        numbers = [number for number in told if number is not None]
        rising = len(numbers) > 1 and all(b - a == 1 for a, b in pairwise(numbers))
        if 2 * len(numbers) > len(told) and max(numbers) > 1 and not rising:
            texts = codelists.standard("questions")
            shown = f" “{column.shown}”" if column.shown else ""
            what = dict.fromkeys(languages.LANGUAGES, f"{column.letter}{shown}")
            evidence = [f"{column.letter}: {', '.join(map(str, numbers[:EXAMPLES]))}"]
            choices = [{"value": ONE, "label": languages.say(texts["counts.one"])}]
            return ask("counts", choices, evidence, what=what)
    return None


def _may_count_by_headers(rows: Sequence[Sequence[str]], layout: Layout, position: int) -> bool:
    """Say whether a header may say that its column counts, or a text above it, or the header says nothing: no letter."""
    first = max(layout.header_row + 1 - MOST_LEVELS, 0)
    texts = [row[position] for row in rows[first : layout.header_row + 1] if position < len(row)]
    return not any(map(str.isalpha, "".join(texts[-1:]))) or any(map(_may_count, texts))


def _may_count(header: str) -> bool:
    """Say whether any word of a header counts, or says that it is a total."""
    words = normalise(header.replace("_", " ").replace(":", " ")).split()
    return any(
        is_word(word, kind) for word in words for kind in ("counts", "whole", "women", "men")
    )


def stands_for_many(rows: Sequence[Sequence[str]], shape: Shape) -> bool:
    """Say whether a row of the table stands for more than one, or for none: single records may say 1 in each row."""
    cells = (row[p] for row in rows[shape.header[1] + 1 :] for p in shape.counted if p < len(row))
    numbers = parsing.whole_numbers(list(cells))
    return bool(shape.wide) or any(number not in (None, 1) for number in numbers)


def refuse_counts(shape: Shape, spec: Spec, others: Iterable[Spec], where: str = "") -> Refusal:
    """Return why a table of counts is no table of this instrument, and where it can go instead."""
    letters = [letter_of(p) for p in shape.counted]
    if letters:
        where = letters[0] if len(letters) == 1 else f"{letters[0]}–{letters[-1]}"
    texts = codelists.standard("refusals")
    message = languages.say(texts["table_of_counts"], where=where)
    addition = _instead(spec, others)
    return Refusal(
        "table_of_counts", {k: f"{text} {addition[k]}" for k, text in message.items()}, where
    )


def _instead(spec: Spec, others: Iterable[Spec]) -> Labels:
    """Say what to do: the form of counts where the agency delivers it, whom to ask where it does not."""
    texts = codelists.standard("refusals")
    if "aggregate" not in spec.raw:
        return languages.say(texts["table_of_counts.no_form"])
    code = aggregate_code(spec.code)
    delivered = any(other.code == code for other in others)
    title = {k: f"{TITLE[k].format(title=spec.title[k])} ({code})" for k in languages.LANGUAGES}
    name = "table_of_counts.delivered" if delivered else "table_of_counts.not_delivered"
    return languages.say(texts[name], title)
