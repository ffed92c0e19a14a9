"""Other wordings of a known name: its cases, the style of a state, a code and its name in one cell.

A code list holds names as their makers write them; a clerk writes “Респ. Узбекистан”, “гражданин Турции”,
“КНР (Китай)” or “71 Строительные рабочие”. The rules below lead such a text back to a name of the list. None
compares by likeness and none drops a word: where a part of the text stays unexplained its code is only suggested,
and where two readings are possible the text is ambiguous.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import reduce

SHORT = 12  # characters: a number of a list, with spaces around it
LONGEST = 150  # characters: no wording of a name is longer, and a hostile cell must not cost time
JOINTS, DASHES = re.compile(r"[\s\-–—]+"), frozenset("-–—")
PIECES, MARKS = re.compile(r"[()\[\]/\\;:,|=–—]|\s-+\s"), frozenset("()[]/\\;:,|=–—-")
JOINT = (
    "\x01"  # between pieces while they are brought to keys; a text that holds it is cut there too
)
NUMBER = re.compile(r"^\s*0*(\d{1,3})(?:[.,]0+)?\s*$")  # 643, 004, and 643.0 of spreadsheets
# Words before or after a name that do not say which one it is: “a citizen of”, “from”.
OPENING = frozenset(
    [
        "из", "в", "во", "на", "from", "the", "гр", "гр-н", "гр-ка", "гр-не", "гражданин", "гражданка", "граждане",
        "граждан", "гражданство", "гражданина", "гражданки", "гражданку", "гражданства", "подданный", "подданная",
        "подданные", "подданного", "подданной", "подданство", "citizen", "citizens", "national", "nationals", "of",
    ]
)  # fmt: skip
CLOSING = frozenset(["rayaty", "rayatlary", "rayatlygy"])
# The style of a state around its name, and the style in full where it alone decides (“Республика Корея”).
LATIN, CYRILLIC = (
    tuple((re.compile(pattern), full) for pattern, full in styles)
    for styles in (
        (
            (r"^rep(?:ublic)? of (?:the )?(.+)$", "republic of {}"),
            (r"^(.+?) (?:the )?rep(?:ublic)?(?: of(?: the)?)?$", "republic of {}"),
            (r"^(?:(?:islamic|federal|arab|socialist) rep(?:ublic)?|kingdom|sultanate|principality) of (?:the )?(.+)$", ""),
            (r"^(.+?) (?:islamic|federal|arab|socialist) rep(?:ublic)?(?: of(?: the)?)?$", ""),
            (r"^(.+?) (?:resp|respublikas[iy](?:nyn|ndan|nda|na)?|cumhuriyeti)$", "{} respublikasy"),
            (r"^(.+?) (?:yslam|federatiw|arap|sosialistik) (?:resp|respublikasy(?:nyn|ndan|nda|na)?)$", ""),
            (r"^(.+?) (?:patysalygy|soltanlygy|knyazlygy|dowleti)$", ""),
        ),
        (
            (r"^(?:респ|р ка|республик[аиеу]) (.+)$", "республика {}"),
            (r"^(.+?) (?:респ|республика|республикас[иы])$", "республика {}"),
            (r"^(?:исл|исламск(?:ая|ой|ую)|федеративн(?:ая|ой|ую)|арабск(?:ая|ой|ую)) (?:респ|республик[аиеу]) (.+)$", ""),
            (r"^(.+?) (?:исл|исламская|федеративная|арабская) (?:респ|республика)$", ""),
            (r"^(?:королевств[оае]|княжеств[оае]|государств[оае]|султанат[ае]?) (.+)$", ""),
        ),
    )
)  # fmt: skip
STYLED = frozenset(
    [
        "rep", "republic", "kingdom", "sultanate", "principality", "resp", "respublikasy", "respublikasi",
        "respublikasynyn", "respublikasyndan", "respublikasynda", "respublikasyna", "cumhuriyeti", "patysalygy",
        "soltanlygy", "knyazlygy", "dowleti", "респ", "р", "республика", "республики", "республике", "республику",
        "республикасы", "республикаси", "королевство", "королевства", "королевстве", "княжество", "княжества",
        "княжестве", "государство", "государства", "государстве", "султанат", "султаната", "султанате",
    ]
)  # fmt: skip


@dataclass(frozen=True)
class Match:
    """What a text means: `code` is None where it means nothing here; `note` then says why.

    `level` is 1 as written, 2 without marks on letters, 3 with letters of another script, 4 by a rule
    of `Wordings`. `suggestion` is the code that a text may mean and that a person has to confirm:
    with the notes "suggested" and "number". With the note "part" the text names a part of a country.
    """

    code: str | None
    level: int = 1
    note: str = ""  # "", "ambiguous", "ethnicity", "group", "suggested", "number", "part"
    suggestion: str = ""


NOTHING, AMBIGUOUS = Match(None), Match(None, note="ambiguous")
BY_LOOK, BY_RULE = 3, 4  # levels


class Wordings:
    """Reads texts that stand in no list as they are.

    known    key -> code, "" where the list knows that it is not one code; a key is a text as `form` leaves it
    form     text -> key: no case, no points, no marks on letters
    names    (name, code) of places in all their cases, read in the style of a state, too; none for other lists
    numbers  numbers that stand for a code in some list, such as ISO 3166: never enough by themselves
    shared   of two codes the one that their common name means; "" where that is ambiguous
    """

    def __init__(
        self,
        known: Mapping[str, str],
        form: Callable[[str], str],
        names: Iterable[tuple[str, str]] = (),
        numbers: Mapping[str, str] | None = None,
        shared: Callable[[str, str], str] = lambda one, other: one if one == other else "",
    ) -> None:
        self.known, self.form, self.numbers, self.shared = known, form, numbers or {}, shared
        self.cases: dict[str, str] = {}
        for name, code in names:
            key = loose(form(name))
            self.cases[key] = shared(self.cases.get(key, code), code)

    def read(self, text: str, key: str) -> Match:
        """Read one text, with its key, that the list does not hold."""
        if len(text) > LONGEST:
            return NOTHING
        if code := self._number(text):
            return Match(None, note="number", suggestion=code)
        if self.cases and (code := self._place(key)) is not None:
            return Match(code, BY_RULE) if code else AMBIGUOUS
        if not MARKS.isdisjoint(text):
            pieces = self.form(PIECES.sub(JOINT, text)).split(JOINT)
            keys = [k for piece in pieces if (k := piece.strip())]
            if len(keys) > 1:
                return self._together([self._piece(k) for k in keys])
        return self._code_and_name(key)

    def _number(self, text: str) -> str | None:
        number = NUMBER.match(text) if self.numbers and len(text) < SHORT else None
        return self.numbers.get(number[1]) if number else None

    def _piece(self, key: str) -> str | None:
        if key.isdecimal() and (code := self.numbers.get(key.lstrip("0"))):
            return code
        code = self.known.get(key)
        return self._place(key) if code is None and self.cases else code

    def _place(self, key: str) -> str | None:
        """Return the code of a name of a place in another case or style."""
        plain, words = loose(key), key.split(" ")
        if (code := self.cases.get(plain)) is not None:
            return code
        styled = not STYLED.isdisjoint(plain.split(" "))
        if styled or words[0] in OPENING or words[-1] in CLOSING:
            for name in _names_in(words, styled):
                for names in (self.known, self.cases):
                    if (code := names.get(name)) is not None:
                        return code
        return None

    def _together(self, codes: list[str | None]) -> Match:
        """Read a text of several pieces: sure where all of them mean the same code."""
        stated = [code for code in codes if code]
        if not stated:
            return AMBIGUOUS if "" in codes else NOTHING
        code = reduce(self.shared, stated)
        if not code:
            return AMBIGUOUS
        if len(stated) == len(codes):
            return Match(code, BY_RULE)
        return Match(None, note="suggested", suggestion=code)

    def _code_and_name(self, key: str) -> Match:
        """Read “71 Строительные рабочие”: a code and its name with nothing but a space between."""
        first, space, rest = key.partition(" ")
        if not space:
            return NOTHING
        for one, other in ((first, rest), key.rsplit(" ", 1)):
            code, name = self.known.get(one), self.known.get(other)
            if code and name and (both := self.shared(code, name)):
                return Match(both, BY_RULE)
        return NOTHING


def loose(key: str) -> str:
    """Return a key with hyphens and dashes as spaces: “Шри-Ланка” and “Шри Ланка” are one name."""
    return key if DASHES.isdisjoint(key) else JOINTS.sub(" ", key).strip()


def _names_in(words: list[str], styled: bool) -> Iterator[str]:
    """Yield the words of a key without those around the name, then without the style of a state."""
    first, last = 0, len(words)
    while first < last - 1 and words[first] in OPENING:
        first += 1
    if last > first + 1 and words[last - 1] in CLOSING:
        last -= 1
    plain = loose(" ".join(words[first:last]))
    yield plain
    if styled:
        for pattern, full in LATIN if plain.isascii() else CYRILLIC:
            if match := pattern.match(plain):
                if full:
                    yield full.format(match[1])
                yield match[1]
