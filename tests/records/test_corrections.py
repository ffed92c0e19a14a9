"""Correcting a held row changes what the person changed, and nothing else."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from agencies import scope
from records.collection import bulk_corrections, corrections, uploads
from records.models import HeldRow, LearnedWord, Record, Submission
from tests import factories
from tests.cast import signed_in
from tests.records import files
from tests.records.files import WPF, plain, table

pytestmark = pytest.mark.django_db(transaction=True)

# A row as clerks write it: no code of any list, and answers that explain it.
WRITTEN = {
    **WPF,
    "sex": "E",
    "citizenship": "Türkiýe",
    "region": "Ahal welaýaty",
    "decision": "Uzaldyldy",
    "birth_date": "12/04/1990",
    "event_date": "05/03/2026",
    "civil_status": "öýlenen",
    "education": "высшее",
    "wage_month": "1 200,50",
    "wage_cur": "манат",
}
ANSWERS = {
    "sex_codes": {"E": "M", "Z": "F"},
    "day_first": "false",
    "aliases": {"decision": {"Uzaldyldy": "REN"}},
}
WRITTEN |= {"event_date": "03/05/2026", "birth_date": "04/12/1990"}


@pytest.fixture
def held(send, clerk):
    """Send rows like WRITTEN with these cells wrong; returns the held row."""

    def hold(answers=ANSWERS, **wrong):
        send(plain(table(2, base={**WRITTEN, **wrong})[:2]), answers=answers)
        with scope.acting(clerk):
            return HeldRow.open_rows.select_related("agency", "instrument", "upload").get()

    return hold


def fields_of(page):
    """What a browser would send back of a form that nobody touched."""
    from html.parser import HTMLParser

    class Form(HTMLParser):
        def __init__(self):
            super().__init__()
            self.values, self.select = {}, None

        def handle_starttag(self, tag, attributes):
            said = dict(attributes)
            if tag == "input" and said.get("name") and said.get("type") in ("text", "hidden"):
                self.values[said["name"]] = said.get("value") or ""
            if said.get("type") == "radio" and "checked" in said:
                self.values[said["name"]] = said["value"]
            if tag == "select":
                self.select = said["name"]
                self.values[self.select] = ""
            if tag == "option" and "selected" in said:
                self.values[self.select] = said.get("value") or ""

    form = Form()
    form.feed(page.content.decode())
    return form.values


def test_the_form_shows_the_code_each_text_means(held, client, clerk):
    row = held(valid_to="??")
    client.force_login(clerk)
    fields = fields_of(client.get(f"/held/{row.pk}/"))
    shown = {name: fields[name] for name in ("sex", "citizenship", "region", "decision")}
    assert shown == {"sex": "M", "citizenship": "TUR", "region": "TM-A", "decision": "REN"}
    assert (fields["education"], fields["civil_status"], fields["wage_cur"]) == ("6T8", "M", "TMT")
    assert fields["birth_date"] == "04/12/1990"


def test_a_text_without_a_meaning_stands_in_its_field_with_what_is_wrong(held, client, clerk):
    row = held(citizenship="Nowhere", decision="hm", valid_to="??")
    client.force_login(clerk)
    page = client.get(f"/held/{row.pk}/")
    fields = fields_of(page)
    assert (fields["citizenship"], fields["decision"], fields["valid_to"]) == (
        "Nowhere",
        "hm",
        "??",
    )
    assert "This is not in the list for “Citizenship”" in page.content.decode()


def test_looking_at_a_row_that_could_be_saved_saves_nothing(send, client, clerk):
    send(plain(table(2, record_ref="A", citizenship=["TUR", "UZB"])))  # held for their number only
    with scope.acting(clerk):
        first = HeldRow.open_rows.first()
    client.force_login(clerk)
    page = client.get(f"/held/{first.pk}/", headers={"hx-request": "true"})
    assert page.status_code == 200
    with scope.acting(clerk):
        assert (HeldRow.open_rows.count(), Record.objects.count()) == (2, 0)


def test_saving_the_form_unchanged_changes_nothing(held, client, clerk):
    row = held(citizenship="Nowhere")
    client.force_login(clerk)
    page = f"/held/{row.pk}/"
    again = client.post(page, fields_of(client.get(page)))
    assert again.status_code == 422
    assert "Citizenship" in again.content.decode()
    with scope.acting(clerk):
        assert HeldRow.open_rows.get().raw == row.raw


@pytest.mark.parametrize("road", ["form", "grid"])
def test_a_correction_keeps_every_other_cell_and_the_answers_of_the_file(road, held, client, clerk):
    row = held(valid_to="??")
    client.force_login(clerk)
    page = f"/held/{row.pk}/"
    if road == "form":
        client.post(page, {**fields_of(client.get(page)), "valid_to": "05.03.2027"})
    else:
        with scope.acting(clerk):
            changes = {row.pk: {"valid_to": "05.03.2027"}}
            bulk_corrections.correct_many(row.upload, [row.pk], by=clerk, changes=changes)
    with scope.acting(clerk):
        record = Record.objects.get()
    assert (record.sex, record.citizenship, record.region) == ("M", "TUR", "TM-A")
    assert (record.event_date.isoformat(), record.birth_year, record.age) == (
        "2026-03-05",
        1990,
        35,
    )
    assert (record.age_precision, record.education) == ("D", "6T8")
    assert (record.extras["decision"], record.extras["wage_cur"]) == ("REN", "TMT")


def test_a_date_nobody_could_order_stays_in_doubt_until_it_is_typed_anew(held, clerk):
    row = held(answers={"sex_codes": {"E": "M"}, "aliases": ANSWERS["aliases"]}, event_date="05.03.2026", birth_date="12.04.1990", valid_from="05.03.2026", valid_to="05.03.2027", citizenship="Nowhere")  # fmt: skip
    with scope.acting(clerk):
        row.raw["birth_date"] = "02/03/1990"
        row.save()
        outcome = corrections.correct(row, {"citizenship": "TUR"}, by=clerk)
        assert [f.rule for f in outcome.findings] == ["birth_date.ambiguous"]
        typed = {"citizenship": "TUR", "birth_date": "03/02/1990"}
        outcome = corrections.correct(row, typed, by=clerk)
        assert [f.rule for f in outcome.findings] == ["birth_date.ambiguous"]
        typed["birth_date"] = "03021990"
        record = corrections.correct(row, typed, by=clerk).record
    assert (record.age, record.age_precision) == (36, "D")


def test_a_row_held_for_its_number_keeps_its_exact_age(send, clerk):
    rows = table(2, record_ref="7", wage_month=["900", "901"], wage_cur="USD")
    send(plain(rows))
    with scope.acting(clerk):
        row = HeldRow.open_rows.order_by("row_no")[1]
        record = corrections.correct(row, {"record_ref": "8"}, by=clerk).record
    assert (record.age, record.age_precision, record.birth_year) == (35, "D", 1990)
    with scope.acting(clerk):
        other = HeldRow.open_rows.get()
        record = corrections.correct(other, {"birth_date": "1980"}, by=clerk).record
    assert (record.age, record.age_precision, record.birth_year) == (46, "Y", 1980)


def test_a_letter_that_the_file_proved_means_the_same_in_a_corrected_row(send, clerk):
    send(plain(table(3, sex=["e", "Zenan", "Erkek"], valid_to=["??", "05.03.2027", "05.03.2027"])))
    with scope.acting(clerk):
        row = HeldRow.open_rows.get()
        record = corrections.correct(row, {"valid_to": "05.03.2027"}, by=clerk).record
    assert record.sex == "M"


def test_the_currency_of_the_file_holds_for_a_corrected_row(send, clerk):
    send(plain(table(2, wage_month="900", sex=["??", "F"])), answers={"currency": "USD"})
    with scope.acting(clerk):
        record = corrections.correct(HeldRow.open_rows.get(), {"sex": "F"}, by=clerk).record
    assert record.extras["wage_cur"] == "USD"


GOOD = {
    "sex": ["E", "Z", "F", "женский", ""],
    "citizenship": ["Иран", "UZB", "Türkiýe", ""],
    "region": ["Mary", "TM-S", ""],
    "decision": ["Uzaldyldy", "ISS"],
    "civil_status": ["öýlenen", "S", "замужем", ""],
    "education": ["высшее", "7", ""],
    "birth_date": ["1988", "05/06/1991", "7 мая 1985"],
    "valid_to": ["05.03.2027", "03/05/2027", "5 марта 2027"],
    "wage_month": ["900", "1 000,5"],
    "wage_cur": ["манат", "USD"],
}
# What holds a row: what is required, and the currency of a wage that is stated.
HOLDING = ("sex", "citizenship", "region", "decision", "valid_to", "wage_cur")
WRONG = {**{name: ["nonsense!"] for name in HOLDING}, "valid_to": ["??", "01.01.2020"]}


@settings(
    max_examples=6,
    phases=[Phase.explicit, Phase.reuse, Phase.generate],
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(
    cells=st.fixed_dictionaries({name: st.sampled_from(texts) for name, texts in GOOD.items()}),
    name=st.sampled_from(HOLDING),
    data=st.data(),
)
def test_a_corrected_row_is_the_record_its_file_would_have_given(
    cells, name, data, client, clerk, agency, instruments
):
    wrong = data.draw(st.sampled_from(WRONG[name]))
    good = data.draw(
        st.sampled_from([text for text in GOOD[name] if text] if name != "sex" else ["F", "E", "Z"])
    )
    row = {**WRITTEN, **cells}
    road = {"by": clerk, "agency": agency, "instrument": instruments["SMS-WPF"], "answers": ANSWERS}
    rules = frozenset(f"{v}.{r}" for v, r in [("sex", "not_stated"), ("civil_status", "word_of_women"), ("civil_status", "word_of_men")])  # fmt: skip
    whole = files.send(plain(table(1, base={**row, name: good})), **road)
    with scope.acting(clerk):
        expected = [files.facts(record) for record in Record.objects.all()]
        uploads.undo(whole, by=clerk)
    broken = files.send(plain(table(1, base={**row, name: wrong})), **road)
    with scope.acting(clerk):
        held = HeldRow.open_rows.select_related("agency", "instrument", "upload").get()
    client.force_login(clerk)
    page = f"/held/{held.pk}/"
    posted = {**fields_of(client.get(page)), name: good, "acknowledged": list(rules)}
    client.post(page, posted)
    with scope.acting(clerk):
        corrected = [files.facts(record) for record in Record.objects.all()]
        uploads.undo(broken, by=clerk)
    for record in (*expected, *corrected):
        record.pop("submission_id")
        record.pop("by_hand")  # that is how it came, not what it says
    assert corrected == expected


def words_taught(clerk):
    with scope.acting(clerk):
        rows = LearnedWord.objects.filter(is_revoked=False)
        return dict(rows.values_list("text", "code"))


def test_a_corrected_word_is_remembered_where_that_is_asked_and_goes_with_its_file(
    held, client, clerk
):
    row = held(citizenship="Atlantis nova")
    client.force_login(clerk)
    page = f"/held/{row.pk}/"
    shown = client.get(page)
    assert 'name="learn"' in shown.text and shown.text.count('value="citizenship"') == 1
    client.post(page, {**fields_of(shown), "citizenship": "KAZ", "learn": "citizenship"})
    taught = {"Uzaldyldy": "REN", "E": "M", "Z": "F"}
    assert words_taught(clerk) == {**taught, "Atlantis nova": "KAZ"}
    with scope.acting(clerk):
        uploads.undo(row.upload, by=clerk)
    assert words_taught(clerk) == {}


def test_a_corrected_word_is_not_remembered_silently_nor_what_stands_for_a_sex(held, client, clerk):
    row = held(citizenship="Atlantis nova", sex="?!")
    client.force_login(clerk)
    page = f"/held/{row.pk}/"
    before = words_taught(clerk)
    right = {**fields_of(client.get(page)), "citizenship": "KAZ", "sex": "M"}
    answer = client.post(page, {**right, "learn": "sex"})
    assert answer.status_code == 302, answer.context["errors"]
    assert words_taught(clerk) == before
    with scope.acting(clerk):
        assert Record.objects.get().citizenship == "KAZ"


def test_a_correction_that_teaches_nothing_does_not_look_for_words_to_teach(held, clerk):
    row = held(citizenship="Atlantis nova")
    with scope.acting(clerk), CaptureQueriesContext(connection) as queries:
        outcome = corrections.correct(row, {"citizenship": "KAZ"}, by=clerk)
    assert outcome.record.citizenship == "KAZ"
    looks = [query for query in queries if LearnedWord._meta.db_table in query["sql"]]
    assert len(looks) == 1  # to check the row


def test_what_is_wrong_with_a_correction_stands_beside_the_field_while_it_is_typed(
    held, client, clerk, reviewer, outsider
):
    row = held(citizenship="Atlantis nova", valid_to="??")
    client.force_login(clerk)
    shown = client.get(f"/held/{row.pk}/")
    address = f"/held/{row.pk}/check"
    assert f'hx-post="{address}"' in shown.text
    typed = {**fields_of(shown), "citizenship": "KAZ", "valid_to": "05.03.2020", "told": []}
    answer = client.post(address, typed)
    assert "m-valid_to" in answer.text and "m-citizenship" in answer.text
    assert "This is not in the list for" not in answer.text
    assert signed_in(reviewer).post(address, typed).status_code == 403
    assert signed_in(outsider).post(address, typed).status_code == 404
    with scope.acting(clerk):
        assert HeldRow.open_rows.get().raw["citizenship"] == "Atlantis nova"
        record = factories.record(row.submission or Submission.objects.get(), "Z-1")
    page = client.get(f"/records/{record.pk}/")
    assert f'hx-post="/records/{record.pk}/check"' in page.text
    answer = client.post(f"/records/{record.pk}/check", {**fields_of(page), "sex": "?"})
    assert "m-sex" in answer.text
