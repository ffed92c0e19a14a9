"""Letters and numbers of a sex are proven by words of one language in the same column, else asked about."""

import pytest

from agencies import scope
from records.models import Record, Upload
from records.reading.answers import settled
from records.reading.questions import ask_what_sexes_mean, proven_letters
from tests.records.files import plain, table
from tests.records.test_rules import check


def evidence(texts):
    letters = proven_letters(texts)
    return {
        line.split(":")[0] for q in ask_what_sexes_mean(texts, letters, {}) for line in q.evidence
    }


@pytest.mark.parametrize(
    ("texts", "questioned"),
    [
        (["H", "M"], {"h", "m"}),
        (["V", "M"], {"v", "m"}),
        (["K", "M"], {"k", "m"}),
        (["F", "N"], {"f", "n"}),  # férfi, nő
        (["1", "6"], {"1", "6"}),
        (["1", "3"], {"1", "3"}),
        (["01", "02"], {"01", "02"}),
        (["K", "E"], {"k", "e"}),
        (["kadın", "K", "E"], set()),
        (["F", "M"], set()),
        (["м", "ж"], set()),
        (["F", "M", "X", "U"], set()),
        (["Hombre", "H", "M"], set()),
        (["Femenino", "F", "M"], set()),
        (["mujer", "femenino", "F", "M"], {"m"}),  # “mujer” and “masculino”
        (["zenan", "Z", "E"], set()),
    ],
)
def test_letters_of_an_unknown_language_are_asked_about_together(texts, questioned):
    assert evidence(texts) == questioned


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("2.Mujer", "F"), ("1. Hombre", "M"), ("1) Мужской", "M"), ("FEMENINO", "F"), ("MASCULINO", "M"),
        ("Женский", "F"),
    ],
)  # fmt: skip
def test_a_word_behind_a_number_proves_the_sex_and_the_number_does_not(text, code):
    checked = check("SMS-WPF", table(1, sex=text))
    assert checked.typed["sex"].to_pylist() == [code]
    assert not checked.held[0]


@pytest.mark.parametrize("text", ["2.", "2", "6", "H", "2.H", "9. ??"])
def test_a_number_or_letter_that_nobody_explained_holds_its_row(text):
    assert check("SMS-WPF", table(1, sex=text)).held[0]


def test_m_that_nobody_could_explain_is_held_and_is_no_man():
    answers = settled({"sex_codes": {"h": "none", "m": "none"}})
    checked = check("SMS-WPF", table(2, sex=["H", "M"]), aliases=answers["aliases"])
    assert checked.held.tolist() == [True, True]


@pytest.mark.django_db(transaction=True)
def test_951_women_are_not_stored_as_men_where_the_file_says_h_and_m(send, clerk):
    rows = table(2000, sex=["M"] * 951 + ["H"] * 1049)
    upload = send(plain(rows))
    assert upload.state == Upload.State.NEEDS_ANSWERS
    (question,) = upload.report["questions"]
    assert question["id"] == "sex_codes"
    assert {line.split(":")[0] for line in question["evidence"]} == {"h", "m"}
    upload = send(plain(rows), answers={"sex_codes": {"h": "M", "m": "F"}})
    assert (upload.report["sex"]["F"], upload.report["sex"]["M"]) == (951, 1049)


@pytest.mark.django_db(transaction=True)
def test_a_letter_that_comes_at_the_end_of_a_long_file_is_asked_about_before_anything_is_kept(
    send, clerk
):
    upload = send(plain(table(20_000, sex=["M"] * 19_990 + ["H"] * 10)))
    assert upload.state == Upload.State.NEEDS_ANSWERS
    assert upload.report["questions"][0]["evidence"] == ["h: 10", "m: 19990"]
    with scope.acting(clerk):
        assert not Record.objects.exists()
