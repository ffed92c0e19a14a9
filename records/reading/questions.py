"""The questions a file raises, and the answers that can be used."""

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import pyarrow as pa

from records.instruments.spec import Spec, Variable
from records.reading import encoding
from records.reading.layout import FileColumn, Question
from records.validation import parsing
from standards import codelists, languages
from standards.languages import Labels
from standards.spelling import normalise

SLASHED = re.compile(r"^\d{1,2}[/\-]\d{1,2}[/\-]\d{2,4}$")


def proven_letters(texts: Sequence[str]) -> dict[str, str]:
    """Return single letter -> sex, for letters whose language the column's other values prove.

    “z” is a woman in Turkmen; beside “erkek” or “e” it says so, alone it says nothing.
    """
    said = {normalise(text) for text in texts}
    found: dict[str, str] = {}
    for language in codelists.standard("codelists")["sex"]["languages"]:
        letters = {k: v for k, v in language["letters"].items() if k in said}
        proof = said & {*map(normalise, language["words"]), *letters}
        found |= {k: v for k, v in letters.items() if proof - {k}}
    return found


def ask_which_column(
    missing: Sequence[Variable],
    columns: Sequence[FileColumn],
    body: Sequence[Sequence[str]],
    answers: Mapping[str, Any],
) -> list[Question]:
    """Ask which column a missing variable is, where a column of unknown header could be it."""
    unknown = [c for c in columns if c.how == "unknown"]
    answered = dict(answers.get("columns") or {})
    questions = []
    for variable in missing:
        fitting = [c for c in unknown if _fits(variable, values_of(c, body))]
        if fitting and variable.name not in answered:
            choices = [{"value": c.letter, "label": f"{c.letter}: {c.header}"} for c in fitting]
            evidence = [f"{c.letter}: {_shown(variable, values_of(c, body))}" for c in fitting]
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
        matches = codelists.load(variable.codelist).match(values)
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


def ask_what_sexes_mean(
    values: Sequence[str], letters: Mapping[str, str], answers: Mapping[str, Any]
) -> list[Question]:
    """Ask what numbers and unproven letters mean: no number and no letter has a sex by itself."""
    said = [normalise(v) for v in values]
    asked = sorted(set(said) & codelists.undeclared_sexes() - set(letters))
    if not asked or answers.get("sex_codes"):
        return []
    choices = [{"value": c.code, "label": c.labels} for c in codelists.load("sex").codes]
    return [ask("sex_codes", choices, [f"{n}: {said.count(n)}" for n in asked])]


def ask_what_dates_mean(
    columns: Sequence[FileColumn],
    body: Sequence[Sequence[str]],
    answers: Mapping[str, Any],
    spec: Spec,
) -> list[Question]:
    days = [c for c in columns if c.variable and spec.by_name[c.variable].kind in ("date", "birth")]
    doubtful = [v for c in days for v in values_of(c, body) if _either_way(v)]
    if not doubtful or answers.get("day_first") is not None:
        return []
    texts = codelists.standard("questions")
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
    text = languages.say(codelists.standard("questions")[name], what)
    return Question(f"{name}{of}", text, choices, evidence)


def _either_way(text: str) -> bool:
    if not SLASHED.match(text.strip()):
        return False
    return parsing.parse_date(text, day_first=None, pivot=2100).problem == "ambiguous"


def values_of(column: FileColumn | None, body: Sequence[Sequence[str]]) -> list[str]:
    if column is None:
        return []
    cells = [row[column.position] for row in body if len(row) > column.position]
    parts: list[str] = parsing.part_of(pa.array(cells, pa.string()), column.part).to_pylist()
    return parts


LETTER = re.compile(r"^[A-Z]{1,3}$")


def bad_answer(answers: Mapping[str, Any], spec: Spec) -> str:
    """Return the first question id whose answer cannot be used, or nothing."""
    for name, said in answers.items():
        try:
            if not ANSWERS[name](said, spec):
                return name
        except (KeyError, TypeError, ValueError, AttributeError):
            return name
    return ""


def _columns(said: Any, spec: Spec) -> bool:
    return all(name in spec.by_name and LETTER.match(said[name]) for name in dict(said))


def _codes(name: str, spec: Spec) -> Mapping[str, Any]:
    return codelists.load(spec.by_name[name].codelist).by_code


ANSWERS: dict[str, Callable[[Any, Spec], bool]] = {
    "encoding": lambda said, _spec: said in (*encoding.ENCODINGS, "utf-16"),
    "sheet": lambda said, _spec: isinstance(said, str),
    "columns": _columns,
    "sex_codes": lambda said, spec: all(c in _codes("sex", spec) for c in dict(said).values()),
    "day_first": lambda said, _spec: str(said).lower() in ("true", "false", "1", "0"),
    "control_total": lambda said, _spec: said == "yes",
    "currency": lambda said, _spec: said == "none" or said in codelists.load("currencies").by_code,
    "date1904": lambda said, _spec: isinstance(said, bool),
    "aliases": lambda said, spec: all(
        code in _codes(name, spec) for name, texts in dict(said).items() for code in texts.values()
    ),
}
