"""The questions a file raises, and the answers that can be used."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from records.instruments.spec import Spec, Variable
from records.reading.evidence import examples, fits, form_of, values_of
from records.reading.layout import FileColumn, Question
from records.validation import parsing
from standards import codelists, languages
from standards.languages import Labels
from standards.spelling import normalise

EVIDENCE = 8  # lines of evidence beside a question
EXAMPLES = 4  # texts of a column in one of them
ROW_CELLS = 6  # of a row that may hold the headers
NONE = "none"  # the answer that none of the choices fits
CONSTANT = "constant"  # the variable is the same in all rows: `constants` says which
MADE = "made"  # the file has no record numbers: the portal makes them
CONSTANT_KINDS = ("code", "date", "period", "boolean")
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


def ask_which_row(rows: Sequence[Sequence[str]], answers: Mapping[str, Any]) -> Question:
    """Ask which row holds the headers, where none of the first rows looks like them."""
    texts = codelists.standard("questions")
    choices = [
        {"value": number, "label": f"{number}: {_row_as_text(row)}"}
        for number, row in enumerate(rows, start=1)
        if any(cell.strip() for cell in row)
    ]
    choices.append({"value": 0, "label": languages.say(texts["table.no_headers"])})
    answer = answers.get("table")
    return ask("table", choices, [], answer=answer if answer == NONE else None)


def _row_as_text(row: Sequence[str]) -> str:
    """Return the form of the first cells of a row: the texts themselves only their sender sees, as they were read."""
    return " | ".join([form_of(cell.strip()) for cell in row if cell.strip()][:ROW_CELLS])


def ask_which_column(
    variable: Variable,
    columns: Sequence[FileColumn],
    body: Sequence[Sequence[str]],
    answers: Mapping[str, Any],
    contested: Mapping[str, Sequence[FileColumn]],
) -> Question:
    """Ask which column holds a variable that no header names, or that several name.

    Offered are columns without a meaning that fit, or all of them where none fits; those that are about
    persons are forbidden by then. Beside them: one text for all rows, and numbers that the portal makes.
    """
    free = [c for c in columns if c.how in ("unknown", "empty") or c.is_answered]
    free = [c for c in free if any(v.strip() for v in values_of(c, body))]
    fitting = [c for c in free if c.variable == variable.name or fits(variable, values_of(c, body))]
    positions = [c.position for c in contested.get(variable.name, ())]
    offered = [c for c in columns if c.position in positions] or fitting or free
    choices: list[dict[str, Any]] = [
        {"value": c.letter, "label": f"{c.letter}: {c.shown}"} for c in offered
    ]
    texts = codelists.standard("questions")
    if variable.kind in CONSTANT_KINDS:
        choices.append({"value": CONSTANT, "label": languages.say(texts["columns.constant"])})
    if variable.kind == "ref":
        choices.append({"value": MADE, "label": languages.say(texts["columns.made"])})
    evidence = [
        f"{c.letter}: {', '.join(examples(variable, values_of(c, body))[:EXAMPLES])}"
        for c in offered
    ]
    question = ask(
        "columns",
        choices,
        evidence,
        what=variable.label,
        variable=variable.name,
        answer=_where(variable, answers),
    )
    return _with_not_stated(question) if variable.unknown else question


def _where(variable: Variable, answers: Mapping[str, Any]) -> str | None:
    """Return what a person said of the place of a variable: a letter, one text for all, made here, nowhere."""
    if variable.name in (answers.get("constants") or {}):
        return CONSTANT
    place: str | None = (answers.get("columns") or {}).get(variable.name)
    return place


def _with_not_stated(question: Question) -> Question:
    """Let the last choice say what follows of it: the variable is “not stated” in all rows."""
    text = codelists.standard("questions")["columns.not_stated"]
    last = {"value": NONE, "label": languages.say(text)}
    return replace(question, choices=[*question.choices[:-1], last])


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
    given = dict(answers.get("sex_codes") or {})
    answer = given if set(counts) <= set(map(normalise, given)) else None
    return ask("sex_codes", choices, evidence, answer=answer)


def ask_what_dates_mean(
    columns: Sequence[FileColumn],
    body: Sequence[Sequence[str]],
    answers: Mapping[str, Any],
    spec: Spec,
) -> list[Question]:
    """Ask for the order of day and month, where a date with slashes could be read both ways."""
    days = [c for c in columns if c.variable and spec.by_name[c.variable].kind in ("date", "birth")]
    doubtful = [v for c in days for v in values_of(c, body) if parsing.is_ambiguous_day(v)]
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
