"""The rows of one block as columns, read variable by variable; what the conditions of rules look at."""

import hashlib
import re
from collections.abc import Sequence
from dataclasses import replace
from datetime import date, timedelta

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from records.instruments.spec import Rule, Spec, Variable
from records.validation import conditions, parsing, personal
from records.validation.columns import MISSING, VariableColumn, days_or_epoch, spread
from records.validation.findings import Array, Checked, Finding
from records.validation.meanings import TOTAL, Meaning, Meanings
from records.validation.unreadable import UNREADABLE, Cells, LeftOut
from standards import codelists, languages, spelling
from standards.codelists import Code
from standards.languages import Labels
from standards.periods import Period

KEY = r"^[0-9a-f]{64}$"  # what `reading.identity` makes
UNPRINTABLE = r"[\p{Cc}\p{Cf}]"  # control and direction characters: in a number they only deceive


AGE_GROUP = "age_group"
AGE_PRECISIONS = ("D", "Y", "_", "G")  # known by day, by year, not known, by group of five years
FIRST_AGE = re.compile(r"Y_?(?:GE)?(\d+)")
LONGEST_REF = 40


def _written(day: str) -> str:
    """Return a day of ISO 8601 as people of the country write it; "" for none."""
    return f"{date.fromisoformat(day):%d.%m.%Y}" if day else ""


def cell_name(text: str) -> str:
    """Return the number of a cell from its codes; of one with many codes the end is a digest."""
    if len(text) <= LONGEST_REF:
        return text
    digest = hashlib.sha256(text.encode()).hexdigest()[:16]
    return f"{text[: LONGEST_REF - 17]}~{digest}"


def said_of(variable: Variable, problem: str) -> tuple[str, Labels]:
    """Return severity and message of what the engine says by itself of a variable (`suggested:UZB`).

    The severity `unreadable` is an error where the variable holds rows, else a warning.
    """
    name, *codes = problem.split(":")
    texts = codelists.standard("messages")[name]
    for place, code in zip(("code", "successor"), codes, strict=False):
        item = codelists.load(variable.codelist).by_code[code]
        texts = texts | {
            language: texts[language]
            .replace(f"{{{place}}}", label)
            .replace("{day}", _written(item.retired))
            for language, label in item.labels.items()
        }
    return texts["severity"], languages.say(texts, variable.label)


def speaks_of_documents(rule: Rule, variable: str) -> bool:
    """Say whether the rule holds what looks like the number of a document in this variable."""
    return any(c["var"] == variable and c.get("matches") == "document" for c in rule.when)


class RecordBlock:
    """The rows of one call of `check`, as columns; a `conditions.View`.

    `numbering`: the expression of the agency’s own record numbers, "" where it declared none;
    `own_numbers`: (n,) bool, where they follow it.
    `held`: (n,) bool, rows with an error. `broken`: (n,) bool, rows without cells, of which nothing
    else is said. `totals`: (n,) bool, rows of counts that say how much others are together. `hidden`: variable -> (n,) bool, texts that may name a person.
    """

    def __init__(self, spec: Spec, meanings: Meanings, rows: pa.Table, numbering: str = "") -> None:
        self.spec, self.meanings, self.today = spec, meanings, meanings.today
        self.rows = rows.combine_chunks()
        self.n = rows.num_rows
        self.columns: dict[str, VariableColumn] = {}
        self.held = np.zeros(self.n, dtype=bool)
        self.broken = self.held.copy()
        self.totals = self.held.copy()
        if "_broken" in rows.column_names:
            self.broken = rows["_broken"].to_numpy()
        self.findings: list[Finding] = []
        self.left_out = LeftOut()
        self.hidden: dict[str, Array] = {}
        self.new_years = 0
        self.numbering = numbering
        self.own_numbers = np.zeros(self.n, dtype=bool)

    def read(self, variable: Variable) -> None:
        """Turn the texts of a variable into its column, and report what is wrong with them."""
        if variable.kind in ("ref", "key"):
            self._read_text(variable)
            return
        coded = self._coded(variable.name)
        texts = ["" if text is None else text for text in coded.dictionary.to_pylist()]
        meanings = self.meanings.of(variable, [*texts, ""])
        places = pc.fill_null(coded.indices, len(texts)).to_numpy(zero_copy_only=False)
        self.columns[variable.name] = spread(variable, meanings, places)
        self._report_meanings(variable, meanings, places)

    def follow_successors(self) -> None:
        """Put its successor in the place of each code that is retired on the day of its event; hold the row where it has none.

        For events before that day the code stays. Where no day can be read, today counts.
        """
        event = self.columns["event_date"].values
        days = np.where(event == MISSING, (self.today - parsing.EPOCH).days, event)
        for variable in (v for v in self.spec.variables if v.kind == "code"):
            for code in codelists.load(variable.codelist).retired:
                self._follow(variable, code, days)

    def _follow(self, variable: Variable, code: Code, days: Array) -> None:
        """Replace one code of a variable by what stands for it on the days (n,) of the events."""
        column, codes = self.columns[variable.name], codelists.load(variable.codelist)
        places = {known: place for place, known in enumerate(column.vocabulary)}
        stating = np.flatnonzero(column.values == places[code.code])
        replaced: dict[str, Array] = {}
        for day in np.unique(days[stating]).tolist():
            meant = codes.meant(code.code, parsing.EPOCH + timedelta(days=int(day)))
            if variable.codes and meant not in variable.codes:
                meant = ""
            rows = stating[days[stating] == day]
            if meant != code.code:
                column.values[rows] = places[meant] if meant else -1
                replaced.setdefault(meant, np.zeros(self.n, dtype=bool))[rows] = True
        for meant, rows in replaced.items():
            column.stated &= ~rows | bool(meant)
            if meant and codes.share_a_name(code.code, meant):
                continue  # the text may be the later code's own name
            problem = f"succeeded:{code.code}:{meant}" if meant else f"retired:{code.code}"
            self.report_problem(variable, problem, rows)

    def derive(self) -> None:
        """Work out year of birth, age at the event in completed years, and how precise it is."""
        event = self.columns["event_date"].values
        birth, exact = self._birth()
        both = birth.stated & (event != MISSING)
        days = days_or_epoch(birth.values)
        ages = parsing.completed_years(days, days_or_epoch(event), exact)
        ages = np.where(both, ages, MISSING)
        stated_age = self.columns.get("age")
        if stated_age is not None:  # a file may give the age instead of, or beside, the birth date
            ages = np.where(stated_age.stated & ~(both & exact), stated_age.values, ages)
        years = np.where(birth.stated, parsing.year_of(days), MISSING)
        precision = np.where(both & exact, 0, np.where(ages != MISSING, 1, 2))
        if AGE_GROUP in self.columns:
            ages, precision = self._ages_of_groups(ages, precision)
        self.columns["birth_year"] = VariableColumn(years, years != MISSING)
        self.columns["age"] = VariableColumn(ages, ages != MISSING)
        self.columns["age_precision"] = VariableColumn(precision, precision != 2, AGE_PRECISIONS)
        self.new_years = int(((parsing.day_of_year(days) == 0) & both & exact).sum())

    def _ages_of_groups(self, ages: Array, precision: Array) -> tuple[Array, Array]:
        """Return the youngest age of the group, where a cell says one: groups of five years lie within all bands."""
        groups = self.columns[AGE_GROUP]
        lowest = [
            int(match[1]) if (match := FIRST_AGE.match(c)) else MISSING for c in groups.vocabulary
        ]
        youngest = np.array([*lowest, MISSING])[groups.values]
        known = youngest != MISSING
        return np.where(known, youngest, ages), np.where(known, 3, precision)

    def name_cells(self) -> None:
        """Give each cell of counts its number, which is what it is about: `F/TUR/WORK`; and find the totals.

        A unit that has no persons (per cent) has no sex: `_Z`, not applicable.
        """
        if not self.spec.is_counts:
            return
        if "sex" not in self.columns:
            self.columns["sex"] = VariableColumn(
                np.zeros(self.n, np.int32), np.ones(self.n, bool), ("_Z",)
            )
        parts = [self.columns[name].as_arrow("code").cast(pa.string()) for name in self.spec.cells]
        names = pc.binary_join_element_wise(*(pc.fill_null(part, "") for part in parts), "/")
        coded = names.dictionary_encode()
        texts = pa.array([cell_name(text) for text in coded.dictionary.to_pylist()], pa.string())
        self.columns["record_ref"] = VariableColumn(
            texts.take(coded.indices), np.ones(self.n, bool)
        )
        for part in parts:
            self.totals |= np.asarray(pc.fill_null(pc.equal(part, TOTAL), False))

    def check_reference_day(self) -> None:
        """Hold rows of a stock that are not of the last day of their period."""
        event = self.columns["event_date"]
        if not self.spec.stock or self.spec.variable("event_date").kind != "date":
            return
        distinct, places = np.unique(days_or_epoch(event.values), return_inverse=True)
        days = [parsing.EPOCH + timedelta(days=int(day)) for day in distinct]
        last = [Period.of(day, self.spec.frequency).last_day == day for day in days]
        breaks = event.stated & ~np.array(last, dtype=bool)[places]
        self.report_problem(self.spec.variable("event_date"), "not_reference_day", breaks)

    def state_currency(self, currency: str) -> None:
        """Give amounts that state no currency the one that a person stated for the whole file."""
        for name, amount in self.spec.amount_of_currency.items():
            column = self.columns[name]
            if currency in column.vocabulary:
                without = self.columns[amount].stated & (column.values < 0)
                without = self.left_out.are_not(name, without)
                column.values = np.where(without, column.vocabulary.index(currency), column.values)
                column.stated = column.stated | without

    def report_broken_rows(self) -> None:
        """Hold rows of another width than the headers: it is unclear which cell is which."""
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
        rows = np.flatnonzero(breaks & ~self.broken)
        if not len(rows):
            return
        if severity == "error":
            self.held[rows] = True
        if private:
            self.hidden[variable] = self.hidden.get(variable, False) | breaks
        self.findings.append(
            Finding(rule, severity, variable, rows, message, self._texts_at(variable, rows))
        )

    def report_problem(self, variable: Variable, problem: str, breaks: Array) -> None:
        """Note what the engine says by itself of a variable, whatever the instrument.

        A cell that cannot be read holds its row only where the variable does (`Variable.holds_rows`).
        A problem that speaks of a code (`suggested:UZB`), or of one and its successor, is a cause of its own for each.
        """
        name, *codes = problem.split(":")
        severity, message = said_of(variable, problem)
        rule = ".".join((variable.name, name, *codes[:1]))
        is_known = name in ("retired", "succeeded")  # the text is a name of the list, so nobody's
        private = (variable.private and not is_known) or problem in personal.PROBLEMS
        if severity == UNREADABLE and not variable.holds_rows:
            cells = Cells(variable, rule, message, private, breaks)
            self.left_out.add(cells, self.columns[variable.name])
            return
        severity = "error" if severity == UNREADABLE else severity
        self.report(rule, severity, variable.name, breaks, message, private)

    def checked(self) -> Checked:
        """Return the block with all its findings; a hidden text stands in none of them."""
        findings = [
            replace(f, values=personal.masked(f.values, self.hidden[f.variable][f.rows]))
            if f.values is not None and f.variable in self.hidden
            else f
            for f in self.findings
        ]
        return Checked(
            self._typed(),
            self.held,
            findings,
            self.new_years,
            self.hidden,
            self.totals & ~self.held,
        )

    def codes(self, name: str) -> tuple[Array, Sequence[str]]:
        return self.columns[name].values, self.columns[name].vocabulary

    def numbers(self, name: str) -> conditions.Numbers:
        column = self.columns[name]
        return np.where(column.stated, column.values, np.nan).astype(np.float64)

    def texts(self, name: str) -> pa.Array:
        column = self.columns.get(name)
        if column is not None and isinstance(column.values, pa.Array | pa.ChunkedArray):
            return column.values  # a number in the one form in which it is compared
        return self._texts(name).cast(pa.string())

    def written(self, name: str) -> tuple[Array, Sequence[str]]:
        coded = self._coded(name)
        places = pc.fill_null(coded.indices, -1).to_numpy(zero_copy_only=False)
        return places, [spelling.normalise(text) for text in coded.dictionary.to_pylist()]

    def given(self, name: str) -> conditions.Mask:
        return self.columns[name].stated

    def _texts(self, name: str) -> pa.Array:
        """Return the (n,) texts of a variable, plain or dictionary-encoded; nulls without a column."""
        if name not in self.rows.column_names:
            return pa.nulls(self.n, pa.string())
        chunks = self.rows[name].chunks  # one, or none in a block without rows
        return chunks[0] if chunks else pa.array([], self.rows[name].type)

    def _coded(self, name: str) -> pa.DictionaryArray:
        texts = self._texts(name)
        return texts if isinstance(texts, pa.DictionaryArray) else texts.dictionary_encode()

    def _texts_at(self, variable: str, rows: Array) -> pa.Array | None:
        if variable not in self.rows.column_names:
            return None
        return self._texts(variable).take(pa.array(rows)).cast(pa.string())

    def _read_text(self, variable: Variable) -> None:
        """Record numbers and keys are texts themselves: nearly all of them are distinct."""
        texts = pc.utf8_trim_whitespace(pc.fill_null(self.texts(variable.name), ""))
        if variable.kind == "ref":
            texts = parsing.references(texts)
        lengths = pc.utf8_length(texts).to_numpy(zero_copy_only=False)
        self.columns[variable.name] = VariableColumn(texts, lengths > 0)
        if variable.required:
            self.report_problem(variable, "missing", lengths == 0)
        if variable.kind == "key":
            other = pc.invert(pc.match_substring_regex(texts, KEY))
            self.report_problem(variable, "not_a_key", (lengths > 0) & np.asarray(other))
            return
        errors = pc.is_in(pc.utf8_lower(texts), pa.array(sorted(parsing.CELL_ERRORS)))
        self.report_problem(variable, "cell_error", np.asarray(errors))
        odd = pc.match_substring_regex(texts, UNPRINTABLE)
        self.report_problem(variable, "unprintable", np.asarray(odd))
        self.report_problem(variable, "too_long", lengths > int(variable.high or 40))
        self._report_personal(variable, texts)

    def _report_personal(self, variable: Variable, texts: pa.Array) -> None:
        """Hold record numbers that name a person, unless a rule of the instrument says so itself."""
        self.own_numbers = personal.follow(texts, self.numbering)
        kinds = personal.kinds_of_references(texts, self.numbering)
        if self.numbering:
            strange = self.columns[variable.name].stated & ~self.own_numbers & (kinds == "")
            self.report_problem(variable, "not_own_number", strange)
        suspicious = np.flatnonzero(kinds != "")
        if len(suspicious) and self._has_rule_for_documents(variable):
            documents = conditions.PATTERNS["document"]
            matches = pc.match_substring_regex(texts.take(pa.array(suspicious)), documents)
            kinds[suspicious[np.asarray(matches)]] = ""
        for kind in dict.fromkeys(kinds[suspicious].tolist()):
            if kind:
                self.report_problem(variable, personal.problem(kind), kinds == kind)
        masks = np.asarray(pc.match_substring(texts, personal.MASK))
        self.report_problem(variable, personal.MASKED, masks)

    def _has_rule_for_documents(self, variable: Variable) -> bool:
        return any(speaks_of_documents(rule, variable.name) for rule in self.spec.rules)

    def _report_meanings(
        self, variable: Variable, meanings: Sequence[Meaning], places: Array
    ) -> None:
        present = variable.name in self.rows.column_names
        problems = [meaning.problem for meaning in meanings]
        for problem in dict.fromkeys(filter(None, problems)):
            if problem == "not_stated" and not present:
                continue  # a column that is not there is a question of the file, not of each row
            breaks = np.array([p == problem for p in problems])
            self.report_problem(variable, problem, breaks[places])

    def _birth(self) -> tuple[VariableColumn, Array]:
        """Return the birth date and where its day is known; nothing where no variable asks for it."""
        nowhere = np.zeros(self.n, dtype=bool)
        name = next((v.name for v in self.spec.variables if v.kind == "birth"), None)
        if name is None:
            return VariableColumn(np.full(self.n, MISSING, dtype=np.int64), nowhere), nowhere
        birth = self.columns[name]
        return birth, nowhere if birth.exact is None else birth.exact

    def _typed(self) -> pa.Table:
        """Return all rows with a column per variable; of a birth date only year and age are kept."""
        kinds = {variable.name: variable.kind for variable in self.spec.variables}
        columns = {
            name: column.as_arrow(kinds.get(name, "integer"))
            for name, column in self.columns.items()
            if kinds.get(name) != "birth"
        }
        columns["period"] = self._periods()
        columns["_row"] = self.rows["_row"]
        if "_letter" in self.rows.column_names:
            columns["_letter"] = self.rows["_letter"]
        return pa.table(columns)

    def _periods(self) -> pa.Array:
        event = self.columns["event_date"]
        months = np.where(event.stated, event.values, 0).astype("M8[D]").astype("M8[M]").astype(int)
        distinct, places = np.unique(months, return_inverse=True)
        firsts = [date(1970 + month // 12, month % 12 + 1, 1) for month in distinct.tolist()]
        names = pa.array([self.spec.period_of(first) for first in firsts], pa.string())
        return pa.DictionaryArray.from_arrays(
            pa.array(places.astype(np.int32), mask=~event.stated), names
        )
