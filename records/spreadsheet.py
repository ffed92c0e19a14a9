"""Reading an XLSX workbook inside the limited child: first its wrapping, then its cells as texts."""

import datetime as dt
import zipfile
from pathlib import Path
from typing import Any

from python_calamine import CalamineWorkbook

from records.mapping import Refusal
from records.refusals import refusal

OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
ENTRIES = 400
RATIO = 200
FULL_SHEETS = frozenset({65_536, 1_048_576})  # a sheet of exactly this length was cut off
MB = 2**20


def wrapped(path: Path) -> bool:
    """Say whether the file is a zip archive or an old Office file, so no text."""
    with path.open("rb") as file:
        return file.read(8).startswith((b"PK\x03\x04", OLE))


def what_is_wrong(path: Path, unpacked_mb: int) -> Refusal | None:
    """Look at the wrapping before anything is unpacked."""
    start = path.read_bytes()[: 64 * 1024]
    if start.startswith(OLE):
        locked = "EncryptedPackage".encode("utf-16-le") in path.read_bytes()[: 8 * MB]
        return refusal("password" if locked else "unsupported")
    try:
        with zipfile.ZipFile(path) as archive:
            entries = archive.infolist()
    except (zipfile.BadZipFile, OSError, ValueError):
        return refusal("truncated")
    names = [e.filename for e in entries]
    if any(e.flag_bits & 1 for e in entries):
        return refusal("password")
    if "xl/workbook.xml" not in names or any(n.endswith("vbaProject.bin") for n in names):
        return refusal("unsupported")
    size = sum(e.file_size for e in entries)
    packed = max(1, sum(e.compress_size for e in entries))
    odd = any(n.startswith("/") or ".." in Path(n).parts for n in names)
    if (
        len(entries) > ENTRIES
        or size > unpacked_mb * MB
        or (size > 10 * MB and size / packed > RATIO)
        or odd
    ):
        return refusal("bomb")
    return None


def sheets(path: Path) -> dict[str, list[list[str]]]:
    """Return the visible sheets that have rows, every cell as text (dates as year-month-day)."""
    book = CalamineWorkbook.from_path(str(path))
    found = {}
    for meta in book.sheets_metadata:
        if "Visible" not in str(meta.visible) or "WorkSheet" not in str(meta.typ):
            continue
        rows = book.get_sheet_by_name(meta.name).to_python(skip_empty_area=False)
        if rows:
            found[meta.name] = [[text_of(cell) for cell in row] for row in rows]
    return found


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
