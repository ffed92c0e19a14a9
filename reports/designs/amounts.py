"""Amounts of records (wages, hours) in bands: what a dataset publishes of them instead of sums and means.

Nothing is converted: what a record states in another unit (another currency) is counted apart, and so is what it does
not state. Medians are worked out from the published counts of the bands, so they tell nothing that these do not.
"""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from reports.published import structure as published
from reports.published.structure import Amounts, Item
from standards import codelists
from standards.definitions import Problem
from standards.languages import Labels

UNKNOWN, OTHER_UNIT = "_U", "_O"  # not stated; in another unit


@dataclass(frozen=True)
class AmountBand:
    """Amounts from `first` to below `below`; the last band has no end."""

    code: str
    labels: Labels
    first: float
    below: float | None = None

    def holds(self, amount: float) -> bool:
        return self.first <= amount < (math.inf if self.below is None else self.below)


@dataclass(frozen=True)
class AmountDesign:
    """How amounts are put into bands. unit: of the bands (TMT); unit_variable: what says the unit of a record, if any."""

    unit: str
    bands: tuple[AmountBand, ...]
    unit_variable: str = ""

    @classmethod
    def from_content(cls, content: Mapping[str, Any]) -> "AmountDesign":
        """Build the design in which `problems` finds none."""
        bands = tuple(
            AmountBand(b["code"], b["labels"], b["from"], b.get("below"))
            for b in content["amounts"]
        )
        return cls(content["unit"], bands, content.get("unit_variable", ""))

    @property
    def meaning(self) -> list[Any]:
        """Return what the codes mean, without labels."""
        bands = [(band.code, band.first, band.below) for band in self.bands]
        return [self.unit, self.unit_variable, bands]

    @property
    def published(self) -> Amounts:
        """Return what readers are told of the bands."""
        bands = (published.AmountBand(b.code, b.first, b.below) for b in self.bands)
        return Amounts(self.unit, tuple(bands))

    def sql(self, column: str, unit_column: str) -> str:
        """Return the expression of a code; column, unit_column: the texts that a record states, null where it does not."""
        amount = f"({column})::numeric"
        tests = [f"WHEN {column} IS NULL THEN '{UNKNOWN}'"]
        if self.unit_variable:
            tests.append(f"WHEN {unit_column} IS DISTINCT FROM '{self.unit}' THEN '{OTHER_UNIT}'")
        tests += [
            f"WHEN {amount} < {band.below} THEN '{band.code}'"
            for band in self.bands
            if band.below is not None
        ]
        return f"CASE {' '.join(tests)} ELSE '{self.bands[-1].code}' END"

    def code_of(self, value: float | None) -> str:
        """Return what `sql` makes of an amount in the unit of the bands."""
        if value is None:
            return UNKNOWN
        return next(band.code for band in self.bands if band.holds(value))

    def values(self) -> list[float | None]:
        """Return an amount of every band, not stated included."""
        return [None, *(band.first for band in self.bands)]

    def items(self) -> list[Item]:
        """Return the codes with labels, from the smallest amounts up."""
        items = [Item(band.code, band.labels) for band in self.bands]
        if self.unit_variable:
            items.append(Item(OTHER_UNIT, codelists.standard("labels")["other_unit"]))
        return items


def problems(path: tuple[str, ...], content: Mapping[str, Any]) -> Iterator[Problem]:
    """Yield what is wrong with the bands of a dimension: they begin with 0 and follow one another; the last is open."""
    bands: Sequence[Mapping[str, Any]] = content["amounts"]
    expected: float | None = 0
    for band in bands:
        where = (*path, "amounts", band["code"])
        if band["code"] in (UNKNOWN, OTHER_UNIT):
            yield Problem(where, f"{band['code']} is no band: it is what has no amount in the unit")
        if expected is None or band["from"] != expected:
            begins = "nothing: the one before has no end" if expected is None else expected
            yield Problem(where, f"bands overlap or leave a gap: this one must begin with {begins}")
            return
        expected = band.get("below")
        if expected is not None and expected <= band["from"]:
            yield Problem(where, "a band ends above its beginning")
            return
    if expected is not None:
        yield Problem((*path, "amounts"), "the last band has no end: leave out `below`")
