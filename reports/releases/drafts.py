"""What a design of a dataset would give: how near its tables are, what they show of single records, what the gates say.

Private; nothing is stored. A design is tried on everything that is accepted, year by year, several draws each.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from reports.designs.datasets import Dataset
from reports.exact import cube, residence, slices
from reports.exact.residence import Linkage
from reports.protection.cells import digest
from reports.protection.family import Family, answer, columns, round_family
from reports.protection.gates import Gate, judge
from reports.releases import seeds
from reports.releases.accuracy import Nearness, nearness_of
from reports.releases.conflicts import conflicts_of
from reports.releases.families import Exact
from reports.releases.numbering import Numbering
from reports.releases.years import Step
from standards.periods import periods_between

DRAWS = 5
SWEEPS = 40


@dataclass(frozen=True)
class DraftYear:
    """What a design would give for one year. gates: the worst of all draws, by name."""

    year: str
    records: int
    tables: list[Nearness]
    headlines: list[Nearness]
    gates: list[Gate]
    conflicts: list[str]


@dataclass(frozen=True)
class Counted:
    """What is accepted, by the columns of a design. years: exact cells by year, none where nothing is accepted;
    linkage: of a dataset that tells changes of residence, how far its crossings can be followed."""

    numbering: Numbering
    years: dict[str, Exact]
    linkage: Linkage | None = None


def exact_cells(dataset: Dataset) -> Counted:
    """Count all accepted records by the columns of a design."""
    accepted = list(slices.accepted(dataset))
    periods = sorted({submission.period for submission in accepted})
    numbering = Numbering.of(dataset, periods_between(periods[0], periods[-1]) if periods else [])
    if not periods:
        return Counted(numbering, {})
    linkage = residence.linkage(accepted) if dataset.residence else None
    if linkage:
        each = [residence.follow(accepted, dataset)]
    else:
        each = [slices.exact_cells(submission, dataset) for submission in accepted]
    cells = numbering.with_times(cube.add_up(each, dataset.names))
    codes, counts = numbering.numbers(cells, numbering.names), cube.counts(cells)
    years = np.array(cells[numbering.longest].to_pylist())
    by_year = {
        str(year): Exact(codes[years == year], counts[years == year]) for year in np.unique(years)
    }
    return Counted(numbering, by_year, linkage)


def try_design(numbering: Numbering, year: str, exact: Exact, draws: int = DRAWS) -> DraftYear:
    """Round one year as a whole several times, each with a seed of its own, and measure."""
    content = digest(exact.codes, exact.counts)
    families = [
        round_family(
            exact.codes,
            exact.counts,
            numbering.tables,
            numbering.dataset.base,
            seeds.of_year(numbering.dataset.code, year, 0, Step(0, "draft", SWEEPS, draw), content),
            sweeps=SWEEPS,
        )
        for draw in range(draws)
    ]
    return DraftYear(
        year,
        int(exact.counts.sum()),
        [nearness_of(name, [f[name] for f in families]) for name in columns(numbering.tables)],
        [
            nearness_of(
                _title(numbering, wanted), [answer(f, numbering.tables, wanted) for f in families]
            )
            for wanted in numbering.headlines
        ],
        list(_worst(numbering, families)),
        [conflict.text for conflict in conflicts_of(numbering, exact)],
    )


def _worst(numbering: Numbering, families: Sequence[Family]) -> Iterator[Gate]:
    judged = [
        judge(f, numbering.tables, numbering.dataset.base, headlines=numbering.headlines)
        for f in families
    ]
    for gates in zip(*judged, strict=True):
        yield max(gates, key=lambda gate: gate.measured)


def _title(numbering: Numbering, wanted: Sequence[int]) -> str:
    return " × ".join(numbering.names[column] for column in wanted)
