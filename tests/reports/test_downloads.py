"""What readers take away: layouts, what describes a file, its name, its digest, and parts of it."""

import base64
import csv
import hashlib
import io
import json
import re
from html import unescape

import openpyxl
import pyarrow.parquet as pq
import pytest
from django.test import RequestFactory
from hypothesis import given
from hypothesis import strategies as st

from reports.formats import DESCRIPTIONS, FORMATS, xlsx
from reports.published import caching, kept, representations
from reports.published.representations import NotSatisfiable
from tests.reports.conftest import draw

T14 = "/figures/tables/T14"
DATA = "/figures/data/WPF"
MANY = "by=QUARTER,DECISION,REGION,ACTIVITY"
NAME = re.compile(r'attachment; filename="([A-Za-z0-9._-]+)"')


def rows_of(response):
    return list(csv.DictReader(io.StringIO(response.content.decode())))


def name_of(response):
    return NAME.fullmatch(response["Content-Disposition"])[1]


def digest_of(content):
    return f"sha-256=:{base64.b64encode(hashlib.sha256(content).digest()).decode()}:"


def figures_of(rows):
    """Code -> sex -> figure, of either form."""
    if "SEX" in rows[0]:
        found = {}
        for row in rows:
            found.setdefault(row["REGION"], {})[row["SEX"]] = row["OBS_VALUE"]
        return found
    return {row["REGION"]: {sex: row[sex] for sex in ("F", "M", "_OU", "_T")} for row in rows}


def test_the_tidy_form_has_one_row_a_figure_and_the_figures_of_the_other_form(client, permits):
    across = rows_of(client.get(f"{DATA}.csv?by=region&form=cross"))
    tidy = rows_of(client.get(f"{DATA}.csv?by=region&form=tidy"))
    assert client.get(f"{DATA}.csv?by=region").content == (
        client.get(f"{DATA}.csv?by=region&form=cross").content
    )
    assert list(tidy[0]) == [
        *("REGION", "REGION_LABEL", "SEX", "SEX_LABEL", "OBS_VALUE", "OBS_STATUS"),
    ]
    assert len(tidy) == 4 * len(across) > 8
    assert figures_of(tidy) == figures_of(across)
    assert {row["OBS_STATUS"] for row in tidy} == {"A"}
    assert {row["SEX"]: row["SEX_LABEL"] for row in tidy}["_OU"] == "Other or not stated"


@pytest.mark.parametrize(
    ("labels", "names"),
    [
        ("codes", ["REGION", "SEX"]),
        ("labels", ["REGION_LABEL", "SEX_LABEL"]),
        ("both", ["REGION", "REGION_LABEL", "SEX", "SEX_LABEL"]),
    ],
)
def test_a_reader_chooses_codes_labels_or_both_in_every_format(client, permits, labels, names):
    query = f"by=region&form=tidy&labels={labels}"
    head = [*names, "OBS_VALUE", "OBS_STATUS"]
    assert list(rows_of(client.get(f"{DATA}.csv?{query}"))[0]) == head
    table = pq.read_table(io.BytesIO(client.get(f"{DATA}.parquet?{query}").content))
    assert table.column_names == head
    book = openpyxl.load_workbook(io.BytesIO(client.get(f"{DATA}.xlsx?{query}").content))
    assert [cell.value for cell in book["Figures"][1]] == head


def test_a_period_without_a_delivery_has_no_figure_in_any_form(client, accept, publish):
    accept("SMS-WPF", draw("SMS-WPF", ["2026-01", "2026-03"], 240))
    publish("WPF")
    tidy = rows_of(client.get(f"{DATA}.csv?by=month&form=tidy"))
    february = [row for row in tidy if row["TIME_PERIOD"] == "2026-02"]
    assert [(row["OBS_VALUE"], row["OBS_STATUS"]) for row in february] == [("", "O")] * 4
    content = client.get(f"{DATA}.parquet?by=month&form=tidy").content
    rows = pq.read_table(io.BytesIO(content)).to_pylist()
    assert {r["OBS_VALUE"] for r in rows if r["TIME_PERIOD"] == "2026-02"} == {None}
    regions = rows_of(client.get(f"{DATA}.csv?by=region&form=tidy"))
    assert {row["OBS_STATUS"] for row in regions} == {"O"}  # a delivery is missing from each sum


def test_a_byte_order_mark_only_for_those_who_ask(client, permits):
    plain = client.get(f"{T14}.csv").content
    assert client.get(f"{T14}.csv?bom=no").content == plain
    assert client.get(f"{T14}.csv?bom=yes").content == b"\xef\xbb\xbf" + plain
    assert plain.startswith(b"OCCUPATION,")


@pytest.mark.parametrize(
    ("address", "said"),
    [
        (f"{T14}.csv?form=long", "“form” is one of cross, tidy, not “long”."),
        (f"{T14}.xlsx?labels=none", "“labels” is one of both, codes, labels, not “none”."),
        (f"{T14}.csv?bom=1", "“bom” is one of no, yes, not “1”."),
        (f"{T14}.csv?form=tidy&form=cross", "“form” is given more than once."),
        (f"{T14}.xlsx?bom=yes", "There is no parameter “bom”."),
        (f"{T14}.json?form=tidy", "There is no parameter “form”."),
        (f"{T14}.parquet?bom=yes", "There is no parameter “bom”."),
        (f"{T14}.csv-metadata.json?shoe=1", "There is no parameter “shoe”."),
        (f"{T14}.txt?form=%00", "“form” is one of"),
    ],
)
def test_a_choice_that_a_format_does_not_read_is_refused_in_words(client, permits, address, said):
    response = client.get(address)
    assert response.status_code == 400
    assert "Traceback" not in response.content.decode()
    if "%00" not in address:
        assert said in response.content.decode()


def test_the_description_of_a_csv_names_its_columns_rows_and_digest(client, permits, settings):
    settings.DATA_LICENSE = "https://licence.example/by"
    query = "by=quarter,region&form=tidy&region=TM-S,TM-A"
    file = client.get(f"{DATA}.csv?{query}")
    link = re.fullmatch(
        r'<([^>]+)>; rel="describedby"; type="application/csvm\+json"', file["Link"]
    )[1]
    assert link.startswith(f"{DATA}.csv-metadata.json?") and "release=WPF-1" in link
    response = client.get(link)
    assert response["Content-Type"] == "application/csvm+json"
    said = json.loads(response.content)
    assert said["@context"] == ["http://www.w3.org/ns/csvw", {"@language": "en"}]
    assert client.get(said["url"]).content == file.content
    assert said["dc:title"]["@value"] and said["dc:publisher"]["schema:name"]
    assert said["dc:license"] == {"@id": "https://licence.example/by"}
    assert said["schema:sha256"] == hashlib.sha256(file.content).hexdigest()
    assert said["schema:numberOfItems"] == len(rows_of(file)) == int(file["X-Row-Count"])
    assert said["dcat:byteSize"] == len(file.content)
    assert said["schema:name"] == name_of(file)
    assert name_of(response) == f"{name_of(file)}-metadata.json"
    columns = said["tableSchema"]["columns"]
    assert [column["name"] for column in columns] == list(rows_of(file)[0])
    for column in columns:
        assert set(column["titles"]) == {"en", "ru", "tk"}
        assert all(titles[0] == column["name"] for titles in column["titles"].values())
    assert columns[0]["titles"]["ru"] != columns[0]["titles"]["en"]
    assert said["tableSchema"]["primaryKey"] == ["QUARTER", "REGION", "SEX"]
    keys = [tuple(row[k] for k in said["tableSchema"]["primaryKey"]) for row in rows_of(file)]
    assert len(set(keys)) == len(keys)
    notes = [note["body"]["@value"] for note in said["notes"]]
    assert any("multiple of 3" in note for note in notes)
    assert any("do not add all rows up" in note for note in notes)


def test_values_are_of_the_datatypes_that_the_description_names(client, permits):
    reads = {"string": str, "integer": int, "decimal": float}
    for form in ("cross", "tidy"):
        query = f"by=region,year&form={form}"
        said = json.loads(client.get(f"{DATA}.csv-metadata.json?{query}").content)
        for row in rows_of(client.get(f"{DATA}.csv?{query}")):
            for column in said["tableSchema"]["columns"]:
                value = row[column["name"]]
                assert value == "" or str(reads[column["datatype"]](value)) == value


def test_without_a_licence_none_is_named(client, permits):
    assert "dc:license" not in json.loads(client.get(f"{T14}.csv-metadata.json").content)


def test_json_is_the_answer_of_the_api_with_all_rows(client, permits):
    answer = client.get("/figures/api/v1/tables/T14/data").json()
    assert answer.pop("table") == "T14" and answer["next"] is None
    assert json.loads(client.get(f"{T14}.json").content) == answer


def test_parquet_holds_exactly_the_question_with_types_and_notes(client, permits):
    response = client.get(f"{DATA}.parquet?by=region&region=TM-S")
    table = pq.read_table(io.BytesIO(response.content))
    assert table.num_rows == 1 == int(response["X-Row-Count"])
    (row,) = table.to_pylist()
    (same,) = rows_of(client.get(f"{DATA}.csv?by=region&region=TM-S"))
    assert str(row["_T"]) == same["_T"] and row["REGION"] == "TM-S"
    assert [str(table.schema.field(n).type) for n in ("REGION", "F", "FEMALE_SHARE")] == [
        *("string", "int64", "double"),
    ]
    metadata = table.schema.metadata
    assert metadata[b"migdata.release"] == b"WPF-1"
    assert any("multiple of 3" in note for note in json.loads(metadata[b"migdata.notes"]))


@pytest.mark.parametrize("form", ["cross", "tidy"])
def test_a_workbook_can_be_read_by_a_screen_reader(client, permits, form):
    content = client.get(f"{T14}.xlsx?form={form}&lang=ru").content
    book = openpyxl.load_workbook(io.BytesIO(content))
    assert book.properties.language == "ru"
    assert book.properties.title
    assert book.sheetnames == ["Figures", "Notes"]
    sheet = book["Figures"]
    (table,) = sheet.tables.values()
    assert table.ref == sheet.dimensions and table.headerRowCount == 1
    assert [column.name for column in table.tableColumns] == [cell.value for cell in sheet[1]]
    assert sheet.freeze_panes == "A2"
    assert not [area for page in book for area in page.merged_cells.ranges]


def test_a_workbook_that_is_too_large_to_mark_has_the_same_cells(client, permits, monkeypatch):
    marked = client.get(f"{T14}.xlsx").content
    monkeypatch.setattr(xlsx, "MARKED", 0)
    plain = client.get(f"{T14}.xlsx").content
    first, second = (openpyxl.load_workbook(io.BytesIO(c))["Figures"] for c in (marked, plain))
    assert first.tables and not second.tables and second.auto_filter.ref == second.dimensions
    assert list(first.values) == list(second.values)


def test_a_name_says_what_a_file_holds(client, permits):
    names = {
        f"{T14}.csv": "migdata_T14_WPF-1_2026-01_2026-03_en.csv",
        f"{T14}.csv?lang=ru": "migdata_T14_WPF-1_2026-01_2026-03_ru.csv",
        f"{DATA}.csv?by=month&from=2026-02": (
            "migdata_WPF-1_by-TIME-PERIOD_2026-02_2026-03_en.csv"
        ),
        f"{T14}.xlsx?form=tidy&labels=codes": (
            "migdata_T14_WPF-1_2026-01_2026-03_tidy_codes_en.xlsx"
        ),
        f"{T14}.csv?bom=yes": "migdata_T14_WPF-1_2026-01_2026-03_bom_en.csv",
        f"{T14}.json?decision=OTHER": "migdata_T14_WPF-1_2026-01_2026-03_DECISION-OTHER_en.json",
        f"{DATA}.parquet?by=region,quarter&decision=all": (
            "migdata_WPF-1_by-REGION-QUARTER_2026-01_2026-03_DECISION-all_en.parquet"
        ),
        f"{T14}.txt": "migdata_T14_WPF-1_2026-01_2026-03_en.txt",
        f"{DATA}.csv?time_period=2026-01,2026-03": (
            "migdata_WPF-1_2026-01_2026-03_of-2026-01-2026-03_en.csv"
        ),
    }
    assert {address: name_of(client.get(address)) for address in names} == names
    same = (f"{DATA}.csv?by=region&region=TM-S,TM-A", f"{DATA}.csv?region=TM-A,TM-S&by=REGION")
    assert len({name_of(client.get(address)) for address in same}) == 1
    long = client.get(f"{DATA}.csv?citizenship=" + ",".join(["TUR", "CHN", "RUS", "KAZ"] * 9))
    assert len(name_of(long)) < 150


def test_every_file_says_its_rows_and_digest_and_head_says_the_same(client, permits):
    for suffix in (*FORMATS, *DESCRIPTIONS):
        response = client.get(f"{T14}.{suffix}")
        assert response.status_code == 200, suffix
        assert response["Repr-Digest"] == digest_of(response.content), suffix
        assert ("X-Row-Count" in response) == (suffix in FORMATS), suffix
        head = client.head(f"{T14}.{suffix}")
        assert head.status_code == 200 and head.content == b""
        for name in ("ETag", "Content-Length", "Content-Disposition", "Repr-Digest"):
            assert head[name] == response[name], (suffix, name)
        for name in ("Repr-Digest", "X-Row-Count"):
            assert name in response["Access-Control-Expose-Headers"]
    assert client.get(f"{T14}.csv")["X-Row-Count"] == str(len(rows_of(client.get(f"{T14}.csv"))))


@pytest.mark.parametrize("few", [0, 500], ids=["kept", "written at once"])
def test_parts_of_a_file_are_sent_to_those_who_have_the_rest(client, permits, monkeypatch, few):
    monkeypatch.setattr(kept, "FEW_ROWS", few)
    address = f"{DATA}.csv?{MANY}"
    file = client.get(address)
    whole, tag, size = file.content, file["ETag"], len(file.content)
    assert file["Accept-Ranges"] == "bytes"

    def part(asked, **heads):
        return client.get(address, headers={"Range": asked, **heads})

    for asked, first, last in (
        ("bytes=0-9", 0, 9),
        ("bytes=10-", 10, size - 1),
        ("bytes=-7", size - 7, size - 1),
        (f"bytes=5-{size * 2}", 5, size - 1),
    ):
        for heads in ({}, {"If-Range": tag}):
            response = part(asked, **heads)
            assert response.status_code == 206
            assert response.content == whole[first : last + 1]
            assert response["Content-Range"] == f"bytes {first}-{last}/{size}"
            assert response["Content-Length"] == str(last - first + 1)
            assert response["Repr-Digest"] == digest_of(whole)
            assert response["X-Row-Count"] == file["X-Row-Count"]
    beyond = part(f"bytes={size}-")
    assert beyond.status_code == 416 and beyond["Content-Range"] == f"bytes */{size}"
    assert f"it has {size} bytes" in beyond.content.decode()
    for asked, heads in (
        ("bytes=0-9", {"If-Range": '"another"'}),
        ("bytes=0-9", {"If-Range": f"W/{tag}"}),
        ("bytes=0-1,4-5", {}),
        ("bytes=9-2", {}),
        ("rows=0-9", {}),
        ("bytes=-", {}),
    ):
        response = part(asked, **heads)
        assert response.status_code == 200 and response.content == whole, asked
    assert part("bytes=0-9", **{"If-None-Match": tag}).status_code == 304
    assert client.head(address, headers={"Range": "bytes=0-9"}).status_code == 200


def test_a_large_part_is_read_while_it_is_sent(client, permits, monkeypatch):
    monkeypatch.setattr(kept, "FEW_ROWS", 0)
    address = f"{DATA}.csv?{MANY}"
    whole = client.get(address).content
    monkeypatch.setattr(caching, "WHOLE", 20)
    response = client.get(address, headers={"Range": "bytes=3-202"})
    assert response.streaming and response.status_code == 206
    assert response["Content-Length"] == "200"
    assert response.getvalue() == whole[3:203]


def test_the_files_of_whole_tables_have_digests_and_parts_too(client, permits):
    address = "/figures/api/v1/releases/WPF-1/core.parquet"
    whole = client.get(address)
    assert whole["Repr-Digest"] == digest_of(whole.content)
    part = client.get(address, headers={"Range": "bytes=-4"})
    assert part.status_code == 206 and part.content == b"PAR1"


def test_files_of_the_builder_are_laid_out_described_and_named_too(client, permits):
    address = "/figures/build/figures"
    query = "rows=CITIZENSHIP&group=CITIZENSHIP:Neighbours=KAZ+RUS&form=tidy&labels=codes"
    file = client.get(f"{address}.csv?{query}")
    rows = rows_of(file)
    assert list(rows[0]) == ["CITIZENSHIP", "SEX", "OBS_VALUE", "OBS_STATUS"]
    assert {row["CITIZENSHIP"] for row in rows} >= {"_G1"}
    assert re.fullmatch(
        r"migdata_WPF-1_by-CITIZENSHIP_2026-01_2026-03_grouped-[0-9a-f]{8}_tidy_codes_en\.csv",
        name_of(file),
    )
    link = file["Link"].partition(">")[0].removeprefix("<")
    said = json.loads(client.get(link).content)
    assert client.get(said["url"]).content == file.content
    assert said["schema:sha256"] == hashlib.sha256(file.content).hexdigest()
    notes = " ".join(client.get(f"{address}.txt?{query}").content.decode().split())
    assert "0 can mean up to 2" in notes and name_of(file) in notes
    assert client.get(f"{address}.csv?{query}&form=cross").status_code == 400
    assert client.get(f"{address}.json?{query}").status_code == 400
    page = client.get("/figures/build/?rows=REGION").content.decode()
    found = re.findall(r'href="(/figures/build/figures\.[^"]+)"', page)
    assert len(found) == len(FORMATS) + 7
    for link in found:
        assert client.get(unescape(link)).status_code == 200, link


@given(
    size=st.integers(0, 50),
    first=st.integers(0, 60) | st.none(),
    last=st.integers(0, 60) | st.none(),
)
def test_a_part_lies_in_the_file_whatever_is_asked(size, first, last):
    asked = f"bytes={'' if first is None else first}-{'' if last is None else last}"
    request = RequestFactory().get("/", headers={"Range": asked})
    try:
        found = representations.asked_range(request, '"a"', size)
    except NotSatisfiable:
        assert (first is not None and first >= size) or (first is None and not (last and size))
        return
    if found is None:
        assert first is last is None or (None not in (first, last) and last < first)
        return
    begin, end = found
    assert 0 <= begin <= end < size
    content = bytes(range(size))
    expected = (
        content[-last:] if first is None else content[first : None if last is None else last + 1]
    )
    assert b"".join(representations.whole(content).pieces(begin, end)) == expected


def test_the_page_offers_every_format_and_layout(client, permits):
    page = client.get("/figures/tables/T14/?decision=OTHER").content.decode()
    found = [
        address.replace("&amp;", "&")
        for address in re.findall(r'href="(/figures/tables/T14\.[^"]+)"', page)
    ]
    assert len(found) == len(FORMATS) + 7
    for address in found:
        assert "decision=OTHER" in address
        assert client.get(address).status_code == 200, address
    dashboard = client.get("/figures/?dataset=WPF").content.decode()
    for address in set(re.findall(r'href="(/figures/data/WPF\.[^"]+)"', dashboard)):
        assert client.get(address.replace("&amp;", "&")).status_code == 200, address
