"""How many rows of what a release is made of were held back: counted privately, told in whole percent of many rows.

A held row has an error; it is kept apart until it is corrected, and never counted. Their number is the one that was
acknowledged when the submission was submitted (`records.review.profile`); a row without a readable date is among the held
rows of every period that its file fed. A release keeps the numbers behind what it keeps: they change with its figures only.
"""

from collections.abc import Iterable, Iterator

from reports.models import Slice
from reports.published.structure import TIME, HeldShare, Structure
from reports.releases.years import Published

LEAST = 1000  # rows, counted and held, below which no share is told: whole percent of them are ten rows and more
Held = tuple[Slice, int | None]


def held_of(pieces: Iterable[Slice], known: Published) -> list[Held]:
    """Return each slice of a release with the rows that its submission held back; None where nobody knows any more.

    Of a slice that is out already it is the number that was pinned with it.
    """
    inputs = known.source.inputs if known.source else []
    pinned = {one["slice"]: one["held"] for one in inputs if one.get("held") is not None}
    return [(p, pinned[p.pk] if p.pk in pinned else _acknowledged(p)) for p in pieces]


def _acknowledged(piece: Slice) -> int | None:
    """Return the held rows of a slice's version; the submission knows those of its latest version only."""
    submission = piece.submission
    latest = submission.accepted_version == submission.version == piece.version
    held = submission.profile.get("held") if latest else None
    return held if isinstance(held, int) else None


def shares(structure: Structure, held: Iterable[Held]) -> Iterator[HeldShare]:
    """Yield the share of held rows by agency and period, quarter and year: whole percent, of `LEAST` rows and more."""
    counted: dict[tuple[str, str], list[tuple[int, int | None]]] = {}
    times = [TIME, *(longer.name for longer in structure.roll_ups)]
    for piece, rows in held:
        period = piece.submission.period
        for code in dict.fromkeys(structure.part_of(time, period) for time in times):
            place = (piece.submission.agency.code, code)
            counted.setdefault(place, []).append((piece.records, rows))
    for (agency, code), parts in sorted(counted.items()):
        lacking = [rows for _records, rows in parts if rows is not None]
        rows = sum(records for records, _held in parts) + sum(lacking)
        if len(lacking) == len(parts) and rows >= LEAST:
            yield HeldShare(agency, code, (100 * sum(lacking) + rows // 2) // rows)
