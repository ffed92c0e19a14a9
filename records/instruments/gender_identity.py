"""The conditions under which an instrument may ask for gender identity; none that is delivered does.

It is said by the person alone, never needed or presumed, compared with nothing and counted nowhere: an officer's note
about it that others can read may harm a person. What is gender-responsive here is figures by sex and what they are about.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from standards.definitions import Problem

NAME = "gender_identity"  # of the variable, and of its code list
CONDITIONS = {
    "restricted": "people see it only where they are named",
    "legal_basis": "the law that allows it to be asked is named",
    "risk_assessment": "what could harm a person was assessed",
}
Content = Mapping[str, Any]


def problems(content: Content) -> Iterator[Problem]:
    """Yield what is wrong with how an instrument, joined with what it includes, asks it."""
    for variable in content["variables"]:
        is_it = variable["name"] == NAME
        if is_it != (variable.get("codelist") == NAME):
            text = f"the list {NAME} belongs to the variable of this name"
            yield Problem(("variables", variable["name"]), text)
        if is_it:
            yield from _of_conditions(content, variable)
    yield from _of_comparisons(content)
    for key in ("cells", "aggregate"):
        if NAME in content.get(key, ()):
            yield Problem((key,), f"{NAME} is counted nowhere")


def _of_conditions(content: Content, variable: Content) -> Iterator[Problem]:
    path = ("variables", NAME)
    for key, reason in CONDITIONS.items():
        if not content.get(key):
            yield Problem(path, f"it is asked only where {reason}: {key}")
    for key in ("required", "unknown"):
        if variable.get(key):
            yield Problem((*path, key), "it is neither needed nor presumed")


def _of_comparisons(content: Content) -> Iterator[Problem]:
    for part in ("rules", "checks"):
        for item in content[part]:
            if NAME in _named(item):
                yield Problem((part, item["id"]), f"{NAME} is compared with nothing")


def _named(item: Content) -> set[str]:
    """Return the words of a rule or check, names of variables among them."""
    parts = [item, *item.get("when", ())]
    words = {text for part in parts for text in part.values() if isinstance(text, str)}
    return words | set(item.get("within", ()))
