"""What the room above tells of its instruments and of what people have open there.

Agencies are asked for instruments by pages of people, but instruments live above. So that room says, when
it starts, whom to ask (`told_by`); nothing here knows what is behind it.
"""

from collections.abc import Callable
from dataclasses import dataclass

from agencies.models import Agency, Person


@dataclass(frozen=True)
class Instrument:
    """An instrument as a page of people names it; `pk` is its id."""

    pk: int
    code: str
    title: str
    restricted: bool


@dataclass(frozen=True)
class Work:
    """What a person has open: a sentence that counts it, and in which agency and instrument."""

    says: str
    agency: int
    instrument: int
    address: str  # of the page where it goes on


_instruments: list[Callable[[Agency | None], list[Instrument]]] = []
_work: list[Callable[[Person], list[Work]]] = []


def told_by(
    instruments: Callable[[Agency | None], list[Instrument]],
    work: Callable[[Person], list[Work]],
) -> None:
    """Say whom to ask: for the instruments of an agency (None: of all), and for what a person has open."""
    _instruments[:], _work[:] = [instruments], [work]


def instruments_of(agency: Agency) -> list[Instrument]:
    """Return what roles in the agency can cover: its instruments; in the statistics office all of them."""
    place = None if agency.statistics_office else agency
    return [instrument for ask in _instruments for instrument in ask(place)]


def filled_by(agency: Agency | None) -> list[Instrument]:
    """Return the instruments that an agency delivers, or all (None)."""
    return [instrument for ask in _instruments for instrument in ask(agency)]


def open_work(person: Person) -> list[Work]:
    """Return what the person has open, in all agencies."""
    return [work for ask in _work for work in ask(person)]
