"""Definitions with one mistake each: what a person may get wrong at every key of a file."""

import copy
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

LANGUAGES = {"en", "ru", "tk"}


@dataclass(frozen=True)
class Mutation:
    """A file with one mistake: what was done, the key that is to blame, and the content."""

    label: str
    key: str
    content: Any


def mutations(
    content: Any, schema: dict[str, Any], made: set[tuple[str, str]]
) -> Iterator[Mutation]:
    """Yield the content with one mistake at a time; the same mistake at the same kind of key once.

    made: the mistakes of other files of the same schema, which are not made again; gets those of this one.
    """
    for path, part in _parts(content, schema):
        where = ".".join("[]" if isinstance(step, int) else str(step) for step in path)
        kind = where if part.get("properties") is None else repr(sorted(part["properties"]))
        for name, key, change in _mistakes(_at(content, path), part):
            if (kind, name) not in made:
                made.add((kind, name))
                changed = copy.deepcopy(content)
                blamed = key or next((step for step in reversed(path) if isinstance(step, str)), "")
                yield Mutation(f"{where}: {name}", blamed, _put(changed, path, change))


def _parts(content: Any, schema: dict[str, Any], path: tuple[Any, ...] = ()) -> Iterator[Any]:
    yield path, schema
    if isinstance(content, list):
        for place, item in enumerate(content):
            yield from _parts(item, schema["items"], (*path, place))
    if isinstance(content, dict):
        for key, value in content.items():
            forms = list(schema.get("patternProperties", {}).values())
            inner = schema.get("properties", {}).get(key) or forms[0]
            yield from _parts(value, inner, (*path, key))


def _mistakes(value: Any, schema: dict[str, Any]) -> Iterator[tuple[str, str, Any]]:
    """Yield (what is wrong, key or nothing for this one, the wrong value)."""
    if "properties" in schema:
        yield "a key that nobody reads", "surprise", {**value, "surprise": 1}
        for key in schema["required"]:
            what = "language" if set(schema["required"]) & LANGUAGES == LANGUAGES else "key"
            yield f"the {what} {key} is missing", key, {k: v for k, v in value.items() if k != key}
    elif "patternProperties" in schema and ".+" not in str(schema["patternProperties"]):
        yield "a key of another form", "No such key!", {**value, "No such key!": 1}
    if schema.get("type") in ("object", "array"):
        yield "a text where there should be more", "", "wrong"
    elif "enum" in schema:
        yield "a word that is no choice", "", "eror"
    else:
        yield "a mapping where there should be one value", "", {"surprise": 1}
        yield "nothing", "", None


def example_of(content: Any, schema: dict[str, Any]) -> Any:
    """Return a short file that has every key of a long one: items that bring a new key, and no others than lists need."""
    inner = schema.get("items")
    if isinstance(content, list) and inner is not None:
        examples = [example_of(item, inner) for item in content]
        chosen = _with_new_keys(examples, lambda item: item)
        others = [example for example in examples if example not in chosen]
        return chosen + others[: max(schema.get("minItems", 1) - len(chosen), 0)]
    if isinstance(content, dict) and "patternProperties" in schema:
        (part,) = schema["patternProperties"].values()
        examples = [(key, example_of(value, part)) for key, value in content.items()]
        return dict(_with_new_keys(examples, lambda pair: pair[1]) or examples[:1])
    if isinstance(content, dict):
        return {k: example_of(v, schema["properties"][k]) for k, v in content.items()}
    return content


def _with_new_keys(examples: list[Any], content_of: Any) -> list[Any]:
    seen: set[str] = set()
    chosen = []
    for example in examples:
        keys = set(_keys(content_of(example)))
        if keys - seen:
            seen |= keys
            chosen.append(example)
    return chosen


def _keys(content: Any, above: str = "") -> Iterator[str]:
    if isinstance(content, dict):
        for key, value in content.items():
            yield f"{above}.{key}"
            yield from _keys(value, f"{above}.{key}")
    if isinstance(content, list):
        for item in content:
            yield from _keys(item, above)


def _at(content: Any, path: tuple[Any, ...]) -> Any:
    for step in path:
        content = content[step]
    return content


def _put(content: Any, path: tuple[Any, ...], value: Any) -> Any:
    if not path:
        return value
    _at(content, path[:-1])[path[-1]] = value
    return content


def name_of(path: Path) -> str:
    """Return the name of a file as tests show it."""
    return "/".join(path.parts[-2:])
