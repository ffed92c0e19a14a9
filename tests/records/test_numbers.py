"""One number is one number however it was typed; keys are made by the portal; agencies have their numbering."""

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from agencies import access, scope
from agencies.refusal import Refused
from agencies.roles import Role
from records.collection import corrections, entry, numberings
from records.models import Difference, HeldRow, Numbering, Record
from records.validation import numbering, personal
from standards.spelling import CYRILLIC_TWINS, TWINS, one_alphabet, reference
from tests.cast import events
from tests.records.files import WPF, hashed, plain, table

WRITTEN = {
    "AX-12/5": ["АХ-12/5", "АX-12/5", "ＡＸ－１２／５", "A\u200bX-12/5", "\ufeffAX-12/5 ", "\u200eAX-12/5"],
    "ДЕ-7": ["ДE-7", " ДЕ-7\u00a0"],
    "ÝÖ 1": ["Y\u0301O\u0308 1", "ÝÖ\u00a0 1", "ÝÖ ١"],
    "a-1": ["а-1"],
}  # fmt: skip
FOREIGN_KEY = "0f" * 32


@pytest.mark.parametrize("number, others", WRITTEN.items())
def test_a_number_has_one_form_however_it_is_typed(number, others):
    assert {reference(other) for other in others} == {number}
    assert reference(number) == number


def test_numbers_that_differ_stay_different():
    numbers = ["A-1", "a-1", "A1", "A–1", "Ş-1", "S-1", "O-1", "0-1"]
    assert len({reference(number) for number in numbers}) == len(numbers)


letters = st.sampled_from("ABEKMHOPCTYXДЖЯZQ19-/ ")


@given(st.text(letters, max_size=12), st.randoms())
def test_the_keyboard_on_which_a_letter_was_typed_makes_no_difference(text, chance):
    other = "".join(letter.translate(chance.choice([TWINS, CYRILLIC_TWINS, {}])) for letter in text)
    assert one_alphabet(other) == one_alphabet(text)
    assert one_alphabet(one_alphabet(text)) == one_alphabet(text)


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("other", WRITTEN["AX-12/5"])
def test_the_same_number_on_another_keyboard_is_a_duplicate(other, send, clerk):
    send(plain(table(1, record_ref="AX-12/5")))
    again = send(plain(table(1, record_ref=other)))
    assert again.report["rows"]["duplicate"] == 1
    differs = send(plain(table(1, record_ref=other, sex="M")))
    assert [question["id"] for question in differs.report["questions"]] == ["again"]
    with scope.acting(clerk):
        assert [r.record_ref for r in Record.objects.all()] == ["AX-12/5"]
        assert Difference.objects.get().record_ref == "AX-12/5"


@pytest.mark.django_db(transaction=True)
def test_a_typed_number_on_another_keyboard_is_taken(send, clerk, agency, instruments, client):
    send(plain(table(1, record_ref="AX-12/5")))
    sms = {"agency": agency, "instrument": instruments["SMS-WPF"], "by": clerk}
    with scope.acting(clerk), pytest.raises(Refused, match="already has a record"):
        entry.save({**WPF, "record_ref": "АХ-12/5"}, **sms)
    client.force_login(clerk)
    found = client.post("/records/", {"of": "SMS/SMS-WPF", "number": "ах-12"}, follow=True)
    assert "AX-12/5" in found.content.decode()
    assert "12" not in found.redirect_chain[0][0].partition("number=")[0]


@pytest.mark.django_db(transaction=True)
def test_a_corrected_row_is_found_again_on_another_keyboard(send, clerk):
    send(plain(table(1, record_ref="АХ-12/5", citizenship="Nowhere")))
    send(plain(table(1, record_ref="AX-12/5")))
    with scope.acting(clerk):
        assert not HeldRow.open_rows.exists()  # the later file brought the row


@pytest.mark.django_db(transaction=True)
def test_one_document_is_one_person_on_every_keyboard(send, clerk, agency):
    passports = [
        "I-AB 123456",
        "I-АВ 123456",
        "I-AВ № 123456",
        "ｉ－ａｂ １２３４５６",
        "I-A\u200bB 123456",
    ]
    send(plain(table(len(passports), passport=passports)))
    with scope.acting(clerk):
        assert set(Record.objects.values_list("person_ref", flat=True)) == {hashed(agency, "IAB123456")}  # fmt: skip


def test_a_turned_text_is_refused_not_read(db):
    from records.validation import engine
    from tests.records.files import SPECS
    from tests.records.test_rules import TODAY

    rows = pa.table({n: pa.array([v]) for n, v in {**WPF, "record_ref": "R\u202e1"}.items()} | {"_row": pa.array([1], pa.int32())})  # fmt: skip
    checked = engine.check(rows, SPECS["SMS-WPF"], today=TODAY)
    assert "record_ref.unprintable" in {f.rule for f in checked.errors}


@pytest.mark.django_db(transaction=True)
class TestKeys:
    @pytest.fixture
    def sms(self, agency, instruments, clerk):
        return {"agency": agency, "instrument": instruments["SMS-WPF"], "by": clerk}

    @pytest.mark.parametrize("name", ["person_ref", "employer_ref"])
    def test_a_typed_record_takes_no_key(self, name, sms, clerk, client):
        with scope.acting(clerk):
            outcome = entry.save({**WPF, name: FOREIGN_KEY}, **sms)
            assert [f.rule for f in outcome.errors] == [f"{name}.not_a_key"]
        client.force_login(clerk)
        assert (
            client.post("/records/new/SMS-WPF/SMS/", {**WPF, name: FOREIGN_KEY}).status_code == 302
        )
        with scope.acting(clerk):
            record = Record.objects.get()
            assert (record.person_ref, record.extras.get("employer_ref")) == (None, None)

    def test_an_edited_record_keeps_its_own_keys(self, send, sms, clerk, client):
        send(plain(table(1, passport="AB 1", employer="Polimeks")))
        with scope.acting(clerk):
            record = Record.objects.get()
        keys = (record.person_ref, record.extras["employer_ref"])
        assert all(len(key) == 64 for key in keys)
        client.force_login(clerk)
        typed = {**WPF, "record_ref": "R-1", "occupation": "72"}
        typed |= {"person_ref": FOREIGN_KEY, "employer_ref": FOREIGN_KEY}
        assert (
            client.post(f"/records/{record.pk}/", {**typed, "seen": _seen(record)}).status_code
            == 302
        )
        with scope.acting(clerk):
            now = Record.objects.get()
            assert now.extras["occupation"] == "72"
            assert (now.person_ref, now.extras["employer_ref"]) == keys
            outcome = entry.save({**typed, "person_ref": FOREIGN_KEY}, record=now, **sms)
            assert "person_ref.not_a_key" in {f.rule for f in outcome.errors}

    @pytest.mark.parametrize("road", ["form", "sheet", "verb"])
    def test_a_correction_brings_no_key(self, road, send, clerk, client):
        send(plain(table(1, passport="AB 1", sex="aýaly")))
        with scope.acting(clerk):
            held = HeldRow.open_rows.get()
        own = held.raw["person_ref"]
        changes = {"sex": "F", "person_ref": FOREIGN_KEY, "employer_ref": FOREIGN_KEY}
        client.force_login(clerk)
        if road == "verb":
            with scope.acting(clerk):
                outcome = corrections.correct(held, changes, by=clerk)
                assert {f.rule for f in outcome.errors} == {"person_ref.not_a_key", "employer_ref.not_a_key"}  # fmt: skip
            return
        htmx = {"headers": {"HX-Request": "true"}} if road == "sheet" else {}
        client.post(f"/held/{held.pk}/", {**changes, "shown": "sex"}, **htmx)
        with scope.acting(clerk):
            record = Record.objects.get()
        assert (record.person_ref, record.extras.get("employer_ref")) == (own, None)


def _seen(record):
    return entry.version_token(record)


PERSONAL = ["WP-1234567", "WP-123456", "U12345678", "ABC-123456789", "АВ1234567", "AB 123 4567", "I-AŞ 123456",
            "+99365123456", "99365123456", "865123456", "8-65-12-34-56", "a.b@mail.example", "Annaýew Myrat"]  # fmt: skip
COMMON = ["R-1", "WP-12345", "W-2611-00001", "000123", "2026/000123", "12-34/56", "R/2026/000123", "2026000123", "12345678", "0000000012"]  # fmt: skip


@pytest.mark.parametrize("number", PERSONAL)
def test_a_record_number_that_looks_personal_is_told(number):
    assert personal.kinds_of_references(pa.array([reference(number)])).tolist() != [""]


@pytest.mark.parametrize("number", COMMON)
def test_a_common_record_number_is_not(number):
    assert personal.kinds_of_references(pa.array([number])).tolist() == [""]


@pytest.mark.parametrize(
    "pattern, problem",
    [
        ("WP-#######", ""), ("WP-#######, R/####/##", ""), ("2026 ######", ""), ("ДЕ-######", ""),
        ("WP-1", "digits"), ("WP-.*#", "sign"), (r"\d+#", "sign"), ("#########", "bare"), ("##", "length"),
        ("993########", "phone"), ("I-AŞ ######", "passport"), ("W#" * 30, "length"), (",".join(["A-#"] * 6), "count"),
    ],
)  # fmt: skip
def test_a_pattern_is_simple_and_never_one_of_persons(pattern, problem):
    assert numbering.problem_of(numbering.patterns_of(pattern)) == problem


def test_a_pattern_means_what_it_says_and_no_more():
    follow = personal.follow(
        pa.array(["WP-1234567", "WP-123456", "WP-12345678", "xWP-1234567", "R.1", "Rx1"]),
        numbering.expression("WP-#######, R.#"),
    )
    assert follow.tolist() == [True, False, False, False, True, False]


@pytest.mark.django_db(transaction=True)
class TestNumbering:
    def test_an_agency_whose_numbers_look_like_passports_declares_them(
        self, send, clerk, agency_admin, agency, instruments, client
    ):
        numbers = {"record_ref": ["WP-1234567", "WP-7654321"]}
        assert send(plain(table(2, **numbers))).report["rows"]["held"] == 2
        client.force_login(agency_admin)
        posted = {"agency": "SMS", "instrument": "SMS-WPF", "pattern": "WP-#######"}
        assert client.post("/numbering/", posted).status_code == 302
        page = client.get("/numbering/").content.decode()
        assert "WP-#######" in page and "Declared by" in page
        upload = send(plain(table(3, record_ref=["WP-1234567", "WP-7654321", "R-1"])))
        assert (upload.report["rows"]["accepted"], upload.report["rows"]["held"]) == (2, 1)
        (cause,) = [f for f in upload.report["findings"] if f["severity"] == "error"]
        assert cause["rule"] == "record_ref.not_own_number"
        (event,) = events("numbering")
        assert (event.agency, event.detail) == ("SMS", {"pattern": "WP-#######"})

    def test_it_holds_for_typed_records_and_corrections(self, send, clerk, agency_admin, agency, instruments):  # fmt: skip
        with scope.acting(agency_admin):
            numberings.declare(agency, instruments["SMS-WPF"], "WP-#######", by=agency_admin)
        sms = {"agency": agency, "instrument": instruments["SMS-WPF"], "by": clerk}
        with scope.acting(clerk):
            assert entry.save({**WPF, "record_ref": "WP-1234567"}, **sms).record
            refused = entry.save({**WPF, "record_ref": "R-1"}, **sms)
            assert [f.rule for f in refused.errors] == ["record_ref.not_own_number"]
        send(plain(table(1, record_ref="R-2")))
        with scope.acting(clerk):
            held = HeldRow.open_rows.get()
            assert corrections.correct(held, {"record_ref": "AB-7654321"}, by=clerk).errors
            assert corrections.correct(held, {"record_ref": "WP-7654321"}, by=clerk).record

    def test_another_agency_has_its_own(
        self, send, agency_admin, agency, other_agency, instruments
    ):
        with scope.acting(agency_admin):
            numberings.declare(agency, instruments["SMS-WPF"], "WP-#######", by=agency_admin)
            with pytest.raises(access.Denied):
                numberings.declare(other_agency, instruments["SMS-WPF"], "X-#", by=agency_admin)
        assert numberings.numbering_of(other_agency, instruments["SMS-WPF"]) == ""

    @pytest.mark.parametrize("role", sorted(set(Role) - {Role.AGENCY_ADMIN}))
    def test_only_the_administrator_of_the_agency_declares(self, role, request, agency, instruments, client):  # fmt: skip
        person = request.getfixturevalue(role.value)
        client.force_login(person)
        assert client.get("/numbering/").status_code == 403
        posted = {"agency": "SMS", "instrument": "SMS-WPF", "pattern": "WP-#######"}
        assert client.post("/numbering/", posted).status_code == 403
        assert not Numbering.objects.exists()

    def test_a_pattern_that_cannot_be_used_is_refused_with_the_reason(self, agency_admin, agency, instruments, client):  # fmt: skip
        client.force_login(agency_admin)
        for pattern, why in (("I-AŞ ######", "passports"), ("(.*)", "consists of"), ("###########", "Nine digits")):  # fmt: skip
            posted = {"agency": "SMS", "instrument": "SMS-WPF", "pattern": pattern}
            answer = client.post("/numbering/", posted)
            assert (answer.status_code, why in answer.content.decode()) == (422, True)
        assert client.post("/numbering/", {**posted, "agency": "MLSP"}).status_code == 404

    def test_an_empty_pattern_takes_the_declaration_back(self, agency_admin, agency, instruments):
        with scope.acting(agency_admin):
            for pattern in ("WP-#######", ""):
                numberings.declare(agency, instruments["SMS-WPF"], pattern, by=agency_admin)
        assert not Numbering.objects.exists()
