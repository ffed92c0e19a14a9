"""Words of agencies: taught by answers, asked about, changed, revoked, spread; and codes that retire."""

import re

import pytest

from agencies import scope
from agencies.access import Denied
from records.codelists import changes, learned, site
from records.codelists import editions as kept
from records.collection import proposals
from records.instruments.versions import current, spec_of
from records.models import CodeProposal, HeldRow, LearnedWord, Record
from standards import codelists, home
from tests import factories
from tests.cast import events, signed_in
from tests.records.files import plain, table
from tests.records.lists import delivered, of, save  # noqa: F401 - a fixture for every test


def words(person):
    with scope.acting(person):
        return {w.text: w.code for w in LearnedWord.objects.filter(is_revoked=False)}


@pytest.mark.django_db(transaction=True)
def test_an_answer_is_remembered_and_read_in_the_next_file(send, clerk, reviewer, outsider):
    rows = table(3, region="Guşgy ýoly")
    first = send(plain(rows), answers={"aliases": {"region": {"Guşgy ýoly": "TM-M"}}})
    assert first.report["rows"]["accepted"] == 3
    assert words(reviewer) == {"Guşgy ýoly": "TM-M"} and words(outsider) == {}
    later = [rows[0], *([f"Z-{row[0]}", *row[1:]] for row in rows[1:])]
    assert send(plain(later)).report["rows"]["accepted"] == 3


@pytest.mark.django_db(transaction=True)
def test_the_next_file_is_read_with_a_new_name_and_a_retired_code_means_its_successor(
    send, clerk, statistician
):
    ahal = of("TM-A", "regions", retired="2020-01-01", successor="TM-S")
    mary = of("TM-M", "regions", aliases=[*of("TM-M", "regions")["aliases"], "Guşgy ýoly"])
    with scope.acting(statistician):
        changes.save("regions", {"TM-A": ahal, "TM-M": mary}, base=1, reason="", by=statistician)
    rows = table(2, region=["Guşgy ýoly", "Ahal"])
    assert send(plain(rows)).report["rows"]["accepted"] == 2
    with scope.acting(clerk):
        assert sorted(Record.objects.values_list("region", flat=True)) == ["TM-M", "TM-S"]


@pytest.mark.django_db(transaction=True)
def test_what_stands_for_a_sex_in_a_file_of_another_layout_is_proposed_but_asked_again(send, clerk):
    rows = table(4, sex=["1", "2"])
    send(plain(rows), answers={"sex_codes": {"1": "M", "2": "F"}})
    later = [[*rows[0], "bellik"], *([f"Z-{row[0]}", *row[1:], "x"] for row in rows[1:])]
    waiting = send(plain(later))
    assert waiting.state == "NEEDS_ANSWERS"
    page = signed_in(clerk).get(f"/uploads/{waiting.pk}/").text
    assert len(re.findall(r'value="[FM]" selected', page)) == 2


@pytest.fixture
def word(instruments, agency, clerk):
    with scope.acting(clerk):
        return LearnedWord.objects.create(
            agency=agency, instrument=instruments["SMS-WPF"], variable="region",
            text="Guşgy ýoly", key="guşgy ýoly", code="TM-M", taught_by=clerk,
        )  # fmt: skip


def test_a_word_is_changed_revoked_and_spread_by_statistics_staff_only(word, clerk, statistician):
    browser = signed_in(statistician)
    page = browser.get("/words/").text
    assert "Guşgy ýoly" in page and clerk.name in page
    assert signed_in(clerk).post("/words/", {"word": word.pk, "revoke": "1"}).status_code == 403
    form = {"word": word.pk, "change": "1"}
    assert browser.post("/words/", {**form, "code": "NONE"}).status_code == 422
    assert browser.post("/words/", {**form, "code": "TM-S"}).status_code == 302
    assert words(clerk) == {"Guşgy ýoly": "TM-S"}
    assert browser.post("/words/", {"word": word.pk, "everybody": "1"}).status_code == 302
    kept.refresh()
    assert codelists.load("regions").match(["guşgy ýoly"])[0].code == "TM-S"
    assert words(clerk) == {} and [e.verb for e in events("change", "everybody")] == ["change", "everybody"]  # fmt: skip


def test_the_verbs_refuse_who_may_not_change_words_and_the_home_country(
    word, clerk, reviewer, instruments
):
    region = spec_of(current(instruments["SMS-WPF"])).variable("region")
    with scope.acting(clerk):
        for verb in (
            lambda: learned.change(word, "TM-S", variable=region, by=clerk),
            lambda: learned.revoke(word, by=clerk),
            lambda: learned.for_everybody(word, codelists.load("regions"), by=clerk),
            lambda: learned.withdraw(word, by=reviewer),
            lambda: site.set_home_country("KAZ", base=1, reason="", by=clerk),
        ):
            with pytest.raises(Denied):
                verb()
    assert words(clerk) == {"Guşgy ýoly": "TM-M"} and home.country() == "TKM"


def test_a_word_that_means_another_code_for_everybody_is_refused(word, statistician):
    with scope.acting(statistician):
        LearnedWord.objects.filter(pk=word.pk).update(text="Ahal")
    page = signed_in(statistician).post("/words/", {"word": word.pk, "everybody": "1"})
    assert page.status_code == 422 and "cannot mean two codes" in page.text


def test_a_taught_word_of_a_retired_code_means_its_successor(word, instruments, agency, clerk, statistician):  # fmt: skip
    content = of("TM-M", "regions", retired="2020-01-01", successor="TM-S")
    save({"TM-M": content}, statistician, "regions")
    from records.instruments import versions

    spec = versions.spec_of(versions.current(instruments["SMS-WPF"]))
    with scope.acting(clerk):
        known = learned.words_of(agency, instruments["SMS-WPF"])
    assert learned.without_sex(known, spec) == {"region": {"guşgy ýoly": "TM-M"}}  # by the day


@pytest.mark.django_db(transaction=True)
def test_a_retired_code_stays_valid_for_events_before_its_day_in_files_typing_and_the_sheet(
    send, clerk, statistician, instruments
):
    """Two regions end on 4 March 2026: for Ahal another code stands from then on, for Lebap none."""
    later = {
        "TM-A": of("TM-A", "regions", retired="2026-03-05", successor="TM-S"),
        "TM-L": of("TM-L", "regions", retired="2026-03-05"),
    }
    save(later, statistician, "regions")
    days = ["04.03.2026", "05.03.2026"]
    rows = table(4, region=["Ahal", "Ahal", "Lebap", "Lebap"], event_date=[*days, *days])
    upload = send(plain(rows))
    told = {f["rule"]: (f["severity"], f["count"]) for f in upload.report["findings"]}
    assert told["region.succeeded.TM-A"] == ("warning", 1)
    assert told["region.retired.TM-L"] == ("error", 1)
    (text,) = (
        f["message"]["en"]
        for f in upload.report["findings"]
        if f["rule"] == "region.succeeded.TM-A"
    )
    assert (
        "“Ahal” is not used for events from 05.03.2026 on; it was read as “Ashgabat city”." in text
    )
    with scope.acting(clerk):
        stored = Record.objects.order_by("event_date", "region").values_list("region", flat=True)
        assert list(stored) == ["TM-A", "TM-L", "TM-S"]
        held = HeldRow.open_rows.get()
    browser = signed_in(clerk)
    form = browser.get("/records/new/SMS-WPF/SMS/").text
    assert "Lebap (until 04.03.2026)" in form
    sheet = {"shown": "region,event_date", "event_date": "04.03.2026"}
    assert browser.post(f"/held/{held.pk}/", sheet).status_code == 302
    with scope.acting(clerk):
        assert not HeldRow.open_rows.exists()
        assert Record.objects.filter(region="TM-L").count() == 2


def test_a_proposed_word_that_is_answered_with_a_code_means_it_for_everybody(
    clerk, statistician, agency
):
    with scope.acting(clerk):
        proposals.propose("atlantida nova", codelist="countries", agency=agency, by=clerk)
    browser, address = signed_in(statistician), f"/proposals/{CodeProposal.objects.get().pk}/answer"
    browser.post(address, {"code": "QQQ"})
    assert not CodeProposal.objects.get().answered_at
    browser.post(address, {"code": "KAZ"})
    assert "KAZ" in CodeProposal.objects.get().answer
    kept.refresh()
    (match,) = codelists.load("countries").match(["Atlantida  NOVA"])
    assert match.code == "KAZ"


def test_who_enters_for_the_agency_revokes_its_words_and_the_page_keeps_who_did(
    word, clerk, reviewer, outsider
):
    address = f"/words/{word.pk}/withdraw"
    assert signed_in(reviewer).post(address).status_code == 403
    assert signed_in(outsider).post(address).status_code == 404
    assert address in signed_in(clerk).get("/words/").text
    assert signed_in(clerk).post(address).status_code == 302
    assert words(clerk) == {} and [e.subject for e in events("revoke")] == [f"word:{word.pk}"]
    page = signed_in(clerk).get("/words/?state=revoked").text
    assert f"Revoked by: {clerk}" in page and address not in page
    assert signed_in(clerk).post(address).status_code == 404


def test_a_file_that_is_taken_back_takes_back_the_words_that_it_alone_taught(
    instruments, agency, clerk
):
    permits = instruments["SMS-WPF"]
    spec = spec_of(current(permits))
    taught = [
        {"Guşgy ýoly": "TM-M", "Alty ýol": "TM-S"},
        {"Guşgy  ýoly": "TM-A", "Alty ýol": "TM-S", "Bäş ýol": "TM-L", "Dört ýol": "TM-L"},
    ]
    with scope.acting(clerk):
        files = [
            factories.upload(agency, permits, clerk, state="COMMITTED", answers={"aliases": {"region": a}})
            for a in taught
        ]  # fmt: skip
        for file in files:
            learned.teach(agency, permits, spec, file.answers, by=clerk)
        changed = LearnedWord.objects.filter(text="Dört ýol")
        learned.withdraw(changed.get(), by=clerk)
        changed.update(
            code="TM-B", is_revoked=False
        )  # somebody said since that it means another one
        assert learned.forget(files[1], by=clerk) == 2
        left = {"Guşgy ýoly": "TM-M", "Alty ýol": "TM-S", "Dört ýol": "TM-B"}
        assert (
            dict(LearnedWord.objects.filter(is_revoked=False).values_list("text", "code")) == left
        )
        copy = factories.upload(agency, permits, clerk, state="COMMITTED", answers=files[0].answers)
        copy.report = {"copied": files[0].answers}  # held rows of the first file, sent back
        copy.save()
        files[1].state = "UNDONE"
        files[1].save()
        assert learned.forget(files[0], by=clerk) == 2
    assert words(clerk) == {"Dört ýol": "TM-B"}
