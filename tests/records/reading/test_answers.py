"""Which answers about a file can be used: none makes of a word that a list knows another one."""

import json

import pytest

from records.collection import in_json, strict_json
from records.reading.answers import bad_answer
from tests.records.files import SPECS

WPF = SPECS["SMS-WPF"]


@pytest.mark.parametrize(
    "answers",
    [
        {"aliases": {"sex": {"Женский": "M"}}},
        {"aliases": {"citizenship": {"TUR": "UZB"}}},
        {"sex_codes": {"Female": "M"}},
    ],
)
def test_a_text_that_the_list_knows_means_no_other_code(answers):
    bad = bad_answer(answers, WPF)
    assert bad.questions == tuple(answers) and "stands on the list already" in bad.message["en"]


@pytest.mark.parametrize(
    "answers",
    [
        {"aliases": {"sex": {"Женский": "none"}, "citizenship": {"TUR": "TUR", "AU": "AUT"}}},
        {"aliases": {"citizenship": {"UZ": "UGA"}}, "codes": {"citizenship": "none"}},
        {"sex_codes": {"M": "F", "h": "M", "1": "F"}},  # mujer, hombre
    ],
)
def test_what_a_list_leaves_open_a_person_says(answers):
    assert bad_answer(answers, WPF) is None


@pytest.mark.parametrize(
    "answers",
    [
        {"control_totals": [["rows", 5]]},
        {"sex_codes": [["1", "F"]]},
        {"ignored": "AB"},
        {"aliases": {"sex": [["x", "F"]]}},
        {"aliases": {"record_ref": {"x": "none"}}},
        *({name: [["wage_month", "none"]]} for name in ("codes", "fill_ins", "numbers")),
    ],
)
def test_an_answer_of_another_shape_cannot_be_used(answers):
    assert bad_answer(answers, WPF).questions == tuple(answers)


@pytest.mark.parametrize(
    "text",
    [
        '{"encoding": "\\ud800"}',
        '{"aliases": {"citizenship": {"x\\u0000y": "UZB"}}}',
        '{"ignored": {"A": NaN}}',
        '{"ignored": [1e999, -Infinity]}',
        "[" * 100_000,
        b'{"a": "\xff"}',
    ],
)
def test_json_that_cannot_be_kept_is_refused_in_words(text):
    with pytest.raises(in_json.NotUnderstood):
        in_json.answers_of(text)


def test_json_is_read_as_it_stands():
    content = {"Türkmen \\u0000": ["ж", 1.5, None, True, {"a": "😀"}]}
    assert strict_json.read(json.dumps(content)) == content
