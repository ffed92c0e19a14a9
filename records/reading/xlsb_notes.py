"""What stands in the records of an XLSB workbook ([MS-XLSB]) beside the values of its cells.

Its formulas always have a stored result: a record of a formula is a record of its value.
"""

import io
import posixpath
import struct
import zipfile
from collections.abc import Iterator
from typing import IO

from records.reading.cell_notes import ERRORS, CellNotes, Place, SheetName
from records.reading.layout import Source
from records.reading.refusals import FileRefused
from records.reading.xml_parts import attributes

ROW, ERROR, FORMULA_ERROR, MERGED, BUNDLE = 0, 3, 11, 176, 156
WANTED = {ROW, ERROR, FORMULA_ERROR, MERGED, BUNDLE}
LONGEST = 16 << 20  # bytes of a record


def cell_notes(source: Source, sheet: SheetName) -> CellNotes:
    """Look through the records of a sheet. Raises FileRefused where the workbook is damaged."""
    errors: dict[Place, str] = {}
    merged: list[tuple[Place, Place]] = []
    row = 0
    with (
        source.open("rb") as file,
        zipfile.ZipFile(file) as archive,
        archive.open(_part_of(archive, sheet)) as part,
    ):
        for number, content in _records(io.BufferedReader(part, 1 << 20)):  # type: ignore[type-var]
            if number == ROW:
                (row,) = struct.unpack_from("<I", content)
            elif number == MERGED:
                first, last, left, right = struct.unpack_from("<4I", content)
                merged.append(((first, left), (last, right)))
            elif number in (ERROR, FORMULA_ERROR):
                (column,) = struct.unpack_from("<I", content)
                errors[row, column] = ERRORS.get(content[8], "#N/A")
    return CellNotes(errors, merged=merged)


def _part_of(archive: zipfile.ZipFile, sheet: SheetName) -> str:
    """Return the name of the part that holds a sheet."""
    relations = attributes(archive, "xl/_rels/workbook.bin.rels", "Relationship")
    targets = {r.get("Id", ""): r.get("Target", "") for r in relations}
    with archive.open("xl/workbook.bin") as book:
        keys = [_key(content) for number, content in _records(book) if number == BUNDLE]
    keys = [key for key in keys if key]
    if sheet.number >= len(keys) or keys[sheet.number] not in targets:
        raise FileRefused("unreadable")
    return posixpath.normpath(posixpath.join("/xl", targets[keys[sheet.number]])).lstrip("/")


def _key(content: bytes) -> str:
    """Return the key of the relation of a sheet; "" where it has none."""
    (length,) = struct.unpack_from("<I", content, 8)
    return "" if length == 0xFFFFFFFF else content[12 : 12 + 2 * length].decode("utf-16-le")


def _records(file: IO[bytes]) -> Iterator[tuple[int, bytes]]:
    """Yield number and content of each record that is wanted."""
    while head := file.read(1):
        number = head[0]
        if number & 128:
            number = number & 127 | file.read(1)[0] << 7
        size, shift = 0, 0
        while True:
            byte = file.read(1)[0]
            size |= (byte & 127) << shift
            shift += 7
            if byte < 128 or shift > 21:
                break
        if size > LONGEST:
            raise FileRefused("bomb")
        content = file.read(size)
        if len(content) < size:
            raise FileRefused("truncated")
        if number in WANTED:
            yield number, content
