"""What a reader of a CSV has to know, as plain text beside it."""

import textwrap

from reports.formats import layout
from reports.formats.format import Document

WIDTH = 100  # letters of a line


def as_text(document: Document) -> bytes:
    """Return UTF-8 text: title, the name of the file, its address, then one paragraph a note."""
    texts = layout.notes(document.table, document.layout)
    wrapped = (textwrap.fill(" ".join(text.split()), WIDTH) for text in texts)
    head = f"{' '.join(document.title.split())}\n{document.file_name}\n{document.address}"
    return ("\n\n".join([head, *wrapped]) + "\n").encode()
