"""The annotated workbook of a file: its held rows, what is wrong with them, and the keys by which they come back."""

from collections.abc import Callable, Iterator, Sequence

from django.utils.translation import gettext as _

from agencies import access
from agencies.models import Person
from agencies.refusal import Refused
from agencies.roles import Permission
from records.collection import held_keys, names
from records.collection.held_rows import compared, texts_of_held
from records.collection.report import ReportedColumn, UploadReport
from records.instruments import versions
from records.instruments.spec import Spec
from records.models import HeldRow, Upload
from records.workbooks.annotated import MOST, ShownColumn, ShownRow, annotated
from standards.translation import in_language


def held_workbook(upload: Upload, *, by: Person, rule_page: Callable[[str], str]) -> bytes:
    """Return the held rows of a file as a workbook, the first 10,000 of them, in the language that is active.

    It holds what is kept of them and nothing else: the file itself is gone, and what may name a person was never kept.
    Raises `Denied`, and `Refused` where no row is held for an error.
    """
    access.require(by, Permission.ENTER, upload.agency, upload.instrument_id)
    rows = HeldRow.open_rows.filter(upload=upload).errors().annotate(state=held_keys.STATE)
    held = list(rows[:MOST])
    if not held:
        raise Refused(_("No row of this file is held for an error."))
    spec = versions.spec_of(versions.current(upload.instrument))
    shown = [_shown(row, row.state, upload, spec) for row in held]
    columns = [*_of_the_file(upload, spec, by), *_of_findings(upload, spec, shown)]
    content = annotated(spec, columns, shown, rule_page, upload=str(upload.pk))
    names.note("take_held", upload, by, rows=len(held))
    return content


def _shown(row: HeldRow, state: str, upload: Upload, spec: Spec) -> ShownRow:
    return ShownRow(
        key=held_keys.key_of(upload, row.pk, state),
        number=row.row_no,
        texts=texts_of_held(row),
        findings=row.findings,
        compared=compared(row, spec),
    )


def _of_the_file(upload: Upload, spec: Spec, by: Person) -> Iterator[ShownColumn]:
    """Yield the columns in the order of the file, with the headers that this person may see."""
    given = names.given_names(upload, by)
    for column in UploadReport.of(upload).columns:
        header = given.header_of(column.letter, column.header)
        variable = spec.by_name.get(column.variable or "")
        if variable is None or variable.kind == "key":
            yield ShownColumn(header, "", _why_empty(column))
        elif column.how == "part":
            yield ShownColumn(f"{header}: {in_language(variable.label)}", variable.name)
        else:
            yield ShownColumn(header, variable.name)


def _why_empty(column: ReportedColumn) -> str:
    if column.how in ("forbidden", "part") or column.variable:
        return _("Dropped: names, numbers of documents and the like are never kept.")
    return _("This column is not used, so its cells were not kept.")


def _of_findings(upload: Upload, spec: Spec, rows: Sequence[ShownRow]) -> Iterator[ShownColumn]:
    """Yield the variables that findings are about and the file has no column for: they can be filled in."""
    in_file = {column.variable for column in UploadReport.of(upload).columns}
    told = {finding["variable"] for row in rows for finding in row.findings}
    told |= {name for row in rows for name in row.compared}
    for variable in spec.variables:
        if variable.name in told - in_file and variable.kind != "key" and variable.typed:
            yield ShownColumn(in_language(variable.label), variable.name)
