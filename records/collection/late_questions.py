"""What only the whole file shows and a person has to say: letters of sex, lists of codes, a currency, marks of numbers, words, dates, totals."""

from collections.abc import Iterator, Mapping
from dataclasses import replace

from records.collection import unknown_words
from records.collection.checked_file import CheckedFile
from records.collection.unknown_words import ASKED_FROM, EXPLAINABLE, problem_of
from records.models import Upload
from records.reading import child, questions
from records.reading.code_list_question import ask_which_list
from records.reading.layout import Question
from records.validation import fill_ins, number_marks
from standards import codelists, languages, sex
from standards.spelling import normalise

# Questions whose “none of these” ends the matter, and the refusal that follows.
STOPPING = {
    "control_total": "incomplete",
    "control_totals_differ": "incomplete",
    "repeated_cells": "none_fits",
}


def ask(upload: Upload, reading: child.Reading, file: CheckedFile) -> Iterator[Question]:
    """Yield the questions that nobody has answered yet, and those whose answer stops the file (`STOPPING`)."""
    for about in (
        _about_sexes,
        _about_lists,
        _about_currency,
        _about_numbers,
        _about_fill_ins,
        _about_words,
    ):
        yield from about(upload, file)
    for question in _that_may_stop(upload, reading, file):
        answer = upload.answers.get(question.id)
        if answer in (None, questions.NONE):
            yield replace(question, answer=answer)
    if reading.dates:
        cells = [f"{file.cells['']}{cell}" for cell in reading.dates["cells"]]
        yield questions.ask_about_contradicted_dates(reading.dates["order"], cells)


def may_explain_errors(upload: Upload, file: CheckedFile) -> bool:
    """Say whether an answer may explain the errors: dates read in the wrong order, no currency."""
    no_currency = file.spec.amount_of_currency and not file.states_currency
    asked = ("number_marks", "code_list")
    unclear = any(problem_of(cause.rule) in asked for cause in file.causes.causes.values())
    return (
        bool(no_currency)
        or unclear
        or "day_first" in upload.answers
        or _waits_for_words(upload, file)
    )


def _waits_for_words(upload: Upload, file: CheckedFile) -> bool:
    """Say whether the meaning of a word decides several rows, and nobody has said yet to go on without.

    Not where most rows are wrong beside their words: then the file is, and its causes are told instead.
    """
    if "values" in upload.answers:
        return False
    others = (
        cause.count
        for cause in file.causes.causes.values()
        if cause.severity == "error" and problem_of(cause.rule) not in EXPLAINABLE
    )
    if 2 * max(others, default=0) > file.rows:
        return False
    return any(word.count >= ASKED_FROM for word in file.words.listed())


def _about_sexes(upload: Upload, file: CheckedFile) -> Iterator[Question]:
    """Ask about letters of sex that came after the rows at which the columns were looked at."""
    given = upload.answers.get("sex_codes") or {}
    if given == questions.NONE:
        return
    known = {normalise(text) for text in (*given, *upload.report.get("letters", {}))}
    letters = codelists.letters_to_declare(file.sexes) - known
    if letters & codelists.TELLING_ALONE or (letters and not given):
        counts = {text: file.sexes[text] for text in sorted({*letters, *(known & set(file.sexes))})}
        yield replace(questions.ask_about_sexes(counts, {}), answer=None)


def _about_lists(upload: Upload, file: CheckedFile) -> Iterator[Question]:
    """Ask which list the codes of a column follow, where its last rows do not prove what its first ones did."""
    said, proven = upload.answers.get("codes") or {}, upload.report.get("lists") or {}
    for variable in file.spec.variables:
        if variable.name in said:
            continue
        verdict = file.codes.verdict(variable)
        if verdict.asks or (verdict.proven and verdict.proven != proven.get(variable.name)):
            yield ask_which_list(variable, verdict, file.own_lists)


def _about_fill_ins(upload: Upload, file: CheckedFile) -> Iterator[Question]:
    """Ask once a column of numbers whether 9999 and the like mean “not stated”."""
    texts = codelists.standard("questions")
    choices = [{"value": v, "label": texts[f"fill_ins.{v}"]} for v in fill_ins.ANSWERS]
    for name, counts in file.numbers.items():
        if name in (upload.answers.get("fill_ins") or {}):
            continue
        variable = file.spec.by_name[name]
        if doubtful := fill_ins.asked_about(counts, variable.low, variable.high):
            evidence = [f"{text}: {count}" for text, count in doubtful.items()]
            yield questions.ask("fill_ins", choices, evidence, what=variable.label, variable=name)


def _about_currency(upload: Upload, file: CheckedFile) -> Iterator[Question]:
    """Ask once for the currency of amounts in a file that states none at all."""
    if file.states_currency or "currency" in upload.answers:
        return
    own_rules = {rule.id for rule in file.spec.rules}
    without = dict.fromkeys(file.spec.amount_of_currency.values(), 0)
    for currency, amount in file.spec.amount_of_currency.items():
        causes = [c for c in file.causes.causes.values() if c.variable == currency]
        if any(cause.rule not in own_rules for cause in causes):
            return  # a currency is written, but cannot be read: that row is to be corrected
        without[amount] += sum(cause.count for cause in causes)
    evidence = [f"{file.cells.get(name, '')}: {rows}" for name, rows in without.items() if rows]
    if evidence:
        codes = codelists.load("currencies").codes
        choices = [{"value": c.code, "label": c.labels} for c in codes]
        yield questions.ask("currency", choices, evidence)


def _about_numbers(upload: Upload, file: CheckedFile) -> Iterator[Question]:
    """Ask once a column what points and commas mean, where its numbers do not prove it."""
    texts = codelists.standard("questions")
    choices = [{"value": v, "label": texts[f"numbers.{v}"]} for v in number_marks.ANSWERS]
    for cause in file.causes.causes.values():
        name = cause.variable
        if cause.rule == f"{name}.number_marks" and name not in upload.answers.get("numbers", {}):
            evidence = [f"{e.cell}: {e.value}" for e in cause.examples]
            label = file.spec.by_name[name].label
            yield questions.ask("numbers", choices, evidence, what=label, variable=name)


def _about_words(upload: Upload, file: CheckedFile) -> Iterator[Question]:
    """Ask once for all words that stand on no list; they are kept with their counts and places."""
    upload.report.pop("words", None)
    if not _waits_for_words(upload, file):
        return
    words = file.words.listed()
    upload.report["words"] = unknown_words.as_json(words)
    texts = codelists.standard("questions")
    choices = [{"value": questions.GO_ON, "label": languages.say(texts["values.go_on"])}]
    evidence = [f"{word.text}: {word.count}" for word in words[: questions.EVIDENCE]]
    yield Question("values", languages.say(texts["values"]), choices, evidence)


def _that_may_stop(upload: Upload, reading: child.Reading, file: CheckedFile) -> Iterator[Question]:
    """Yield what is to be said of totals that differ, and of cells of counts that stand twice."""
    if reading.total:
        total = reading.total
        place = f"{file.cells['']}A{total['row']}"
        evidence = [f"{place}: {total['stated']} ≠ {total['counted']}"]
        yield _yes_or_none("control_total", evidence)
    if evidence := _differing(upload.answers.get("control_totals") or {}, file):
        yield _yes_or_none("control_totals_differ", evidence)
    if reading.repeated:
        yield _yes_or_none("repeated_cells", [f"{file.cells['']}{c}" for c in reading.repeated])


def _differing(stated: Mapping[str, int], file: CheckedFile) -> list[str]:
    """Return the totals that a person typed from her paper and that the file does not have, with both numbers."""
    rows = file.by_sex.total() if file.spec.is_counts else file.rows
    counted = {"rows": rows} | {code: file.by_sex[code] for code in sex.CODES}
    return [
        f"{name}: {stated[name]} ≠ {number}"
        for name, number in counted.items()
        if name in stated and stated[name] != number
    ]


def _yes_or_none(name: str, evidence: list[str]) -> Question:
    choices = [{"value": "yes", "label": codelists.standard("questions")[f"{name}.yes"]}]
    return questions.ask(name, choices, evidence)
