"""What a text means: typed values of distinct texts, with the answers a person gave about the file."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import cache
from typing import Any, NamedTuple

import pyarrow as pa

from records.instruments.spec import Spec, Variable
from records.validation import fill_ins, number_marks, parsing, personal
from standards import code_systems, codelists, spelling
from standards.code_systems import OwnList, Reading, System
from standards.codelists import Match
from standards.periods import FREQUENCIES, InvalidPeriod, Period, read_period
from standards.written_periods import written_period

TOTAL = "_T"  # the row is the total of all codes of the variable
NUMBERED = re.compile(
    r"^\s*\d{1,2}\s*[.)]\s*(?=[^\W\d_]{2})"
)  # “2.Mujer”: the word proves, not the number
HELD_BACK = "none"  # the answer that nobody knows yet what a text means: its rows are held
REMEMBERED = 100_000  # distinct texts of one variable
DAYS_SUFFIX = "_d"  # by the names of the data dictionary, such a variable counts days


@dataclass(frozen=True)
class Answers:
    """What a person answered about the file, so that nothing has to be guessed.

    sex_codes  number or letter in the file -> sex code; day_first  order of day and month in dates with
    slashes; date1904  the workbook counts days from 1904; aliases  variable -> text -> code, or `HELD_BACK`;
    currency  the code of the currency of all amounts that state none; codes  variable -> the list that its
    codes follow (`code_systems`), or `HELD_BACK`; own_lists  those of the agency; numbers  variable -> what points and
    commas mean in its numbers (`number_marks.ANSWERS`); marks  the same, as the whole column of the file proves
    it; fill_ins  variable -> what 9999 and the like are in it (`fill_ins.ANSWERS`, or `HELD_BACK`).
    """

    sex_codes: Mapping[str, str] = field(default_factory=dict)
    day_first: bool | None = None
    date1904: bool = False
    aliases: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    currency: str = ""
    codes: Mapping[str, str] = field(default_factory=dict)
    own_lists: Sequence[OwnList] = ()
    numbers: Mapping[str, str] = field(default_factory=dict)
    marks: Mapping[str, number_marks.Roles] = field(default_factory=dict)
    fill_ins: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def from_answers(
        cls,
        answers: Mapping[str, Any],
        letters: Mapping[str, str] | None = None,
        proven: Mapping[str, str] | None = None,
        own_lists: Sequence[OwnList] = (),
        marks: Mapping[str, number_marks.Roles] | None = None,
    ) -> "Answers":
        """Read the answers to an upload's questions; those about columns are the reader's business.

        `letters` are single letters of sex that the file itself explains, `proven` the lists that its columns prove
        (variable -> list), `marks` what it proves of its numbers; an answer goes before them.
        """
        day_first = answers.get("day_first")
        sex_codes = {**(letters or {}), **dict(answers.get("sex_codes") or {})}
        currency = str(answers.get("currency") or "")
        return cls(
            sex_codes={str(k): str(v) for k, v in sex_codes.items()},
            day_first=None
            if day_first is None
            else str(day_first).lower() in ("1", "true", "yes", "day"),
            date1904=bool(answers.get("date1904", False)),
            aliases=dict(answers.get("aliases") or {}),
            currency="" if currency == "none" else currency,
            codes={**(proven or {}), **dict(answers.get("codes") or {})},
            own_lists=own_lists,
            numbers=dict(answers.get("numbers") or {}),
            marks=dict(marks or {}),
            fill_ins=dict(answers.get("fill_ins") or {}),
        )


class Meaning(NamedTuple):
    """The value of a text, None where it has none, and what is wrong with it, "" where nothing is."""

    value: Any
    problem: str = ""


class Meanings:
    """What the texts of one file mean; each distinct text is worked out once."""

    def __init__(self, spec: Spec, *, today: date, answers: Answers | None = None) -> None:
        self.today, self.answers = today, answers or Answers()
        self.frequency, self.stock = spec.frequency, spec.stock
        self._marks = dict(self.answers.marks) | {
            name: number_marks.ANSWERS[answer]
            for name, answer in self.answers.numbers.items()
            if answer in number_marks.ANSWERS
        }
        self._known: dict[str, dict[str, Meaning]] = {v.name: {} for v in spec.variables}

    @property
    def marks(self) -> dict[str, number_marks.Roles]:
        """Return what points and commas mean in each column of numbers, where something says it."""
        return {name: roles for name, roles in self._marks.items() if roles}

    def of(self, variable: Variable, texts: Sequence[str]) -> list[Meaning]:
        """Return the meaning of each distinct text."""
        known = self._known[variable.name]
        if len(known) > REMEMBERED:
            known.clear()
        fresh = [text for text in texts if text not in known]
        if fresh:
            meanings = _with_cell_errors(fresh, self._work_out(variable, fresh))
            known.update(zip(fresh, _with_personal(variable, fresh, meanings), strict=True))
        return [known[text] for text in texts]

    def _work_out(self, variable: Variable, texts: Sequence[str]) -> list[Meaning]:
        if variable.kind == "code":
            return self._codes(variable, texts)
        if variable.kind in ("integer", "decimal") and not self._marks.get(variable.name):
            self._marks[variable.name] = _roles(variable, texts)
        work_out = {
            "date": self._date,
            "birth": self._date,
            "period": self._period,
            "integer": self._number,
            "decimal": self._number,
            "boolean": self._boolean,
        }[variable.kind]
        nothing = Meaning(None, "missing" if variable.required else "")
        return [
            nothing if parsing.says_nothing(text, variable.kind) else work_out(variable, text)
            for text in texts
        ]

    def _codes(self, variable: Variable, texts: Sequence[str]) -> list[Meaning]:
        codes = codelists.load(variable.codelist)
        aliases = dict(self.answers.aliases.get(variable.name, {}))
        if variable.name == "sex":
            aliases |= self.answers.sex_codes
        declared = {
            spelling.normalise(text): code
            for text, code in aliases.items()
            if code in codes.by_code
        }
        held = {spelling.normalise(text) for text, code in aliases.items() if code == HELD_BACK}
        matches = [
            codelists.AMBIGUOUS if match.code and parsing.is_dotted_blank(text) else match
            for text, match in zip(texts, codes.match(texts, variable.codes), strict=True)
        ]
        systems = code_systems.systems_of(variable.codelist, self.answers.own_lists)
        said = self.answers.codes.get(variable.name, "")
        return [
            Meaning(None, "held_back")
            if held and spelling.normalise(text) in held
            else ((systems or said) and _by_list(variable, text, match, declared, systems, said))
            or _code(variable, text, match, declared)
            for text, match in zip(texts, matches, strict=True)
        ]

    def _date(self, variable: Variable, text: str) -> Meaning:
        day = parsing.parse_date(
            text,
            day_first=self.answers.day_first,
            date1904=self.answers.date1904,
            pivot=self.today.year,
            birth=variable.kind == "birth",
        )
        if day.day is None and variable.kind == "date" and written_period(text):
            return Meaning(None, "no_day")  # of a month no day is made up
        return Meaning(None, day.problem) if day.day is None else Meaning((day.day, day.precision))

    def _period(self, variable: Variable, text: str) -> Meaning:
        """The first day of a period of the instrument; what is shorter stands for the period it lies in.

        A stock is of one day: that of a month is not that of the quarter.
        """
        period = read_period(text, self.frequency) or written_period(text)
        if period and period.frequency != self.frequency:
            asked = FREQUENCIES[self.frequency].months
            if asked < FREQUENCIES[period.frequency].months:
                return Meaning(None, "longer_period")
            try:
                period = None if self.stock else period.within(self.frequency)
            except InvalidPeriod:
                period = None
        if period:
            return Meaning((period.first_day, "D"))
        day = self._date(variable, text)
        if day.value is None:
            return Meaning(None, "not_a_period")
        return Meaning((Period.of(day.value[0], self.frequency).first_day, "D"))

    def _number(self, variable: Variable, text: str) -> Meaning:
        parse = parsing.parse_integer if variable.kind == "integer" else parsing.parse_number
        if variable.name.endswith(DAYS_SUFFIX):
            parse = parsing.parse_days
        filled = self.answers.fill_ins.get(variable.name, fill_ins.NUMBER)
        if filled != fill_ins.NUMBER and fill_ins.may_mean_nothing(
            text, variable.low, variable.high
        ):
            return (
                _nothing_stated(variable)
                if filled == fill_ins.BLANK
                else Meaning(None, "held_back")
            )
        roles = self._marks.get(variable.name, {})
        if not roles and self._may_group(variable, text):
            return Meaning(None, "number_marks")
        number = parse(text, roles)
        if number is None:
            return Meaning(None, "not_a_number")
        low, high = variable.low, variable.high
        if (low is not None and number < low) or (high is not None and number > high):
            return Meaning(None, "out_of_range")
        return Meaning(number)

    def _may_group(self, variable: Variable, text: str) -> bool:
        """Say whether a number can be read in two ways; of a whole one only 1.000 can: one, or a thousand."""
        whole = variable.kind == "integer" and not text.strip().endswith("000")
        return number_marks.is_doubtful(text) and not whole

    def _boolean(self, _variable: Variable, text: str) -> Meaning:
        answer = parsing.parse_boolean(text)
        return Meaning(None, "not_yes_or_no") if answer is None else Meaning(answer)


def _by_list(
    variable: Variable,
    text: str,
    match: Match,
    declared: Mapping[str, str],
    systems: Sequence[System],
    said: str,
) -> Meaning | None:
    """Return what the list of the column says of a text; None where no list has it, or all read it as the portal does.

    `said` is the list that was answered or proven, `HELD_BACK` where it is none that the portal has. A text that
    two lists read in two ways means nothing until somebody says which of them the column follows. A list that is
    named goes before words that other files have taught.
    """
    readings = code_systems.readings_of(systems, text)
    own_reading = readings and said.startswith(code_systems.OWN)
    reading = readings.get(said) if own_reading or match.note != "ambiguous" else None
    if reading and reading.code:
        return _of_reading(variable, reading)
    # Of a bare number it is told which country it would be in ISO 3166.
    if spelling.normalise(text) in declared or match.note == "number":
        return None
    if reading:
        return _of_reading(variable, reading)
    if match.note == "ambiguous" and not own_reading:
        return None
    if code_systems.is_contested(readings):
        return Meaning(None, "code_list")
    return _beside_list(variable, text, match, readings, systems, said)


def _beside_list(
    variable: Variable,
    text: str,
    match: Match,
    readings: Mapping[str, Reading],
    systems: Sequence[System],
    said: str,
) -> Meaning | None:
    """Return what a text means that the list of the column does not have, and of which no two lists disagree.

    Where the column follows a list that is not here, no code is read. TUR beside numbers of an unknown list is Türkiye
    all the same.
    """
    is_code = bool(readings) or _stands_as_code(variable, text, match)
    is_away = said not in ("", code_systems.PORTAL, *(system.name for system in systems))
    of_three = bool(readings) and readings.keys() <= code_systems.THREE_LETTERS
    if is_code and is_away and not (said == HELD_BACK and of_three):
        return Meaning(None, "code_list")
    if is_code and said.startswith(code_systems.OWN):
        code = next((r.code for r in readings.values()), match.code or match.suggestion)
        return Meaning(None, f"suggested:{code}" if code else "unknown_text")
    if not readings:
        return None
    reading = next(iter(readings.values()))
    if code_systems.are_rivals(said, readings) or match.code is None:
        return Meaning(None, f"suggested:{reading.code}" if reading.code else "no_code")
    is_old = reading.note == code_systems.FORMER and match.code == reading.code
    return _of_reading(variable, reading) if is_old else None


def _stands_as_code(variable: Variable, text: str, match: Match) -> bool:
    """Say whether a text is a code and no name: one of the portal's own, or digits and marks alone."""
    if match.code is not None and match.code == variable.unknown:
        return False
    if any(map(str.isalpha, text)):
        return spelling.normalise(text) == spelling.normalise(match.code or match.suggestion)
    return any(map(str.isdigit, text)) and not parsing.is_made_unreadable(text)


def _of_reading(variable: Variable, reading: Reading) -> Meaning:
    """Return the value of a code by its list; an old code of a state and a part of one are said."""
    if not reading.code:
        return Meaning(None, "no_code")
    if reading.code not in {c.code for c in (*variable.accepted, *variable.retired)}:
        return Meaning(None, "unknown_text")
    return Meaning(reading.code, f"{reading.note}:{reading.code}" if reading.note else "")


def _code(variable: Variable, text: str, match: Match, declared: Mapping[str, str]) -> Meaning:
    key = spelling.normalise(text)
    if key in declared:
        return Meaning(declared[key])
    if variable.tells_cells and match.code is None and key in _words_for_total():
        return Meaning(TOTAL)
    if states_nothing(variable, text, match):
        return _nothing_stated(variable)
    if match.code is None and variable.name == "sex":
        if word := NUMBERED.sub("", text) if NUMBERED.match(text) else "":
            (match,) = codelists.load(variable.codelist).match([word], variable.codes)
        if key in codelists.undeclared_sexes() or codelists.letters_to_declare([key]):
            return Meaning(None, "undeclared")
    return Meaning(match.code, _problem_of(match))


def states_nothing(variable: Variable, text: str, match: Match) -> bool:
    """Say whether a text of a code variable is a word for “not stated”; `match` is what the list says of it.

    A code or word of the list goes first: NA may be Namibia. What the list takes only in pieces is a whole here: s/d is no D.
    """
    if (
        match.code is not None
        or spelling.normalise(text) in codelists.load(variable.codelist).words
    ):
        return not text.strip() or parsing.is_made_unreadable(text)
    is_dotted = match == codelists.NOTHING and parsing.is_dotted_blank(text)
    return is_dotted or parsing.is_blank(text)


def _roles(variable: Variable, texts: Sequence[str]) -> number_marks.Roles:
    """Return what the marks in a column of numbers mean, by its texts."""
    is_whole = variable.kind == "integer"
    return number_marks.of_whole(texts) if is_whole else number_marks.proven(texts)


@cache
def _words_for_total() -> frozenset[str]:
    return frozenset(map(spelling.normalise, codelists.standard("rows")["whole"]))


def _problem_of(match: Match) -> str:
    """Return the message that a look-up calls for; after a colon the code that it speaks of."""
    about = match.suggestion or (match.code if match.note == "part" else "")
    if about:
        return f"{match.note}:{about}"
    if match.code is None:
        return match.note or "unknown_text"
    return "look_alike" if match.level == codelists.BY_LOOK else ""


def _nothing_stated(variable: Variable) -> Meaning:
    if variable.unknown:
        return Meaning(variable.unknown, "not_stated" if variable.name == "sex" else "")
    return Meaning(None, "missing" if variable.required else "")


def _with_cell_errors(texts: Sequence[str], meanings: Sequence[Meaning]) -> list[Meaning]:
    """An error of the spreadsheet program (#REF!) is never “not stated”: somebody has to correct it."""
    return [
        Meaning(None, "cell_error") if parsing.is_cell_error(text) else meaning
        for text, meaning in zip(texts, meanings, strict=True)
    ]


def _with_personal(
    variable: Variable, texts: Sequence[str], meanings: list[Meaning]
) -> list[Meaning]:
    """Say of texts without a meaning, and of numbers too long for one, what they look like.

    Of a private variable no such text is kept anyway, whatever it looks like.
    """
    if variable.private:
        return meanings
    numeric = variable.kind in ("integer", "decimal")
    for places, kinds_of in (
        ([k for k, m in enumerate(meanings) if m.value is None and m.problem], personal.kinds_of),
        (range(len(texts)) if numeric else [], personal.kinds_of_numbers),
    ):
        kinds = kinds_of(pa.array([texts[k] for k in places], pa.string()))
        for k, kind in zip(places, kinds.tolist(), strict=True):
            if kind:
                meanings[k] = Meaning(None, personal.problem(kind))
            elif meanings[k].value is None and personal.MASK in texts[k]:
                meanings[k] = Meaning(None, personal.MASKED)
    return meanings
