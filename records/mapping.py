"""Which row holds the headers, and which column is which variable."""

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Any, NamedTuple

import pyarrow as pa

from records import codelist, parsing
from records.codelist import Labels, fold, normalise, one_script
from records.spec import Spec, Variable

SEARCHED_ROWS = 30
SLASHED = re.compile(r"^\d{1,2}[/\-]\d{1,2}[/\-]\d{2,4}$")
REMARK = re.compile(r"\([^)]*\)|[*:]+\s*$")  # "Sex (M/F)", "Date of birth*:"


@dataclass(frozen=True)
class Column:
    """One column of the file, or one part of a composite one.

    `how`: exact, folded, look_alike, answer, part, ignored, forbidden, unknown, empty.
    `part`: "" the whole cell, else which piece of it (`parsing.part_of`).
    """

    header: str
    variable: str | None
    how: str
    letter: str
    position: int
    part: str = ""


@dataclass(frozen=True)
class Question:
    """What only a person can say. `choices` are [{value, label}]; `evidence` what was seen."""

    id: str
    text: Labels
    choices: list[dict[str, Any]]
    evidence: list[str]


@dataclass(frozen=True)
class Refusal:
    """Why nothing of the file is taken in: what was wrong, where, and what to do."""

    code: str
    message: Labels
    where: str = ""


@dataclass(frozen=True)
class Layout:
    """The header row (0 is the first line of the file) and its columns.

    `letters`: single letters in the column of sex whose language the rest of the column proves.
    """

    header_row: int
    columns: list[Column]
    refusal: Refusal | None = None
    questions: list[Question] = field(default_factory=list)
    letters: dict[str, str] = field(default_factory=dict)


class Block(NamedTuple):
    """Some rows of a file.

    cells  texts by position; rows  (n,) int32, 1 is the first row of the file; state  (n,) int8,
    FINE, SHIFTED (nobody knows which cell is which) or CUT; done  bytes of the file consumed so far.
    """

    cells: dict[int, pa.Array]
    rows: pa.Array
    state: pa.Array
    done: int

    def take(self, places: pa.Array) -> "Block":
        cells = {p: column.take(places) for p, column in self.cells.items()}
        return Block(cells, self.rows.take(places), self.state.take(places), self.done)


FINE, SHIFTED, CUT = 0, 1, 2


@dataclass
class Source:
    """A file made ready: what was seen of it, its columns, and its rows below the headers."""

    file: dict[str, Any]
    layout: Layout
    blocks: Iterator[Block] = field(default_factory=lambda: iter(()))


def letter_of(position: int) -> str:
    """Return the spreadsheet letter of a column: 0 is A, 26 is AA."""
    letters = ""
    position += 1
    while position:
        position, rest = divmod(position - 1, 26)
        letters = chr(65 + rest) + letters
    return letters


def map_columns(rows: Sequence[Sequence[str]], spec: Spec, answers: Mapping[str, Any]) -> Layout:
    """Find the header row among the first rows and say which column is which variable.

    The row with the most known headers wins; below two there is none. Refusals: header_missing,
    duplicate_header, missing_required, header_only. Questions are asked, never guessed.
    """
    names = Names(spec)
    scored = [(names.hits(row), -k, k) for k, row in enumerate(rows[:SEARCHED_ROWS])]
    hits, _, place = max(scored, default=(0, 0, 0))
    if hits < 2:
        where = f"1–{min(len(rows), SEARCHED_ROWS)}"
        return Layout(place, [], _refuse("header_missing", where=where))
    columns = list(_columns(rows[place], names, spec, answers))
    body = [r for r in rows[place + 1 :] if _is_data(r, needed_columns(columns, spec))]
    refusal = _twice(columns, place)
    if refusal is None and not body:
        refusal = _refuse("header_only", where=str(place + 1))
    if refusal:
        return Layout(place, columns, refusal)
    missing = _missing(spec, columns)
    questions = _which_column(missing, columns, body, answers)
    asked = {q.id.split(":")[1] for q in questions}
    if left := [v for v in missing if v.name not in asked]:
        return Layout(place, columns, _refuse("missing_required", where=str(place + 1), names=left))
    sexes = _values(next((c for c in columns if c.variable == "sex"), None), body)
    letters = proven_letters(sexes)
    questions += _what_sexes_mean(sexes, letters, answers)
    questions += _what_dates_mean(columns, body, answers, spec)
    return Layout(place, columns, None, questions, letters)


class Names:
    """Headers the instrument knows, wants dropped, or ignores; compared as written, then by look."""

    def __init__(self, spec: Spec) -> None:
        self.known = spec.header_aliases()
        self.forbidden = {normalise(f) for f in spec.forbidden}
        self.ignored = {normalise(i) for i in spec.ignored} | {"№"}
        self.composite = {
            normalise(header): composite["parts"]
            for composite in spec.composites
            for header in composite["headers"]
        }
        self.looks = [
            (how, {form(k): v for k, v in self.known.items()}, {form(f) for f in self.forbidden})
            for how, form in (("folded", fold), ("look_alike", one_script))
        ]
        self.forms = {"folded": fold, "look_alike": one_script}

    def find(self, header: str) -> tuple[str | None, str]:
        """Return (variable, how) of a header."""
        if not normalise(header):
            return None, "ignored" if header.strip() else "empty"
        found = self._find(normalise(header))
        if found[1] == "unknown" and (plain := normalise(REMARK.sub(" ", header))):
            found = self._find(plain)
        return found

    def _find(self, key: str) -> tuple[str | None, str]:
        if key in self.known:
            return self.known[key], "exact"
        if key in self.composite:
            return None, "part"
        if key in self.forbidden or any(
            key.startswith(f"{f} ") for f in self.forbidden if len(f) > 3
        ):
            return None, "forbidden"
        if key in self.ignored:
            return None, "ignored"
        for how, known, forbidden in self.looks:
            look = self.forms[how](key)
            if look in known:
                return known[look], how
            if look in forbidden:
                return None, "forbidden"
        return None, "unknown"

    def hits(self, row: Sequence[str]) -> int:
        found = [self.find(cell) for cell in row]
        return len({variable for variable, _how in found if variable}) + sum(
            how == "part" for _variable, how in found
        )


def needed_columns(columns: Sequence[Column], spec: Spec) -> list[int]:
    """Return the positions of columns that no record can do without, not even as “not stated”."""
    asked = [(c.position, spec.by_name[c.variable]) for c in columns if c.variable]
    return [position for position, v in asked if v.required and not v.unknown]


def _is_data(row: Sequence[str], needed: Sequence[int]) -> bool:
    complete = bool(needed) and all(len(row) > p and row[p].strip() for p in needed)
    kind = kind_of_row(row)
    return kind == "data" or (complete and kind != "numbering")


def kind_of_row(cells: Sequence[str], ignored: Collection[int] = ()) -> str:
    """Say what an incomplete row is: data, blank, total, signature, or numbering (1, 2, 3 …)."""
    stated = [c.strip() for c in cells if c.strip()]
    if not stated or all(k in ignored for k, c in enumerate(cells) if c.strip()):
        marked = [c for c in stated if _begins(c, "totals")]
        return "total" if marked else "blank"
    if _begins(stated[0], "totals"):
        return "total"
    signatures = _words("signatures")
    if len(stated) <= 3 and any(
        f" {s} " in f" {normalise(c)} " for c in stated for s in signatures
    ):
        return "signature"
    numbers = stated if stated[0] == "1" else stated[1:] if len(stated[0]) == 1 else []
    while numbers and not numbers[0].isdecimal() and len(numbers[0]) == 1:
        numbers = numbers[1:]  # А, Б, 1, 2, 3
    if len(numbers) > 2 and numbers == [str(k) for k in range(1, len(numbers) + 1)]:
        return "numbering"
    return "data"


def proven_letters(texts: Sequence[str]) -> dict[str, str]:
    """Return single letter -> sex, for letters whose language the column's other values prove.

    “z” is a woman in Turkmen; beside “erkek” or “e” it says so, alone it says nothing.
    """
    said = {normalise(text) for text in texts}
    found: dict[str, str] = {}
    for language in codelist.standard("codelists")["sex"]["languages"]:
        letters = {k: v for k, v in language["letters"].items() if k in said}
        proof = said & {*map(normalise, language["words"]), *letters}
        found |= {k: v for k, v in letters.items() if proof - {k}}
    return found


def _columns(
    headers: Sequence[str], names: Names, spec: Spec, answers: Mapping[str, Any]
) -> Iterator[Column]:
    """Yield the columns; a composite one yields its parts, save what has a column of its own."""
    found = [names.find(header) for header in headers]
    told = {letter: name for name, letter in dict(answers.get("columns") or {}).items()}
    own = {variable for variable, _how in found if variable} | set(told.values())
    for k, (header, (variable, how)) in enumerate(zip(headers, found, strict=True)):
        text, letter = header.strip()[:120], letter_of(k)
        if letter in told and how not in ("forbidden", "part"):  # no answer opens these
            yield Column(text, told[letter], "answer", letter, k)
        elif how == "part":
            parts = names.composite.get(normalise(header)) or {}
            wanted = [(v, p) for v, p in parts.items() if v in spec.by_name and v not in own]
            for name, part in wanted:
                yield Column(text, name, "part", letter, k, part)
            if not wanted:
                yield Column(text, None, "forbidden", letter, k)
        else:
            yield Column(text, variable, how, letter, k)


def _twice(columns: Sequence[Column], place: int) -> Refusal | None:
    seen: dict[str, Column] = {}
    for column in columns:
        if column.variable and column.variable in seen:
            one = seen[column.variable]
            where = f"{one.letter}{place + 1}, {column.letter}{place + 1}"
            return _refuse("duplicate_header", where=where, headers=[one.header, column.header])
        if column.variable:
            seen[column.variable] = column
    return None


def _missing(spec: Spec, columns: Sequence[Column]) -> list[Variable]:
    found = {c.variable for c in columns}
    return [v for v in spec.variables if v.required and v.name not in found]


def _which_column(
    missing: Sequence[Variable],
    columns: Sequence[Column],
    body: Sequence[Sequence[str]],
    answers: Mapping[str, Any],
) -> list[Question]:
    """Ask which column a missing variable is, where a column of unknown header could be it."""
    unknown = [c for c in columns if c.how == "unknown"]
    answered = dict(answers.get("columns") or {})
    questions = []
    for variable in missing:
        fitting = [c for c in unknown if _fits(variable, _values(c, body))]
        if fitting and variable.name not in answered:
            choices = [{"value": c.letter, "label": f"{c.letter}: {c.header}"} for c in fitting]
            evidence = [f"{c.letter}: {_shown(variable, _values(c, body))}" for c in fitting]
            questions.append(
                ask("columns", choices, evidence, what=variable.label, of=f":{variable.name}")
            )
    return questions


def _fits(variable: Variable, values: Sequence[str]) -> bool:
    stated = [v for v in values if not parsing.is_blank(v)][:200]
    if not stated:
        return False
    if variable.kind == "ref":
        return len(set(stated)) == len(stated)
    return len(_understood(variable, stated)) >= 0.8 * len(stated)


def _understood(variable: Variable, values: Sequence[str]) -> list[str]:
    if variable.kind == "code":
        matches = codelist.load(variable.codelist).match(values)
        return [v for v, m in zip(values, matches, strict=True) if m.code is not None]
    if variable.kind == "date":
        return [v for v in values if parsing.parse_date(v, day_first=True, pivot=2100).day]
    return []


def _shown(variable: Variable, values: Sequence[str]) -> str:
    """Examples of a column nobody knows: codes and dates as they are, of anything else its shape only."""
    stated = [v.strip() for v in values if v.strip()]
    shown = _understood(variable, stated) or [
        re.sub(r"\d", "9", re.sub(r"[^\W\d_]", "x", v))[:20] for v in stated
    ]
    return ", ".join(list(dict.fromkeys(shown))[:4])


def _what_sexes_mean(
    values: Sequence[str], letters: Mapping[str, str], answers: Mapping[str, Any]
) -> list[Question]:
    """Ask what numbers and unproven letters mean: no number and no letter has a sex by itself."""
    said = [normalise(v) for v in values]
    asked = sorted(set(said) & codelist.undeclared_sexes() - set(letters))
    if not asked or answers.get("sex_codes"):
        return []
    choices = [{"value": c.code, "label": c.labels} for c in codelist.load("sex").codes]
    return [ask("sex_codes", choices, [f"{n}: {said.count(n)}" for n in asked])]


def _what_dates_mean(
    columns: Sequence[Column],
    body: Sequence[Sequence[str]],
    answers: Mapping[str, Any],
    spec: Spec,
) -> list[Question]:
    days = [c for c in columns if c.variable and spec.by_name[c.variable].kind in ("date", "birth")]
    doubtful = [v for c in days for v in _values(c, body) if _either_way(v)]
    if not doubtful or answers.get("day_first") is not None:
        return []
    texts = codelist.standard("questions")
    choices = [{"value": v, "label": texts[f"day_first.{str(v).lower()}"]} for v in (True, False)]
    return [ask("day_first", choices, doubtful[:5])]


def ask(
    name: str,
    choices: list[dict[str, Any]],
    evidence: list[str],
    *,
    what: Labels | None = None,
    of: str = "",
) -> Question:
    """Return a question of `standards/questions.yaml`."""
    text = codelist.say(codelist.standard("questions")[name], what)
    return Question(f"{name}{of}", text, choices, evidence)


def _either_way(text: str) -> bool:
    if not SLASHED.match(text.strip()):
        return False
    return parsing.parse_date(text, day_first=None, pivot=2100).problem == "ambiguous"


def _values(column: Column | None, body: Sequence[Sequence[str]]) -> list[str]:
    if column is None:
        return []
    cells = [row[column.position] for row in body if len(row) > column.position]
    parts: list[str] = parsing.part_of(pa.array(cells, pa.string()), column.part).to_pylist()
    return parts


def _begins(text: str, kind: str) -> bool:
    key = normalise(text.replace(":", " "))
    return any(key == word or key.startswith(f"{word} ") for word in _words(kind))


@cache
def _words(kind: str) -> tuple[str, ...]:
    return tuple(normalise(word) for word in codelist.standard("rows")[kind])


def _refuse(
    code: str, *, where: str, names: Sequence[Variable] = (), headers: Sequence[str] = ()
) -> Refusal:
    what = {
        lang: ", ".join(v.label.get(lang) or v.label["en"] for v in names) or " / ".join(headers)
        for lang in codelist.LANGUAGES
    }
    return Refusal(code, codelist.say(codelist.standard("refusals")[code], what, where), where)
