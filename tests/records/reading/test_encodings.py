"""Old encodings: read back as they were written, or asked about; and texts that were broken before."""

import json

import pytest
from babel import Locale
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from records.reading import broken_letters, encoding, letter_pairs
from records.reading.refusals import FileRefused
from tests.records.files import opened, plain, rows_of, table, text, xlsx
from tests.records.reading.test_sniffing import ROW_RU, ROW_TK, RUSSIAN, TURKMEN

CYRILLIC = ("cp1251", "cp866", "koi8-r", "mac-cyrillic")
# Names of countries: the letter statistics were not made of them.
EVERY = sorted(
    {(e, name) for e, names in encoding.LANGUAGES.items() for name in names} | {("euc-kr", "ko")}
)


def names_in(language, code):
    """Names of countries that the encoding can write and that are not ASCII."""
    names = (
        name.translate(letter_pairs.AS_WRITTEN) for name in Locale(language).territories.values()
    )
    return [name for name in names if not name.isascii() and written(name, code)]


def written(name, code):
    try:
        return name.encode(code).decode(code) == name
    except UnicodeEncodeError:
        return False


NAMES = {(code, language): names_in(language, code) for code, language in EVERY}


@pytest.mark.parametrize("code", CYRILLIC)
def test_a_russian_file_is_read_in_every_cyrillic_encoding(code, tmp_path):
    source = opened(text([["Record number", *RUSSIAN[1:]], ROW_RU], ";").encode(code), tmp_path)
    assert source.file["encoding"] == code
    assert [(row["sex"], row["citizenship"]) for row in rows_of(source)] == [("ж", "Турция")]


@pytest.mark.parametrize(("code", "language"), EVERY)
def test_thirty_names_are_read_as_they_were_written_without_a_question(code, language):
    names = NAMES[code, language][:30]
    content = "\n".join(names).encode(code)
    guess = encoding.encoding_of(content, ())
    assert guess.sure or len(names) < 5
    assert content.decode(guess.encoding).split("\n") == names


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.data())
def test_words_of_a_language_are_read_equal_or_asked_about(data):
    code, language = data.draw(st.sampled_from(EVERY))
    names = data.draw(st.lists(st.sampled_from(NAMES[code, language]), min_size=1, max_size=12))
    content = "\n".join(names).encode(code)
    guess = encoding.encoding_of(content, ())
    if guess is not None and guess.sure:
        assert content.decode(guess.encoding).split("\n") == names


@pytest.mark.parametrize(
    ("code", "words"),
    [
        ("cp949", ["대한민국", "중국", "러시아", "일본", "터키"]),
        ("cp932", ["日本", "ロシア", "トルコ", "中国", "韓国"]),
        ("cp936", ["中国", "俄罗斯", "土耳其", "日本", "韩国"]),
    ],
)
def test_a_file_of_another_script_is_read(code, words, tmp_path):
    source = opened(text(table(30, citizenship=words)).encode(code), tmp_path)
    assert source.file["encoding"] == code
    assert {row["citizenship"] for row in rows_of(source)} == set(words)


@pytest.mark.parametrize("code", ["utf-16-le", "utf-16-be"])
@pytest.mark.parametrize("rows", [[TURKMEN, ROW_TK], [RUSSIAN, *[ROW_RU] * 9]])
def test_utf_16_without_a_mark_is_read(code, rows, tmp_path):
    source = opened(text(rows, ";").encode(code), tmp_path)
    assert source.file["encoding"] == code
    assert len(rows_of(source)) == len(rows) - 1


def test_a_doubt_shows_how_each_of_the_likeliest_would_read(tmp_path):
    content = text(table(2, citizenship="Perù")).encode("cp1252")
    (question,) = opened(content, tmp_path).layout.questions
    assert (question.id, question.evidence) == ("encoding", ["Per□"])
    labels = [choice["label"] for choice in question.choices[:-1]]
    assert 2 <= len(labels) <= 3
    assert "cp1252: Perù" in labels
    assert "cp1250: Perů" in labels
    assert question.choices[-1]["value"] == "none"


def test_any_encoding_can_be_chosen_and_chosen_anew(tmp_path):
    content = text(table(2, citizenship="Perù")).encode("cp1252")
    source = opened(content, tmp_path, answers={"encoding": "koi8-r"})
    (question,) = source.layout.questions
    assert question.answer == "koi8-r"
    assert "cp1252" in [choice["value"] for choice in question.choices]
    assert rows_of(source)[0]["citizenship"] == "PerЫ"


def test_none_of_the_encodings_refuses_the_file(tmp_path):
    content = text(table(2, citizenship="Perù")).encode("cp1252")
    assert (
        opened(content, tmp_path, answers={"encoding": "none"}).layout.refusal.code == "none_fits"
    )


def test_letters_that_stand_only_far_below_are_looked_at_too(tmp_path):
    rows = table(12_000, citizenship=["TUR"] * 11_990 + ["Perù"] * 10)
    (question,) = opened(text(rows).encode("cp1252"), tmp_path).layout.questions
    assert question.id == "encoding"
    assert "cp1252: Perù" in [choice["label"] for choice in question.choices]


def test_record_numbers_that_would_read_differently_are_asked_about(tmp_path):
    content = text(table(2, record_ref=["17-Ù", "18-Ù"])).encode("cp1252")
    assert [q.id for q in opened(content, tmp_path).layout.questions] == ["encoding"]


def test_names_of_persons_are_not_shown_with_an_encoding(tmp_path):
    rows = table(3, name=["Ýazgül Ataýewa", "Şirin Öwezowa", "Gözel Ýagmyrowa"], citizenship="Perù")
    source = opened(text(rows).encode("cp1250", "replace"), tmp_path)
    assert "Ataýewa" not in str(source.layout.questions)


def test_the_letter_statistics_are_those_of_the_unicode_cldr():
    assert json.loads(letter_pairs.PATH.read_text()) == letter_pairs.every_count()


def test_fixture_2_a_russian_file_in_cp1251_is_read_and_says_so(tmp_path):
    rows = [RUSSIAN, *([str(k), *ROW_RU[1:]] for k in range(9))]
    source = opened(text(rows, ";").encode("cp1251"), tmp_path)
    assert (source.file["encoding"], source.file["delimiter"]) == ("cp1251", ";")
    assert {(r["event_date"], r["sex"]) for r in rows_of(source)} == {("05.03.2026", "ж")}


def test_fixture_3_a_turkmen_file_in_cp1250_is_not_read_as_cp1251(tmp_path):
    source = opened(text([TURKMEN, ROW_TK], ";").encode("cp1250"), tmp_path)
    assert source.file["encoding"] == "cp1250"
    assert [row["sex"] for row in rows_of(source)] == ["Aýal"]


# Texts that were broken before


def broken(rows, was, read_as):
    return [[cell.encode(was).decode(read_as, "replace") for cell in row] for row in rows]


BROKEN = {
    "cp1251_cp1250": broken([TURKMEN, ROW_TK], "cp1250", "cp1251"),
    "cp1251_utf8": [
        [c.encode().decode("cp1251", "replace") for c in row] for row in (RUSSIAN, ROW_RU)
    ],
    "cp1252_utf8": [[c.encode().decode("latin-1") for c in row] for row in (RUSSIAN, ROW_RU)],
    "cp1252_cp1251": broken([RUSSIAN[1:], ROW_RU[1:]], "cp1251", "cp1252"),
}


def test_fixture_4_a_broken_turkmen_file_is_offered_its_repair(tmp_path):
    assert "Raэatlygy" in BROKEN["cp1251_cp1250"][0]
    for content in (plain(BROKEN["cp1251_cp1250"]), xlsx(A=BROKEN["cp1251_cp1250"])):
        source = opened(content, tmp_path)
        (question,) = source.layout.questions
        assert question.id == "repair"
        assert "Raэatlygy → Raýatlygy" in question.choices[0]["label"]
        assert not source.layout.is_ready  # nothing is repaired before somebody said so
        mended = opened(content, tmp_path, answers={"repair": "cp1251_cp1250"})
        assert [(r["sex"], r["citizenship"]) for r in rows_of(mended)] == [("Aýal", "Türkiýe")]


@pytest.mark.parametrize("name", ["cp1251_utf8", "cp1252_utf8"])
def test_utf_8_that_was_read_as_an_old_encoding_is_offered_its_repair(name, tmp_path):
    source = opened(plain(BROKEN[name]), tmp_path)
    assert [q.choices[0]["value"] for q in source.layout.questions] == [name]
    mended = rows_of(opened(plain(BROKEN[name]), tmp_path, answers={"repair": name}))
    assert [row["citizenship"] for row in mended] == ["Турция"]


def test_cp1251_that_was_read_as_western_letters_is_offered_its_repair():
    from tests.records.files import ALL

    repair = broken_letters.repair_of(BROKEN["cp1252_cp1251"], ALL["SMS-WPF"])
    assert repair.name == "cp1252_cp1251"
    assert repair.cell("Òóðöèÿ") == "Турция"
    assert repair.cell("Türkiýe") == "Türkiýe"


def test_who_wants_no_repair_has_the_words_as_they_stand(tmp_path):
    rows = table(2, citizenship=["Tьrkiэe", "TUR"])
    source = opened(plain(rows), tmp_path, answers={"repair": "as_is"})
    assert [row["citizenship"] for row in rows_of(source)] == ["Tьrkiэe", "TUR"]
    refused = opened(plain(rows), tmp_path, answers={"repair": "none"})
    assert refused.layout.refusal.code == "none_fits"


def test_whole_words_are_not_repaired(tmp_path):
    for rows in ([TURKMEN, ROW_TK], [RUSSIAN, ROW_RU], table(2, citizenship="Türkiýe")):
        assert opened(plain(rows), tmp_path).layout.questions == []


def test_letters_that_are_gone_are_told_with_their_cells(tmp_path):
    rows = table(3, citizenship=["T?rki?e", "TUR", "T\ufffdrkmenistan"], name="?Who?")
    source = opened(plain(rows), tmp_path)
    (question,) = source.layout.questions
    assert (question.id, question.evidence) == ("lost_letters", ["E2", "E4"])
    taken = opened(plain(rows), tmp_path, answers={"lost_letters": "as_is"})
    assert [row["citizenship"] for row in rows_of(taken)] == ["T?rki?e", "TUR", "T\ufffdrkmenistan"]


def test_headers_whose_letters_are_gone_refuse_the_file_with_their_cell(tmp_path):
    rows = [[h.encode("cp1251", "replace").decode("cp1251") for h in TURKMEN], ROW_TK]
    with pytest.raises(FileRefused) as refused:
        opened(plain(rows), tmp_path)
    assert (refused.value.refusal.code, refused.value.refusal.where) == ("lost_letters", "B1")
