"""The event log: who did, saw or took what."""

from typing import Any

from agencies.models import Agency, Event, Person

SIDE = (
    "side"  # a second, autocommitting connection: an event survives the rollback of what it tells
)


def record(
    verb: str, subject: str, *, by: Person | None, agency: Agency | None = None, **detail: Any
) -> None:
    """Append an event. `subject` is `kind:id`; `detail` never holds values of records."""
    Event.objects.using(SIDE).create(
        verb=verb,
        subject=subject,
        person_id=by.pk if by else None,
        person=by.email if by else "",
        agency=agency.code if agency else "",
        detail=detail,
    )
