"""The language of a workbook, by which a screen reader chooses its voice.

It is `dc:language` of the core properties (ECMA-376, part 2, 11.1), which the writer of workbooks does not know.
"""

import copy
import io
import shutil
import zipfile

CORE = "docProps/core.xml"
END = b"</cp:coreProperties>"


def with_language(workbook: bytes, language: str) -> bytes:
    """Return the workbook with its language set; every other part stays, byte by byte, with its date."""
    out = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(workbook)) as read,
        zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as write,
    ):
        for part in read.infolist():
            if part.filename == CORE:
                said = f"<dc:language>{language}</dc:language>".encode() + END
                write.writestr(copy.copy(part), read.read(part).replace(END, said))
                continue
            with read.open(part) as source, write.open(copy.copy(part), "w") as target:
                shutil.copyfileobj(source, target)
    return out.getvalue()
