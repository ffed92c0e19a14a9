"""The exact cube of a dataset: slices added up."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pyarrow as pa
from django.db.models import QuerySet
from django.utils.translation import gettext as _

from agencies.refusal import Refused
from reports.designs.datasets import Dataset
from reports.exact import cube, slices
from reports.models import Slice
from reports.published.structure import TIME

Integers = np.ndarray[Any, np.dtype[np.int64]]
COUNT = "records"


def add_up(tables: Sequence[pa.Table], names: Sequence[str]) -> pa.Table:
    """Return the sums of the cells of several slices: one row per cell, ordered by its codes."""
    import duckdb  # loaded where cells are added up

    columns = ", ".join(f'"{name}"' for name in names)
    cells = pa.concat_tables([t.select([*names, COUNT]) for t in tables])
    with duckdb.connect() as engine:
        engine.register("cells", cells)
        return engine.sql(
            f"SELECT {columns}, CAST(sum({COUNT}) AS BIGINT) AS {COUNT} FROM cells"
            f" GROUP BY {columns} ORDER BY {columns}"
        ).to_arrow_table()


def periods_of(cells: pa.Table) -> list[str]:
    """Return the periods of the cells, oldest first."""
    return sorted(set(cells[TIME].to_pylist()))


def counts(cells: pa.Table, name: str = COUNT) -> Integers:
    """Return the (n,) numbers of a column."""
    return cells[name].to_numpy().astype(np.int64)


def slices_in_force(dataset: Dataset) -> QuerySet[Slice]:
    """Return the newest slice of every submission; it stays in force until the next acceptance."""
    return (
        Slice.objects.filter(dataset=dataset.code)
        .select_related("submission__agency")
        .order_by("submission_id", "-version")
        .distinct("submission_id")
    )


def exact_of(dataset: Dataset) -> pa.Table:
    """Return the exact cube of everything accepted. Only for those who may tabulate; audited by callers.

    Raises `Refused`, and `GaveUp` where a slice cannot be read.
    """
    cells = [slices.cells_of(s, dataset) for s in slices_in_force(dataset)]
    if not cells:
        raise Refused(_("Nothing is accepted yet."))
    return cube.add_up(cells, [dimension.name for dimension in dataset.recorded])
