"""A workbook of held rows that the portal made, and that comes back corrected: known by its first row.

That row names the variables of the columns below it, so nothing is guessed and nothing is asked.
"""

from collections.abc import Sequence
from dataclasses import replace

from records.instruments.spec import Spec, Variable
from records.reading.layout import FileColumn, Layout, letter_of

ROW, KEY = "row_in_file", "held_key"  # what the first two cells of the first row hold
HEADERS = 1  # the row of the headers, counted from 0
KEY_VARIABLE = Variable(KEY, "ref", {"en": KEY}, required=True, typed=False)


def layout_of(rows: Sequence[Sequence[str]], spec: Spec) -> Layout | None:
    """Return the layout of a sheet of held rows; None of every other sheet.

    What stands in columns that name no variable of the instrument, as dropped ones do, goes nowhere.
    """
    if len(rows) <= HEADERS or [cell.strip() for cell in rows[0][:2]] != [ROW, KEY]:
        return None
    known = {v.name for v in spec.variables if v.kind != "key"} | {KEY}
    columns = [
        FileColumn(
            header=name,
            variable=name if name in known else None,
            how="exact" if name in known else "ignored",
            letter=letter_of(k),
            position=k,
            shown=name,
        )
        for k, name in enumerate(cell.strip() for cell in rows[0])
    ]
    names = [column.variable for column in columns if column.variable]
    return Layout(HEADERS, columns) if len(names) == len(set(names)) else None


def with_key(spec: Spec) -> Spec:
    """Return the instrument with the key of a held row as a variable more."""
    return replace(spec, variables=(*spec.variables, KEY_VARIABLE))
