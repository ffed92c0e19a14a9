"""Reading an XLSX workbook inside the limited child: first its wrapping, then its cells as texts."""

import datetime as dt
import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from python_calamine import CalamineWorkbook

from records.instruments.spec import Spec
from records.reading import headers, questions
from records.reading.layout import FINE, FileBlock, Layout, OpenedFile, letter_of
from records.reading.refusals import FileRefused

OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
ENTRIES = 400
RATIO = 200
ROWS = 16_384  # rows of one block
FULL_SHEETS = frozenset({65_536, 1_048_576})  # a sheet of exactly this length was cut off
MB = 2**20


def wrapped(path: Path) -> bool:
    """Say whether the file is a zip archive or an old Office file, so no text."""
    with path.open("rb") as file:
        return file.read(8).startswith((b"PK\x03\x04", OLE))


def what_is_wrong(path: Path, unpacked_mb: int) -> str:
    """Look at the wrapping before anything is unpacked; the code of a refusal, or nothing."""
    start = path.read_bytes()[: 64 * 1024]
    if start.startswith(OLE):
        locked = "EncryptedPackage".encode("utf-16-le") in path.read_bytes()[: 8 * MB]
        return "password" if locked else "unsupported"
    try:
        with zipfile.ZipFile(path) as archive:
            entries = archive.infolist()
    except (zipfile.BadZipFile, OSError, ValueError):
        return "truncated"
    names = [e.filename for e in entries]
    if any(e.flag_bits & 1 for e in entries):
        return "password"
    if "xl/workbook.xml" not in names or any(n.endswith("vbaProject.bin") for n in names):
        return "unsupported"
    size = sum(e.file_size for e in entries)
    packed = max(1, sum(e.compress_size for e in entries))
    odd = any(n.startswith("/") or ".." in Path(n).parts for n in names)
    if (
        len(entries) > ENTRIES
        or size > unpacked_mb * MB
        or (size > 10 * MB and size / packed > RATIO)
        or odd
    ):
        return "bomb"
    return ""


def workbook(
    path: Path, spec: Spec, answers: Mapping[str, Any], limits: Mapping[str, int]
) -> OpenedFile:
    """Choose the sheet that holds a table and read it. Raises FileRefused."""
    if why := what_is_wrong(path, limits["unpacked_mb"]):
        raise FileRefused(why)
    book = CalamineWorkbook.from_path(str(path))
    sheets = {m.name: book.get_sheet_by_name(m.name) for m in book.sheets_metadata if _is_shown(m)}
    tops = {name: _texts(sheet, headers.SEARCHED_ROWS + 1) for name, sheet in sheets.items()}
    tops = {name: rows for name, rows in tops.items() if rows}
    if not tops:
        raise FileRefused("empty")
    layouts = {name: headers.map_columns(rows, spec, answers) for name, rows in tops.items()}
    tables = [
        n for n, m in layouts.items() if not (m.refusal and m.refusal.code == "header_missing")
    ]
    chosen = answers.get("sheet")
    name = chosen if chosen in tops else (tables or list(tops))[0]
    _refuse_large(name, sheets[name], limits)
    rows = _texts(sheets[name])
    layout = headers.map_columns(rows, spec, answers)
    if len(tables) > 1 and name != chosen:
        lengths = [f"{n}: {_size(sheets[n])[0]}" for n in tables]
        question = questions.ask("sheet", [{"value": n, "label": n} for n in tables], lengths)
        layout = replace(layout, refusal=None, questions=[question])
    seen = {"encoding": None, "delimiter": None, "sheet": name, "header_row": layout.header_row + 1}
    return OpenedFile(seen, layout, _blocks(rows, layout, path.stat().st_size))


def _is_shown(meta: Any) -> bool:
    return "Visible" in str(meta.visible) and "WorkSheet" in str(meta.typ)


def _texts(sheet: Any, rows: int | None = None) -> list[list[str]]:
    found = sheet.to_python(skip_empty_area=False, nrows=rows)
    return [[text_of(cell) for cell in row] for row in found]


def _refuse_large(name: str, sheet: Any, limits: Mapping[str, int]) -> None:
    rows, columns = _size(sheet)
    where = f"{name}!{letter_of(max(columns - 1, 0))}{rows}"
    if rows in FULL_SHEETS:
        raise FileRefused("full_sheet", where=where)
    if rows > limits["workbook_rows"] or columns > limits["columns"]:
        raise FileRefused("too_large", where=where)


def _size(sheet: Any) -> tuple[int, int]:
    """Return how many rows and columns there are, counted from A1."""
    return (sheet.end[0] + 1, sheet.end[1] + 1) if sheet.end else (0, 0)


def _blocks(rows: list[list[str]], layout: Layout, size: int) -> Iterator[FileBlock]:
    start, width = layout.header_row + 1, len({c.position for c in layout.columns})
    for k in range(start, len(rows), ROWS):
        part = [(row + [""] * width)[:width] for row in rows[k : k + ROWS]]
        cells = {j: pa.array([row[j] for row in part], pa.string()) for j in range(width)}
        numbers = pa.array(np.arange(k + 1, k + 1 + len(part), dtype=np.int32))
        fine = pa.array(np.full(len(part), FINE, np.int8))
        yield FileBlock(cells, numbers, fine, size * (k + len(part)) // len(rows))


def text_of(cell: Any) -> str:
    """Return a cell as the text a person would have typed."""
    if isinstance(cell, str):
        return cell
    if isinstance(cell, bool):
        return "1" if cell else "0"
    if isinstance(cell, float):
        return str(int(cell)) if cell == int(cell) and abs(cell) < 1e15 else repr(cell)
    if isinstance(cell, dt.datetime):
        return cell.date().isoformat()
    return cell.isoformat() if isinstance(cell, dt.date) else str(cell)
