"""What a person says of a file's rows and columns comes first, and holds for the next file with the same headers."""

import re

import pytest
from django.urls import reverse

from agencies import scope
from records.collection import names, uploads
from records.collection.answers import said
from records.collection.layouts import handed_down
from records.models import HeldRow, LearnedLayout, Record
from tests.records.files import WPF, finish, incoming, leaks, plain, table, xlsx
from tests.records.test_privacy import SECRET

pytestmark = pytest.mark.django_db(transaction=True)
STRANGE = {
    "record_ref": "Nr.",
    "event_date": "When",
    "sex": "S",
    "birth_date": "Born",
    "citizenship": "Herkunft",
    "region": "Where",
    "decision": "Outcome",
    "occupation": "Job",
    "activity": "Branch",
    "employer_type": "Firm",
    "valid_from": "Begin",
    "valid_to": "End",
}
LETTERS = {name: chr(65 + k) for k, name in enumerate(STRANGE)}


def strange(count=3, **columns):
    """A table none of whose headers the instrument knows."""
    head, *rows = table(count, **columns)
    return [[STRANGE.get(name, name) for name in head], *rows]


def answered(upload, by, answers):
    with scope.acting(by):
        uploads.read(upload, by=by, answers=answers)
    return finish(upload, by=by)


def records(person, *fields):
    with scope.acting(person):
        return list(Record.objects.order_by("row_no").values_list(*fields))


def test_a_complete_mapping_is_enough_whatever_the_headers_are(send, clerk):
    upload = send(plain(strange(3)), answers={"columns": LETTERS})
    assert (upload.state, upload.report["rows"]["accepted"]) == ("COMMITTED", 3)
    assert records(clerk, "sex", "citizenship")[0] == ("F", "TUR")


def test_a_table_without_headers_is_read_by_its_letters(send, clerk):
    answers = {"table": {"header": [0, 0]}, "columns": LETTERS}
    upload = send(plain(table(3)[1:]), answers=answers)
    assert (upload.state, upload.report["rows"]["accepted"]) == ("COMMITTED", 3)
    assert [row_no for (row_no,) in records(clerk, "row_no")] == [1, 2, 3]


@pytest.mark.parametrize("form", [plain, lambda rows: xlsx(Sheet=rows)], ids=["text", "workbook"])
def test_rows_before_and_behind_the_table_are_left_out_as_a_person_said(form, send, clerk):
    head, *rows = table(6)
    content = form([["List"], *[[f"{k}", "2"] for k in range(34)], head, *rows])
    upload = send(content, answers={"table": {"header": [36, 36], "rows": [38, 40]}})
    assert (upload.state, upload.reason) == ("COMMITTED", "")
    assert records(clerk, "row_no", "record_ref") == [(38, "R-2"), (39, "R-3"), (40, "R-4")]


def test_headers_of_two_rows_are_read_together(send, clerk):
    head, *rows = table(2)
    upper = ["" if name not in ("valid_from",) else "Действует" for name in head]
    lower = [{"valid_from": "с", "valid_to": "до"}.get(name, name) for name in head]
    upload = send(plain([upper, lower, *rows]), answers={"table": {"header": [1, 2]}})
    named = {c["header"]: c["variable"] for c in upload.report["columns"]}
    assert named["Действует с"] == "valid_from"
    assert named["Действует до"] == "valid_to"
    assert upload.report["rows"]["accepted"] == 2


def test_what_no_column_holds_is_the_same_in_all_rows(send, clerk):
    rows = [[c for k, c in enumerate(row) if k != 6] for row in table(3)]
    upload = send(plain(rows))
    (question,) = upload.report["questions"]
    assert (question["id"], [c["value"] for c in question["choices"]]) == (
        "columns:decision",
        ["constant", "none"],
    )
    upload = answered(upload, clerk, {"constants": {"decision": "ISS"}})
    assert upload.state == "COMMITTED"
    assert {extras["decision"] for (extras,) in records(clerk, "extras")} == {"ISS"}


def test_a_constant_has_to_be_a_code_of_its_variable(send, clerk):
    rows = [[c for k, c in enumerate(row) if k != 6] for row in table(3)]
    upload = send(plain(rows))
    with scope.acting(clerk), pytest.raises(uploads.BadAnswer):
        uploads.read(upload, by=clerk, answers={"constants": {"decision": "perhaps"}})


def test_numbers_made_here_are_the_same_when_the_same_rows_come_again(send, clerk):
    columns = {"sex": ["F", "M", "F", "F"], "citizenship": ["TUR", "TUR", "UZB", "TUR"]}
    rows = [row[1:] for row in table(4, **columns)]
    made = {"columns": {"record_ref": "made"}}
    first = send(plain(rows), answers=made)
    numbers = [ref for (ref,) in records(clerk, "record_ref")]
    assert first.report["rows"]["accepted"] == len(set(numbers)) == 4
    assert numbers[3] == f"{numbers[0]}-2"
    head, *body = rows
    again = send(plain([head[::-1], *[row[::-1] for row in reversed(body)]]), answers=made)
    assert (again.report["rows"]["accepted"], again.report["rows"]["duplicate"]) == (0, 4)


def test_the_columns_that_a_person_ignores_are_not_used(send, clerk):
    upload = send(plain(table(2, education=["3", "4"])), answers={"ignored": ["M"]})
    assert upload.report["columns"][12]["how"] == "ignored"
    assert records(clerk, "education") == [("_U",), ("_U",)]


def test_a_column_that_is_needed_and_ignored_is_asked_about(send):
    upload = send(plain(table(2)), answers={"ignored": ["G"]})
    assert [q["id"] for q in upload.report["questions"]] == ["columns:decision"]


def test_the_delimiter_can_be_said(send, clerk):
    content = plain(table(2), delimiter="|").replace(b"R-1", b"R,1,;")
    upload = send(content, answers={"delimiter": "|"})
    assert upload.report["rows"]["accepted"] + upload.report["rows"]["held"] == 2
    assert upload.report["file"]["delimiter"] == "|"


def test_the_next_file_of_the_layout_goes_straight_through_and_says_so(send, clerk, client):
    send(plain(strange(3, sex=["1", "2", "1"])), answers={
        "columns": LETTERS, "sex_codes": {"1": "M", "2": "F"},
    })  # fmt: skip
    later = send(plain(strange(2, record_ref=["N-1", "N-2"], sex=["2", "1"])))
    assert (later.state, later.report["sex"]["F"], later.report["sex"]["M"]) == ("COMMITTED", 1, 1)
    assert later.report["memory"]["exact"]
    client.force_login(clerk)
    assert "Read as an earlier file" in client.get(later.get_absolute_url()).content.decode()


def test_columns_that_have_moved_are_found_by_their_headers(send, clerk):
    send(plain(strange(3)), answers={"columns": LETTERS})
    rows = [row[::-1] for row in strange(2, record_ref=["N-1", "N-2"])]
    later = send(plain([["Title"], *rows]))
    assert (later.state, later.report["rows"]["accepted"]) == ("COMMITTED", 2)


def test_of_a_changed_layout_only_the_change_is_asked_about(send, clerk):
    send(plain(strange(3)), answers={"columns": LETTERS})
    rows = strange(2, record_ref=["N-1", "N-2"])
    rows[0][rows[0].index("Herkunft")] = "Land"
    later = send(plain(rows))
    assert [q["id"] for q in later.report["questions"] if q["answer"] is None] == [
        "columns:citizenship"
    ]
    assert not later.report["memory"]["exact"]
    later = answered(
        later,
        clerk,
        {"columns": {**said(later)["columns"], "citizenship": LETTERS["citizenship"]}},
    )
    assert later.state == "COMMITTED"
    newest = send(plain([rows[0], *strange(2, record_ref=["P-1", "P-2"])[1:]]))
    assert (newest.state, newest.report["memory"]["exact"]) == ("COMMITTED", True)


def test_a_number_that_the_earlier_file_did_not_have_is_asked_about(send, clerk):
    send(plain(table(2, sex=["1", "2"])), answers={"sex_codes": {"1": "M", "2": "F"}})
    later = send(plain(table(2, record_ref=["N-1", "N-2"], sex=["1", "3"])))
    assert [q["id"] for q in later.report["questions"]] == ["sex_codes"]


def test_what_a_file_taught_is_forgotten_when_it_is_taken_back(send, clerk):
    upload = send(plain(strange(3)), answers={"columns": LETTERS})
    with scope.acting(clerk):
        assert len(handed_down(upload.agency, upload.instrument)) == 1
        uploads.undo(upload, by=clerk)
        assert handed_down(upload.agency, upload.instrument) == []
    later = send(plain(strange(2)))
    assert later.state == "NEEDS_ANSWERS"


def test_a_forgotten_answer_is_asked_about_alone(send, clerk, client):
    send(plain(strange(3)), answers={"columns": LETTERS})
    with scope.acting(clerk):
        layout = LearnedLayout.objects.get()
    client.force_login(clerk)
    page = client.get(reverse("records:layouts")).content.decode()
    assert "Citizenship" in page
    client.post(
        reverse("records:layout_forget", args=[layout.pk]), {"answer": "columns:citizenship"}
    )
    later = send(plain(strange(2, record_ref=["N-1", "N-2"])))
    waiting = [q["id"] for q in later.report["questions"] if q["answer"] is None]
    assert waiting == ["columns:citizenship"]


def test_a_header_that_names_somebody_is_kept_as_a_hash_alone(send, clerk):
    rows = strange(3)
    rows[0][rows[0].index("Herkunft")] = f"{SECRET}ow Myrat AB1234567"
    upload = send(plain(rows), answers={"columns": LETTERS})
    assert upload.state == "COMMITTED"
    assert leaks([SECRET]) == []
    later = send(plain([rows[0], *strange(2, record_ref=["N-1", "N-2"])[1:]]))
    assert later.report["memory"]["exact"]
    assert leaks([SECRET]) == []


def test_layouts_of_an_agency_help_nobody_else(send, clerk, outsider, client):
    send(plain(strange(3)), answers={"columns": LETTERS})
    with scope.acting(clerk):
        layout = LearnedLayout.objects.get()
    with scope.acting(outsider):
        assert not LearnedLayout.objects.exists()
    client.force_login(outsider)
    response = client.post(reverse("records:layout_forget", args=[layout.pk]), {})
    assert response.status_code == 404


def test_only_who_enters_is_told_what_is_missing_in_an_answer(send, reviewer, client):
    upload = send(plain(strange(3)))
    client.force_login(reviewer)
    form = {"columns:decision": "constant", "constant:decision": ""}
    response = client.post(reverse("records:upload_answer", args=[upload.pk]), form)
    assert response.status_code == 403


def test_the_page_maps_a_file_by_its_form_alone(send, clerk, client):
    upload = send(plain(strange(3)))
    client.force_login(clerk)
    page = client.get(upload.get_absolute_url()).content.decode()
    assert "Your file, first rows" in page
    assert 'name="columns:record_ref"' in page
    form = {f"columns:{name}": letter for name, letter in LETTERS.items() if name != "decision"}
    form |= {"columns:decision": "constant", "constant:decision": "", "header": "1"}
    response = client.post(reverse("records:upload_answer", args=[upload.pk]), form)
    assert (response.status_code, "Say what it is in all rows" in response.content.decode()) == (
        422,
        True,
    )
    form["constant:decision"] = "ISS"
    form["use:G"] = "ignored"
    client.post(reverse("records:upload_answer", args=[upload.pk]), form)
    upload = finish(upload, by=clerk)
    waiting = [q["id"] for q in upload.report["questions"] if q["answer"] is None]
    assert (upload.state, upload.reason, waiting) == ("COMMITTED", "", [])
    assert upload.answers["ignored"] == ["G"]


def test_another_row_of_headers_is_chosen_in_the_preview(send, clerk, client):
    head, *rows = strange(3)
    content = plain([["What", "is", "this"], ["1", "2", "3"], head, *rows])
    upload = send(content)
    client.force_login(clerk)
    url = reverse("records:upload_answer", args=[upload.pk])
    client.post(url, {"header": "3"})
    upload = finish(upload, by=clerk)
    assert upload.report["file"]["header_row"] == 3
    letters = [c["letter"] for c in upload.report["columns"]]
    assert letters == list(LETTERS.values())


def test_one_column_is_changed_by_the_list_in_its_line(send, clerk, client):
    upload = send(plain(strange(3)))
    client.force_login(clerk)
    page = client.get(upload.get_absolute_url() + "?change=E").content.decode()
    (row,) = re.findall(r'<tr id="column-E">.*?</tr>', page, re.S)
    assert 'name="use:E"' in row
    assert page.count('name="use:') == 1
    client.post(reverse("records:upload_answer", args=[upload.pk]), {"use:E": "citizenship"})
    upload = finish(upload, by=clerk)
    assert upload.answers["columns"] == {"citizenship": "E"}
    client.post(reverse("records:upload_answer", args=[upload.pk]), {"use:E": ""})
    assert finish(upload, by=clerk).answers["columns"] == {}


def test_a_colleague_sees_no_row_of_the_file(send, clerk, reviewer, client):
    upload = send(plain(strange(3, record_ref=["Q-771", "Q-772", "Q-773"])))
    client.force_login(reviewer)
    page = client.get(upload.get_absolute_url()).content.decode()
    assert "Q-771" not in page
    assert "Your file, first rows" not in page


def test_what_is_dropped_never_leaves_the_reader(send, clerk, client):
    rows = strange(
        3, **{"Ф.И.О.": [f"{SECRET}ow Aman", f"{SECRET}ew Merdan", f"{SECRET}ýew Serdar"]}
    )
    upload = send(plain(rows))
    client.force_login(clerk)
    page = client.get(upload.get_absolute_url()).content.decode()
    assert "never stored" in page
    assert SECRET not in page
    assert leaks([SECRET]) == []


def test_the_rows_shown_are_gone_once_the_file_is_taken_in(send, clerk):
    upload = send(plain(strange(3)), answers={"columns": LETTERS})
    assert list(names.opened(upload).preview) == []
    assert incoming() == []


def test_held_rows_tell_the_letters_that_a_person_chose(send, clerk):
    send(plain(strange(2, citizenship=["TUR", "Nowhere"])), answers={"columns": LETTERS})
    with scope.acting(clerk):
        (held,) = HeldRow.open_rows.all()
    assert held.findings[0]["cell"] == "E3"
    assert held.raw["record_ref"] == "R-2"
    assert set(held.raw) <= set(WPF)


def test_what_was_remembered_of_one_sheet_says_nothing_of_another(send, clerk):
    head, *rows = table(4, sex=["F", "M", "F", "F"])
    send(
        plain([["kolumna" if h == "sex" else h for h in head], *rows]),
        answers={"columns": {"sex": "C"}},
    )
    first = [["kolumna" if h == "sex" else h for h in head], *rows]
    other = [[*head[:2], "other", *head[2:]], *([*row[:2], "F", *row[2:]] for row in rows)]
    for k, row in enumerate(other[1:]):
        row[0], row[3] = f"N-{k}", "M"
    upload = send(xlsx(One=first, Two=other))
    assert [q["id"] for q in upload.report["questions"]] == ["sheet"]
    assert upload.answers == {}
    upload = answered(upload, clerk, {"sheet": "#2"})
    assert (upload.state, upload.report["sex"]["F"], upload.report["sex"]["M"]) == (
        "COMMITTED",
        0,
        4,
    )


def test_a_header_of_the_next_file_goes_before_what_was_said_of_all_rows_of_this_one(send, clerk):
    rows = [[c for k, c in enumerate(row) if k != 6] for row in table(3)]
    send(plain(rows), answers={"constants": {"decision": "ISS"}})
    later = send(plain(table(3, record_ref=["N-1", "N-2", "N-3"], decision=["ISS", "REF", "REF"])))
    assert later.state == "COMMITTED"
    decisions = [extras["decision"] for (extras,) in records(clerk, "extras")]
    assert sorted(decisions) == ["ISS"] * 4 + ["REF"] * 2


def test_letters_of_a_table_without_headers_say_nothing_of_a_table_with_them(send, clerk):
    send(plain(table(3)[1:]), answers={"table": {"header": [0, 0]}, "columns": LETTERS})
    head, *rows = table(2, record_ref=["N-1", "N-2"])
    moved = [[row[0], row[3], row[2], row[1], *row[4:]] for row in [head, *rows]]
    later = send(plain(moved))
    assert (later.state, later.report["rows"]["read"]) == ("COMMITTED", 2)
    assert {str(day) for (day,) in records(clerk, "event_date")} == {"2026-03-05"}


def test_blank_rows_and_totals_are_no_persons_where_everything_needed_is_said_of_all_rows(
    send, clerk
):
    constants = {
        "event_date": "05.03.2026", "region": "TM-S", "decision": "ISS", "occupation": "71", "activity": "F",
        "employer_type": "PRIV_NAT", "valid_from": "05.03.2026", "valid_to": "05.03.2027",
    }  # fmt: skip
    rows = [["sex", "citizenship"], ["F", "TUR"], ["", ""], ["M", "UZB"], ["", ""], ["Total", "2"]]
    answers = {"constants": constants, "columns": {"record_ref": "made"}}
    upload = send(plain(rows), answers=answers)
    assert (upload.state, upload.report["rows"]["accepted"]) == ("COMMITTED", 2)
    assert (upload.report["skipped"], upload.report["rows"]["held"]) == ({"blank": 2}, 1)


@pytest.mark.parametrize(
    "header, cells", [("Jemi", ["7", "14"]), ("Number of crossings", ["7 чел.", "1,128"])]
)
def test_a_column_that_may_count_is_asked_about_and_never_taken_as_one_person_a_row(
    header, cells, send, clerk
):
    upload = send(plain(table(2, **{header: cells})))
    assert [q["id"] for q in upload.report["questions"]] == ["counts"]
    refused = answered(upload, clerk, {"counts": "none"})
    assert refused.report["refusal"]["code"] == "table_of_counts"
    assert records(clerk, "pk") == []
    assert answered(upload, clerk, {"counts": "one"}).report["rows"]["accepted"] == 2


def test_a_portal_that_numbers_rows_asks_when_the_month_comes_again(send, clerk):
    made = {"columns": {"record_ref": "made"}}
    send(plain([row[1:] for row in table(4)]), answers=made)
    again = send(plain([row[1:] for row in table(4, event_date="2026-03-05")]), answers=made)
    assert [q["id"] for q in again.report["questions"]] == ["again"]
    assert len(records(clerk, "pk")) == 4
