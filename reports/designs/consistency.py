"""Whether datasets fit the instruments whose records they count: a check at every start."""

from collections.abc import Iterator
from typing import Any

from django.core import checks

from records.instruments import reader
from records.instruments.spec import Spec
from reports.designs import datasets, tables
from reports.designs.datasets import Dataset
from standards.definitions import InvalidDefinition, Problem, choose, refuse

SAME = ("unit", "concept", "frequency")  # a dataset counts what its instrument collects


@checks.register
def definitions_fit(app_configs: Any, **_kwargs: Any) -> list[checks.Error]:
    """Read all definitions; return every problem of them as an error of the system check."""
    try:
        specs = {spec.code: spec for spec in map(reader.read, reader.paths())}
        for path in sorted(datasets.DIRECTORY.glob("*.yaml")):
            refuse(path, problems(datasets.read(path), specs))
        tables.tables()
    except InvalidDefinition as invalid:
        return [checks.Error(line, id="designs.E001") for line in invalid.lines]
    return []


def problems(dataset: Dataset, specs: dict[str, Spec]) -> Iterator[Problem]:
    """Yield where a dataset differs from its instrument."""
    spec = specs.get(dataset.instrument)
    if spec is None:
        yield Problem(("instrument",), choose(dataset.instrument, specs, "instrument"))
        return
    for key in SAME:
        if getattr(dataset, key) != getattr(spec, key):
            yield Problem((key,), f"{spec.code} says {getattr(spec, key)}")
    for source in dataset.sources:
        if source not in spec.agencies:
            yield Problem(("sources",), choose(source, spec.agencies, "agency of the instrument"))
    coded = {v.name: v.codelist for v in spec.variables if v.codelist}
    for dimension in dataset.dimensions:
        path = ("dimensions", dimension.name)
        if not dimension.variable:
            continue
        if dimension.variable not in coded:
            text = choose(dimension.variable, coded, "variable with codes")
            yield Problem((*path, "variable"), text)
        elif coded[dimension.variable] != dimension.codelist:
            text = f"{spec.code} reads it with the list {coded[dimension.variable]}"
            yield Problem((*path, "codelist"), text)
