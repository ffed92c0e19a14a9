"""What an agency said about a file, kept for the next one with the same headers, and recognised there.

Columns are told by their headers, because letters move. A header that may name a person is kept as a
keyed hash alone.
"""

import hmac
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from typing import Any

from records.reading.layout import Memory, letter_of
from records.reading.questions import MADE, NONE
from records.reading.shapes import Shape
from records.reading.table_rows import HITS, SEARCHED_ROWS, header_texts, stated_header
from standards.spelling import normalise

# Answers that hold for every file of a layout. What is said of one file alone is not among them: its
# sheet, its rows, its totals, its broken letters. What texts mean is taught as words (codelists.learned).
LASTING = (
    *("day_first", "sex_codes", "codes", "currency", "date1904", "constants"),
    *("numbers", "fill_ins", "counts"),
)
# Constants of one file: the next one may be that of the men, of another month, or of another region.
OF_ONE_FILE = frozenset({"sex", "event_date", "region"})
BY_VARIABLE = ("codes", "numbers", "fill_ins")  # answers of which each variable has its own
ENOUGH = (
    0.6  # share of the headers that two layouts have in common where one is a change of the other
)
LEVELS, SHAPE = "levels", "shape"  # how many rows the headers take; what is done to the table
HASHED = 16  # hexadecimal digits of a hashed header


def header_keys(
    headers: Sequence[str], key: bytes, names_nobody: Callable[[str], bool]
) -> list[str]:
    """Return what tells each header: its text, a keyed hash where it may name a person, its letter where it is empty.

    Of a text that stands several times the second and later ones are numbered.
    """
    seen: Counter[str] = Counter()
    keys = []
    for place, header in enumerate(headers):
        text = normalise(header)
        if not text:
            keys.append(f"@{letter_of(place)}")
            continue
        text = text if names_nobody(header) else hashed(header, key)
        seen[text] += 1
        keys.append(text if seen[text] == 1 else f"{text} ({seen[text]})")
    return keys


def hashed(header: str, key: bytes) -> str:
    """Return the keyed hash of a header."""
    return "#" + hmac.digest(key, normalise(header).encode(), "sha256").hex()[:HASHED]


def lasting(answers: Mapping[str, Any], header_keys: Sequence[str]) -> dict[str, Any]:
    """Return the answers that are kept for the next file of a layout with these headers."""
    keys = {letter_of(place): key for place, key in enumerate(header_keys)}
    known = {name: _known(name, answers.get(name)) for name in LASTING}
    said = {name: answer for name, answer in known.items() if answer not in (None, NONE, {})}
    columns = {
        name: keys.get(place, place)
        for name, place in (answers.get("columns") or {}).items()
        if place in keys or place in (NONE, MADE)
    }
    ignored = [keys[letter] for letter in answers.get("ignored") or () if letter in keys]
    header = stated_header(answers)
    if answers.get(SHAPE) not in (None, NONE):
        said[SHAPE] = Shape.of(answers[SHAPE]).as_json()
        header = said[SHAPE]["header"]
    if header:
        said[LEVELS] = header[1] - header[0] + 1 if header[1] else 0
    return {
        **said,
        **({"columns": columns} if columns else {}),
        **({"ignored": ignored} if ignored else {}),
    }


def _known(name: str, answer: Any) -> Any:
    """Return an answer without the variables of which nobody knew it: the next file is asked about them again.

    It is also asked about constants that are of one file.
    """
    if name == "constants" and isinstance(answer, Mapping):
        return {variable: text for variable, text in answer.items() if variable not in OF_ONE_FILE}
    if name not in BY_VARIABLE or not isinstance(answer, Mapping):
        return answer
    return {variable: said for variable, said in answer.items() if said != NONE}


def memory_of(
    rows: Sequence[Sequence[str]],
    layouts: Sequence[Mapping[str, Any]],
    key: bytes,
    variables_of: Callable[[Sequence[str]], set[str]],
) -> Memory | None:
    """Return what earlier files say about this one: of the same headers, else of those that have most in common.

    `layouts` are {id, keys, answers} as `collection.layouts` hands them down, the latest first; `variables_of` says
    which variables headers name. Of a changed layout only what concerns columns that are here too is taken over. A
    table without headers is recognised only where no row looks like headers.
    """
    headless = not layouts or all(len(variables_of(r)) < HITS for r in rows[:SEARCHED_ROWS])
    layouts = [known for known in layouts if headless or known["answers"].get(LEVELS) != 0]
    known = {k for layout in layouts for k in layout["keys"]}
    places = {
        levels: list(_rows_of_headers(rows, levels, key, known))
        for levels in {layout["answers"].get(LEVELS, 1) for layout in layouts}
    }
    candidates = [
        (_common(keys, layout["keys"]), layout, place, keys)
        for layout in layouts
        for place, keys in places[layout["answers"].get(LEVELS, 1)]
    ]
    if not candidates:
        return None
    common, layout, place, keys = max(candidates, key=lambda candidate: candidate[0])
    if common < ENOUGH:
        return None
    named = variables_of(rows[place - 1]) if place else set()
    answers = _with_letters(layout["answers"], keys, named, exact=common == 1)
    levels = layout["answers"].get(LEVELS)
    header = [place - levels + 1, place] if levels else [0, 0]
    if levels is not None:
        answers["table"] = {"header": header}
    same_letters = list(keys) == layout["keys"]  # the columns of a shape are told by them
    if SHAPE in layout["answers"] and same_letters:
        answers[SHAPE] = {**layout["answers"][SHAPE], "header": header}
    return Memory(layout["id"], common == 1, answers)


def _rows_of_headers(
    rows: Sequence[Sequence[str]], levels: int, key: bytes, known: Collection[str]
) -> Iterator[tuple[int, list[str]]]:
    """Yield each place among the first rows where headers of so many rows may end, with their keys."""
    places = range(levels, min(len(rows), SEARCHED_ROWS) + 1) if levels else [0]
    for last in places:
        if last == 0 or any(cell.strip() for cell in rows[last - 1]):
            headers = header_texts(rows, (last - levels + 1, last) if last else (0, 0))
            yield last, header_keys(headers, key, lambda h: hashed(h, key) not in known)


def _common(keys: Sequence[str], known: Sequence[str]) -> float:
    """Return which share of all headers of two layouts both have; of a table without headers its width counts."""
    here, there = set(keys), set(known)
    named = {k for k in here | there if not k.startswith("@")}
    if not named:
        return 1.0 if here == there else 0.0
    return len(here & there & named) / len(named)


def _with_letters(
    answers: Mapping[str, Any], keys: Sequence[str], named: set[str], *, exact: bool
) -> dict[str, Any]:
    """Return the answers of a layout with the letters that its columns have in this file.

    Where the layout has changed, what texts of columns mean is asked anew, and of a variable that a header names
    now the earlier file says nothing.
    """
    letters = {key: letter_of(place) for place, key in enumerate(keys)}
    said = {name: answers[name] for name in LASTING if name in answers} if exact else {}
    constants = {
        name: text
        for name, text in answers.get("constants", {}).items()
        if exact or name not in named
    }
    said |= {"constants": constants} if constants else {}
    columns = {
        name: letters.get(place, place)
        for name, place in answers.get("columns", {}).items()
        if place in letters or (place in (NONE, MADE) and (exact or name not in named))
    }
    ignored = [letters[key] for key in answers.get("ignored", ()) if key in letters]
    return {**said, **({"columns": columns} if columns else {}), "ignored": ignored}
