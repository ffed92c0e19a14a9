"""How likely letters stand beside each other in a language: what tells a right reading of bytes from a wrong one.

The counts lie in `letter_pairs.json`, made of the names of languages, currencies and scripts in the Unicode
CLDR (through Babel) by `python -m records.reading.letter_pairs`. Pairs of ASCII letters are not counted: every
encoding reads them alike. Chinese, Japanese and Korean are counted letter by letter.
"""

import itertools
import json
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from math import log10
from pathlib import Path

PATH = Path(__file__).with_suffix(".json")
LANGUAGES = (
    *("ru", "uk", "be", "bg"),
    *("tk", "pl", "cs", "sk", "hu", "hr", "ro", "tr"),
    *("de", "fr", "es", "pt", "it", "sv", "da", "fi", "nl", "is"),
    *("el", "he", "ar", "fa", "ko", "ja", "zh"),
)
SINGLE = ("ko", "ja", "zh")
OTHER_SCRIPT = ("ru", "uk", "be", "bg", "el", "he", "ar", "fa")
ASCII_LETTER = re.compile(r"[A-Za-z]")
OTHER = -2.0  # for a word that is not of the language of the text
MOST = 60  # counts above are alike
WORD = re.compile(r"[^\s\x00-@\[-`{-\x7f]+")
BEFORE, AFTER = "«“„‘‚‹–—№•", "»”“’‘›…–—°"  # what stands beside words in every language
BESIDE = re.compile(rf"^[{BEFORE}]+|[{AFTER}]+$")
HARD_SPACE = re.compile(r"(?<=[^\W\d_])\xa0(?=[^\W\d_])")  # a wrong reading makes them of letters
AS_WRITTEN = str.maketrans("ȘșȚțیİ", "ŞşŢţيi")  # as the old encodings write them
UNSEEN, STRANGE, RARE, CASE, SIGN = (
    -5.0,
    -8.0,
    -7.0,
    -3.0,
    -4.0,
)  # logarithms (base 10) of likelihoods
HAN, HANGUL = re.compile(r"[\u4e00-\u9fff]"), re.compile(r"[\uac00-\ud7a3]")
KANA = re.compile(r"[\u3041-\u30ff]")


@dataclass(frozen=True)
class Language:
    """What a language is made of. likelihood: pair (or letter) -> logarithm; letters: all that occur."""

    name: str
    likelihood: Mapping[str, float]
    letters: frozenset[str]

    def of_word(self, word: str) -> float:
        """Return the logarithm of how likely the letters of a word are that are not ASCII."""
        word, signs = BESIDE.subn("", word)
        score = SIGN * signs
        score += sum(CASE for a, b in itertools.pairwise(word) if a.islower() and b.isupper())
        if self.name in OTHER_SCRIPT and ASCII_LETTER.search(word):
            score += STRANGE  # no word is written in two scripts
        if self.name in SINGLE:
            return score + sum(self._of_letter(letter) for letter in word if not letter.isascii())
        return score + sum(self._of_pair(pair) for pair in pairs(word))

    def _of_pair(self, pair: str) -> float:
        found = self.likelihood.get(pair)
        if found is not None:
            return found
        return UNSEEN if all(a.isascii() or a in self.letters for a in pair) else STRANGE

    def _of_letter(self, letter: str) -> float:
        found = self.likelihood.get(letter)
        if found is not None:
            return found
        if (self.name == "ko" and HANGUL.match(letter)) or (
            self.name == "ja" and KANA.match(letter)
        ):
            return UNSEEN
        if self.name != "ko" and HAN.match(letter):
            return UNSEEN if _is_common(letter, self.name) else RARE
        return STRANGE


def words(text: str) -> list[str]:
    """Return the distinct words of a text that are not ASCII, with the signs that stand beside them."""
    return list(dict.fromkeys(word for word in WORD.findall(text) if not word.isascii()))


def likelihood(text: str, names: Sequence[str], most: int) -> tuple[float, int]:
    """Return how likely a text is in the language that fits it best, and how many pairs of letters say so.

    names  of the languages; most  words that are looked at. The first is a logarithm (base 10). Single words
    may be of another one of the languages: a list of countries names some as they are called at home.
    """
    found = words(text)[:most]
    table = {name: [languages()[name].of_word(word) for word in found] for name in names}
    main = max(table.values(), key=sum)
    best = sum(
        max(own, *(scores[k] + OTHER for scores in table.values())) for k, own in enumerate(main)
    )
    spaces = STRANGE * len(HARD_SPACE.findall(text))
    return best + spaces, sum(len([*pairs(BESIDE.sub("", word))]) for word in found)


def pairs(word: str) -> Iterator[str]:
    """Yield the pairs of letters of a word that are not ASCII; ^ and $ stand for its ends."""
    letters = f"^{word.translate(AS_WRITTEN).lower()}$"
    return (a + b for a, b in itertools.pairwise(letters) if not (a + b).isascii())


@cache
def languages() -> dict[str, Language]:
    """Return every language with its counts."""
    return {name: _language(name, groups) for name, groups in json.loads(PATH.read_text()).items()}


def _language(name: str, groups: Mapping[str, str]) -> Language:
    width = 1 if name in SINGLE else 2
    counts = {
        text[k : k + width]: int(count)
        for count, text in groups.items()
        for k in range(0, len(text), width)
    }
    total = sum(counts.values())
    likelihood = {key: log10(count / total) for key, count in counts.items()}
    return Language(name, likelihood, frozenset("".join(counts)))


def _is_common(letter: str, language: str) -> bool:
    """Say whether a Chinese character is of the first level of the standard of its country."""
    encoding, end = ("euc_jp", 0xD0) if language == "ja" else ("gb2312", 0xD8)
    try:
        return letter.encode(encoding)[0] < end
    except UnicodeEncodeError:
        return False


def counted(name: str, texts: Iterable[str]) -> dict[str, str]:
    """Return how often what stands in these texts: count -> the pairs (or letters) one after the other."""
    every = [BESIDE.sub("", word) for text in texts for word in words(text)]
    if name in SINGLE:
        counts = Counter(letter for word in every for letter in word if not letter.isascii())
    else:
        counts = Counter(pair for word in every for pair in pairs(word))
    groups: dict[int, list[str]] = {}
    for key, count in counts.items():
        groups.setdefault(min(count, MOST), []).append(key)
    return {str(count): "".join(sorted(groups[count])) for count in sorted(groups)}


def names_of(name: str) -> list[str]:
    """Return the names that a language has for languages, currencies and scripts."""
    from babel import Locale  # only where the counts are made

    locale = Locale(name)
    return [*locale.languages.values(), *locale.currencies.values(), *locale.scripts.values()]


def every_count() -> dict[str, dict[str, str]]:
    """Return the counts of every language, as they lie in the file."""
    return {name: counted(name, names_of(name)) for name in LANGUAGES}


if __name__ == "__main__":
    PATH.write_text(json.dumps(every_count(), ensure_ascii=False, indent=0) + "\n")
