"""How texts are compared: without case, marks and points, and across scripts."""

import unicodedata

# Dropped in comparisons; also what Word and phones slip in: zero-width and direction marks.
PUNCTUATION = str.maketrans(
    "",
    "",
    ".,'\"«»“”„’‘`№()[]\u200b\u200c\u200d\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\ufeff",
)
FOLDS = str.maketrans("äçžňöşüýğıåâáéíóúñ", "acznosuygiaaaeioun")
LOOK_ALIKES = str.maketrans("аеорсухкмтвнізһ", "aeopcyxkmtbhi3h")


# Letters that cannot be told apart by eye: Cyrillic and Greek beside Latin.
TWINS = str.maketrans(
    "АВЕКМНОРСТУХІЅЈаеорсухіѕјΑΒΕΖΗΙΚΜΝΟΡΤΥΧ", "ABEKMHOPCTYXISJaeopcyxisjABEZHIKMNOPTYX"
)
CYRILLIC_TWINS = str.maketrans("ABEKMHOPCTYXISJaeopcyxisj", "АВЕКМНОРСТУХІЅЈаеорсухіѕј")
# What a keyboard of another writing leaves: wide letters and digits, other digits, unseen marks.
OTHER_WRITING = {
    **{0xFF01 + k: 0x21 + k for k in range(94)},
    **{zero + k: 0x30 + k for zero in (0x660, 0x6F0) for k in range(10)},
    **dict.fromkeys(map(ord, "\u00ad\u200b\u200c\u200d\u200e\u200f\u2060\ufeff")),
}


def normalise(text: str) -> str:
    """Return the form in which texts are compared (domain brief 8.3): NFKC, one space, no case, no points."""
    text = unicodedata.normalize("NFKC", text).replace("İ", "I").casefold().replace("ё", "е")
    return " ".join(text.translate(PUNCTUATION).split())


def fold(text: str) -> str:
    """Second chance: Turkmen and Turkish letters typed without their marks."""
    return text.translate(FOLDS)


def one_script(text: str) -> str:
    """Third chance: Cyrillic and Latin letters that look alike, brought to one script."""
    return fold(text).translate(LOOK_ALIKES)


def one_alphabet(text: str) -> str:
    """Return the text with letters that look alike in one alphabet: Latin, unless it is written in Cyrillic.

    However the look-alikes were typed, the result is the same: it depends on the other letters only.
    """
    if text.isascii():
        return text
    latin = text.translate(TWINS)
    others = [letter for letter in latin if letter.isalpha()]
    cyrillic = [letter for letter in others if "Ѐ" <= letter <= "ӿ"]
    without_twin = [
        letter for letter in others if letter not in cyrillic and ord(letter) not in CYRILLIC_TWINS
    ]
    return latin.translate(CYRILLIC_TWINS) if cyrillic and not without_twin else latin


def reference(text: str) -> str:
    """Return the one form of a number of a case or document, by which it is stored and compared.

    NFC, one alphabet, plain digits, single spaces, nothing unseen. Case, hyphens and marks on
    letters stay: they may tell two numbers apart.
    """
    text = unicodedata.normalize("NFC", text).translate(OTHER_WRITING)
    return one_alphabet(" ".join(text.split()))
