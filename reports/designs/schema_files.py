"""The schemas of all definitions as files for editors, and the keys as tables for people."""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from django.conf import settings

from records.instruments import schema as instruments
from reports.designs import framework_schema, indicator_schema
from reports.designs import schema as designs
from standards import glossary, guidance, kinds
from standards.definitions import Kind

SCHEMAS = Path(settings.BASE_DIR) / "docs" / "schemas"
GUIDE = Path(settings.BASE_DIR) / "docs" / "instruments.md"
BEGIN, END = "<!-- keys of {name}, written by manage.py write_schemas -->", "<!-- end -->"


def all_kinds() -> list[Kind]:
    """Return every kind of definition."""
    asked = (instruments.instrument(), instruments.block())
    said = (
        *(designs.dataset(), designs.table()),
        *(indicator_schema.indicator(), indicator_schema.unseen()),
        *(framework_schema.indicator_set(), framework_schema.matrix()),
    )
    return [*asked, *said, *kinds.KINDS.values(), glossary.KIND, guidance.KIND]


def files() -> dict[Path, str]:
    """Return what the files that are written from the schemas should hold."""
    written = {
        SCHEMAS / f"{kind.name}.schema.json": json.dumps(
            kind.document, ensure_ascii=False, indent=2, sort_keys=True
        )
        + "\n"
        for kind in all_kinds()
    }
    return {**written, GUIDE: _guide(GUIDE.read_text())}


def _guide(text: str) -> str:
    """Return the guide with the table of keys of each kind that it has a place for."""
    for kind in all_kinds():
        begin = BEGIN.format(name=kind.name)
        if begin in text:
            before, _begin, rest = text.partition(begin)
            table = "\n".join(f"| {row} |" for row in _rows(kind.schema))
            text = f"{before}{begin}\n{table}\n{END}{rest.partition(END)[2]}"
    return text


def _rows(schema: Mapping[str, Any]) -> Iterator[str]:
    yield "Key | Needed | Holds"
    yield "--- | --- | ---"
    yield from _keys(schema, "")


def _keys(schema: Mapping[str, Any], above: str) -> Iterator[str]:
    """Yield a row for every key, depth first; texts in three languages are one key."""
    for key, part in sorted(
        schema.get("properties", {}).items(), key=lambda item: item[0] not in schema["required"]
    ):
        needed = "yes" if key in schema["required"] else ""
        yield f"`{above}{key}` | {needed} | {_holds(part)}"
        inner = part.get("items", part)
        if set(inner.get("properties", ())) != {"en", "ru", "tk"}:
            yield from _keys(inner, f"{above}{key}{'[].' if 'items' in part else '.'}")


def _holds(part: Mapping[str, Any]) -> str:
    description = part.get("description", "").replace("|", "\\|")
    words = [f"{description[:1].upper()}{description[1:]}." if description else ""]
    if "enum" in part and len(part["enum"]) <= 30:
        words.append("One of: " + ", ".join(f"`{word}`" for word in part["enum"]) + ".")
    if set(part.get("properties", ())) == {"en", "ru", "tk"}:
        words.append("In `en`, `ru` and `tk`.")
    return " ".join(filter(None, words))
