"""Codes that a text on no list may mean, by likeness of spelling: proposed to people, never taken by itself.

Texts are compared in one script: Cyrillic letters in Latin ones, endings of cases beside the names, letters that one
sound is written with in several languages as one. “Osbekistan”, “Узбекстан” and “Özbegistandan” come to Uzbekistan.
"""

from collections import Counter, defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from heapq import nlargest

from standards import code_systems, codelists, foreign_names, inflection
from standards.codes import Code, CodeList
from standards.spelling import fold, normalise

MOST = 3  # codes that are proposed
LIKE = 0.74  # share of letters that two texts have in common, in order: one or two letters of a word may differ
COMPARED = 12  # names that share the most pairs of letters are compared letter by letter
SHORTEST, LONGEST = 3, 60  # letters of a text that is compared
CYRILLIC = dict(zip("абвгдезийклмнопрстуфхцыэ", "abvgdezijklmnoprstufhcye", strict=True)) | {
    "ж": "zh",
    "ч": "ch",
    "ш": "sh",
    "щ": "sh",
    "ю": "yu",
    "я": "ya",
    "ё": "e",
    "ь": "",
    "ъ": "",
}
# Written in several ways: w and v, k and q, y and i, kh and h.
SOUNDS = (
    ("kh", "h"),
    ("gh", "g"),
    ("ph", "f"),
    ("ck", "k"),
    ("w", "v"),
    ("q", "k"),
    ("y", "i"),
    ("j", "i"),
)


def sound_of(text: str) -> str:
    """Return the form in which texts are compared by likeness: small Latin letters, digits and single spaces."""
    latin = "".join(CYRILLIC.get(letter, letter) for letter in fold(normalise(text)))
    for written, sound in SOUNDS:
        latin = latin.replace(written, sound)
    return latin


def like(codes: CodeList, text: str, accepted: Collection[str] = ()) -> tuple[Code, ...]:
    """Return up to three codes in use whose names are like the text, the likeliest first.

    `accepted` restricts the answer to a part of the list.
    """
    return tuple(
        codes.by_code[code]
        for code in _names_of(codes.name).like(sound_of(text[:LONGEST]))
        if codes.by_code[code].is_in_use(codes.day) and (not accepted or code in accepted)
    )[:MOST]


def _threes(sound: str) -> set[str]:
    padded = f" {sound} "
    return {padded[k : k + 3] for k in range(len(padded) - 2)}


@dataclass(frozen=True)
class Names:
    """The names of a list by sound, with their codes; and which of them hold three letters in a row."""

    sounds: Sequence[tuple[str, str]]  # (sound, code)
    holding: dict[str, list[int]]

    def like(self, sound: str) -> list[str]:
        """Return the codes of names that are like a sound, the likeliest first."""
        if len(sound) < SHORTEST:  # a code of somebody else, like nothing in particular
            return []
        shared: Counter[int] = Counter()
        for three in _threes(sound):
            shared.update(self.holding.get(three, ()))
        lengths = {k: len(sound) + len(self.sounds[k][0]) for k in shared}
        nearest = nlargest(COMPARED, shared, key=lambda k: shared[k] / lengths[k])
        likeness: dict[str, float] = {}
        for name, code in (self.sounds[k] for k in nearest):
            ratio = SequenceMatcher(None, sound, name, autojunk=False).ratio()
            likeness[code] = max(ratio, likeness.get(code, 0.0))
        return sorted((c for c in likeness if likeness[c] >= LIKE), key=lambda c: -likeness[c])


@codelists.by_edition
def _names_of(name: str) -> Names:
    codes = codelists.load(name)
    forms = {(sound_of(form), code.code) for code in codes.codes for form in _forms(code, codes)}
    foreign = foreign_names.names() if name in code_systems.COUNTRY_LISTS else {}
    forms |= {(sound_of(text), code) for code, texts in foreign.items() for text in texts}
    sounds = sorted((sound, code) for sound, code in forms if len(sound) >= SHORTEST)
    holding: dict[str, list[int]] = defaultdict(list)
    for k, (sound, _code) in enumerate(sounds):
        for three in _threes(sound):
            holding[three].append(k)
    return Names(sounds, dict(holding))


def _forms(code: Code, codes: CodeList) -> set[str]:
    names = [*code.labels.items(), *((inflection.language_of(a), a) for a in code.aliases)]
    forms = {name for _language, name in names}
    if codes.places:
        forms |= {form for language, name in names for form in inflection.cases(name, language)}
    return forms
