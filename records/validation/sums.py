"""Whether the totals of a table of counts are the sums of their parts: T = F + M + O + U, and the like.

A row whose code is the total (`_T`) says how much the rows with the other codes are together. It is compared with them and
not kept. A group of a code list beside the codes below it would be counted twice, and is refused.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import pyarrow as pa

from records.instruments.spec import Spec
from records.validation.findings import Checked
from records.validation.meanings import TOTAL
from standards import codelists

if TYPE_CHECKING:
    import pandas as pd

COUNT, ROW, PERIOD = "count", "_row", "period"


@dataclass(frozen=True)
class BrokenTotal:
    """A total that is not the sum of its parts: its row in the file, what it states, what they are together."""

    row: int
    stated: int
    counted: int


class Sums:
    """Collects the cells of a table of counts, block by block."""

    def __init__(self, spec: Spec) -> None:
        self.spec = spec
        self.blocks: list[pd.DataFrame] = []

    def add(self, checked: Checked) -> None:
        """Add one block; of single records nothing is kept."""
        if not self.spec.is_counts:
            return
        names = [*self.spec.cells, PERIOD, COUNT, ROW]
        kept = checked.typed.filter(pa.array(~checked.held)).select(names).to_pandas()
        self.blocks.append(kept.astype(dict.fromkeys([*self.spec.cells, PERIOD], object)))

    @cached_property
    def cells(self) -> pd.DataFrame:
        """All rows that are not held: codes (blank where nothing is stated), period, count and row."""
        import pandas as pd  # loaded for tables of counts only

        names = [*self.spec.cells, PERIOD]
        table = pd.concat(self.blocks, ignore_index=True)
        table[names] = table[names].fillna("")
        return table

    def broken_totals(self) -> list[BrokenTotal]:
        """Return the totals that differ from the sum of their parts; a total without parts has nothing to differ from."""
        if not self.blocks:
            return []
        is_total = self.cells[list(self.spec.cells)].eq(TOTAL)
        detail = self.cells[~is_total.any(axis=1)]
        broken = []
        for pattern, totals in self.cells[is_total.any(axis=1)].groupby(
            [is_total[name] for name in self.spec.cells], sort=False
        ):
            whole = pattern if isinstance(pattern, tuple) else (pattern,)
            by = [n for n, total in zip(self.spec.cells, whole, strict=True) if not total]
            sums = detail.groupby([*by, PERIOD])[COUNT].sum()
            for total in totals.itertuples(index=False):
                fields = dict(zip(self.cells.columns, total, strict=True))
                key = tuple(fields[name] for name in [*by, PERIOD])
                counted = sums.get(key if len(key) > 1 else key[0])
                if counted is not None and counted != fields[COUNT]:
                    broken.append(BrokenTotal(int(fields[ROW]), int(fields[COUNT]), int(counted)))
        return sorted(broken, key=lambda total: total.row)

    def doubled(self) -> list[tuple[int, int]]:
        """Return the rows that are a group beside a part of it, everything else being equal: (group, part)."""
        if not self.blocks:
            return []
        return sorted({pair for name in self.spec.cells for pair in self._doubled_by(name)})

    def _doubled_by(self, name: str) -> Iterator[tuple[int, int]]:
        codes = codelists.load(self.spec.variable(name).codelist)
        present = [code for code in set(self.cells[name]) if code in codes.by_code]
        groups = {code: _parts(codes, code, present) for code in present}
        others = [n for n in [*self.spec.cells, PERIOD] if n != name]
        for code, parts in groups.items():
            if not parts:
                continue
            whole = self.cells[self.cells[name] == code]
            below = self.cells[self.cells[name].isin(parts)]
            pairs = whole.merge(below, on=others, suffixes=("_whole", "_part"))
            yield from zip(
                pairs[f"{ROW}_whole"].astype(int), pairs[f"{ROW}_part"].astype(int), strict=True
            )


def _parts(codes: codelists.CodeList, code: str, present: Sequence[str]) -> list[str]:
    """Return the codes among `present` that lie below a code."""
    return [other for other in present if code in codes.ancestors(other)]
