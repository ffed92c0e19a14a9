"""What an XLSX workbook is made of: its sheets, its shared strings, and what the formats of its cells mean."""

import posixpath
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

from records.reading.cell_values import BUILT_IN, Kinds, kind_of_format
from records.reading.layout import Source
from records.reading.refusals import FileRefused
from records.reading.xlsx_rows import TRUE, Row, rows_of, strings_of
from records.reading.xml_parts import attributes

BOOK = "xl/workbook.xml"
RELATIONSHIPS = "xl/_rels/workbook.xml.rels"


@dataclass(frozen=True)
class Tab:
    """A sheet as its workbook names it, and the part that holds it ("" where there is none)."""

    name: str
    part: str
    is_shown: bool


@dataclass(frozen=True)
class XlsxBook:
    """A workbook. Its parts are read when they are asked for; strings_mb: how large its shared strings may be."""

    source: Source
    strings_mb: int

    @cached_property
    def tabs(self) -> list[Tab]:
        """The worksheets in their order, hidden ones among them; sheets of charts are none."""
        with self.source.open("rb") as file, zipfile.ZipFile(file) as archive:
            sheets = attributes(archive, BOOK, "sheet")
        parts = {key: part for key, (kind, part) in self._related.items() if kind == "worksheet"}
        return [
            Tab(sheet.get("name", ""), parts[key], sheet.get("state", "visible") == "visible")
            for sheet in sheets
            if (key := _by_local(sheet, "id")) in parts
        ]

    @cached_property
    def shared(self) -> list[str]:
        """The shared strings. Raises FileRefused (bomb) where they are too large to be held."""
        part = self._only("sharedStrings")
        if not part:
            return []
        with self.source.open("rb") as file, zipfile.ZipFile(file) as archive:
            if archive.getinfo(part).file_size > self.strings_mb << 20:
                raise FileRefused("bomb")
            with archive.open(part) as xml:
                return strings_of(xml)

    @cached_property
    def kinds(self) -> Kinds:
        """What the styles of cells make of numbers."""
        with self.source.open("rb") as file, zipfile.ZipFile(file) as archive:
            facts = attributes(archive, BOOK, "workbookPr")
            from_1904 = any(fact.get("date1904") in TRUE for fact in facts)
            part = self._only("styles")
            if not part:
                return Kinds({}, from_1904)
            own = {
                form.get("numFmtId", ""): kind_of_format(form.get("formatCode", ""))
                for form in attributes(archive, part, "numFmt", within="numFmts")
            }
            formats = BUILT_IN | own
            styles = attributes(archive, part, "xf", within="cellXfs")
        kinds = [formats.get(style.get("numFmtId", ""), "") for style in styles]
        named = [*((str(k), kind) for k, kind in enumerate(kinds)), ("", "".join(kinds[:1]))]
        return Kinds({style: kind for style, kind in named if kind}, from_1904)

    def rows(self, part: str, columns: int) -> Iterator[tuple[list[Row], int]]:
        """Yield the rows of a sheet as `rows_of`, with how many of 1,000 parts of the sheet are behind them."""
        shared, kinds = self.shared, self.kinds
        with self.source.open("rb") as file, zipfile.ZipFile(file) as archive:
            size = max(archive.getinfo(part).file_size, 1)
            with archive.open(part) as xml:
                for rows, done in rows_of(xml, shared, kinds, columns):
                    yield rows, 1000 * done // size

    def _only(self, kind: str) -> str:
        """Return the part of this kind, of which a workbook has at most one; "" where it has none."""
        return next((part for of, part in self._related.values() if of == kind), "")

    @cached_property
    def _related(self) -> dict[str, tuple[str, str]]:
        """The parts that belong to the workbook and are there: key -> (kind, part)."""
        with self.source.open("rb") as file, zipfile.ZipFile(file) as archive:
            there = {name.lower(): name for name in archive.namelist()}
            related = attributes(archive, RELATIONSHIPS, "Relationship")
        parts = {}
        for one in related:
            part = posixpath.normpath(posixpath.join("/xl", one.get("Target", ""))).lstrip("/")
            if part.lower() in there:
                kind = one.get("Type", "").rpartition("/")[2]
                parts[one.get("Id", "")] = (kind, there[part.lower()])
        return parts


def _by_local(attributes: dict[str, str], name: str) -> str:
    """Return the attribute of this name with a prefix, such as r:id."""
    return next((v for k, v in attributes.items() if k.endswith(f":{name}")), "")
