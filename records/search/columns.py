"""The columns of a search in words: what the database says of each variable, for files of any size.

Labels stand beside the rows as a small table that is joined, so no row passes through Python on its way.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _

from records.instruments.spec import Variable
from records.review.counting import column_of
from standards import codelists
from standards.formulas import SIGNS, safe
from standards.translation import active_language, in_language

TEXT, NUMBER, DAY = "text", "number", "day"
PERIOD = "(SELECT s.period FROM records_submission s WHERE s.id = r.submission_id)"


@dataclass(frozen=True)
class Column:
    """One column: its header, the SQL of its value, and whether that is a text, a number or a day.

    labels: of a coded variable, its codes and what they are called; they are joined as the table `alias`.
    """

    header: str
    value: str
    kind: str = TEXT
    alias: str = ""
    labels: tuple[tuple[str, str], ...] = ()

    @property
    def join(self) -> str:
        if not self.alias:
            return ""
        known = f"unnest(%s::text[], %s::text[]) AS {self.alias} (code, label)"
        return f" LEFT JOIN {known} ON {self.alias}.code = {self.value}"

    def said(self, written: Callable[[str], str]) -> str:
        """Return the SQL of a text as a file has it; `written` makes it of the SQL of a text. None begins a formula.

        What a code is called is made in Python, once (`parameters`): a code itself is letters and digits.
        """
        if self.alias:
            return f"coalesce({self.alias}.label, {self.value})"
        return written(guarded(self.value))

    def parameters(self, written: Callable[[str], str]) -> list[Any]:
        """Return the codes and what they are called; `written` makes of a text what a file has."""
        if not self.alias:
            return []
        labels = [written(str(safe(label))) for _code, label in self.labels]
        return [[code for code, _label in self.labels], labels]


def columns(variables: Sequence[Variable]) -> list[Column]:
    """Return the columns of variables, in the active language."""
    return [_column(variable, f"l{k}") for k, variable in enumerate(variables)]


def header_of(variable: Variable) -> str:
    """Return what the column of a variable is called: of a birth the year is all that is kept."""
    return _("Year of birth") if variable.kind == "birth" else in_language(variable.label)


def guarded(text: str) -> str:
    """Return SQL of a text that no spreadsheet runs as a formula."""
    signs = ", ".join(f"chr({ord(sign)})" for sign in SIGNS)
    return f"CASE WHEN left({text}, 1) IN ({signs}) THEN '''' || {text} ELSE {text} END"


def _column(variable: Variable, alias: str) -> Column:
    header, value = header_of(variable), column_of(variable)
    if variable.kind == "birth":
        return Column(header, "r.birth_year", NUMBER)
    if variable.kind == "period":
        return Column(header, PERIOD)
    if variable.kind == "date":
        return Column(header, f"({value})::date", DAY)
    if variable.kind in ("integer", "decimal"):
        return Column(header, f"({value})::numeric", NUMBER)
    if variable.kind == "boolean":
        yes_or_no = (("true", _("yes")), ("false", _("no")), ("1", _("yes")), ("0", _("no")))
        return Column(header, value, TEXT, alias, yes_or_no)
    if variable.codelist:
        codes, language = codelists.load(variable.codelist).codes, active_language()
        return Column(header, value, TEXT, alias, tuple((c.code, c.label(language)) for c in codes))
    return Column(header, value)
