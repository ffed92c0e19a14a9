"""Names of files, sheets and headers are shown as given to their sender only, and kept for a month."""

import importlib
from datetime import timedelta
from types import SimpleNamespace

import pytest
from django.apps import apps
from django.db import connection
from django.utils import timezone

from agencies import scope
from agencies.roles import Role
from jobs.models import Job
from records.collection import names, unwanted, uploads
from records.models import HeldRow, Upload
from tests import cast, factories
from tests.form_tokens import without_form_tokens
from tests.records import files
from tests.records.files import plain, table, xlsx

pytestmark = pytest.mark.django_db(transaction=True)
FILE, SHEET, HEADER = "Zxqabaýewa_Zxqajemal.xlsx", "Zxqabay Z.M.", "Zxqanow Zxqamyrat"


@pytest.fixture
def colleague(agency):
    return cast.make_person("another.clerk@sms.example", Role.CLERK, agency)


@pytest.fixture
def upload(send):
    """A workbook of two sheets, named after persons, with a wrong cell, that asks which sheet is meant."""
    rows = table(2, sex=["F", "??"], **{HEADER: "x"})
    return send(xlsx(**{SHEET: rows, "Aprel": table(3)}), name=FILE)


def pages(client, person, upload):
    """What a person sees of an upload."""
    client.force_login(person)
    submission = upload.submissions.values_list("pk", flat=True)
    addresses = [upload.get_absolute_url(), "/uploads/", "/", f"/uploads/{upload.pk}/held"]
    addresses += [f"/submissions/{pk}/" for pk in submission]
    answers = (client.get(address).content for address in addresses)
    return "".join(without_form_tokens(answer).decode() for answer in answers)


def test_the_sender_chooses_a_sheet_by_its_name_and_others_by_its_place(upload, clerk, colleague, client):  # fmt: skip
    assert [c["value"] for c in upload.report["questions"][0]["choices"]] == ["#1", "#2", "none"]
    with scope.acting(clerk):
        own = pages(client, clerk, upload)
        other = pages(client, colleague, upload)
    assert FILE in own and SHEET in own
    assert "Zxq" not in other
    assert "#1: 3" in other and f"SMS-WPF, file {upload.pk}" in other


def test_after_it_is_taken_in_only_the_sender_sees_the_names(upload, clerk, colleague, reviewer, client):  # fmt: skip
    with scope.acting(clerk):
        uploads.read(upload, by=clerk, answers={"sheet": SHEET})
        assert Upload.objects.get().answers == {"sheet": "#1"}
    upload = files.finish(upload, by=clerk)
    assert (upload.state, upload.sheet) == ("COMMITTED", "#1")
    (header,) = [c["header"] for c in upload.report["columns"] if c["how"] == "unknown"]
    assert header == "•••"
    with scope.acting(clerk):
        own = pages(client, clerk, upload)
        assert all(name in own for name in (FILE, SHEET, HEADER, f"{SHEET}!C3"))
        for person in (colleague, reviewer):
            other = pages(client, person, upload)
            assert "Zxq" not in other
            assert f"SMS-WPF, 2026-03, file {upload.pk}" in other
            assert "#1!C3" in other
    assert files.leaks(["zxqa"]) == []


def test_a_sheet_asked_for_by_name_before_reading_waits_sealed(send, clerk):
    upload = send(xlsx(**{SHEET: table(2), "Aprel": table(3)}), answers={"sheet": SHEET})
    assert (upload.state, upload.answers, upload.sheet) == ("COMMITTED", {"sheet": "#1"}, "#1")
    other = send(xlsx(**{SHEET: table(4), "Aprel": table(5)}), answers={"sheet": "Nowhere"})
    assert (other.state, other.answers) == ("NEEDS_ANSWERS", {})
    with scope.acting(clerk):
        uploads.read(other, by=clerk, answers={"sheet": "#2"})
    assert files.finish(other, by=clerk).sheet == "#2"


def test_headers_that_the_instrument_knows_are_shown_to_all(send):
    upload = send(plain(table(1, **{"Full Name": "x", "Place Of Work": "y", "№ п/п": "1"})))
    headers = {c["header"] for c in upload.report["columns"]}
    assert {"Full Name", "№ п/п", "record_ref"} <= headers


class TestSealed:
    def test_they_open_for_no_other_upload_person_or_secret(
        self, upload, clerk, colleague, settings
    ):
        assert names.given_names(upload, clerk).file == FILE
        assert names.given_names(upload, colleague).file == ""
        settings.FILES_SECRET = "another secret of thirty-two bytes at least"
        assert names.shown_name(upload, clerk) == f"SMS-WPF, file {upload.pk}"

    def test_copied_to_another_upload_they_do_not_open(
        self, upload, send, colleague, clerk, agency
    ):
        other = files.send(
            plain(table(1)), by=colleague, agency=agency, instrument=upload.instrument
        )
        other.given_names = upload.given_names
        assert names.given_names(other, colleague) == names.GivenNames()

    def test_they_go_with_undo(self, upload, clerk):
        with scope.acting(clerk):
            uploads.undo(upload, by=clerk)
            assert Upload.objects.get().given_names is None

    @pytest.mark.parametrize("days, kept", [(29, True), (31, False)])
    def test_they_go_after_a_month(self, days, kept, upload, clerk):
        with scope.acting(clerk):
            Upload.objects.update(uploaded_at=timezone.now() - timedelta(days=days))
        unwanted.expire()
        with scope.acting(clerk):
            assert (Upload.objects.get().given_names is not None) is kept


def test_the_migration_makes_stored_names_neutral(clerk, agency, instruments):
    migration = importlib.import_module("records.migrations.0009_neutral_names_and_numbering")
    report = {
        "file": {"sheet": "Zxq", "sheets": ["Mart", "Zxq"]},
        "columns": [
            {"header": "Sex", "variable": "sex", "how": "exact", "letter": "A"},
            {"header": "Zxq", "variable": None, "how": "unknown", "letter": "B"},
        ],
        "findings": [
            {"rule": "columns.forbidden", "examples": [{"row": 1, "cell": "Zxq!B1", "value": "Zxq"}]},
            {"rule": "sheets.other", "examples": [{"row": 1, "cell": "Mart", "value": None}]},
        ],
        "refusal": {"code": "x", "message": {}, "where": "Zxq!B1"},
        "questions": [{"id": "sheet", "choices": [{"value": "Zxq", "label": "Zxq"}]}],
    }  # fmt: skip
    with scope.acting(clerk):
        job = Job.objects.create(name="records.intake", key="k", state="DONE", attempts=2)
        taken = factories.upload(agency, instruments["SMS-WPF"], clerk, sheet="Zxq", state="COMMITTED", report={**report, "questions": []}, reason="as “Zxq!.csv”. x")  # fmt: skip
        waits = factories.upload(agency, instruments["SMS-WPF"], clerk, state="NEEDS_ANSWERS", report=report, answers={"sheet": "Zxq"}, job=job)  # fmt: skip
        factories.held_row(agency, instruments["SMS-WPF"], taken, findings=[{"rule": "r", "cell": "Zxq!C7"}, {"rule": "s", "cell": ""}])  # fmt: skip
    with connection.cursor() as cursor:
        cursor.execute("RESET ROLE")
    migration.make_neutral(apps, SimpleNamespace(connection=connection))
    assert files.leaks(["zxq"]) == []
    with scope.acting(clerk):
        now = Upload.objects.get(pk=taken.pk)
        assert (now.sheet, now.report["file"]["sheets"]) == ("#2", ["#1", "#2"])
        assert [f["cell"] for f in HeldRow.open_rows.get().findings] == ["#2!C7", ""]
        assert Upload.objects.get(pk=waits.pk).state == "RECEIVED"  # it asks anew, with places
        assert (Job.objects.get().state, Job.objects.get().attempts) == ("QUEUED", 0)
