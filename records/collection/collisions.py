"""Findings of rows that come too late or whose number is already there; their texts are YAML."""

import json
from dataclasses import dataclass
from typing import Any

from standards import codelists


@dataclass(frozen=True)
class Collision:
    """A finding that only the database can make: `text` is its key in `messages.yaml`."""

    rule: str
    variable: str
    text: str

    def as_dict(self) -> dict[str, Any]:
        """Return the finding as a held row keeps it."""
        message = dict(codelists.standard("messages")[self.text])
        head = {"rule": self.rule, "severity": message.pop("severity"), "variable": self.variable}
        return {**head, "message": message}

    def as_json(self) -> str:
        """Return the list of findings of a row that has this one only."""
        return json.dumps([self.as_dict()], ensure_ascii=False)


LATE = Collision("submission.closed", "event_date", "late")
REPEATED = Collision("record_ref.repeated", "record_ref", "repeated")
OTHER_CONTENT = Collision("record_ref.other_content", "record_ref", "other_content")
REPEATED_CELL = Collision("record_ref.repeated", "count", "repeated_cell")


def repeated(*, counts: bool) -> Collision:
    """Return what is said of a number that stands twice in a file. A cell of counts is its own number."""
    return REPEATED_CELL if counts else REPEATED
