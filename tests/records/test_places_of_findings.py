"""A finding names the cell as the spreadsheet program shows it, whatever stands or is hidden around the table."""

import io

import openpyxl
import pytest

from tests.records.files import table, xlsx

pytestmark = pytest.mark.django_db(transaction=True)


def test_addresses_hold_through_titles_blank_and_hidden_rows_and_columns_and_an_empty_first_column(
    send,
):
    rows = table(4, citizenship=["TUR", "Nowhere", "TUR", "Elsewhere"])
    book = openpyxl.load_workbook(io.BytesIO(xlsx(Data=[])))
    sheet = book.worksheets[0]
    sheet["B1"] = "Work permits of the month"
    places = [4, 5, 6, 9, 12]  # blank rows above the headers, and between the rows
    for place, row in zip(places, rows, strict=True):
        for column, text in enumerate(row, start=2):
            sheet.cell(place, column).value = text
    sheet.row_dimensions[5].hidden = sheet.row_dimensions[9].hidden = True
    sheet.column_dimensions["C"].hidden = True
    out = io.BytesIO()
    book.save(out)
    upload = send(out.getvalue(), name="odd.xlsx")
    assert upload.state == "COMMITTED", upload.reason
    letter = sheet.cell(4, rows[0].index("citizenship") + 2).column_letter
    (cause,) = [c for c in upload.report["findings"] if c["rule"] == "citizenship.unknown_text"]
    assert [example["cell"] for example in cause["examples"]] == [
        f"#1!{letter}6",
        f"#1!{letter}12",
    ]
    assert [sheet[f"{letter}{row}"].value for row in (6, 12)] == ["Nowhere", "Elsewhere"]
    assert upload.report["rows"]["accepted"] == 2  # hidden rows are rows


def test_addresses_hold_in_a_text_file_with_blank_lines_and_a_title(send):
    lines = [",".join(row) for row in table(3, citizenship=["TUR", "Nowhere", "TUR"])]
    text = "\n".join(["Work permits", "", lines[0], lines[1], "", lines[2], lines[3]])
    upload = send(text.encode())
    (cause,) = [c for c in upload.report["findings"] if c["severity"] == "error"]
    letter = "ABCDEFGHIJKL"[table(1)[0].index("citizenship")]
    assert [example["cell"] for example in cause["examples"]] == [f"{letter}6"]
