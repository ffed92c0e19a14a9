"""The one validation engine: a table of texts and a Spec in, typed columns and findings out.

It works by column and on distinct values: each distinct text is looked up once, rules run on
vectors. A typed record is a table of one row.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from records import codelist, parsing, rules
from records.codelist import CodeList, Labels
from records.parsing import Day
from records.spec import Spec, Variable

MISSING = np.iinfo(np.int32).min  # a date or number that is not there
REMEMBERED = 100_000  # distinct texts of one variable
KEY = r"^[0-9a-f]{64}$"  # what `identity` makes
UNPRINTABLE = r"[\p{Cc}\p{Cf}]"  # control and direction characters: in a number they only deceive
Array = np.ndarray[Any, Any]


@dataclass(frozen=True)
class Declared:
    """What a person said about the file, so that nothing has to be guessed.

    sex_codes  number or letter in the file -> sex code; day_first  order of day and month in dates with
    slashes; date1904  the workbook counts days from 1904; aliases  variable -> text -> code.
    """

    sex_codes: Mapping[str, str] = field(default_factory=dict)
    day_first: bool | None = None
    date1904: bool = False
    aliases: Mapping[str, Mapping[str, str]] = field(default_factory=dict)

    @classmethod
    def from_answers(
        cls, answers: Mapping[str, Any], letters: Mapping[str, str] | None = None
    ) -> "Declared":
        """Read the answers to an upload's questions; those about columns are the reader's business.

        `letters` are single letters of sex that the file itself explains; an answer goes before them.
        """
        said = answers.get("day_first")
        codes = {**(letters or {}), **dict(answers.get("sex_codes") or {})}
        return cls(
            sex_codes={str(k): str(v) for k, v in codes.items()},
            day_first=None if said is None else str(said).lower() in ("1", "true", "yes", "day"),
            date1904=bool(answers.get("date1904", False)),
            aliases=dict(answers.get("aliases") or {}),
        )


@dataclass(frozen=True)
class Found:
    """One rule broken in one variable: `rows` are positions in the block, `values` their texts (Arrow)."""

    rule: str
    severity: str
    variable: str
    rows: Array
    message: Labels
    values: pa.Array | None = None


@dataclass(frozen=True)
class Checked:
    """A checked block of n rows.

    typed  all rows, one column per variable (dates as date32, codes as dictionary of text), with
    birth_year, age, age_precision, period and `_row`; held  (n,) bool, rows with an error;
    new_years  how many exact birth dates are a 1 January; hidden  variable -> (n,) bool, texts that
    may name a person and must not be kept.
    """

    typed: pa.Table
    held: Array
    found: list[Found]
    new_years: int = 0
    hidden: Mapping[str, Array] = field(default_factory=dict)


def check(rows: pa.Table, spec: Spec, *, today: date, declared: Declared | None = None) -> Checked:
    """Check one table. For many blocks of one file use a `Validator`, which remembers texts."""
    return Validator(spec, today=today, declared=declared).check(rows)


@dataclass
class Column:
    """One variable of a block: `values` are code numbers, days or numbers; `stated` where it says something."""

    values: Array
    stated: Array
    vocabulary: Sequence[str] = ()
    precise: Array | None = None


class Validator:
    """Checks the blocks of one file; what a distinct text means is worked out once."""

    def __init__(self, spec: Spec, *, today: date, declared: Declared | None = None) -> None:
        self.spec, self.today = spec, today
        self.declared = declared or Declared()
        self._meanings: dict[str, dict[str, tuple[Any, str]]] = {v.name: {} for v in spec.variables}

    def check(self, rows: pa.Table) -> Checked:
        """Check a block: text (or dictionary) columns named by variable, and `_row` (int32)."""
        block = Block(self, rows)
        for variable in self.spec.variables:
            block.read(variable)
        block.derive()
        for rule in self.spec.rules:
            breaks = np.ones(block.n, dtype=bool)
            for condition in rule.when:
                breaks &= rules.holds(condition, block)
            block.report(rule.id, rule.severity, rule.variable, breaks, rule.message, rule.private)
        block.report_broken_rows()
        return Checked(block.typed(), block.held, block.found, block.new_years, block.hidden)

    def meanings(self, variable: Variable, texts: Sequence[str]) -> list[tuple[Any, str]]:
        """Return (value, problem) of each distinct text; the value is None where there is none."""
        known = self._meanings[variable.name]
        if len(known) > REMEMBERED:
            known.clear()
        fresh = [text for text in texts if text not in known]
        if fresh:
            known.update(zip(fresh, self._read(variable, fresh), strict=True))
        return [known[text] for text in texts]

    def _read(self, variable: Variable, texts: Sequence[str]) -> list[tuple[Any, str]]:
        if variable.kind == "code":
            return self._codes(variable, texts)
        one = {
            "date": self._date,
            "birth": self._date,
            "integer": self._number,
            "decimal": self._number,
            "boolean": self._boolean,
        }[variable.kind]
        nothing = (None, "missing" if variable.required else "")
        return [
            nothing if parsing.says_nothing(text, variable.kind) else one(variable, text)
            for text in texts
        ]

    def _codes(self, variable: Variable, texts: Sequence[str]) -> list[tuple[Any, str]]:
        codes = codelist.load(variable.codelist)
        said = {codelist.normalise(k): v for k, v in self._said(variable).items()}
        meanings: list[tuple[Any, str]] = []
        for text, match in zip(texts, codes.match(texts, variable.codes), strict=True):
            key = codelist.normalise(text)
            if said.get(key) in codes.by_code:
                meanings.append((said[key], ""))
            elif not key or (match.code is None and parsing.is_blank(text)):
                meanings.append(_nothing_stated(variable))
            elif match.code is None:
                undeclared = variable.name == "sex" and key in codelist.undeclared_sexes()
                meanings.append(
                    (None, "undeclared" if undeclared else match.note or "unknown_text")
                )
            else:
                meanings.append((match.code, "look_alike" if match.level == 3 else ""))
        return meanings

    def _said(self, variable: Variable) -> Mapping[str, str]:
        aliases = dict(self.declared.aliases.get(variable.name, {}))
        return {**aliases, **self.declared.sex_codes} if variable.name == "sex" else aliases

    def _date(self, variable: Variable, text: str) -> tuple[Any, str]:
        day: Day = parsing.parse_date(
            text,
            day_first=self.declared.day_first,
            date1904=self.declared.date1904,
            pivot=self.today.year,
            birth=variable.kind == "birth",
        )
        return (None, day.problem) if day.day is None else ((day.day, day.precision), "")

    def _number(self, variable: Variable, text: str) -> tuple[Any, str]:
        read = parsing.parse_integer if variable.kind == "integer" else parsing.parse_number
        number = read(text)
        if number is None:
            return None, "not_a_number"
        low, high = variable.low, variable.high
        if (low is not None and number < low) or (high is not None and number > high):
            return None, "out_of_range"
        return number, ""

    def _boolean(self, _variable: Variable, text: str) -> tuple[Any, str]:
        answer = parsing.parse_boolean(text)
        return (None, "not_yes_or_no") if answer is None else (answer, "")


class Block:
    """The rows of one call of `check`, as columns; a `rules.View`."""

    def __init__(self, validator: Validator, rows: pa.Table) -> None:
        self.validator, self.rows = validator, rows.combine_chunks()
        self.spec, self.today = validator.spec, validator.today
        self.n = rows.num_rows
        self.columns: dict[str, Column] = {}
        self.held = np.zeros(self.n, dtype=bool)
        self.broken = self.held.copy()  # rows without cells: nothing else is said of them
        if "_broken" in rows.column_names:
            self.broken = rows["_broken"].to_numpy()
        self.found: list[Found] = []
        self.hidden: dict[str, Array] = {}
        self.new_years = 0

    def read(self, variable: Variable) -> None:
        if variable.kind in ("ref", "key"):
            self._read_text(variable)
            return
        coded = self._coded(variable.name)
        texts = ["" if t is None else t for t in coded.dictionary.to_pylist()]
        meanings = self.validator.meanings(variable, [*texts, ""])
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
        self.columns["birth_year"] = Column(years, years != MISSING)
        self.columns["age"] = Column(ages, ages != MISSING)
        self.new_years = int(((parsing.day_of_year(_days(birth_days)) == 0) & both & exact).sum())
        precision = np.where(both & exact, 0, np.where(ages != MISSING, 1, 2))
        self.columns["age_precision"] = Column(precision, precision < 2, ("D", "Y", "_"))

    def report_broken_rows(self) -> None:
        """Hold rows of another width than the headers: nobody knows which cell is which."""
        broken, self.broken = self.broken, np.zeros(self.n, dtype=bool)
        message = codelist.say(codelist.standard("messages")["row_width"])
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
        self.found.append(Found(rule, severity, variable, where, message, texts))

    def report_problem(self, variable: Variable, problem: str, breaks: Array) -> None:
        """Note what the engine says by itself of a variable, whatever the instrument."""
        texts = codelist.standard("messages")[problem]
        message = codelist.say(texts, variable.label)
        rule, severity = f"{variable.name}.{problem}", texts["severity"]
        self.report(rule, severity, variable.name, breaks, message, variable.private)

    def typed(self) -> pa.Table:
        columns = {name: self._arrow(name) for name in self.columns if name in self._kept}
        columns["period"] = self._periods()
        columns["_row"] = self.rows["_row"]
        return pa.table(columns)

    def codes(self, name: str) -> tuple[Array, Sequence[str]]:
        return self.columns[name].values, self.columns[name].vocabulary

    def numbers(self, name: str) -> rules.Numbers:
        column = self.columns[name]
        return np.where(column.stated, column.values, np.nan).astype(np.float64)

    def texts(self, name: str) -> pa.Array:
        return self._column(name).cast(pa.string())

    def written(self, name: str) -> tuple[Array, Sequence[str]]:
        coded = self._coded(name)
        places = pc.fill_null(coded.indices, -1).to_numpy(zero_copy_only=False)
        return places, [codelist.normalise(text) for text in coded.dictionary.to_pylist()]

    def given(self, name: str) -> rules.Mask:
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
        self.columns[variable.name] = Column(texts, lengths > 0)
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


def _vector(variable: Variable, values: list[Any], indices: Array) -> Column:
    """Spread the values of the distinct texts over the rows."""
    if variable.kind == "code":
        codes: CodeList = codelist.load(variable.codelist)
        vocabulary = tuple(codes.by_code)
        place = {code: k for k, code in enumerate(vocabulary)}
        table = np.array([-1 if v is None else place[v] for v in values], dtype=np.int32)
        unknown = place.get(variable.unknown, -1)
        found = table[indices]
        return Column(found, (found >= 0) & (found != unknown), vocabulary)
    stated = np.array([v is not None for v in values])[indices]
    if variable.kind in ("date", "birth"):
        days = np.array([MISSING if v is None else (v[0] - parsing.EPOCH).days for v in values])
        exact = np.array([v is not None and v[1] == "D" for v in values])
        return Column(days[indices], stated, precise=exact[indices])
    numbers = np.array([MISSING if v is None else v for v in values], dtype=np.float64)
    return Column(numbers[indices], stated)


def _nothing_stated(variable: Variable) -> tuple[Any, str]:
    if variable.unknown:
        return variable.unknown, "not_stated" if variable.name == "sex" else ""
    return None, "missing" if variable.required else ""


def _days(values: Array) -> Array:
    return np.where(values == MISSING, 0, values)
