"""Counts by sex: women, men, other or not stated; their total, shares and the line that shows them."""

from collections.abc import Mapping
from dataclasses import dataclass

CODES = ("F", "M", "_O", "_N", "_U")  # as records keep them (domain brief 1.1)
NOT_STATED = frozenset({"_U", "_N", ""})
NOT_APPLICABLE = "_Z"  # of firms, which have none
SHARE_FROM = 100  # no share of published counts below so many persons (docs/disclosure.md)


@dataclass(frozen=True)
class Part:
    """A piece of the split line: its mark, where it begins and how wide it is, of 100."""

    mark: str
    x: float
    width: float


@dataclass(frozen=True)
class Figures:
    """Women, men, other or not stated; the total is their sum, always.

    `base` is what published counts are multiples of: shares of fewer than a hundred say nothing and are None.
    Exact counts have none, and a share as soon as there is somebody.

    `not_stated` and `not_applicable` are parts of `o`, where they are known: of exact counts. What is published joins
    other markers and what is not stated, so there sex is stated for women and men alone.
    """

    f: int
    m: int
    o: int
    base: int = 0
    not_stated: int | None = None
    not_applicable: int = 0

    @property
    def total(self) -> int:
        return self.f + self.m + self.o

    @property
    def female_share(self) -> float | None:
        """Women in percent of sex stated; None where that is too few to say."""
        return self._share(self.f, self.f + self.m)

    @property
    def male_share(self) -> float | None:
        """Men in percent of sex stated; None where that is too few to say."""
        return self._share(self.m, self.f + self.m)

    @property
    def coverage(self) -> float | None:
        """Sex stated in percent of all that have one (domain brief 5.1, G4); None where there are too few."""
        if self.not_stated is None:
            return self._share(self.f + self.m, self.total)
        having = self.total - self.not_applicable
        return self._share(having - self.not_stated, having)

    @property
    def line(self) -> list[Part]:
        """The parts of the split line, women first."""
        x, parts = 0.0, []
        for mark, count in (("w-f", self.f), ("m-f", self.m), ("o-f", self.o)):
            width = 100 * count / self.total if self.total else 0.0
            if width:
                parts.append(Part(mark, round(x, 2), round(max(width - 0.6, 0.2), 2)))
            x += width
        return parts

    def _share(self, part: int, whole: int) -> float | None:
        return 100 * part / whole if whole >= (SHARE_FROM if self.base else 1) else None


@dataclass(frozen=True)
class Differences(Figures):
    """Differences of counts by sex: below zero too, and without shares and line."""

    @property
    def line(self) -> list[Part]:
        return []

    def _share(self, part: int, whole: int) -> float | None:
        return None


def of_codes(counts: Mapping[str, int]) -> Figures:
    """Add up stored sex codes: everything that is neither F nor M is other or not stated."""
    rest = sum(n for code, n in counts.items() if code not in ("F", "M"))
    return Figures(
        counts.get("F", 0),
        counts.get("M", 0),
        rest,
        not_stated=sum(n for code, n in counts.items() if code in NOT_STATED),
        not_applicable=counts.get(NOT_APPLICABLE, 0),
    )
