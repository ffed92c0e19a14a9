"""Workbooks that no library here writes: XLS (BIFF8), XLSB and ODS, each from rows of plain values.

A value is a text, a number, a bool, a `date`, None for an empty cell, `Error` for an error value, or
`Formula` with its stored result (None: without one).
"""

import datetime as dt
import io
import struct
import zipfile
from dataclasses import dataclass
from typing import Any
from xml.sax.saxutils import escape, quoteattr

ERRORS = {
    "#NULL!": 0,
    "#DIV/0!": 7,
    "#VALUE!": 15,
    "#REF!": 23,
    "#NAME?": 29,
    "#NUM!": 36,
    "#N/A": 42,
}
EPOCH = dt.date(1899, 12, 30)
DATE = 1  # the number of the cell format that shows a date


@dataclass(frozen=True)
class Error:
    text: str


@dataclass(frozen=True)
class Formula:
    result: Any


@dataclass(frozen=True)
class Repeated:
    """A text in a row of an open document that stands for so many rows and columns."""

    text: str
    rows: int
    columns: int


def cells(rows):
    """Each cell that holds something, as (row, column, value)."""
    return (
        (r, c, value)
        for r, row in enumerate(rows)
        for c, value in enumerate(row)
        if value is not None
    )


def packed(parts):
    """A zip archive of these parts, by their names in it."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, part in parts.items():
            archive.writestr(name, part)
    return out.getvalue()


# ODS: OpenDocument, part 3


def ods(sheets, *, merged=(), hidden=(), parts=None, top=""):
    """An open document. sheets: name -> rows; merged: (row, column, rows, columns) of every sheet."""
    spans = {(r, c): (rows, columns) for r, c, rows, columns in merged}
    tables = "".join(_ods_table(name, rows, spans, name in hidden) for name, rows in sheets.items())
    names = {
        "office": "office",
        "table": "table",
        "text": "text",
        "style": "style",
    }
    spaces = " ".join(
        f'xmlns:{k}="urn:oasis:names:tc:opendocument:xmlns:{v}:1.0"' for k, v in names.items()
    )
    content = (
        f'<?xml version="1.0" encoding="UTF-8"?>{top}<office:document-content {spaces} '
        'xmlns:calcext="urn:org:documentfoundation:names:experimental:calc:xmlns:calcext:1.0">'
        '<office:automatic-styles><style:style style:name="shown" style:family="table">'
        '<style:table-properties table:display="true"/></style:style>'
        '<style:style style:name="hidden" style:family="table">'
        '<style:table-properties table:display="false"/></style:style></office:automatic-styles>'
        f"<office:body><office:spreadsheet>{tables}</office:spreadsheet></office:body>"
        "</office:document-content>"
    )
    mime = "application/vnd.oasis.opendocument.spreadsheet"
    manifest = (
        '<manifest:manifest xmlns:manifest="urn:oasis:names:tc:opendocument:xmlns:manifest:1.0"/>'
    )
    return packed(
        {
            "mimetype": mime,
            "META-INF/manifest.xml": manifest,
            "content.xml": content,
            **(parts or {}),
        }
    )


def _ods_table(name, rows, spans, hidden):
    style = "hidden" if hidden else "shown"
    body = "".join(
        f"<table:table-row{_ods_rows(row)}>"
        + "".join(_ods_cell(value, spans.get((r, c))) for c, value in enumerate(row))
        + '<table:table-cell table:number-columns-repeated="1000"/></table:table-row>'
        for r, row in enumerate(rows)
    )
    return (
        f'<table:table table:name={quoteattr(name)} table:style-name="{style}">{body}'
        '<table:table-row table:number-rows-repeated="1000000">'
        '<table:table-cell table:number-columns-repeated="1024"/></table:table-row></table:table>'
    )


def _ods_rows(row):
    count = next((value.rows for value in row if isinstance(value, Repeated)), 1)
    return f' table:number-rows-repeated="{count}"' if count > 1 else ""


def _ods_cell(value, span):
    attributes, shown = _ods_value(value)
    if span:
        attributes += (
            f' table:number-rows-spanned="{span[0]}" table:number-columns-spanned="{span[1]}"'
        )
    return f"<table:table-cell{attributes}>{shown}</table:table-cell>"


def _ods_value(value):
    shown = f"<text:p>{escape(str(value))}</text:p>"
    match value:
        case None:
            return "", ""
        case Repeated(text, _rows, columns):
            many = f' table:number-columns-repeated="{columns}" office:value-type="string"'
            return many, f"<text:p>{text}</text:p>"
        case Error(text):
            kind = 'office:value-type="string" office:string-value="" calcext:value-type="error"'
            return f" {kind}", f"<text:p>{text}</text:p>"
        case Formula(None):
            return ' table:formula="of:=A1"', ""
        case Formula(result):
            attributes, shown = _ods_value(result)
            return ' table:formula="of:=A1"' + attributes, shown
        case bool():
            return (
                f' office:value-type="boolean" office:boolean-value="{str(value).lower()}"',
                shown,
            )
        case int() | float():
            return f' office:value-type="float" office:value="{value}"', shown
        case dt.date():
            return f' office:value-type="date" office:date-value="{value.isoformat()}"', shown
    return ' office:value-type="string"', shown


# XLSB: [MS-XLSB]


def xlsb(sheets, *, merged=(), hidden=()):
    """A binary workbook. merged: (first row, last row, first column, last column) of every sheet."""
    parts, relations, bundle = {}, "", b""
    for k, (name, rows) in enumerate(sheets.items(), start=1):
        state = struct.pack("<II", int(name in hidden), k)
        bundle += _part(156, state + _wide(f"rId{k}") + _wide(name))
        kind = "http://schemas.openxmlformats.org/officeDocument/2006/relationships/worksheet"
        relations += f'<Relationship Id="rId{k}" Type="{kind}" Target="worksheets/sheet{k}.bin"/>'
        parts[f"xl/worksheets/sheet{k}.bin"] = _xlsb_sheet(rows, merged)
    formats = b"".join(
        _part(47, struct.pack("<HHHHHBBH", 0, number, 0, 0, 0, 0, 0, 0) + bytes(2))
        for number in (0, 14)
    )
    styles = _part(278) + _part(617, struct.pack("<I", 2)) + formats + _part(618) + _part(279)
    book = _part(131) + _part(143) + bundle + _part(144) + _part(132)
    space = "http://schemas.openxmlformats.org/package/2006/relationships"
    return packed(
        {
            "[Content_Types].xml": "<Types/>",
            "xl/workbook.bin": book,
            "xl/_rels/workbook.bin.rels": f'<Relationships xmlns="{space}">{relations}</Relationships>',
            "xl/styles.bin": styles,
            **parts,
        }
    )


def _xlsb_sheet(rows, merged):
    out = [_part(129), _part(148, struct.pack("<4I", 0, max(len(rows) - 1, 0), 0, 16)), _part(145)]
    for r, row in enumerate(rows):
        out.append(_part(0, struct.pack("<I", r) + bytes(13)))
        out += [
            _xlsb_cell(c, value)
            for c, value in enumerate(row)
            if value is not None  # the row is stated by its header
        ]
    out.append(_part(146))
    out += [_part(176, struct.pack("<4I", *place)) for place in merged]
    return b"".join(out) + _part(130)


def _xlsb_cell(column, value):
    formula = isinstance(value, Formula)
    value = value.result if formula else value
    date = isinstance(value, dt.date)
    head = struct.pack("<II", column, DATE if date else 0)
    tail = struct.pack("<HII", 0, 0, 0) if formula else b""
    match value:
        case Error(text):
            return _part(11 if formula else 3, head + bytes([ERRORS[text]]) + tail)
        case bool():
            return _part(10 if formula else 4, head + bytes([value]) + tail)
        case str() | None:
            return _part(8 if formula else 6, head + _wide(value or "") + tail)
    number = (value - EPOCH).days if date else value
    return _part(9 if formula else 5, head + struct.pack("<d", number) + tail)


def _part(number, content=b""):
    """A record: its number in one or two bytes, its size in up to four, seven bits a byte."""
    head = bytes([number]) if number < 128 else bytes([number & 127 | 128, number >> 7])
    size, rest = b"", len(content)
    while True:
        size += bytes([rest & 127 | (128 if rest > 127 else 0)])
        rest >>= 7
        if not rest:
            return head + size + content


def _wide(text):
    return struct.pack("<I", len(text)) + text.encode("utf-16-le")


# XLS: [MS-XLS] in [MS-CFB]


def xls(sheets, *, merged=(), hidden=(), password=False):
    """A workbook of the old Excel. merged: (first row, last row, first column, last column)."""
    formats = b"".join(
        _record(0xE0, struct.pack("<HH", 0, number) + bytes(16)) for number in (0, 14)
    )
    lock = _record(0x2F, struct.pack("<HHH", 0, 1, 2)) if password else b""
    start = _record(0x809, struct.pack("<HHHHII", 0x600, 5, 0, 0, 0, 0)) + lock
    start += _record(0x42, struct.pack("<H", 1200)) + formats
    names = [
        (int(name in hidden), bytes([0, len(name), 1]) + name.encode("utf-16-le"))
        for name in sheets
    ]
    place = len(start) + sum(4 + 5 + len(name) for _state, name in names) + 4
    listed, bodies = b"", b""
    for (state, name), rows in zip(names, sheets.values(), strict=True):
        listed += _record(0x85, struct.pack("<IB", place + len(bodies), state) + name)
        bodies += _xls_sheet(rows, merged)
    return ole({"Workbook": start + listed + _record(0x0A) + bodies})


def _xls_sheet(rows, merged):
    width = max((len(row) for row in rows), default=0)
    out = [_record(0x809, struct.pack("<HHHHII", 0x600, 16, 0, 0, 0, 0))]
    out.append(_record(0x200, struct.pack("<IIHHH", 0, len(rows), 0, width, 0)))
    out += [_xls_cell(*place) for place in cells(rows)]
    if merged:
        ranges = b"".join(struct.pack("<4H", *place) for place in merged)
        out.append(_record(0xE5, struct.pack("<H", len(merged)) + ranges))
    return b"".join([*out, _record(0x0A)])


def _xls_cell(row, column, value):
    formula = isinstance(value, Formula)
    value = value.result if formula else value
    date = isinstance(value, dt.date)
    head = struct.pack("<HHH", row, column, DATE if date else 0)
    number = float((value - EPOCH).days) if date else value
    if formula:
        return _xls_formula(head, number)
    match value:
        case Error(text):
            return _record(0x205, head + bytes([ERRORS[text], 1]))
        case bool():
            return _record(0x205, head + bytes([value, 0]))
        case str():
            text = value.encode("utf-16-le")
            return _record(0x204, head + struct.pack("<HB", len(value), 1) + text)
    return _record(0x203, head + struct.pack("<d", number))


def _xls_formula(head, value):
    tail, text = struct.pack("<HIH", 0, 0, 3) + b"\x1e\x01\x00", b""
    match value:
        case Error(name):
            result = bytes([2, 0, ERRORS[name], 0, 0, 0, 255, 255])
        case str():
            result = bytes([0, 0, 0, 0, 0, 0, 255, 255])
            text = _record(0x207, struct.pack("<HB", len(value), 1) + value.encode("utf-16-le"))
        case None:
            result = bytes([3, 0, 0, 0, 0, 0, 255, 255])
        case _:
            result = struct.pack("<d", value)
    return _record(0x06, head + result + tail) + text


def _record(number, content=b""):
    return struct.pack("<HH", number, len(content)) + content


def ole(streams):
    """A file of the old Office with these streams, each at least 4,096 bytes long."""
    end, free, fat_mark, list_mark = 0xFFFFFFFE, 0xFFFFFFFF, 0xFFFFFFFD, 0xFFFFFFFC
    sectors, fat, entries = [], [], []

    def put(content):
        start, pieces = len(sectors), [content[k : k + 512] for k in range(0, len(content), 512)]
        for piece in pieces:
            sectors.append(piece.ljust(512, b"\0"))
            fat.append(len(sectors))
        fat[-1] = end
        return start

    for name, content in streams.items():
        content = content.ljust(4096, b"\0")
        entries.append((name, 2, put(content), len(content)))
    links = [(1 if entries else free), *[free] * len(entries)]
    directory = b""
    for (name, kind, start, size), child in zip(
        [("Root Entry", 5, end, 0), *entries], links, strict=True
    ):
        text = name.encode("utf-16-le").ljust(64, b"\0")
        right = free if kind == 5 or (name == entries[-1][0]) else len(directory) // 128 + 1
        directory += text + struct.pack("<HBBIII", 2 * len(name) + 2, kind, 1, free, right, child)
        directory += bytes(36) + struct.pack("<IQ", start, size)
    directory_start = put(directory.ljust(512, b"\0"))
    count, more = (
        1,
        0,
    )  # sectors of the table, and of the list of these sectors beyond the first 109
    while len(fat) + count + more > 128 * count or count > 109 + 127 * more:
        count, more = (count + 1, more) if count <= 109 + 127 * more else (count, more + 1)
    places = list(range(len(sectors), len(sectors) + count))
    listed = list(range(len(sectors) + count, len(sectors) + count + more))
    fat += [fat_mark] * count + [list_mark] * more
    fat += [free] * (128 * count - len(fat))
    header = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(16)
    header += struct.pack("<HHHHH6xII", 62, 3, 0xFFFE, 9, 6, 0, count)
    header += struct.pack("<IIIII", directory_start, 0, 4096, end, 0)
    header += struct.pack("<II", listed[0] if listed else end, more)
    places += [free] * (109 + 127 * more - len(places))
    header += struct.pack("<109I", *places[:109])
    lists = b"".join(
        struct.pack("<128I", *places[109 + 127 * k : 236 + 127 * k], following)
        for k, following in enumerate([*listed[1:], end][:more])
    )
    return header + b"".join(sectors) + struct.pack(f"<{len(fat)}I", *fat) + lists
