"""What is found in the blocks of a file while it is checked."""

from collections import Counter
from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from records.collection.findings_by_cause import FindingsByCause
from records.collection.unknown_words import UnknownWords
from records.instruments.spec import Spec
from records.validation.findings import Checked
from records.validation.sums import Sums
from records.validation.whole_file import WholeFileChecks
from standards.spelling import normalise


@dataclass
class CheckedFile:
    """What was found in the blocks of a file so far; `cells` as in `FindingsByCause`."""

    spec: Spec
    cells: dict[str, str]
    whole_file: WholeFileChecks = field(init=False)
    causes: FindingsByCause = field(init=False)
    sums: Sums = field(init=False)
    words: UnknownWords = field(init=False)
    sexes: Counter[str] = field(default_factory=Counter)  # single letters in the column of sex
    by_sex: Counter[str] = field(
        default_factory=Counter
    )  # code -> rows, or counts, also of held ones
    rows: int = 0
    totals: int = 0  # rows of counts that are totals of others
    states_currency: bool = False

    def __post_init__(self) -> None:
        self.whole_file, self.sums = WholeFileChecks(self.spec), Sums(self.spec)
        self.causes = FindingsByCause(self.cells)
        self.words = UnknownWords(self.spec, self.cells)

    def add_sexes(self, block: pa.Table) -> None:
        """Count the single letters in the column of sex, before anything is made of them."""
        if "sex" not in block.column_names:
            return
        for counted in pc.value_counts(block["sex"].combine_chunks().cast(pa.string())).to_pylist():
            key = normalise(counted["values"] or "")
            if len(key) == 1 and key.isalpha():
                self.sexes[key] += counted["counts"]

    def add(self, checked: Checked) -> None:
        self.whole_file.add(checked)
        self.causes.add(checked)
        self.words.add(checked)
        self.sums.add(checked)
        self.totals += int(checked.totals.sum())
        self._add_by_sex(checked)
        self.rows += checked.typed.num_rows
        for name in self.spec.amount_of_currency:
            currencies = checked.typed[name]
            self.states_currency |= currencies.null_count < len(currencies)

    def _add_by_sex(self, checked: Checked) -> None:
        """Count the rows, or add up the counts, by sex; totals of others are left out."""
        typed = checked.typed
        if len(checked.totals):
            typed = typed.filter(pa.array(~checked.totals))
        ones = pa.array(np.ones(typed.num_rows, dtype=np.int64))
        counts = pc.fill_null(typed["count"], 0) if self.spec.is_counts else ones
        sexes = pa.table({"sex": typed["sex"].cast(pa.string()), "count": counts})
        for row in sexes.group_by("sex").aggregate([("count", "sum")]).to_pylist():
            self.by_sex[row["sex"] or ""] += int(row["count_sum"] or 0)
