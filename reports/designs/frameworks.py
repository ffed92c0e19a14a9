"""Sets of indicators that others ask for (SDG, GCM) and the gender framework matrix, as data (YAML)."""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from reports.designs import framework_schema as schema
from reports.designs.datasets import Dataset, datasets
from reports.designs.indicators import Indicator, indicators
from reports.designs.tables import TableDesign, tables
from standards import definitions
from standards.definitions import Problem, choose, unknown
from standards.languages import Labels

SETS = Path(__file__).parent / "data" / "sets"
MATRIX = Path(__file__).parent / "data" / "matrix.yaml"
OBJECTIVES, GOALS = "gcm", "sdg"  # the sets that the matrix refers to


@dataclass(frozen=True)
class Entry:
    """One indicator or objective of a set: whether records can feed it, how, and by which indicators of ours."""

    code: str
    name: Labels
    feed: str
    why: Labels
    indicators: tuple[str, ...] = ()
    needs: tuple[str, ...] = ()


@dataclass(frozen=True)
class IndicatorSet:
    """A set as its source has it; `version` says when it was last compared with it."""

    code: str
    version: str
    title: Labels
    source: Labels
    entries: tuple[Entry, ...]
    note: Labels = field(default_factory=dict)

    @property
    def by_code(self) -> dict[str, Entry]:
        return {entry.code: entry for entry in self.entries}


def sets(directory: Path | None = None) -> dict[str, IndicatorSet]:
    """Return the sets of a folder by code. Raises InvalidDefinition."""
    by_file = {path: _set(path) for path in sorted((directory or SETS).glob("*.yaml"))}
    times, known = Counter(one.code for one in by_file.values()), indicators()
    for path, one in by_file.items():
        definitions.refuse(path, _of_set(one, times[one.code], known))
    ordered = sorted(by_file.values(), key=lambda one: one.code)
    return {one.code: one for one in ordered}


def _set(path: Path) -> IndicatorSet:
    content = definitions.read(path, schema.indicator_set())
    return IndicatorSet(**{**content, "entries": tuple(map(_entry, content["entries"]))})


def _entry(content: Mapping[str, Any]) -> Entry:
    lists = {key: tuple(content[key]) for key in ("indicators", "needs") if key in content}
    return Entry(**{**content, **lists})


def _of_set(one: IndicatorSet, times: int, known: Mapping[str, Indicator]) -> Iterator[Problem]:
    if times > 1:
        yield Problem(("code",), "another file has this code")
    for code, count in Counter(entry.code for entry in one.entries).items():
        if count > 1:
            yield Problem(("entries", code), f"{code} stands twice")
    for entry in one.entries:
        yield from unknown(entry.indicators, known, "indicator", ("entries", entry.code))


@dataclass(frozen=True)
class Declared:
    """What is said of an agency where no figures say it: a word of DECLARED, and the instrument that lacks."""

    state: str
    instrument: str


@dataclass(frozen=True)
class MatrixRow:
    """One line of the matrix: what is counted, for which objective and goals, from which dataset."""

    id: str
    objective: str
    goals: tuple[str, ...]
    name: Labels
    dataset: str = ""
    indicator: str = ""
    series: str = ""
    table: str = ""
    declared: Mapping[str, Declared] = field(default_factory=dict)
    also: tuple[str, ...] = ()
    unseen: Labels = field(default_factory=dict)
    comment: Labels = field(default_factory=dict)


@dataclass(frozen=True)
class MatrixDesign:
    """The matrix: agencies, with their names, are its columns."""

    agencies: Mapping[str, Labels]
    rows: tuple[MatrixRow, ...]


def matrix(path: Path | None = None) -> MatrixDesign:
    """Return the gender framework matrix. Raises InvalidDefinition."""
    path = path or MATRIX
    content = definitions.read(path, schema.matrix())
    design = MatrixDesign(content["agencies"], tuple(map(_row, content["rows"])))
    definitions.refuse(path, _of_matrix(design))
    return design


def _row(content: Mapping[str, Any]) -> MatrixRow:
    lists = {key: tuple(content[key]) for key in ("goals", "also") if key in content}
    declared = {agency: Declared(**what) for agency, what in content.get("declared", {}).items()}
    return MatrixRow(**{**content, **lists, "declared": declared})


def _of_matrix(design: MatrixDesign) -> Iterator[Problem]:
    known, published, named = sets(), datasets(), tables()
    counted = indicators()
    for row_id, count in Counter(row.id for row in design.rows).items():
        if count > 1:
            yield Problem(("rows", row_id), f"{row_id} stands twice")
    for row in design.rows:
        path = ("rows", row.id)
        yield from unknown(
            [row.objective], known[OBJECTIVES].by_code, "objective", (*path, "objective")
        )
        yield from unknown(row.goals, known[GOALS].by_code, "goal", (*path, "goals"))
        yield from unknown(row.declared, design.agencies, "agency", (*path, "declared"))
        if not row.dataset and not row.declared:
            yield Problem(path, "a row has a dataset, or says who should collect it")
        yield from _of_figures(row, published, named, counted)


def _of_figures(
    row: MatrixRow,
    published: Mapping[str, Dataset],
    named: Mapping[str, TableDesign],
    counted: Mapping[str, Indicator],
) -> Iterator[Problem]:
    path = ("rows", row.id)
    if row.dataset and row.dataset not in published:
        yield Problem((*path, "dataset"), choose(row.dataset, published, "dataset"))
        return
    if row.indicator and row.indicator not in counted:
        yield Problem((*path, "indicator"), choose(row.indicator, counted, "indicator"))
    elif row.indicator:
        series = counted[row.indicator].by_name
        if row.series not in series:
            yield Problem((*path, "series"), choose(row.series, series, "series"))
        elif series[row.series].dataset != row.dataset:
            yield Problem((*path, "series"), f"the series is of {series[row.series].dataset}")
    if row.table and (row.table not in named or named[row.table].dataset != row.dataset):
        own = [code for code, table in named.items() if table.dataset == row.dataset]
        yield Problem((*path, "table"), choose(row.table, own, f"table of {row.dataset}"))
