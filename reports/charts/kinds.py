"""The charts of the dashboard: which a dataset has."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import partial

from django.utils.translation import gettext as _

from reports.charts import findings, flows, over_time
from reports.charts.drawing import bars, shares
from reports.charts.kind import Kind
from reports.charts.origins import OriginDestination
from reports.charts.outlines import has_map, region_map
from reports.charts.over_time import OverTime
from reports.charts.pyramid import pyramid
from reports.charts.share_trend import share_trend
from reports.charts.trend import trend
from reports.published.figures import Row
from reports.published.structure import ROLL_UPS, TIME, Dimension, Structure
from reports.published.tree import can_be_had

CITIZENSHIP, REGION = "CITIZENSHIP", "REGION"
MAP = "map"
AGES = ("AGE5", "AGE")  # the finer one is drawn, where there is one
TOP = 10  # citizenships that are drawn by name


KINDS = {
    "trend": Kind(
        TIME, trend, findings.of_trend, compares=True, of_two_years=findings.of_two_years
    ),
    "share": Kind(
        TIME, share_trend, findings.of_year, compares=True, of_two_years=findings.of_year
    ),
    "pyramid": Kind(AGES[0], pyramid, findings.of_ages, rest=False, compares=True),
    "citizenship": Kind(CITIZENSHIP, bars, findings.of_largest, largest_first=True, top=TOP),
    "region": Kind(REGION, shares, findings.of_shares, largest_first=True),
    MAP: Kind(REGION, region_map, findings.of_most),
}


def kind_of(dimension: str, *, of_women: bool = False) -> Kind:
    """Return the chart of any one dimension: of the share of women, over time, of ages, else as bars."""
    if dimension == TIME or dimension in ROLL_UPS:
        return replace(KINDS["trend"], dimension=dimension)
    if of_women:
        return replace(KINDS["region"], dimension=dimension, top=TOP)
    if dimension in AGES:
        return replace(KINDS["pyramid"], dimension=dimension)
    return Kind(dimension, bars, findings.of_largest, largest_first=True, top=TOP)


def kinds_of(structure: Structure) -> dict[str, Kind]:
    """Return the charts of a dataset by name: those of the dimensions it shares, its own `charts`, and those that show
    either in detail."""
    kinds = dict(KINDS)
    if AGES[0] not in structure.by_name:
        kinds["pyramid"] = replace(kinds["pyramid"], dimension=AGES[1])
    if REGION not in structure.by_name or not has_map(structure.by_name[REGION]):
        del kinds[MAP]
    direction = flows.direction_of(structure)
    if direction and can_be_had(structure, [REGION, direction.name]):
        kinds["flows"] = _flows_by(direction)
    shared = {name: kind for name, kind in kinds.items() if kind.dimension in structure.by_name}
    own = {
        name.lower(): Kind(name, shares, findings.of_shares, largest_first=True, top=TOP)
        for name in structure.charts
        if name in structure.by_name
    }
    return {**shared, **own, **dict(_in_detail(structure))}


def _in_detail(structure: Structure) -> Iterator[tuple[str, Kind]]:
    for name in (CITIZENSHIP, *structure.charts):
        if time := over_time.time_of(structure, name):
            yield f"{name.lower()}-over-time", OverTime(name, time=time)
    if can_be_had(structure, structure.origin_destination) and structure.origin_destination:
        origin, destination = structure.origin_destination
        yield "origin-destination", OriginDestination(origin, destination=destination)


def _flows_by(direction: Dimension) -> Kind:
    def said(rows: Sequence[Row], dimension: Dimension) -> str:
        text = _("%(name)s: %(first)s %(in)s, %(second)s %(out)s")
        return flows.of_flows(rows, dimension, direction=direction, text=text)

    draw = partial(flows.flows, direction=direction)
    beside = (direction.name, (flows.IN, flows.OUT))
    return Kind(REGION, draw, said, rest=False, beside=beside)
