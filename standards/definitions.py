"""Definitions: YAML that people write and the portal trusts, so it is read strictly.

Instruments, datasets, tables, code lists and texts come through this one reader. Nothing in them is
skipped or guessed: a key that nobody reads, a missing language, a wrong word and a key that stands
twice are all refused, with the file, the line, the key and what would be right.
"""

import difflib
import os
import re
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from standards.languages import LANGUAGES
from standards.schemas import DIALECT, Schema

Step = str | int
State = tuple[
    tuple[str, int, int], ...
]  # name, time of change in nanoseconds, and bytes of each file
NAMED_BY = ("id", "name", "code", "var")  # keys by which an item of a list is called
CHOICES = 12  # so many choices a message lists
TYPES = {
    "object": "a mapping of keys",
    "array": "a list",
    "string": "a text",
    "number": "a number",
    "integer": "a whole number",
    "boolean": "true or false",
}


@dataclass(frozen=True)
class Problem:
    """What is wrong with one key. Steps of `path` are keys, places in lists, or names of items."""

    path: tuple[Step, ...]
    text: str


class InvalidDefinition(ValueError):
    """A definition is wrong; the message has a line for each problem: file, line, key, what is right."""

    def __init__(self, lines: Sequence[str]) -> None:
        super().__init__("\n".join(lines))
        self.lines = list(lines)


@dataclass(frozen=True, eq=False)
class Kind:
    """A kind of definition: its name and its schema, of which `document` is what editors get."""

    name: str
    title: str
    schema: Schema

    @property
    def document(self) -> Schema:
        return {"$schema": DIALECT, "title": self.title, **self.schema}


def read(path: Path, kind: Kind) -> dict[str, Any]:
    """Return the content of a YAML file of this kind. Raises InvalidDefinition.

    The content is shared by all who read the file: treat it as constant.
    """
    if not path.exists():
        raise InvalidDefinition([f"{path.name} does not exist"])
    return _read(text_of(path), path.name, kind)


def state_of(folder: Path) -> State:
    """Return which definitions lie in a folder: another answer where one was written, added or removed."""
    with os.scandir(folder) as files:
        stats = {file.name: file.stat() for file in files if file.name.endswith(".yaml")}
    return tuple((name, stat.st_mtime_ns, stat.st_size) for name, stat in sorted(stats.items()))


def text_of(path: Path) -> str:
    """Return the text of a definition. Raises InvalidDefinition where it is not UTF-8."""
    try:
        return path.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        line = error.object[: error.start].count(b"\n") + 1
        raise InvalidDefinition([f"{path.name}, line {line}: write the file in UTF-8"]) from error


def refuse(path: Path, problems: Iterable[Problem]) -> None:
    """Raise InvalidDefinition if there are problems, each with its line where the file has the key."""
    listed = list(problems)
    if listed:
        raise InvalidDefinition(_lines(path.read_text(), path.name, listed))


def problems_of(content: Any, schema: Schema) -> list[Problem]:
    """Return how a content differs from its schema, in words; nothing where it does not."""
    # Our schemas name no formats. Where a package for one of them is installed, as beside our tools, the library
    # builds the grammar of internationalised addresses: a second of work in every process.
    sys.modules.setdefault("rfc3987_syntax", None)  # type: ignore[arg-type]
    # The library is only needed where a file is read: a child process that has the content does without.
    from jsonschema import Draft202012Validator

    errors = Draft202012Validator(schema).iter_errors(content)
    problems = [p for error in errors for p in _in_words(error)]
    return sorted(dict.fromkeys(problems), key=lambda p: [str(step) for step in p.path])


def meant(word: str, known: Iterable[str]) -> str:
    """Return the known word that a wrong one was probably meant to be, as the end of a sentence."""
    near = difflib.get_close_matches(str(word), [str(k) for k in known], n=1, cutoff=0.6)
    return f"; did you mean {near[0]}?" if near else ""


def choose(word: object, known: Iterable[str], what: str) -> str:
    """Return the sentence for a word that is not among the known ones."""
    words = sorted(str(k) for k in known)
    listed = ", ".join(words[:CHOICES]) + (", …" if len(words) > CHOICES else "")
    return f"there is no {what} {_shown(word)}; choose from {listed or 'none'}{meant(str(word), words)}"


def unknown(
    words: Iterable[str], known: Iterable[str], what: str, path: tuple[Step, ...]
) -> Iterator[Problem]:
    """Yield a problem for every word that is not among the known ones."""
    listed = set(known)
    for word in words:
        if word not in listed:
            yield Problem(path, choose(word, listed, what))


@cache
def _read(text: str, file: str, kind: Kind) -> dict[str, Any]:
    content = parse(text, file)
    problems = problems_of(content, kind.schema)
    if problems:
        raise InvalidDefinition(_lines(text, file, problems))
    return dict(content)


def parse(text: str, file: str) -> Any:
    """Return what a YAML text holds. Raises InvalidDefinition for bad YAML and for keys that stand twice."""
    try:
        return yaml.load(text, Loader=_StrictLoader)  # noqa: S506 - a safe loader, and stricter
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = f", line {mark.line + 1}" if mark else ""
        raise InvalidDefinition([f"{file}{line}: {error.problem or error.context}"]) from error
    except yaml.YAMLError as error:
        raise InvalidDefinition([f"{file}: {error}"]) from error


class _StrictLoader(yaml.CSafeLoader):
    """The safe loader, which also refuses what plain YAML lets pass.

    Of a key that stands twice it keeps the last; `no`, `on` and `1` it takes for keys that are no texts.
    """

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        first: dict[str, int] = {}
        for key, _value in node.value:
            line = key.start_mark.line + 1
            if key.tag != "tag:yaml.org,2002:str":
                raise yaml.MarkedYAMLError(
                    problem=f"a key must be a text: write {_shown(key.value)} in quotes",
                    problem_mark=key.start_mark,
                )
            if key.value in first:
                raise yaml.MarkedYAMLError(
                    problem=f"the key {key.value} stands twice, first in line {first[key.value]}",
                    problem_mark=key.start_mark,
                )
            first[key.value] = line
        return super().construct_mapping(node, deep=deep)


def _in_words(error: Any) -> Iterator[Problem]:
    where = tuple(error.absolute_path)
    rule, value, schema = error.validator, error.instance, error.schema
    if rule == "additionalProperties":
        known = list(schema.get("properties", ()))
        forms = [re.compile(form) for form in schema.get("patternProperties", ())]
        for key in value:
            if key not in known and not any(form.search(str(key)) for form in forms):
                yield Problem((*where, str(key)), f"unknown key: {key}{meant(str(key), known)}")
    elif rule == "required":
        missing = [key for key in error.validator_value if key not in value]
        languages = set(error.validator_value) == set(LANGUAGES)
        what = "missing language" if languages else "missing key"
        for key in missing:
            yield Problem(where, f"{what}: {key}")
    elif rule == "dependentRequired":
        yield Problem(where, _dependent(error))
    else:
        yield Problem(where, _of_value(rule, error.validator_value, value, schema))


def _of_value(rule: str, wanted: Any, value: Any, schema: Mapping[str, Any]) -> str:
    """Say what a value should be, for the rules our schemas are made of."""
    if rule == "type":
        quoting = value is None or isinstance(value, bool) or "string" in str(wanted)
        hint = ' (write it in quotes: "…")' if wanted == "string" and quoting else ""
        return f"this must be {TYPES[wanted]}, not {_shown(value)}{hint}"
    if rule == "enum":
        return choose(value, wanted, "word")
    if rule == "pattern":
        return f"{_shown(value)} is not of this form: {schema.get('description', wanted)}"
    sentences = {
        "minItems": f"the list needs {wanted} or more parts",
        "minLength": "the text is empty",
        "minProperties": f"this needs {wanted} or more keys",
        "uniqueItems": "something stands twice in this list",
        "minimum": f"{_shown(value)} is less than {wanted}",
        "maximum": f"{_shown(value)} is more than {wanted}",
        "const": f"this must be {_shown(wanted)}, not {_shown(value)}",
    }
    return sentences[rule]


def _dependent(error: Any) -> str:
    lacking = (
        f"{key} needs {other}"
        for key, others in error.validator_value.items()
        if key in error.instance
        for other in others
        if other not in error.instance
    )
    return "; ".join(lacking)


def _shown(value: Any) -> str:
    words = {True: "true", False: "false", None: "nothing"}
    text = words[value] if value is None or isinstance(value, bool) else str(value)
    return text if len(text) <= 40 else f"{text[:39]}…"


def _lines(text: str, file: str, problems: Sequence[Problem]) -> list[str]:
    root = yaml.compose(text, Loader=yaml.CSafeLoader)
    lines = []
    for problem in problems:
        line, key = _place(root, problem.path)
        where = f"{file}, line {line}" if line else file
        lines.append(f"{where}: {key}: {problem.text}" if key else f"{where}: {problem.text}")
    return lines


def _place(node: Any, path: Sequence[Step]) -> tuple[int | None, str]:
    """Return the line of a key (or of the nearest key above it that the file has), and its name.

    Items of lists are called by their names, where they have one: people look for those.
    """
    line, names = None, []
    for step in path:
        below = None
        if isinstance(node, yaml.MappingNode):
            below = next(((k, v) for k, v in node.value if k.value == str(step)), None)
        elif isinstance(node, yaml.SequenceNode):
            below = next(((v, v) for k, v in enumerate(node.value) if _is(v, k, step)), None)
        node = below[1] if below else None
        line = below[0].start_mark.line + 1 if below else line
        names.append(_name_of(node) if isinstance(step, int) and _name_of(node) else str(step))
    return line, ".".join(names)


def _name_of(item: Any) -> str:
    if not isinstance(item, yaml.MappingNode):
        return ""
    named = {k.value: v.value for k, v in item.value if isinstance(v, yaml.ScalarNode)}
    return next((str(named[key]) for key in NAMED_BY if key in named), "")


def _is(item: Any, place: int, step: Step) -> bool:
    return place == step if isinstance(step, int) else _name_of(item) == step
