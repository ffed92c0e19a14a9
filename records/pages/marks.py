"""Marks beside what is due: the last periods of each delivery, and for whom a submission waits."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.utils.translation import gettext as _

from agencies import access
from agencies.models import Agency
from agencies.roles import Role
from records.models import Submission
from records.review import inbox
from records.review.calendar import Expected, Standing
from standards.languages import marked
from standards.periods import ACADEMIC, last_periods, period_name, short_period_name
from standards.translation import active_language

SHAPES = {"ACCEPTED": "a", "SUBMITTED": "s", "SIGNED": "s", "RETURNED": "r", "DRAFT": "p"}


@dataclass(frozen=True)
class Delivery:
    """What an agency delivers: an instrument in its newest version, with its last periods."""

    agency: Agency
    entries: dict[str, Expected]  # by period

    @property
    def newest(self) -> Expected:
        return next(reversed(self.entries.values()))

    @property
    def title(self) -> str:
        return self.newest.title

    @property
    def instrument(self) -> Any:
        return self.newest.instrument


TITLES = {
    "M": marked("The last months"),
    "Q": marked("The last quarters"),
    "S": marked("The last half-years"),
    "A": marked("The last years"),
    ACADEMIC: marked("The last academic years"),
}


def deliveries(entries: Iterable[Expected]) -> list[Delivery]:
    """Return what agencies deliver, ordered by agency and instrument."""
    by_key: dict[tuple[str, str], Delivery] = {}
    for entry in entries:
        key = entry.agency.code, entry.instrument.code
        by_key.setdefault(key, Delivery(entry.agency, {})).entries[entry.period] = entry
    return [by_key[key] for key in sorted(by_key)]


def tables(entries: Iterable[Expected], count: int, today: date) -> list[dict[str, Any]]:
    """Return one table for each frequency: deliveries down, the last `count` periods that ended across."""
    language = active_language()
    by_frequency: dict[str, dict[str, Any]] = {}
    for delivery in deliveries(entries):
        frequency = delivery.newest.version.content["frequency"]
        periods = last_periods(frequency, today, count)
        heads = [short_period_name(period, language) for period in periods]
        head = {"title": _(TITLES[frequency]), "heads": heads, "lines": []}
        table = by_frequency.setdefault(frequency, head)
        table["lines"].append(
            {
                "title": delivery.title,
                "agency": delivery.agency.code,
                "marks": [_mark(p, delivery.entries.get(p), today, language) for p in periods],
            }
        )
    return list(by_frequency.values())


def _mark(period: str, entry: Expected | None, today: date, language: str) -> dict[str, str]:
    if entry is None:
        return {
            "label": f"{period_name(period, language)}: {_('not asked for')}",
            "shape": "none",
            "url": "",
        }
    begun, late = entry.begun, entry.standing(today) == Standing.LATE
    state = Submission.State(begun.state).label if begun else _("not started")
    return {
        "label": f"{period_name(period, language)}: {_('late') if late else state}",
        "shape": "r" if late else SHAPES[begun.state] if begun else "",
        "url": inbox.place_of(entry),
    }


def whom_it_waits_for(entries: Sequence[Expected]) -> list[str]:
    """Say of each submission for whom it waits: names of reviewers, the statistics office, the agency."""
    if not entries:
        return []
    reviewers = access.holders(Role.REVIEWER)
    office = Agency.objects.filter(statistics_office=True).first()
    return [_waits(entry, reviewers, office) for entry in entries]


def _waits(entry: Expected, reviewers: dict[Agency, list[Any]], office: Agency | None) -> str:
    state = entry.begun.state if entry.begun else ""
    if state == Submission.State.SIGNED:
        return _("waits for %(who)s") % {"who": office or _("the statistics office")}
    if state == Submission.State.SUBMITTED:
        names = ", ".join(str(person) for person in reviewers.get(entry.agency, [])[:3])
        return _("waits for the signature of %(who)s") % {"who": names or _("a reviewer")}
    return _("waits for %(who)s") % {"who": entry.agency}
