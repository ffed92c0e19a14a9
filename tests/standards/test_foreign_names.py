"""Countries in other languages: never taken for names of people, proposed, never read by themselves."""

import pyarrow as pa
import pytest

from records.validation import personal
from standards import codelists, foreign_names, likeness

COUNTRIES = codelists.load("countries")


@pytest.mark.parametrize(
    "text, code",
    [
        ("Reino Unido", "GBR"),
        ("Corea del Sur", "KOR"),
        ("REINO UNIDO", "GBR"),
        ("Estados Unidos", "USA"),
        ("Südkorea", "KOR"),
        ("Wielka Brytania", "GBR"),
        ("Zjednoczone Emiraty Arabskie", "ARE"),
        ("Alemania", "DEU"),
    ],
)
def test_a_country_in_another_language_is_no_name_and_is_proposed(text, code):
    assert personal.kinds_of(pa.array([text])).tolist() == [""]
    assert likeness.like(COUNTRIES, text)[0].code == code


@pytest.mark.parametrize(
    "text",
    [
        "Anna Petrova",
        "Carlos Reino",
        "Juan Unido",
        "Reino Unido Juan",
        "Sur Corea",
    ],
)
def test_a_person_is_a_person_whatever_words_the_name_is_made_of(text):
    assert personal.kinds_of(pa.array([text])).tolist() == ["name"]


def test_names_in_other_languages_mean_nothing_until_a_person_says_so():
    assert COUNTRIES.match(["Reino Unido", "Corea del Sur"]) == [codelists.NOTHING] * 2


def test_the_names_are_those_of_the_installed_cldr():
    assert foreign_names.make() == foreign_names.names()
