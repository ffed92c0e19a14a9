"""Texts of code variables that mean something only in part: held with a suggestion, asked, or said."""

import re
from datetime import date

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from records.collection import own_lists
from records.reading import remembered
from records.reading.layout import open_questions
from records.reading.mapping import Context, map_columns
from records.validation import parsing
from records.validation.meanings import Answers, Meanings
from standards import code_systems
from standards.code_systems import OwnList
from standards.languages import LANGUAGES
from tests.records.files import SPECS, plain, table
from tests.records.test_rules import check

WPF = SPECS["SMS-WPF"]


def findings(**columns):
    checked = check("SMS-WPF", table(1, **columns))
    return {f.rule: f.severity for f in checked.findings}, checked


@pytest.mark.parametrize(
    "column, rule",
    [
        ({"citizenship": "Узбекистан (г. Ташкент)"}, "citizenship.suggested.UZB"),
        ({"citizenship": "643"}, "citizenship.number.RUS"),
        ({"citizenship": "СН"}, "citizenship.suggested.CHE"),
        ({"citizenship": "Россия/Украина"}, "citizenship.ambiguous"),
        ({"citizenship": "NA"}, "citizenship.ambiguous"),
        ({"citizenship": "582"}, "citizenship.unknown_text"),
        ({"occupation": "повар (универсал)"}, "occupation.suggested.51"),
        ({"sex": "1 - мужской"}, "sex.suggested.M"),
    ],
)
def test_a_doubtful_text_is_held_and_its_cause_names_what_it_may_mean(column, rule):
    rules, checked = findings(**column)
    assert rules == {rule: "error"}
    assert checked.held.tolist() == [True]


def test_a_suggestion_is_said_in_every_language_with_the_label_of_its_code():
    _rules, checked = findings(citizenship="643")
    (finding,) = checked.findings
    assert all(
        label in finding.message[lang]
        for lang, label in zip(LANGUAGES, ("Russia", "Россия", "Russiýa"), strict=True)
    )
    assert "{" not in "".join(finding.message.values())


def test_each_suggestion_of_a_file_is_a_cause_of_its_own():
    rows = table(6, citizenship=["643", "795", "643", "Узбекистан (г. Ташкент)", "Турции", "TUR"])
    causes = {f.rule: f.rows.tolist() for f in check("SMS-WPF", rows).findings}
    assert causes == {
        "citizenship.number.RUS": [0, 2],
        "citizenship.number.TKM": [1],
        "citizenship.suggested.UZB": [3],
    }


def test_a_place_inside_a_country_is_kept_with_a_warning():
    rules, checked = findings(citizenship="Северный Кипр")
    assert rules == {"citizenship.part.CYP": "warning"}
    assert checked.typed["citizenship"].to_pylist() == ["CYP"]


def test_what_a_rule_reads_for_sure_is_kept_without_a_word():
    rules, checked = findings(
        citizenship="гр-н Республики Узбекистан",
        sex="женский пол",
        occupation="71 Строительные рабочие",
    )
    assert (rules, checked.held.tolist()) == ({}, [False])
    typed = {name: checked.typed[name].to_pylist() for name in ("citizenship", "sex", "occupation")}
    assert typed == {"citizenship": ["UZB"], "sex": ["F"], "occupation": ["71"]}


@pytest.mark.parametrize(
    "code", ["34", "35", "41", "44", "61", "63", "73", "81", "92", "96", "01", "03"]
)
def test_every_group_of_isco_08_is_taken_in(code):
    rules, checked = findings(occupation=code)
    assert (rules, checked.typed["occupation"].to_pylist()) == ({}, [code])


@pytest.mark.parametrize("code", ["9", "91", "92", "93", "94", "95", "96"])
def test_a_household_may_employ_for_any_elementary_work(code):
    assert findings(occupation=code, employer_type="HOUSEHOLD")[0] == {}


def numbered(*numbers, answers=None):
    rows = table(len(numbers), citizenship=list(numbers))
    questions = map_columns(rows, WPF, answers or {}).questions
    return [q for q in questions if q.id == "codes:citizenship"]


def test_bare_numbers_for_countries_are_asked_about_with_what_they_would_mean():
    (question,) = numbered("643", "004", "582", "TUR")
    assert question.evidence == ["004: M49 = AFG", "643: M49 = RUS"]
    assert [choice["value"] for choice in question.choices] == ["m49", "none"]
    assert open_questions([question]) == [question]
    assert {"M49", "OKSM"} <= set(re.findall(r"\w+", question.choices[0]["label"]["en"]))
    for said in ("m49", "oksm"):
        (answered,) = numbered("643", answers={"codes": {"citizenship": said}})
        assert open_questions([answered]) == []


@pytest.mark.parametrize("texts", [("TUR", "Россия"), ("0", "999"), ("643 - Россия",), ("",)])
def test_nothing_is_asked_where_no_bare_number_could_be_a_country(texts):
    assert numbered(*texts) == []


@pytest.mark.django_db(transaction=True)
def test_numbers_declared_as_those_of_iso_3166_are_read_and_others_held(report):
    rows = table(4, citizenship=["643", "4", "004", "582"])
    assert report(plain(rows))["state"] == "NEEDS_ANSWERS"
    taken = report(plain(rows), answers={"codes": {"citizenship": "m49"}})
    assert (taken["state"], taken["rows"]["accepted"], taken["rows"]["held"]) == ("COMMITTED", 3, 1)
    assert [f["rule"] for f in taken["findings"]] == ["citizenship.unknown_text"]


@pytest.mark.django_db(transaction=True)
def test_numbers_of_another_list_are_held_with_what_iso_3166_says_of_them(report):
    rows = table(3, citizenship=["438", "438", "TUR"])
    taken = report(plain(rows), answers={"codes": {"citizenship": "none"}})
    assert (taken["rows"]["accepted"], taken["rows"]["held"]) == (1, 2)
    ((rule, count),) = [(f["rule"], f["count"]) for f in taken["findings"]]
    assert (rule, count) == ("citizenship.number.LIE", 2)


@pytest.mark.parametrize(
    ("text", "said", "value", "problem"),
    [
        ("AU", "", None, "code_list"),
        ("AU", "gec", "AUT", ""),
        ("AU", "alpha2", "AUS", ""),
        ("AU", "none", None, "code_list"),
        ("RU", "gec", None, "suggested"),  # of the other list of two letters
        ("RU", "", "RUS", ""),
        ("036", "m49", "AUS", ""),
        ("36", "m49", "AUS", ""),
        ("895", "oksm", None, "no_code"),
        ("ROM", "alpha3", "ROU", "former"),
        ("ROM", "", None, "suggested"),
        ("SUN", "", "SUN", "former"),
        ("ANT", "alpha3", None, "no_code"),
        ("UNO", "icao", None, "no_code"),
        ("D<<", "icao", "DEU", ""),
        ("GBN", "icao", "GBR", "part"),
        ("NA", "alpha2", None, "ambiguous"),
        ("Россия", "gec", "RUS", ""),
    ],
)
def test_a_code_means_what_the_list_of_its_column_says(text, said, value, problem):
    answers = Answers.from_answers({"codes": {"citizenship": said}} if said else {})
    (meaning,) = Meanings(WPF, today=date(2026, 7, 1), answers=answers).of(
        WPF.by_name["citizenship"], [text]
    )
    assert (meaning.value, meaning.problem.partition(":")[0]) == (value, problem)


@given(st.lists(st.sampled_from(sorted({t.upper() for s in code_systems.systems_of("countries") for t in s.codes})), min_size=1, max_size=12))  # fmt: skip
def test_no_code_is_read_by_one_list_where_another_disagrees_and_nothing_was_said_or_proven(texts):
    systems = code_systems.systems_of("countries")
    (citizenship, proven) = WPF.by_name["citizenship"], code_systems.judge(systems, texts).proven
    read = Meanings(WPF, today=date(2026, 7, 1)).of(citizenship, texts)
    for text, meaning in zip(texts, read, strict=True):
        said = {r.code for r in code_systems.readings_of(systems, text).values()}
        assert meaning.value is None or said == {meaning.value}
    answers = Answers.from_answers({}, proven={"citizenship": proven} if proven else {})
    for text, meaning in zip(texts, Meanings(WPF, today=date(2026, 7, 1), answers=answers).of(citizenship, texts), strict=True):  # fmt: skip
        readings = code_systems.readings_of(systems, text)
        if meaning.value is not None and code_systems.is_contested(readings):
            assert readings[proven].code == meaning.value


@pytest.mark.parametrize(
    "address, country", [("4 Baker Street", "•••"), ("TUR, Ankara", "TUR"), ("36", "•••")]
)
def test_a_house_number_in_an_address_abroad_is_no_country(address, country):
    cells = parsing.part_of(pa.array([address]), "known", "countries")
    assert cells.to_pylist() == [country]


LEVELS = OwnList("E", 1, "education", {"1": "3", "2": "6", "1.1": "4", "11": "5"})
OFFICE = OwnList("X", 1, "countries", {"AU": "AUT", "RS": "SRB", "01": "TUR"})


def meant(variable, said, *texts, own=(LEVELS, OFFICE), **answers):
    answers = Answers.from_answers({"codes": {variable: said}, **answers}, own_lists=own)
    read = Meanings(WPF, today=date(2026, 7, 1), answers=answers).of(WPF.by_name[variable], texts)
    return [m.value or m.problem for m in read]


@pytest.mark.parametrize("said", ["none", "own:TYPO"])
@pytest.mark.parametrize("own", [(LEVELS,), ()])
def test_codes_of_a_list_that_is_not_here_are_held_in_every_column(said, own):
    texts = ("1", "2", "Tertiary")
    assert meant("education", said, *texts, own=own)[:2] == ["code_list", "code_list"]
    assert meant("citizenship", said, "RU", "Россия", own=own) == ["code_list", "RUS"]
    assert meant("education", "portal", "1", "2", own=own) == ["1", "2"]


def test_a_code_that_an_agency_s_list_lacks_is_not_read_by_another_list():
    assert meant("education", "own:E", "1", "2", "3") == ["3", "6", "suggested:3"]
    read = meant("citizenship", "own:X", "AU", "01", "RU", "TUR", "Грузия")
    assert read == ["AUT", "TUR", "suggested:RUS", "suggested:TUR", "GEO"]


def test_a_point_between_digits_is_a_part_of_the_code():
    assert meant("education", "own:E", "1.1", "1,1", "11", "1.0") == ["4", "4", "5", "3"]
    assert meant("citizenship", "m49", "643", "643.0", "6.43") == ["RUS", "RUS", "unknown_text"]


def test_words_for_nothing_are_no_countries():
    assert meant("citizenship", "alpha2", "S.D.", "S.I.", "N.R.", "NA") == ["ambiguous"] * 4
    assert meant("citizenship", "", "s/d", "n/r") == meant("citizenship", "", "", "")
    assert meant("activity", "", "N/A", "S.D.") == meant("activity", "", "", "")


def test_the_list_that_is_named_goes_before_a_word_of_another_file():
    aliases = {"citizenship": {"AU": "AUT", "ANT": "CUW"}}
    read = meant("citizenship", "alpha2", "AU", "ANT", own=(), aliases=aliases)
    assert read == ["AUS", "CUW"]
    assert meant("citizenship", "", "AU", own=(), aliases=aliases) == ["AUT"]


def test_the_kingdom_s_everyday_code_proves_no_list():
    assert code_systems.judge(code_systems.systems_of("countries"), ["AU", "UK", "SP"]).asks
    assert meant("citizenship", "alpha2", "UK", "GB") == ["GBR", "GBR"]
    assert meant("citizenship", "gec", "UK") == ["GBR"]


@pytest.mark.parametrize("own", [(LEVELS,), ()])
def test_a_column_whose_list_is_no_longer_in_use_is_asked_about(own):
    rows = table(2, education=["2", "3"])
    answers = {"codes": {"education": "own:Gone"}}
    questions = map_columns(rows, WPF, answers, Context(own_lists=own)).questions
    (question,) = (q for q in questions if q.id == "codes:education")
    values = [choice["value"] for choice in question.choices]
    assert values == ["portal", *(o.key for o in own), "none"]
    assert open_questions([question]) == [question]


def test_what_nobody_knew_of_a_column_is_not_remembered():
    said = {
        "codes": {"education": "none", "citizenship": "m49"},
        "fill_ins": {"wage_month": "none"},
    }
    assert remembered.lasting(said, ["a"]) == {"codes": {"citizenship": "m49"}}


def test_days_that_no_calendar_has_say_nothing_and_a_year_is_kept():
    nothing = ("0000-00-00", "9999-99-99", "31.12.9999", "99.99.9999", "00/00/00", "0000")
    assert all(parsing.says_nothing(text, "date") for text in nothing)
    assert not any(parsing.says_nothing(text, "birth") for text in ("00.00.99", "00.00.1999"))


def test_a_table_of_codes_may_have_headers_and_mean_regions():
    assert own_lists.table_of("Code;Country\n1;TUR", "residences") == {"1": "TUR"}
    assert own_lists.codelists_of(iter(["countries", "residences", "sex"])) == [
        "countries", "residences",
    ]  # fmt: skip
    with pytest.raises(own_lists.Wrong):
        own_lists.table_of("XX;Nowhere land\n1;TUR", "countries")
