"""No table, instrument or dataset is named in Python: files are enough for everything."""

import csv
import io

import openpyxl
import pytest

from agencies import scope
from records.collection import entry
from records.instruments import versions
from records.models import Submission
from reports.designs import datasets, tables
from tests.reports.conftest import hand

INSTRUMENT = """
code: SMS-REG
version: 1
include: [common]
title: {en: Registrations, ru: Регистрации, tk: Hasaba alyşlar}
purpose: {en: Stays, ru: Пребывания, tk: Bolmalar}
unit: EVT
concept: ADM
frequency: Q
agencies: [SMS]
variables:
  - name: host
    kind: code
    codelist: employer_types
    required: true
    unknown: _U
    label: {en: Host, ru: Принимающая сторона, tk: Kabul ediji}
rules: []
checks: []
"""
DATASET = """
code: REG
instrument: SMS-REG
title: {en: Registrations, ru: Регистрации, tk: Hasaba alyşlar}
description: {en: Stays., ru: Пребывания., tk: Bolmalar.}
unit: EVT
concept: ADM
frequency: Q
base: 5
sources: [SMS]
dimensions:
  - {name: TIME_PERIOD, labels: {en: Period}, derive: period}
  - {name: SEX, labels: {en: Sex}, derive: sex}
  - {name: HOST, labels: {en: Host}, derive: code, variable: host, codelist: employer_types}
"""
TABLE = """
code: T99
dataset: REG
title: {en: Registrations by host, ru: Регистрации, tk: Hasaba alyşlar}
by: [HOST]
"""


@pytest.fixture
def files(tmp_path, monkeypatch):
    for folder, name, text in (
        ("instruments", "reg", INSTRUMENT),
        ("datasets", "reg", DATASET),
        ("tables", "t99", TABLE),
    ):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / f"{name}.yaml").write_text(text)
    monkeypatch.setattr(datasets, "DIRECTORY", tmp_path / "datasets")
    monkeypatch.setattr(tables, "DIRECTORY", tmp_path / "tables")
    return tmp_path


@pytest.fixture
def clerk_of(agency):
    from agencies.access import Role

    return hand(Role.CLERK, agency)


def test_three_files_give_form_page_files_and_api(
    client, files, agency, clerk_of, lead, publish, instruments
):
    version = versions.publish(files / "instruments" / "reg.yaml")
    client.force_login(clerk_of)
    form = client.get("/records/new/SMS-REG/SMS/")
    assert form.status_code == 200 and b'name="host"' in form.content
    for k in range(25):
        values = {
            "record_ref": f"N-{k}",
            "event_date": "05.02.2026",
            "sex": "FM"[k % 2] if k < 24 else "_U",
            "birth_date": "1990",
            "citizenship": "TUR",
            "region": "TM-S",
            "host": "STATE" if k % 3 else "JV",
        }
        with scope.acting(clerk_of):
            outcome = entry.save(values, agency=agency, instrument=version.instrument, by=clerk_of)
        assert outcome.record, (outcome.errors, outcome.warnings)
    with scope.acting(clerk_of):
        submission = Submission.objects.get(instrument__code="SMS-REG")
    lead(submission)
    publish("REG")
    client.logout()

    page = client.get("/figures/tables/T99/")
    assert page.status_code == 200 and b"Registrations by host" in page.content
    assert b"Registrations" in client.get("/figures/?dataset=REG").content
    lines = client.get("/figures/tables/T99.csv").content.decode().splitlines()
    rows = list(csv.DictReader(line for line in lines if not line.startswith("#")))
    assert {row["HOST"] for row in rows} <= {"STATE", "JV"} and rows
    assert all(int(row["_T"]) % 5 == 0 for row in rows)
    book = openpyxl.load_workbook(io.BytesIO(client.get("/figures/tables/T99.xlsx").content))
    assert book["Figures"].max_row == 1 + len(rows)
    answer = client.get("/figures/api/v1/tables/T99/data").json()
    assert [str(row["_T"]) for row in answer["rows"]] == [row["_T"] for row in rows]
    whole = client.get("/figures/api/v1/datasets/REG/data").json()
    assert whole["total"] == answer["total"] and whole["base"] == 5
    schema = client.get("/figures/api/schema/?format=json").json()
    named = schema["paths"]["/figures/api/v1/tables/{code}/data"]["get"]["parameters"]
    assert {"T99"} == set(next(p for p in named if p["name"] == "code")["schema"]["enum"])
    assert "host" in {p["name"] for p in named}
