"""Small XML parts of a workbook, such as the list of its sheets."""

import zipfile
from typing import Any
from xml.parsers import expat

from records.reading.refusals import FileRefused


def attributes(
    archive: zipfile.ZipFile, part: str, element: str, within: str = ""
) -> list[dict[str, str]]:
    """Return the attributes of all elements of this name, or of those within another one.

    Entities are refused, not expanded. Raises FileRefused where the part cannot be read.
    """
    elements: list[dict[str, str]] = []
    around: list[str] = []

    def start(name: str, attributes: dict[str, str]) -> None:
        local = name.rpartition(":")[2]
        if local == element and (not within or within in around):
            elements.append(attributes)
        around.append(local)

    def refuse(*_declaration: Any) -> None:
        raise FileRefused("unreadable")

    parser = expat.ParserCreate()
    parser.StartElementHandler = start
    parser.EndElementHandler = lambda _name: around.pop()
    parser.EntityDeclHandler = refuse
    try:
        parser.Parse(archive.read(part), True)
    except (expat.ExpatError, KeyError) as error:
        raise FileRefused("unreadable") from error
    return elements
