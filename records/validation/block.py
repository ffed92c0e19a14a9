"""The rows of one block as columns, read variable by variable; what the conditions of rules look at."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from records.instruments.spec import Spec, Variable
from records.validation import conditions, parsing
from records.validation.findings import Array, Finding
from records.validation.meanings import Meanings
from standards import codelists, languages, spelling
from standards.codelists import CodeList
from standards.languages import Labels

MISSING = np.iinfo(np.int32).min  # a date or number that is not there
KEY = r"^[0-9a-f]{64}$"  # what `identity` makes
UNPRINTABLE = r"[\p{Cc}\p{Cf}]"  # control and direction characters: in a number they only deceive


@dataclass
class VariableColumn:
    """One variable of a block: `values` are code numbers, days or numbers; `stated` where it says something."""

    values: Array
    stated: Array
    vocabulary: Sequence[str] = ()
    precise: Array | None = None


class RecordBlock:
    """The rows of one call of `check`, as columns; a `conditions.View`."""

    def __init__(self, spec: Spec, meanings: Meanings, rows: pa.Table) -> None:
        self.spec, self.meanings, self.today = spec, meanings, meanings.today
        self.rows = rows.combine_chunks()
        self.n = rows.num_rows
        self.columns: dict[str, VariableColumn] = {}
        self.held = np.zeros(self.n, dtype=bool)
        self.broken = self.held.copy()  # rows without cells: nothing else is said of them
        if "_broken" in rows.column_names:
            self.broken = rows["_broken"].to_numpy()
        self.findings: list[Finding] = []
        self.hidden: dict[str, Array] = {}
        self.new_years = 0

    def read(self, variable: Variable) -> None:
        if variable.kind in ("ref", "key"):
            self._read_text(variable)
            return
        coded = self._coded(variable.name)
        texts = ["" if t is None else t for t in coded.dictionary.to_pylist()]
        meanings = self.meanings.of(variable, [*texts, ""])
        indices = pc.fill_null(coded.indices, len(texts)).to_numpy(zero_copy_only=False)
        self.columns[variable.name] = _vector(variable, [m[0] for m in meanings], indices)
        present = variable.name in self.rows.column_names
        self._report_problems(variable, [m[1] for m in meanings], indices, present)

    def derive(self) -> None:
        """Work out year of birth, age at the event in completed years, and how precise it is."""
        event = self.columns["event_date"].values
        birth = next((self.columns[v.name] for v in self.spec.variables if v.kind == "birth"), None)
        n = self.n
        stated = birth.stated if birth else np.zeros(n, dtype=bool)
        birth_days = birth.values if birth else np.full(n, MISSING, dtype=np.int64)
        exact = birth.precise if birth and birth.precise is not None else np.zeros(n, dtype=bool)
        both = stated & (event != MISSING)
        ages = np.where(
            both, parsing.completed_years(_days(birth_days), _days(event), exact), MISSING
        )
        told = self.columns.get("age")
        if told is not None:  # a file may give the age instead of, or beside, the birth date
            use = told.stated & ~(both & exact)
            ages = np.where(use, told.values, ages)
        years = np.where(stated, parsing.year_of(_days(birth_days)), MISSING)
        self.columns["birth_year"] = VariableColumn(years, years != MISSING)
        self.columns["age"] = VariableColumn(ages, ages != MISSING)
        self.new_years = int(((parsing.day_of_year(_days(birth_days)) == 0) & both & exact).sum())
        precision = np.where(both & exact, 0, np.where(ages != MISSING, 1, 2))
        self.columns["age_precision"] = VariableColumn(precision, precision < 2, ("D", "Y", "_"))

    def report_broken_rows(self) -> None:
        """Hold rows of another width than the headers: nobody knows which cell is which."""
        broken, self.broken = self.broken, np.zeros(self.n, dtype=bool)
        message = languages.say(codelists.standard("messages")["row_width"])
        self.report("row.width", "error", "record_ref", broken, message)

    def report(
        self,
        rule: str,
        severity: str,
        variable: str,
        breaks: Array,
        message: Labels,
        private: bool = False,
    ) -> None:
        """Note a broken rule; an error holds its rows. The texts of a private one are hidden."""
        where = np.flatnonzero(breaks & ~self.broken)
        if not len(where):
            return
        if severity == "error":
            self.held[where] = True
        if private:
            self.hidden[variable] = self.hidden.get(variable, False) | breaks
        texts = None if private else self._texts_at(variable, where)
        self.findings.append(Finding(rule, severity, variable, where, message, texts))

    def report_problem(self, variable: Variable, problem: str, breaks: Array) -> None:
        """Note what the engine says by itself of a variable, whatever the instrument.

        A problem that speaks of a code (`suggested:UZB`) is a cause of its own for each code.
        """
        name, _, code = problem.partition(":")
        texts = codelists.standard("messages")[name]
        if code:
            labels = codelists.load(variable.codelist).by_code[code].labels
            texts = texts | {lang: texts[lang].replace("{code}", labels[lang]) for lang in labels}
        message = languages.say(texts, variable.label)
        rule = ".".join(filter(None, (variable.name, name, code)))
        self.report(rule, texts["severity"], variable.name, breaks, message, variable.private)

    def typed(self) -> pa.Table:
        columns = {name: self._arrow(name) for name in self.columns if name in self._kept}
        columns["period"] = self._periods()
        columns["_row"] = self.rows["_row"]
        return pa.table(columns)

    def codes(self, name: str) -> tuple[Array, Sequence[str]]:
        return self.columns[name].values, self.columns[name].vocabulary

    def numbers(self, name: str) -> conditions.Numbers:
        column = self.columns[name]
        return np.where(column.stated, column.values, np.nan).astype(np.float64)

    def texts(self, name: str) -> pa.Array:
        return self._column(name).cast(pa.string())

    def written(self, name: str) -> tuple[Array, Sequence[str]]:
        coded = self._coded(name)
        places = pc.fill_null(coded.indices, -1).to_numpy(zero_copy_only=False)
        return places, [spelling.normalise(text) for text in coded.dictionary.to_pylist()]

    def given(self, name: str) -> conditions.Mask:
        return self.columns[name].stated

    @cached_property
    def _kept(self) -> frozenset[str]:
        births = {v.name for v in self.spec.variables if v.kind == "birth"}
        return frozenset(self.columns) - births

    def _column(self, name: str) -> pa.Array:
        if name not in self.rows.column_names:
            return pa.nulls(self.n, pa.string())
        chunks = self.rows[name].chunks  # one, or none in a block without rows
        return chunks[0] if chunks else pa.array([], self.rows[name].type)

    def _coded(self, name: str) -> pa.DictionaryArray:
        column = self._column(name)
        return column if isinstance(column, pa.DictionaryArray) else column.dictionary_encode()

    def _read_text(self, variable: Variable) -> None:
        texts = pc.utf8_trim_whitespace(pc.fill_null(self.texts(variable.name), ""))
        lengths = pc.utf8_length(texts).to_numpy(zero_copy_only=False)
        self.columns[variable.name] = VariableColumn(texts, lengths > 0)
        if variable.required:
            self.report_problem(variable, "missing", lengths == 0)
        if variable.kind == "key":
            other = pc.invert(pc.match_substring_regex(texts, KEY))
            self.report_problem(variable, "not_a_key", (lengths > 0) & np.asarray(other))
        else:
            odd = pc.match_substring_regex(texts, UNPRINTABLE)
            self.report_problem(variable, "unprintable", np.asarray(odd))
            self.report_problem(variable, "too_long", lengths > int(variable.high or 40))

    def _report_problems(
        self, variable: Variable, problems: list[str], indices: Array, present: bool
    ) -> None:
        for problem in dict.fromkeys(filter(None, problems)):
            if problem == "not_stated" and not present:
                continue  # a column that is not there is a question of the file, not of each row
            table = np.array([p == problem for p in problems])
            self.report_problem(variable, problem, table[indices])

    def _texts_at(self, variable: str, where: Array) -> pa.Array | None:
        if variable not in self.rows.column_names:
            return None
        return self._column(variable).take(pa.array(where)).cast(pa.string())

    def _arrow(self, name: str) -> pa.Array:
        column = self.columns[name]
        if isinstance(column.values, pa.Array | pa.ChunkedArray):
            return pc.if_else(pa.array(column.stated), column.values, None)
        if column.vocabulary:
            numbers = pa.array(column.values.astype(np.int32), mask=column.values < 0)
            return pa.DictionaryArray.from_arrays(numbers, pa.array(column.vocabulary, pa.string()))
        variable = self.spec.by_name.get(name)
        mask = ~column.stated
        if variable and variable.kind == "date":
            return pa.array(column.values.astype(np.int32), mask=mask).cast(pa.date32())
        if variable and variable.kind == "boolean":
            return pa.array(column.values.astype(bool), mask=mask)
        if variable and variable.kind == "decimal":
            return pa.array(column.values.astype(np.float64), mask=mask)
        return pa.array(np.where(mask, 0, column.values).astype(np.int32), mask=mask)

    def _periods(self) -> pa.Array:
        event = self.columns["event_date"]
        months = np.where(event.stated, event.values, 0).astype("M8[D]").astype("M8[M]").astype(int)
        distinct, indices = np.unique(months, return_inverse=True)
        names = [
            self.spec.period_of(date(1970 + m // 12, m % 12 + 1, 1)) for m in distinct.tolist()
        ]
        numbers = pa.array(indices.astype(np.int32), mask=~event.stated)
        return pa.DictionaryArray.from_arrays(numbers, pa.array(names, pa.string()))


def _vector(variable: Variable, values: list[Any], indices: Array) -> VariableColumn:
    """Spread the values of the distinct texts over the rows."""
    if variable.kind == "code":
        codes: CodeList = codelists.load(variable.codelist)
        vocabulary = tuple(codes.by_code)
        place = {code: k for k, code in enumerate(vocabulary)}
        table = np.array([-1 if v is None else place[v] for v in values], dtype=np.int32)
        unknown = place.get(variable.unknown, -1)
        found = table[indices]
        return VariableColumn(found, (found >= 0) & (found != unknown), vocabulary)
    stated = np.array([v is not None for v in values])[indices]
    if variable.kind in ("date", "birth"):
        days = np.array([MISSING if v is None else (v[0] - parsing.EPOCH).days for v in values])
        exact = np.array([v is not None and v[1] == "D" for v in values])
        return VariableColumn(days[indices], stated, precise=exact[indices])
    numbers = np.array([MISSING if v is None else v for v in values], dtype=np.float64)
    return VariableColumn(numbers[indices], stated)


def _days(values: Array) -> Array:
    return np.where(values == MISSING, 0, values)
