"""Women, men, other or not stated and their total, as the sum component shows them."""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Sum:
    """Counts by sex. `share_from` is the smallest denominator for which a share is shown."""

    f: int
    m: int
    o: int
    share_from: int = 1

    @property
    def t(self) -> int:
        return self.f + self.m + self.o

    @property
    def female_share(self) -> float | None:
        return self._share(self.f, self.f + self.m)

    @property
    def male_share(self) -> float | None:
        return self._share(self.m, self.f + self.m)

    @property
    def coverage(self) -> float | None:
        return self._share(self.f + self.m, self.t)

    @property
    def line(self) -> list[dict[str, object]]:
        """The parts of the split line: a mark, where it begins and how wide it is, of 100."""
        x, parts = 0.0, []
        for mark, count in (("w-f", self.f), ("m-f", self.m), ("o-f", self.o)):
            width = 100 * count / self.t if self.t else 0.0
            if width:
                parts.append(
                    {"mark": mark, "x": round(x, 2), "width": round(max(width - 0.6, 0.2), 2)}
                )
            x += width
        return parts

    def _share(self, part: int, whole: int) -> float | None:
        return 100 * part / whole if whole >= max(self.share_from, 1) else None


def of_codes(counts: Mapping[str, int]) -> Sum:
    """Add up stored sex codes: everything that is neither F nor M is other or not stated."""
    rest = sum(n for code, n in counts.items() if code not in ("F", "M"))
    return Sum(counts.get("F", 0), counts.get("M", 0), rest)
