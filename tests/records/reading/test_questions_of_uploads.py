"""The questions of an upload: answered in place, answered anew, and sheets that enter one after the other."""

import re

import pytest
from django.urls import reverse

from agencies import scope
from agencies.refusal import Refused
from records.collection import known_files, uploads
from records.models import HeldRow, Record
from tests.records.files import WPF, finish, incoming, leaks, plain, table, xlsx
from tests.records.reading.test_encodings import BROKEN
from tests.records.test_privacy import SECRET

pytestmark = pytest.mark.django_db(transaction=True)
NAMES = [f"{SECRET}ow Aman", f"{SECRET}ew Merdan", f"{SECRET}ýew Serdar"]


def without(name, header, cells):
    """A file whose column of one variable has another header and these cells."""
    base = {k: v for k, v in WPF.items() if k != name}
    rows = table(len(cells), base=base, **{header: cells})
    return [[c for k, c in enumerate(row) if rows[0][k] != name] for row in rows]


def answered(upload, by, answers):
    with scope.acting(by):
        uploads.read(upload, by=by, answers=answers)
    return finish(upload, by=by)


def count(person, model):
    with scope.acting(person):
        return model._default_manager.count()


@pytest.mark.parametrize("header", ["Ady we familiýasy", "Kim", "Record number"])
def test_names_never_become_record_numbers(header, send, clerk):
    upload = send(plain(without("record_ref", header, NAMES)))
    assert [q["id"] for q in upload.report["questions"]] == ["columns:record_ref"]
    assert upload.report["columns"][-1]["reason"] == "name"
    assert leaks([SECRET]) == []
    upload = send(
        plain(without("record_ref", header, NAMES)), answers={"columns": {"record_ref": "L"}}
    )
    assert upload.state == "NEEDS_ANSWERS"
    assert count(clerk, Record) == count(clerk, HeldRow) == 0
    assert leaks([SECRET]) == []


def test_names_far_below_a_column_of_numbers_refuse_the_file(send, clerk):
    head, *rows = table(16_000)
    place = head.index("record_ref")
    for k in range(4000, len(rows)):
        rows[k][place] = f"{SECRET}ow Aman {chr(97 + k % 26)}{chr(97 + k // 26 % 26)}"
    upload = send(plain([head, *rows]))
    assert upload.report["refusal"]["code"] == "names"
    assert leaks([SECRET]) == []


def test_an_answer_that_led_to_a_refusal_can_be_given_anew(send, clerk, client):
    content = plain(without("record_ref", "Дело", ["D/26-17", "D/26-18"]))
    upload = send(content, answers={"columns": {"record_ref": "none"}})
    assert (upload.state, upload.report["refusal"]["code"]) == ("REFUSED", "missing_required")
    client.force_login(clerk)
    page = client.get(upload.get_absolute_url()).content.decode()
    assert "Your answers: change them" in page
    assert "none of these: the file does not have it" in page
    upload = answered(upload, clerk, {"columns": {"record_ref": "L"}})
    assert (upload.state, upload.reason, incoming()) == ("COMMITTED", "", [])
    assert count(clerk, Record) == 2
    with scope.acting(clerk), pytest.raises(Refused):
        uploads.read(upload, by=clerk, answers={})


def test_a_refused_file_nobody_can_answer_for_is_deleted(send):
    upload = send(plain(table(0)))
    assert (upload.state, incoming()) == ("REFUSED", [])


def test_a_variable_the_file_does_not_have_is_not_stated(send, clerk):
    content = plain(without("citizenship", "Откуда", ["Турция", "Китай"]))
    upload = send(content)
    assert [q["id"] for q in upload.report["questions"]] == ["columns:citizenship"]
    upload = answered(upload, clerk, {"columns": {"citizenship": "none"}})
    assert upload.state == "COMMITTED"
    with scope.acting(clerk):
        assert set(Record.objects.values_list("citizenship", flat=True)) == {"XXX"}


def test_one_column_for_two_questions_is_refused_beside_the_questions(send, clerk, client):
    # Days that are all different could be numbers of cases as well as dates.
    rows = without("record_ref", "Когда", ["05.03.2026", "06.03.2026", "07.03.2026"])
    rows = [[c for k, c in enumerate(row) if rows[0][k] != "event_date"] for row in rows]
    upload = send(plain(rows))
    questions = [q["id"] for q in upload.report["questions"]]
    client.force_login(clerk)
    form = dict.fromkeys([q for q in questions if q.startswith("columns:")], "K")
    assert set(form) == {"columns:record_ref", "columns:event_date"}
    response = client.post(reverse("records:upload_answer", args=[upload.pk]), form)
    page = response.content.decode()
    assert response.status_code == 422
    assert page.count("Column K was chosen for several questions") == len(form)
    with scope.acting(clerk):
        upload.refresh_from_db()
    assert upload.state == "NEEDS_ANSWERS"


def test_an_order_of_days_that_dates_contradict_is_asked_again(send, clerk):
    dates = {"valid_to": ["03/04/2027", "12/31/2026", "05/06/2027"]}
    upload = send(plain(table(3, **dates)), answers={"day_first": "true"})
    (question,) = upload.report["questions"]
    assert (upload.state, question["evidence"]) == ("NEEDS_ANSWERS", ["L3: 12/31/2026"])
    assert [c["value"] for c in question["choices"]] == [False, "true_held", "none"]
    assert count(clerk, Record) == 0
    again = answered(upload, clerk, {"day_first": "true_held"})
    assert (again.report["rows"]["accepted"], again.report["rows"]["held"]) == (2, 1)


def test_an_order_of_days_is_corrected_when_it_is_asked_again(send, clerk):
    dates = {"valid_to": ["03/04/2027", "12/31/2026", "05/06/2027"]}
    upload = send(plain(table(3, **dates)), answers={"day_first": "true"})
    upload = answered(upload, clerk, {"day_first": "false"})
    assert (upload.state, upload.report["rows"]["held"]) == ("COMMITTED", 0)


def test_a_file_that_is_not_complete_is_refused_until_the_answer_changes(send, clerk):
    upload = send(plain([*table(2), ["Jemi", "7"]]))
    assert [q["id"] for q in upload.report["questions"]] == ["control_total"]
    upload = answered(upload, clerk, {"control_total": "none"})
    assert (upload.state, upload.report["refusal"]["code"]) == ("REFUSED", "incomplete")
    assert answered(upload, clerk, {"control_total": "yes"}).state == "COMMITTED"


def test_the_sheets_of_one_workbook_enter_one_after_the_other(send, clerk, agency, instruments):
    content = xlsx(Mart=table(2), Aprel=table(3, record_ref=["A-1", "A-2", "A-3"]), Notes=[["x"]])
    first = answered(send(content), clerk, {"sheet": "Mart"})
    assert (first.state, first.sheet) == ("COMMITTED", "#1")
    (other,) = [f for f in first.report["findings"] if f["rule"] == "sheets.other"]
    assert (other["unit"], other["examples"][0]["cell"]) == ("sheet", "#2")
    second = send(content)
    (question,) = second.report["questions"]
    assert [c["value"] for c in question["choices"]] == ["#2", "none"]
    again = send(content, answers={"sheet": "Mart"})
    assert again.state == "REFUSED"
    assert "taken in" in again.reason
    assert answered(second, clerk, {"sheet": "#2"}).state == "COMMITTED"
    assert count(clerk, Record) == 5
    with scope.acting(clerk), pytest.raises(Refused, match="taken in"):
        send(content)
    uploads_of_file = known_files.uploads(agency, instruments["SMS-WPF"], first.sha256)
    with scope.acting(clerk):
        assert sorted(u.sheet for u in uploads_of_file) == ["#1", "#2"]


def test_none_of_the_sheets_is_a_refusal_that_can_be_changed(send, clerk):
    upload = answered(send(xlsx(Mart=table(2), Aprel=table(3))), clerk, {"sheet": "none"})
    assert (upload.state, upload.report["refusal"]["code"]) == ("REFUSED", "none_fits")
    assert answered(upload, clerk, {"sheet": "Aprel"}).report["rows"]["accepted"] == 3


def test_the_page_counts_dropped_columns_as_columns_and_says_why_rows_were_skipped(
    send, clerk, client
):
    rows = table(3, **{"Ф.И.О. гражданина": "x", "tel.": "y"})
    upload = send(plain([*rows, ["Ahal welaýaty"], rows[0], ["Jemi: 3"]]))
    assert upload.report["skipped"] == {"heading": 1, "header": 1, "total": 1}
    client.force_login(clerk)
    page = client.get(upload.get_absolute_url()).content.decode()
    assert "2 columns" in " ".join(page.split())
    assert "repeated headers: 1" in page
    assert "phones" in page


def test_an_error_of_the_spreadsheet_program_is_held_with_its_cell(send, clerk):
    send(plain(table(2, citizenship=["TUR", "#REF!"])))
    with scope.acting(clerk):
        (held,) = HeldRow.open_rows.all()
    finding = held.findings[0]
    assert (finding["rule"], finding["cell"]) == ("citizenship.cell_error", "E3")


def test_a_repair_is_asked_about_without_an_answer_chosen_and_made_when_it_was_given(
    send, clerk, client
):
    upload = send(plain(BROKEN["cp1251_cp1250"]))
    assert [question["id"] for question in upload.report["questions"]] == ["repair"]
    client.force_login(clerk)
    page = client.get(upload.get_absolute_url()).content.decode()
    assert "Raэatlygy → Raýatlygy" in page
    (repair,) = re.findall(r'<fieldset class="ask" id="q-repair">.*?</fieldset>', page, re.S)
    assert "checked" not in repair
    client.post(reverse("records:upload_answer", args=[upload.pk]), {"repair": "cp1251_cp1250"})
    upload = finish(upload, by=clerk)
    assert (upload.state, upload.reason) == ("COMMITTED", "")
    with scope.acting(clerk):
        assert list(Record.objects.values_list("sex", "citizenship")) == [("F", "TUR")]
