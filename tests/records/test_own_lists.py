"""Lists of codes: proven or asked once a column, of the agency itself too, by version; words for “not stated” are counted."""

import re

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from agencies import scope
from agencies.access import Denied
from records.collection import corrections, own_lists, uploads
from records.models import HeldRow, OwnCodeList, Record
from records.reading.layout import letter_of
from records.reading.questions import NONE
from tests.cast import signed_in
from tests.records.files import finish, plain, table, xlsx

pytestmark = pytest.mark.django_db(transaction=True)
OURS = "209\tJapan\n438\tAUS\n582\tМексика"


@pytest.fixture
def loaded(instruments, agency, clerk):
    """Load a list of countries as the clerk does on the page; returns its newest version."""

    def load(text=OURS, name="Old codes", **sent):
        page = signed_in(clerk, "en")
        data = {"agency": agency.code, "name": name, "codelist": "countries", "text": text, **sent}
        answer = page.post("/own-lists/new", data)
        assert answer.status_code == 302, re.sub(r"\s+", " ", answer.text)[:3000]
        with scope.acting(clerk):
            return OwnCodeList.objects.get(name=name)

    return load


def countries(person):
    with scope.acting(person):
        return dict(Record.objects.values_list("record_ref", "citizenship"))


def rows_of(*codes, start=1, **columns):
    rows = table(len(codes), citizenship=list(codes), **columns)
    return [rows[0], *([f"R-{k}", *row[1:]] for k, row in enumerate(rows[1:], start=start))]


def test_an_agency_s_own_list_is_asked_for_once_and_read_in_its_newest_version(send, loaded, clerk):
    first = loaded()
    waiting = send(plain(rows_of("209", "438", "582")))
    (question,) = waiting.report["questions"]
    assert question["id"] == "codes:citizenship"
    assert [c["value"] for c in question["choices"]] == ["m49", "own:Old codes", "none"]
    assert "438: M49 = LIE, Old codes = AUS" in question["evidence"]
    with scope.acting(clerk):
        uploads.read(waiting, by=clerk, answers={"codes": {"citizenship": "own:Old codes"}})
    read = finish(waiting, by=clerk)
    assert read.state == "COMMITTED" and read.report["own_lists"] == {"own:Old codes": 1}
    assert countries(clerk) == {"R-1": "JPN", "R-2": "AUS", "R-3": "MEX"}

    page = signed_in(clerk, "en")
    answer = page.post("/own-lists/new", {"own": first.pk, "text": "209\tKOR\n438\tAUS"})
    assert answer.status_code == 302
    again = send(plain(rows_of("209", "438", "582", start=11)))
    assert again.report["own_lists"] == {"own:Old codes": 2} and again.report["rows"]["held"] == 1
    assert {k: v for k, v in countries(clerk).items() if k > "R-10" and k != "R-2" and k != "R-3"} == {
        "R-11": "KOR", "R-12": "AUS",
    }  # fmt: skip
    shown = page.get(f"/uploads/{again.pk}/").text
    assert "Old codes, version 2" in shown
    assert "Old codes" in page.get("/layouts/").text

    # A row of the first file is corrected by the version with which its file was read.
    late = send(plain(rows_of("209", sex="?", start=31)))
    assert late.report["own_lists"] == {"own:Old codes": 2}


def test_a_correction_is_read_with_the_version_of_its_file(send, loaded, clerk):
    own = loaded()
    said = {"codes": {"citizenship": "own:Old codes"}}
    upload = send(plain(rows_of("209", "438", valid_to=["05.03.2027", "01.01.2020"])), answers=said)
    with scope.acting(clerk):
        own_lists.save(own.agency, own.name, "countries", {"438": "TUR"}, by=clerk, base=1)
        held = HeldRow.open_rows.get(upload=upload)
        corrections.correct(held, {"valid_to": "05.03.2027"}, by=clerk)
    assert countries(clerk) == {"R-1": "JPN", "R-2": "AUS"}


def test_a_list_that_is_withdrawn_is_asked_about_again(send, loaded, clerk):
    own = loaded()
    said = {"codes": {"citizenship": "own:Old codes"}}
    assert send(plain(rows_of("209", "438")), answers=said).state == "COMMITTED"
    assert signed_in(clerk).post(f"/own-lists/{own.pk}/withdraw").status_code == 302
    waiting = send(plain(rows_of("209", "438", start=11)))
    assert [q["id"] for q in waiting.report["questions"]] == ["codes:citizenship"]
    assert "own:Old codes" not in str(waiting.report["questions"][0]["choices"])


def test_nobody_else_sees_a_list_or_may_change_it(loaded, outsider, clerk, reviewer):
    own = loaded()
    stranger = signed_in(outsider)
    for way in (f"{own.pk}/", f"new?own={own.pk}"):
        assert stranger.get(f"/own-lists/{way}").status_code in (403, 404)
    assert stranger.post(f"/own-lists/{own.pk}/withdraw").status_code in (403, 404)
    with scope.acting(outsider):
        assert not OwnCodeList.objects.exists()
    with scope.acting(reviewer), pytest.raises(Denied):
        own_lists.withdraw(own, by=reviewer)
    with scope.acting(clerk), pytest.raises(Exception, match="permission denied"):
        OwnCodeList.objects.filter(pk=own.pk).update(codes={})


def test_who_enters_nothing_is_not_offered_the_next_version_of_a_list(loaded, reviewer):
    assert signed_in(reviewer).get(f"/own-lists/new?own={loaded().pk}").status_code == 403


def test_a_file_of_any_kind_is_read_in_the_child_and_a_wrong_one_is_refused_with_its_reason(
    loaded, agency, clerk
):
    book = SimpleUploadedFile("l.xlsx", xlsx(List=[["01", "TUR"], ["02", "Russia"]]))
    assert loaded("", "From a workbook", file=book).codes == {"01": "TUR", "02": "RUS"}
    page = signed_in(clerk, "en")
    data = {"agency": agency.code, "name": "Wrong", "codelist": "countries"}
    for content, reason in (
        (b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n", "PDF"),
        (b"1;Nowhere land\n1;TUR\n", "Line 1"),
        (b"1;TUR\n01;RUS\n1;RUS", "means two things"),
        (b"AB1234567;TUR", "looks like a document"),
    ):
        answer = page.post("/own-lists/new", {**data, "file": SimpleUploadedFile("l.csv", content)})
        assert (answer.status_code, reason in answer.text) == (422, True), reason
    with scope.acting(clerk):
        assert not OwnCodeList.objects.filter(name="Wrong").exists()


@pytest.mark.parametrize(
    "said, meant, held",
    [
        ("gec", {"R-1": "AUT", "R-2": "CHN"}, 0),
        ("alpha2", {"R-1": "AUS", "R-2": "CHE"}, 0),
        (NONE, {}, 2),
    ],
)
def test_two_letters_are_read_by_the_list_that_a_person_names(send, clerk, said, meant, held):
    content = plain(rows_of("AU", "CH"))
    assert send(content).state == "NEEDS_ANSWERS"
    read = send(content + b"\n", answers={"codes": {"citizenship": said}})
    assert (read.state, read.report["rows"]["held"]) == ("COMMITTED", held)
    assert countries(clerk) == meant


def test_two_letters_that_their_column_proves_are_read_without_a_question(send, clerk):
    read = send(plain(rows_of("AU", "RU", "TR")))
    assert (read.state, read.report["lists"]) == ("COMMITTED", {"citizenship": "alpha2"})
    assert countries(clerk) == {"R-1": "AUS", "R-2": "RUS", "R-3": "TUR"}


def test_numbers_that_may_mean_nothing_are_asked_about_and_words_for_it_are_counted(send, clerk):
    rows = rows_of(*["TUR"] * 4, wage_month=["900", "9999", "9999", "9999"], wage_cur="USD",
                   education=["sin dato", "(b)(6)", "н/д", "6"])  # fmt: skip
    waiting = send(plain(rows))
    (question,) = waiting.report["questions"]
    assert (question["id"], question["evidence"]) == ("fill_ins:wage_month", ["9999: 3"])
    with scope.acting(clerk):
        uploads.read(waiting, by=clerk, answers={"fill_ins": {"wage_month": "blank"}})
    read = finish(waiting, by=clerk)
    assert (read.state, read.report["rows"]["accepted"]) == ("COMMITTED", 4)
    blanks = {(b["variable"], b["text"]): b["count"] for b in read.report["blanks"]}
    assert blanks == {("education", word): 1 for word in ("sin dato", "(b)(6)", "н/д")}
    with scope.acting(clerk):
        wages = [r.extras.get("wage_month") for r in Record.objects.order_by("record_ref")]
    assert wages == [900, None, None, None]
    assert "“sin dato” 1" in signed_in(clerk, "en").get(f"/uploads/{read.pk}/").text


def test_of_a_column_that_raises_no_question_a_person_names_the_list_and_takes_it_back(send, clerk):
    rows = table(2, citizenship=["DEU", "FRA"], sex=["1", "2"])
    waiting = send(plain(rows))
    assert [q["id"] for q in waiting.report["questions"]] == ["sex_codes"]
    letter, of_sex = (letter_of(rows[0].index(name)) for name in ("citizenship", "sex"))
    client, address = signed_in(clerk, "en"), f"/uploads/{waiting.pk}/"

    def said_after(chosen):
        client.post(f"{address}answer", {"list:citizenship": chosen})
        read = finish(waiting, by=clerk)
        return read.answers.get("codes"), client.get(f"{address}?change={letter}").text

    page = client.get(f"{address}?change={letter}").text
    assert 'name="list:citizenship"' in page and '<option value="icao"' in page
    page = client.get(f"{address}?change={of_sex}").text
    assert f'name="use:{of_sex}"' in page and 'name="list:' not in page
    client.post(f"{address}answer", {f"use:{letter}": "ignored", "list:citizenship": "icao"})
    assert not finish(waiting, by=clerk).answers.get("codes")  # a list of what it is no longer
    client.post(f"{address}answer", {f"use:{letter}": ""})
    finish(waiting, by=clerk)
    codes, page = said_after("icao")
    assert codes == {"citizenship": "icao"} and '<option value="icao" selected' in page
    codes, page = said_after("")
    assert not codes and re.search(r'<option value="" selected>\s*as its codes prove', page)
    said_after("icao")
    client.post(f"{address}answer", {"sex_codes:1": "M", "sex_codes:2": "F"})
    read = finish(waiting, by=clerk)
    # Travel documents write D for Germany, and have no DEU.
    assert read.report["rows"]["accepted"] == 1 and countries(clerk) == {"R-2": "FRA"}
