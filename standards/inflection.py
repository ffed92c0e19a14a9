"""The cases in which Russian and Turkmen write a name: “из Узбекистана”, “Türkiýeden”.

Forms are made from names, never guessed back from texts, so a form can be compared with all other names and
forms before it is trusted. Names that do not decline, abbreviations and phrases of other shapes give none.
"""

import re

WORDS = 4  # a longer name is a phrase that these rules do not decline
LETTERS = 4  # a shorter name is an abbreviation, or too short to carry an ending safely
HUSHED = "гкхжчшщ"
CYRILLIC, LATIN = re.compile(r"[а-яё \-]+"), re.compile(r"[a-zäçžňöşüýâ \-’']+")
BACK, FRONT = "aouy", "äeiöü"
TURKMEN = frozenset("äçžňöşüý")
Cases = tuple[str, str, str, str]  # genitive, dative, accusative, prepositional


def language_of(name: str) -> str:
    """Return the language whose letters a name is written in: ru, tk, or "" where they do not tell."""
    lower = name.casefold()
    if CYRILLIC.fullmatch(lower):
        return "ru"
    return "" if TURKMEN.isdisjoint(lower) else "tk"


def cases(name: str, language: str) -> set[str]:
    """Return the forms of a Russian or Turkmen name in its other cases, in small letters.

    Other languages have none here: with a Turkmen ending “Israel” would become “Israeli”.
    """
    lower = name.casefold()
    if len(lower) < LETTERS or name.isupper() or len(lower.split()) > WORDS:
        return set()
    if language == "ru" and CYRILLIC.fullmatch(lower):
        return {form for forms in _phrase(lower) for form in forms}
    return _turkmen(lower) if language == "tk" and LATIN.fullmatch(lower) else set()


def _phrase(name: str) -> list[Cases]:
    """Decline adjectives and a noun, or two such names joined by “и”."""
    left, joint, right = name.partition(" и ")
    if joint:
        return [_join(" и ", first, other) for first in _phrase(left) for other in _phrase(right)]
    *adjectives, noun = name.split(" ")
    declined = [_adjective(word) for word in adjectives]
    cases: list[Cases] = []
    for forms in _noun(noun):
        for adjective in reversed(declined):
            if adjective is None:
                return []
            forms = _join(" ", adjective, forms)
        cases.append(forms)
    return cases


def _join(between: str, one: Cases, other: Cases) -> Cases:
    g, d, a, p = (between.join(pair) for pair in zip(one, other, strict=True))
    return g, d, a, p


def _noun(word: str) -> list[Cases]:
    """Return the paradigms a noun may follow; none where it does not decline."""
    stem, last = word[:-1], word[-1:]
    if word.endswith("ия"):
        return [(f"{stem}и", f"{stem}и", f"{stem}ю", f"{stem}и")]
    if last == "я":
        return [(f"{stem}и", f"{stem}е", f"{stem}ю", f"{stem}е")]
    if last == "а":
        genitive = f"{stem}и" if stem[-1:] in HUSHED else f"{stem}ы"
        return [(genitive, f"{stem}е", f"{stem}у", f"{stem}е")]
    if last == "й":
        return [(f"{stem}я", f"{stem}ю", word, f"{stem}и" if stem.endswith("и") else f"{stem}е")]
    if last == "ь":
        return [
            (f"{stem}и", f"{stem}и", word, f"{stem}и"),
            (f"{stem}я", f"{stem}ю", word, f"{stem}е"),
        ]
    if last == "ы":
        plural = (f"{stem}ам", word, f"{stem}ах")
        return [(stem, *plural), (f"{stem}ов", *plural)]
    if last in "бвгджзклмнпрстфхцчшщ":
        return [(f"{word}а", f"{word}у", word, f"{word}е")]
    return []


def _adjective(word: str) -> Cases | None:
    stem, ending = word[:-2], word[-2:]
    soft = stem[-1:] == "н" and ending in ("ий", "яя", "ее")
    if ending == "ая":
        return f"{stem}ой", f"{stem}ой", f"{stem}ую", f"{stem}ой"
    if ending in ("ый", "ой", "ое") or (ending == "ий" and not soft):
        return f"{stem}ого", f"{stem}ому", word, f"{stem}ом"
    if ending in ("ые", "ие"):
        vowel = ending[0]
        return f"{stem}{vowel}х", f"{stem}{vowel}м", word, f"{stem}{vowel}х"
    return None


def _turkmen(name: str) -> set[str]:
    """Add the endings of genitive, dative, accusative, locative and ablative, by the last vowel."""
    vowels = [letter for letter in name if letter in BACK + FRONT]
    if not vowels:
        return set()
    back = vowels[-1] in BACK
    a, y = ("a", "y") if back else ("e", "i")
    if name[-1] not in BACK + FRONT:
        endings = (f"{y}ň", a, y, f"d{a}", f"d{a}n", "uň" if back else "üň")
        return {name + ending for ending in endings}
    forms = {name + ending for ending in (f"n{y}ň", f"n{y}", f"d{a}", f"d{a}n")}
    if name[-1] in "yi":  # “adalary” carries an ending already
        forms |= {name + ending for ending in (f"n{a}", f"nd{a}", f"nd{a}n")}
    if name[-1] == "e":
        forms |= {name[:-1] + ending for ending in ("äniň", "äni", "ä")}
    return forms
