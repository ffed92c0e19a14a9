"""Header rows, columns, questions about columns, and what stands between the data."""

import pytest

from records.reading.answers import bad_answer, settled
from records.reading.mapping import Context, map_columns
from records.reading.personal_columns import kind_of_header, kind_of_values
from records.reading.questions import proven_letters
from standards import spelling
from tests.records import files
from tests.records.files import SPECS, table

WPF = SPECS["SMS-WPF"]


def variables(layout):
    return {c.header: (c.variable, c.how) for c in layout.columns}


@pytest.mark.parametrize("language", ["en", "ru", "tk", None])
@pytest.mark.parametrize("instrument", SPECS)
def test_labels_and_names_are_recognised_in_every_language(instrument, language):
    spec = SPECS[instrument]
    asked = [v for v in spec.variables if v.typed]
    head = [v.label[language] if language else v.name for v in asked]
    layout = map_columns([head, ["x"] * len(head)], spec, {})
    assert layout.refusal is None
    assert [c.variable for c in layout.columns] == [v.name for v in asked]


@pytest.mark.parametrize("instrument", SPECS)
def test_no_header_means_two_variables_of_one_instrument(instrument):
    spec = SPECS[instrument]
    names = [spelling.normalise(h) for v in spec.variables for h in {v.name, *v.label.values()}]
    names += [spelling.normalise(h) for v in spec.variables for h in v.headers]
    owners = {n: {v.name for v in spec.variables if n in _headers(v)} for n in names}
    assert {n: o for n, o in owners.items() if len(o) > 1} == {}


def _headers(variable):
    texts = (variable.name, *variable.label.values(), *variable.headers)
    return {spelling.normalise(text) for text in texts}


@pytest.mark.parametrize("instrument", SPECS)
def test_no_header_of_a_variable_is_forbidden(instrument):
    spec = SPECS[instrument]
    known = {text for variable in spec.variables for text in _headers(variable)}
    assert known & {spelling.normalise(f) for f in spec.forbidden} == set()


def test_titles_above_the_headers_are_passed_over():
    rows = [[], ["", "Daşary ýurt raýatlarynyň sanawy"], [], *table(2)]
    assert map_columns(rows, WPF, {}).header_row == 3


@pytest.mark.parametrize(
    "header, variable, how",
    [
        ("Raýatlygy", "citizenship", "exact"),
        ("RAÝATLYGY", "citizenship", "exact"),
        ("Rayatlygy", "citizenship", "folded"),
        ("  гражданство ", "citizenship", "exact"),
        ("Граждaнство", "citizenship", "look_alike"),  # a Latin a
        ("Citizenship*", "citizenship", "exact"),
        ("Citizenship (country)", "citizenship", "exact"),
        ("Citizen\nship", None, "unknown"),
        ("Страна\nгражданства", "citizenship", "exact"),
        ("Национальность", None, "forbidden"),
        ("Milleti", None, "forbidden"),
        ("Фaмилия", None, "forbidden"),  # a Latin a
        ("Familiyasy", None, "forbidden"),
        ("Паспорт (серия и номер)", None, "forbidden"),
        ("Адрес проживания", None, "forbidden"),
        ("№", None, "ignored"),
        ("", None, "empty"),
        ("Любимый цвет", None, "unknown"),
    ],
)
def test_headers_are_recognised_however_they_are_typed(header, variable, how):
    rows = table(1, base={k: v for k, v in files.WPF.items() if k != "citizenship"}, z="TUR")
    rows[0][-1] = header
    column = map_columns(rows, WPF, {}).columns[-1]
    assert (column.variable, column.how) == (variable, how)


def test_of_two_headers_of_one_variable_a_person_says_which_one_it_is():
    rows = table(1, пол="ж")
    layout = map_columns(rows, WPF, {})
    assert [(q.id, [c["value"] for c in q.choices]) for q in layout.questions] == [
        ("columns:sex", ["C", "M", "constant", "none"])
    ]
    assert "sex" not in {c.variable for c in layout.columns}
    answered = map_columns(rows, WPF, {"columns": {"sex": "M"}})
    assert answered.is_ready
    assert variables(answered)["пол"] == ("sex", "answer")
    assert variables(answered)["sex"] == (None, "unknown")


def test_each_variable_that_no_header_names_is_asked_about():
    base = {k: v for k, v in files.WPF.items() if k not in ("record_ref", "sex", "region")}
    rows = table(2, base=base)
    rows = [[c for k, c in enumerate(row) if rows[0][k] != "record_ref"] for row in rows]
    layout = map_columns(rows, WPF, {})
    assert layout.refusal is None
    choices = {q.id: [c["value"] for c in q.choices] for q in layout.questions}
    assert choices == {
        "columns:record_ref": ["made", "none"],
        "columns:sex": ["constant", "none"],
        "columns:region": ["constant", "none"],
    }


def test_what_no_record_can_do_without_is_refused_by_name_after_a_person_said_so():
    base = {k: v for k, v in files.WPF.items() if k not in ("decision",)}
    refusal = map_columns(table(2, base=base), WPF, {"columns": {"decision": "none"}}).refusal
    assert refusal.code == "missing_required"
    assert refusal.message["ru"].startswith("В строке 1 нет столбца: Решение")


def test_headers_without_rows_are_refused():
    assert map_columns(table(0), WPF, {}).refusal.code == "header_only"


def test_of_a_file_without_headers_the_row_of_headers_is_asked_for():
    layout = map_columns(table(2)[1:], WPF, {})
    (question,) = layout.questions
    assert (question.id, [c["value"] for c in question.choices]) == ("table", [1, 2, 0, "none"])
    assert layout.columns == []


def test_a_column_with_a_strange_header_that_fits_is_asked_about():
    rows = table(3, base={k: v for k, v in files.WPF.items() if k != "citizenship"})
    rows = [[*row, cell] for row, cell in zip(rows, ["Откуда родом", "Турция", "Китай", "TUR"])]
    question = map_columns(rows, WPF, {}).questions[0]
    assert question.id == "columns:citizenship"
    assert question.choices[0] == {"value": "L", "label": "L: Откуда родом"}
    assert [choice["value"] for choice in question.choices] == ["L", "constant", "none"]
    answered = map_columns(rows, WPF, {"columns": {"citizenship": "L"}})
    assert variables(answered)["Откуда родом"] == ("citizenship", "answer")
    assert answered.is_ready
    assert [(q.id, q.answer) for q in answered.questions] == [("columns:citizenship", "L")]


def without(name, header, cells):
    """A table without a variable, and with a column of another header."""
    rows = table(len(cells), base={k: v for k, v in files.WPF.items() if k != name})
    rows = [[c for k, c in enumerate(row) if rows[0][k] != name] for row in rows]
    return [[*row, cell] for row, cell in zip(rows, [header, *cells])]


def test_a_question_about_record_numbers_shows_no_cell():
    rows = without("record_ref", "Дело", ["D/26-17", "D/26-18"])
    question = next(q for q in map_columns(rows, WPF, {}).questions if q.id == "columns:record_ref")
    assert question.evidence == ["L: x/99-99"]


NAMES = ["Amanow Aman", "Berdiýewa Jeren", "Ataýew A.", "Иванова Анна Петровна"]


@pytest.mark.parametrize("header", ["Ady we familiýasy", "Лицо", "Gelen"])
def test_a_column_of_names_is_never_offered_for_record_numbers(header):
    rows = without("record_ref", header, NAMES)
    (question,) = map_columns(rows, WPF, {}).questions
    assert [choice["value"] for choice in question.choices] == ["made", "none"]
    layout = map_columns(rows, WPF, {"columns": {"record_ref": "none"}})
    assert layout.refusal.code == "missing_required"
    assert (
        f"about persons, so they are not taken for it: L {header}" in layout.refusal.message["en"]
    )
    assert (layout.columns[-1].how, layout.columns[-1].reason) == ("forbidden", "name")


@pytest.mark.parametrize("header", ["Ady we familiýasy", "Лицо", "Record number"])
def test_no_answer_and_no_header_opens_a_column_of_names(header):
    rows = without("record_ref", header, NAMES)
    layout = map_columns(rows, WPF, {"columns": {"record_ref": "L"}})
    assert layout.columns[-1].variable is None
    assert not layout.is_ready


@pytest.mark.parametrize(
    "header, reason",
    [
        ("Ady we familiýasy", "name"),
        ("Ф.И.О. гражданина", "name"),
        ("Фамилии и имена", "name"),
        ("Name of the worker", "name"),
        ("Işgäriň ady", "name"),
        ("Passport No.", "document"),
        ("№ паспорта, кем выдан", "document"),
        ("Личный номер лица", "document"),
        ("tel.", "phone"),
        ("Тел", "phone"),
        ("контакты", "phone"),
        ("Contact details", "phone"),
        ("Эл.почта работника", "email"),
        ("E-mail (work)", "email"),
        ("Ýaşaýan salgysy", "address"),
        ("Улица, дом", "address"),
        ("Национальности", "sensitive"),
        ("Название страны", ""),
        ("Name of the country", ""),
        ("Ýurduň ady", ""),
        ("Тип документа", ""),
        ("Наименование", ""),
        ("Гражданство", ""),
        ("Telegin", ""),
    ],
)
def test_headers_that_speak_of_persons_are_told_in_all_their_forms(header, reason):
    assert kind_of_header(header) == reason


@pytest.mark.parametrize(
    "values, reason",
    [
        (NAMES, "name"),
        (["AMANOW AMAN", "BERDIÝEWA JEREN", "ATAÝEW MERDAN"], "name"),
        (["I-AŞ 123456", "I-AŞ 223456", "x"], "document"),
        (["A1234567", "B7654321"], "document"),
        (["+993 65 123456", "+99365654321"], "phone"),
        (["a@b.tm", "c.d@e.example"], "email"),
        (["ул. Азади, 15", "köçe 5, öý 3"], "address"),
        (["Южная Корея", "Саудовская Аравия", "South Korea"], ""),
        (["05.03.2026", "06.03.2026 12:30"], ""),
        (["WP-1", "WP-2"], ""),
        (["1 200 500", "900 000"], ""),
        (["", "-"], ""),
    ],
)
def test_values_that_are_about_persons_are_told(values, reason):
    assert kind_of_values(values) == reason


def test_a_variable_that_no_column_holds_is_not_stated_where_there_is_a_code_for_that():
    rows = without("citizenship", "Откуда", ["Турция", "Китай"])
    layout = map_columns(rows, WPF, {"columns": {"citizenship": "none"}})
    assert layout.is_ready
    assert "citizenship" not in {c.variable for c in layout.columns}


def test_a_variable_that_no_column_holds_is_refused_where_no_code_says_so():
    rows = without("record_ref", "Дело", ["D/26-17", "D/26-18"])
    layout = map_columns(rows, WPF, {"columns": {"record_ref": "none"}})
    assert layout.refusal.code == "missing_required"
    assert [(q.id, q.answer) for q in layout.questions] == [("columns:record_ref", "none")]


def test_every_question_has_a_choice_that_none_fits():
    rows = without("citizenship", "Откуда", ["Турция", "Китай", "Иран"])
    place = rows[0].index("sex")
    rows[1][place], rows[2][place], rows[3][place] = "1", "K", "F"
    rows[1][rows[0].index("valid_to")] = "03/04/2027"
    asked = map_columns(rows, WPF, {}).questions
    assert [q.id for q in asked] == ["columns:citizenship", "sex_codes", "day_first"]
    assert {q.choices[-1]["value"] for q in asked} == {"none"}


@pytest.mark.parametrize(
    "answers, questions, words",
    [
        (
            {"columns": {"citizenship": "L", "sex": "L"}},
            ("columns:citizenship", "columns:sex"),
            "Column L was chosen for several questions: Citizenship, Sex",
        ),
        ({"columns": {"citizenship": "1"}}, ("columns",), "cannot be used"),
        ({"columns": {"nothing": "A"}}, ("columns",), "cannot be used"),
        ({"encoding": "ebcdic"}, ("encoding",), "“encoding: ebcdic”"),
        ({"sex_codes": {"1": "W"}}, ("sex_codes",), "cannot be used"),
        ({"day_first": "perhaps"}, ("day_first",), "cannot be used"),
        ({"weather": "fine"}, ("weather",), "cannot be used"),
    ],
)
def test_an_answer_that_cannot_be_used_is_named_with_the_reason(answers, questions, words):
    bad = bad_answer(answers, WPF)
    assert bad.questions == questions
    assert words in bad.message["en"]


def test_none_of_these_answers_every_question():
    columns = {"citizenship": "none", "sex": "none"}
    others = dict.fromkeys(("encoding", "sheet", "day_first", "control_total"), "none")
    assert bad_answer({"columns": columns, "sex_codes": {"1": "none"}, **others}, WPF) is None


def test_what_none_fits_stays_without_a_meaning():
    answers = {"sex_codes": {"1": "F", "7": "none"}, "day_first": "none"}
    assert settled(answers) == {"sex_codes": {"1": "F"}}
    assert settled({"day_first": "true_held"}) == {"day_first": "true"}


def test_a_file_of_another_instrument_is_recognised_by_its_headers():
    layout = map_columns(table(2), SPECS["SMS-BCR"], {}, Context([SPECS["STA-SLP"], WPF]))
    assert (layout.refusal.code, layout.refusal.where) == ("other_instrument", "SMS-WPF")


def test_a_file_that_lacks_a_column_is_not_taken_for_another_instrument():
    rows = table(2, base={k: v for k, v in files.BCR.items() if k not in ("direction", "purpose")})
    layout = map_columns(rows, SPECS["SMS-BCR"], {}, Context([WPF, SPECS["STA-SLP"]]))
    assert layout.refusal is None
    assert [q.id for q in layout.questions] == ["columns:direction", "columns:purpose"]


def test_no_answer_opens_a_forbidden_column():
    rows = table(1, passport="I-AŞ 123456")
    layout = map_columns(rows, WPF, {"columns": {"record_ref": "M"}})
    assert variables(layout)["passport"] == (None, "forbidden")


def test_numbers_for_sex_are_asked_about_with_their_counts():
    layout = map_columns(table(5, sex=["1", "2", "1", "Ж", "9"]), WPF, {})
    assert [(q.id, q.evidence) for q in layout.questions] == [
        ("sex_codes", ["1: 2", "2: 1", "9: 1"])
    ]


@pytest.mark.parametrize(
    "texts, proven",
    [
        (["z", "e"], {}),
        (["z", "e", "Zenan"], {"z": "F", "e": "M"}),
        (["Z", "Erkek"], {"z": "F"}),
        (["Kadın", "e"], {"e": "M"}),
        (["k", "e"], {}),
        (["w", "m"], {}),
        (["w", "Male"], {"w": "F"}),
        (["a", "ж"], {}),
        (["e", "м"], {}),
        (["k"], {}),
        (["z", "w"], {}),
    ],
)
def test_single_letters_count_only_beside_their_language(texts, proven):
    assert proven_letters(texts) == proven


def test_an_unproven_letter_is_asked_about():
    layout = map_columns(table(2, sex=["K", "м"]), WPF, {})
    assert [(q.id, q.evidence) for q in layout.questions] == [("sex_codes", ["k: 1"])]


def test_single_letters_that_prove_each_other_are_asked_about():
    layout = map_columns(table(4, sex=["K", "E"]), WPF, {})
    assert [(q.id, q.evidence) for q in layout.questions] == [("sex_codes", ["e: 2", "k: 2"])]


def test_dates_that_could_be_read_two_ways_are_asked_about():
    layout = map_columns(table(2, valid_to=["03/02/2027", "03/22/2027"]), WPF, {})
    assert [q.id for q in layout.questions] == ["day_first"]
    assert layout.questions[0].evidence == ["03/02/2027"]


@pytest.mark.parametrize("date", ["03.02.2027", "2027-02-03", "22/03/2027", "03/03/2027"])
def test_dates_that_can_be_read_one_way_raise_no_question(date):
    assert map_columns(table(2, valid_to=date), WPF, {}).questions == []
