"""Writing invented records as the files agencies really send: three languages, their encodings, their mess."""

import csv
import io
from datetime import date

import xlsxwriter

from migdata.demo.country import Columns
from records.instruments.spec import Spec
from standards import codelists

SEX = {
    "en": {"F": "F", "M": "M", "_U": ""},
    "ru": {"F": "ж", "M": "м", "_U": ""},
    "tk": {"F": "Zenan", "M": "Erkek", "_U": ""},
}
NAME = {
    "en": ("Name", "Passport no"),
    "ru": ("ФИО", "Номер паспорта"),
    "tk": ("Familiýasy", "Pasport belgisi"),
}
NUMBER = {"en": "No", "ru": "№ п/п", "tk": "T/b"}
TITLE = {"en": "List of records", "ru": "Список записей", "tk": "Ýazgylaryň sanawy"}
TOTAL = {"en": "Total", "ru": "Итого", "tk": "Jemi"}


def table(columns: Columns, spec: Spec, language: str) -> list[list[str]]:
    """Return header and rows with labels in a language, invented names, one row twice, a total below.

    A column `document` has the numbers of passports; without it everybody has another one.
    """
    if spec.is_counts:
        return table_of_counts(columns, spec, language)
    columns = dict(columns)
    count = len(next(iter(columns.values())))
    documents = columns.pop("document", [f"X{k:07}" for k in range(1, count + 1)])
    head = [NUMBER[language], *NAME[language]]
    head += [spec.variable(name).label[language] for name in columns]
    texts = [_texts(name, values, spec, language) for name, values in columns.items()]
    rows = [
        [str(k), f"Demo Person {k}", document, *row]
        for k, (document, row) in enumerate(
            zip(documents, zip(*texts, strict=True), strict=True), start=1
        )
    ]
    rows.append([str(len(rows) + 1), *rows[0][1:]])  # sent twice by mistake, equal in everything
    return [head, *rows, [TOTAL[language], str(len(rows))]]


def table_of_counts(columns: Columns, spec: Spec, language: str) -> list[list[str]]:
    """Return header and cells with labels in a language; where there are only counts, their total below."""
    head = [spec.variable(name).label[language] for name in columns]
    texts = [_texts(name, values, spec, language) for name, values in columns.items()]
    rows = [list(row) for row in zip(*texts, strict=True)]
    if {*columns} == {"event_date", *spec.cells, "count"}:
        whole = str(sum(map(int, columns["count"])))
        ends = {"event_date": columns["event_date"][0], "count": whole}
        rows.append([ends.get(name, TOTAL[language]) for name in columns])
    return [head, *rows]


def as_csv(rows: list[list[str]], *, delimiter: str, encoding: str) -> bytes:
    """Return a text file; what the encoding lacks becomes a question mark, as old programs write it."""
    out = io.StringIO()
    csv.writer(out, delimiter=delimiter, lineterminator="\r\n").writerows(rows)
    return out.getvalue().encode(encoding, errors="replace")


def as_xlsx(rows: list[list[str]], language: str) -> bytes:
    """Return a workbook with a title in row 2, headers in row 4 and a signature below."""
    out = io.BytesIO()
    with xlsxwriter.Workbook(out, {"in_memory": True, "strings_to_numbers": False}) as book:
        sheet = book.add_worksheet(TITLE[language][:31])
        sheet.write(1, 0, TITLE[language])
        for k, row in enumerate(rows):
            sheet.write_row(3 + k, 0, row)
        sheet.write_row(len(rows) + 5, 0, ["Müdiri", "Demo Person"])
    return out.getvalue()


def _texts(name: str, values: list[str], spec: Spec, language: str) -> list[str]:
    variable = spec.variable(name)
    if variable.codelist == "sex":
        return [SEX[language][v] for v in values]
    if variable.kind in ("date", "birth"):
        return values if language == "en" else [_day(v) if v else "" for v in values]
    if variable.kind != "code":
        return values
    codes = codelists.load(variable.codelist)
    labels = {v: "" if v == "_U" else codes.label(v, language) for v in set(values) if v}
    return [labels.get(v, "") for v in values]


def _day(text: str) -> str:
    year, month, day = text.split("-")
    try:
        return f"{date(int(year), int(month), int(day)):%d.%m.%Y}"
    except ValueError:
        return f"{day}.{month}.{year}"
