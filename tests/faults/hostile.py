"""Files that mean harm, or were damaged on the way, each made in a few lines."""

import gzip
import io
import struct
import zipfile

from tests.records.files import plain, table, xlsx
from tests.records.workbooks import Repeated, ods, ole, packed, xls, xlsb

MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"


def remade(book, **parts):
    """A workbook with some of its parts replaced; a part may be text or a function of the old one."""
    out = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(book)) as old,
        zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as new,
    ):
        for name in old.namelist():
            part = parts.pop(name, None)
            new.writestr(name, part(old.read(name)) if callable(part) else part or old.read(name))
        for name, part in parts.items():
            new.writestr(name, part)
    return out.getvalue()


def sheet(content, top="", tail=""):
    return f'{top}<worksheet xmlns="{MAIN}"><sheetData>{content}</sheetData>{tail}</worksheet>'


def cell(address, value=1):
    row = "".join(c for c in address if c.isdigit())
    return f'<row r="{row}"><c r="{address}"><v>{value}</v></c></row>'


def with_sheet(content):
    return remade(xlsx(A=table(2)), **{"xl/worksheets/sheet1.xml": content})


def archive(*names, **parts):
    """A zip archive with parts of these names."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as new:
        for name, part in {**dict.fromkeys(names, "x"), **parts}.items():
            new.writestr(name, part)
    return out.getvalue()


LAUGHS = '<?xml version="1.0"?><!DOCTYPE w [<!ENTITY a "ha">' + "".join(
    f'<!ENTITY {new} "{f"&{old};" * 10}">' for old, new in zip("abcdefgh", "bcdefghi")
)


def many_rows():
    return ods({"A": [[str(7919 * k % 1_000_003), str(k), "3"] for k in range(200_001)]})


def bomb_of_zeros():
    return remade(xlsx(A=table(2)), **{"xl/media/zeros.bin": b"\0" * (300 << 20)})


def external():
    link = '<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"/>'
    return remade(xlsx(A=table(2)), **{"xl/externalLinks/_rels/x.rels": link})


def circle():
    """An old workbook whose chain of sectors never ends."""
    content = bytearray(xls({"A": table(50)}))
    start = 512 * (1 + struct.unpack_from("<I", content, 76)[0])
    content[start : start + 4] = struct.pack("<I", 0)
    return bytes(content)


def repeated(rows, columns):
    """A cell of an open document that says that it stands for many."""
    return [Repeated("x", rows, columns)]


def damaged(content):
    middle = len(content) // 2
    return content[:middle] + bytes(40) + content[middle + 40 :]


def link():
    """An archive whose one entry is a link to a file of the machine."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as new:
        entry = zipfile.ZipInfo("a.csv")
        entry.create_system, entry.external_attr = 3, 0o120777 << 16
        new.writestr(entry, "/etc/passwd")
    return out.getvalue()


def locked():
    """An archive whose one entry is said to be encrypted, in its head and in the list."""
    content = bytearray(archive(**{"a.csv": TABLE}))
    content[6] |= 1
    content[content.index(b"PK\x01\x02") + 8] |= 1
    return bytes(content)


# In two pieces, so that this file is none of those it speaks of.
EICAR = rb"X5O!P%@AP[4\PZX54(P^)7CC)7}$EICAR-" + b"STANDARD-ANTIVIRUS-TEST-FILE!$H+H*"
TABLE = plain(table(50))
HOSTILE = {
    # name: (content, code of the refusal, words that say what is wrong or where)
    "empty": (b"", "empty", "empty"),
    "only spaces": (b" \n\t\n", "empty", "empty"),
    "only a byte order mark": (b"\xef\xbb\xbf", "empty", "empty"),
    "headers only": (plain(table(0)), "header_only", "line 1"),
    "headers and a total only": (plain([*table(0), ["Jemi", "0"]]), "header_only", "line 1"),
    "prose": (b"Dear colleague,\nplease find attached.\n", "header_missing", "lines 1–2"),
    "a cut last line": (TABLE[:-30], "truncated", "A51"),
    "an open quote at the end": (TABLE + b'R-51,"05.03.2026,F\n', "quote", "A52"),
    "an open quote early in a large file": (
        plain(table(20_000)).replace(b"\nR-9,", b'\n"R-9,', 1),
        "quote",
        "A10",
    ),
    "a cut workbook": (xlsx(A=table(50))[:-200], "truncated", "cut off"),
    "a program": (b"\x7fELF\x02\x01\x01\x00" * 100, "binary", "no table"),
    "a picture": (b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR" * 9, "picture", "picture"),
    "a photo": (b"\xff\xd8\xff\xe0\x00\x10JFIF\x00" + bytes(99), "picture", "picture"),
    "a photo of a telephone": (
        b"\x00\x00\x00\x18ftypheic\x00\x00\x00\x00mif1" + bytes(99),
        "picture",
        "picture",
    ),
    "a PDF": (b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n1 0 obj\n", "pdf", "PDF"),
    "a text document": (archive("word/document.xml"), "document", "text document"),
    "an old text document": (ole({"WordDocument": b"x"}), "document", "text document"),
    "an old file of another program": (ole({"Contents": b"x"}), "unsupported", "not read"),
    "a cut old workbook": (xls({"A": table(50)})[:-3000], "truncated", "cut"),
    "an old workbook whose sectors lead in a circle": (circle, "truncated", "cut"),
    "an old workbook that is cut in its directory": (
        xls({"A": table(5)})[:700],
        "truncated",
        "cut",
    ),
    "an old workbook with a password": (
        xls({"A": table(5)}, password=True),
        "password",
        "password",
    ),
    "an old workbook that ends at the limit of its format": (
        lambda: xls({"A": [*table(2), *[[]] * 65_532, ["x"]]}),
        "full_sheet",
        "#1!L65536",
    ),
    "a workbook in binary without parts": (archive("xl/workbook.bin"), "unreadable", "damaged"),
    "a workbook in binary, cut": (xlsb({"A": table(50)})[:-200], "truncated", "cut off"),
    "an open document without content": (
        archive(mimetype="application/vnd.oasis.opendocument.spreadsheet"),
        "document",
        "text document",
    ),
    "an open document with a password": (
        ods({"A": table(2)}, parts={"META-INF/manifest.xml": "<x><manifest:encryption-data/></x>"}),
        "password",
        "password",
    ),
    "an open document with a billion laughs": (
        lambda: ods({"A": [*table(2), ["&i;"]]}, top=LAUGHS + "]>").replace(b"&amp;i;", b"&i;"),
        "unreadable",
        "damaged",
    ),
    "an open document whose one row is a million": (
        lambda: ods({"A": [*table(2), repeated(1_000_000, 16_000)]}),
        "unreadable",
        "damaged",
    ),
    "an archive of tables": (archive("permits.csv", "crossings.csv"), "several_files", "(2)"),
    "an archive of nothing": (archive("__MACOSX/._permits.csv"), "empty", "empty"),
    "an archive in an archive": (
        archive(**{"tables.zip": archive("permits.csv")}),
        "archive_in_archive",
        "twice",
    ),
    "a gz of a gz": (gzip.compress(gzip.compress(TABLE)), "archive_in_archive", "twice"),
    "a gz of an archive": (
        gzip.compress(archive("permits.csv")),
        "archive_in_archive",
        "twice",
    ),
    "a gz in an archive": (
        archive(**{"a.csv.gz": gzip.compress(TABLE)}),
        "archive_in_archive",
        "twice",
    ),
    "a cut gz": (gzip.compress(TABLE)[:-30], "truncated", "cut off"),
    "a gz that is damaged": (damaged(gzip.compress(TABLE)), "truncated", "cut off"),
    "a gz of nothing": (gzip.compress(b""), "empty", "empty"),
    "a gz of zeros": (lambda: gzip.compress(bytes(300 << 20)), "bomb", "memory"),
    "an archive with one file of zeros": (
        lambda: packed({"a.csv": bytes(300 << 20)}),
        "bomb",
        "memory",
    ),
    "an archive with a file that leads outside": (
        archive(**{"../../a.csv": TABLE}),
        "bomb",
        "structure",
    ),
    "an archive with a link": (link, "unsupported", "not read"),
    "an archive with a picture": (
        archive(**{"a.png": b"\x89PNG\r\n\x1a\n"}),
        "picture",
        "picture",
    ),
    "an archive with a text document": (
        archive(**{"a.docx": archive("word/document.xml")}),
        "document",
        "text document",
    ),
    "an archive with a workbook that is a bomb": (
        lambda: archive(**{"a.xlsx": bomb_of_zeros()}),
        "bomb",
        "memory",
    ),
    "a test file of malware checkers": (EICAR, "malware", "malware"),
    "a test file of malware checkers, packed": (
        lambda: packed({"a.csv": EICAR}),
        "malware",
        "malware",
    ),
    "an archive with a password": (locked, "password", "password"),
    "an archive packed in another way": (b"7z\xbc\xaf\x27\x1c" + bytes(99), "archive", "ZIP"),
    "random bytes": (bytes(range(256)) * 50, "binary", "no table"),
    "a zero byte far below": (
        plain(table(20_000)) + b"R,05.03.2026\x00,F,,,,,,,,,\n",
        "nul",
        "byte",
    ),
    "letters of another encoding far below": (
        plain(table(20_000, citizenship="Türkiýe")) + "R,05.03.2026,ж,,,,,,,,,\n".encode("cp1251"),
        "encoding",
        "A1",
    ),
    "letters of no encoding": (
        b"record_ref,sex\n1," + bytes(range(128, 256)) + b"\n",
        "encoding",
        "UTF-8",
    ),
    "headers whose letters are gone": (
        plain([["Ýazgy belgisi", "Ra?atlygy", "Jyn\ufffdy"], ["1", "TUR", "F"]]),
        "lost_letters",
        "B1",
    ),
    "a web page": (b"<!DOCTYPE html><html><table>", "unsupported", "XLSX"),
    # F7: a browser would show it as a page, a spreadsheet program as a table.
    "a web page that is a workbook too": (
        b"<html><script>alert(1)</script>" + xlsx(A=table(2)),
        "binary",
        "XLSX",
    ),
    "a web page named xls": (b"\xef\xbb\xbf\n<HTML><table><tr>", "unsupported", "XLSX"),
    "an old file without anything": (OLE + bytes(4096), "unreadable", "damaged"),
    "a workbook with a password": (ole({"EncryptedPackage": b"x"}), "password", "password"),
    "another archive": (remade(xlsx(A=[]))[:0] + b"PK\x03\x04" + bytes(50), "truncated", "cut"),
    "a workbook without cells": (xlsx(A=[]), "empty", "empty"),
    "too many columns": (plain([[f"c{k}" for k in range(400)]] * 3), "too_large", "CSV"),
    "a cell of ten megabytes": (
        plain(table(2, citizenship="x" * 10_000_000)),
        "huge_cell",
        "one cell",
    ),
    "cells A1 and XFD1048576": (
        with_sheet(sheet(cell("A1") + cell("XFD1048576"))),
        "too_large",
        "#1!XFD1048576",
    ),
    "all cells merged": (
        with_sheet(
            sheet(cell("A1"), tail='<mergeCells><mergeCell ref="A1:XFD1048576"/></mergeCells>')
        ),
        "header_missing",
        "header",
    ),
    "a zip of zeros": (bomb_of_zeros, "bomb", "memory"),
    "too many rows for a workbook that is held whole": (many_rows, "too_large", "#1!C200001"),
    "a sheet that ends at the limit of its format": (
        with_sheet(sheet(cell("A1") + cell("A65536"))),
        "full_sheet",
        "#1!A65536",
    ),
    "a billion laughs": (
        with_sheet(sheet('<row r="1"><c r="A1" t="str"><v>&i;</v></c></row>', LAUGHS + "]>")),
        "unreadable",
        "damaged",
    ),
    "an entity that is a file": (
        with_sheet(
            sheet(
                '<row r="1"><c r="A1" t="str"><v>&x;</v></c></row>',
                '<?xml version="1.0"?><!DOCTYPE w [<!ENTITY x SYSTEM "file:///etc/passwd">]>',
            )
        ),
        "unreadable",
        "damaged",
    ),
    "a sheet that is no XML": (with_sheet("<worksheet"), None, ""),
    "five hundred entries": (
        remade(xlsx(A=table(2)), **{f"xl/x{k}": "x" for k in range(500)}),
        "bomb",
        "structure",
    ),
    "a path that leads outside": (
        remade(xlsx(A=table(2)), **{"../../evil": "x"}),
        "bomb",
        "structure",
    ),
}
