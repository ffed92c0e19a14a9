"""How punctual agencies are: of the last periods, how many came, how many in time, how late the others."""

from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass
from datetime import date
from statistics import median

from records.review.calendar import Expected, Pair, Periods, expected
from records.review.due_dates import days_late

PERIODS = 12


@dataclass(frozen=True)
class Punctuality:
    """One agency and instrument over the last periods whose due dates have passed.

    `days_late`: the median of days after the due date (`due_dates.days_late`), of those that came late or have not come;
    None where none did. `share`: submitted by the due date, of those due, from 0 to 1; None where none is due.
    """

    entry: Expected  # the latest one: its agency and its instrument
    due: int
    submitted: int
    in_time: int
    days_late: float | None

    @property
    def share(self) -> float | None:
        return self.in_time / self.due if self.due else None

    @property
    def percent(self) -> float | None:
        return None if self.share is None else 100 * self.share


def punctuality(pairs: Collection[Pair], today: date) -> list[Punctuality]:
    """Return how punctual each pair of agency and instrument was, by agency and instrument."""
    agencies = {agency for agency, _instrument in pairs}
    owed = expected(agencies, today, Periods(back=PERIODS), only=set(pairs), delivered=True)
    by_pair: dict[Pair, list[Expected]] = defaultdict(list)
    for entry in owed:
        by_pair[entry.agency.pk, entry.instrument.pk].append(entry)
    lines = [_line(entries, today) for entries in by_pair.values()]
    return sorted(lines, key=lambda line: (line.entry.agency.code, line.entry.instrument.code))


def _line(entries: list[Expected], today: date) -> Punctuality:
    due = [entry for entry in entries if entry.dates.due < today or _came(entry)]
    late = [
        count for entry in due if (count := days_late(entry.dates.due, entry.first_on or today)) > 0
    ]
    came = sum(map(_came, due))
    in_time = sum(1 for e in due if e.first_on and e.first_on <= e.dates.due)
    return Punctuality(entries[-1], len(due), came, in_time, median(late) if late else None)


def _came(entry: Expected) -> bool:
    return entry.first_on is not None
