"""What stands in the records of an XLS workbook ([MS-XLS], BIFF5 and BIFF8) beside the values of its cells.

A formula always has a result there. Some programs store 0 for results that they did not work out;
where no program has ever calculated the workbook and all its formulas say 0, they count as unstored.
"""

import struct
from collections.abc import Iterator

from records.reading.cell_notes import ERRORS, CellNotes, Place, SheetName
from records.reading.layout import Source
from records.reading.ole import OleFile
from records.reading.refusals import FileRefused

FORMULA, SHEET, FILEPASS, ERROR, CALCULATED, END = 0x06, 0x85, 0x2F, 0x205, 0x1C1, 0x0A


def stream_of(source: Source) -> bytes:
    """Return the stream of the workbook. Raises FileRefused where it is encrypted or damaged."""
    with source.open("rb") as file:
        ole = OleFile(file.read())
    name = next((name for name in ("Workbook", "Book") if name in ole.streams), None)
    if name is None:
        raise FileRefused("unsupported")
    stream = ole.read(name)
    if any(number == FILEPASS for number, _place, _size in _records(stream, 0)):
        raise FileRefused("password")
    return stream


def cell_notes(source: Source, sheet: SheetName) -> CellNotes:
    """Look through the records of a sheet. Raises FileRefused where the workbook is damaged."""
    stream = stream_of(source)
    book = list(_records(stream, 0))
    starts = [
        struct.unpack_from("<I", stream, place)[0]
        for n, place, size in book
        if n == SHEET and size > 4
    ]
    if sheet.number >= len(starts):
        raise FileRefused("unreadable")
    errors: dict[Place, str] = {}
    results: dict[Place, bytes] = {}
    for number, place, size in _records(stream, starts[sheet.number]):
        if number == ERROR and size >= 8 and stream[place + 7]:
            errors[_cell(stream, place)] = ERRORS.get(stream[place + 6], "#N/A")
        elif number == FORMULA and size >= 14:
            result = stream[place + 6 : place + 14]
            results[_cell(stream, place)] = result
            if result[0] == 2 and result[6:] == b"\xff\xff":
                errors[_cell(stream, place)] = ERRORS.get(result[2], "#N/A")
    calculated = any(n == CALCULATED for n, _place, _size in book) or any(
        map(any, results.values())
    )
    return CellNotes(errors, set() if calculated else set(results))


def _cell(stream: bytes, place: int) -> Place:
    row, column = struct.unpack_from("<HH", stream, place)
    return row, column


def _records(stream: bytes, start: int) -> Iterator[tuple[int, int, int]]:
    """Yield number, place and size of each record up to the end of the part that begins here."""
    depth = 0
    while start + 4 <= len(stream):
        number, size = struct.unpack_from("<HH", stream, start)
        if start + 4 + size > len(stream):
            raise FileRefused("truncated")
        yield number, start + 4, size
        depth += (number & 0xFF == 0x09 and number != 0x09) - (number == END)
        if number == END and depth <= 0:
            return
        start += 4 + size
