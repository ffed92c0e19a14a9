"""The legal basis of an instrument and how long its records are kept: said by the statistics office."""

from xml.etree import ElementTree

import pytest

from agencies import scope
from agencies.access import Denied
from agencies.refusal import Refused
from records.codelists import editions as kept
from records.codelists.changes import Overtaken, Wrong
from records.codelists.terms import set_terms
from records.instruments.terms import TERMS
from records.models import ListEdition
from standards import editions
from tests.cast import events, signed_in

LAW = {"en": "Law on migration, article 7", "ru": "Закон о миграции, статья 7", "tk": "Migrasiýa kanuny, 7"}  # fmt: skip
SAID = {**LAW, "retention": "5"}


@pytest.fixture(autouse=True)
def unsaid():
    """A test undoes its editions; the process forgets them too."""
    yield
    editions.lay_over({})
    kept._known[0] = (None, 0)


@pytest.fixture
def say(instruments, statistician):
    def save(typed, *, base=1, code="SMS-WPF", by=statistician):
        with scope.acting(by):
            set_terms(instruments[code], typed, base=base, reason="It was asked.", by=by)
        kept.refresh()

    return save


def test_what_is_said_stands_on_the_page_and_in_the_codebook_in_three_languages(say, client):
    before = client.get("/instruments/SMS-WPF/").content.decode()
    assert before.count("not said yet") == 2
    say(SAID)
    page = client.get("/instruments/SMS-WPF/").content.decode()
    assert LAW["en"] in page and "5 years" in page and "not said yet" not in page
    client.cookies["django_language"] = "tk"
    assert LAW["tk"] in client.get("/instruments/SMS-WPF/").content.decode()
    codebook = client.get("/instruments/SMS-WPF/codebook.xml").content.decode()
    assert all(text in codebook for text in LAW.values()) and "kept for 5 years" in codebook


def test_what_nobody_sees_in_a_text_is_not_kept_so_that_the_codebook_stays_xml(say, client):
    say({**SAID, "en": "Law\x1b on \u202emigration"})
    ElementTree.fromstring(client.get("/instruments/SMS-WPF/codebook.xml").content)
    assert editions.in_force(TERMS).codes["SMS-WPF"]["legal_basis"]["en"] == "Law on migration"


def test_terms_of_one_instrument_leave_those_of_others(say):
    say(SAID)
    say({**LAW, "retention": ""}, base=2, code="SMS-BCR")
    codes = editions.in_force(TERMS).codes
    assert (codes["SMS-WPF"]["retention"], codes["SMS-BCR"]["retention"]) == (5, None)


def test_empty_fields_take_back_what_was_said(say):
    say(SAID)
    say(dict.fromkeys(SAID, ""), base=2)
    assert editions.in_force(TERMS).codes == {}


@pytest.mark.parametrize(
    ("typed", "fields"),
    [
        ({**SAID, "tk": " "}, {"tk"}),
        ({**SAID, "ru": "", "tk": ""}, {"ru", "tk"}),
        ({**SAID, "en": "x" * 501}, {"en"}),
        *(({**SAID, "retention": wrong}, {"retention"}) for wrong in ("0", "101", "-1", "٥", "1.5", "five")),
    ],
)  # fmt: skip
def test_what_is_wrong_is_said_beside_its_field_and_nothing_is_saved(say, typed, fields):
    with pytest.raises(Wrong) as wrong:
        say(typed)
    assert {problem.field for problem in wrong.value.problems} == fields
    assert not ListEdition.objects.filter(name=TERMS).exists()


def test_who_was_overtaken_overwrites_nothing_and_the_same_is_not_saved_twice(say):
    say(SAID)
    with pytest.raises(Overtaken):
        say({**SAID, "retention": "6"})
    with pytest.raises(Refused, match="Nothing is changed"):
        say(SAID, base=2)


def test_people_of_an_agency_may_not_say_them(say, reviewer):
    with pytest.raises(Denied):
        say(SAID, by=reviewer)


def test_the_form_keeps_what_was_typed_and_the_history_says_who_said_what(
    instruments, statistician
):
    browser = signed_in(statistician)
    there = "/instruments/SMS-WPF/terms/"
    refused = browser.post(there, {**SAID, "base": "1", "retention": "for ever"})
    assert refused.status_code == 422 and LAW["ru"] in refused.content.decode()
    assert browser.post(there, {**SAID, "base": "1", "reason": "Asked."}).status_code == 302
    page = browser.get(there).content.decode()
    assert LAW["en"] in page and "Asked." in page and statistician.name in page
    (event,) = events("edition")
    assert (event.subject, event.person) == ("setting:terms", statistician.email)
