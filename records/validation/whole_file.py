"""What is said about a whole file, added up block by block: shares, constants, days with too many rows, outliers.

Blocks are counted by the columns that a check needs, and the counts are added up when the file is read: a check sees
how often each combination of codes occurs, never a row. Cells of counts weigh what they count.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from records.instruments.spec import Check, Spec
from records.validation.findings import Checked, Finding
from standards import codelists
from standards.languages import LANGUAGES, Labels
from standards.periods import Period

if TYPE_CHECKING:
    import pandas as pd

NO_ROWS = np.array([], dtype=np.int64)
TOGETHER = (
    50  # blocks whose counts are added up at once, so that memory does not grow with the file
)
NAMED = 3  # groups that a message names
ROWS = "rows"
MAD_OF_A_NORMAL = 1.4826  # the standard deviation of a normal distribution is so many times its MAD


class Tally:
    """How many rows have each combination of values of some columns; of counts, how many they stand for."""

    def __init__(self, names: Sequence[str]) -> None:
        self.names = list(dict.fromkeys(names))
        self.parts: list[pa.Table] = []

    def add(self, table: pa.Table) -> None:
        """Add the rows of a block, which have a column `count`."""
        counted = table.group_by(self.names).aggregate([("count", "sum")])
        self.parts.append(_plain(counted.rename_columns([*self.names, ROWS])))
        if len(self.parts) > TOGETHER:
            self.parts = [self._together()]

    def counted(self) -> pd.DataFrame:
        """Return one row for each combination, and `rows`; combinations in the order of their values."""
        import pandas as pd  # half a second, for whoever judges a file

        if not self.parts:
            return pd.DataFrame({name: [] for name in [*self.names, ROWS]})
        return self._together().to_pandas().sort_values(self.names, ignore_index=True)

    def _together(self) -> pa.Table:
        table = pa.concat_tables(self.parts)
        counted = table.group_by(self.names).aggregate([(ROWS, "sum")])
        return counted.rename_columns([*self.names, ROWS])


@dataclass(frozen=True)
class Judgement:
    """What a check says of a file: whether it is broken, by how many rows, and in which groups of codes."""

    broken: bool
    rows: int = 0
    groups: tuple[tuple[Any, ...], ...] = field(default=())


class WholeFileChecks:
    """Counts what the checks of an instrument need, on the rows that are kept."""

    def __init__(self, spec: Spec) -> None:
        self.spec = spec
        self.rows = self.new_years = 0
        self.tallies = {names: Tally(names) for names in map(_columns, spec.checks) if names}

    def add(self, checked: Checked) -> None:
        """Add one block."""
        good = checked.good
        if "count" not in good.column_names:
            good = good.append_column("count", pa.repeat(1, good.num_rows))
        self.rows += int(np.sum(good["count"].to_numpy()))
        self.new_years += checked.new_years
        for tally in self.tallies.values():
            tally.add(good)

    def warnings(self) -> list[Finding]:
        """Return the checks that are broken, each with the number of rows it is about, where it is about rows."""
        findings = []
        for check in self.spec.checks:
            judgement = self.judge(check)
            if judgement.broken:
                message = _naming(check, self.spec, judgement.groups)
                finding = Finding(check.id, "warning", check.variable, NO_ROWS, message)
                findings.append(replace(finding, concerned=judgement.rows))
        return findings

    def judge(self, check: Check) -> Judgement:
        """Judge one check by what was counted."""
        names = _columns(check)
        counted = self.tallies[names].counted()
        if check.kind == "new_year":
            births = int(counted.loc[counted["age_precision"] == "D", ROWS].sum())
            enough = births >= check.least
            return Judgement(enough and self.new_years > check.over * births, self.new_years)
        if check.kind == "share_unknown":
            check = replace(check, codes=(self.spec.variable(check.variable).unknown,))
        if self.rows < check.least and check.kind not in OF_GROUPS:
            return Judgement(broken=False)
        return JUDGES[check.kind](check, counted)


def _columns(check: Check) -> tuple[str, ...]:
    """Return the columns by which a check has to count."""
    of_births = {"new_year": ("age_precision",), "year_only": ("age_precision",)}
    if check.kind in of_births:
        return of_births[check.kind]
    if check.kind == "far_periods":
        return ("period",)
    with_sex = ("sex",) if check.kind in ("one_sex", "share_by_sex") else ()
    return tuple(dict.fromkeys((check.variable, *with_sex, *check.within)))


def _share_of(check: Check, counted: pd.DataFrame) -> Judgement:
    rows = int(counted.loc[counted[check.variable].isin(check.codes), ROWS].sum())
    return Judgement(rows > check.over * counted[ROWS].sum(), rows)


def _constant(check: Check, counted: pd.DataFrame) -> Judgement:
    values = counted[check.variable]
    return Judgement(len(values) == 1 and values[0] in check.codes, int(counted[ROWS].sum()))


def _none_of(check: Check, counted: pd.DataFrame) -> Judgement:
    return Judgement(not counted[check.variable].isin(check.codes).any())


def _largest_day(check: Check, counted: pd.DataFrame) -> Judgement:
    largest = int(counted[ROWS].max()) if len(counted) else 0
    return Judgement(largest > check.over * counted[ROWS].sum(), largest)


def _one_sex(check: Check, counted: pd.DataFrame) -> Judgement:
    chosen = counted[counted[check.variable].isin(check.codes)]
    by_sex = chosen.groupby("sex")[ROWS].sum()
    rows = int(by_sex.sum())
    if rows < check.least:
        return Judgement(broken=False)
    if not check.over:
        return Judgement(len(by_sex) == 1, rows)
    largest = by_sex[by_sex.index.isin(["F", "M"])].max()
    return Judgement(bool(largest > check.over * rows), rows)


def _share_by_sex(check: Check, counted: pd.DataFrame) -> Judgement:
    shares, concerned = [], 0
    for sex in ("F", "M"):
        rows = counted[counted["sex"] == sex]
        whole = rows[ROWS].sum()
        if whole < check.least:
            return Judgement(broken=False)
        chosen = int(rows.loc[rows[check.variable].isin(check.codes), ROWS].sum())
        shares.append(chosen / whole)
        concerned += chosen
    return Judgement(abs(shares[0] - shares[1]) > check.over, concerned)


def _dominance(check: Check, counted: pd.DataFrame) -> Judgement:
    stated = counted[counted[check.variable].notna()]
    rows, groups = 0, []
    for codes, group in _groups(check, stated):
        largest = group.groupby(check.variable)[ROWS].sum().max()
        if group[ROWS].sum() >= check.least and largest > check.over * group[ROWS].sum():
            rows += int(largest)
            groups.append(codes)
    return Judgement(bool(groups), rows, tuple(groups))


def _ratio(check: Check, counted: pd.DataFrame) -> Judgement:
    rows, groups = 0, []
    for codes, group in _groups(check, counted):
        one, two = (int(group.loc[group[check.variable] == c, ROWS].sum()) for c in check.codes)
        if one + two >= check.least and max(one, two) > check.over * min(one, two):
            rows += one + two
            groups.append(codes)
    return Judgement(bool(groups), rows, tuple(groups))


def _outlier(check: Check, counted: pd.DataFrame) -> Judgement:
    """Leys et al. (2013), Detecting outliers: use absolute deviation around the median."""
    rows, groups = 0, []
    for codes, group in _groups(check, counted[counted[check.variable].notna()]):
        values, weights = group[check.variable].to_numpy(float), group[ROWS].to_numpy(int)
        distances = np.abs(values - _median(values, weights))
        deviation = _median(distances, weights)
        if weights.sum() < check.least or not deviation:
            continue
        far = int(weights[distances > check.over * MAD_OF_A_NORMAL * deviation].sum())
        if far:
            rows += far
            groups.append(codes)
    return Judgement(bool(rows), rows, tuple(groups))


def _year_only(check: Check, counted: pd.DataFrame) -> Judgement:
    known = counted[counted["age_precision"].isin(["D", "Y"])]
    rows = int(known.loc[known["age_precision"] == "Y", ROWS].sum())
    return Judgement(rows > check.over * known[ROWS].sum(), rows)


def _far_periods(check: Check, counted: pd.DataFrame) -> Judgement:
    """Rows that lie more than a period away from the one that most rows are of."""
    counted = counted[counted["period"].notna()]
    if counted.empty:
        return Judgement(broken=False)
    most = Period.parse(str(counted.loc[counted[ROWS].idxmax(), "period"]))
    near = [str(most.next(steps)) for steps in (-1, 0, 1)]
    rows = int(counted.loc[~counted["period"].isin(near), ROWS].sum())
    return Judgement(rows > check.over * counted[ROWS].sum(), rows)


def _groups(check: Check, counted: pd.DataFrame) -> list[tuple[tuple[Any, ...], pd.DataFrame]]:
    """Return the rows of each group of codes of `within`, or all of them as one group."""
    if not check.within:
        return [((), counted)]
    return [(tuple(codes), group) for codes, group in counted.groupby(list(check.within))]


def _median(values: np.ndarray[Any, Any], weights: np.ndarray[Any, Any]) -> float:
    """Return the lower median of values that occur so often."""
    if not len(values):
        return 0.0
    order = np.argsort(values, kind="stable")
    places = np.cumsum(weights[order])
    return float(values[order][np.searchsorted(places, (places[-1] + 1) // 2)])


# These judge each group by its own number of rows.
OF_GROUPS = frozenset({"one_sex", "share_by_sex", "dominance", "ratio", "outlier"})
JUDGES: dict[str, Callable[[Check, pd.DataFrame], Judgement]] = {
    "share_unknown": _share_of,
    "share_of": _share_of,
    "constant": _constant,
    "none_of": _none_of,
    "largest_day": _largest_day,
    "one_sex": _one_sex,
    "share_by_sex": _share_by_sex,
    "dominance": _dominance,
    "ratio": _ratio,
    "outlier": _outlier,
    "year_only": _year_only,
    "far_periods": _far_periods,
}


def _naming(check: Check, spec: Spec, groups: Sequence[tuple[Any, ...]]) -> Labels:
    """Return the message, with the groups it is about behind it: “(Türkiye; Uzbekistan …)”."""
    named = [codes for codes in groups[:NAMED] if codes]
    if not named:
        return check.message
    lists = [codelists.load(spec.variable(name).codelist) for name in check.within]
    more = " …" if len(groups) > NAMED else ""
    names = {
        language: "; ".join(
            ", ".join(known.label(code, language) for known, code in zip(lists, codes, strict=True))
            for codes in named
        )
        for language in LANGUAGES
    }
    return {
        language: f"{check.message[language]} ({names[language]}{more})" for language in LANGUAGES
    }


def _plain(table: pa.Table) -> pa.Table:
    """Return the table with texts in place of dictionaries, which differ from block to block."""
    columns = [
        column.cast(column.type.value_type) if pa.types.is_dictionary(column.type) else column
        for column in table.columns
    ]
    return pa.table(dict(zip(table.column_names, columns, strict=True)))
