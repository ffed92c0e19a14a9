"""The code lists of the portal: as they are delivered, and with what the statistics office keeps of them."""

import csv
from collections.abc import Callable, Container, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime
from functools import cache, partial
from pathlib import Path
from typing import Any

from standards import cldr, definitions, editions, kinds
from standards.codes import NOT_STATED, Code, CodeList
from standards.editions import Edition, by_edition
from standards.languages import LANGUAGES
from standards.spelling import normalise
from standards.wording import AMBIGUOUS, BY_LOOK, NOTHING, Match

__all__ = [
    "AMBIGUOUS",
    "BY_LOOK",
    "NOTHING",
    "NOT_STATED",
    "Code",
    "CodeList",
    "Match",
    "by_edition",
]

DIRECTORY = Path(__file__).parent / "data"
_handed_down: dict[str, dict[str, Any]] = {}


def defined() -> dict[str, Any]:
    """Return the definitions of all code lists, those of the home country last."""
    return {name: content for file in kinds.LISTS for name, content in standard(file).items()}


def names() -> tuple[str, ...]:
    """Return the names of all code lists, countries among them."""
    lists = (name for name, content in defined().items() if "codes" in content)
    return (*COMPOSED, *PARTS, *lists)


def load(name: str) -> CodeList:
    """Return a code list in the edition that is in force. Raises KeyError if there is none of that name."""
    parts = [editions.in_force(part) for part in PARTS.get(name, (name,))]
    if not any(edition.codes for edition in parts):
        return delivered(name)
    is_dated = any(code.get("retired") for edition in parts for code in edition.codes.values())
    day = today() if is_dated else date.min
    key = (name, day, *(edition.digest for edition in parts))
    if key not in _current:
        if len(_current) >= MOST_KEPT:
            _current.clear()
        _current[key] = _put_together(name, parts, day)
    return _current[key]


MOST_KEPT = 200  # lists of editions and days
_current: dict[tuple[Any, ...], CodeList] = {}


def _put_together(name: str, parts: Sequence[Edition], day: date) -> CodeList:
    if name not in PARTS:
        return laid_over(delivered(name), parts[0], day)
    lists = [
        laid_over(delivered(part), edition, day)
        for part, edition in zip(PARTS[name], parts, strict=True)
    ]
    return replace(_made_of(lists, name), day=day)


def today() -> date:
    """Return the day in the time zone of the portal."""
    return datetime.now(UTC).astimezone().date()


def delivered(name: str) -> CodeList:
    """Return the first edition of a code list, as `standards/` has it. Raises KeyError."""
    return _delivered(name, DIRECTORY)


def number_of(name: str) -> int:
    """Return the number of the edition of a list that is in force; of one that is made of others, the highest."""
    return max(editions.in_force(part).number for part in PARTS.get(name, (name,)))


def laid_over(codes: CodeList, edition: Edition, day: date) -> CodeList:
    """Return a delivered list with what an edition changes, as it is on a day.

    New codes come after the delivered ones, but before those for what is not stated.
    """
    own = [_changed(code, edition.codes.get(code.code)) for code in codes.codes]
    added = [
        _changed(Code(code, {}), content)
        for code, content in edition.codes.items()
        if code not in codes.by_code
    ]
    end = len(own)
    while end and own[end - 1].code.endswith(NOT_STATED):
        end -= 1
    return replace(codes, codes=(*own[:end], *added, *own[end:]), day=day)


def _changed(code: Code, content: Mapping[str, Any] | None) -> Code:
    if content is None:
        return code
    return Code(
        code.code,
        dict(content["labels"]),
        tuple(content.get("aliases", ())),
        content.get("parent", ""),
        content.get("retired", ""),
        content.get("successor", ""),
    )


@cache
def _delivered(name: str, _directory: Path) -> CodeList:
    if name in PARTS:
        return _made_of([delivered(part) for part in PARTS[name]], name)
    if name in COMPOSED:
        return COMPOSED[name]()
    content = defined()[name]
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
        above=partial(load, content["parents"]) if "parents" in content else None,
        title=dict(content.get("title", {})),
        unstated=str(content.get("not_stated", "")),
        standard=str(content.get("standard", "")),
    )


@by_edition
def every() -> tuple[CodeList, ...]:
    """Return all code lists, in the editions that are in force."""
    return tuple(load(name) for name in names())


@cache
def tiles() -> dict[str, tuple[int, int]]:
    """Return the places on the map of tiles, column and row from 0, of every code that has one; codes of regions begin
    with their country, so no two lists share them."""
    return {
        str(code["code"]): (code["tile"]["column"], code["tile"]["row"])
        for content in defined().values()
        for code in content.get("codes", ())
        if "tile" in code
    }


def _countries() -> CodeList:
    content = defined()["country_words"]
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
        above=partial(load, "world_regions"),
        title=content["title"],
        unstated=content["not_stated"],
        standard=content["standard"],
    )


@cache
def regions_of_countries() -> dict[str, str]:
    """Return country -> its region of M49, in the order of the list; read without names, which take long."""
    with (DIRECTORY / "countries.csv").open(newline="") as lines:
        return {row["code"]: row["subregion"] for row in csv.DictReader(lines)}


def _made_of(parts: Sequence[CodeList], name: str) -> CodeList:
    """The codes of the lists it is made of, those for what is not stated only of the first.

    `residences`: countries, and for moves inside the home country its regions.
    """
    first, *others = parts
    stated = (c for part in others for c in part.codes if not c.code.endswith(NOT_STATED))
    title = defined()[name]["title"]
    return replace(first, name=name, codes=(*first.codes, *stated), title=title)


# Code lists that are put together here: one is a table of its own, one is made of two others.
COMPOSED: dict[str, Callable[[], CodeList]] = {"countries": _countries}
PARTS = {"residences": ("countries", "regions")}


def _names(texts: Iterable[str], without: Container[str]) -> tuple[str, ...]:
    """Return the texts that are names, without those whose keys mean something else already."""
    return tuple(text for text in texts if text and normalise(text) not in without)


def _words(content: dict[str, list[str]]) -> dict[str, str]:
    return {normalise(word): reason for reason, words in content.items() for word in words}


def standard(name: str) -> dict[str, Any]:
    """Return the content of a YAML file of `standards/`. Raises InvalidDefinition."""
    return _handed_down.get(name) or _standard(name, DIRECTORY)


def standards() -> dict[str, dict[str, Any]]:
    """Return the content of every YAML file of `standards/`, by name."""
    return {path.stem: standard(path.stem) for path in sorted(DIRECTORY.glob("*.yaml"))}


def handed_down() -> dict[str, Any]:
    """Return what a child process needs to know the lists as this one does (`take_over`).

    `state` names the lists that follow from it: it is another one where an edition is, and on another day, because
    codes are retired on a day.
    """
    later = editions.all_in_force()
    digests = sorted([name, edition.digest] for name, edition in later.items())
    return {
        "directory": str(DIRECTORY),
        "contents": standards(),
        "editions": {name: [e.number, dict(e.codes)] for name, e in later.items()},
        "state": [str(DIRECTORY), today().isoformat(), digests],
    }


def take_over(handed: Mapping[str, Any]) -> None:
    """Let this process have what its parent has read and checked: checking again takes longer than a small file."""
    global DIRECTORY
    DIRECTORY = Path(handed["directory"])
    _handed_down.update(handed["contents"])
    later = handed.get("editions", {})
    editions.lay_over({name: Edition(number, codes) for name, (number, codes) in later.items()})


@cache
def _standard(name: str, directory: Path) -> dict[str, Any]:
    path = directory / f"{name}.yaml"
    content = definitions.read(path, kinds.kind_of(name))
    definitions.refuse(path, kinds.contradictions(name, content))
    return content


# Letters that mean a sex in most languages, and the other one in some: M is “mujer” beside H, F is “férfi” beside N.
TELLING_ALONE = frozenset("fm")


def letters_to_declare(keys: Iterable[str]) -> frozenset[str]:
    """Return the letters among the texts of a column of sex (normalised) that somebody has to explain.

    A single letter that no list knows is of an unknown language, so that F and M beside it are, too.
    """
    letters = frozenset(key for key in keys if len(key) == 1 and key.isalpha())
    strange = frozenset(k for k in letters if k in undeclared_sexes() or _means_no_sex(k))
    return strange | (letters & TELLING_ALONE) if strange else strange


def _means_no_sex(letter: str) -> bool:
    (match,) = load("sex").match([letter])
    return match.code is None


@cache
def undeclared_sexes() -> frozenset[str]:
    """Texts in a column of sex that mean nothing until somebody declares them: numbers, single letters."""
    languages = defined()["sex"]["languages"]
    letters = {letter for language in languages for letter in language["letters"]}
    numbers = {form.format(n) for n in range(100) for form in ("{}", "{:02}")}
    return frozenset(numbers | (letters - TELLING_ALONE))
