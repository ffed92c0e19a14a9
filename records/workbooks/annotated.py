"""The held rows of a file as a workbook: what is wrong is coloured and said, and it can be sent back corrected.

Its first row, which is hidden, names the variables: by it the reader knows the workbook again
(`records.reading.returned`). The second has the headers as the sender knows them.
"""

from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _

from records.instruments.spec import Spec
from records.reading.layout import letter_of
from records.reading.returned import HEADERS, KEY, ROW
from records.workbooks.book import OPEN, Book, width_of, written
from records.workbooks.guidance import explain
from standards.translation import in_language

MOST = 10_000  # rows of one workbook
LINKS = 60_000  # what a sheet can hold, with room
FIRST = HEADERS + 1  # the row below the headers, counted from 0
NOTE = {"x_scale": 2.5, "y_scale": 1.4}
LEAD = 2  # columns before those of the file: the number of the row, and its key


@dataclass(frozen=True)
class ShownColumn:
    """A column of the file: its header, and its variable; or "", and why its cells are empty."""

    header: str
    variable: str
    why_empty: str = ""


@dataclass(frozen=True)
class ShownRow:
    """A held row: its key, its number in the file, its texts, its findings, and what their rules compare."""

    key: str
    number: int | None
    texts: Mapping[str, str]
    findings: Sequence[Mapping[str, Any]]
    compared: Collection[str] = ()


@dataclass(frozen=True)
class Place:
    """A finding, and where its cell stands in the workbook, counted from 0."""

    row: ShownRow
    finding: Mapping[str, Any]
    at: tuple[int, int]


def annotated(
    spec: Spec,
    columns: Sequence[ShownColumn],
    rows: Sequence[ShownRow],
    rule_page: Callable[[str], str],
    **stamp: str,
) -> bytes:
    """Return the workbook in the language that is active.

    `rule_page` gives the address of the page of a rule; `stamp` what else is told of the workbook.
    All cells are texts, as they were written: no date and no leading zero changes on the way.
    """
    with written(spec) as (book, out):
        book.stamp(_("Rows to correct"), kind="held", **stamp)
        table, errors = book.sheet(_("Rows to correct")), book.sheet(_("Errors"))
        shown = [spec.by_name[c.variable] for c in columns if c.variable]
        explain(book, shown, _how_to())
        book.list_codes(shown)
        _heads(book, table, columns, len(rows))
        places = {c.variable: k + LEAD for k, c in enumerate(columns) if c.variable}
        found = list(_found(rows, places))
        _cells(book, table, columns, rows)
        _comments(book, table, found)
        _list_errors(book, errors, found, rule_page, table.get_name())
    return out.getvalue()


def _heads(book: Book, sheet: Any, columns: Sequence[ShownColumn], rows: int) -> None:
    """Write names and headers, and say what the cells below them take."""
    lead = [(ROW, _("Row in your file")), (KEY, _("Key: do not change it"))]
    for column, (name, header) in enumerate(lead):
        sheet.write_string(0, column, name)
        sheet.write_string(HEADERS, column, header, book.looks["head"])
    sheet.set_column(0, 0, 12)
    sheet.set_column(1, 1, 4, None, {"hidden": True})
    for k, shown in enumerate(columns, start=LEAD):
        sheet.write_string(0, k, shown.variable)
        sheet.write_string(HEADERS, k, shown.header, book.looks["head"])
        sheet.set_column(k, k, width_of([shown.header]))
        if not shown.variable:
            sheet.write_comment(HEADERS, k, shown.why_empty, NOTE)
        elif rows:
            book.restrict(sheet, k, book.spec.by_name[shown.variable], FIRST, FIRST + rows - 1)
    sheet.set_row(0, None, None, {"hidden": True})
    sheet.set_row(HEADERS, 32)
    sheet.freeze_panes(FIRST, LEAD)
    sheet.protect("", OPEN)


def _cells(
    book: Book, sheet: Any, columns: Sequence[ShownColumn], rows: Sequence[ShownRow]
) -> None:
    """Write the rows; cells that are wrong are coloured, and those that a broken rule compares."""
    looks = book.looks
    for k, row in enumerate(rows, start=FIRST):
        wrong = {finding["variable"] for finding in row.findings}
        sheet.write_string(k, 0, str(row.number or ""), looks["told"])
        sheet.write_string(k, 1, row.key, looks["told"])
        for column, shown in enumerate(columns, start=LEAD):
            name = shown.variable
            look = "wrong" if name in wrong else "compared" if name in row.compared else "text"
            text = row.texts.get(name, "") if name else ""
            look = look if name else "dropped"
            # An empty text would be no cell, and so no colour.
            if text:
                sheet.write_string(k, column, text, looks[look])
            else:
                sheet.write_blank(k, column, None, looks[look])


def _found(rows: Sequence[ShownRow], places: Mapping[str, int]) -> Iterator[Place]:
    """Yield the findings with their cells; what is said of no column is said at the number of the row."""
    for k, row in enumerate(rows, start=FIRST):
        for finding in row.findings:
            yield Place(row, finding, (k, places.get(finding["variable"], 0)))


def _comments(book: Book, sheet: Any, found: Sequence[Place]) -> None:
    """Put what is wrong, and what to do, beside each cell; several findings of a cell are one comment."""
    texts: dict[tuple[int, int], list[str]] = {}
    for place in found:
        texts.setdefault(place.at, []).append(in_language(place.finding["message"]))
    for (row, column), messages in texts.items():
        sheet.write_comment(row, column, "\n".join(dict.fromkeys(messages)), NOTE)


def _list_errors(
    book: Book,
    sheet: Any,
    found: Sequence[Place],
    rule_page: Callable[[str], str],
    table: str,
) -> None:
    """Write one line for each finding, with links to its cell and to the page of its rule."""
    heads = [_("Row in your file"), _("Cell"), _("Column"), _("What is wrong, and what to do")]
    heads += [_("Rows with this"), _("The rule")]
    for column, (head, width) in enumerate(zip(heads, (12, 10, 26, 90, 12, 30), strict=True)):
        sheet.write_string(0, column, head, book.looks["head"])
        sheet.set_column(column, column, width)
    count = Counter(place.finding.get("rule", "") for place in found)
    linked = 2 * len(found) <= LINKS
    for k, place in enumerate(found, start=1):
        row, column = place.at
        cell, rule = f"{letter_of(column)}{row + 1}", place.finding.get("rule", "")
        variable = book.spec.by_name.get(place.finding["variable"])
        sheet.write_string(k, 0, str(place.row.number or ""))
        sheet.write_string(k, 2, in_language(variable.label) if variable else "")
        sheet.write_string(k, 3, in_language(place.finding["message"]), book.looks["wrap"])
        sheet.write_number(k, 4, count[rule])
        if linked and rule:
            sheet.write_url(k, 1, f"internal:'{table}'!{cell}", book.looks["link"], cell)
            sheet.write_url(k, 5, rule_page(rule), book.looks["link"], rule)
        else:
            sheet.write_string(k, 1, cell)
            sheet.write_string(k, 5, rule)
    sheet.set_row(0, 32)
    sheet.freeze_panes(1, 0)
    sheet.autofilter(0, 0, max(len(found), 1), len(heads) - 1)


def _how_to() -> list[str]:
    return [
        _("Correct the coloured cells. The comment on a cell says what is wrong and what to do."),
        _("Good rows are not in this workbook: they are taken in already."),
        _("Save it and send it on the page “Upload a file”. Only what you changed is taken over."),
        _(
            "A row that you remove here stays held; nothing is lost. New rows belong into a file of their own."
        ),
        _(
            "Grey columns are empty: the comment on their header says why. Nothing that is written there is read."
        ),
        _(
            "Where ••• stands, the text was not kept because it may name a person. Write the right value."
        ),
    ]
