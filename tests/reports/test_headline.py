"""What a dataset counts: every page names it, a reader may choose otherwise, and no sentence misleads."""

import csv
import io
import re

import openpyxl
import pytest

from tests.reports.conftest import DATASETS, rewrite, text_of

V1 = "/figures/api/v1"
NAMES = {"WPF": "Permits granted or renewed", "BCR": "Entries", "SLP": "Arrivals from abroad"}
LIMITS = {"WPF": ("decision", "GRANTED"), "BCR": ("direction", "IN"), "SLP": ("flow", "IN")}


def notes_of(content):
    return " ".join(content.decode().split())


def rows_of(content):
    lines = content.decode().splitlines()
    assert not [line for line in lines if line.startswith("#")]
    return list(csv.DictReader(lines))


@pytest.mark.parametrize("dataset", DATASETS)
def test_every_answer_counts_the_headline_and_names_it(client, released, dataset):
    (name, code), title = LIMITS[dataset], NAMES[dataset]
    api = client.get(f"{V1}/datasets/{dataset}/data").json()
    limited = client.get(f"{V1}/datasets/{dataset}/data?{name}={code}").json()
    every = client.get(f"{V1}/datasets/{dataset}/data?{name}=all").json()
    assert api["measure"] == title and api["total"] == limited["total"]
    assert every["total"]["_T"] > api["total"]["_T"] > 0
    assert api["where"] == {name.upper(): [code]}
    assert client.get(f"{V1}/datasets/{dataset}").json()["structure"]["headline"] == {
        "labels": released[dataset].structure["headline"]["labels"],
        "where": {name.upper(): [code]},
    }
    page = text_of(client.get(f"/figures/?dataset={dataset}"))
    assert re.search(rf"{title}(, [\w ]+)?: (women are|too few)", page)
    (row,) = rows_of(client.get(f"/figures/data/{dataset}.csv").content)
    assert int(row["_T"]) == api["total"]["_T"]
    assert f"Counted: {title}." in notes_of(client.get(f"/figures/data/{dataset}.txt").content)
    book = openpyxl.load_workbook(io.BytesIO(client.get(f"/figures/data/{dataset}.xlsx").content))
    assert f"Counted: {title}." in [cell.value for cell in book["Notes"]["A"]]


def test_a_table_says_what_it_counts_and_its_filter_offers_the_rest(client, released):
    page = client.get("/figures/tables/T14/")
    assert "Counted: Permits granted or renewed." in text_of(page)
    assert b'<option value="all"' in page.content and b'value="OTHER"' in page.content
    refused = text_of(client.get("/figures/tables/T14/?decision=OTHER"))
    assert "Counted: Work permits for foreigners; Decision: Refused or ended." in refused
    every = text_of(client.get("/figures/tables/T14/?decision=all"))
    assert "Decision: all together" in every
    rows = text_of(client.get("/figures/tables/T08/"))
    assert "Counted: Border crossings; Direction: all, in rows of their own." in rows


def test_the_dashboard_follows_another_choice_and_says_so(client, released):
    exits = text_of(client.get("/figures/?dataset=BCR&direction=OUT"))
    assert "Border crossings; Direction: Exit, January 2026 to March 2026: women are" in exits
    for other in ("Permits granted or renewed", "Arrivals from abroad"):
        assert other not in exits


def test_a_release_from_before_headlines_says_that_it_is_the_whole_dataset(client, released):
    structure = released["BCR"].structure
    del structure["headline"]
    rewrite(released["BCR"], structure=structure)
    answer = client.get(f"{V1}/datasets/BCR/data").json()
    assert answer["measure"] == "Border crossings, the whole dataset"
    assert "Border crossings, the whole dataset" in text_of(client.get("/figures/?dataset=BCR"))
    every = client.get(f"{V1}/datasets/BCR/data?by=direction").json()["total"]
    assert answer["total"] == every
