"""No table, instrument or dataset is named in Python: YAML files are enough for everything.

The trial is a register of students, with the academic year as its period
and code lists of its own. Its files are put beside copies of ours.
"""

import csv
import io
import shutil
from pathlib import Path

import openpyxl
import pytest

from agencies import scope
from agencies.roles import Role
from records.collection import entry
from records.instruments import reader, versions
from records.models import Record, Submission
from reports.designs import consistency, datasets, tables
from standards import codelists
from tests.cast import make_agency, the_person
from tests.records import files as uploaded

TRIAL = Path(__file__).parents[1] / "data" / "trial"
STUDENT = {
    "record_ref": "ST-1",
    "event_date": "2024/25",
    "sex": "F",
    "birth_date": "12.04.2003",
    "citizenship": "UZB",
    "region": "TM-S",
    "study_level": "6",
    "field": "07",
    "mode": "FULL",
    "funding": "SELF",
    "year_of_study": "2",
}


@pytest.fixture
def trial(tmp_path, monkeypatch):
    """Copies of our folders of definitions with the files of the trial among them."""
    for module, folder, names in (
        (codelists, "standards", ()),
        (reader, "instruments", ("try-stu.yaml",)),
        (datasets, "datasets", ("edu.yaml",)),
        (tables, "tables", ("t99.yaml",)),
    ):
        shutil.copytree(module.DIRECTORY, tmp_path / folder, ignore=shutil.ignore_patterns("*.py"))
        monkeypatch.setattr(module, "DIRECTORY", tmp_path / folder)
        for name in names:
            shutil.copy(TRIAL / name, tmp_path / folder)
    own = tmp_path / "standards" / "codelists.yaml"
    own.write_text(own.read_text() + (TRIAL / "codelists.yaml").read_text())
    return tmp_path


@pytest.fixture
def ministry(db):
    return make_agency("MOE")


@pytest.fixture
def students(trial, ministry, instruments):
    """The instrument, published; the ministry delivers it."""
    return versions.publish(trial / "instruments" / "try-stu.yaml").instrument


@pytest.fixture
def student_clerk(ministry):
    return the_person(Role.CLERK, ministry)


def test_the_files_of_the_trial_fit_each_other(trial):
    assert consistency.definitions_fit() == []


def test_a_list_form_page_and_template_show_the_new_instrument(client, students, student_clerk):
    client.force_login(student_clerk)
    assert b"Inbound foreign students" in client.get("/instruments/").content
    form = client.get("/records/new/TRY-STU/MOE/").content.decode()
    assert 'name="study_level"' in form and "Both years: 2025/26." in form
    assert "Doctoral or equivalent" in form and "Less than primary" not in form
    assert 'name="education"' not in form
    page = client.get("/instruments/TRY-STU/").content.decode()
    assert "Engineering and construction" in page and "Secondary school after 30" in page
    assert "Doctoral or equivalent" in page and "Less than primary" not in page
    header = client.get("/instruments/TRY-STU/template.csv").content.decode().splitlines()[0]
    assert "Academic year" in header and "Level of study" in header


@pytest.mark.parametrize(
    ("text", "period"),
    [
        ("2024/25", "2024-A1"),
        ("2024–2025", "2024-A1"),
        ("2024-A1", "2024-A1"),
        ("03.02.2025", "2024-A1"),
    ],
)
def test_an_academic_year_is_typed_as_people_write_it(
    students, ministry, student_clerk, text, period
):
    values = {**STUDENT, "event_date": text}
    with scope.acting(student_clerk):
        outcome = entry.save(values, agency=ministry, instrument=students, by=student_clerk)
        assert outcome.record, (outcome.errors, outcome.warnings)
        assert outcome.record.submission.period == period
        assert (outcome.record.event_date.isoformat(), outcome.record.age) == ("2024-09-01", 21)


@pytest.mark.parametrize("text", ["2024/26", "2024", "next year", "2090/91"])
def test_a_period_that_is_none_or_has_not_come_is_refused(students, ministry, student_clerk, text):
    values = {**STUDENT, "event_date": text}
    with scope.acting(student_clerk):
        outcome = entry.save(values, agency=ministry, instrument=students, by=student_clerk)
    assert outcome.record is None and outcome.errors


def test_a_row_of_no_academic_year_is_held(students, ministry, student_clerk):
    rows = uploaded.table(2, STUDENT, event_date=["2024/25", "2024/26"])
    upload = uploaded.send(
        uploaded.plain(rows), by=student_clerk, agency=ministry, instrument=students
    )
    with scope.acting(student_clerk):
        assert Record.objects.count() == 1
        (held,) = upload.held_rows.all()
    assert [f["rule"] for f in held.findings] == ["event_date.not_a_period"]


def test_three_files_give_upload_table_files_api_and_dashboard(
    client, students, ministry, student_clerk, lead, publish
):
    rows = uploaded.table(
        600,
        STUDENT,
        event_date=["2023/24", "2024/25"],
        sex=["F", "F", "M", "M", "M"],
        study_level=["6", "7", "5"],
        field=["07", "09", "медицина"],
        citizenship=["UZB", "KAZ", "Индия", "FRA"],
    )
    rows[0][rows[0].index("event_date")] = "Учебный год"
    upload = uploaded.send(
        uploaded.plain(rows), by=student_clerk, agency=ministry, instrument=students
    )
    with scope.acting(student_clerk):
        assert Record.objects.count() == 600, upload.report
        submissions = list(Submission.objects.filter(instrument=students).order_by("period"))
    assert [s.period for s in submissions] == ["2023-A1", "2024-A1"]
    for submission in submissions:
        lead(submission)
    publish("EDU")
    client.logout()

    page = client.get("/figures/tables/T99/").content.decode()
    assert "Foreign students by level, field and origin" in page and "Health and welfare" in page
    dashboard = client.get("/figures/?dataset=EDU").content.decode()
    assert "2023/24" in dashboard and 'name="study_level"' in dashboard
    assert "Engineering and construction" in dashboard and "% are women" in dashboard
    for chart in ("trend", "citizenship", "study_level", "field"):
        drawing = client.get(f"/figures/charts/{chart}-large-light.svg?dataset=EDU")
        assert drawing.status_code == 200 and b"<svg" in drawing.content, chart
    limited = client.get("/figures/?dataset=EDU&study_level=VOCATIONAL")
    assert limited.status_code == 200 and "Vocational" in limited.content.decode()
    lines = client.get("/figures/tables/T99.csv").content.decode().splitlines()
    cells = list(csv.DictReader(lines))
    assert {row["STUDY_LEVEL"] for row in cells} == {"HIGHER", "VOCATIONAL"}
    assert {row["FIELD"] for row in cells} == {"07", "09"}
    assert all(int(row["_T"]) % 3 == 0 for row in cells)
    book = openpyxl.load_workbook(io.BytesIO(client.get("/figures/tables/T99.xlsx").content))
    assert book["Figures"].max_row == 1 + len(cells)
    answer = client.get("/figures/api/v1/tables/T99/data").json()
    assert [str(row["_T"]) for row in answer["rows"]] == [row["_T"] for row in cells]
    years = client.get("/figures/api/v1/datasets/EDU/data?by=TIME_PERIOD").json()
    assert [row["TIME_PERIOD"] for row in years["rows"]] == ["2023-A1", "2024-A1"]
    schema = client.get("/figures/api/schema/?format=json").json()
    named = schema["paths"]["/figures/api/v1/tables/T99/data"]["get"]["parameters"]
    assert "study_level" in {p["name"] for p in named}
