"""What must hold for any file, any cell, any way of cutting it: the machine looks for the exception."""

import pyarrow as pa
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from agencies import scope
from records.models import HeldRow, Record
from records.reading import text_file
from records.reading.encoding import looks_binary
from records.reading.mapping import NOTHING_KNOWN, map_columns
from records.reading.refusals import FileRefused
from records.validation import engine, parsing
from records.validation.whole_file import WholeFileChecks
from standards import codelists, spelling
from tests.records import files
from tests.records.files import SPECS, VALID, plain, xlsx
from tests.records.test_rules import TODAY

WPF = SPECS["SMS-WPF"]
QUIET = settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
ANY = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
NASTY = st.sampled_from(
    [
        *("", " ", "-", "1", "9", "Ж", "aýaly", "z", "Итого", "Jemi 5", "узбек", "Корея", "СССР"),
        *("TKM", "31.02.2026", "02/03/2026", "1981", "99999", "05.03.2026", "05.04.2026", "1e400"),
        *("=1+1", '"', "a,b", "a\nb", "\r", "\u202e", "İ", "\u0130\u0307", "🏳️\u200d🌈", "null"),
        *("1_0", "٣", "x" * 50),
    ]
)
CELL = st.one_of(NASTY, ANY)
NAMES = [v.name for v in WPF.variables if v.typed]


@st.composite
def some_rows(draw, most=8):
    """Rows of valid cells, some of which are anything at all."""
    count = draw(st.integers(0, most))
    base = {**VALID["SMS-WPF"], "education": "6", "wage_month": "", "wage_cur": ""}
    rows = [
        {**base, "record_ref": draw(st.sampled_from(["1", "2", "3", f"n{k}"]))}
        for k in range(count)
    ]
    for row in rows:
        for name in draw(st.lists(st.sampled_from(list(base)), max_size=3)):
            row[name] = draw(CELL)
    return rows


def as_block(rows, first=2):
    names = list(rows[0]) if rows else [*VALID["SMS-WPF"]]
    columns = {n: pa.array([row[n] for row in rows], pa.string()) for n in names}
    return pa.table(columns | {"_row": pa.array(range(first, first + len(rows)), pa.int32())})


def findings(checked):
    rows = checked.typed["_row"].to_pylist()
    return sorted(
        (f.rule, f.severity, f.variable, rows[k], f.values[n].as_py() if f.values else None)
        for f in checked.findings
        for n, k in enumerate(f.rows.tolist())
    )


def records(checked):
    return checked.typed.cast(plain_schema(checked.typed.schema)).to_pylist()


def plain_schema(schema):
    return pa.schema(
        [
            pa.field(f.name, pa.string() if pa.types.is_dictionary(f.type) else f.type)
            for f in schema
        ]
    )


@QUIET
@given(some_rows())
def test_checking_a_block_is_checking_its_rows_one_by_one(rows):
    whole = engine.check(as_block(rows), WPF, today=TODAY)
    alone = [
        engine.check(as_block([row], first=k), WPF, today=TODAY)
        for k, row in enumerate(rows, start=2)
    ]
    assert findings(whole) == sorted(f for one in alone for f in findings(one))
    assert whole.held.tolist() == [bool(one.held[0]) for one in alone]
    assert records(whole) == [record for one in alone for record in records(one)]


@QUIET
@given(some_rows(most=20), st.integers(1, 7))
def test_cutting_a_file_into_blocks_changes_nothing(rows, size):
    whole, parts = engine.Validator(WPF, today=TODAY), engine.Validator(WPF, today=TODAY)
    one, many = WholeFileChecks(WPF), WholeFileChecks(WPF)
    all_at_once = whole.check(as_block(rows))
    one.add(all_at_once)
    blocks = [
        parts.check(as_block(rows[k : k + size], first=k + 2)) for k in range(0, len(rows), size)
    ]
    for block in blocks:
        many.add(block)
    assert findings(all_at_once) == sorted(f for block in blocks for f in findings(block))
    assert (one.rows, one.new_years) == (many.rows, many.new_years)
    for names, tally in one.tallies.items():
        assert repr(tally.counted().to_dict()) == repr(many.tallies[names].counted().to_dict())


@QUIET
@given(st.lists(st.fixed_dictionaries(dict.fromkeys(NAMES, CELL)), max_size=4))
def test_no_cell_breaks_the_engine(rows):
    checked = engine.check(as_block(rows), WPF, today=TODAY)
    assert len(checked.held) == len(rows) == checked.typed.num_rows


@pytest.mark.parametrize("instrument", SPECS)
@QUIET
@given(text=CELL)
@example(text="\x00")
@example(text="9" * 5000)
def test_one_text_in_every_cell_breaks_no_instrument(instrument, text):
    names = [v.name for v in SPECS[instrument].variables]
    block = pa.table({n: [text] for n in names} | {"_row": pa.array([2], pa.int32())})
    assert engine.check(block, SPECS[instrument], today=TODAY).typed.num_rows == 1


@QUIET
@given(CELL)
@example("1" * 400)
@example("1e309")
def test_no_text_breaks_parsing(text):
    for day_first in (None, True, False):
        for birth in (True, False):
            day = parsing.parse_date(text, day_first=day_first, pivot=2026, birth=birth)
            assert (day.day is None) == bool(day.problem)
    parsing.parse_number(text)
    parsing.parse_integer(text)
    parsing.parse_boolean(text)
    parsing.is_blank(text)
    for part in ("first", "place", "known"):
        assert len(parsing.part_of(pa.array([text]), part, "regions")) == 1


@pytest.mark.parametrize("name", ["sex", "countries", "regions", "occupations", "education"])
@QUIET
@given(text=CELL)
def test_no_text_breaks_a_code_list(name, text):
    (match,) = codelists.load(name).match([text])
    assert match.code is None or match.code in codelists.load(name).by_code


@QUIET
@given(CELL)
def test_comparing_twice_is_comparing_once(text):
    key = spelling.normalise(text)
    assert spelling.normalise(key) == key
    assert spelling.one_script(spelling.one_script(key)) == spelling.one_script(key)


@QUIET
@given(st.lists(st.lists(CELL, max_size=6), max_size=8))
def test_no_rows_break_the_mapping(rows):
    layout = map_columns(rows, WPF, {})
    assert layout.refusal or layout.questions or layout.columns


@QUIET
@given(st.binary(max_size=300))
@example(b"\xff\xfe")
@example(b"\xff\xfe\x00")
@example(b"\xef\xbb\xbf")
@example(b"sep=")
@example(b'"')
def test_no_bytes_break_the_sniffing(tmp_path, content):
    path = tmp_path / "file"
    path.write_bytes(content)
    try:
        source = text_file.text_file(path, WPF, {}, files.LIMITS, NOTHING_KNOWN)
    except FileRefused:
        return
    assert source.layout.refusal or source.layout.questions or source.layout.columns


@QUIET
@given(some_rows(most=6), st.sampled_from([";", ",", "\t", "|"]), st.sampled_from(["\n", "\r\n"]))
def test_what_is_written_is_what_is_read(tmp_path, rows, delimiter, end):
    fine = [
        row
        for row in rows
        if all(
            spelling.normalise(t)
            for t in (
                row["record_ref"],
                row["event_date"],
                row["decision"],
                row["valid_from"],
                row["valid_to"],
            )
        )
    ]
    fine = [{k: t.replace("\x00", "").replace("\r", "") for k, t in row.items()} for row in fine]
    if not fine:
        return
    lines = [list(fine[0]), *(list(row.values()) for row in fine)]
    content = files.text(lines, delimiter, end).encode()
    if looks_binary(content):  # as many control characters are no table
        return
    source = files.opened(content, tmp_path)
    if source.layout.questions or source.file["delimiter"] != delimiter:
        return
    read = files.rows_of(source)
    names = [c.variable for c in source.layout.columns]
    assert [[row[n] for n in names] for row in read] == lines[1:]


@pytest.mark.parametrize("instrument", SPECS)
@pytest.mark.parametrize("language", ["en", "ru", "tk"])
@pytest.mark.parametrize("kind", ["csv", "xlsx"])
def test_the_template_of_an_instrument_is_read_and_passes_its_own_rules(
    instrument, language, kind, tmp_path
):
    spec = SPECS[instrument]
    asked = [v for v in spec.variables if v.typed]
    values = [VALID[instrument].get(v.name, "") for v in asked]
    rows = [[v.label[language] for v in asked], values]
    content = {"csv": plain(rows, delimiter=";"), "xlsx": xlsx(Template=rows)}[kind]
    source = files.opened(content, tmp_path, instrument)
    assert [c.variable for c in source.layout.columns] == [v.name for v in asked]
    (found,) = files.rows_of(source, instrument)
    block = pa.table({name: pa.array([value]) for name, value in found.items()})
    checked = engine.check(
        block.set_column(block.column_names.index("_row"), "_row", pa.array([2], pa.int32())),
        spec,
        today=TODAY,
    )
    assert [f.rule for f in checked.findings] == []


@pytest.mark.django_db(transaction=True)
@given(rows=some_rows(most=10))
@settings(QUIET, max_examples=8)
def test_every_row_of_a_file_is_accounted_for(rows, send, clerk):
    before = counted(clerk)
    lines = [list(VALID["SMS-WPF"] | {"education": "", "wage_month": "", "wage_cur": ""})]
    lines += [[row[name] for name in lines[0]] for row in rows]
    upload = send(plain([*lines, ["Jemi"], [], ["Müdiri", "A. Amanow"]]), answers=DECLARED)
    if upload.state != "COMMITTED":
        assert counted(clerk) == before
        assert upload.state == "NEEDS_ANSWERS" or upload.reason
        return
    found, after = upload.report["rows"], counted(clerk)
    parts = found["accepted"] + found["held"] + found["skipped"] + found["duplicate"]
    assert found["read"] == parts >= len(rows)
    gained = [now - then for now, then in zip(after, before)]
    with scope.acting(clerk):
        closed = HeldRow.all_rows.closed_by_upload(upload).count()
        assert gained == [found["accepted"], found["held"] - closed]
        sexes = list(Record.objects.filter(upload=upload).values_list("sex", flat=True))
    assert upload.report["sex"] == {c: sexes.count(c) for c in ("F", "M", "_O", "_N", "_U")}


DECLARED = {
    "sex_codes": {"1": "M", "9": "_U", "z": "F"},
    "day_first": True,
    "lost_letters": "as_is",  # “a?b” is any text here
    "repair": "as_is",
    "again": "new",  # numbers of the examples before
}


def counted(person):
    with scope.acting(person):
        return [Record.objects.count(), HeldRow.open_rows.count()]
