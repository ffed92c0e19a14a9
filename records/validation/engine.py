"""The one validation engine: a table of texts and a Spec in, typed columns and findings out.

It works by column and on distinct values: each distinct text is looked up once, rules run on
vectors. A typed record is a table of one row.
"""

from datetime import date

import pyarrow as pa

from records.instruments.spec import Spec
from records.validation import conditions
from records.validation.block import RecordBlock, speaks_of_documents
from records.validation.findings import Checked
from records.validation.meanings import Answers, Meanings


def check(
    rows: pa.Table,
    spec: Spec,
    *,
    today: date,
    answers: Answers | None = None,
    numbering: str = "",
) -> Checked:
    """Check one table. For many blocks of one file use a `Validator`, which remembers texts."""
    return Validator(spec, today=today, answers=answers, numbering=numbering).check(rows)


class Validator:
    """Checks the blocks of one file; what a distinct text means is worked out once.

    `numbering` is the expression of the agency’s own record numbers (`numbering.expression`).
    """

    def __init__(
        self, spec: Spec, *, today: date, answers: Answers | None = None, numbering: str = ""
    ) -> None:
        self.spec, self.today, self.numbering = spec, today, numbering
        self.meanings = Meanings(spec, today=today, answers=answers)

    def check(self, rows: pa.Table) -> Checked:
        """Check a block: text (or dictionary) columns named by variable, and `_row` (int32)."""
        block = RecordBlock(self.spec, self.meanings, rows, self.numbering)
        for variable in self.spec.variables:
            block.read(variable)
        block.follow_successors()
        block.derive()
        block.name_cells()
        block.check_reference_day()
        if self.meanings.answers.currency:
            block.state_currency(self.meanings.answers.currency)
        for rule in self.spec.rules:
            breaks = ~block.totals
            for condition in rule.when:
                breaks &= conditions.holds(condition, block)
            if speaks_of_documents(rule, rule.variable):
                breaks &= ~block.own_numbers
            breaks = block.left_out.judge(rule, breaks)
            block.report(rule.id, rule.severity, rule.variable, breaks, rule.message, rule.private)
        for cells in block.left_out.reported():
            block.report(*cells)
        block.report_broken_rows()
        return block.checked()
