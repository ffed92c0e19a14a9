"""Code lists: whole, with parents, and looked up by messy texts (domain brief 1, 8.4, 8.5)."""

import csv
import dataclasses
import re

import pytest
from django.conf import settings as project
from hypothesis import given, settings
from hypothesis import strategies as st

from standards import cldr, codelists
from standards.codelists import load
from standards.languages import LANGUAGES
from standards.spelling import fold, normalise

LISTS = [*(n for n in codelists.defined() if n not in ("country_words", "residences")), "countries"]
QUIET = settings(max_examples=300)
REAL_ARRIVALS = project.BASE_DIR.parent / "shared" / "data" / "us_i94_arrivals_sample_1000.csv"


def sex(text):
    return load("sex").match([text])[0].code


def country(text):
    match = load("countries").match([text])[0]
    return match.code or match.note or None


@pytest.mark.parametrize(
    "text",
    [
        "F", "f", "ж", "Ж.", "жен", "Женский", "женщина", "женщ.", "девочка", "дев", "ж.п.", "zenan", "ZENAN",
        "zen", "aýal", "Aýal", "ayal", "gyz", "gyz çaga", "Zenan maşgala", "female", "Fem", "woman", "girl",
        "kadın", "bayan", "ayol", "әйел", "айел", "زن", " female ", "FEMALE\u00a0", "\u200bF",
    ],
)  # fmt: skip
def test_women(text):
    assert sex(text) == "F"


@pytest.mark.parametrize(
    "text",
    [
        "M", "м", "М", "муж", "мужской", "мужчина", "мужч", "мальчик", "мал", "м.п.", "erkek", "ERKEK", "er",
        "oglan", "erkek çaga", "Erkek adam", "male", "man", "boy", "bay", "erkak", "ер", "еркек", "مرد",
    ],
)  # fmt: skip
def test_men(text):
    assert sex(text) == "M"


@pytest.mark.parametrize("text", ["иной", "х", "X", "başga", "other", "<", "unspecified", "diğer"])
def test_another_marker_in_the_document(text):
    assert sex(text) == "_O"


@pytest.mark.parametrize(
    "text", ["не указан", "неизвестен", "н/у", "–", "näbelli", "görkezilmedik", "U", "unknown", "unk", "not stated", "n/s", "bilinmiyor"]
)  # fmt: skip
def test_sex_not_stated(text):
    assert sex(text) == "_U"


@pytest.mark.parametrize(
    "text",
    [
        "aýaly", "äri", "ogly", "gyzy", "ýanýoldaşy", "1", "2", "0", "9", "99", "3", "a", "e", "k", "z", "w",
        "а", "е", "к", "женат", "замужем", "girls", "Mr", "женa1", "F M", "male/female", "_T",
    ],
)  # fmt: skip
def test_sex_is_never_guessed(text):
    assert sex(text) is None


@pytest.mark.parametrize(
    "text, code",
    [
        ("Туркменистан", "TKM"), ("Туркмения", "TKM"), ("Türkmenistan Respublikasy", "TKM"),
        ("РФ", "RUS"), ("Российская Федерация", "RUS"), ("Orsýet", "RUS"), ("RU", "RUS"),
        ("O‘zbekiston", "UZB"), ("Özbegistan", "UZB"), ("Ozbegistan", "UZB"), ("Gazagystan", "KAZ"),
        ("Киргизия", "KGZ"), ("Кыргызстан", "KGZ"), ("Tajigistan", "TJK"), ("Турция", "TUR"),
        ("Türkiýe", "TUR"), ("Türkiye", "TUR"), ("Turkey", "TUR"), ("Eýran", "IRN"), ("ИРИ", "IRN"),
        ("Ermenistan", "ARM"), ("Казахстан (РК)", "KAZ"), ("ЮАР", "ZAF"), ("Macau", "MAC"), ("Македония", "MKD"),
        ("Gürjüstan", "GEO"), ("Georgia", "GEO"), ("Белоруссия", "BLR"), ("Молдавия", "MDA"),
        ("КНР", "CHN"), ("Hytaý", "CHN"), ("Hindistan", "IND"), ("Республика Корея", "KOR"),
        ("Южная Корея", "KOR"), ("КНДР", "PRK"), ("Demirgazyk Koreýa", "PRK"), ("ОАЭ", "ARE"),
        ("U.A.E.", "ARE"), ("Müsür", "EGY"), ("ФРГ", "DEU"), ("Англия", "GBR"), ("UK", "GBR"),
        ("США", "USA"), ("ABŞ", "USA"), ("Голландия", "NLD"), ("Şweýsariýa", "CHE"), ("Şwesiýa", "SWE"),
        ("Swesiya", "SWE"), ("Австрия", "AUT"), ("Австралия", "AUS"), ("Нигер", "NER"), ("Нигерия", "NGA"),
        ("Ирак", "IRQ"), ("Иран", "IRN"), ("Литва", "LTU"), ("Латвия", "LVA"), ("Côte d’Ivoire", "CIV"),
        ("Словакия", "SVK"), ("Словения", "SVN"), ("Гвинея-Бисау", "GNB"), ("Kosovo", "XKX"),
        ("СССР", "SUN"), ("Югославия", "YUG"), ("без гражданства", "XXA"), ("ЛБГ", "XXA"),
        ("raýatlygy ýok", "XXA"), ("bosgun", "XXB"), ("näbelli", "XXX"), ("unknown", "XXX"),
    ],
)  # fmt: skip
def test_countries_by_every_name(text, code):
    assert country(text) == code


@pytest.mark.parametrize(
    "text", ["русский", "Türkmen", "узбек", "турок", "gazak", "Ermeni", "курд", "Tatar"]
)
def test_a_people_is_no_country(text):
    assert country(text) == "ethnicity"


@pytest.mark.parametrize("text", ["Корея", "Koreýa", "Конго", "Congo"])
def test_a_name_of_two_countries_is_ambiguous(text):
    assert country(text) == "ambiguous"


@pytest.mark.parametrize(
    "text", ["СНГ", "GDA", "Европа", "дальнее зарубежье", "ASIA", "Средняя Азия"]
)
def test_a_group_is_no_country(text):
    assert country(text) == "group"


@pytest.mark.parametrize(
    "text, code",
    [("Дубай", "ARE"), ("Северный Кипр (ТРСК)", "CYP"), ("КТРС", "CYP"), ("Scotland", "GBR"), ("Северная Ирландия", "GBR")],
)  # fmt: skip
def test_a_place_inside_a_country_is_read_as_the_country_and_said(text, code):
    assert load("countries").match([text]) == [codelists.Match(code, note="part")]


@pytest.mark.parametrize("text", ["NA", "na", " Na ", "КР", "РТ", "РУ", "РА", "РМ", "СА"])
def test_letters_that_stand_for_something_else_as_often_name_no_country(text):
    assert country(text) == "ambiguous"  # “NA” is no answer, “КР” the Kyrgyz Republic, in Cyrillic


@pytest.mark.parametrize("text, suggestion", [("СН", "CHE"), ("ТО", "TON"), ("МА", "MAR")])
def test_two_letters_that_only_look_like_a_code_are_asked_about(text, suggestion):
    (match,) = load("countries").match([text])
    assert (match.code, match.note, match.suggestion) == (None, "suggested", suggestion)


@pytest.mark.parametrize(
    "text, suggestion",
    [("795", "TKM"), ("643", "RUS"), ("004", "AFG"), ("4", "AFG"), ("31", "AZE"), ("36", "AUS"), ("438", "LIE"), ("4.0", "AFG")],
)  # fmt: skip
def test_a_number_alone_is_no_country_but_says_which_it_is_in_iso_3166(text, suggestion):
    (match,) = load("countries").match([text])
    assert (match.code, match.note, match.suggestion) == (None, "number", suggestion)


@pytest.mark.skipif(not REAL_ARRIVALS.exists(), reason="the folder of real files is not here")
def test_no_number_of_a_foreign_register_becomes_a_country():
    with REAL_ARRIVALS.open(newline="") as lines:  # its 438 is Australia, ISO's is Liechtenstein
        numbers = {row["i94cit"] for row in csv.DictReader(lines)}
    matches = load("countries").match(sorted(numbers))
    assert {m.code for m in matches} == {None}
    assert 20 < sum(bool(m.suggestion) for m in matches) < len(matches)


@pytest.mark.parametrize("text", ["Atlantis", "Австрилия", "Sweeden", "Дубай2"])
def test_a_country_is_never_guessed(text):
    assert country(text) is None


@pytest.mark.parametrize(
    "text, level", [("Aşgabat şäheri", 1), ("Asgabat saheri", 2), ("Aхал", 3), ("Тurkmenistan", 3)]
)
def test_the_match_says_how_far_it_went(text, level):
    lists = ["regions", "countries"]
    found = [m for name in lists for m in load(name).match([text]) if m.code]
    assert [m.level for m in found] == [level]


@pytest.mark.parametrize(
    "text, code",
    [
        ("Ахал", "TM-A"), ("Ahal wel.", "TM-A"), ("Красноводская обл.", "TM-B"), ("Ташауз", "TM-D"),
        ("Dasoguz", "TM-D"), ("Чарджоуская обл.", "TM-L"), ("Merw", "TM-M"), ("г. Ашхабад", "TM-S"),
        ("Asgabat ş.", "TM-S"), ("город Аркадаг", "TM-X-AK"), ("näbelli", "TM-_U"),
    ],
)  # fmt: skip
def test_regions_by_old_and_new_names(text, code):
    assert load("regions").match([text])[0].code == code


@pytest.mark.parametrize(
    "text, code",
    [("ýok", "0"), ("высшее", "6T8"), ("ýokary", "6T8"), ("Ýörite orta", "5"), ("orta", "3"), ("9", "_U"), ("doly däl orta", "2")],
)  # fmt: skip
def test_education_in_words(text, code):
    assert load("education").match([text])[0].code == code


@pytest.mark.parametrize(
    "text, code",
    [
        ("женский пол", "F"), ("Пол женский", "F"), ("жен. пол", "F"), ("женск.", "F"), ("SEX_F", "F"),
        ("мужской пол", "M"), ("муж. пол", "M"), ("мужск.", "M"), ("Erkek jynsly", "M"), ("не указана", "_U"),
    ],
)  # fmt: skip
def test_sex_as_clerks_write_it(text, code):
    assert sex(text) == code


def names(code):
    return (code.code, *code.labels.values(), *code.aliases)


@pytest.mark.parametrize("name", LISTS)
def test_every_name_of_a_code_means_this_code(name):
    codes = load(name)
    texts = {text: code.code for code in codes.codes for text in names(code)}
    found = dict(zip(texts, codes.match(list(texts)), strict=True))
    assert {t: (found[t], c) for t, c in texts.items() if found[t].code != c or found[t].note} == {}


@pytest.mark.parametrize("name", LISTS)
def test_no_name_belongs_to_two_codes_nor_to_the_words_that_mean_none(name):
    codes, owners = load(name), {}
    for code in codes.codes:
        for text in names(code):
            owners.setdefault(fold(normalise(text)), set()).add(code.code)
    assert {key: codes for key, codes in owners.items() if len(codes) > 1} == {}
    assert owners.keys() & {fold(word) for word in (*codes.words, *codes.parts)} == set()


ALL_NAMES = [(n, t, c.code) for n in LISTS for c in load(n).codes for t in names(c)]
CASE = {"as it is": str, "upper": str.upper, "lower": str.lower, "title": str.title}


@QUIET
@given(st.sampled_from(ALL_NAMES), st.sampled_from(sorted(CASE)), st.data())
def test_case_spaces_and_points_change_nothing(known, case, data):
    name, text, code = known
    words = [word.replace(".", "") for word in CASE[case](text).split(" ")]
    between = st.sampled_from([" ", "  ", "\u00a0", " \t", ". ", " .", "\u200b "])
    typed = "".join(word + data.draw(between) for word in words[:-1]) + words[-1]
    typed = (
        data.draw(st.sampled_from(["", " ", "\u00a0", "«"]))
        + typed
        + data.draw(st.sampled_from(["", ".", " ", "»"]))
    )
    assert load(name).match([typed])[0].code == code


TEXTS = [
    "Узбекистана",
    "643",
    "NA",
    "",
    "КНР (Китай)",
    "Ирак",
    "Иран",
    "КР",
    "x",
    "Корея",
    "Дубай",
    "Россия/США",
]


@settings(max_examples=15)
@given(st.permutations([*TEXTS, *(text for n, text, _code in ALL_NAMES[::40] if n == "countries")]))
def test_what_a_text_means_does_not_depend_on_the_others(texts):
    fresh = dataclasses.replace(load("countries"))  # remembers nothing yet
    together = fresh.match(texts)
    alone = [dataclasses.replace(fresh).match([text])[0] for text in texts[:2]]
    assert together[:2] == alone
    assert dict(zip(texts, together, strict=True)) == dict(
        zip(sorted(texts), load("countries").match(sorted(texts)), strict=True)
    )


def test_occupations_are_all_groups_of_isco_08_below_their_major_group():
    codes = load("occupations")
    ends = {"0": 3, "1": 4, "2": 6, "3": 5, "4": 4, "5": 4, "6": 3, "7": 5, "8": 3, "9": 6}
    groups = {major: tuple(f"{major}{k}" for k in range(1, end + 1)) for major, end in ends.items()}
    assert {major: codes.children_of(major) for major in ends} == groups
    assert sum(map(len, groups.values())) == 43
    assert set(codes.by_code) == {
        *ends,
        *(c for children in groups.values() for c in children),
        "_U",
    }
    assert codes.ancestors("53") == ("5",)
    assert codes.within("0") == ("0", "01", "02", "03")


@pytest.mark.parametrize("name", LISTS)
def test_every_parent_is_a_code_of_its_list_or_of_the_list_named(name):
    codes = load(name)
    above = load(codes.parents).by_code if codes.parents else codes.by_code
    assert {c.parent for c in codes.codes if c.parent} <= set(above)


def test_a_country_lies_in_regions_of_the_world():
    countries = load("countries")
    assert countries.ancestors("TKM") == ("143", "142", "001")
    assert set(countries.children_of("143")) == {"KAZ", "KGZ", "TJK", "TKM", "UZB"}
    assert {"AFG", "IRN", "TKM", "TUR"} < set(countries.within("142"))
    assert countries.ancestors("XXA") == countries.ancestors("nobody") == ()


# What the data dictionary lists (sections 1 and 3.0 to 3.3), so that no list falls short of it again.
DICTIONARY = {
    "sex": "F M _O _N _U",
    "sex_basis": "DOC SELF REG OBS _U",
    "regions": "TM-A TM-B TM-D TM-L TM-M TM-S TM-X-AK TM-_U",
    "education": "0 1 2 3 4 5 6 7 8 6T8 _U",
    "civil_status": "S M W D L P _U",
    "activities": "A B C D E F G H I J K L M N O P Q R S T U _U",
    "visa_classes": "DP OF BS1 BS2 IN WP FM SP1 SP2 HM PR1 PR2 ST TU TR1 TR2 HL DR EX",
    "durations": "D_LT3 D3T5 D6T11 D_GE12 D_IND _U",
    "decisions": "APP ISS REN CHG REF WDR EXP VAL",
    "directions": "IN OUT",
    "traffic_kinds": "AIR ROAD RAIL SEA",
    "travellers": "NAT FOR STLS REFUG",
    "document_classes": "ORD SRV DIP RET CREW",
    "purposes": "WORK EDUC FAMILY BUSINESS TOURISM PRIVATE TRANSIT MEDICAL SETTLE DIPL OTHER _U",
    "employer_types": "STATE PRIV_NAT JV FOREIGN_CO INTL_ORG HOUSEHOLD _U",
    "flows": "IN OUT INTERNAL",
    "reasons": "WORK FAMILY EDUCATION PROTECTION RETURN SETTLE OTHER _U",
    "employment_statuses": "EMP UNEMP STUD HOME PENS MIL OTH _U",
    "permit_reasons": "FAM FAM_CIT FAM_FOR FAM_OTH EDUC EDUC_STU EDUC_OTH EMP EMP_HSK EMP_RES EMP_SEA EMP_ICT EMP_OTH OTH"
    " OTH_REF OTH_SUB OTH_HUM OTH_UAM OTH_VOT OTH_RES OTH_OTH _U",
    "applicant_roles": "PRIN DEP_SP DEP_CH DEP_OT _U",
    "visa_entries": "1 2 MULT",
    "visa_channels": "CONS BORD SMS EVISA",
    "protection_decisions": "REF SUB HUM TMP REJ OTC PND",
    "protection_populations": "REF ASY OIP IDP RET RDP STA OOC HST",
    "world_regions": "001 002 015 202 014 017 018 011 019 419 029 013 005 021 142 143 030 035 034 145 150 151 154 039 155"
    " 009 053 054 057 061 010",
}


@pytest.mark.parametrize("name", DICTIONARY)
def test_a_list_holds_what_the_data_dictionary_says(name):
    assert set(load(name).by_code) == set(DICTIONARY[name].split())


@pytest.mark.parametrize("name", LISTS)
def test_every_code_has_a_label_in_every_language(name):
    assert {
        c.code for c in load(name).codes if not all(c.labels.get(lang) for lang in LANGUAGES)
    } == set()


def test_every_country_is_known_by_its_names_in_cldr():
    countries = load("countries")
    alpha2 = {
        a.upper(): c.code for c in countries.codes for a in c.aliases if re.fullmatch("[A-Z]{2}", a)
    }
    alpha2 |= {"NA": "NAM"}  # not an alias: it stands for “no answer” as well
    listed = {
        (text, alpha2[a]) for a, texts in cldr.country_names(alpha2).items() for text in texts
    }
    assert len(listed) > 500
    found = {
        text: m.code
        for text, m in zip(
            (t for t, _ in listed), countries.match([t for t, _ in listed]), strict=True
        )
    }
    collisions = {(text, code, found[text]) for text, code in listed if found[text] != code}
    assert (
        collisions == set()
    )  # a name that a later Babel gives to another country than ours stands here


def test_a_name_of_cldr_never_takes_a_name_from_another_country(monkeypatch, tmp_path):
    (folder := tmp_path / "data").mkdir()
    for path in codelists.DIRECTORY.iterdir():
        (folder / path.name).write_bytes(path.read_bytes())
    rows = (
        (folder / "countries.csv")
        .read_text()
        .replace("GIN,GN,324,011,Guinea,", "GIN,GN,324,011,Guinea Conakry,")
    )
    (folder / "countries.csv").write_text(
        rows.replace(
            "GHA,GH,288,011,Ghana,Гана,Gana,GHA;", "GHA,GH,288,011,Ghana,Гана,Gana,GHA; Guinea;"
        )
    )
    monkeypatch.setattr(codelists, "DIRECTORY", folder)
    ours = load("countries")  # CLDR calls GN “Guinea”; here ours gives that name to GH
    assert [m.code for m in ours.match(["Guinea", "Guinea Conakry", "Гвинея"])] == [
        "GHA",
        "GIN",
        "GIN",
    ]
