"""When a sum of money may be published.

Sums are exact facts about few payers: published once per corridor and year, never in finer or overlapping tables, and
only if `may_publish_sum`. Of wages there are no sums and no means: their bands are counted as any other column, and
medians are worked out from what is published (`reports.published.quantiles`).
"""

import numpy as np
from numpy.typing import ArrayLike

PERCENT = 10.0
FEWEST_PAYERS = 3


def may_publish_sum(amounts: ArrayLike, payers: ArrayLike, percent: float = PERCENT) -> bool:
    """Say whether a sum is safe by the p-percent rule: nobody, by subtracting what he paid himself, knows the largest
    payer's amount to within `percent` of it. Never with fewer than three payers.

    amounts (n,) >= 0 in one currency; payers (n,) the bank, employer or person behind each. Source: Hundepool et
    al., Handbook on Statistical Disclosure Control, section 4.2.
    """
    places = np.unique(np.asarray(payers), return_inverse=True)[1]
    totals = np.sort(np.bincount(places, weights=np.asarray(amounts, float)))[::-1]
    if len(totals) < FEWEST_PAYERS:
        return False
    return bool(totals[2:].sum() >= percent / 100 * totals[0])
