"""Whether datasets fit the instruments whose records they count: a check at every start."""

from collections.abc import Iterator, Mapping

from django.core import checks

from records.instruments import gender_identity, reader
from records.instruments.spec import Spec
from reports.designs import datasets, frameworks, indicators, tables
from reports.designs.datasets import Dataset
from reports.designs.dimensions import DimensionDesign
from standards import codelists
from standards.definitions import InvalidDefinition, Problem, choose, refuse, unknown

SAME = ("unit", "concept", "frequency")  # a dataset counts what its instrument collects


def definitions_fit() -> list[checks.Error]:
    """Read all definitions; return every problem of them as an error of the system check."""
    try:
        specs = {spec.code: spec for spec in map(reader.read, reader.paths())}
        for path in sorted(datasets.DIRECTORY.glob("*.yaml")):
            refuse(path, problems(datasets.read(path), specs))
        tables.tables()
        indicators.indicators()
        indicators.unseen()
        frameworks.matrix()
    except InvalidDefinition as invalid:
        return [checks.Error(line, id="designs.E001") for line in invalid.lines]
    return []


def problems(dataset: Dataset, specs: dict[str, Spec]) -> Iterator[Problem]:
    """Yield where a dataset differs from its instrument."""
    spec = specs.get(dataset.instrument)
    if spec is None:
        yield Problem(("instrument",), choose(dataset.instrument, specs, "instrument"))
        return
    if gender_identity.NAME in {*dataset.records, *(d.variable for d in dataset.dimensions)}:
        yield Problem(("dimensions",), f"{gender_identity.NAME} stands in no table")
    for key in SAME if dataset.measure == "count" else SAME[1:]:  # an amount has a unit of its own
        if getattr(dataset, key) != getattr(spec, key):
            yield Problem((key,), f"{spec.code} says {getattr(spec, key)}")
    yield from _of_counted(dataset, spec)
    yield from unknown(dataset.sources, spec.agencies, "agency of the instrument", ("sources",))
    coded = {v.name: v.codelist for v in spec.variables if v.codelist}
    for dimension in (d for d in dataset.dimensions if d.amounts):
        yield from _of_amounts(dimension, spec, coded)
    for dimension in (d for d in dataset.dimensions if d.variable and not d.amounts):
        path, variable = ("dimensions", dimension.name), dimension.variable
        yield from unknown([variable], coded, "variable with codes", (*path, "variable"))
        if coded.get(variable, dimension.codelist) != dimension.codelist:
            yield Problem((*path, "codelist"), f"{spec.code} reads it with {coded[variable]}")


def _of_counted(dataset: Dataset, spec: Spec) -> Iterator[Problem]:
    """What is counted is a number of the instrument, and of the records those that it can tell apart."""
    if dataset.measure != "count":
        numbers = [v.name for v in spec.variables if spec.is_counts and v.kind == "decimal"]
        yield from unknown([dataset.measure], numbers, "amount of counts", ("measure",))
    for name, codes in dataset.records.items():
        known = {v.name: v for v in spec.variables if v.codelist}
        yield from unknown([name], known, "variable with codes", ("records",))
        if name in known:
            accepted = [code.code for code in known[name].accepted]
            yield from unknown(codes, accepted, "code", ("records", name))


def _of_amounts(
    dimension: DimensionDesign, spec: Spec, coded: Mapping[str, str]
) -> Iterator[Problem]:
    """Amounts are numbers of the instrument, and their unit is one that it knows."""
    path, design = ("dimensions", dimension.name), dimension.amounts
    if design is None:
        return
    numbers = [v.name for v in spec.variables if v.kind in ("decimal", "integer")]
    yield from unknown([dimension.variable], numbers, "number", (*path, "variable"))
    if design.unit_variable:
        says = design.unit_variable
        yield from unknown([says], coded, "variable with codes", (*path, "unit_variable"))
        if says in coded:
            units = codelists.load(coded[says]).by_code
            yield from unknown([design.unit], units, "code", (*path, "unit"))
