"""Whether an address names something that is there, of an agency whose things the person may not see."""

from collections.abc import Mapping
from typing import Any

from agencies import scope
from agencies.models import Agency, Person
from records.models import HeldRow, Record, Submission, Thread, Upload

# The arguments of addresses that name things of an agency by their ids.
THINGS: Mapping[str, Any] = {
    "submission_id": Submission,
    "upload_id": Upload,
    "held": HeldRow,
    "record": Record,
    "thread": Thread,
}


def names_something_foreign(arguments: Mapping[str, Any], person: Person) -> bool:
    """Say whether one of the arguments of an address names what another agency has.

    The person was told that it is not there. What really is not there, such as a row that a colleague has just
    corrected, is nobody's.
    """
    named = {
        THINGS[name]: arguments[name] for name in THINGS if isinstance(arguments.get(name), int)
    }
    if not named:
        return False
    with scope.working(Agency.everywhere.values_list("pk", flat=True)):
        present = [(thing, pk) for thing, pk in named.items() if _is_there(thing, pk)]
    with scope.acting(person):
        return any(not _is_there(thing, pk) for thing, pk in present)


def _is_there(thing: Any, pk: int) -> bool:
    """Say whether the scope of the transaction shows the row."""
    return bool(thing._base_manager.filter(pk=pk).exists())
