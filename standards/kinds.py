"""What the YAML files of `standards` may say: code lists, and texts for people."""

from collections.abc import Iterator, Mapping
from string import Formatter
from typing import Any

from standards import schemas
from standards.definitions import Kind, Problem, choose
from standards.languages import LANGUAGES

LABELS = {
    language: schemas.text(f"the label in {name}")
    for language, name in zip(LANGUAGES, ("English", "Russian", "Turkmen"), strict=True)
}
NAME = "[a-z][a-z0-9_]*"
WORDS = schemas.distinct(schemas.text(), least=1)
CODE = schemas.mapping(
    {
        "code": schemas.name("[A-Za-z0-9_-]{1,32}", "letters, digits, _ and -; numbers in quotes"),
        **LABELS,
        "aliases": {**WORDS, "description": "other texts that mean this code in files"},
        "parent": schemas.text("the code above it, of this list or of the list `parents`"),
        "tile": schemas.mapping(
            {
                "column": schemas.whole("from the west, beginning with 0", minimum=0, maximum=29),
                "row": schemas.whole("from the north, beginning with 0", minimum=0, maximum=29),
            },
            required=["column", "row"],
            description="its place on the map of tiles",
        ),
    },
    required=["code", *LANGUAGES],
)
CODE_LIST = schemas.mapping(
    {
        "title": schemas.texts("what people call the list"),
        "standard": schemas.text(
            "whose codes they are, so that none is added or retired; portal: its rules count with them"
        ),
        "codes": schemas.several(CODE, "the codes, in the order in which they are shown", least=1),
        "not_stated": schemas.text(
            "the code for what is not stated, where it does not end with _U"
        ),
        "parents": schemas.text("the list that holds the parents, where this one does not"),
        "places": schemas.flag(
            "true: places, whose names are also read in their grammatical cases"
        ),
        "words": schemas.table(
            WORDS, "reason: texts that must not be matched", keys="ambiguous|ethnicity|group"
        ),
        "parts": schemas.table(WORDS, "code: texts that name a part of what it stands for"),
        "numbers": schemas.table(schemas.text(), "number of another list: the code it may mean"),
        "languages": schemas.several(
            schemas.mapping(
                {
                    "letters": schemas.table(schemas.text(), "letter: code"),
                    "words": {
                        **WORDS,
                        "description": "words that show that a file has this language",
                    },
                },
                required=["letters", "words"],
            ),
            "sex only: single letters of a language, and the words that prove it",
        ),
    },
    required=["title"],
)
HOME = schemas.mapping(
    {
        "country": schemas.name("[A-Z]{3}", "ISO 3166-1 alpha-3"),
        "time_zone": schemas.text("of the dates that are shown"),
    },
    required=["country", "time_zone"],
)
TEXT = schemas.texts()
SPOKEN = schemas.mapping(
    {
        "severity": schemas.choice(
            ["error", "warning", "unreadable"],
            "error: the row is held; unreadable: an error where the cell must be stated, else a warning",
        ),
        **LABELS,
    },
    required=LANGUAGES,
)
KINDS = {
    kind.name: kind
    for kind in (
        Kind("codelists", "Code lists, by name", schemas.table(CODE_LIST, keys=NAME)),
        Kind("home", "The home country as it is delivered", HOME),
        Kind("messages", "What the engine says of a row", schemas.table(SPOKEN, keys=NAME)),
        Kind("texts", "Texts in every language, by name", schemas.table(TEXT, keys=r"[\w.]+")),
        Kind("words", "Words that files are recognised by", schemas.table(WORDS, keys=NAME)),
    )
}
WORD_LISTS = ("months", "names", "personal_headers", "rows", "shapes")
# Which kind a file of `standards/data` is of; all others hold texts.
LISTS = ("codelists", "local_lists")  # of the portal, and of the home country
FILES = {
    "home": "home",
    "messages": "messages",
    **dict.fromkeys(LISTS, "codelists"),
    **dict.fromkeys(WORD_LISTS, "words"),
}


def kind_of(name: str) -> Kind:
    """Return the kind of a YAML file of `standards/data`."""
    return KINDS[FILES.get(name, "texts")]


def contradictions(name: str, content: Mapping[str, Any]) -> Iterator[Problem]:
    """Yield what no schema can say of a file of `standards/data`."""
    if name in LISTS:
        yield from _of_code_lists(content)
    elif FILES.get(name) not in ("words", "home"):
        yield from _of_texts(content)


def _of_code_lists(content: Mapping[str, Any]) -> Iterator[Problem]:
    for name, code_list in content.items():
        codes = [c["code"] for c in code_list.get("codes", ())]
        above = code_list.get("parents")
        if above is not None and above not in content:
            yield Problem((name, "parents"), choose(above, content, "code list"))
            continue
        parents = [c["code"] for c in content[above]["codes"]] if above else codes
        tiles: list[dict[str, int] | None] = []
        for place, code in enumerate(code_list.get("codes", ())):
            path = (name, "codes", place)
            if codes.index(code["code"]) != place:
                yield Problem((*path, "code"), f"the code {code['code']} stands twice")
            if (tile := code.get("tile")) and tile in tiles:
                yield Problem((*path, "tile"), "two codes stand on this tile")
            tiles.append(tile)
            if code.get("parent", parents[0]) not in parents:
                yield Problem((*path, "parent"), choose(code["parent"], parents, "parent"))


def _of_texts(content: Mapping[str, Any]) -> Iterator[Problem]:
    """The gaps that are filled in ({what}, {where}) must be the same in every language."""
    for name, texts in content.items():
        gaps = {language: _gaps(texts[language]) for language in LANGUAGES}
        for language in LANGUAGES[1:]:
            if gaps[language] != gaps[LANGUAGES[0]]:
                wanted = ", ".join(sorted(gaps[LANGUAGES[0]])) or "none"
                yield Problem(
                    (name, language), f"the gaps must be those of the English text: {wanted}"
                )


def _gaps(text: str) -> set[str]:
    return {f"{{{gap}}}" for _text, gap, _form, _conversion in Formatter().parse(text) if gap}
