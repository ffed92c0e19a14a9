"""The report of an upload: what was seen of its file, and what became of its rows. Kept as JSON."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from records.collection.comparison import Comparison
from records.collection.findings_by_cause import Cause
from records.models import Upload
from records.reading.layout import ANSWERED, Question, Refusal
from standards import sex


@dataclass(frozen=True)
class RowCounts:
    """What became of the rows of a file, in numbers of rows; `read` is all of them."""

    read: int = 0
    accepted: int = 0
    held: int = 0
    late: int = 0
    skipped: int = 0
    duplicate: int = 0


@dataclass(frozen=True)
class ReportedColumn:
    """A column of the file: its header, the variable it was taken for and how, or why it was dropped; see `FileColumn`."""

    header: str
    variable: str | None
    how: str
    letter: str
    reason: str = ""
    values: tuple[str, ...] = ()
    stated: int = 0
    understood: int = 0

    @property
    def is_answered(self) -> bool:
        """Say whether a person said what the column is."""
        return self.how in ANSWERED


@dataclass(frozen=True)
class SentBack:
    """What became of the rows of a workbook of held rows that was sent back, in numbers of rows.

    of  the file whose held rows they were. The others name rows of the workbook, the first of them: gone  corrected,
    removed or changed meanwhile, `gone_count` in all; closed  whose period is not open; without_key  whose key is
    none; twice  whose key stands in several rows.
    """

    of: int
    corrected: int
    still_wrong: int
    unchanged: int
    gone_count: int
    gone: tuple[int, ...] = ()
    closed: tuple[int, ...] = ()
    without_key: tuple[int, ...] = ()
    twice: tuple[int, ...] = ()


@dataclass(frozen=True)
class UploadReport:
    """The report of an upload. Parts that are not known yet are empty.

    file  encoding, delimiter, sheet, header_row and what else was seen; sex  records by code of sex;
    skipped  rows that are no records, by kind; memory  what an earlier file of this layout said of it: layout,
    exact, and the names of the answers; again  how it compares with records of its periods, where it shares
    a number with them; lists  variable -> the list of codes that its column proves; own_lists  list of the agency -> the
    version that the file was read with; blanks  [{variable, text, count}] that were read as “not stated”.
    """

    file: Mapping[str, Any] = field(default_factory=dict)
    columns: tuple[ReportedColumn, ...] = ()
    questions: tuple[Question, ...] = ()
    rows: RowCounts = RowCounts()
    sex: Mapping[str, int] = field(default_factory=lambda: dict.fromkeys(sex.CODES, 0))
    findings: tuple[Cause, ...] = ()
    skipped: Mapping[str, int] = field(default_factory=dict)
    refusal: Refusal | None = None
    memory: Mapping[str, Any] = field(default_factory=dict)
    again: Comparison | None = None
    sent_back: SentBack | None = None
    lists: Mapping[str, str] = field(default_factory=dict)
    own_lists: Mapping[str, int] = field(default_factory=dict)
    blanks: tuple[Mapping[str, Any], ...] = ()

    @property
    def cells(self) -> dict[str, str]:
        """The letter of each variable in the file, and under "" its sheet, as findings name cells."""
        sheet = self.file.get("sheet")
        letters = {column.variable: column.letter for column in self.columns if column.variable}
        return {**letters, "": f"{sheet}!" if sheet else ""}

    @classmethod
    def of(cls, upload: Upload) -> "UploadReport":
        """Read the report that an upload keeps."""
        content = upload.report
        whole = {
            name: content[name]
            for name in ("file", "sex", "skipped", "memory", "lists", "own_lists")
            if name in content
        }
        refusal, sent_back = content.get("refusal"), content.get("sent_back")
        return cls(
            **whole,
            columns=tuple(ReportedColumn(**column) for column in content.get("columns", ())),
            questions=tuple(Question(**question) for question in content.get("questions", ())),
            rows=RowCounts(**content.get("rows", {})),
            findings=tuple(Cause.from_json(cause) for cause in content.get("findings", ())),
            refusal=Refusal(**refusal) if refusal else None,
            blanks=tuple(content.get("blanks", ())),
            again=Comparison.of(content),
            sent_back=SentBack(**sent_back) if sent_back else None,
        )
