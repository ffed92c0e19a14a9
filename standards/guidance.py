"""Guidance where people work: short texts by variable or page and by role, with the source they are after."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from itertools import product
from pathlib import Path
from typing import Any

from standards import definitions, schemas
from standards.definitions import Kind, Problem, choose
from standards.glossary import SOURCE, terms
from standards.languages import LANGUAGES, Labels

FILE = Path(__file__).with_name("guidance.yaml")
ROLES = "clerk", "reviewer", "statistician", "reader"
NAME = "[a-z][a-z_-]*"
PLACE = "(?:(?:question|page):)?[a-z][a-z_]*"
LINK = re.compile(r"\[([a-z-]+)\|([^\]]+)\]")  # [anchor of the glossary|word]
TEXT = schemas.mapping(
    {
        "beside": schemas.distinct(
            schemas.name(PLACE, "a variable; question:… of a file; page:…"),
            "beside what it is shown",
            least=1,
        ),
        "source": schemas.text("after what it is written: one of `sources`"),
        "where": schemas.texts("the place in the source"),
        **{
            role: schemas.texts(f"what a {role} reads; [anchor|word] leads to the glossary")
            for role in ROLES
        },
    },
    required=["beside", "source", "where"],
)
KIND = Kind(
    "guidance",
    "Guidance by variable, page and role",
    schemas.mapping(
        {
            "sources": schemas.table(SOURCE, "what is cited, by name", keys="[a-z][a-z0-9-]*"),
            "texts": schemas.table(TEXT, "the texts, by name", keys=NAME),
        },
        required=["sources", "texts"],
    ),
)


@dataclass(frozen=True)
class Guidance:
    """One text for one role, its source, and where in it."""

    text: Labels
    source: str
    url: str
    where: Labels


def _contradictions(content: Mapping[str, Any]) -> Iterator[Problem]:
    """Yield what no schema can say of the file."""
    taken: dict[str, str] = {}
    for name, text in content["texts"].items():
        if text["source"] not in content["sources"]:
            yield Problem(
                ("texts", name, "source"), choose(text["source"], content["sources"], "source")
            )
        for place in text["beside"]:
            if taken.setdefault(place, name) != name:
                yield Problem(("texts", name, "beside"), f"{place} has the text {taken[place]}")
        for role, language in product(ROLES, LANGUAGES):
            for anchor, _word in LINK.findall(text.get(role, {}).get(language, "")):
                if anchor not in terms():
                    where = ("texts", name, role, language)
                    yield Problem(where, choose(anchor, terms(), "term"))


@cache
def _texts(path: Path = FILE) -> dict[tuple[str, str], Guidance]:
    """Return the texts by place and role. Raises InvalidDefinition."""
    content = definitions.read(path, KIND)
    definitions.refuse(path, _contradictions(content))
    return {
        (place, role): Guidance(
            text=text[role],
            source=content["sources"][text["source"]]["title"],
            url=content["sources"][text["source"]]["url"],
            where=text["where"],
        )
        for text in content["texts"].values()
        for place in text["beside"]
        for role in ROLES
        if role in text
    }


def beside(place: str, role: str) -> Guidance | None:
    """Return what somebody with a role should read beside a variable, `question:…` or `page:…`; or None."""
    return _texts().get((place, role))


def of_variable(name: str) -> list[tuple[str, Guidance]]:
    """Return all texts about a variable as (role, text), in the order of the roles."""
    return [(role, text) for role in ROLES if (text := beside(name, role))]


def places() -> frozenset[str]:
    """Return everything that has a text: variables, questions and pages."""
    return frozenset(place for place, _role in _texts())
