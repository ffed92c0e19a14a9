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
