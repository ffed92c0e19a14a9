"""Whatever readers get, page, file or program: multiples of the base that add up."""

import csv
import dataclasses
import datetime
import io
import json
import re

import openpyxl
import pytest
from django.core.management import call_command
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from reports.api import answers
from reports.designs import datasets, tables
from reports.formats import flat, xlsx
from reports.formats.format import Document
from reports.published import editions, figures
from reports.published.structure import ROLL_UPS, SEX
from reports.published.tree import NotTogether
from standards.translation import in_language
from tests.reports.conftest import DATASETS

CELL = re.compile(r'<td class="num[^"]*">([^<]*)</td>|<td(?: colspan="2")?>([0-9\W]*)</td>')
SHARE = re.compile(r"[0-9]+[.,][0-9]")
# Who moved is told when a year is over, and none is here (test_migrants_of_a_year.py).
TABLES = {
    table.code: table.dataset
    for table in tables.tables().values()
    if "RESIDENCE_CHANGE" not in table.where and table.dataset in ("BCR", "SLP", "WPF")
}


def of_csv(content):
    text = content.decode()
    assert not [line for line in text.splitlines() if line.startswith("#")]
    return list(csv.DictReader(io.StringIO(text)))


def of_xlsx(content):
    sheet = openpyxl.load_workbook(io.BytesIO(content))["Figures"]
    head, *rows = sheet.iter_rows(values_only=True)
    return [dict(zip(head, row, strict=True)) for row in rows]


def counts(row):
    return [int(row[name]) for name in ("F", "M", "_OU", "_T")]


def of_html(content):
    texts = (a or b for a, b in CELL.findall(content.decode()))
    whole = (re.sub(r"\s|&nbsp;|,", "", text) for text in texts if not SHARE.search(text))
    return [int(text) for text in whole if text.isdigit()]


def every_answer(client, code, dataset):
    """Rows of all formats, by the name of the format."""
    table = tables.tables()[code]
    family = datasets.datasets()[dataset].family.holding([*table.by, *table.where])
    names = ",".join(n for n in family.columns if n not in (SEX, *ROLL_UPS))
    headline = datasets.datasets()[dataset].headline.where
    limits = dict(table.where) if {*headline} & {*table.by, *table.where} else headline
    where = "".join(f"&{name}={','.join(codes)}" for name, codes in limits.items())
    api = f"/figures/api/v1/datasets/{dataset}/data?by={names}{where}&limit=50000"
    return {
        "csv": of_csv(client.get(f"/figures/tables/{code}.csv").content),
        "xlsx": of_xlsx(client.get(f"/figures/tables/{code}.xlsx").content),
        "api of the table": client.get(f"/figures/api/v1/tables/{code}/data").json()["rows"],
        "every cell": client.get(api).json()["rows"],
        "csv of every cell": of_csv(
            client.get(f"/figures/data/{dataset}.csv?by={names}{where}").content
        ),
    }


def test_every_count_is_a_multiple_of_the_base_sexes_add_up_and_all_formats_agree(client, released):
    for code, dataset in TABLES.items():
        answers = every_answer(client, code, dataset)
        for name, rows in answers.items():
            assert rows, name
            for row in rows:
                women, men, other, total = counts(row)
                assert all(n % 3 == 0 for n in (women, men, other, total)), name
                assert women + men + other == total, name
        named = [
            [counts(row) for row in answers[name]] for name in ("csv", "xlsx", "api of the table")
        ]
        assert named[0] == named[1] == named[2]
        # A row of net migration is a difference of others, so it is not added to them.
        sums = {
            sum(counts(row)[3] for row in rows if row.get("FLOW") != "NET")
            for rows in answers.values()
        }
        assert len(sums) == 1


def test_every_count_on_a_page_is_a_multiple_of_the_base(client, released):
    pages = ("/figures/", "/figures/?dataset=SLP", *(f"/figures/tables/{t}/" for t in TABLES))
    for path in pages:
        found = of_html(client.get(path).content)
        assert len(found) > 8
        assert [n for n in found if n % 3] == []


def test_the_command_prints_protected_figures(permits):
    out = io.StringIO()
    call_command("tabulate", "WPF", by="sex,quarter,region", stdout=out)
    rows = list(csv.DictReader(io.StringIO(out.getvalue())))
    assert rows and all(int(row["count"]) % 3 == 0 for row in rows)


@settings(max_examples=12, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_any_table_adds_up_to_any_other(released, data):
    """F + M + other = total in each row, and all tables of one question have one total."""
    edition = editions.latest(data.draw(st.sampled_from(list(DATASETS))))
    names = [name for name in edition.structure.names if name != SEX]
    name = data.draw(st.sampled_from(names))
    codes = list(edition.structure.by_name[name].by_code)
    where = {name: data.draw(st.lists(st.sampled_from(codes), min_size=1, max_size=4))}
    by = data.draw(st.lists(st.sampled_from(names), max_size=4))
    try:
        table, total = figures.tabulate(edition, by, where), figures.tabulate(edition, [], where)
    except NotTogether:
        return  # no table has these columns
    for row in table.rows:
        f = row.figures
        assert f.total == f.f + f.m + f.o and not any(n % 3 for n in (f.f, f.m, f.o))
    assert table.total == total.total


def test_a_workbook_tells_what_a_reader_has_to_know(client, permits):
    response = client.get("/figures/tables/T14.xlsx")
    book = openpyxl.load_workbook(io.BytesIO(response.content))
    assert book.sheetnames == ["Figures", "Notes"]
    notes = " ".join(str(cell.value) for cell in book["Notes"]["A"])
    for said in ("WPF-1", "multiple of 3", "0 can mean up to 2", "Source: SMS, MLSP"):
        assert said in notes
    head = [cell.value for cell in book["Figures"][1]]
    assert head[:4] == ["OCCUPATION", "OCCUPATION_LABEL", "SKILL", "SKILL_LABEL"]
    assert tuple(head[4:]) == flat.MEASURES


def test_what_a_reader_has_to_know_stands_beside_the_file(client, permits):
    notes = " ".join(client.get("/figures/tables/T14.txt").content.decode().split())
    for said in ("WPF-1", "0 can mean up to 2", "A row that is not there is 0"):
        assert said in notes


@pytest.mark.parametrize(("language", "label"), [("ru", "Руководители"), ("tk", "Ýolbaşçylar")])
def test_labels_speak_the_language_of_the_reader_and_codes_do_not_change(
    client, permits, language, label
):
    rows = of_csv(
        client.get("/figures/tables/T14.csv", headers={"Accept-Language": language}).content
    )
    assert {row["OCCUPATION"]: row["OCCUPATION_LABEL"] for row in rows}["OC1"] == label


def test_a_workbook_is_the_same_bytes_every_time(permits):
    then = datetime.datetime(2020, 2, 3, 4, 5, 6, tzinfo=datetime.UTC)
    edition = dataclasses.replace(editions.latest("WPF"), released_at=then)
    table = figures.tabulate(edition, tables.tables()["T14"].by)
    title = in_language(edition.structure.title)
    made = xlsx.as_xlsx(Document(table, "en", title))
    assert xlsx.as_xlsx(Document(table, "en", title)) == made
    created = openpyxl.load_workbook(io.BytesIO(made)).properties.created
    assert created == then.replace(tzinfo=None)  # not the clock


def test_the_description_names_the_measures_of_the_files():
    assert tuple(answers.FIGURES) == flat.MEASURES


def test_too_few_people_have_no_share():
    few = figures.Figures(51, 48, 21, 3)
    assert few.female_share is None and few.coverage is not None
    assert figures.Figures(51, 51, 0, 3).female_share == 50.0
    assert json.dumps(flat.measures(few)) == "[51, 48, 21, 120, null, 82.5]"
