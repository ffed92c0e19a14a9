"""What a format is: how its files are called, and the function that writes them."""

from collections.abc import Callable
from dataclasses import dataclass

from reports.published.figures import Table

Write = Callable[[Table, str, str], bytes]  # a table, the language of its labels, its title


@dataclass(frozen=True)
class Format:
    """A format in which any table can be taken away. `label` is the text of its links.

    most: values (rows times columns) of a table that is written for whoever asks.
    """

    suffix: str
    media_type: str
    label: str
    write: Write
    most: int = 5_000_000
