"""What the grid sends: rows as they were seen, and the texts that were typed in their cells."""

from typing import Any

from records.collection import strict_json


class PostedRows:
    """Changes of held rows as JSON: `[{"id": 12, "seen": "0a1b2c3d", "cells": {"sex": "F"}}]`.

    seen  id -> what the row held when it was looked at; changes  id -> variable -> text.
    Raises `ValueError` where it is anything else, or more rows than `most`.
    """

    def __init__(self, text: str, *, most: int) -> None:
        rows = strict_json.read(text)
        if not isinstance(rows, list) or len(rows) > most:
            raise ValueError("no list of rows, or too long")
        self.seen: dict[int, str] = {}
        self.changes: dict[int, dict[str, str]] = {}
        for row in rows:
            self._add(row)

    def _add(self, row: Any) -> None:
        match row:
            case {"id": int(pk), "seen": str(seen), "cells": dict(cells)} if 0 < pk < 1 << 63:
                texts = [*cells, *cells.values()]
            case _:
                raise ValueError("no row")
        if not all(isinstance(text, str) for text in texts):
            raise ValueError("no texts")
        self.seen[pk], self.changes[pk] = seen, cells
