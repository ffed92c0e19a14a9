"""Which kind of file the first bytes show: what is no table is refused with words of its own."""

import zipfile
from collections.abc import Sequence
from pathlib import Path

OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
ARCHIVE = b"PK\x03\x04"
GZIP = b"\x1f\x8b"
MB = 2**20
STARTS = (
    (rb"X5O!P%@AP[4\PZX54(P^)7CC)7}$EICAR-", "malware"),
    (b"%PDF", "pdf"),
    (b"\xff\xd8\xff", "picture"),
    (b"\x89PNG\r\n", "picture"),
    (b"GIF8", "picture"),
    (b"II*\x00", "picture"),
    (b"MM\x00*", "picture"),
    (b"{\\rtf", "document"),
    (b"Rar!", "archive"),
    (b"7z\xbc\xaf\x27\x1c", "archive"),
)
PHOTOS = (b"heic", b"heix", b"mif1", b"msf1", b"hevc", b"avif")  # after “ftyp”
PARTS = (  # a part of a zip archive -> what the archive is
    ("xl/workbook.xml", "xlsx"),
    ("xl/workbook.bin", "xlsb"),
    ("word/document.xml", "document"),
    ("ppt/presentation.xml", "document"),
)
WORKBOOKS = ("xls", "xlsx", "xlsb", "ods")
ENTRIES = 400
RATIO = 200


def kind_of_start(start: bytes) -> str:
    """Return the code of the refusal that the first bytes of a file call for, or ""."""
    if start[4:8] == b"ftyp" and start[8:12] in PHOTOS:
        return "picture"
    if start.startswith(b"RIFF") and start[8:12] == b"WEBP":
        return "picture"
    beginning = start.lstrip(b"\xef\xbb\xbf \t\r\n")
    return next((code for mark, code in STARTS if beginning.startswith(mark)), "")


def kind_of_archive(archive: zipfile.ZipFile) -> str:
    """Return which workbook a zip archive is (xlsx, also where it has macros; xlsb, ods), or the code of a refusal."""
    names = archive.namelist()
    if "mimetype" in names and archive.getinfo("mimetype").file_size < 200:
        mime = archive.read("mimetype")
        if b"opendocument" in mime:
            if b"spreadsheet" not in mime or "content.xml" not in names:
                return "document"
            return "password" if _is_encrypted(archive) else "ods"
    return next((kind for part, kind in PARTS if part in names), "archive")


def _is_encrypted(archive: zipfile.ZipFile) -> bool:
    """Say whether the list of contents of an open document tells of encrypted ones."""
    name = "META-INF/manifest.xml"
    if name not in archive.namelist():
        return False
    with archive.open(name) as manifest:
        return b"encryption-data" in manifest.read(MB)


def is_archive_of_files(archive: zipfile.ZipFile) -> bool:
    """Say whether a zip archive is neither a workbook nor a document, but holds files."""
    return kind_of_archive(archive) == "archive"


def refusal_of_entries(entries: Sequence[zipfile.ZipInfo], unpacked_mb: int) -> str:
    """Return the code of the refusal that the list of an archive calls for before anything is unpacked, or ""."""
    if any(e.flag_bits & 1 for e in entries):
        return "password"
    names = [e.filename for e in entries]
    size = sum(e.file_size for e in entries)
    packed = max(1, sum(e.compress_size for e in entries))
    odd = any(n.startswith("/") or ".." in Path(n).parts for n in names)
    large = len(entries) > ENTRIES or size > unpacked_mb * MB
    return "bomb" if large or odd or (size > 10 * MB and size / packed > RATIO) else ""
