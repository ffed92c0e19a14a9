"""The parts from which the schemas of definitions are put together (JSON Schema, draft 2020-12).

A schema is said once: the strict reader validates with it (`standards.definitions`), and editors
complete and check with the file that is written from it into `docs/schemas`.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from standards.languages import LANGUAGES

Schema = dict[str, Any]
DIALECT = "https://json-schema.org/draft/2020-12/schema"


def text(description: str = "") -> Schema:
    """A text that is not empty."""
    return _described({"type": "string", "minLength": 1}, description)


def name(pattern: str, description: str) -> Schema:
    """A text of a given form; the description says which."""
    return {"type": "string", "pattern": f"^(?:{pattern})$", "description": description}


def texts(description: str = "") -> Schema:
    """One text in every language of the portal."""
    parts = {language: {"type": "string", "minLength": 1} for language in LANGUAGES}
    return mapping(parts, required=LANGUAGES, description=description)


def choice(values: Iterable[str], description: str = "") -> Schema:
    """One of a few words."""
    return _described({"enum": sorted(values)}, description)


def number(description: str = "", **bounds: float) -> Schema:
    return _described({"type": "number", **bounds}, description)


def whole(description: str = "", **bounds: int) -> Schema:
    return _described({"type": "integer", **bounds}, description)


def flag(description: str = "") -> Schema:
    return _described({"type": "boolean"}, description)


def several(part: Schema, description: str = "", *, least: int = 0) -> Schema:
    """A list; `least` is the smallest number of its parts."""
    return _described({"type": "array", "items": part, "minItems": least}, description)


def distinct(part: Schema, description: str = "", *, least: int = 0) -> Schema:
    """A list in which nothing stands twice."""
    return {**several(part, description, least=least), "uniqueItems": True}


def mapping(
    properties: Mapping[str, Schema],
    *,
    required: Iterable[str] = (),
    description: str = "",
    **more: Any,
) -> Schema:
    """A mapping with these keys and no others."""
    schema = {
        "type": "object",
        "properties": dict(properties),
        "required": list(required),
        "additionalProperties": False,
        **more,
    }
    return _described(schema, description)


def table(part: Schema, description: str = "", *, keys: str = ".+") -> Schema:
    """A mapping with keys of a given form that all hold the same kind of thing."""
    schema = {"type": "object", "patternProperties": {f"^(?:{keys})$": part}}
    return _described({**schema, "additionalProperties": False, "minProperties": 1}, description)


def _described(schema: Schema, description: str) -> Schema:
    return {**schema, "description": description} if description else schema
