"""What must not be sent is stored nowhere, and nobody reaches into another agency."""

import pytest

from agencies import access, scope
from agencies.refusal import Refused
from records.collection import uploads
from records.models import HeldRow, Record, Upload
from tests.records import files
from tests.records.files import SLP, WPF, hashed, plain, table, xlsx

pytestmark = pytest.mark.django_db(transaction=True)
SECRET = "Zxq"


def within(person, function):
    with scope.acting(person):
        return function()


FORBIDDEN = {
    "Ф.И.О.": f"{SECRET}1",
    "Familiýasy / Ady": f"{SECRET}2",
    "Pasport belgisi we möhleti": f"{SECRET}3",
    "Адрес": f"{SECRET}4",
    "Телефон": f"{SECRET}5",
    "Национальность": f"{SECRET}6",
    "dini": f"{SECRET}7",
    "E-mail": f"{SECRET}8",
    "Примечание": f"{SECRET}9",
    "Türkmenistandaky salgysy": f"{SECRET}0 Balkan wel.",
    "Employer": f"{SECRET}a",
    "person_ref": f"{SECRET}b",
    "Anybody": f"{SECRET}c",
}


@pytest.mark.parametrize(
    "change",
    [{}, {"sex": ["F", "?!"]}, {"record_ref": ["7", "7"]}, {"sex": ["F", "1"]}, {"region": ""}],
)
@pytest.mark.parametrize("kind", ["csv", "xlsx"])
def test_nothing_of_a_forbidden_column_is_stored_anywhere(kind, change, send, clerk):
    rows = table(2, **FORBIDDEN, **change)
    rows += [["Müdiri", "", f"{SECRET}d"]]
    send({"csv": plain(rows), "xlsx": xlsx(A=rows)}[kind], name=f"list.{kind}")
    assert files.leaks([SECRET]) == []


def test_a_forbidden_column_offered_in_a_question_shows_nothing(send):
    base = {k: v for k, v in WPF.items() if k != "citizenship"}
    send(plain(table(2, base=base, **FORBIDDEN, **{"Откуда родом": "TUR"})))
    assert files.leaks([SECRET]) == []


def test_the_search_for_secrets_would_find_one(send):
    send(plain(table(1, citizenship=SECRET)))
    assert files.leaks([SECRET]) != []


def test_a_person_is_an_hmac_of_the_document_that_differs_by_agency(
    send, instruments, clerk, outsider, agency, other_agency
):
    content = plain(table(2, passport=["I-AŞ  123456", "I-AŞ123456"]))
    send(content)
    files.send(content, by=outsider, agency=other_agency, instrument=instruments["SMS-WPF"])
    mine = within(clerk, lambda: set(Record.objects.values_list("person_ref", flat=True)))
    theirs = within(outsider, lambda: set(Record.objects.values_list("person_ref", flat=True)))
    assert mine == {hashed(agency, "i-aş123456")}
    assert theirs == {hashed(other_agency, "i-aş123456")}
    assert mine != theirs
    assert {len(key) for key in mine | theirs} == {64}


def test_without_a_document_name_and_birth_date_are_the_person(send, clerk):
    names = {
        "фамилия": ["A", "A", "A", ""],
        "birth_date": ["1.1.1990", "1.1.1990", "2.1.1990", "1.1.1990"],
    }
    send(plain(table(4, **names)))
    with scope.acting(clerk):
        refs = list(Record.objects.order_by("row_no").values_list("person_ref", flat=True))
    assert refs[0] == refs[1] != refs[2]
    assert refs[3] is None


def test_an_agency_sends_only_what_it_delivers(clerk, agency, instruments):
    with scope.acting(clerk), pytest.raises(Refused, match="does not deliver"):
        uploads.receive(
            [plain(table(1, base=SLP))],
            agency=agency,
            instrument=instruments["STA-SLP"],
            file_name="a.csv",
            by=clerk,
        )


@pytest.mark.parametrize("person", ["reviewer", "statistician", "outsider", "viewer", "publisher"])
def test_only_who_enters_for_the_agency_sends_answers_or_undoes(
    request, person, send, agency, instruments, clerk
):
    upload = send(plain(table(1, sex="1")))
    person = request.getfixturevalue(person)
    with scope.acting(person), pytest.raises(access.Denied):
        uploads.receive(
            [b"x"], agency=agency, instrument=upload.instrument, file_name="a", by=person
        )
    with scope.acting(person), pytest.raises(access.Denied):
        uploads.read(upload, by=person, answers={"sex_codes": {"1": "M"}})
    with scope.acting(person), pytest.raises(access.Denied):
        uploads.undo(upload, by=person)


def test_another_agency_sees_nothing_of_an_upload(send, client, outsider):
    upload = send(plain(table(2, sex=["F", "?!"])))
    with scope.acting(outsider):
        assert not Upload.objects.exists()
        assert not Record.objects.exists()
        assert not HeldRow.open_rows.exists()
    client.force_login(outsider)
    assert client.get(upload.get_absolute_url()).status_code == 404
    assert client.post(upload.get_absolute_url() + "undo/").status_code == 404


def test_a_text_that_may_be_an_address_or_a_document_number_is_not_kept(send, clerk):
    texts = {"record_ref": ["AB7654321", "R-2"], "region": ["Ahal", f"ул. {SECRET}, 15"]}
    upload = send(plain(table(2, **texts)))
    assert within(clerk, lambda: HeldRow.open_rows.count()) == 2
    assert files.leaks(["AB7654321"]) == []
    assert files.leaks([SECRET]) == []
    causes = {finding["rule"]: finding for finding in upload.report["findings"]}
    assert causes["region.unknown_text"]["examples"][0]["cell"]  # where it is, not what it says
