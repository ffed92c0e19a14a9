"""What roles cover: in which agencies, and there which instruments (ADR 24). Pure: it asks no database.

A role covers all ordinary instruments of its agency unless it is limited to those that are named; an
instrument that is restricted is covered only where it is named.
"""

from collections.abc import Collection
from dataclasses import dataclass


@dataclass(frozen=True)
class Duties:
    """What the roles of one person in one agency cover. `named` are ids of instruments."""

    ordinary: bool = True
    named: frozenset[int] = frozenset()

    def cover(self, instrument: int, restricted: Collection[int]) -> bool:
        """Say whether the instrument is covered; `restricted` are the ids of those that are restricted."""
        return instrument in self.named or (self.ordinary and instrument not in restricted)


@dataclass(frozen=True)
class Lent:
    """What a token lends of the person who made it: of her roles in one agency, for instruments that are named.

    `number`, `name` and `verbs` are of the token; `agency` and `instruments` are ids; `permissions` are those of
    `agencies.roles.Permission` that it lends, if she holds them.
    """

    number: int
    name: str
    agency: int
    instruments: frozenset[int]
    permissions: frozenset[str]
    verbs: frozenset[str]

    def of(self, own: Duties, restricted: Collection[int]) -> Duties:
        """Return what of her duties in the agency the token lends."""
        covered = (pk for pk in self.instruments if own.cover(pk, restricted))
        return Duties(ordinary=False, named=frozenset(covered))


@dataclass(frozen=True)
class Coverage:
    """For which agencies, and for which instruments of each, a person holds a permission.

    Keys of `duties` are ids of agencies; None stands for every agency (a role of the statistics office).
    """

    duties: dict[int | None, Duties]
    restricted: frozenset[int]

    def covers(self, agency: int, instrument: int) -> bool:
        """Say whether the instrument of the agency is covered. Both are ids."""
        return any(
            duties.cover(instrument, self.restricted)
            for place, duties in self.duties.items()
            if place in (None, agency)
        )

    def reaches(self, instrument: int) -> bool:
        """Say whether the instrument is covered in any agency."""
        return any(duties.cover(instrument, self.restricted) for duties in self.duties.values())

    @property
    def ordinary(self) -> list[int | None]:
        """The agencies whose ordinary instruments are covered; None: every agency."""
        return [place for place, duties in self.duties.items() if duties.ordinary]

    @property
    def named(self) -> list[tuple[int | None, int]]:
        """The instruments that are named, each with its agency; None: in every agency."""
        return [
            (place, instrument)
            for place, duties in self.duties.items()
            for instrument in sorted(duties.named)
        ]
