"""Names of countries in other languages than those of the portal: known, so that none is taken for a person's name.

They lie in `foreign_names.json`, made of the Unicode CLDR (through Babel) by `python -m standards.foreign_names`. They are
proposed to people and never read by themselves: “Guinea” is one country in English and another one in Spanish.
"""

import csv
import json
from functools import cache
from pathlib import Path

from standards.spelling import fold, normalise

PATH = Path(__file__).with_suffix(".json")
COUNTRIES = Path(__file__).parent / "data" / "countries.csv"
LANGUAGES = (
    *("es", "pt", "fr", "it", "ro", "ca", "de", "nl", "sv", "da", "nb", "fi", "et", "lv", "lt"),
    *("pl", "cs", "sk", "hu", "hr", "sl", "sr", "bg", "uk", "be", "el", "tr", "az", "uz", "kk", "ky", "tg"),
    *("ka", "hy", "fa", "ar", "hi", "zh", "ja", "ko", "vi", "id"),
)  # fmt: skip


def make() -> dict[str, list[str]]:
    """Return country -> its names in `LANGUAGES`, each once."""
    from babel import Locale  # here: nobody else needs all these languages

    with COUNTRIES.open(newline="") as lines:
        codes = {row["alpha2"]: row["code"] for row in csv.DictReader(lines) if row["alpha2"]}
    territories = [Locale.parse(language).territories for language in LANGUAGES]
    names = {
        code: sorted({told[alpha2] for told in territories if alpha2 in told})
        for alpha2, code in codes.items()
    }
    return {code: texts for code, texts in sorted(names.items()) if texts}


@cache
def names() -> dict[str, list[str]]:
    """Return country -> its names in other languages."""
    content: dict[str, list[str]] = json.loads(PATH.read_text())
    return content


@cache
def _keys() -> frozenset[str]:
    return frozenset(fold(normalise(text)) for texts in names().values() for text in texts)


def is_country(text: str) -> bool:
    """Say whether a whole text is the name of a country in one of these languages, accents aside."""
    return fold(normalise(text)) in _keys()


if __name__ == "__main__":
    PATH.write_text(json.dumps(make(), ensure_ascii=False, indent=0) + "\n")
