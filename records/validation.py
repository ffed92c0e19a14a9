"""The one validation engine: a table of texts and a Spec in, typed columns and findings out.

It works by column and on distinct values: each distinct text is looked up once, rules run on
vectors. A typed record is a table of one row.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import yaml

from records import codelist, parsing, rules
from records.codelist import CodeList
from records.parsing import Day
from records.spec import Spec, Variable

Labels = dict[str, str]
MESSAGES: dict[str, dict[str, str]] = yaml.safe_load(
    (Path(__file__).parent / "standards" / "messages.yaml").read_text()
)
MISSING = np.iinfo(np.int32).min  # a date or number that is not there
NUMERIC_SEX = frozenset(["0", "1", "2", "3", "9", "99"])
MONTH_LIMIT = 100_000


@dataclass(frozen=True)
class Declared:
    """What a person said about the file, so that nothing has to be guessed.

    sex_codes  number in the file -> sex code; day_first  order of day and month in dates with
    slashes; date1904  the workbook counts days from 1904; aliases  variable -> text -> code.
    """

    sex_codes: Mapping[str, str] = field(default_factory=dict)
    day_first: bool | None = None
    date1904: bool = False
    aliases: Mapping[str, Mapping[str, str]] = field(default_factory=dict)

    @classmethod
    def from_answers(cls, answers: Mapping[str, Any]) -> "Declared":
        """Read the answers to an upload's questions; those about columns are the reader's business."""
        said = answers.get("day_first")
        return cls(
            sex_codes={str(k): str(v) for k, v in dict(answers.get("sex_codes") or {}).items()},
            day_first=None if said is None else str(said).lower() in ("1", "true", "yes", "day"),
            date1904=bool(answers.get("date1904", False)),
            aliases=dict(answers.get("aliases") or {}),
        )


@dataclass(frozen=True)
class Found:
    """One rule broken in one variable: `rows` are positions in the block, `values` their texts."""

    rule: str
    severity: str
    variable: str
    rows: np.ndarray[Any, Any]
    message: Labels
    values: list[str] | None = None


@dataclass(frozen=True)
class Checked:
    """A checked block of n rows.

    typed  all rows, one column per variable (dates as date32, codes as dictionary of text), with
    birth_year, age, age_precision, period and `_row`; held  (n,) bool, rows with an error;
    new_years  how many exact birth dates are a 1 January.
    """

    typed: pa.Table
    held: np.ndarray[Any, Any]
    found: list[Found]
    new_years: int = 0


def check(rows: pa.Table, spec: Spec, *, today: date, declared: Declared | None = None) -> Checked:
    """Check one table. For many blocks of one file use a `Validator`, which remembers texts."""
    return Validator(spec, today=today, declared=declared).check(rows)


@dataclass
class Column:
    """One variable of a block: `values` are code numbers, days or numbers; `stated` where it says something."""

    values: np.ndarray[Any, Any]
    stated: np.ndarray[Any, Any]
    vocabulary: Sequence[str] = ()
    precise: np.ndarray[Any, Any] | None = None


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
        block.report_broken_rows()
        for rule in self.spec.rules:
            breaks = np.ones(block.n, dtype=bool)
            for condition in rule.when:
                breaks &= rules.holds(condition, block)
            block.report(rule.id, rule.severity, rule.variable, breaks, rule.message)
        return Checked(block.typed(), block.held, block.found, block.new_years)

    def meanings(self, variable: Variable, texts: Sequence[str]) -> list[tuple[Any, str]]:
        """Return (value, problem) of each distinct text; the value is None where there is none."""
        known = self._meanings[variable.name]
        if len(known) > MONTH_LIMIT:
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
        return [
            (None, "missing" if variable.required else "")
            if (parsing.is_blank(text) and variable.kind != "boolean") or not text.strip()
            else one(variable, text)
            for text in texts
        ]

    def _codes(self, variable: Variable, texts: Sequence[str]) -> list[tuple[Any, str]]:
        codes = codelist.load(variable.codelist)
        said = {codelist.normalise(k): v for k, v in self._said(variable).items()}
        meanings: list[tuple[Any, str]] = []
        for text, match in zip(texts, codes.match(texts, variable.codes), strict=True):
            key = codelist.normalise(text)
            if key in said:
                meanings.append((said[key], ""))
            elif not key or (match.code is None and parsing.is_blank(text)):
                meanings.append(_nothing_stated(variable))
            elif match.code is None:
                undeclared = variable.name == "sex" and key in NUMERIC_SEX
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
        self.validator, self.rows = validator, rows
        self.spec, self.today = validator.spec, validator.today
        self.n = rows.num_rows
        self.columns: dict[str, Column] = {}
        self.held = np.zeros(self.n, dtype=bool)
        self.found: list[Found] = []
        self.new_years = 0

    def read(self, variable: Variable) -> None:
        if variable.kind in ("ref", "key"):
            self._read_text(variable)
            return
        coded = _coded(self.rows, variable.name)
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
        days = birth.values if birth else np.full(n, MISSING, dtype=np.int64)
        exact = birth.precise if birth and birth.precise is not None else np.zeros(n, dtype=bool)
        both = stated & (event != MISSING)
        ages = np.where(both, _completed_years(days, event, exact), MISSING)
        told = self.columns.get("age")
        if told is not None:  # a file may give the age instead of, or beside, the birth date
            use = told.stated & ~(both & exact)
            ages = np.where(use, told.values, ages)
        years = np.where(stated, _year(days), MISSING)
        self.columns["birth_year"] = Column(years, years != MISSING)
        self.columns["age"] = Column(ages, ages != MISSING)
        self.new_years = int(((_day_of_year(_days(days)) == 0) & both & exact).sum())
        precision = np.where(both & exact, 0, np.where(ages != MISSING, 1, 2))
        self.columns["age_precision"] = Column(precision, precision < 2, ("D", "Y", "_"))

    def report_broken_rows(self) -> None:
        """Hold rows that have more cells than there are headers: nobody knows which is which."""
        if "_broken" in self.rows.column_names:
            broken = self.rows["_broken"].to_numpy()
            message = {lang: MESSAGES["row_width"][lang] for lang in codelist.LANGUAGES}
            self.report("row.width", "error", "record_ref", broken, message)

    def report(
        self, rule: str, severity: str, variable: str, breaks: np.ndarray[Any, Any], message: Labels
    ) -> None:
        where = np.flatnonzero(breaks)
        if not len(where):
            return
        if severity == "error":
            self.held |= breaks
        self.found.append(
            Found(rule, severity, variable, where, message, self._texts_at(variable, where))
        )

    def typed(self) -> pa.Table:
        columns = {name: self._arrow(name) for name in self.columns if name in self._kept}
        columns["period"] = self._periods()
        columns["_row"] = self.rows["_row"]
        return pa.table(columns)

    def codes(self, name: str) -> tuple[np.ndarray[Any, Any], Sequence[str]]:
        return self.columns[name].values, self.columns[name].vocabulary

    def numbers(self, name: str) -> rules.Numbers:
        column = self.columns[name]
        return np.where(column.stated, column.values, np.nan).astype(np.float64)

    def texts(self, name: str) -> pa.Array:
        return (
            _whole(self.rows[name])
            if name in self.rows.column_names
            else pa.nulls(self.n, pa.string())
        )

    def given(self, name: str) -> rules.Mask:
        return self.columns[name].stated

    @cached_property
    def _kept(self) -> frozenset[str]:
        births = {v.name for v in self.spec.variables if v.kind == "birth"}
        return frozenset(self.columns) - births

    def _read_text(self, variable: Variable) -> None:
        texts = pc.utf8_trim_whitespace(pc.fill_null(self.texts(variable.name), ""))
        lengths = pc.utf8_length(texts).to_numpy(zero_copy_only=False)
        self.columns[variable.name] = Column(texts, lengths > 0)
        label = variable.label
        if variable.required:
            self.report(
                *_automatic(variable, "missing", label), lengths == 0, _message("missing", label)
            )
        limit = int(variable.high or 40)
        self.report(
            *_automatic(variable, "too_long", label), lengths > limit, _message("too_long", label)
        )

    def _report_problems(
        self,
        variable: Variable,
        problems: list[str],
        indices: np.ndarray[Any, Any],
        present: bool,
    ) -> None:
        for problem in dict.fromkeys(filter(None, problems)):
            if problem == "not_stated" and not present:
                continue  # a column that is not there is a question of the file, not of each row
            table = np.array([p == problem for p in problems])
            rule, severity, name = _automatic(variable, problem, variable.label)
            message = _message(problem, variable.label)
            self.report(rule, severity, name, table[indices], message)

    def _texts_at(self, variable: str, where: np.ndarray[Any, Any]) -> list[str] | None:
        if variable not in self.rows.column_names:
            return None
        found: list[str] = _whole(self.rows[variable].take(pa.array(where))).to_pylist()
        return found

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


def _vector(variable: Variable, values: list[Any], indices: np.ndarray[Any, Any]) -> Column:
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
        days = np.array([MISSING if v is None else (v[0] - rules.EPOCH).days for v in values])
        exact = np.array([v is not None and v[1] == "D" for v in values])
        return Column(days[indices], stated, precise=exact[indices])
    numbers = np.array([MISSING if v is None else v for v in values], dtype=np.float64)
    return Column(numbers[indices], stated)


def _nothing_stated(variable: Variable) -> tuple[Any, str]:
    if variable.unknown:
        return variable.unknown, "not_stated" if variable.name == "sex" else ""
    return None, "missing" if variable.required else ""


def _coded(rows: pa.Table, name: str) -> pa.DictionaryArray:
    if name not in rows.column_names:
        nothing = pa.nulls(rows.num_rows, pa.int32())
        return pa.DictionaryArray.from_arrays(nothing, pa.array([], pa.string()))
    column = rows[name]
    if not pa.types.is_dictionary(column.type):
        return _combined(column.cast(pa.string())).dictionary_encode()
    return _combined(column.unify_dictionaries() if column.num_chunks > 1 else column)


def _combined(column: pa.ChunkedArray) -> pa.Array:
    combined = column.combine_chunks()
    if isinstance(combined, pa.ChunkedArray):
        return combined.chunk(0) if combined.num_chunks else pa.array([], column.type)
    return combined


def _whole(column: pa.ChunkedArray) -> pa.Array:
    return _combined(column.cast(pa.string()))


def _automatic(variable: Variable, problem: str, _label: Labels) -> tuple[str, str, str]:
    return f"{variable.name}.{problem}", MESSAGES[problem]["severity"], variable.name


def _message(problem: str, label: Labels) -> Labels:
    texts = MESSAGES[problem]
    return {
        lang: texts[lang].format(label=label.get(lang) or label["en"])
        for lang in codelist.LANGUAGES
    }


def _year(days: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    return _days(days).astype("M8[Y]").astype(int) + 1970


def _days(values: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    return np.where(values == MISSING, 0, values).astype("M8[D]")


def _completed_years(
    birth: np.ndarray[Any, Any], event: np.ndarray[Any, Any], exact: np.ndarray[Any, Any]
) -> np.ndarray[Any, Any]:
    """Age in completed years; where only the year of birth is known, the difference of the years."""
    one, two = _days(birth), _days(event)
    years = two.astype("M8[Y]").astype(int) - one.astype("M8[Y]").astype(int)
    before = _day_of_year(two) < _day_of_year(one)
    return np.asarray(years - (before & exact))


def _day_of_year(days: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    """Month and day as one number that orders within a year."""
    months = days.astype("M8[M]")
    return (months.astype(int) % 12) * 32 + (days - months).astype(int)
