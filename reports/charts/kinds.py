"""The charts of the dashboard: by which dimension, in which order, how each is drawn."""

from dataclasses import dataclass

from reports.charts.drawing import DrawFunction, bars, pyramid, shares, trend
from reports.published.structure import TIME

CITIZENSHIP, REGION, AGE = "CITIZENSHIP", "REGION", "AGE"


@dataclass(frozen=True)
class Kind:
    """One chart of the dashboard: by which dimension, in which order, how it is drawn."""

    dimension: str
    draw: DrawFunction
    largest_first: bool = False


KINDS = {
    "trend": Kind(TIME, trend),
    "pyramid": Kind(AGE, pyramid),
    "citizenship": Kind(CITIZENSHIP, bars, largest_first=True),
    "region": Kind(REGION, shares, largest_first=True),
}
