"""The columns of a search in words: what the database says of each variable, for files of any size.

Labels stand beside the rows as a small table that is joined, so no row passes through Python on its way.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _

from records.instruments.spec import Variable
from records.review.counting import column_of
from standards import codelists
from standards.formulas import SIGNS
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

    @property
    def said(self) -> str:
        """The SQL of what stands in the cell; of a text it begins no formula."""
        if self.alias:
            return f"coalesce({self.alias}.label, {self.value})"
        return self.value if self.kind != TEXT else guarded(self.value)

    @property
    def parameters(self) -> list[Any]:
        codes, labels = (
            [code for code, _label in self.labels],
            [label for _code, label in self.labels],
        )
        return [codes, labels] if self.alias else []


def columns(variables: Sequence[Variable]) -> list[Column]:
    """Return the columns of variables, in the active language."""
    return [_column(variable, f"l{k}") for k, variable in enumerate(variables)]


def guarded(text: str) -> str:
    """Return SQL of a text that no spreadsheet runs as a formula."""
    signs = ", ".join(f"chr({ord(sign)})" for sign in SIGNS)
    return f"CASE WHEN left({text}, 1) IN ({signs}) THEN '''' || {text} ELSE {text} END"


def _column(variable: Variable, alias: str) -> Column:
    header, value = in_language(variable.label), column_of(variable)
    if variable.kind == "birth":
        return Column(_("Year of birth"), "r.birth_year", NUMBER)
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
