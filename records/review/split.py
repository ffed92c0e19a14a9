"""Two periods compared by sex and a dimension, and why the share of women changed (Kitagawa 1955).

E. M. Kitagawa, Components of a Difference Between Two Rates, JASA 50 (1955): the change of a share that
is put together from groups is a change of the mix of groups, and of the share within them. Pure.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction

ByCode = Mapping[str, Mapping[str, int]]  # {code: {sex: number}}
Group = tuple[int, int]  # women, and women and men


@dataclass(frozen=True)
class Split:
    """A change of the share of women, as parts of 1: `mix` and `rate` add up to it exactly."""

    before: Fraction
    now: Fraction
    mix: Fraction
    rate: Fraction

    @property
    def change(self) -> Fraction:
        return self.now - self.before


@dataclass(frozen=True)
class Change:
    """One code in both periods: counts by sex, and the share of women where somebody's sex is stated."""

    code: str
    now: Mapping[str, int]
    before: Mapping[str, int]

    @property
    def total(self) -> int:
        return sum(self.now.values())

    @property
    def total_before(self) -> int:
        return sum(self.before.values())

    @property
    def difference(self) -> int:
        return self.total - self.total_before

    @property
    def share(self) -> float | None:
        return _percent(*_group(self.now))

    @property
    def share_before(self) -> float | None:
        return _percent(*_group(self.before))


def kitagawa(now: ByCode, before: ByCode) -> Split | None:
    """Split the change of the share of women between two periods; None where either has nobody of stated sex.

    With p a group's part of all and r the share of women in it: mix = Σ (p₁ − p₀)(r₁ + r₀)/2, rate =
    Σ (r₁ − r₀)(p₁ + p₀)/2. A group that is empty in one period has no share there; it takes that of the
    other, so that its coming or going is a change of the mix.
    """
    groups = {
        code: (_group(now.get(code, {})), _group(before.get(code, {}))) for code in {*now, *before}
    }
    whole, whole_before = (sum(pair[k][1] for pair in groups.values()) for k in (0, 1))
    if not whole or not whole_before:
        return None
    mix = rate = Fraction(0)
    for (women, both), (women_before, both_before) in groups.values():
        if not both and not both_before:
            continue
        part, part_before = Fraction(both, whole), Fraction(both_before, whole_before)
        share = Fraction(women, both) if both else Fraction(women_before, both_before)
        share_before = Fraction(women_before, both_before) if both_before else share
        mix += (part - part_before) * (share + share_before) / 2
        rate += (share - share_before) * (part + part_before) / 2
    women, women_before = (sum(pair[k][0] for pair in groups.values()) for k in (0, 1))
    return Split(Fraction(women_before, whole_before), Fraction(women, whole), mix, rate)


def changes(now: ByCode, before: ByCode) -> list[Change]:
    """Return every code of either period, the largest difference of its total first."""
    compared = [Change(code, now.get(code, {}), before.get(code, {})) for code in {*now, *before}]
    return sorted(compared, key=lambda c: (-abs(c.difference), -c.total, c.code))


def joined(by_code: ByCode, successors: Mapping[str, str]) -> dict[str, dict[str, int]]:
    """Return the counts with those of codes that are retired (code: successor) added to their successors."""
    counts: dict[str, dict[str, int]] = {}
    for code, by_sex in by_code.items():
        group = counts.setdefault(successors.get(code, code), {})
        for sex, number in by_sex.items():
            group[sex] = group.get(sex, 0) + number
    return counts


def _group(by_sex: Mapping[str, int]) -> Group:
    women = by_sex.get("F", 0)
    return women, women + by_sex.get("M", 0)


def _percent(part: int, whole: int) -> float | None:
    return 100 * part / whole if whole else None
