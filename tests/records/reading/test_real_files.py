"""Files that nobody here wrote: no crash, a sensible refusal, every string kept or refused."""

import csv

import pyarrow as pa
import pytest
from django.conf import settings

from records.reading.delimiter import delimiter_of
from records.reading.encoding import encoding_of
from records.reading.layout import open_questions
from records.reading.refusals import FileRefused
from records.validation import personal
from standards import code_systems
from tests.records.files import SPECS, WPF, opened, plain, rows_of, table, workbook
from tests.records.test_rules import check

DATA = settings.BASE_DIR.parent / "shared" / "data"
FILES = sorted(path for path in DATA.rglob("*") if path.suffix in (".csv", ".txt", ".xlsx"))
pytestmark = pytest.mark.skipif(not FILES, reason="the folder of real files is not here")


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
@pytest.mark.parametrize("instrument", SPECS)
def test_a_file_of_something_else_is_asked_about_or_refused_never_taken_in(
    path, instrument, tmp_path
):
    refusal, questions = outcome_of(path.read_bytes(), tmp_path, instrument)
    reasons = ("empty", "too_large", "huge_cell", "encoding", "unsupported", "binary")
    refused = (*reasons, "header_only", "header_missing", "table_of_counts")
    assert refusal in refused or questions


def outcome_of(content, folder, instrument):
    try:
        layout = opened(content, folder, instrument).layout
    except FileRefused as refused:
        return refused.refusal.code, []
    return layout.refusal and layout.refusal.code, open_questions(layout.questions)


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_a_real_child_lives_through_it(path):
    reading = workbook(path)
    reading.close()
    assert reading.refusal or reading.open_questions
    assert reading.refusal is None or reading.refusal.code not in ("bomb", "unreadable")


def test_one_table_in_two_encodings_reads_the_same():
    names = (
        "russia_migration_by_country_cp1251.csv",
        "russia_migration_by_country_cyrillic_utf8.csv",
    )
    texts = []
    for name in names:
        sample = (DATA / name).read_bytes()
        encoding = encoding_of(sample, list(SPECS["SMS-WPF"].header_aliases())).encoding
        rows = csv.reader(
            sample.decode(encoding).splitlines(),
            delimiter=delimiter_of(sample.decode(encoding)),
        )
        texts.append({row[1] for row in rows if len(row) > 1})
    assert texts[0] <= texts[1]
    assert "Американское Самоа" in texts[0]


def test_countries_of_a_russian_table_are_known():
    lines = (DATA / "russia_migration_by_country_cyrillic_utf8.csv").read_text().splitlines()
    names = [row[1] for row in csv.reader(lines[1:])]
    checked = check("SMS-WPF", table(len(names), citizenship=names))
    unknown = {
        v for f in checked.findings if f.variable == "citizenship" for v in f.values.to_pylist()
    }
    states_nobody_recognises = ("Северный", "Нагорно", "Приднестровская", personal.MASK)
    assert [name for name in unknown if not name.startswith(states_nobody_recognises)] == []


def naughty():
    path = DATA / "blns.txt"
    lines = path.read_text().splitlines() if path.exists() else []
    return [line for line in lines if line and not line.startswith("#")]


@pytest.mark.parametrize("name", WPF)
def test_every_naughty_string_in_every_field_is_judged(name):
    strings = naughty()
    checked = check("SMS-WPF", table(len(strings), **{name: strings}))
    assert len(checked.held) == len(strings)


def test_every_naughty_string_leaves_the_file_as_it_stands(tmp_path):
    strings = naughty()
    rows = rows_of(opened(plain(table(len(strings), activity=strings)), tmp_path))
    assert [row["activity"] for row in rows] == strings


def test_real_arrivals_are_read_once_their_columns_are_named(tmp_path):
    lines = list(csv.reader((DATA / "us_i94_arrivals_sample_1000.csv").read_text().splitlines()))
    names = {
        "cicid": "record_ref",
        "arrdate": "event_date",
        "gender": "sex",
        "biryear": "birth_date",
    }
    head = [names.get(header, header) for header in lines[0]]
    source = opened(plain([head, *lines[1:]]), tmp_path, "SMS-BCR")
    assert "columns:citizenship" in {q.id for q in source.layout.questions}
    assert {"record_ref", "event_date", "sex", "birth_date"} <= {
        c.variable for c in source.layout.columns
    }
    sexes = [row[head.index("sex")] for row in lines[1:]]
    checked = check("SMS-WPF", table(len(sexes), sex=sexes))
    known = checked.typed["sex"].to_pylist()
    assert [known.count(c) for c in ("F", "M")] == [sexes.count("F"), sexes.count("M")]
    assert None not in known


def test_numbers_of_countries_in_a_real_file_are_never_read_by_iso_3166_unasked(tmp_path):
    content = (DATA / "us_i94_arrivals_sample_1000.csv").read_bytes()
    columns = {"citizenship": "E", "record_ref": "B", "event_date": "H", "sex": "W"}
    layout = opened(content, tmp_path, "SMS-WPF", {"columns": columns}).layout
    (question,) = [q for q in layout.questions if q.id == "codes:citizenship"]
    assert question.answer is None
    assert [c["value"] for c in question.choices] == ["m49", "none"]  # OKSM says the same of them
    assert any(line.startswith("438: M49 = LIE") for line in question.evidence + told_of(content))


def told_of(content):
    """What M49 would say of the numbers of the file, beyond the lines that are shown."""
    rows = csv.DictReader(content.decode().splitlines())
    texts = {row["i94cit"] for row in rows}
    verdict = code_systems.judge(code_systems.systems_of("countries"), texts)
    return [f"{text}: M49 = {r['m49'].code}" for text, r in verdict.evidence.items() if "m49" in r]


def test_countries_of_a_real_file_in_spanish_are_not_taken_for_persons():
    rows = csv.DictReader((DATA / "co_entries_2012_2018.csv").read_text().splitlines())
    names = sorted({row["nationality"] for row in rows})
    kinds = personal.kinds_of(pa.array(names)).tolist()
    masked = [text for text, kind in zip(names, kinds, strict=True) if kind]
    assert "Arabia Saudita" in names and "Arabia Saudita" not in masked
    assert len(names) > 150 and len(masked) <= 7, masked  # names that no standard has: “Isla Wake”
