"""The template workbook of every instrument: what is filled in by its lists is read without a question and without an error."""

import io
import re
import zipfile
from datetime import date, datetime, timedelta
from functools import cache

import openpyxl
import pytest
from django.utils import translation
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from openpyxl.utils import range_boundaries

from records.instruments import reader
from records.reading import child
from records.reading.child import Limits
from records.validation import engine
from records.workbooks.template import template
from standards.languages import LANGUAGES
from standards.periods import Period
from tests.cast import signed_in
from tests.records.files import ALL

TODAY = date(2026, 6, 30)
FORMS = {form.code: form for spec in ALL.values() if (form := reader.read_aggregate(spec))}
EVERY = {**ALL, **FORMS}
QUIET = settings(
    deadline=None,
    max_examples=1,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


@cache
def template_of(code, language):
    with translation.override(language):
        return template(EVERY[code])


def workbook(spec, language):
    return openpyxl.load_workbook(io.BytesIO(template_of(spec.code, language)))


def typed(spec):
    return [variable for variable in spec.variables if variable.typed]


def offered(book, column):
    """What the drop-down of a column offers; None where it has none."""
    sheet = book.worksheets[0]
    for rule in sheet.data_validations.dataValidation:
        left, top, right, _bottom = range_boundaries(str(rule.sqref))
        assert (left, top) == (right, 2)
        if left == column and rule.type == "list":
            name, place = rule.formula1.rsplit("!", 1)
            cells = book[name.lstrip("=").strip("'")][place.replace("$", "")]
            return [cell.value for (cell,) in cells]
    return None


def a_value(spec, variable, texts, draw, number):
    """A value of a column as a person fills it in, None for an empty cell."""
    if texts is not None:
        return draw(st.sampled_from(texts))
    if variable.kind == "ref":
        return f"A-{number}"
    if variable.kind in ("integer", "decimal"):
        low, high = variable.low or 0, variable.high if variable.high is not None else 900
        return draw(st.integers(int(low), int(min(high, low + 900))))
    if variable.kind == "birth":
        return draw(st.sampled_from(["1990", "12.04.1985"]))
    day = TODAY - timedelta(days=draw(st.integers(1, 300)))
    period = Period.of(day, spec.frequency)
    if variable.kind == "period":
        return str(period)
    return datetime.combine(period.last_day if spec.stock else day, datetime.min.time())


def filled(spec, language, draw, rows=12):
    """The template with rows that are filled in by its lists; bytes."""
    book = workbook(spec, language)
    sheet = book.worksheets[0]
    for column, variable in enumerate(typed(spec), start=1):
        texts = offered(book, column)
        for row in range(2, rows + 2):
            sheet.cell(row, column).value = a_value(spec, variable, texts, draw, row)
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("code", EVERY)
@QUIET
@given(data=st.data())
def test_what_is_filled_in_by_the_lists_is_read_without_a_question_and_without_an_error(
    code, language, tmp_path, data
):
    spec = EVERY[code]
    path = tmp_path / "filled.xlsx"
    path.write_bytes(filled(spec, language, data.draw))
    others = [other for other in (ALL["SMS-WPF"], ALL["STA-SLP"]) if other.code != code]
    reading = child.open(
        path, spec=spec, answers={}, person_key=b"key", limits=Limits(), others=others
    )
    try:
        assert (reading.refusal, reading.questions) == (None, [])
        assert [c.variable for c in reading.columns] == [v.name for v in typed(spec)]
        blocks = list(reading.batches())
        assert (reading.refusal, reading.total, reading.dates) == (None, None, None)
    finally:
        reading.close()
    assert sum(block.num_rows for block in blocks) == 12  # blank rows below are no data
    compared = {rule.id for rule in spec.rules}
    for block in blocks:
        checked = engine.check(block, spec, today=TODAY)
        assert {f.rule for f in checked.errors} <= compared


def columns_of_open_cells(spec, language):
    """How many columns have cells that are not locked, by their formats: openpyxl does not tell."""
    with zipfile.ZipFile(io.BytesIO(template_of(spec.code, language))) as archive:
        sheet = archive.read("xl/worksheets/sheet1.xml").decode()
        styles = archive.read("xl/styles.xml").decode().partition("<cellXfs")[2]
    styles = styles.partition("</cellXfs>")[0]
    formats = re.findall(r"<xf [^>]*?/>|<xf [^>]*?[^/]>.*?</xf>", styles)
    spans = re.findall(r'<col min="(\d+)" max="(\d+)"[^>]*style="(\d+)"', sheet)
    return sum(
        int(last) - int(first) + 1
        for first, last, style in spans
        if 'locked="0"' in formats[int(style)]
    )


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("code", ["SMS-WPF", "STA-SLP", "SMS-WPF-AGG"])
def test_the_table_has_locked_headers_open_cells_notes_and_lists(code, language):
    spec = EVERY.get(code) or next(iter(FORMS.values()))
    book = workbook(spec, language)
    table, guidance, codes = book.worksheets
    assert (table.sheet_state, guidance.sheet_state, codes.sheet_state) == (
        "visible",
        "visible",
        "hidden",
    )
    assert (table.freeze_panes, table.protection.sheet) == ("B2", True)
    for column, variable in enumerate(typed(spec), start=1):
        head = table.cell(1, column)
        assert head.value == variable.label[language]
        assert head.protection.locked and head.comment.text
        assert (offered(book, column) is not None) == (variable.kind in ("code", "boolean"))
    assert len(list(table.iter_rows())) == 1
    assert columns_of_open_cells(spec, language) == len(typed(spec))


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_workbook_says_for_which_version_and_lists_it_was_made_and_what_is_asked(language):
    spec = ALL["SMS-WPF"]
    book = workbook(spec, language)
    stamp = {p.name: p.value for p in book.custom_doc_props.props}
    assert (stamp["instrument"], stamp["version"]) == (spec.code, str(spec.version))
    assert stamp["language"] == language and "countries 1" in stamp["lists"]
    told = " ".join(str(c.value) for row in book.worksheets[1].iter_rows() for c in row if c.value)
    for variable in typed(spec):
        assert variable.label[language] in told
    for rule in spec.rules:
        assert rule.message[language] in told


def test_no_column_of_a_template_is_forbidden_or_made_by_the_portal():
    for spec in EVERY.values():
        heads = [cell.value for cell in workbook(spec, "en").worksheets[0][1]]
        assert not {"Person reference", "Name", "Passport"} & set(heads)
        assert len(heads) == len(set(heads))


@pytest.mark.django_db(transaction=True)
def test_a_file_that_is_refused_for_its_shape_is_offered_an_empty_table(send, clerk):
    upload = send(b"Dear colleague\nplease find attached\n")
    assert upload.state == "REFUSED"
    browser = signed_in(clerk, "en")
    page = browser.get(f"/uploads/{upload.pk}/").content.decode()
    places = ["/instruments/SMS-WPF/template.xlsx", "/instruments/SMS-WPF/template.csv"]
    assert [page.index(place) for place in places] == sorted(page.index(p) for p in places)
    for where in ("/uploads/new", "/instruments/SMS-WPF/"):
        assert places[0] in browser.get(where).content.decode()
    answer = browser.get(places[0])
    assert answer["Content-Disposition"] == 'attachment; filename="SMS-WPF.xlsx"'
    assert openpyxl.load_workbook(io.BytesIO(answer.content)).worksheets[0]["A1"].value


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("language", LANGUAGES)
def test_a_filled_in_template_is_taken_in_whole(language, send):
    spec = ALL["SMS-WPF"]
    book = workbook(spec, language)
    sheet = book.worksheets[0]
    days = {name: date(2026, 3, 5) for name in ("event_date", "valid_from")}
    values = {**days, "valid_to": date(2027, 3, 5), "birth_date": "1990"}
    for column, variable in enumerate(typed(spec), start=1):
        texts = offered(book, column)
        for row in (2, 3, 4):
            value = values.get(variable.name)
            if variable.name == "record_ref":
                value = f"000{row}"
            elif texts and variable.name not in ("country_birth", "wage_cur", "education"):
                foreign = texts[60] if variable.name == "citizenship" else texts[0]
                value = foreign if variable.required else None
            sheet.cell(row, column).value = value
    out = io.BytesIO()
    book.save(out)
    upload = send(out.getvalue(), name="filled.xlsx")
    assert upload.state == "COMMITTED", (upload.reason, upload.report.get("questions"))
    assert (upload.report["rows"]["accepted"], upload.report["rows"]["held"]) == (3, 0)
