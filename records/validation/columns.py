"""One variable of a block as a typed column: made from the meanings of texts, written as Arrow."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from records.instruments.spec import Variable
from records.validation import parsing
from records.validation.findings import Array
from records.validation.meanings import TOTAL, Meaning
from standards import codelists

MISSING = np.iinfo(np.int32).min  # a date or number that is not there


@dataclass
class VariableColumn:
    """One variable of a block of n rows.

    values  (n,) numbers of codes (-1 where there is none), days since 1970, numbers, or texts (Arrow);
    stated  (n,) bool, where the value says something; vocabulary  the codes, of a code variable;
    exact  (n,) bool, of a date: the day is known, not only the year.
    """

    values: Array | pa.Array
    stated: Array
    vocabulary: Sequence[str] = ()
    exact: Array | None = None

    def as_arrow(self, kind: str) -> pa.Array:
        """Return the column with the Arrow type of its kind, null where nothing is stated."""
        if isinstance(self.values, pa.Array | pa.ChunkedArray):
            return pc.if_else(pa.array(self.stated), self.values, None)
        if self.vocabulary:
            places = pa.array(self.values.astype(np.int32), mask=self.values < 0)
            return pa.DictionaryArray.from_arrays(places, pa.array(self.vocabulary, pa.string()))
        nothing = ~self.stated
        if kind in ("date", "period"):
            return pa.array(self.values.astype(np.int32), mask=nothing).cast(pa.date32())
        if kind == "boolean":
            return pa.array(self.values.astype(bool), mask=nothing)
        if kind == "decimal":
            return pa.array(self.values.astype(np.float64), mask=nothing)
        return pa.array(np.where(nothing, 0, self.values).astype(np.int32), mask=nothing)


def spread(variable: Variable, meanings: Sequence[Meaning], places: Array) -> VariableColumn:
    """Spread the values of distinct texts over the rows: `places` (n,) says which text a row has."""
    values = [meaning.value for meaning in meanings]
    if variable.kind == "code":
        return _codes(variable, values, places)
    stated = np.array([value is not None for value in values])[places]
    if variable.kind in ("date", "period", "birth"):
        days = [MISSING if day is None else (day[0] - parsing.EPOCH).days for day in values]
        exact = [day is not None and day[1] == "D" for day in values]
        return VariableColumn(np.array(days)[places], stated, exact=np.array(exact)[places])
    numbers = [MISSING if number is None else number for number in values]
    return VariableColumn(np.array(numbers, dtype=np.float64)[places], stated)


def _codes(variable: Variable, codes: Sequence[str | None], places: Array) -> VariableColumn:
    vocabulary = tuple(codelists.load(variable.codelist).by_code)
    if variable.tells_cells:
        vocabulary = (*vocabulary, TOTAL)
    number_of = {code: number for number, code in enumerate(vocabulary)}
    table = np.array([-1 if code is None else number_of[code] for code in codes], dtype=np.int32)
    numbers = table[places]
    unknown = number_of.get(variable.unknown, -1)
    return VariableColumn(numbers, (numbers >= 0) & (numbers != unknown), vocabulary)


def days_or_epoch(days: Array) -> Array:
    """Return the days with 1 January 1970 where there is none, so that calendars can be asked."""
    return np.where(days == MISSING, 0, days)
