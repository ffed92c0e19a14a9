"""Which list the codes of a column follow: proven by its values, or asked; never guessed where lists disagree."""

import csv

import pytest
from hypothesis import given
from hypothesis import strategies as st

from standards import code_systems, codelists
from standards.code_systems import OwnList, is_contested, judge, key_of, readings_of, systems_of

COUNTRIES = systems_of("countries")
OLD = OwnList("Old codes", 1, "countries", {"209": "JPN", "438": "AUS", "036": "TUR"})


def texts_of(name):
    (system,) = (s for s in COUNTRIES if s.name == name)
    return sorted(system.codes)


def told(*texts, own=()):
    return judge(systems_of("countries", own), texts)


@pytest.mark.parametrize("texts", [("AU", "AT"), ("AU",), ("CH", "GM", "RU"), ("as", "AU")])
def test_two_letters_that_lists_read_differently_are_asked_about(texts):
    verdict = told(*texts)
    assert (verdict.asks, verdict.proven, set(verdict.rivals)) == (True, "", {"alpha2", "gec"})
    readings = verdict.evidence[texts[0]]
    assert readings["alpha2"].code != readings["gec"].code


def test_two_values_that_the_other_list_lacks_prove_a_list():
    assert told("AU", "RU", "TR").proven == "alpha2"
    assert told("AU", "UP", "TX").proven == "gec"
    assert told("AU", "RU", "TR", "UP", "TX").asks  # neither has all of them


@pytest.mark.parametrize(
    "texts", [("TUR", "RUS", "D<<"), ("TUR", "AF"), ("Россия",), ("",), ("ZZ",)]
)
def test_nothing_is_asked_where_all_lists_agree(texts):
    verdict = told(*texts)
    assert (verdict.asks, verdict.proven) == (False, "")


@pytest.mark.parametrize("number", ["643", "036", "36", "36.0", "895"])
def test_a_number_is_always_asked_about(number):
    assert told(number, "TUR").asks


def test_numbers_of_m49_and_of_oksm_are_the_same_but_for_two():
    m49, oksm = (next(s for s in COUNTRIES if s.name == name) for name in ("m49", "oksm"))
    current = {key: r for key, r in m49.codes.items() if not r.note}
    assert {k: oksm.codes[k].code for k in current} == {k: r.code for k, r in current.items()}
    assert {k for k in oksm.codes if k not in current} == {"895", "896"}


def test_zeros_that_a_spreadsheet_lost_come_back_only_where_one_number_is_left():
    own = OwnList("Ours", 1, "education", {"01": "1", "1": "2", "002": "3"})
    *_portal, system = systems_of("education", [own])
    assert [system.read(t) and system.read(t).code for t in ("01", "1", "2", "02")] == [
        "1",
        "2",
        "3",
        "3",
    ]
    assert system.read("001") is None  # 01 or 1


def test_travel_documents_name_nationalities_in_their_own_way():
    icao = next(s for s in COUNTRIES if s.name == "icao")
    codes = {
        text: icao.read(text).code
        for text in ("D", "D<<", "GBR", "GBD", "UNO", "XXA", "XXX", "RKS")
    }
    assert codes == {
        "D": "DEU", "D<<": "DEU", "GBR": "GBR", "GBD": "GBR", "UNO": "", "XXA": "XXA", "XXX": "XXX", "RKS": "XKX",
    }  # fmt: skip


def test_states_that_are_no_more_are_known_by_their_old_codes():
    alpha3 = next(s for s in COUNTRIES if s.name == "alpha3")
    meant = {text: alpha3.read(text) for text in ("SUN", "YUG", "CSK", "ZAR", "ROM", "ANT")}
    assert {text: r.code for text, r in meant.items()} == {
        "SUN": "SUN", "YUG": "YUG", "CSK": "CSK", "ZAR": "COD", "ROM": "ROU", "ANT": "",
    }  # fmt: skip
    assert {r.note for r in meant.values()} == {"former"}


def test_every_code_of_the_table_is_a_country_of_the_list():
    with (codelists.DIRECTORY / "country_codes.csv").open(newline="") as lines:
        rows = list(csv.DictReader(lines))
    assert {row["country"] for row in rows} - {""} <= set(codelists.load("countries").by_code)
    assert all(row["country"] or row["status"] for row in rows)


def test_an_agency_s_own_list_competes_with_the_standards():
    verdict = told("209", "438", own=[OLD])
    assert (verdict.asks, verdict.rivals) == (True, ("m49", "oksm", "own:Old codes"))
    assert {n: r.code for n, r in verdict.evidence["438"].items()} == {
        "m49": "LIE", "oksm": "LIE", "own:Old codes": "AUS",
    }  # fmt: skip
    assert "m49" not in verdict.evidence["209"]


def test_numbers_of_another_list_are_asked_about_only_where_the_agency_has_loaded_one():
    ours = OwnList("Levels", 1, "education", {"1": "2", "2": "3", "9": "8"})
    assert not judge(systems_of("education"), ["1", "2"]).asks
    assert judge(systems_of("education", [ours]), ["1", "2"]).rivals == ("portal", "own:Levels")


@given(st.lists(st.sampled_from([t for s in COUNTRIES for t in sorted(s.codes)]), max_size=8))
def test_no_text_that_two_lists_read_differently_goes_without_an_answer_or_a_proof(texts):
    verdict = judge(COUNTRIES, texts)
    contested = [t for t in texts if is_contested(readings_of(COUNTRIES, t))]
    if contested and not verdict.proven:
        assert verdict.asks
    if verdict.proven:
        for rival in COUNTRIES:
            said = {
                key_of(t) for t in texts if (r := readings_of(COUNTRIES, t)) and verdict.proven in r
            }
            if rival.name in verdict.rivals and rival.name != verdict.proven:
                assert len({t for t in said if t not in rival.codes}) >= code_systems.PROVING


@given(st.sampled_from(["alpha2", "gec"]), st.data())
def test_a_column_of_one_list_is_never_proven_to_follow_the_other(name, data):
    texts = data.draw(st.lists(st.sampled_from(texts_of(name)), min_size=1, max_size=20))
    assert judge(COUNTRIES, texts).proven in ("", name)


def test_an_agency_s_list_that_alone_has_the_codes_of_a_column_is_asked_about():
    olympic = OwnList("IOC", 1, "countries", {"GER": "DEU", "NED": "NLD", "TUR": "TUR"})
    verdict = told("GER", "NED", "TUR", own=[olympic])
    assert verdict.asks and verdict.rivals == ("alpha3", "icao", "own:IOC")
    assert not told("TUR", own=[olympic]).asks
    works = OwnList("Works", 1, "occupations", {"W-1": "71"})
    assert judge(systems_of("occupations", [works]), ["W-1"]).rivals == ("own:Works",)
    assert not judge(systems_of("occupations", [works]), ["71"]).proven
