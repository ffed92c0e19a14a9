"""What is released, written into the OpenAPI description: an address for each dataset and table.

Only what is released has names for dimensions and codes, so each address says exactly what it may be
asked. What cannot be answered is refused in one form everywhere, so every address says that too.
"""

import copy
from collections.abc import Mapping
from typing import Any

from reports.designs import tables
from reports.published.editions import Edition, current_editions
from reports.published.query import ALL, narrowed
from reports.published.structure import ROLL_UPS, SEX, TIME, Structure
from reports.published.tree import has

Operation = dict[str, Any]
Codes = Mapping[str, tuple[str, ...]]
PROBLEM = {"application/json": {"schema": {"$ref": "#/components/schemas/Problem"}}}
REFUSED = {
    "400": "a parameter that is not read, or a value that it cannot have",
    "404": "no such release, or nothing of it in these periods and codes",
    "410": "the release was withdrawn; the reason, and the one in its place",
}


def with_what_is_released(paths: dict[str, Any]) -> dict[str, Any]:
    """Return the paths of a description, those of figures once for each dataset and table that is out."""
    released = {edition.dataset: edition for edition in current_editions()}
    designs = [(t.code, t.dataset, t.where) for t in tables.tables().values()]
    known: dict[str, list[tuple[str, str, Mapping[str, Any]]]] = {
        "dataset": [(name, name, {}) for name in released],
        "code": [entry for entry in designs if entry[1] in released],
    }
    described: dict[str, Any] = {}
    for path, methods in paths.items():
        operation = methods["get"]
        _add_refusals(operation)
        argument = next((name for name in known if f"{{{name}}}" in path), None)
        if argument is None or not known[argument]:
            described[path] = methods
        elif not any(parameter["name"] == "limit" for parameter in operation["parameters"]):
            _parameter(operation, argument)["schema"]["enum"] = [
                name for name, *_ in known[argument]
            ]
            described[path] = methods
        else:
            for name, dataset, fixed in known[argument]:
                own = _of(operation, argument, name, released[dataset], fixed)
                described[path.replace(f"{{{argument}}}", name)] = {"get": own}
    return described


def _add_refusals(operation: Operation) -> None:
    for status, text in REFUSED.items():
        refused = {"content": PROBLEM, "description": text}
        operation["responses"].setdefault(status, copy.deepcopy(refused))
    # An address with a NUL is refused before anybody looks whose it is.
    operation["responses"]["400"]["content"]["text/plain"] = {"schema": {"type": "string"}}


def _parameter(operation: Operation, name: str) -> dict[str, Any]:
    return next(p for p in operation["parameters"] if p["name"] == name)


def _of(
    operation: Operation, argument: str, name: str, edition: Edition, fixed: Mapping[str, Any]
) -> Operation:
    """Return the operation for one dataset or table: with its dimensions and their codes."""
    own = copy.deepcopy(operation)
    own["operationId"] = f"{own['operationId']}_{name.lower()}"
    own["parameters"] = [p for p in own["parameters"] if p["name"] != argument]
    structure = edition.structure
    for parameter in own["parameters"]:
        if parameter["name"] == "by":
            parameter["schema"] = {"anyOf": [_names(names) for names in _together(structure)]}
    for dimension, codes in _codes(structure, fixed).items():
        own["parameters"].append(_condition(dimension, codes))
    return own


def _together(structure: Structure) -> list[list[str]]:
    """The dimensions of rows that go together: those of one table; of months, quarters and years only one."""
    names = [name for name in structure.by_name if name != SEX]
    times = [name for name in names if name == TIME or name in ROLL_UPS]
    sets = []
    for table in structure.tables:
        own = [name for name in names if has(table, name)]
        rest = [name for name in own if name not in times]
        sets += [[*rest, time] for time in own if time in times]
    return sets


def _codes(structure: Structure, fixed: Mapping[str, Any]) -> Codes:
    """The codes by which each dimension may be limited: of a named table, those it has."""
    codes = {d.name: list(d.by_code) for d in structure.by_name.values() if d.name != SEX}
    limited = narrowed({}, {name: list(values) for name, values in fixed.items()})
    return {name: tuple(limited.get(name, every)) for name, every in codes.items()}


def _names(names: list[str]) -> dict[str, Any]:
    return {"type": "array", "items": {"type": "string", "enum": names}}


def _condition(name: str, codes: tuple[str, ...]) -> dict[str, Any]:
    return {
        "name": name.lower(),
        "in": "query",
        "description": f"codes of {name}, divided by commas; “{ALL}”, or nothing, is no condition",
        "allowEmptyValue": True,
        "style": "form",
        "explode": False,
        "schema": _names([*codes, ALL]),
    }
