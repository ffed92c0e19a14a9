"""Texts that programs like to change, run or draw: they stay texts, in the database and on every page."""

import csv

import pytest

from agencies import scope
from records.models import HeldRow, Record
from tests.records import files
from tests.records.files import plain, table, xlsx

pytestmark = pytest.mark.django_db(transaction=True)
EXACT = ["007", "0000000012", "1E5", "1e-3", "nan", "NULL", "None", "TRUE", "0x1F", "+5", "-0", "1_000", "12.50", "2-1"]  # fmt: skip
MARKUP = [
    '"><script>alert(1)</script>',
    "<img src=x onerror=alert(1)>",
    "{{7*7}}{% now 'Y' %}",
    "=HYPERLINK(0)",
]


@pytest.mark.parametrize("kind", ["csv", "xlsx"])
def test_numbers_of_cases_are_kept_to_the_sign(kind, send, clerk):
    rows = table(len(EXACT), record_ref=EXACT)
    upload = send({"csv": plain(rows), "xlsx": xlsx(A=rows)}[kind], name=f"a.{kind}")
    assert upload.report["rows"]["accepted"] == len(EXACT), upload.report["findings"]
    with scope.acting(clerk):
        assert [r.record_ref for r in Record.objects.order_by("row_no")] == EXACT


def test_markup_in_every_field_is_escaped_on_every_page(send, clerk, client):
    rows = table(
        len(MARKUP), citizenship=MARKUP, region=MARKUP, sex=MARKUP, **{f"<b>{MARKUP[0]}": "x"}
    )
    upload = send(plain(rows), name="<script>alert(1)</script>.csv")
    client.force_login(clerk)
    with scope.acting(clerk):
        held = [row.pk for row in HeldRow.open_rows.all()]
    assert len(held) == len(MARKUP)
    addresses = [upload.get_absolute_url(), "/uploads/", f"/uploads/{upload.pk}/held"]
    for address in [*addresses, *(f"/held/{pk}/" for pk in held)]:
        page = client.get(address).content.decode()
        assert "<script>alert" not in page, address
        assert "<img src=x" not in page, address
        assert "<b>&quot;" not in page and '<b>"' not in page, address
        assert "49{" not in page, address
    assert "&lt;script&gt;" in client.get(f"/uploads/{upload.pk}/held").content.decode()


def test_the_same_case_in_two_agencies_is_counted_by_each(send, clerk, outsider, agency, other_agency, instruments):  # fmt: skip
    content = plain(table(3))
    first = send(content)
    second = files.send(
        content, by=outsider, agency=other_agency, instrument=instruments["SMS-WPF"]
    )
    assert [u.report["rows"]["accepted"] for u in (first, second)] == [3, 3]
    again = send(plain([*table(3), *table(3)[1:]]))  # twice in the file, and there already
    assert (again.report["rows"]["accepted"], again.report["rows"]["duplicate"]) == (0, 6)
    for person in (clerk, outsider):
        with scope.acting(person):
            assert Record.objects.count() == 3


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_line_breaks_inside_quotes_belong_to_the_cell(end, send, clerk):
    rows = table(2, citizenship=["two\nlines", "TUR"])
    file = plain(rows, end=end, quoting=csv.QUOTE_ALL)
    assert send(file).report["rows"]["held"] == 1
    with scope.acting(clerk):
        assert HeldRow.open_rows.get().raw["citizenship"].split() == ["two", "lines"]
        assert Record.objects.get().record_ref == "R-2"


@pytest.mark.parametrize("text", ["(b)(6)", "(b) (6), (b) (7)(C)", "[redacted]", "REDACTED", "███"])
def test_what_was_made_unreadable_is_not_stated(text, send, clerk):
    upload = send(plain(table(2, civil_status=text, sex=["F", text])))
    with scope.acting(clerk):
        assert sorted(r.sex for r in Record.objects.all()) == ["F", "_U"]
    assert "sex.not_stated" in {f["rule"] for f in upload.report["findings"]}
    needed = send(plain(table(1, record_ref="X/1", valid_to=text)))
    assert {f["rule"] for f in needed.report["findings"]} >= {"valid_to.missing"}
