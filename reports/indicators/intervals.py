"""Counts that are known up to their rounding, and how far what is worked out from them can be from the truth.

A published cell is less than one base from its true count, up or down (docs/disclosure.md). So every function here
takes counts with the least and the most that the true count may be, and returns the ends that no truth can pass:
worst cases, not probabilities. Pure: no database, no Django.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import inf


@dataclass(frozen=True)
class Count:
    """A published count; the true one lies from `published - below` (and 0) to `published + above`."""

    published: int
    below: int = 0
    above: int = 0

    @property
    def low(self) -> int:
        return max(0, self.published - self.below)

    @property
    def high(self) -> int:
        return self.published + self.above

    def __add__(self, other: "Count") -> "Count":
        """Return both together: the counts of different people."""
        return Count(
            self.published + other.published, self.below + other.below, self.above + other.above
        )


NOBODY = Count(0)


@dataclass(frozen=True)
class Interval:
    """What no truth can pass. `high` may be infinite."""

    low: float
    high: float

    def __add__(self, other: "Interval") -> "Interval":
        return Interval(self.low + other.low, self.high + other.high)

    def __sub__(self, other: "Interval") -> "Interval":
        return Interval(self.low - other.high, self.high - other.low)

    def __mul__(self, other: "Interval") -> "Interval":
        ends = [a * b for a in (self.low, self.high) for b in (other.low, other.high)]
        return Interval(min(ends), max(ends))

    def times(self, factor: float) -> "Interval":
        """Return the interval by a factor that is not negative."""
        return Interval(self.low * factor, self.high * factor)


NOTHING = Interval(0.0, 0.0)


def added(counts: Sequence[Count]) -> Count:
    """Return the counts of different people together."""
    return sum(counts, NOBODY)


def share(part: Count, rest: Count) -> Interval:
    """Return the ends of part / (part + rest), from 0 to 1; both ends are reached by a possible truth."""
    low = part.low / (part.low + rest.high) if part.low + rest.high else 0.0
    high = part.high / (part.high + rest.low) if part.high + rest.low else 1.0
    return Interval(low, high)


def quotient(top: Count, bottom: Count) -> Interval:
    """Return the ends of top / bottom, counts of different people; infinite where there may be nobody below."""
    return Interval(
        top.low / bottom.high if bottom.high else 0.0, top.high / bottom.low if bottom.low else inf
    )


def divided(top: Interval, bottom: Interval) -> Interval:
    """Return the ends of one by another, neither negative; as if they were free of each other, so rather too wide."""
    return Interval(
        top.low / bottom.high if bottom.high else 0.0, top.high / bottom.low if bottom.low else inf
    )


def dissimilarity(women: Sequence[Count], men: Sequence[Count]) -> Interval:
    """Return ends of Duncan's index over groups: sound, not sharp.

    The parts of women and of men sum to one, so the index is the sum of what women have more, and of what men have
    more. Each is bounded group by group.
    """
    of_women, of_men = _shares(women), _shares(men)
    pairs = list(zip(of_women, of_men, strict=True))
    more = [
        (sum(max(0.0, w.low - m.high) for w, m in pairs), sum(max(0.0, w.high - m.low) for w, m in pairs)),
        (sum(max(0.0, m.low - w.high) for w, m in pairs), sum(max(0.0, m.high - w.low) for w, m in pairs)),
    ]  # fmt: skip
    return Interval(max(low for low, _high in more), min(1.0, *(high for _low, high in more)))


def _shares(counts: Sequence[Count]) -> list[Interval]:
    return [
        share(one, added([other for j, other in enumerate(counts) if j != k]))
        for k, one in enumerate(counts)
    ]


def median(groups: Sequence[tuple[float, float, int]]) -> float | None:
    """Return the age below which half of the counted are, by linear interpolation inside groups.

    groups: from, to (years), count; in order, without gaps. None where nobody is counted or where half lies in a
    group without an end (`to` is infinite).
    """
    counts = [Count(count) for _first, _end, count in groups]
    ages = [(first, end) for first, end, _count in groups]
    return _least_median(ages, counts) if any(c.published for c in counts) else None


def median_ends(ages: Sequence[tuple[float, float]], counts: Sequence[Count]) -> Interval | None:
    """Return the ends of the median age over all counts that are possible; None where an end is not defined."""
    low = _least_median(ages, counts)
    mirrored = [(-end, -first) for first, end in reversed(ages)]
    high = _least_median(mirrored, list(reversed(counts)))
    return None if low is None or high is None else Interval(low, -high)


def _least_median(ages: Sequence[tuple[float, float]], counts: Sequence[Count]) -> float | None:
    """Return the least age below which half can be.

    At an age at a part f of a group of c people there are below it what younger groups have, and f c. Half are, where
    younger - older + (2 f - 1) c = 0. It is least where the younger groups are largest, the older ones smallest, and c is
    smallest if the younger outweigh the older, else largest.
    """
    for k, (first, end) in enumerate(ages):
        more = sum(c.high for c in counts[:k]) - sum(c.low for c in counts[k + 1 :])
        own = counts[k].low if more > 0 else counts[k].high
        if more >= own:
            part = 0.0
        elif more < -own:
            continue
        else:
            part = (1 - more / own) / 2
        if own == 0 and not any(c.high for c in counts[: k + 1]):
            continue
        if part and (end == inf or first == -inf):
            return None
        return first if not part else first + part * (end - first)
    return None


def weighted_share(weights: Sequence[float], counts: Sequence[Count]) -> Interval:
    """Return the ends of sum(w c) / sum(c), weights from 0 to 1: a share of which some groups count in part.

    The ratio rises with a count whose weight is above it and falls with the others, so at its ends the counts
    above some weight are at one end and all others at the other.
    """
    ends = []
    for limit in sorted({*weights, 2.0}):
        for above_high in (True, False):
            taken = [
                c.high if (weight >= limit) == above_high else c.low
                for weight, c in zip(weights, counts, strict=True)
            ]
            if total := sum(taken):
                ends.append(sum(w * n for w, n in zip(weights, taken, strict=True)) / total)
    return Interval(min(ends), max(ends)) if ends else Interval(0.0, 1.0)
