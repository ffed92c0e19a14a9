"""Faults of what is public, one by one: numbers of questions, drawings, caches, forms, second publications."""

import csv
import io
import json
import re
import zipfile
from html import unescape

import openpyxl
import pyarrow.parquet as pq
import pytest
from django.test import Client
from django.utils import timezone
from drf_spectacular.generators import SchemaGenerator
from jsonschema import Draft202012Validator

from agencies import scope
from records.models import Record
from reports.charts import drawing
from reports.charts.kinds import kinds_of
from reports.formats import FORMATS
from reports.models import Release
from reports.published import editions, kept
from reports.releases import verbs
from tests.attacks.test_public_answers import addresses
from tests.cast import signed_in
from tests.reports.conftest import DATASETS, MONTHS, draw

V1 = "/figures/api/v1"
ALL = "by=TIME_PERIOD,AGE,CITIZENSHIP,REGION,DECISION,OCCUPATION"


def content_of(response):
    return response.getvalue() if response.streaming else response.content


@pytest.mark.parametrize(
    "number", ["-1", "1e9", "9" * 30, "0x10", "1.5", "٣", "", " ", "NaN", "--1"]
)
@pytest.mark.parametrize("name", ["limit", "offset"])
def test_numbers_that_are_none_are_refused_in_words(client, permits, name, number):
    """D12."""
    response = client.get(f"{V1}/datasets/WPF/data", {name: number})
    assert response.status_code == 400 and response.json()["parameter"] == name


def test_no_body_however_deep_is_read_by_what_is_public(client, permits):
    """D12: there is nothing to be sent, so no nesting to be read."""
    deep = "[" * 100_000 + "]" * 100_000
    for address in (
        f"{V1}/datasets/WPF/data",
        f"{V1}/datasets",
        "/figures/",
        "/figures/tables/T14/",
    ):
        for method in ("post", "put", "patch", "delete"):
            sent = getattr(client, method)(address, deep, content_type="application/json")
            assert sent.status_code in (200, 405), (method, address)
            assert address.startswith("/figures/") and b"Traceback" not in sent.content


def test_withdrawn_and_published_again_the_figures_are_the_same(
    permits, publish, publisher, client
):
    """D13: nothing changed, so no cell is rounded a second time."""
    before = client.get(f"{V1}/releases/WPF-1/core.parquet").content
    verbs.withdraw(permits, by=publisher, reason="a wrong label")
    assert client.get(f"{V1}/releases/WPF-1/core.parquet").status_code == 410
    again = publish("WPF")
    assert again.number == 2 and again.checksum == permits.checksum
    after = client.get(f"{V1}/releases/WPF-2/core.parquet").content
    assert pq.read_table(io.BytesIO(after)).equals(pq.read_table(io.BytesIO(before)))


def test_an_embargo_holds_for_people_who_are_signed_in_and_for_what_was_kept(
    accept, publish, publisher, viewer, monkeypatch
):
    """D14: also with the addresses of large answers, and for the publisher on public pages."""
    monkeypatch.setattr(kept, "FEW_ROWS", 0)
    accept("SMS-WPF", draw("SMS-WPF", MONTHS[:1], 80))
    built = publish("WPF", release=False)
    until = timezone.now() + timezone.timedelta(days=1)
    verbs.release(
        built,
        by=publisher,
        note="More months.",
        embargo_at=until,
        missing_acknowledged=built.missing_text,
    )
    asked = [*addresses(), f"/figures/data/WPF.csv?{ALL}", f"/figures/data/WPF.xlsx?{ALL}&lang=ru"]
    for reader in (Client(), signed_in(viewer), signed_in(publisher)):
        for address in asked:
            response = reader.get(address)
            assert built.checksum.encode() not in response.content, address
            assert b"WPF-1" not in response.content.replace(address.encode(), b""), address
            if "WPF" in address or "T14" in address:
                assert response.status_code == 404, address
    assert not list(kept._folder().glob("*.answer"))


LABEL = re.compile(r'aria-label="([^"]*)"')
NUMBER = re.compile(r"[\d,]+")


def number(text):
    return float(text.replace("−", "-"))


def drawn_counts(labels):
    """(sex, count) of each mark: `n`, or where a bar begins and ends."""
    for label in labels:
        parts = dict(part.split(": ", 1) for part in label.split("; ") if ": " in part)
        if "sex" in parts and "n" in parts and parts["n"] != "null":
            yield parts["sex"], abs(number(parts["n"]))
        elif {"from", "to", "sex"} <= parts.keys():
            yield parts["sex"], abs(number(parts["to"]) - number(parts["from"]))


@pytest.mark.parametrize("dataset", DATASETS)
def test_drawings_and_their_descriptions_hold_protected_values_only(client, released, dataset):
    """D15: every mark and every described number is a figure of the protected table."""
    edition = editions.latest(dataset)
    page = unescape(client.get(f"/figures/?dataset={dataset}").content.decode())
    marks = titles = 0
    for name, kind in kinds_of(edition.structure).items():
        where = {}
        if edition.structure.headline:
            where = {k: list(v) for k, v in edition.structure.headline.where.items()}
        rows = kind.table(edition, where).rows
        allowed = {("F", row.figures.f) for row in rows} | {("M", row.figures.m) for row in rows}
        shares = [row.figures.female_share for row in rows if row.figures.female_share is not None]
        for width in drawing.WIDTHS:
            for theme in drawing.COLOURS:
                address = f"/figures/charts/{name}-{width}-{theme}.svg?dataset={dataset}"
                svg = content_of(client.get(address)).decode()
                labels = LABEL.findall(svg)
                for sex, count in drawn_counts(labels):
                    near = min(allowed, key=lambda a: (a[0] != sex, abs(a[1] - count)))
                    assert near[0] == sex and abs(near[1] - count) < 0.01, (address, sex, count)
                    marks += 1
                for title in re.findall(r"<title>(.*?)</title>", svg):
                    women, men = re.search(r": women ([\d,]+)[^,]*, men ([\d,]+)", title).groups()
                    told = {("F", int(women.replace(",", ""))), ("M", int(men.replace(",", "")))}
                    # A region without a row has nobody.
                    assert told <= allowed | {("F", 0), ("M", 0)}, (address, title)
                    titles += 1
                for share in re.findall(r"share: ([\d.]+); name", svg):
                    assert any(abs(float(share) - right) < 0.01 for right in shares), address
    assert marks > 100 and titles > 50
    told = [figure for row in rows for figure in (row.figures.f, row.figures.m)]
    assert told
    for alt in re.findall(r'alt="([^"]*)"', page):
        for text in NUMBER.findall(re.sub(r"\b20\d\d\b|\d+[–-]\d+|\d+ and over|Q\d", "", alt)):
            if text.strip(","):
                assert float(text.strip(",").replace(",", "")) % 3 == 0 or "%" in alt, alt


def test_drawings_do_not_depend_on_records(client, permits, agency):
    """D15: other records, the same release: the same bytes of every drawing."""
    names = kinds_of(editions.latest("WPF").structure)
    asked = [f"/figures/charts/{name}-large-light.svg?dataset=WPF" for name in names]
    before = [content_of(client.get(address)) for address in asked]
    with scope.working([agency.pk]):
        assert Record.objects.update(sex="M", region="TM-D", age=33)
    for file in kept._folder().glob("*.answer"):
        file.unlink()
    assert [content_of(client.get(address)) for address in asked] == before


def test_a_shared_cache_shows_nobody_the_page_of_another(client, permits, viewer, publisher):
    """A15: what depends on the reader says so; what may be shared has no name in it."""
    for address in addresses():
        response = client.get(address)
        kept_publicly = "public" in response.get("Cache-Control", "")
        vary = response.get("Vary", "")
        if kept_publicly:
            assert "Accept-Language" in vary and "Cookie" in vary, address
            for reader in (viewer, publisher):
                private = signed_in(reader).get(address)
                content = private.content.replace(b"/ViewerPreferences", b"")  # a word of PDF
                assert reader.email.encode() not in content, address
                assert reader.name.encode() not in content, address
                assert content_of(private) == content_of(response), address
        else:
            assert "Cookie" in vary or "no-store" in response.get("Cache-Control", ""), address
        assert not response.cookies.get("sessionid"), address


@pytest.mark.parametrize("path", ["/releases/x.css", "/releases/1/x.css", "/submissions/x.png"])
def test_a_private_page_has_no_address_that_looks_like_a_file(publisher, path):
    """A15: a cache that keeps by the ending of a path finds nothing to keep."""
    assert signed_in(publisher).get(path).status_code == 404


def test_nobody_edits_what_is_released(client, permits, publisher, builder):
    """A8: no address changes a release but its two verbs, and each works once."""
    verbs.withdraw(permits, by=publisher, reason="because")
    before = Release.objects.values().get()
    desk = signed_in(publisher)
    for verb in ("release", "withdraw", "edit", "delete", "build"):
        desk.post(f"/releases/{permits.pk}/{verb}/", {"reason": "again", "checksum": "x"})
    for method in ("put", "patch", "delete"):
        assert getattr(desk, method)(f"/releases/{permits.pk}/").status_code in (200, 403, 405)
        for address in (f"{V1}/datasets/WPF", f"{V1}/releases/WPF-1/core.parquet"):
            assert getattr(client, method)(address).status_code in (404, 405)
    assert Release.objects.values().get() == before


def resolved(schema):
    """An OpenAPI schema as JSON Schema: `nullable` said the other way."""
    if isinstance(schema, dict):
        found = {key: resolved(value) for key, value in schema.items() if key != "nullable"}
        return {"anyOf": [found, {"type": "null"}]} if schema.get("nullable") else found
    return [resolved(part) for part in schema] if isinstance(schema, list) else schema


def test_public_forms_are_valid(client, released):
    """W10: JSON by its description, CSV with equal rows, workbooks that open, Parquet that reads."""
    document = SchemaGenerator(patterns=None).get_schema(request=None, public=True)
    whole = resolved(json.loads(json.dumps(document, default=str)))
    for path, name in {
        "/datasets": "Dataset",
        "/datasets/BCR": "Dataset",
        "/datasets/BCR/data?by=QUARTER,region": "Data",
        "/tables/T14/data": "Data",
        "/datasets/WPF/releases": "Release",
    }.items():
        answer = client.get(f"{V1}{path}").json()
        schema = {"$ref": f"#/components/schemas/{name}", "components": whole["components"]}
        for entry in answer if isinstance(answer, list) else [answer]:
            Draft202012Validator(schema).validate(entry)
    for dataset in released:
        for suffix in FORMATS:
            address = f"/figures/data/{dataset}.{suffix}?by=YEAR,region"
            content = content_of(client.get(address))
            if suffix == "csv":
                lines = list(csv.reader(content.decode().splitlines()))
                assert len({len(row) for row in lines}) == 1 and len(lines) > 3
            elif suffix == "json":
                schema = {"$ref": "#/components/schemas/Data", "components": whole["components"]}
                Draft202012Validator(schema).validate(json.loads(content))
            elif suffix == "parquet":
                assert pq.read_table(io.BytesIO(content)).num_rows > 2
            else:
                assert zipfile.ZipFile(io.BytesIO(content)).testzip() is None
                book = openpyxl.load_workbook(io.BytesIO(content))
                assert book["Figures"].max_row > 3 and book["Figures"].freeze_panes == "A2"
        name = f"{dataset}-1"
        cells = content_of(client.get(f"{V1}/releases/{name}/core.parquet"))
        assert pq.read_table(io.BytesIO(cells)).num_rows > 5
