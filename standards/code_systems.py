"""Code systems: which list the codes of a column follow, by what the column itself proves.

“AU” is Australia in ISO 3166 and Austria in the American GEC; “36” is Australia in M49 and something else in the list of an
office. Where two lists that a column may follow disagree, only values that the other ones do not have prove
one of them, and numbers prove nothing: then a person says it. Pure: no Django, no database.
"""

import csv
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import NamedTuple

from standards import codelists, wording
from standards.spelling import normalise

ALPHA2, ALPHA3, ICAO, GEC, M49, OKSM = STANDARD = ("alpha2", "alpha3", "icao", "gec", "m49", "oksm")
OWN = "own:"  # begins the answer that a column follows a list of the agency: its name follows
NONE = "none"  # the answer that a column follows none of the lists
PORTAL = "portal"  # the codes of the portal's own list
PROVING = 2  # different values that another list does not have, and that prove this one
FORMER, PART = (
    "former",
    "part",
)  # a state that is no more, under its old code; a part of what the code stands for
COUNTRY_LISTS = ("countries", "residences")
THREE_LETTERS = frozenset({ALPHA3, ICAO})
SAME_FORM = (frozenset({ALPHA2, GEC}), THREE_LETTERS)
LONGEST = 60  # characters of a code
POINT = re.compile(r"(?<=\d)[.,](?=\d)")  # 6.43 is not 643
FILLER = "<"  # of machine-readable travel documents: D<< is Germany


class Reading(NamedTuple):
    """What one list says of a text: a code of the portal, "" where the text is on the list and no code; `note` says why."""

    code: str
    note: str = ""  # "", FORMER, PART, or why there is no code


@dataclass(frozen=True)
class System:
    """One list of codes. `codes`: text as `key_of` leaves it -> what it means.

    unread  of a list of an agency, those texts that the portal alone would not read so.
    """

    name: str
    codes: Mapping[str, Reading]
    unread: frozenset[str] = frozenset()

    def read(self, text: str) -> Reading | None:
        """Return what the list says of a text, None where it does not have it."""
        key = key_of(text) if len(text) <= LONGEST else ""
        return self.codes.get(key) or self._by_number.get(_plain_number(key))

    @cached_property
    def _by_number(self) -> dict[str, Reading]:
        """Numbers without their zeros, which spreadsheets lose; only where no other number of the list is the same then."""
        found: dict[str, set[Reading]] = {}
        for key, reading in self.codes.items():
            if number := _plain_number(key):
                found.setdefault(number, set()).add(reading)
        return {number: next(iter(said)) for number, said in found.items() if len(said) == 1}


@dataclass(frozen=True)
class OwnList:
    """A version of a list that an agency loaded: text -> code of the portal's list `codelist`."""

    name: str
    version: int
    codelist: str
    codes: Mapping[str, str]

    @property
    def key(self) -> str:
        return f"{OWN}{self.name}"

    @cached_property
    def system(self) -> System:
        """The list as one that a column may follow."""
        codes = {key_of(text): Reading(code) for text, code in self.codes.items()}
        matches = codelists.load(self.codelist).match(list(self.codes))
        known = zip(self.codes.items(), matches, strict=True)
        unread = (key_of(text) for (text, code), match in known if match.code != code)
        return System(self.key, codes, frozenset(unread))


@dataclass(frozen=True)
class Verdict:
    """What a column proves.

    proven  the list that its codes follow, "" where nothing does; asks  a person has to say it; rivals  the lists that
    it may be; evidence  texts with what each rival says of them, those that tell the lists apart first.
    """

    proven: str = ""
    asks: bool = False
    rivals: tuple[str, ...] = ()
    evidence: Mapping[str, Mapping[str, Reading]] = field(default_factory=dict)


def is_name(name: object) -> bool:
    """Say whether this names a list that a column may follow, or none of them."""
    return name in (*STANDARD, PORTAL, NONE) or (isinstance(name, str) and name.startswith(OWN))


def key_of(text: str) -> str:
    """Return the form in which codes are compared; 643.0 of spreadsheets is 643."""
    number = wording.NUMBER.match(text)
    if number:
        return text.strip().split(".")[0].split(",")[0]
    return ".".join(map(normalise, POINT.split(text))).rstrip(FILLER)


def is_number(text: str) -> bool:
    """Say whether a text is a bare number."""
    return bool(_plain_number(key_of(text)))


def _plain_number(key: str) -> str:
    return (key.lstrip("0") or "0") if key.isascii() and key.isdecimal() else ""


def systems_of(codelist: str, own: Iterable[OwnList] = ()) -> tuple[System, ...]:
    """Return the lists that a column of these codes may follow; fewer than two leave nothing to ask.

    Of countries the standard ones, of other lists that of the portal beside what the agency has loaded.
    """
    added = tuple(o.system for o in own if base_of(o.codelist) == base_of(codelist))
    if codelist in COUNTRY_LISTS:
        return (*_of_countries(), *added)
    return (_of_portal(codelist), *added) if added else ()


def base_of(codelist: str) -> str:
    """Return the list that holds the codes: residences are countries and regions."""
    return COUNTRY_LISTS[0] if codelist in COUNTRY_LISTS else codelist


@codelists.by_edition
def _of_portal(codelist: str) -> System:
    codes = codelists.load(codelist).codes
    return System(PORTAL, {key_of(c.code): Reading(c.code) for c in codes})


@codelists.by_edition
def _of_countries() -> tuple[System, ...]:
    codes: dict[str, dict[str, Reading]] = {name: {} for name in STANDARD}
    with (codelists.DIRECTORY / "countries.csv").open(newline="") as lines:
        for row in csv.DictReader(lines):
            for name, text in ((ALPHA2, row["alpha2"]), (M49, row["m49"]), (OKSM, row["m49"])):
                if text:
                    codes[name][key_of(text)] = Reading(row["code"])
            if row["alpha2"]:
                codes[ALPHA3][key_of(row["code"])] = Reading(row["code"])
                codes[ICAO][key_of(row["code"])] = Reading(row["code"])
    codes[ICAO].pop(key_of("DEU"))  # travel documents write D
    with (codelists.DIRECTORY / "country_codes.csv").open(newline="") as lines:
        for row in csv.DictReader(lines):
            codes[row["system"]][key_of(row["code"])] = Reading(row["country"], row["status"])
    return tuple(System(name, texts) for name, texts in codes.items())


def judge(systems: Sequence[System], texts: Iterable[str]) -> Verdict:
    """Say which list the distinct texts of a column follow, or that a person has to say it.

    Proven is the one list that knows every text that any list in question knows, where each of the others lacks at
    least `PROVING` of them. What all lists read alike needs no proof; a bare number is never proof. Of a list of the
    agency that alone has some of the texts it is asked, too.
    """
    said = {text: readings_of(systems, text) for text in texts}
    said = {text: readings for text, readings in said.items() if readings}
    numbers = {text: readings for text, readings in said.items() if is_number(text)}
    if any(_asks_alone(readings) for readings in numbers.values()):
        return _verdict(systems, numbers, numbers)
    contested = {text: r for text, r in said.items() if is_contested(r)}
    if not contested:
        alone = any(_is_unread(systems, text) for text in said)
        return _verdict(systems, said, said) if alone else Verdict()
    rivals = {name for readings in contested.values() for name in readings}
    told = {text: r for text, r in said.items() if not rivals.isdisjoint(r)}
    complete = [name for name in rivals if all(name in readings for readings in told.values())]
    lacking = (sum(1 for r in told.values() if name not in r) for name in rivals - {*complete})
    is_proven = len(complete) == 1 and min(lacking, default=0) >= PROVING
    return _verdict(systems, told, contested, complete[0] if is_proven else "")


def _is_unread(systems: Sequence[System], text: str) -> bool:
    """Say whether a list of an agency has a text that no other list has: it is read when somebody has named that list."""
    return any(key_of(text) in system.unread for system in systems)


def _asks_alone(readings: Mapping[str, Reading]) -> bool:
    """Say whether a bare number means something in a list other than the portal's own, which then does not say the same."""
    return set(readings) != {PORTAL} and (PORTAL not in readings or is_contested(readings))


def _verdict(
    systems: Sequence[System],
    told: Mapping[str, Mapping[str, Reading]],
    contested: Mapping[str, Mapping[str, Reading]],
    proven: str = "",
) -> Verdict:
    """Return those lists that know one of the contested texts, and what they say of each text."""
    names = {name for readings in contested.values() for name in readings}
    order = [s.name for s in systems if s.name in names]
    lists = len(order)
    first = sorted(told, key=lambda text: (len(told[text]) == lists, text))
    evidence = {text: told[text] for text in first}
    return Verdict(proven, not proven, tuple(order), evidence)


def readings_of(systems: Sequence[System], text: str) -> dict[str, Reading]:
    """Return what each list that has the text says of it."""
    readings = ((system.name, system.read(text)) for system in systems)
    return {name: reading for name, reading in readings if reading is not None}


def is_contested(readings: Mapping[str, Reading]) -> bool:
    """Say whether two lists disagree on a text."""
    return len({reading.code for reading in readings.values()}) > 1


def are_rivals(said: str, readings: Mapping[str, Reading]) -> bool:
    """Say whether a text is on a list of the same form as the one that a column follows, and not on that one.

    In a column of GEC “RU” is no Russia: it is a slip, or the column follows another list.
    """
    return any(said in pair and not pair.isdisjoint(readings) for pair in SAME_FORM)
