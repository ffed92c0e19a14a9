"""The question for the shape of a table: each way to read it in words, and its first rows before and after.

The picture is data, lists of cells; what may be about a person is masked in it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from records.instruments.spec import Spec
from records.reading import headers, questions
from records.reading.layout import Question, letter_of
from records.reading.mapping import map_columns
from records.reading.plain_table import PlainTable
from records.reading.shape_search import Search
from records.reading.shapes import OF_HEADERS, Shape
from records.validation.personal import MASK, without_persons
from standards import codelists, languages
from standards.languages import Labels

LOOKED_AT = 200  # rows below the headers that tell whether a column is about persons
SHOWN_ROWS, SHOWN_COLUMNS, SHOWN_LETTERS = 6, 14, 40
Picture = dict[str, Any]


def ask_for_shape(
    rows: Sequence[Sequence[str]], shapes: Sequence[Shape], spec: Spec, answers: Mapping[str, Any]
) -> Question:
    """Ask which of these shapes the table has. `picture` holds the table before, and after each of them."""
    answer = answers.get("shape")
    offered = {shape.as_text(): shape for shape in shapes}
    if answer and answer != questions.NONE:
        confirmed = Shape.of(answer)
        answer = confirmed.as_text()
        offered.setdefault(answer, confirmed)
    search = Search(rows, spec, answers)
    choices = [
        {"value": text, "label": in_words(shape, spec, search.left_out(shape))}
        for text, shape in offered.items()
    ]
    hidden = _hidden(rows, shapes[0], spec)
    before = _before(rows, shapes[0], hidden)
    after = [_after(rows, Shape.of(choice["value"]), spec, hidden) for choice in choices]
    evidence = [" | ".join(row) for row in before["rows"]]
    question = questions.ask("shape", choices, evidence, answer=answer)
    return replace(question, picture={"before": before, "after": after})


def in_words(shape: Shape, spec: Spec, left_out: Sequence[int] = ()) -> Labels:
    """Say in a sentence of each language what a shape does to a table, and which columns of numbers it leaves out."""
    texts = codelists.standard("shape_texts")
    first, last = shape.header
    said = (
        [languages.say(texts["headers"], where=f"{first + 1}–{last + 1}")] if last > first else []
    )
    stated = _joined([_label(name, spec) for name in shape.variables])
    for name, positions in {
        "wide": shape.parts,
        "totals": shape.totals,
        "count": () if shape.count is None else (shape.count,),
        "fill_down": shape.fill_down,
        "dates": tuple(sorted(shape.dates.values())),
        "left_out": left_out,
    }.items():
        if positions:
            letters = ", ".join(map(letter_of, positions))
            said.append(languages.say(texts[name], stated, letters))
    if shape.headings:
        said.append(languages.say(texts["headings"], _label(shape.headings, spec)))
    if shape.adds_up:
        said.append(languages.say(texts["adds_up"]))
    return _joined(said, "; ")


def _label(name: str, spec: Spec) -> Labels:
    if name in spec.by_name:
        return spec.by_name[name].label
    part = next(part for part, of_headers in OF_HEADERS.items() if of_headers == name)
    return languages.say(codelists.standard("shape_texts")[part])


def _joined(parts: Sequence[Labels], between: str = ", ") -> Labels:
    return {
        language: between.join(part[language] for part in parts) for language in languages.LANGUAGES
    }


def _hidden(rows: Sequence[Sequence[str]], shape: Shape, spec: Spec) -> set[int]:
    """Return the columns whose cells are not shown: those about persons, and of single records all that is not known."""
    plain = PlainTable(shape, rows)
    place = shape.header[1]
    body = rows[place + 1 : place + 1 + LOOKED_AT]
    layout = map_columns([plain.headers, *body], spec, {"table": {"header": [1, 1]}})
    hows = {c.position: c.how for c in layout.columns}
    names = headers.Names(spec)
    counted = {*shape.counted, *shape.dates.values()}
    return {
        p
        for p, header in enumerate(plain.headers)
        if p not in counted
        and (
            hows.get(p) == "forbidden"
            or names.find(header)[1] in ("forbidden", "part")
            or (not spec.is_counts and names.find(header)[0] is None)
            or names.find(header)[0] in names.numbers
        )
    }


def _before(rows: Sequence[Sequence[str]], shape: Shape, hidden: set[int]) -> Picture:
    """Return the rows of headers and the first ones below them, each with its number, below the letters of the columns."""
    first, last = shape.header
    width = min(max(map(len, rows[first : last + 1])), SHOWN_COLUMNS)
    shown = []
    for k, row in enumerate(rows[first : last + 1 + SHOWN_ROWS], start=first):
        cells = [*row, *[""] * width][:width]
        masked = [
            MASK if p in hidden and k > last and c.strip() else _shown(c)
            for p, c in enumerate(cells)
        ]
        shown.append([str(k + 1), *masked])
    return {"head": ["", *map(letter_of, range(width))], "rows": shown}


def _after(rows: Sequence[Sequence[str]], shape: Shape, spec: Spec, hidden: set[int]) -> Picture:
    """Return the first rows of the plain table, below the labels of its variables or the headers of its columns."""
    plain = PlainTable(shape, rows)
    place = shape.header[1]
    body = plain.texts_of(rows[place + 1 : place + 1 + 4 * SHOWN_ROWS])[:SHOWN_ROWS]
    heads = list(enumerate(plain.plain_headers()))
    kept = [(p, header) for p, header in heads if header.strip()][-SHOWN_COLUMNS:]
    known = {**spec.by_name}
    head = [known[h].label if h in known else _shown(h) for _p, h in kept]
    shown = [
        [MASK if p in hidden and row[p].strip() else _shown(row[p]) for p, _header in kept]
        for row in body
    ]
    return {"head": head, "rows": shown}


def _shown(text: str) -> str:
    return without_persons(text.strip())[:SHOWN_LETTERS]
