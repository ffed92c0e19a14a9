"""What a format is: how its files are called, what a reader may choose of it, and the function that writes it."""

from collections.abc import Callable
from dataclasses import dataclass

from reports.formats.layout import USUAL, Layout
from reports.published.figures import Table


@dataclass(frozen=True)
class Document:
    """A table with all that its file says. The language is also the active one while the file is written.

    file_name: of the file; of what describes a CSV, that of the CSV, whose address is `address` (absolute).
    """

    table: Table
    language: str
    title: str
    layout: Layout = USUAL
    file_name: str = ""
    address: str = ""


Write = Callable[[Document], bytes]


@dataclass(frozen=True)
class Format:
    """A format in which any table can be taken away. `label` is the text of its links.

    most: values (rows times columns) of a table that is written for whoever asks. parameters: of a layout, those
    that it reads. has_rows: whether its rows can be counted. describes: suffix of the format that it describes.
    """

    suffix: str
    media_type: str
    label: str
    write: Write
    most: int = 5_000_000
    parameters: tuple[str, ...] = ()
    has_rows: bool = True
    describes: str = ""
