"""Which answers to the questions of a file can be used, and what is wrong with the others."""

import re
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from records.instruments.spec import Spec, Variable, joined_labels
from records.reading import broken_letters, encoding
from records.reading.delimiter import DELIMITERS
from records.reading.evidence import understood
from records.reading.questions import CONSTANT_KINDS, GO_ON, HELD, MADE, NONE
from records.reading.shapes import Shape
from records.reading.table_rows import is_place
from records.validation import fill_ins, number_marks, parsing
from standards import code_systems, codelists, languages
from standards.languages import Labels
from standards.spelling import normalise

LETTER = re.compile(r"^[A-Z]{1,3}$")
PLACE = re.compile(rf"^(?:#\d+|{NONE})$")  # of a sheet
LARGEST = 10**12  # a number of rows that anybody may type
DIGEST = re.compile(r"^[a-p]{32}$")
ORDERS = ("true", "false", "1", "0", f"true{HELD}", f"false{HELD}", NONE)


@dataclass(frozen=True)
class BadAnswer:
    """An answer that cannot be used: ids of the questions concerned, and why in a sentence."""

    questions: tuple[str, ...]
    message: Labels


def bad_answer(answers: Mapping[str, Any], spec: Spec) -> BadAnswer | None:
    """Return the first answer that cannot be used, or None.

    `answers` maps question ids to what was said; those about columns are one mapping variable ->
    letter. No column can answer two questions.
    """
    for name, answer in answers.items():
        try:
            usable = name in ANSWERS and ANSWERS[name](answer, spec)
        except (KeyError, TypeError, ValueError, AttributeError, OverflowError, RecursionError):
            usable = False
        if not usable:
            text = codelists.standard("questions")["bad"]
            return BadAnswer((name,), languages.say(text, where=f"{name}: {answer}"[:200]))
    return (
        _stated_twice(answers, spec)
        or _column_for_two(dict(answers.get("columns") or {}), spec)
        or _known_as_another(answers, spec)
    )


def may_mean(variable: Variable, code: str) -> bool:
    """Say whether a text may be said to mean this code: one that is in use or was, or `NONE`."""
    codes = (*variable.accepted, *variable.retired)
    return code == NONE or code in {known.code for known in codes}


def settled(answers: Mapping[str, Any]) -> dict[str, Any]:
    """Return the answers as the checks of the rows understand them.

    “None of these” leaves a text without a meaning, so its rows are held; an order of day and month
    that was kept against contradicting dates is that order.
    """
    plain = {name: answer for name, answer in answers.items() if answer != NONE}
    if "day_first" in plain:
        plain["day_first"] = str(plain["day_first"]).lower().removesuffix(HELD)
    if "sex_codes" in plain:
        codes = dict(plain["sex_codes"])
        plain["sex_codes"] = {text: code for text, code in codes.items() if code != NONE}
        # F and M mean a sex by themselves: where somebody did not know, they are held all the same.
        open_ones = {t: NONE for t in codes.keys() - plain["sex_codes"].keys() if _tells_alone(t)}
        aliases = dict(plain.get("aliases") or {})
        if open_ones:
            plain["aliases"] = {**aliases, "sex": {**open_ones, **aliases.get("sex", {})}}
    return plain


def _tells_alone(text: str) -> bool:
    return normalise(text) in codelists.TELLING_ALONE


def _stated_twice(answers: Mapping[str, Any], spec: Spec) -> BadAnswer | None:
    """Return what is wrong where a variable is the same in all rows, and stands in a column or a shape as well."""
    shape = answers.get("shape")
    stated = set(answers.get("columns") or {})
    stated |= set(Shape.of(shape).variables) if shape and shape != NONE else set()
    twice = [spec.by_name[name] for name in answers.get("constants") or {} if name in stated]
    if not twice:
        return None
    text = codelists.standard("questions")["bad.constant"]
    message = languages.say(text, joined_labels(twice))
    return BadAnswer(tuple(f"columns:{v.name}" for v in twice), message)


def _column_for_two(columns: Mapping[str, str], spec: Spec) -> BadAnswer | None:
    uses = Counter(letter for letter in columns.values() if letter not in (NONE, MADE))
    letter, count = max(uses.items(), key=lambda use: use[1], default=("", 0))
    if count < 2:
        return None
    variables = [spec.by_name[name] for name, chosen in columns.items() if chosen == letter]
    text = codelists.standard("questions")["bad.twice"]
    message = languages.say(text, joined_labels(variables), letter)
    return BadAnswer(tuple(f"columns:{v.name}" for v in variables), message)


def _known_as_another(answers: Mapping[str, Any], spec: Spec) -> BadAnswer | None:
    """Return what is wrong where a text is said to mean one code, and the list knows it as another one."""
    said = {
        "sex_codes": {"sex": answers.get("sex_codes") or {}},
        "aliases": answers.get("aliases") or {},
    }
    for question, meanings in said.items():
        for name, texts in meanings.items():
            followed = (answers.get("codes") or {}).get(name, "")
            for text, code in texts.items():
                known = _known_code(spec.by_name[name], text, followed)
                if known and code not in (NONE, *known):
                    label = codelists.load(spec.by_name[name].codelist).by_code[known[0]].labels
                    sentence = codelists.standard("questions")["bad.known"]
                    return BadAnswer((question,), languages.say(sentence, label, text))
    return None


def _known_code(variable: Variable, text: str, followed: str) -> tuple[str, ...]:
    """Return what the list says that a text means, its code and the one that follows it; () where it is open.

    Open is a single letter of sex, and a code on which the lists disagree that a column may follow; where it was said
    which list it follows (`followed`), every short code is.
    """
    if variable.name == "sex" and len(normalise(text)) == 1:
        return ()
    readings = code_systems.readings_of(code_systems.systems_of(variable.codelist), text)
    is_short = not readings.keys() <= code_systems.THREE_LETTERS
    if code_systems.is_contested(readings) or (followed and is_short):
        return ()
    codes = codelists.load(variable.codelist)
    (match,) = codes.match([text], variable.codes)
    return (match.code, codes.meant(match.code)) if match.code else ()


def _columns(columns: Any, spec: Spec) -> bool:
    return isinstance(columns, Mapping) and all(
        name in spec.by_name
        and (letter == NONE or LETTER.match(letter) or (letter, name) == (MADE, "record_ref"))
        for name, letter in columns.items()
    )


def _constants(constants: Any, spec: Spec) -> bool:
    """Say whether each constant is a text that its variable understands."""
    return isinstance(constants, Mapping) and all(
        spec.by_name[name].kind in CONSTANT_KINDS
        and text in understood(spec.by_name[name], [text])
        and not parsing.is_ambiguous_day(text)
        for name, text in constants.items()
    )


def _sexes(codes: Any, spec: Spec) -> bool:
    return _meanings({"sex": codes}, spec)


def _control_totals(totals: Any, _spec: Spec) -> bool:
    """Say whether a person typed numbers of rows, and of rows by codes of sex."""
    known = {"rows", *codelists.load("sex").by_code}
    return isinstance(totals, Mapping) and all(
        name in known and type(number) is int and 0 <= number < LARGEST
        for name, number in totals.items()
    )


def _meanings(aliases: Any, spec: Spec) -> bool:
    """Say whether texts mean codes of their variables: {variable: {text: code}}."""
    return isinstance(aliases, Mapping) and all(
        isinstance(texts, Mapping)
        and bool(spec.by_name[name].codelist)
        and all(may_mean(spec.by_name[name], code) for code in texts.values())
        for name, texts in aliases.items()
    )


def _each(judge: Callable[[Any], bool]) -> Callable[[Any, Spec], bool]:
    """Return the judge of {variable: answer}, where each of the answers is judged by `judge`."""
    return lambda answers, spec: (
        isinstance(answers, Mapping)
        and all(name in spec.by_name and judge(answer) for name, answer in answers.items())
    )


def _ignored(letters: Any, _spec: Spec) -> bool:
    return isinstance(letters, list | tuple) and all(LETTER.match(letter) for letter in letters)


ANSWERS: dict[str, Callable[[Any, Spec], bool]] = {
    "encoding": lambda answer, _spec: answer in (*encoding.ENCODINGS, NONE),
    "repair": lambda answer, _spec: answer in (*broken_letters.REPAIRS, broken_letters.AS_IS, NONE),
    "lost_letters": lambda answer, _spec: answer in (broken_letters.AS_IS, NONE),
    "sheet": lambda answer, _spec: isinstance(answer, str) and bool(PLACE.match(answer)),
    "table": lambda answer, _spec: answer == NONE or is_place(answer),
    "delimiter": lambda answer, _spec: answer in (*DELIMITERS,),
    "columns": _columns,
    "constants": _constants,
    "ignored": _ignored,
    "sex_codes": _sexes,
    "day_first": lambda answer, _spec: str(answer).lower() in ORDERS,
    "codes": _each(code_systems.is_name),
    "fill_ins": _each(lambda what: what in (*fill_ins.ANSWERS, NONE)),
    "shape": lambda answer, spec: answer == NONE or Shape.of(answer).fits(spec),
    "repeated_cells": lambda answer, _spec: answer in ("yes", NONE),
    "counts": lambda answer, _spec: answer in ("one", NONE),
    "control_total": lambda answer, _spec: answer in ("yes", NONE),
    "control_totals": _control_totals,
    "control_totals_differ": lambda answer, _spec: answer in ("yes", NONE),
    "currency": lambda answer, _spec: (
        answer == NONE or answer in codelists.load("currencies").by_code
    ),
    # What becomes of records that a file sent again changes or lacks, and the digest of what was shown.
    "again": lambda answer, _spec: answer in ("new", "changed", "exact"),
    "again_seen": lambda answer, _spec: bool(DIGEST.match(answer)),
    "date1904": lambda answer, _spec: isinstance(answer, bool),
    "aliases": _meanings,
    "numbers": _each(lambda role: role in (*number_marks.ANSWERS, NONE)),
    "values": lambda answer, _spec: answer == GO_ON,
}
