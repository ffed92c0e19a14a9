"""The glossary: the words of the portal with anchors, in three languages, from one file."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from standards import definitions, schemas
from standards.definitions import Kind, Problem, choose
from standards.languages import Labels, marked
from standards.spelling import fold

FILE = Path(__file__).with_name("glossary.yaml")
GROUPS = {
    "sex": marked("Sex and gender"),
    "migration": marked("Migration"),
    "statistics": marked("Statistics"),
    "disclosure": marked("Protecting people"),
}
ANCHOR = "[a-z][a-z-]*"
OWN = "portal"  # of a term that is the portal's own
SOURCE = schemas.mapping(
    {"title": schemas.text("how it is cited"), "url": schemas.text("where it is read")},
    required=["title", "url"],
)
CITED = schemas.mapping(
    {"short": schemas.text("how it is named beside a word"), **SOURCE["properties"]},
    required=["short", "title", "url"],
)
TERM = schemas.mapping(
    {
        "group": schemas.choice(GROUPS, "under which heading it stands"),
        "source": schemas.text("after what it is defined: one of `sources`, or portal"),
        "see": schemas.distinct(schemas.text(), "anchors of terms that help to understand it"),
        "term": schemas.texts("the word"),
        "text": schemas.texts("what it means, in our own words"),
    },
    required=["group", "source", "see", "term", "text"],
)
KIND = Kind(
    "glossary",
    "The glossary, by anchor",
    schemas.mapping(
        {
            "sources": schemas.table(CITED, "what is cited, by name", keys=ANCHOR),
            "terms": schemas.table(TERM, "the words, by anchor", keys=ANCHOR),
        },
        required=["sources", "terms"],
    ),
)


@dataclass(frozen=True)
class Source:
    """What definitions are after: its name beside a word, how it is cited, where it is read."""

    name: str
    short: str
    title: str
    url: str


@dataclass(frozen=True)
class Term:
    """A word: `anchor` on its page, what it means, after which source (None where it is our own)."""

    anchor: str
    group: str
    term: Labels
    text: Labels
    see: tuple[str, ...]
    source: Source | None

    def has(self, wanted: str) -> bool:
        """Say whether the word or its meaning has a text, in any language, however it is spelt."""
        texts = (*self.term.values(), *self.text.values())
        return fold(wanted.casefold()) in fold(" ".join(texts).casefold())


def _contradictions(content: Mapping[str, Any]) -> Iterator[Problem]:
    """Yield what no schema can say of the file."""
    for anchor, term in content["terms"].items():
        if term["source"] != OWN and term["source"] not in content["sources"]:
            yield Problem(
                ("terms", anchor, "source"), choose(term["source"], content["sources"], "source")
            )
        for other in term["see"]:
            if other not in content["terms"]:
                yield Problem(("terms", anchor, "see"), choose(other, content["terms"], "term"))


@cache
def terms(path: Path = FILE) -> dict[str, Term]:
    """Return the terms by anchor, in the order of the file. Raises InvalidDefinition."""
    content = definitions.read(path, KIND)
    definitions.refuse(path, _contradictions(content))
    cited = {name: Source(name, **source) for name, source in content["sources"].items()}
    return {
        anchor: Term(
            anchor=anchor,
            group=term["group"],
            term=term["term"],
            text=term["text"],
            see=tuple(term["see"]),
            source=cited.get(term["source"]),
        )
        for anchor, term in content["terms"].items()
    }
