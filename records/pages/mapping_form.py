"""The form that says how a file is to be read, as answers."""

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext as _

from records.collection.answers import said
from records.collection.report import ReportedColumn, UploadReport
from records.models import Upload
from records.reading.layout import Question
from records.reading.questions import CONSTANT, NONE

IGNORED = "ignored"  # what a column is made that is not used
DELIMITERS = {"semicolon": ";", "comma": ",", "tab": "\t", "bar": "|"}


class PostedAnswers:
    """The form of the page as answers to be merged with those of the upload.

    `answers` holds only what the form says anew; `problems`: id of a question -> why its answer is none.
    """

    def __init__(self, post: Mapping[str, str], upload: Upload) -> None:
        self.post, self.upload = post, upload
        self.report = UploadReport.of(upload)
        self.problems: dict[str, str] = {}
        self.before = before = said(upload)
        self.columns = dict(before.get("columns") or {})
        self.constants = dict(before.get("constants") or {})
        self.ignored = set(before.get("ignored") or ())
        self.answers: dict[str, Any] = {}
        for question in self.report.questions:
            self._take_answer(question)
        for letter in dict.fromkeys(c.letter for c in self.report.columns):
            self._take_use(letter)
        for column in self.report.columns:
            self._take_list(column)
        self._take_table()
        self._take_file()
        lists = {"columns": self.columns, "constants": self.constants}
        lists["ignored"] = sorted(self.ignored)  # type: ignore[assignment]
        empty: dict[str, Any] = {"ignored": []}
        self.answers |= {k: v for k, v in lists.items() if v != before.get(k, empty.get(k, {}))}

    def _take_answer(self, question: Question) -> None:
        name, _colon, variable = question.id.partition(":")
        value = self.post.get(question.id, "")
        if name == "sex_codes":
            texts = [line.split(":")[0] for line in question.evidence]
            codes = {text: self.post.get(f"sex_codes:{text}", "") for text in texts}
            if all(codes.values()):
                self.answers[name] = {**(self.before.get(name) or {}), **codes}
        elif name == "columns" and value == CONSTANT:
            self._take_constant(question.id, variable)
        elif name == "columns" and value:
            self.columns[variable] = value
            self.constants.pop(variable, None)
        elif variable and value:  # of another question that is asked about several variables
            known = {**(self.before.get(name) or {}), **self.answers.get(name, {})}
            self.answers[name] = {**known, variable: value}
        elif name != "table" and value:
            self.answers[name] = value

    def _take_constant(self, question: str, variable: str) -> None:
        text = self.post.get(f"constant:{variable}", "").strip()
        if text:
            self.constants[variable] = text
            self.columns.pop(variable, None)
        else:
            self.problems[question] = _("Say what it is in all rows.")

    def _take_use(self, letter: str) -> None:
        """Take what a person made of a column: a variable, nothing, or what the headers say."""
        use = self.post.get(f"use:{letter}")
        if use is None:
            return
        self.columns = {name: place for name, place in self.columns.items() if place != letter}
        self.ignored.discard(letter)
        if use == IGNORED:
            self.ignored.add(letter)
        elif use:
            self.columns[use] = letter
            self.constants.pop(use, None)

    def _take_list(self, column: ReportedColumn) -> None:
        """Take which list the codes of a column follow; nothing chosen leaves it to the codes themselves."""
        name = column.variable
        chosen = self.post.get(f"list:{name}") if name else None
        use = self.post.get(f"use:{column.letter}")
        stays = use in (None, name) or (not use and not column.is_answered)
        if chosen is None or not stays:  # what it becomes instead may follow no list
            return
        before = self.before.get("codes") or {}
        others = {k: v for k, v in (self.answers.get("codes") or before).items() if k != name}
        codes = {**others, name: chosen} if chosen else others
        if codes != before:
            self.answers["codes"] = codes

    def _take_table(self) -> None:
        """Take the rows of the table, where they are others than those that were read."""
        if self.post.get("table") == NONE:
            self.answers["table"] = NONE
            return
        header = _number(self.post.get("table") or self.post.get("header"))
        levels = _number(self.post.get("levels")) or 1
        rows = [_number(self.post.get("first")), _number(self.post.get("last"))]
        if header is None:
            return
        stated = {"header": [max(1, header - levels + 1), header] if header else [0, 0]}
        if any(rows):
            stated["rows"] = [rows[0] or header + 1, rows[1]]  # type: ignore[list-item]
        if stated != table_as_read(self.upload, self.report):
            self.answers["table"] = stated

    def _take_file(self) -> None:
        """Take sheet, encoding and delimiter, where they are others than those that were read."""
        file = self.report.file
        chosen = {
            "sheet": self.post.get("sheet"),
            "encoding": self.post.get("encoding"),
            "delimiter": DELIMITERS.get(self.post.get("delimiter", "")),
        }
        others = {
            name: value for name, value in chosen.items() if value and value != file.get(name)
        }
        if (
            "sheet" in others
        ):  # what was said of the columns of one sheet says nothing of another one
            self.answers = {}
            self.columns, self.constants, self.ignored = {}, {}, set()
        self.answers |= others


def table_as_read(upload: Upload, report: UploadReport) -> dict[str, Any]:
    """Return the rows of the table as a person said, or as they were found."""
    known = said(upload).get("table")
    header = report.file.get("header_row") or 1
    return dict(known) if isinstance(known, Mapping) else {"header": [header, header]}


def _number(text: str | None) -> int | None:
    plain = (text or "").strip()
    return int(plain) if plain.isascii() and plain.isdecimal() and len(plain) < 8 else None
