"""Texts that were broken before the file was saved: read in a wrong encoding, or with letters that are gone.

“Aэal” is “Aýal” whose bytes somebody read as cp1251, “РџРѕР»” is “Пол” in UTF-8 read as cp1251. Such a repair
is proposed where it makes words that a file of this instrument has, and made only after a person said so.
What is “�”, or “?” inside a word, cannot be repaired: its places are told.
"""

import re
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import pyarrow as pa

from records.instruments.spec import Spec
from records.reading import questions
from records.reading.layout import FileBlock, Layout, Question, letter_of
from records.reading.refusals import FileRefused, refusal
from standards import codelists
from standards.spelling import normalise

SEARCHED = 1000  # rows
EXAMPLES = 4
HEADERS = 30  # rows among which that of the headers is
WORD = re.compile(r"[^\W\d_]+")
CYRILLIC, LATIN = re.compile(r"[Ѐ-ӿ]"), re.compile(r"[A-Za-z]")
WESTERN = re.compile(r"(?<![^\W\d_])[À-ÿ¨¸]+(?![^\W\d_])")  # whole words without a letter of ASCII
CONTROL = re.compile(r"[\x80-\x9f]")
LOST = re.compile(r"\ufffd|[^\W\d_]\?+(?=[^\W\d_])")
AS_IS = "as_is"


def _bytes(text: str, encoding: str) -> bytes:
    """Return the bytes of which a wrong reading made this text; those that stand for nothing, it passed on as they were."""
    if not CONTROL.search(text):
        return text.encode(encoding)
    return b"".join(
        bytes([ord(letter)]) if CONTROL.match(letter) else letter.encode(encoding)
        for letter in text
    )


def _whole(encoding: str) -> Callable[[str], str]:
    """UTF-8 that was read in this encoding: a cell is mended as a whole, or not at all."""

    def mend(cell: str) -> str:
        try:
            return _bytes(cell, encoding).decode("utf-8")
        except UnicodeError:
            return cell

    return mend


def _by_words(wrong: str, right: str, is_broken: Callable[[str], object]) -> Callable[[str], str]:
    def mend_word(match: re.Match[str]) -> str:
        word = match[0]
        try:
            return word.encode(wrong).decode(right) if is_broken(word) else word
        except UnicodeError:
            return word

    return lambda cell: WORD.sub(mend_word, cell) if is_broken(cell) else cell


def _is_mixed(word: str) -> bool:
    return bool(CYRILLIC.search(word) and LATIN.search(word))


REPAIRS: Mapping[str, Callable[[str], str]] = {  # read as, was -> what mends a cell
    "cp1251_utf8": _whole("cp1251"),
    "cp1252_utf8": _whole("cp1252"),
    "cp1251_cp1250": _by_words("cp1251", "cp1250", _is_mixed),
    "cp1252_cp1251": _by_words("cp1252", "cp1251", WESTERN.search),
}


@dataclass(frozen=True)
class Repair:
    """A repair of broken texts, with what it makes of words of the file: broken -> whole."""

    name: str
    examples: Mapping[str, str]

    def cell(self, text: str) -> str:
        return text if text.isascii() else REPAIRS[self.name](text)

    def rows(self, rows: Sequence[Sequence[str]]) -> list[list[str]]:
        return [[self.cell(cell) for cell in row] for row in rows]

    def blocks(self, blocks: Iterator[FileBlock]) -> Iterator[FileBlock]:
        for block in blocks:
            yield block._replace(cells={p: self._column(texts) for p, texts in block.cells.items()})

    def _column(self, texts: pa.Array) -> pa.Array:
        coded = texts.dictionary_encode()
        mended = [self.cell(text) for text in coded.dictionary.to_pylist()]
        return pa.array(mended, pa.string()).take(coded.indices)

    def question(self, answers: Mapping[str, Any]) -> Question:
        """Ask whether the words are to be mended like this."""
        examples = [f"{broken} → {whole}" for broken, whole in [*self.examples.items()][:EXAMPLES]]
        texts = codelists.standard("questions")
        choices = [
            {"value": self.name, "label": ", ".join(examples)},
            {"value": AS_IS, "label": texts["repair.as_is"]},
        ]
        evidence = [*self.examples][:EXAMPLES]
        return questions.ask("repair", choices, evidence, answer=answers.get("repair"))


@dataclass(frozen=True)
class Letters:
    """What is to be done about the letters of a file, and what is asked about them first."""

    repair: Repair | None
    questions: list[Question]

    def rows(self, rows: list[list[str]]) -> list[list[str]]:
        """Return the rows as they would be mended, or as they are where the person wants that."""
        return self.repair.rows(rows) if self.repair else rows

    def blocks(self, blocks: Iterator[FileBlock]) -> Iterator[FileBlock]:
        return self.repair.blocks(blocks) if self.repair else blocks

    def layout(
        self, rows: Sequence[Sequence[str]], layout: Layout, spec: Spec, answers: Mapping[str, Any]
    ) -> Layout:
        """Put these questions, and that about letters which are gone, before the others.

        Raises FileRefused where the headers are not found and letters of them are gone.
        """
        asked = [*self.questions, *_about_lost(rows, layout, spec, answers)]
        none_fits = any(question.answer == questions.NONE for question in asked)
        refused = refusal("none_fits") if none_fits else layout.refusal
        return replace(layout, questions=[*asked, *layout.questions], refusal=refused)


def letters_of(rows: Sequence[Sequence[str]], spec: Spec, answers: Mapping[str, Any]) -> Letters:
    """Look for broken texts in the first rows of a file."""
    repair = repair_of(rows, spec)
    if repair is None:
        return Letters(None, [])
    question = repair.question(answers)
    return Letters(None if question.answer == AS_IS else repair, [question])


def repair_of(rows: Sequence[Sequence[str]], spec: Spec) -> Repair | None:
    """Return the repair that makes the most known words of cells that are none; None where none does."""
    foreign = dict.fromkeys(c.strip() for row in rows[:SEARCHED] for c in row if not c.isascii())
    best = Repair("", {})
    for name, mend in REPAIRS.items():
        mended = {cell: whole for cell in foreign if (whole := mend(cell)) != cell}
        known = _known([*mended, *mended.values()], spec)
        examples = {c: w for c, w in mended.items() if w in known and c not in known}
        if len(examples) > len(best.examples):
            best = Repair(name, examples)
    return best if best.examples else None


def _known(texts: Sequence[str], spec: Spec) -> set[str]:
    """Return those of the texts that a file of this instrument may hold: headers, and texts that mean a code."""
    headers = spec.header_aliases() if texts else {}
    known = {text for text in texts if normalise(text) in headers}
    for name in sorted({v.codelist for v in spec.variables if v.codelist}) if texts else ():
        matches = codelists.load(name).match(texts)
        known |= {text for text, m in zip(texts, matches, strict=True) if m.code is not None}
    return known


def _about_lost(
    rows: Sequence[Sequence[str]], layout: Layout, spec: Spec, answers: Mapping[str, Any]
) -> list[Question]:
    """Ask whether a file is to be taken in although letters are gone, with the places of its cells."""
    coded = {c.position for c in layout.columns if c.variable and spec.by_name[c.variable].codelist}
    if not layout.columns or any(q.id.startswith("columns:") for q in layout.questions):
        if places := _lost(rows[:HEADERS], None):
            raise FileRefused("lost_letters", where=places[0])
        return []
    places = _lost(rows[layout.header_row + 1 : SEARCHED], coded, layout.header_row + 1)
    if not places:
        return []
    choices = [{"value": AS_IS, "label": codelists.standard("questions")["lost_letters.as_is"]}]
    return [questions.ask("lost_letters", choices, places, answer=answers.get("lost_letters"))]


def _lost(
    rows: Sequence[Sequence[str]], columns: Collection[int] | None, first: int = 0
) -> list[str]:
    """Return the first cells with letters that are gone, as C17; texts of cells are not told."""
    places = (
        f"{letter_of(k)}{number}"
        for number, row in enumerate(rows, start=first + 1)
        for k, cell in enumerate(row)
        if (columns is None or k in columns) and LOST.search(cell)
    )
    return [place for place, _k in zip(places, range(questions.EVIDENCE), strict=False)]
