"""Code lists: codes with labels and aliases in three languages, and the look-up of messy texts."""

import csv
from collections.abc import Callable, Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache, cached_property
from pathlib import Path
from typing import Any

from standards import cldr, definitions, inflection, kinds, wording
from standards.languages import LANGUAGES
from standards.spelling import fold, normalise, one_script
from standards.wording import AMBIGUOUS, BY_LOOK, NOTHING, Match

DIRECTORY = Path(__file__).parent / "data"
_handed_down: dict[str, dict[str, Any]] = {}


@dataclass(frozen=True)
class Code:
    code: str
    labels: dict[str, str]
    aliases: tuple[str, ...] = ()
    parent: str = ""

    def label(self, language: str) -> str:
        return self.labels.get(language) or self.labels["en"]


# “КР” is no North Korea: so few letters that only look like another alphabet's are a code of somebody else.
LETTERS_OF_A_CODE = 2


@dataclass(frozen=True)
class CodeList:
    """A code list.

    words    texts that must not be matched, with the reason
    parts    texts that name a part of what a code stands for: Scotland
    numbers  numbers of another list, which prove nothing by themselves: 643 of ISO 3166
    places   whether the codes are places, whose names are read in their cases and styles too
    parents  the list that holds the parents of the codes, where they are not in this one
    """

    name: str
    codes: tuple[Code, ...]
    words: dict[str, str] = field(default_factory=dict)
    parts: dict[str, str] = field(default_factory=dict)
    numbers: dict[str, str] = field(default_factory=dict)
    places: bool = False
    parents: str = ""

    @cached_property
    def by_code(self) -> dict[str, Code]:
        return {c.code: c for c in self.codes}

    def label(self, code: str, language: str = "en") -> str:
        """Return the label of a code, or the code itself where the list has no such code."""
        item = self.by_code.get(code)
        return item.label(language) if item else code

    def children_of(self, parent: str) -> tuple[str, ...]:
        """Return the codes right below a parent, in the order of the list."""
        return tuple(c.code for c in self.codes if c.parent == parent)

    def ancestors(self, code: str) -> tuple[str, ...]:
        """Return the parent of a code, its parent and so on, the nearest first; none where it has none."""
        item = self.by_code.get(code)
        if item is None:
            return load(self.parents).ancestors(code) if self.parents else ()
        return (item.parent, *self.ancestors(item.parent)) if item.parent else ()

    def within(self, parent: str) -> tuple[str, ...]:
        """Return the codes that are the parent or lie below it, however deep, in the order of the list."""
        return tuple(
            c.code for c in self.codes if parent == c.code or parent in self.ancestors(c.code)
        )

    def numbered(self, texts: Iterable[str]) -> dict[str, str]:
        """Return the bare numbers among texts, each with the code it has in `numbers`, or ""."""
        if not self.numbers:
            return {}
        numbers = {text.strip(): wording.NUMBER.match(text) for text in texts}
        return {text: self.numbers.get(number[1], "") for text, number in numbers.items() if number}

    def match(self, texts: Sequence[str], codes: Iterable[str] = ()) -> list[Match]:
        """Look up distinct texts. `codes` restricts the answer to a part of the list."""
        allowed = frozenset(codes)
        matches = (self._match(text) for text in texts)
        return [
            m if not allowed or (m.code or m.suggestion) in allowed else NOTHING for m in matches
        ]

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
        if code := self.parts.get(key):
            return Match(code, note="part")
        if match := self._at(1, key):
            return match
        folded = fold(key)
        if match := self._at(2, folded) or self._at(3, one_script(folded)):
            return match
        return self._wordings.read(text, folded)

    def _at(self, level: int, key: str) -> Match | None:
        code = self._indexes[level - 1].get(key)
        if code and level == BY_LOOK and self.places and len(key) <= LETTERS_OF_A_CODE:
            return Match(None, note="suggested", suggestion=code)
        if code:
            return Match(code, level)
        return None if code is None else AMBIGUOUS

    @cached_property
    def _wordings(self) -> wording.Wordings:
        known = self._indexes[1] | {fold(word): "" for word in self.words}
        return wording.Wordings(
            known,
            lambda text: fold(normalise(text)),
            self._names_in_all_cases() if self.places else (),
            self.numbers,
        )

    def _names_in_all_cases(self) -> Iterator[tuple[str, str]]:
        for code in self.codes:
            names = [*code.labels.items(), *((inflection.language_of(a), a) for a in code.aliases)]
            for language, name in names:
                for form in (name, *inflection.cases(name, language)):
                    yield form, code.code

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
    return (*COMPOSED, *lists)


def load(name: str) -> CodeList:
    """Return a code list of `standards/`. Raises KeyError if there is none of that name."""
    return _load(name, DIRECTORY)


@cache
def _load(name: str, _directory: Path) -> CodeList:
    if name in COMPOSED:
        return COMPOSED[name]()
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
    return CodeList(
        name,
        codes,
        _words(content.get("words", {})),
        places=bool(content.get("places", False)),
        parents=str(content.get("parents", "")),
    )


@cache
def every() -> tuple[CodeList, ...]:
    """Return all code lists of `standards/`."""
    return tuple(load(name) for name in names())


@cache
def tiles() -> dict[str, tuple[int, int]]:
    """Return the places on the map of tiles, column and row from 0, of every code that has one; codes of regions begin
    with their country, so no two lists share them."""
    return {
        str(code["code"]): (code["tile"]["column"], code["tile"]["row"])
        for content in standard("codelists").values()
        for code in content.get("codes", ())
        if "tile" in code
    }


def _countries() -> CodeList:
    content = standard("codelists")["country_words"]
    words = _words(content["words"])
    with (DIRECTORY / "countries.csv").open(newline="") as lines:
        rows = list(csv.DictReader(lines))
    codes = [
        Code(
            code=row["code"],
            labels={lang: row[lang] for lang in LANGUAGES},
            aliases=_names([*row["aliases"].split("; "), row["alpha2"]], words),
            parent=row["subregion"],
        )
        for row in rows
    ]
    known = {normalise(t) for c in codes for t in (c.code, *c.labels.values(), *c.aliases)}
    of_cldr = cldr.country_names(row["alpha2"] for row in rows)  # where two disagree, ours holds
    added = (_names(of_cldr[row["alpha2"]], words.keys() | known) for row in rows)
    return CodeList(
        "countries",
        tuple(
            replace(code, aliases=code.aliases + names)
            for code, names in zip(codes, added, strict=True)
        ),
        words,
        parts=_words(content["parts"]),
        numbers={row["m49"].lstrip("0"): row["code"] for row in rows if row["m49"]},
        places=True,
        parents="world_regions",
    )


@cache
def regions_of_countries() -> dict[str, str]:
    """Return country -> its region of M49, in the order of the list; read without names, which take long."""
    with (DIRECTORY / "countries.csv").open(newline="") as lines:
        return {row["code"]: row["subregion"] for row in csv.DictReader(lines)}


def _residences() -> CodeList:
    """Countries, and for moves inside the home country its regions."""
    countries, regions = load("countries"), load("regions")
    stated = (region for region in regions.codes if not region.code.endswith("_U"))
    return replace(countries, name="residences", codes=(*countries.codes, *stated))


# Code lists that are put together here: one is a table of its own, one is made of two others.
COMPOSED: dict[str, Callable[[], CodeList]] = {"countries": _countries, "residences": _residences}


def _names(texts: Iterable[str], without: Container[str]) -> tuple[str, ...]:
    """Return the texts that are names, without those whose keys mean something else already."""
    return tuple(text for text in texts if text and normalise(text) not in without)


def _words(content: dict[str, list[str]]) -> dict[str, str]:
    return {normalise(word): reason for reason, words in content.items() for word in words}


def standard(name: str) -> dict[str, Any]:
    """Return the content of a YAML file of `standards/`. Raises InvalidDefinition."""
    return _handed_down.get(name) or _standard(name, DIRECTORY)


def standards() -> dict[str, dict[str, Any]]:
    """Return the content of every YAML file of `standards/`, by name, to hand down to a child process."""
    return {path.stem: standard(path.stem) for path in sorted(DIRECTORY.glob("*.yaml"))}


def take_over(directory: Path, contents: Mapping[str, dict[str, Any]]) -> None:
    """Let this process have what its parent has read and checked: checking again takes longer than a small file."""
    global DIRECTORY
    DIRECTORY = directory
    _handed_down.update(contents)


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
        ["0", "1", "2", "3", "9", "99", *(k for language in languages for k in language["letters"])]
    )
