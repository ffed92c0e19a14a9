"""How many records a period should bring, by the agency's own history, and whether it is odd.

With fewer than twelve earlier periods: their median. With twelve or more, where the same period of
the year before is among them: what that one brought, times how the last three periods compare with
the same three a year before (where these are known). Periods of one instrument have one frequency.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from statistics import median

from records.models import Submission
from records.review.calendar import Pair
from standards.periods import FREQUENCIES, Period

LEAST = 3  # earlier periods below which nothing is expected
SEASONAL = 12
KEPT = 24  # periods that are looked at
SHARE, NUMBER = 0.3, 10  # odd: both further away than this share and than this number of records


@dataclass(frozen=True)
class Volume:
    """Records of a submission, what was expected (None: too little is known), and whether it is odd.

    `before`: those of the period before; None where it did not come.
    """

    records: int
    expected: int | None
    before: int | None = None

    @property
    def is_odd(self) -> bool:
        if self.expected is None:
            return False
        away = abs(self.records - self.expected)
        return away > NUMBER and away > SHARE * self.expected


def expected_volume(period: str, history: Mapping[str, int]) -> int | None:
    """Return how many records a period should bring by earlier ones (period: records); None: unknown."""
    earlier = sorted(name for name in history if name < period)[-KEPT:]
    if len(earlier) < LEAST:
        return None
    plain = round(median(history[name] for name in earlier[-SEASONAL:]))
    if len(earlier) < SEASONAL:
        return plain
    this = Period.parse(period)
    year = FREQUENCIES[this.frequency].parts
    before = history.get(str(this.next(-year)))
    if before is None:
        return plain
    recent = [(history[n], history.get(str(Period.parse(n).next(-year)))) for n in earlier[-3:]]
    pairs = [(now, then) for now, then in recent if then]
    trend = sum(now for now, _then in pairs) / sum(then for _now, then in pairs) if pairs else 1
    return round(before * trend)


def histories(pairs: Collection[Pair]) -> dict[Pair, dict[str, int]]:
    """Return how many records each period of these pairs was submitted with, in one query."""
    rows = Submission.objects.filter(
        agency__in={agency for agency, _instrument in pairs},
        instrument__in={instrument for _agency, instrument in pairs},
    ).exclude(profile={})
    by_pair: dict[Pair, dict[str, int]] = defaultdict(dict)
    fields = "agency_id", "instrument_id", "period", "profile__sex"
    for agency, instrument, period, sex in rows.order_by().values_list(*fields):
        by_pair[agency, instrument][period] = sum((sex or {}).values())
    return by_pair


def volumes(submissions: Iterable[Submission]) -> dict[int, Volume]:
    """Return the volume of each submission that has been counted, by its id, in one query."""
    rows = [row for row in submissions if "sex" in row.profile]
    known = histories({(row.agency_id, row.instrument_id) for row in rows}) if rows else {}
    return {
        row.pk: Volume(
            sum(row.profile["sex"].values()),
            expected_volume(row.period, known[row.agency_id, row.instrument_id]),
            known[row.agency_id, row.instrument_id].get(str(Period.parse(row.period).next(-1))),
        )
        for row in rows
    }
