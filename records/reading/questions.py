"""The questions a file raises, and the answers that can be used."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import pyarrow as pa

from records.instruments.spec import Spec, Variable
from records.reading.layout import FileColumn, Question
from records.validation import parsing
from standards import codelists, languages, wording
from standards.languages import Labels
from standards.spelling import normalise

EVIDENCE = 8  # examples beside a question
NONE = "none"  # the answer that none of the choices fits
GO_ON = "go_on"  # with words that nobody has explained: rows that need them are held
HELD = "_held"  # after true or false: keep this order, though some dates contradict it


def proven_letters(texts: Sequence[str]) -> dict[str, str]:
    """Return single letter -> sex, for letters whose language whole words in the column prove.

    “M” beside “hombre” or “mujer” is a woman.
    “z” is a woman in Turkmen; beside “erkek” it says so. Beside another single letter it does not:
    both may be letters of another language.
    """
    said = _said_of_letters(texts)
    return {letter: code for letter, (code, *others) in said.items() if not others}


def _said_of_letters(texts: Sequence[str]) -> dict[str, set[str]]:
    """Return letter -> what it means in the languages whose words stand beside it: two things where they contradict."""
    stated = {normalise(text) for text in texts}
    said: dict[str, set[str]] = {}
    for language in codelists.defined()["sex"]["languages"]:
        words = {normalise(word) for word in language["words"] if len(word) > 1}
        if words & stated:
            for letter in language["letters"].keys() & stated:
                said.setdefault(letter, set()).add(language["letters"][letter])
    return said


def ask_which_column(
    wanted: Sequence[Variable],
    columns: Sequence[FileColumn],
    body: Sequence[Sequence[str]],
    answers: Mapping[str, Any],
) -> list[Question]:
    """Ask which column holds a variable that no header names, where a column could be it.

    Only columns of unknown header are offered; those that are about persons are forbidden by then.
    """
    given = dict(answers.get("columns") or {})
    unknown = [c for c in columns if c.how in ("unknown", "answer")]
    questions = []
    for variable in wanted:
        fitting = [
            c for c in unknown if c.variable == variable.name or _fits(variable, values_of(c, body))
        ]
        if not fitting:
            continue
        choices = [{"value": c.letter, "label": f"{c.letter}: {c.shown}"} for c in fitting]
        evidence = [f"{c.letter}: {_examples(variable, values_of(c, body))}" for c in fitting]
        questions.append(
            ask(
                "columns",
                choices,
                evidence,
                what=variable.label,
                variable=variable.name,
                answer=given.get(variable.name),
            )
        )
    return questions


def _fits(variable: Variable, values: Sequence[str]) -> bool:
    stated = [v for v in values if not parsing.is_blank(v)][:200]
    if not stated:
        return False
    if variable.kind == "ref":  # a number of a case has a digit, and names one case
        numbers = all(any(letter.isdigit() for letter in v) for v in stated)
        return numbers and len(set(stated)) == len(stated)
    return len(_understood(variable, stated)) >= 0.8 * len(stated)


def _understood(variable: Variable, values: Sequence[str]) -> list[str]:
    if variable.kind == "code":
        matches = codelists.load(variable.codelist).match(values)
        return [v for v, m in zip(values, matches, strict=True) if m.code is not None]
    if variable.kind == "date":
        return [v for v in values if parsing.parse_date(v, day_first=True, pivot=2100).day]
    return []


def _examples(variable: Variable, values: Sequence[str]) -> str:
    """Examples of an unknown column: codes and dates as they are, of anything else its shape only."""
    stated = [v.strip() for v in values if v.strip()]
    examples = _understood(variable, stated) or [
        re.sub(r"\d", "9", re.sub(r"[^\W\d_]", "x", v))[:20] for v in stated
    ]
    return ", ".join(list(dict.fromkeys(examples))[:4])


def ask_what_sexes_mean(
    values: Sequence[str], letters: Mapping[str, str], answers: Mapping[str, Any]
) -> list[Question]:
    """Ask what numbers and unproven letters mean: no number and no letter has a sex by itself."""
    stated = [normalise(v) for v in values]
    unclear = set(stated) & codelists.undeclared_sexes() - set(letters)
    unclear |= codelists.letters_to_declare(stated) - set(letters)
    unclear |= {k for k, codes in _said_of_letters(values).items() if len(codes) > 1}
    counts = {text: stated.count(text) for text in sorted(unclear)}
    return [ask_about_sexes(counts, answers)] if counts else []


def ask_about_sexes(counts: Mapping[str, int], answers: Mapping[str, Any]) -> Question:
    """Ask what each of these texts in a column of sex means; `counts` says how often it stands there."""
    choices = [{"value": c.code, "label": c.labels} for c in codelists.load("sex").codes]
    evidence = [f"{text}: {count}" for text, count in counts.items()]
    given = answers.get("sex_codes") or {}
    said = {normalise(text) for text in given} if isinstance(given, Mapping) else set(counts)
    # What is left open holds its rows; F and M would be read as they are, so that they have to be said.
    answer = given if given and not (codelists.TELLING_ALONE & set(counts)) - said else None
    return ask("sex_codes", choices, evidence, answer=answer)


def ask_what_dates_mean(
    columns: Sequence[FileColumn],
    body: Sequence[Sequence[str]],
    answers: Mapping[str, Any],
    spec: Spec,
) -> list[Question]:
    """Ask for the order of day and month, where a date with slashes could be read both ways."""
    days = [c for c in columns if c.variable and spec.by_name[c.variable].kind in ("date", "birth")]
    doubtful = [v for c in days for v in values_of(c, body) if _either_way(v)]
    if not doubtful:
        return []
    texts = codelists.standard("questions")
    answer = answers.get("day_first")
    answer = {"1": "true", "0": "false"}.get(str(answer), answer)
    orders: list[Any] = [True, False]
    if str(answer).lower().endswith(HELD):  # said after contradicting dates were shown
        orders.append(answer)
    choices = [{"value": v, "label": texts[f"day_first.{str(v).lower()}"]} for v in orders]
    return [ask("day_first", choices, doubtful[:5], answer=answer)]


def ask_about_contradicted_dates(order: str, cells: Sequence[str]) -> Question:
    """Ask again for the order of day and month (`order`: true or false), with dates that contradict it."""
    texts = codelists.standard("questions")
    other = order != "true"
    choices = [
        {"value": other, "label": texts[f"day_first.{str(other).lower()}"]},
        {"value": order + HELD, "label": texts[f"day_first.{order}{HELD}"]},
    ]
    question = ask("day_first", choices, list(cells))
    return replace(question, text=languages.say(texts["day_first.again"]))


def ask_what_numbers_mean(
    columns: Sequence[FileColumn],
    body: Sequence[Sequence[str]],
    answers: Mapping[str, Any],
    spec: Spec,
) -> list[Question]:
    """Ask whether bare numbers for countries are those of ISO 3166: other lists give them to other countries."""
    texts: list[str] = []
    for column in columns:
        variable = spec.by_name.get(column.variable or "")
        # The part of an address that a list knows is a name, never a number.
        if variable and column.part != "known" and _has_numbers(variable):
            texts += [text for text in values_of(column, body) if wording.NUMBER.match(text)]
    numbers = codelists.load("countries").numbered(texts) if texts else {}
    if not any(numbers.values()):
        return []
    choices = [{"value": "iso", "label": codelists.standard("questions")["country_numbers.iso"]}]
    unknown_first = sorted(numbers, key=lambda number: (bool(numbers[number]), number))
    evidence = [f"{number} = {numbers[number] or '?'}" for number in unknown_first[:EVIDENCE]]
    return [ask("country_numbers", choices, evidence, answer=answers.get("country_numbers"))]


def _has_numbers(variable: Variable) -> bool:
    """Say whether the codes of the variable have numbers in another list, which prove nothing alone."""
    return bool(variable.codelist and codelists.load(variable.codelist).numbers)


def ask(
    name: str,
    choices: list[dict[str, Any]],
    evidence: list[str],
    *,
    what: Labels | None = None,
    variable: str = "",
    answer: Any = None,
) -> Question:
    """Return a question of `standards/questions.yaml`; its last choice says that none fits.

    `answer` is what was said before; one that is no longer among the choices counts as not said.
    """
    texts = codelists.standard("questions")
    choices = [*choices, {"value": NONE, "label": languages.say(texts[f"{name}.none"])}]
    values = {str(choice["value"]).lower() for choice in choices}
    if not isinstance(answer, Mapping) and str(answer).lower() not in values:
        answer = None
    question = f"{name}:{variable}" if variable else name
    return Question(question, languages.say(texts[name], what), choices, evidence, answer)


def _either_way(text: str) -> bool:
    if not parsing.SLASHED.match(text):
        return False
    return parsing.parse_date(text, day_first=None, pivot=2100).problem == "ambiguous"


def values_of(column: FileColumn | None, body: Sequence[Sequence[str]]) -> list[str]:
    if column is None:
        return []
    cells = [row[column.position] for row in body if len(row) > column.position]
    parts: list[str] = parsing.part_of(pa.array(cells, pa.string()), column.part).to_pylist()
    return parts
