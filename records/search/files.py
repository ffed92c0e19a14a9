"""The rows of a search as CSV or XLSX. The database writes the lines; here they only pass, some thousand at a time."""

import io
import re
import zipfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from html import escape
from typing import Any

import xlsxwriter
from django.db import connection
from django.utils.translation import gettext as _

from records.search import columns, conditions, wording
from records.search.asked import BY_NUMBER, NEWEST, Search
from records.search.columns import DAY, NUMBER, TEXT, Column

Sink = Callable[[bytes], Any]
Told = Callable[[int], None]
AT_ONCE = 5_000  # lines that are fetched together
EPOCH = "date '1899-12-30'"  # day 0 of spreadsheets
UNSEEN = (
    "E'"
    + "".join(f"\\x{n:02x}" for n in (*range(1, 9), 11, 12, *range(14, 32)))
    + "\\ufffe\\uffff'"
)
ORDER = {NEWEST: "r.event_date DESC, r.id DESC", BY_NUMBER: "r.record_ref, r.id"}
OLDEST_FIRST = "r.event_date, r.id"
WIDTHS = {NUMBER: 12, DAY: 12}  # in letters
WIDTH = 24


@dataclass(frozen=True)
class Form:
    """One kind of file: its name at the end, its type, how many rows it holds at most, and what writes it."""

    suffix: str
    content_type: str
    most: int
    write: Callable[[Search, Sink, Told], None]


def lines(
    search: Search, listed: Sequence[Column], line: str, label: Callable[[str], str]
) -> Iterator[list[str]]:
    """Yield the rows of a search as lines that the database writes, in blocks.

    line: SQL over the columns; label: what a file has of the name of a code.
    """
    rows, values = conditions.rows(search)
    joins = "".join(column.join for column in listed)
    order = ORDER.get(search.order, OLDEST_FIRST)
    statement = f"SELECT {line} FROM {rows}{joins} ORDER BY {order}"
    labels = [value for column in listed for value in column.parameters(label)]
    with connection.chunked_cursor() as cursor:
        cursor.execute(statement, [*values, *labels])
        while block := cursor.fetchmany(AT_ONCE):
            yield [text for (text,) in block]


def as_csv(search: Search, sink: Sink, told: Told) -> None:
    """Write UTF-8 CSV with a mark of its encoding, so that spreadsheets read its letters; days are year-month-day."""
    listed, done = columns.columns(search.shown), 0
    line = " || ',' || ".join(map(_csv, listed))
    heads = ",".join(f'"{_quoted(column.header)}"' for column in listed)
    sink(f"\ufeff{heads}\r\n".encode())
    for block in lines(search, listed, line, _quoted):
        sink("".join(f"{text}\r\n" for text in block).encode())
        done += len(block)
        told(done)


def as_xlsx(search: Search, sink: Sink, told: Told) -> None:
    """Write a workbook: the rows on one sheet, what was searched for on another.

    XlsxWriter makes the book without its rows, and these are put in as the database writes them: a cell each in Python
    takes a minute for a million rows.
    """
    listed = columns.columns(search.shown)
    shell = zipfile.ZipFile(io.BytesIO(_shell(search, listed)))
    sheet = shell.read("xl/worksheets/sheet1.xml").decode()
    sheet = re.sub(r"<dimension [^>]*>", "", sheet)  # of the header alone
    before, _end, rest = sheet.partition("</sheetData>")
    styles = re.findall(r'<col [^>]*style="(\d+)"', sheet)
    line = " || ".join(_xml(column, (styles or ["0"])[0]) for column in listed)
    with zipfile.ZipFile(_Writable(sink), "w", zipfile.ZIP_DEFLATED, compresslevel=3) as book:
        for name in shell.namelist():
            if name != "xl/worksheets/sheet1.xml":
                book.writestr(name, shell.read(name))
        with book.open("xl/worksheets/sheet1.xml", "w", force_zip64=True) as out:
            done = 0
            out.write(before.encode())
            for block in lines(search, listed, line, escape):
                out.write("".join(f"<row>{text}</row>" for text in block).encode())
                done += len(block)
                told(done)
            out.write(f"</sheetData>{rest}".encode())


def _quoted(text: str) -> str:
    return text.replace('"', '""')


def _csv(column: Column) -> str:
    """Return SQL of a cell of a line."""
    if column.kind != TEXT:
        return f"coalesce(({column.value})::text, '')"
    said = column.said(lambda text: f"""replace({text}, '"', '""')""")
    return f"""'"' || coalesce({said}, '') || '"'"""


def _xml(column: Column, day_style: str) -> str:
    """Return SQL of a cell of a sheet. A text is one by its type, whatever it begins with."""
    if column.kind == NUMBER:
        return f"coalesce('<c><v>' || {column.value} || '</v></c>', '<c/>')"
    if column.kind == DAY:
        number = f"({column.value} - {EPOCH})"
        return f"coalesce('<c s=\"{day_style}\"><v>' || {number} || '</v></c>', '<c/>')"
    cell = '<c t="inlineStr"><is><t xml:space="preserve">'
    return f"coalesce('{cell}' || {column.said(_escaped)} || '</t></is></c>', '<c/>')"


def _escaped(text: str) -> str:
    """Return SQL of a text as XML has it, without what XML cannot hold."""
    text = f"translate({text}, {UNSEEN}, '')"
    for sign, written in (("&", "&amp;"), ("<", "&lt;"), (">", "&gt;")):
        text = f"replace({text}, '{sign}', '{written}')"
    return text


def _shell(search: Search, listed: Sequence[Column]) -> bytes:
    """Return the workbook without its rows: headers, widths, and a sheet that says what was searched for."""
    out = io.BytesIO()
    options = {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
    with xlsxwriter.Workbook(out, options) as book:
        title, day = str(search.version.title), book.add_format({"num_format": "dd.mm.yyyy"})
        book.set_properties({"title": title, "subject": search.instrument.code})
        sheet, bold = book.add_worksheet(_("Records")[:31]), book.add_format({"bold": True})
        for k, column in enumerate(listed):
            style = day if column.kind == DAY else None
            sheet.set_column(k, k, max(WIDTHS.get(column.kind, WIDTH), len(column.header)), style)
            sheet.write_string(0, k, column.header, bold)
        sheet.freeze_panes(1, 0)
        about = book.add_worksheet(_("About")[:31])
        about.set_column(0, 0, 100)
        limits = wording.limits(search) or [_("all records")]
        about.write_column(0, 0, [f"{title}, {search.agency}", *limits, _("Exact, not public.")])
    return out.getvalue()


class _Writable(io.RawIOBase):
    """A file that can only be written to its end: what is written goes to the sink."""

    def __init__(self, sink: Sink) -> None:
        self._sink = sink

    def writable(self) -> bool:
        return True

    def write(self, piece: Any, /) -> int:
        self._sink(bytes(piece))
        return len(piece)


CSV = Form("csv", "text/csv; charset=utf-8", 5_000_000, as_csv)
XLSX = Form(
    "xlsx",
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    1_048_000,
    as_xlsx,
)
FORMS = {form.suffix: form for form in (XLSX, CSV)}
