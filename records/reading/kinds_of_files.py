"""Which kind of file the first bytes show: what is no table is refused with words of its own."""

import zipfile

from records.reading.layout import Source

OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
ARCHIVE = b"PK\x03\x04"
MB = 2**20
STARTS = (
    (b"%PDF", "pdf"),
    (b"\xff\xd8\xff", "picture"),
    (b"\x89PNG\r\n", "picture"),
    (b"GIF8", "picture"),
    (b"II*\x00", "picture"),
    (b"MM\x00*", "picture"),
    (b"{\\rtf", "document"),
    (b"Rar!", "archive"),
    (b"7z\xbc\xaf\x27\x1c", "archive"),
    (b"\x1f\x8b", "archive"),
)
PHOTOS = (b"heic", b"heix", b"mif1", b"msf1", b"hevc", b"avif")  # after “ftyp”
PARTS = (  # a part of a zip archive -> what the archive is
    ("word/document.xml", "document"),
    ("ppt/presentation.xml", "document"),
    ("xl/workbook.bin", "binary_workbook"),
)


def kind_of_start(start: bytes) -> str:
    """Return the code of the refusal that the first bytes of a file call for, or ""."""
    if start[4:8] == b"ftyp" and start[8:12] in PHOTOS:
        return "picture"
    if start.startswith(b"RIFF") and start[8:12] == b"WEBP":
        return "picture"
    beginning = start.lstrip(b"\xef\xbb\xbf \t\r\n")
    return next((code for mark, code in STARTS if beginning.startswith(mark)), "")


def kind_of_old_office(source: Source) -> str:
    """Return the code of the refusal for a file of the old Office: its streams are named in UTF-16."""
    with source.open("rb") as file:
        content = file.read(8 * MB)

    def holds(name: str) -> bool:
        return name.encode("utf-16-le") in content

    if holds("EncryptedPackage"):
        return "password"
    if holds("WordDocument"):
        return "document"
    return "old_workbook" if holds("Workbook") or holds("Book") else "unsupported"


def kind_of_archive(archive: zipfile.ZipFile) -> str:
    """Return the code of the refusal for a zip archive that is no workbook, or ""."""
    names = archive.namelist()
    if "xl/workbook.xml" in names:
        return ""
    if "mimetype" in names and archive.getinfo("mimetype").file_size < 200:
        mime = archive.read("mimetype")
        if b"opendocument" in mime:
            return "open_document" if b"spreadsheet" in mime else "document"
    return next((code for part, code in PARTS if part in names), "archive")
