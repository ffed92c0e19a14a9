"""The page on which a person says how a file is to be read: its rows, its columns, and what nobody else knows."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from itertools import groupby
from typing import Any

from django.utils.translation import gettext as _

from records.codelists import learned
from records.collection import own_lists
from records.collection.answers import said
from records.collection.names import GivenNames
from records.collection.report import ReportedColumn, UploadReport
from records.instruments.spec import Spec, Variable
from records.instruments.versions import current, spec_of
from records.models import Upload
from records.pages.mapping_form import DELIMITERS, IGNORED, table_as_read
from records.reading import told_by_names
from records.reading.code_list_question import systems_for, title_of
from records.reading.encoding import ENCODINGS
from records.reading.layout import Question, letter_of
from records.reading.questions import CONSTANT, NONE, ROW_CELLS
from records.reading.table_rows import FURTHEST
from standards.codelists import standard
from standards.translation import active_language, in_language

LEVELS = (1, 2, 3)  # rows that headers may take
LISTED_FROM = 7  # so many choices are a list to choose from
CLOSED = ("forbidden", "part")  # no answer opens these columns


def mapping_of(
    upload: Upload,
    given: GivenNames,
    answers: Mapping[str, Any],
    *,
    problems: Mapping[str, str] | None = None,
    changed: str = "",
) -> dict[str, Any]:
    """Return what the page shows of a file that can still be read in another way.

    `answers` are those said so far; `problems`: id of a question -> why its answer cannot be used; `changed` is the
    letter of the column that the person is about to change.
    """
    report = UploadReport.of(upload)
    spec = spec_of(current(upload.instrument))
    questions = questions_of(upload, answers, given, problems or {})
    columns = columns_of(report, spec, given, lists_of(upload))
    for column in columns:
        if column["letter"] == changed and column["may_change"]:
            column |= _ways_to_change(upload, report, spec, changed)
    asked = {q["id"].partition(":")[2] for q in questions}
    return {
        "questions": questions,
        "columns": columns,
        "clear": sum(1 for c in columns if c["is_clear"]),
        "preview": _preview(given, report),
        "letters": [c.letter for c in report.columns],
        "table": _table_settings(upload, report),
        "file": _file_settings(upload, report, given),
        "problems": [
            text for name, text in (problems or {}).items() if name not in _ids(questions)
        ],
        "constants": [
            {"label": in_language(spec.by_name[name].label), "text": text}
            for name, text in (answers.get("constants") or {}).items()
            if name in spec.by_name and name not in asked
        ],
    }


def _ids(questions: Sequence[Mapping[str, Any]]) -> set[str]:
    return {question["id"] for question in questions}


def columns_of(
    report: UploadReport,
    spec: Spec,
    given: GivenNames,
    lists: Mapping[str, str],
) -> list[dict[str, Any]]:
    """Return the columns of a file in words: the header, what it was taken for, why, and what it shows.

    `lists`: variable -> the list that its codes follow.
    """
    rows = []
    for letter, group in groupby(report.columns, key=lambda column: column.letter):
        parts = list(group)
        column = parts[0]
        variables = [spec.by_name[c.variable] for c in parts if c.variable in spec.by_name]
        rows.append(
            {
                "letter": letter,
                "header": given.header_of(letter, column.header),
                "label": "; ".join(in_language(variable.label) for variable in variables),
                "how": column.how,
                "list": _list_of(column, lists, report),
                "why": _why(column),
                "values": column.values,
                "stated": column.stated,
                "understood": column.understood,
                "is_clear": bool(variables) or column.how in ("forbidden", "ignored", "empty"),
                "may_change": column.how not in CLOSED and ":" not in letter,
            }
        )
    return rows


def _list_of(column: ReportedColumn, lists: Mapping[str, str], report: UploadReport) -> str:
    key = lists.get(column.variable or "")
    return list_title(key, report) if key else ""


def lists_of(upload: Upload) -> dict[str, str]:
    """Return variable -> the list that its codes follow, as a person said or the column proves."""
    lists = {**UploadReport.of(upload).lists, **(said(upload).get("codes") or {})}
    return {name: key for name, key in lists.items() if key != NONE}


def list_title(key: str, report: UploadReport) -> str:
    """Return what a list of codes is called; one of an agency with the version that the file was read with."""
    title = in_language(title_of(key))
    version = report.own_lists.get(key)
    return f"{title}, {_('version')} {version}" if version else title


def _why(column: ReportedColumn) -> str:
    """Say in words why a column was taken for what it was taken for."""
    if column.how == "forbidden":
        reason = standard("reading").get(f"dropped.{column.reason}")
        return in_language(reason) if reason else _("never stored")
    return {
        "exact": _("known header"),
        "folded": _("known header, accents aside"),
        "look_alike": _("known header, in letters that look alike"),
        "answer": _("as you said"),
        "remembered": _("as in your earlier file"),
        "part": _("a part of the cell"),
        "ignored": _("a header that is not kept"),
        "empty": _("no header"),
    }.get(column.how, _("no variable has this header"))


def _ways_to_change(
    upload: Upload, report: UploadReport, spec: Spec, letter: str
) -> dict[str, Any]:
    """Return what a column can be made, and which lists its codes can follow."""
    parts = [column for column in report.columns if column.letter == letter]
    variables = [spec.by_name[c.variable] for c in parts if c.variable in spec.by_name]
    asked = {question.id for question in report.questions}  # a list that is asked for stands there
    return {
        "options": _uses(spec, parts[0]),
        "coded": [
            {"name": v.name, "choices": choices}
            for v in variables
            if f"codes:{v.name}" not in asked and (choices := _list_choices(upload, v))
        ],
    }


def _list_choices(upload: Upload, variable: Variable) -> list[dict[str, Any]]:
    """Return the lists that the codes of a variable can follow; none where there is nothing to choose between."""
    systems = systems_for(variable, own_lists.in_use(upload.agency))
    known = (said(upload).get("codes") or {}).get(variable.name, "")
    titles = {s.name: in_language(title_of(s.name)) for s in systems}
    if titles:
        titles = {"": _("as its codes prove"), **titles}
    return [
        {"value": name, "label": title, "chosen": name == known} for name, title in titles.items()
    ]


def _uses(spec: Spec, column: ReportedColumn) -> list[dict[str, Any]]:
    """Return what a column can be made: as its header says, a variable, or nothing."""
    uses = [
        {"value": "", "label": _("as the header says"), "chosen": False},
        {"value": IGNORED, "label": _("not used"), "chosen": column.how == "ignored"},
    ]
    return uses + [
        {
            "value": v.name,
            "label": in_language(v.label),
            "chosen": column.is_answered and v.name == column.variable,
        }
        for v in spec.variables
        if v.kind != "key"
    ]


def _preview(given: GivenNames, report: UploadReport) -> dict[str, Any]:
    """Return the rows as the sender sees them; for everybody else there are none."""
    rows = [dict(row) for row in given.preview]
    width = max((len(row["cells"]) for row in rows), default=0)
    for row in rows:
        row["cells"] = [*row["cells"], *[""] * (width - len(row["cells"]))]
        row["may_be_header"] = row["number"] is not None and row["number"] <= FURTHEST
        row["is_header"] = row["kind"] == "header"
    letters = _letters(width)
    gap = next((k for k, row in enumerate(rows) if row["kind"] == "below"), None)
    return {"rows": rows, "letters": letters, "gap": gap, "columns": len(report.columns)}


def _letters(width: int) -> list[str]:
    return [letter_of(k) for k in range(width)]


def _table_settings(upload: Upload, report: UploadReport) -> dict[str, Any]:
    """Return the rows of the table as they were read, or said."""
    table = table_as_read(upload, report)
    first, last = (*(table.get("rows") or ()), None, None)[:2]
    start, end = table.get("header") or (1, 1)
    return {
        "header": end,
        "levels": end - start + 1,
        "first": first,
        "last": last,
        "choices": LEVELS,
    }


def _file_settings(upload: Upload, report: UploadReport, given: GivenNames) -> dict[str, Any]:
    """Return how the file was opened, and how else it can be."""
    file = report.file
    words = {mark: word for word, mark in DELIMITERS.items()}
    names = {
        "semicolon": _("semicolon"),
        "comma": _("comma"),
        "tab": _("tab"),
        "bar": _("vertical bar"),
    }
    return {
        "encodings": dict.fromkeys([file["encoding"], *ENCODINGS]) if file.get("encoding") else (),
        "encoding": file.get("encoding"),
        "delimiters": list(names.items()) if file.get("delimiter") else (),
        "delimiter": words.get(str(file.get("delimiter"))),
        "sheets": [(place, given.sheet_of(place)) for place in file.get("tabs") or ()],
        "sheet": file.get("sheet"),
    }


def questions_of(
    upload: Upload,
    answers: Mapping[str, Any],
    given: GivenNames,
    problems: Mapping[str, str],
) -> list[dict[str, Any]]:
    """Return the questions with what was answered, and beside an answer why it cannot be used.

    What numbers and letters of a sex meant in an earlier file of the agency is proposed, to be confirmed.
    """
    reported = UploadReport.of(upload).questions
    before: Mapping[str, str] = {}
    if "sex_codes" not in answers and any(question.id == "sex_codes" for question in reported):
        before = learned.words_of(upload.agency, upload.instrument).get("sex", {})
        answers = {**answers, "sex_codes": before}
    spec = spec_of(current(upload.instrument))
    sheet = given.sheet_of(str(UploadReport.of(upload).file.get("sheet") or ""))
    told = {
        name: text
        for named in (given.file, sheet)
        for name, text in told_by_names.constants_of(named, spec).items()
    }
    questions = [_question(q, answers, given, spec, told) for q in reported]
    for question in questions:
        texts = {number["text"] for number in question["numbers"]}
        question["proposed"] = question["id"] == "sex_codes" and not texts.isdisjoint(before)
    return [{**q, "problem": problems.get(q["id"], "")} for q in questions]


def _question(
    question: Question,
    answers: Mapping[str, Any],
    given: GivenNames,
    spec: Spec,
    told: Mapping[str, str],
) -> dict[str, Any]:
    """Return one question as the page shows it; `told` is what the names of file and sheets state of variables."""
    name, _colon, variable = question.id.partition(":")
    answer = _answer(name, variable, answers)
    choices = [
        {
            "value": json.dumps(c["value"]) if isinstance(c["value"], bool) else c["value"],
            "label": in_language(c["label"])
            if isinstance(c["label"], dict)
            else _as_given(c["label"], given),
            "chosen": answer is not None and str(c["value"]).lower() == str(answer).lower(),
        }
        for c in question.choices
    ]
    if name == "table":
        _show_rows(choices, given)
    texts = [line.split(":")[0] for line in question.evidence]
    codes = dict(answer or {}) if name == "sex_codes" else {}
    offers_constant = any(c["value"] == CONSTANT for c in choices)
    return {
        **asdict(question),
        "evidence": [given.sheet_of(line) for line in question.evidence],
        "label": in_language(question.text),
        "options": choices,
        "may_load": name == "codes",
        "is_list": len(choices) >= LISTED_FROM,
        "numbers": [{"text": text, "answer": codes.get(text, "")} for text in texts],
        "constant": _constant(spec.by_name[variable], answers, told) if offers_constant else None,
        **_pictures(question.picture, choices),
    }


def _show_rows(choices: list[dict[str, Any]], given: GivenNames) -> None:
    """Let the choices of a row show its cells, as their sender sees them."""
    rows = {row["number"]: row["cells"] for row in given.preview}
    for choice in choices:
        if cells := rows.get(choice["value"]):
            shown = " | ".join([cell for cell in cells if cell][:ROW_CELLS])
            choice["label"] = f"{choice['value']}: {shown}"


def _pictures(picture: Mapping[str, Any] | None, choices: list[dict[str, Any]]) -> dict[str, Any]:
    """Return the first rows of a table as they are, and give each choice what they become by it."""
    if picture is None:
        return {"before": None}
    for choice, after in zip(choices, picture["after"], strict=False):
        choice["after"] = _drawn(after)
    return {"before": _drawn(picture["before"]), "evidence": []}


def _drawn(picture: Mapping[str, Any]) -> dict[str, Any]:
    """Return head and rows of a picture; heads that are labels in the language of the reader."""
    head = [in_language(text) if isinstance(text, Mapping) else text for text in picture["head"]]
    return {"head": head, "rows": picture["rows"]}


def _answer(name: str, variable: str, answers: Mapping[str, Any]) -> Any:
    """Return what was said to a question; of a column its letter, or that it is the same in all rows."""
    if variable and variable in (answers.get("constants") or {}):
        return CONSTANT
    answer = answers.get(name)
    return dict(answer or {}).get(variable) if variable else answer


def _constant(
    variable: Variable, answers: Mapping[str, Any], told: Mapping[str, str]
) -> dict[str, Any]:
    """Return the field for the one text of all rows: what was said, or what names tell, and codes to choose from."""
    language = active_language()
    text = (answers.get("constants") or {}).get(variable.name, "")
    return {
        "name": f"constant:{variable.name}",
        "label": in_language(variable.label),
        "text": text or told.get(variable.name, ""),
        "told": not text and variable.name in told,
        "codes": [{"code": c.code, "label": c.label(language)} for c in _codes(variable)],
    }


def _codes(variable: Variable) -> Iterator[Any]:
    yield from variable.accepted if variable.kind == "code" else ()


def _as_given(text: str, given: GivenNames) -> str:
    """A choice or evidence with the sender's names: `#2: 120`, `E: •••`."""
    letter, colon, header = text.partition(": ")
    return f"{letter}{colon}{given.header_of(letter, header)}" if colon else given.sheet_of(text)
