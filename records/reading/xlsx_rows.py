"""The rows of a worksheet of an XLSX workbook as texts, read piece by piece: memory does not grow with the sheet.

A parser reads the XML; entities are refused, not expanded. Rows that are written plainly, as programs write nearly all,
do not reach it: a pattern reads them three times as fast. A cell is put where its address says; without addresses
cells and rows follow one another. Empty cells, and rows at the end that hold nothing, count as none.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import IO, Any
from xml.parsers import expat

from records.reading.cell_values import Kinds
from records.reading.layout import letter_of, position_of
from records.reading.refusals import FileRefused
from records.reading.sheet_cells import CONTROL

PIECE = 1 << 18  # bytes
ADDRESS = re.compile(r"\$?([A-Za-z]{1,3})\$?([0-9]{1,7})")
LAST_ROW = 1_048_576  # of a sheet of Excel
ESCAPED = re.compile(r"_x([0-9A-Fa-f]{4})_")  # how a letter that XML cannot hold is written
TRUE = ("1", "true")
SPACE = " \t\r\n"
PLAIN_ROW = re.compile(r' r="([0-9]{1,7})"[^<>]*>')
PLAIN_CELL = re.compile(
    r'<c r="([A-Z]{1,3})([0-9]{1,7})"(?: s="([0-9]+)")?(?: t="([a-zA-Z]+)")?'
    r"(?:/>|>(?:<f(?: [^<>]*)?(?:/>|>[^<]*</f>))?"
    r'(?:<v>([^<]*)</v>|<v/>|<is><t( xml:space="preserve")?>([^<]*)</t></is>)?</c>)'
)
PLAIN_NUMBER = re.compile(r"[1-9][0-9]{0,14}").fullmatch  # stands as a person would write it
Row = list[str]


def rows_of(
    xml: IO[bytes], shared: Sequence[str], kinds: Kinds, columns: int
) -> Iterator[tuple[list[Row], int]]:
    """Yield rows from the first on, some at a time, each as long as its last cell that holds something.

    With them comes how many bytes of the XML stand behind them. shared: the shared strings; kinds: what the number
    formats of cells make of numbers; columns: how many a sheet may have. Raises FileRefused (unreadable, too_large).
    """
    sheet, done = _Rows(shared, kinds, columns), 0
    try:
        while piece := xml.read(PIECE):
            sheet.add(piece)
            done += len(piece)
            if sheet.rows:
                yield sheet.taken(), done
        sheet.finish()
    except (expat.ExpatError, LookupError, ValueError) as error:
        raise FileRefused("unreadable") from error
    if sheet.rows:
        yield sheet.taken(), done


def strings_of(xml: IO[bytes]) -> list[str]:
    """Return the shared strings of a workbook: the runs of each as one text, without its pronunciation."""
    parsed = _Strings()
    try:
        parsed.parser.ParseFile(xml)
    except (expat.ExpatError, ValueError) as error:
        raise FileRefused("unreadable") from error
    return parsed.strings


def parser_of() -> Any:
    """Return a parser that refuses a document type: no part of a workbook has one, and entities stand in it."""
    parser = expat.ParserCreate()
    parser.buffer_text = True
    parser.StartDoctypeDeclHandler = _refuse
    return parser


def _refuse(*_declaration: Any) -> None:
    raise FileRefused("unreadable")


def _plain_cells(row: str) -> list[tuple[str, ...]] | None:
    """Return the cells of a row, as the groups of the pattern; None where one is written otherwise."""
    cells = PLAIN_CELL.findall(row)
    is_whole = len(cells) == row.count("<c") and ":c" not in row and ":row" not in row
    return cells if is_whole and "&" not in row and "_x" not in row else None


def unescaped(text: str) -> str:
    """Return a text with the letters that stand in it as _x000D_; without those that no text can hold.

    A letter that is written as two halves is one; a half alone is a lost letter.
    """
    if "_x" not in text:
        return text
    text = ESCAPED.sub(lambda match: chr(int(match[1], 16)), text)
    whole = text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    return CONTROL.sub("", whole)


class _Runs:
    """What cells and shared strings have in common: texts in runs (`t`), and pronunciations (`rPh`) that are none."""

    def __init__(self) -> None:
        self.parser = parser_of()
        self.pieces: list[str] = []  # of the text that is being read
        self.runs: list[str] = []
        self.keeps_space = self.is_spoken = False
        self.parser.CharacterDataHandler = self.pieces.append

    def begin_run(self, attributes: Mapping[str, str]) -> None:
        self.keeps_space = attributes.get("xml:space") == "preserve"
        self.pieces.clear()

    def end_run(self) -> None:
        if not self.is_spoken:
            text = "".join(self.pieces)
            self.runs.append(text if self.keeps_space else text.strip(SPACE))

    def text(self) -> str:
        """Return the text of the runs so far, which are then done with."""
        text = unescaped("".join(self.runs))
        self.runs.clear()
        return text


class _Strings(_Runs):
    def __init__(self) -> None:
        super().__init__()
        self.strings: list[str] = []
        self.parser.StartElementHandler = self._start
        self.parser.EndElementHandler = self._end

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        name = name.rpartition(":")[2]
        if name == "t":
            self.begin_run(attributes)
        elif name == "rPh":
            self.is_spoken = True

    def _end(self, name: str) -> None:
        name = name.rpartition(":")[2]
        if name == "t":
            self.end_run()
        elif name == "si":
            self.strings.append(self.text())
        elif name == "rPh":
            self.is_spoken = False


class _Rows(_Runs):
    """The state of a sheet that is being read. Of its elements most are cells and their values: they come first."""

    def __init__(self, shared: Sequence[str], kinds: Kinds, columns: int) -> None:
        super().__init__()
        self.shared, self.kinds, self.most = shared, kinds, columns
        self.rest = b""  # of the XML: what is not read yet
        self.is_data = False  # whether this is among the rows: xdr:row elsewhere is none
        self.is_plain = True  # whether rows may be read by the pattern
        self.rows: list[Row] = []
        self.row: Row = []
        self.number, self.digits = 0, ""  # of the row: counted from 1, and as it is written
        self.told = 0  # the number of the last row that is complete and holds something
        self.column, self.kind, self.style = -1, "", ""  # of the cell
        self.columns: dict[str, int] = {}  # letters -> position
        self.parser.XmlDeclHandler = self._declared
        self.parser.StartElementHandler = self._root

    def add(self, piece: bytes) -> None:
        """Read a piece, as far as its last row is complete."""
        self.rest += piece
        # Rows in a comment or the like are none; where it ends only the parser knows.
        self.is_plain &= b"<!" not in self.rest and self.rest.rfind(b"<?") <= 3
        start, end = self.rest.find(b"<row "), self.rest.rfind(b"</row>") + 6
        if self.is_plain and 0 <= start < end:
            self.parser.Parse(self.rest[:start])
            if self.is_plain:
                self._read(self.rest[start:end].decode())
                self.rest = self.rest[end:]
                return
            self.rest = self.rest[start:]
        if not self.is_plain or start < 0:
            self._parse_rest()

    def finish(self) -> None:
        """Read what is left, to the end of the XML."""
        self.parser.Parse(self.rest, True)

    def taken(self) -> list[Row]:
        """Return the rows that are complete, which are then done with."""
        rows, self.rows = self.rows, []
        return rows

    def _parse_rest(self) -> None:
        """Parse what is there; the last bytes may be the beginning of a row or of a comment."""
        cut = len(self.rest) if not self.is_plain else self.rest.rfind(b"<")
        if cut > 0:
            self.parser.Parse(self.rest[:cut])
            self.rest = self.rest[cut:]

    def _declared(self, _version: str, encoding: str | None, _standalone: int) -> None:
        self.is_plain &= (encoding or "utf-8").lower() == "utf-8"

    def _read(self, xml: str) -> None:
        """Read complete rows: by the pattern as far as they are written plainly, else by the parser."""
        is_clean = not CONTROL.search(xml)  # the parser says no to the others
        for row in xml.split("<row")[1:]:
            if not (is_clean and self._read_plain(row)):
                self.parser.Parse(f"<row{row}".encode())

    def _read_plain(self, xml: str) -> bool:
        """Read one row by the pattern; say whether it could be read. The row begins behind its `<row`."""
        cells = _plain_cells(xml)
        begin = PLAIN_ROW.match(xml)
        if cells is None or not begin:
            return False
        self._begin_row(begin[1])
        row, shared, columns, dated = self.row, self.shared, self.columns, self.kinds.dated
        for letters, digits, style, kind, text, keeps_space, run in cells:
            if digits != self.digits and int(digits) != self.number:
                raise self._refusal(letters + digits)
            if kind == "s":
                text = shared[int(text)] if text.isdigit() else self._shared(text)
            elif run:
                text = run if keeps_space else run.strip(SPACE)
            elif (kind and kind != "n") or style in dated or not PLAIN_NUMBER(text):
                text = self._text(text, kind, style)
            place = columns.get(letters)
            if text and place == len(row):
                row.append(text)
            else:
                self._put(text, self._place(letters + digits) if place is None else place)
        self._end_row()
        return True

    def _root(self, name: str, _attributes: dict[str, str]) -> None:
        """Begin with the first element: all others of the sheet have the prefix that it has."""
        prefix = name.rpartition(":")[0]
        self.is_plain &= not prefix
        names = [
            f"{prefix}:{local}" if prefix else local for local in ("c", "v", "t", "rPh", "row")
        ]
        self.parser.StartElementHandler = self._starting(*names)
        self.parser.EndElementHandler = self._ending(*names)

    def _starting(self, cell: str, value: str, run: str, spoken: str, row: str) -> Any:
        def start(name: str, attributes: dict[str, str]) -> None:
            if name == cell:
                self.kind, self.style = attributes.get("t", ""), attributes.get("s", "")
                self.column = self._place(attributes.get("r", ""))
            elif name == value:
                self.pieces.clear()
            elif name == run:
                self.begin_run(attributes)
            elif name == spoken:
                self.is_spoken = True
            elif name == row:
                self._begin_row(attributes.get("r", ""))
            else:
                self._other(name.rpartition(":")[2])

        return start

    def _other(self, local: str) -> None:
        """Refuse a row or cell of another prefix than the sheet has: it would be lost."""
        if local == "sheetData":
            self.is_data = True
        elif self.is_data and local in ("row", "c", "v"):
            raise self._refusal()

    def _ending(self, cell: str, value: str, run: str, spoken: str, row: str) -> Any:
        def end(name: str) -> None:
            if name == value:
                self._put(self._text("".join(self.pieces), self.kind, self.style), self.column)
            elif name == cell and self.runs:
                self._put(self.text(), self.column)
            elif name == run:
                self.end_run()
            elif name == spoken:
                self.is_spoken = False
            elif name == row:
                self._end_row()
            elif name.endswith("sheetData"):
                self.is_data = False

        return end

    def _begin_row(self, digits: str) -> None:
        """Begin the row of this number, or the next one. Raises FileRefused where rows are not in order."""
        self._number(int(digits) if digits else self.number + 1)
        self.digits = digits
        self.row, self.column = [], -1

    def _number(self, number: int) -> None:
        if not self.told < number <= LAST_ROW or number < self.number:
            raise self._refusal(str(number))
        self.number = number

    def _refusal(self, where: str = "") -> FileRefused:
        """Return the refusal of a sheet that contradicts itself, with the cell or row where it does."""
        return FileRefused("unreadable", where=where or str(self.number))

    def _place(self, address: str) -> int:
        """Return the position of a cell: that of its address, or after the cell before it.

        Raises FileRefused where the address is none, or that of another row.
        """
        if not address:
            return self.column + 1
        if not (match := ADDRESS.fullmatch(address)):
            raise self._refusal()
        if not self.digits:  # the row does not say its number, so its first cell does
            self._number(int(match[2]))
            self.digits = match[2]
        elif int(match[2]) != self.number:
            raise self._refusal(address)
        position = self.columns[match[1]] = position_of(match[1])
        return position

    def _put(self, text: str, column: int) -> None:
        """Put the text of a cell into its row. Raises FileRefused where the sheet is too wide."""
        if not text:
            return
        row = self.row
        missing = column - len(row)
        if column >= self.most:
            raise FileRefused("too_large", where=f"{letter_of(column)}{self.number}")
        if missing >= 0:
            row.extend([""] * missing)
            row.append(text)
        else:
            row[column] = text

    def _text(self, stored: str, kind: str, style: str) -> str:
        """Return the stored value of a cell as text, by the kind of the cell. Raises FileRefused for unknown kinds."""
        match kind:
            case "" | "n":
                return self.kinds.text_of(stored.strip(SPACE), style)
            case "s":
                return self._shared(stored.strip(SPACE))
            case "str":
                return unescaped(stored)
            case "b":
                value = stored.strip(SPACE)
                return value and ("1" if value in TRUE else "0")
            case "d":
                return stored.strip(SPACE).partition("T")[0]
            case "e":
                return stored.strip(SPACE)
            case "inlineStr":
                return ""
        raise self._refusal()

    def _shared(self, place: str) -> str:
        """Return a shared string. Raises FileRefused where there is none at this place."""
        if place and not (place.isdigit() and int(place) < len(self.shared)):
            raise self._refusal()
        return self.shared[int(place)] if place else ""

    def _end_row(self) -> None:
        if len(self.row) > self.most:
            raise FileRefused("too_large", where=f"{letter_of(len(self.row) - 1)}{self.number}")
        if self.row:
            self.rows += [[]] * (self.number - self.told - 1)  # rows between, which hold nothing
            self.rows.append(self.row)
            self.told, self.row = self.number, []
