"""What a text means: typed values of distinct texts, with the answers a person gave about the file."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from records.instruments.spec import Spec, Variable
from records.validation import parsing
from records.validation.parsing import Day
from standards import codelists, spelling

REMEMBERED = 100_000  # distinct texts of one variable


@dataclass(frozen=True)
class Answers:
    """What a person said about the file, so that nothing has to be guessed.

    sex_codes  number or letter in the file -> sex code; day_first  order of day and month in dates with
    slashes; date1904  the workbook counts days from 1904; aliases  variable -> text -> code;
    iso_numbers  bare numbers for countries are those of ISO 3166.
    """

    sex_codes: Mapping[str, str] = field(default_factory=dict)
    day_first: bool | None = None
    date1904: bool = False
    aliases: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    iso_numbers: bool = False

    @classmethod
    def from_answers(
        cls, answers: Mapping[str, Any], letters: Mapping[str, str] | None = None
    ) -> "Answers":
        """Read the answers to an upload's questions; those about columns are the reader's business.

        `letters` are single letters of sex that the file itself explains; an answer goes before them.
        """
        said = answers.get("day_first")
        codes = {**(letters or {}), **dict(answers.get("sex_codes") or {})}
        return cls(
            sex_codes={str(k): str(v) for k, v in codes.items()},
            day_first=None if said is None else str(said).lower() in ("1", "true", "yes", "day"),
            date1904=bool(answers.get("date1904", False)),
            aliases=dict(answers.get("aliases") or {}),
            iso_numbers=answers.get("country_numbers") == "iso",
        )


class Meanings:
    """What the texts of one file mean; each distinct text is worked out once."""

    def __init__(self, spec: Spec, *, today: date, answers: Answers | None = None) -> None:
        self.today, self.answers = today, answers or Answers()
        self._known: dict[str, dict[str, tuple[Any, str]]] = {v.name: {} for v in spec.variables}

    def of(self, variable: Variable, texts: Sequence[str]) -> list[tuple[Any, str]]:
        """Return (value, problem) of each distinct text; the value is None where there is none."""
        known = self._known[variable.name]
        if len(known) > REMEMBERED:
            known.clear()
        fresh = [text for text in texts if text not in known]
        if fresh:
            known.update(zip(fresh, self._read(variable, fresh), strict=True))
        return [known[text] for text in texts]

    def _read(self, variable: Variable, texts: Sequence[str]) -> list[tuple[Any, str]]:
        if variable.kind == "code":
            return self._codes(variable, texts)
        one = {
            "date": self._date,
            "birth": self._date,
            "integer": self._number,
            "decimal": self._number,
            "boolean": self._boolean,
        }[variable.kind]
        nothing = (None, "missing" if variable.required else "")
        return [
            nothing if parsing.says_nothing(text, variable.kind) else one(variable, text)
            for text in texts
        ]

    def _codes(self, variable: Variable, texts: Sequence[str]) -> list[tuple[Any, str]]:
        codes = codelists.load(variable.codelist)
        said = {spelling.normalise(k): v for k, v in self._said(variable).items()}
        meanings: list[tuple[Any, str]] = []
        for text, match in zip(texts, codes.match(texts, variable.codes), strict=True):
            key = spelling.normalise(text)
            if said.get(key) in codes.by_code:
                meanings.append((said[key], ""))
            elif match.note == "number" and self.answers.iso_numbers:
                meanings.append((match.suggestion, ""))
            elif not key or (match == codelists.NOTHING and parsing.is_blank(text)):
                meanings.append(_nothing_stated(variable))
            elif variable.name == "sex" and not match.code and key in codelists.undeclared_sexes():
                meanings.append((None, "undeclared"))
            else:
                meanings.append((match.code, _problem_of(match)))
        return meanings

    def _said(self, variable: Variable) -> Mapping[str, str]:
        aliases = dict(self.answers.aliases.get(variable.name, {}))
        return {**aliases, **self.answers.sex_codes} if variable.name == "sex" else aliases

    def _date(self, variable: Variable, text: str) -> tuple[Any, str]:
        day: Day = parsing.parse_date(
            text,
            day_first=self.answers.day_first,
            date1904=self.answers.date1904,
            pivot=self.today.year,
            birth=variable.kind == "birth",
        )
        return (None, day.problem) if day.day is None else ((day.day, day.precision), "")

    def _number(self, variable: Variable, text: str) -> tuple[Any, str]:
        read = parsing.parse_integer if variable.kind == "integer" else parsing.parse_number
        number = read(text)
        if number is None:
            return None, "not_a_number"
        low, high = variable.low, variable.high
        if (low is not None and number < low) or (high is not None and number > high):
            return None, "out_of_range"
        return number, ""

    def _boolean(self, _variable: Variable, text: str) -> tuple[Any, str]:
        answer = parsing.parse_boolean(text)
        return (None, "not_yes_or_no") if answer is None else (answer, "")


def _problem_of(match: codelists.Match) -> str:
    """Return the message that a look-up calls for; after a colon the code that it speaks of."""
    about = match.suggestion or (match.code if match.note == "part" else "")
    if about:
        return f"{match.note}:{about}"
    if match.code is None:
        return match.note or "unknown_text"
    return "look_alike" if match.level == codelists.BY_LOOK else ""


def _nothing_stated(variable: Variable) -> tuple[Any, str]:
    if variable.unknown:
        return variable.unknown, "not_stated" if variable.name == "sex" else ""
    return None, "missing" if variable.required else ""
