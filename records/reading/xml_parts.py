"""Small XML parts of a workbook, such as the list of its sheets."""

import zipfile
from typing import Any
from xml.parsers import expat

from records.reading.refusals import FileRefused


def attributes(archive: zipfile.ZipFile, part: str, element: str) -> list[dict[str, str]]:
    """Return the attributes of all elements of this name; entities are refused, not expanded."""
    elements: list[dict[str, str]] = []

    def start(name: str, attributes: dict[str, str]) -> None:
        if name.rpartition(":")[2] == element:
            elements.append(attributes)

    def refuse(*_declaration: Any) -> None:
        raise FileRefused("unreadable")

    parser = expat.ParserCreate()
    parser.StartElementHandler = start
    parser.EntityDeclHandler = refuse
    try:
        parser.Parse(archive.read(part), True)
    except (expat.ExpatError, KeyError) as error:
        raise FileRefused("unreadable") from error
    return elements
