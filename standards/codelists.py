"""Code lists: codes with labels and aliases in three languages, and the look-up of messy texts."""

import csv
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from functools import cache, cached_property
from pathlib import Path
from typing import Any

from standards import definitions, kinds
from standards.languages import LANGUAGES
from standards.spelling import fold, normalise, one_script

DIRECTORY = Path(__file__).parent / "data"


@dataclass(frozen=True)
class Code:
    code: str
    labels: dict[str, str]
    aliases: tuple[str, ...] = ()
    parent: str = ""

    def label(self, language: str) -> str:
        return self.labels.get(language) or self.labels["en"]


@dataclass(frozen=True)
class Match:
    """What a text means: `code` is None where it means nothing here; `note` then says why.

    `level` is 1 as written, 2 without marks on letters, 3 with letters of another script.
    """

    code: str | None
    level: int = 1
    note: str = ""  # "", "ambiguous", "ethnicity", "group"


NOTHING = Match(None)


@dataclass(frozen=True)
class CodeList:
    """A code list. `words` are texts that must not be matched, with the reason."""

    name: str
    codes: tuple[Code, ...]
    words: dict[str, str] = field(default_factory=dict)

    @cached_property
    def by_code(self) -> dict[str, Code]:
        return {c.code: c for c in self.codes}

    def label(self, code: str, language: str = "en") -> str:
        """Return the label of a code, or the code itself where the list has no such code."""
        found = self.by_code.get(code)
        return found.label(language) if found else code

    def match(self, texts: Sequence[str], codes: Iterable[str] = ()) -> list[Match]:
        """Look up distinct texts. `codes` restricts the answer to a part of the list."""
        allowed = frozenset(codes)
        found = (self._match(text) for text in texts)
        return [m if not allowed or m.code in allowed else NOTHING for m in found]

    def _match(self, text: str) -> Match:
        known = self._known
        if text not in known:
            if len(known) > 100_000:  # a hostile file must not fill the memory
                known.clear()
            known[text] = self._find(text)
        return known[text]

    def _find(self, text: str) -> Match:
        key = normalise(text)
        if reason := self.words.get(key):
            return Match(None, note=reason)
        for level, (index, form) in enumerate(zip(self._indexes, FORMS, strict=True), start=1):
            if (code := index.get(form(key))) is not None:
                return Match(code, level) if code else Match(None, note="ambiguous")
        return NOTHING

    @cached_property
    def _known(self) -> dict[str, Match]:
        return {}

    @cached_property
    def _indexes(self) -> tuple[dict[str, str], ...]:
        """Look-ups by strictness. A key that two codes share maps to "": ambiguous."""
        indexes = []
        for form in FORMS:
            index: dict[str, str] = {}
            for code in self.codes:
                for text in (code.code, *code.labels.values(), *code.aliases):
                    if not (key := form(normalise(text))):
                        continue
                    index[key] = code.code if index.get(key, code.code) == code.code else ""
            indexes.append(index)
        return tuple(indexes)


FORMS: tuple[Callable[[str], str], ...] = (str, fold, one_script)


def names() -> tuple[str, ...]:
    """Return the names of all code lists, countries among them."""
    lists = (name for name, content in standard("codelists").items() if "codes" in content)
    return ("countries", *lists)


def load(name: str) -> CodeList:
    """Return a code list of `standards/`. Raises KeyError if there is none of that name."""
    return _load(name, DIRECTORY)


@cache
def _load(name: str, _directory: Path) -> CodeList:
    if name == "countries":
        return _countries()
    content = standard("codelists")[name]
    codes = tuple(
        Code(
            code=str(c["code"]),
            labels={lang: str(c[lang]) for lang in LANGUAGES},
            aliases=tuple(map(str, c.get("aliases", ()))),
            parent=str(c.get("parent", "")),
        )
        for c in content["codes"]
    )
    return CodeList(name, codes, _words(content.get("words", {})))


@cache
def every() -> tuple[CodeList, ...]:
    """Return all code lists of `standards/`."""
    names = (name for name, content in standard("codelists").items() if "codes" in content)
    return tuple(load(name) for name in ("countries", *names))


def _countries() -> CodeList:
    with (DIRECTORY / "countries.csv").open(newline="") as lines:
        codes = tuple(
            Code(
                code=row["code"],
                labels={lang: row[lang] for lang in LANGUAGES},
                # ISO numbers stand in Russian files; Excel strips their zeros.
                aliases=tuple(
                    filter(
                        None,
                        [
                            *row["aliases"].split("; "),
                            *(row["alpha2"], row["m49"], row["m49"].lstrip("0")),
                        ],
                    )
                ),
                parent=row["subregion"],
            )
            for row in csv.DictReader(lines)
        )
    return CodeList("countries", codes, _words(standard("codelists")["country_words"]["words"]))


def _words(content: dict[str, list[str]]) -> dict[str, str]:
    return {normalise(word): reason for reason, words in content.items() for word in words}


def standard(name: str) -> dict[str, Any]:
    """Return the content of a YAML file of `standards/`. Raises InvalidDefinition."""
    return _standard(name, DIRECTORY)


@cache
def _standard(name: str, directory: Path) -> dict[str, Any]:
    path = directory / f"{name}.yaml"
    content = definitions.read(path, kinds.kind_of(name))
    definitions.refuse(path, kinds.contradictions(name, content))
    return content


@cache
def undeclared_sexes() -> frozenset[str]:
    """Texts in a column of sex that mean nothing until somebody declares them: numbers, single letters."""
    languages = standard("codelists")["sex"]["languages"]
    return frozenset(
        ["0", "1", "2", "3", "9", "99", *(k for one in languages for k in one["letters"])]
    )
