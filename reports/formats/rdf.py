"""Statements about things, written as Turtle and as JSON-LD.

Turtle: https://www.w3.org/TR/turtle/; JSON-LD 1.1: https://www.w3.org/TR/json-ld11/. A library would bring a store and a
query language; a catalogue needs only these two ways of writing.
"""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from standards.languages import Labels

IRI_MAY_NOT_HAVE = re.compile(r'[\x00-\x20<>"{}|^`\\]')
ESCAPED = {"\\": r"\\", '"': r"\"", "\n": r"\n", "\r": r"\r", "\t": r"\t", "\b": r"\b", "\f": r"\f"}
CONTROL = re.compile(r'[\\"\x00-\x1f\x7f]')


@dataclass(frozen=True)
class Iri:
    """The address of a thing."""

    address: str


@dataclass(frozen=True)
class Literal:
    """A text of a datatype, `xsd:date`, or of a language; or neither."""

    text: str
    datatype: str = ""
    language: str = ""


@dataclass(frozen=True)
class Node:
    """A thing of a kind with what is said of it: (prefix:name, value). Without an address it stands inside another."""

    kind: str
    said: Sequence[tuple[str, "Value"]]
    address: str = ""


Value = Iri | Literal | Node


def labels(name: str, texts: Labels) -> list[tuple[str, Value]]:
    """Return a property once for each language that has a text."""
    return [(name, Literal(text, language=lang)) for lang, text in texts.items() if text]


def day(moment: date | datetime) -> Literal:
    """Return a day, or a moment, as a literal of its type."""
    kind = "xsd:dateTime" if isinstance(moment, datetime) else "xsd:date"
    return Literal(moment.isoformat(), kind)


def turtle(nodes: Sequence[Node], prefixes: Mapping[str, str]) -> str:
    """Write things that have addresses as Turtle. Raises ValueError for what is no address."""
    lines = [f"@prefix {prefix}: {_iri(address)} ." for prefix, address in prefixes.items()]
    for node in nodes:
        lines += ["", f"{_iri(node.address)} a {node.kind}{_properties(node, 1)} ."]
    return "\n".join(lines) + "\n"


def _properties(node: Node, depth: int) -> str:
    indent = "    " * depth
    return "".join(f" ;\n{indent}{name} {_value(value, depth)}" for name, value in node.said)


def _value(value: Value, depth: int) -> str:
    if isinstance(value, Iri):
        return _iri(value.address)
    if isinstance(value, Node):
        return f"[ a {value.kind}{_properties(value, depth + 1)} ]"
    text = '"' + CONTROL.sub(lambda c: ESCAPED.get(c[0], f"\\u{ord(c[0]):04X}"), value.text) + '"'
    if value.language:
        return f"{text}@{value.language}"
    return f"{text}^^{value.datatype}" if value.datatype else text


def _iri(address: str) -> str:
    if not address or IRI_MAY_NOT_HAVE.search(address):
        raise ValueError(f"no address: {address!r}")
    return f"<{address}>"


def json_ld(nodes: Sequence[Node], prefixes: Mapping[str, str]) -> str:
    """Write the same statements as JSON-LD: the prefixes as its context, the things as its graph."""
    content = {"@context": dict(prefixes), "@graph": [_object(node) for node in nodes]}
    return json.dumps(content, ensure_ascii=False, indent=2) + "\n"


def _object(node: Node) -> dict[str, object]:
    found: dict[str, object] = {"@id": node.address} if node.address else {}
    found["@type"] = node.kind
    for name, values in _grouped(node):
        found[name] = values[0] if len(values) == 1 else values
    return found


def _grouped(node: Node) -> Iterator[tuple[str, list[object]]]:
    groups: dict[str, list[object]] = {}
    for name, value in node.said:
        groups.setdefault(name, []).append(_term(value))
    yield from groups.items()


def _term(value: Value) -> object:
    if isinstance(value, Iri):
        return {"@id": value.address}
    if isinstance(value, Node):
        return _object(value)
    if value.language:
        return {"@value": value.text, "@language": value.language}
    return {"@value": value.text, "@type": value.datatype} if value.datatype else value.text
