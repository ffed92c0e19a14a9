"""Which texts look like a person: numbers of documents, identity numbers, phones, e-mails, names.

People paste a value into the wrong column. Such a text is useless to statistics and must be kept
nowhere, so whoever keeps texts asks here first. Everything works on arrays of distinct texts with
Arrow's regular expressions (RE2: linear time, no look-around, no word boundary knows a Cyrillic letter).
"""

import re
from functools import cache
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from standards import codelists, foreign_names
from standards.spelling import fold, normalise

# What stands where a personal text stood. It means nothing: a cell that holds it stays wrong.
MASK = "•••"
MASKED = "masked"  # the problem of a cell that holds the mask

DOCUMENT, IDENTITY, PHONE, EMAIL, NAME = KINDS = ("document", "identity", "phone", "email", "name")

# Latin and Cyrillic letters by ranges: RE2 takes milliseconds to prepare a class such as \\p{Lu}.
_L = "A-Za-zÀ-ÖØ-öø-ɏЀ-ӿ"
_U = "A-ZÀ-ÖØ-ÞĀĂĄĆČĎĐĒĖĘĚĞĢĪİĶŁĻŃŅŇŌŐŒŘŚŞŠȘŢŤȚŪŮŰŲŹŻŽЀ-ЯҐҒҖҚҢҮҰҲҶҺӘӨ"
_START, _END = rf"(?:^|[^{_L}\d])", rf"(?:$|[^{_L}\d])"
_DIGITS = r"(?:\d{6,9}|\d{2,3} \d{3,4}(?: \d{2,3})?)"
_WORD = rf"[{_U}][{_L}’'ʼ-]+"
_INITIALS = rf"[{_U}]\.(?:\s?[{_U}]\.)?"
_PATRONYMIC = "(?:[оеё]вич|ьич|[оеё]вна|ична|[oe]wi[cç]|[oe]vi[cč]h?|[oe]wna|[oe]vna)"
_FAMILY_OF_TWO = "(?:[оеё]ва?|[oe]wa?|[oe]va?)"  # Аннаев, Annaýewa, Ivanova
_FAMILY = f"(?:{_FAMILY_OF_TWO}|ский|ская|ян|дзе|швили)"
_CHILD_OF = "(?:оглы|оглу|кызы|гызы|угли|кизи|o[gğ]l[iyuıý]|o[gʻ']*li|gyzy|k[ıiy]z[ıiy]|q[ıi]z[ıi])"
_PATTERNS = {
    # U12345678, AB 1234567, AB-123456, I-AŞ № 123456, AB 123 4567
    DOCUMENT: (
        rf"{_START}(?:[{_L}]{{1,3}}|[IVX]{{1,4}}-?[{_L}]{{2}})\s?[-–]?\s?(?:№|No\.?|N)?\s?{_DIGITS}{_END}"
    ),
    IDENTITY: rf"(?:^|[^{_L}\d+.,])\d{{11,14}}{_END}",
    # +993 65 12-34-56, 8 (65) 12-34-56, 865123456. Points stand in dates, so not in phones.
    PHONE: (
        rf"(?:^|[^{_L}\d.,:/+-])\s*(?:\+\d(?:[\s()-]{{0,2}}\d){{7,14}}|[\d(](?:[\s()-]{{0,2}}\d){{8,10}})"
        rf"(?:$|[^{_L}\d.,:/-])"
    ),
    EMAIL: r"[^\s@,;<>]+@[^\s@,;<>]+\.[A-Za-z]{2,}",
}
_DAY = (  # nine digits and more, but no phone
    r"(?:^|\D)(?:(?:19|20)\d{2}-\d{1,2}-\d{1,2}|\d{1,2}-\d{1,2}-(?:19|20)\d{2})(?:\D|$)"
)
# As written: Anna Maria Petrova; Smith, John; Аннаев М.А.; М. Аннаев. One word needs an ending as well.
_CAPITALS = rf"^{_WORD}(?:,?\s+{_WORD}){{1,3}}$"
_INITIALLED = rf"{_START}{_WORD},?\s*{_INITIALS}(?:\s|$)|{_START}{_INITIALS}\s*{_WORD}"
_ONE_WORD = rf"^[{_U}][{_L}]{{4,}}$"
# In small letters: one word with an ending; words of which one has an ending of names.
_ENDING = f"(?:{_PATRONYMIC}|{_FAMILY})$"
_ENDED = (
    rf"{_START}[{_L}]{{2,}}{_PATRONYMIC}{_END}|{_START}{_CHILD_OF}$"
    rf"|^(?:[{_L}]{{2,}},?\s+){{0,2}}[{_L}]{{3,}}{_FAMILY_OF_TWO},?\s+[{_L}]{{2,}}$"
    rf"|^(?:[{_L}]{{2,}},?\s+){{1,3}}[{_L}]{{3,}}{_FAMILY_OF_TWO}$"
    rf"|^[{_L}]{{3,}}{_FAMILY_OF_TWO}(?:,?\s+[{_L}]{{2,}}){{2}}$"
)
# What no personal text is without: an @, six digits, two words, an initial, four letters in one word.
_SUSPICIOUS = rf"@|\d\D{{0,3}}\d\D{{0,3}}\d\D{{0,3}}\d\D{{0,3}}\d\D{{0,3}}\d|[{_L}]\W+[{_L}]|[{_L}]\.|[{_L}]{{4}}"
# How agencies number their cases: WP-12345, R/2026/000123, 12-34/56, 000123, 2026000123. Not WP-123456
# or AB-1234567, which passports look like: an agency that numbers so declares it (`numbering`).
NUMBERING = (
    rf"^(?:[{_L}]{{1,4}}[-–/ ]?\d{{1,5}}|[{_L}]{{0,4}}[-–/ ]?\d{{1,6}}(?:[-–/.]\d{{1,8}})+"
    r"|\d{1,8}|00\d{7,8}|(?:19|20)\d{2}\d{5,6})$"
)
_PHONE_OF_THE_COUNTRY = r"^(?:993|8)[-–/. ]*(?:6\d|71|12)(?:[-–/. ]*\d){6}$"


Kinds = np.ndarray[Any, np.dtype[np.object_]]  # (n,) one of KINDS, or ""
Mask = np.ndarray[Any, np.dtype[np.bool_]]


def kinds_of(texts: pa.Array) -> Kinds:
    """Return for each of n distinct texts what it looks like, one of `KINDS`, or "".

    A code, label or alias of any code list is never personal. Numbers that can be dates or
    amounts are: whoever asks has tried to read the texts first.
    """
    kinds: Kinds = np.full(len(texts), "", dtype=object)
    texts = pc.utf8_trim_whitespace(pc.fill_null(texts, ""))
    places = np.flatnonzero(_matches(texts, _SUSPICIOUS))
    if not len(places):
        return kinds
    # Characters that nobody sees must not hide what everybody would see without them.
    suspicious = pc.replace_substring_regex(texts.take(pa.array(places)), r"\p{Cf}", "")
    suspicious = pc.replace_substring_regex(suspicious, r"\p{Cc}", " ")
    kinds_of_rows = np.full(len(places), "", dtype=object)
    for kind in reversed(KINDS):  # the surest last: it wins
        kinds_of_rows[_are(kind, suspicious)] = kind
    only_capitals = (kinds_of_rows == NAME) & ~_have_endings(suspicious)
    known = [
        bool(kind) and (_is_known(text) or (weak and _is_of_known_words(text)))
        for text, kind, weak in zip(
            suspicious.to_pylist(), kinds_of_rows.tolist(), only_capitals.tolist(), strict=True
        )
    ]
    kinds[places] = np.where(known, "", kinds_of_rows)
    return kinds


def kinds_of_numbers(texts: pa.Array) -> Kinds:
    """Return the same for texts that were read as numbers: 11 to 14 digits are no amount of anything."""
    squeezed = pc.replace_substring_regex(pc.fill_null(texts, ""), r"[\s\x{a0}\x{202f}']", "")
    phone = _matches(squeezed, r"^\+\d{9,14}$")
    identity = _matches(squeezed, r"^\d{11,14}$")
    return np.where(phone, PHONE, np.where(identity, IDENTITY, "")).astype(object)


def kinds_of_references(texts: pa.Array, numbering: str = "") -> Kinds:
    """Return the same for an agency's record numbers.

    `numbering` is the expression of the agency’s own numbers (`numbering.expression`): what matches
    it is no document and no phone. Without one, what agencies commonly write is none.
    """
    kinds: Kinds = np.full(len(texts), "", dtype=object)
    harmless = _matches(texts, NUMBERING) & ~_matches(texts, _PHONE_OF_THE_COUNTRY)
    if numbering:
        harmless |= _matches(texts, numbering)
    others = np.flatnonzero(~harmless)
    if len(others):  # most numbers are in order, and cost no more than this one look
        kinds[others] = kinds_of(texts.take(pa.array(others)))
    return kinds


def problem(kind: str) -> str:
    """Return the name of the problem of a text of this kind, in `messages.yaml`."""
    return f"personal_{kind}"


PROBLEMS = frozenset(map(problem, KINDS))


def masked(texts: pa.Array, where: Mask) -> pa.Array:
    """Return the texts with the mask at these places."""
    return pc.if_else(pa.array(where, pa.bool_()), MASK, texts.cast(pa.string()))


def _are(kind: str, texts: pa.Array) -> Mask:
    if kind == NAME:
        return _have_endings(texts) | _matches(texts, _CAPITALS)
    matches = _matches(texts, _PATTERNS[kind])
    return matches & ~_matches(texts, _DAY) if kind == PHONE else matches


def _have_endings(texts: pa.Array) -> Mask:
    """Return where a text has the ending of a name, or an initial: nothing else is written so."""
    small = pc.utf8_lower(texts)
    one_word = _matches(texts, _ONE_WORD) & _matches(small, _ENDING)
    return one_word | _matches(texts, _INITIALLED) | _matches(small, _ENDED)


def _matches(texts: pa.Array, pattern: str) -> Mask:
    matches = pc.fill_null(pc.match_substring_regex(texts, pattern), False)
    return np.asarray(matches.to_numpy(zero_copy_only=False), dtype=bool)


def _is_known(text: str) -> bool:
    """Say whether the whole text stands in a code list, or is a country in another language: “Reino Unido”."""
    return fold(normalise(text)) in _known_texts() or foreign_names.is_country(text)


def _is_of_known_words(text: str) -> bool:
    """Say whether capitalised words are no name: their beginning or all of them stand in code lists.

    “Türkiýe, Ankara” begins with a country; “Employed Person” consists of words of code lists;
    “República Dominicana” holds a word that stands in no name.
    """
    if _is_known(text.partition(",")[0]):
        return True
    words = frozenset(re.findall(r"\w+", fold(normalise(text))))
    return words <= _known_words() or not _never_in_names().isdisjoint(words)


@codelists.by_edition
def _known_texts() -> frozenset[str]:
    """Everything that means something in a code list, without marks on letters."""
    keys = {
        normalise(text)
        for codes in codelists.every()
        for code in codes.codes
        for text in (code.code, *code.labels.values(), *code.aliases)
    }
    keys |= {word for codes in codelists.every() for word in codes.words}
    keys |= {normalise(place) for place in codelists.standard("names")["places"]}
    return frozenset(map(fold, keys))


@cache
def _never_in_names() -> frozenset[str]:
    return frozenset(fold(normalise(word)) for word in codelists.standard("names")["other_words"])


@codelists.by_edition
def _known_words() -> frozenset[str]:
    return frozenset(word for text in _known_texts() for word in re.findall(r"\w+", fold(text)))


def follow(texts: pa.Array, numbering: str) -> Mask:
    """Return where texts follow the agency’s own numbering; nowhere, where it has declared none."""
    return _matches(texts, numbering) if numbering else np.zeros(len(texts), dtype=bool)


def without_persons(text: str) -> str:
    """Return a text that is kept or shown, or the mask where any part of it looks personal.

    A header may say more than a name: “Region (Annaýewa M.)”, “List of Myrat Annaýew, passport AB1234567”.
    """
    parts = [text]
    for piece in re.split(r"[()\[\]{}*:;,/|]+", text):
        words = piece.split()
        parts += [" ".join(words[k : k + size]) for size in (1, 2, 3, 4) for k in range(len(words))]
    return MASK if kinds_of(pa.array(list(dict.fromkeys(parts)), pa.string())).any() else text


def names_somebody(text: str) -> bool:
    """Say whether a word of a text looks like a document, an identity number or an e-mail address."""
    words = list(dict.fromkeys(word.strip(".,;:!?()«»“”\"'") for word in text.split()))
    kinds = kinds_of(pa.array(words, pa.string()))
    return any(
        kind in (IDENTITY, EMAIL)
        or (kind == DOCUMENT and "-" not in word)  # WP-123456 is how agencies number cases
        for word, kind in zip(words, kinds, strict=True)
    )
