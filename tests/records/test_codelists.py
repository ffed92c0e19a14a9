"""Look-ups of messy texts in code lists (domain brief 8.4, 8.5)."""

import pytest

from standards import codelists
from standards.codelists import load


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
        "а", "е", "к", "женат", "замужем", "femenino", "girls", "Mr", "женa1", "F M", "male/female", "_T",
    ],
)  # fmt: skip
def test_sex_is_never_guessed(text):
    assert sex(text) is None


@pytest.mark.parametrize(
    "text, code",
    [
        ("Туркменистан", "TKM"), ("Туркмения", "TKM"), ("Türkmenistan Respublikasy", "TKM"), ("795", "TKM"),
        ("РФ", "RUS"), ("Российская Федерация", "RUS"), ("Orsýet", "RUS"), ("643", "RUS"), ("RU", "RUS"),
        ("O‘zbekiston", "UZB"), ("Özbegistan", "UZB"), ("Ozbegistan", "UZB"), ("Gazagystan", "KAZ"),
        ("Киргизия", "KGZ"), ("Кыргызстан", "KGZ"), ("Tajigistan", "TJK"), ("Турция", "TUR"),
        ("Türkiýe", "TUR"), ("Türkiye", "TUR"), ("Turkey", "TUR"), ("Eýran", "IRN"), ("ИРИ", "IRN"),
        ("004", "AFG"), ("4", "AFG"), ("31", "AZE"), ("031", "AZE"), ("Ermenistan", "ARM"),
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


@pytest.mark.parametrize("text", ["русский", "Türkmen", "узбек", "турок", "gazak"])
def test_a_people_is_no_country(text):
    assert country(text) == "ethnicity"


@pytest.mark.parametrize("text", ["Корея", "Koreýa", "Конго", "Congo"])
def test_a_name_of_two_countries_is_ambiguous(text):
    assert country(text) == "ambiguous"


@pytest.mark.parametrize("text", ["СНГ", "GDA", "Европа", "дальнее зарубежье"])
def test_a_group_is_no_country(text):
    assert country(text) == "group"


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
    "name", [n for n in codelists.standard("codelists") if n != "country_words"]
)
def test_every_code_and_label_of_a_list_means_itself(name):
    codes = load(name)
    texts = {t: c.code for c in codes.codes for t in (c.code, *c.labels.values(), *c.aliases)}
    found = {t: m.code for t, m in zip(texts, codes.match(list(texts)))}
    assert {t: (found[t], code) for t, code in texts.items() if found[t] != code} == {}


def test_every_country_is_found_by_its_code_and_its_three_names():
    codes = load("countries")
    texts = {t: c.code for c in codes.codes for t in (c.code, *c.labels.values())}
    found = {t: m.code for t, m in zip(texts, codes.match(list(texts)))}
    assert {t: (found[t], code) for t, code in texts.items() if found[t] != code} == {}
