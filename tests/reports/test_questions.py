"""One place reads questions: every address honours them alike, or refuses them in words."""

import csv

import pytest

from reports.formats import FORMATS
from tests.reports.conftest import draw, text_of

V1 = "/figures/api/v1"
CITING = [
    *("/figures/data/WPF.csv?", "/figures/data/WPF.xlsx?", "/figures/tables/T14.csv?"),
    *("/figures/tables/T14.xlsx?", "/figures/tables/T14/?", "/figures/?dataset=WPF&", "/figures/?"),
    *("/figures/charts/trend-large-light.svg?dataset=WPF&", f"{V1}/datasets/WPF/data?"),
    *(f"{V1}/tables/T14/data?", f"{V1}/datasets/WPF?"),
]
NOT_READ = ["limit=10", "offset=5", "format=csv", "shoe=1", "direction=IN"]


def rows_of(content):
    lines = content.decode().splitlines()
    assert not [line for line in lines if line.startswith("#")]
    return list(csv.DictReader(lines))


@pytest.fixture
def two_releases(client, permits, accept, publish):
    """WPF-1 of a quarter, and WPF-2 with a fourth month; returns what WPF-1 answered when it was the newest."""
    before = {address: client.get(address).content for address in CITING}
    accept("SMS-WPF", draw("SMS-WPF", ["2026-04"], 150, seed=7))
    publish("WPF")
    return before


def test_an_older_release_is_cited_everywhere(client, two_releases):
    for address in CITING:
        response = client.get(f"{address}release=wpf-1")
        assert response.status_code == 200, address
        if "xlsx" not in address and not address.startswith(("/figures/?", "/figures/tables/T14/")):
            assert response.content == two_releases[address], address
        newest = client.get(address)
        assert newest.content != response.content, address
    for address in ("/figures/?dataset=WPF&", "/figures/tables/T14/?"):
        older = text_of(client.get(f"{address}release=WPF-1"))
        assert "Release WPF-1," in older
        assert "You are reading release WPF-1. A newer one exists: WPF-2." in older
        assert "to March 2026" in older and "April 2026" not in older.split("About these")[0]
        assert "You are reading release" not in text_of(client.get(address))


def test_links_of_an_older_release_stay_with_it(client, two_releases):
    page = client.get("/figures/tables/T14/?release=WPF-1&decision=OTHER").content.decode()
    for suffix in FORMATS:
        assert f"/figures/tables/T14/{suffix}" not in page
        assert f"/figures/tables/T14.{suffix}?release=WPF-1&amp;decision=OTHER" in page
    assert '<input type="hidden" name="release" value="WPF-1">' in page
    dashboard = client.get("/figures/?release=WPF-1").content.decode()
    assert "/figures/data/WPF.csv?by=AGE5&amp;release=WPF-1" in dashboard
    assert "trend-large-light.svg?release=WPF-1&amp;dataset=WPF" in dashboard


@pytest.mark.parametrize("name", ["WPF-9", "BCR-1", "x", "WPF-1' OR 1=1"])
def test_a_release_that_is_not_there_is_refused_in_words(client, permits, name):
    for address in CITING:
        if address == "/figures/?" and name == "BCR-1":
            continue  # names the dataset itself
        response = client.get(f"{address}release={name}")
        assert response.status_code == 404, (address, name)
        assert "The newest is WPF-1." in response.content.decode(), (address, name)


def test_what_an_address_does_not_read_is_refused_everywhere_alike(client, permits):
    reads = {"limit": f"{V1}/", "offset": f"{V1}/"}
    for address in CITING:
        for question in NOT_READ:
            name = question.partition("=")[0]
            if name in reads and address.startswith(reads[name]) and "data?" in address:
                continue
            response = client.get(address + question)
            assert response.status_code == 400, (address, question)
            assert f"There is no parameter “{name}”. Choose from:" in response.content.decode(), (
                address,
                question,
            )
    assert client.get("/figures/tables/?release=WPF-1").status_code == 400


def test_marks_of_mailings_are_no_question(client, permits):
    for address in CITING:
        assert client.get(f"{address}utm_source=letter").status_code == 200, address


@pytest.mark.parametrize("suffix", list(FORMATS))
def test_a_file_speaks_the_language_that_is_asked_for(client, permits, suffix):
    assert client.get(f"/figures/tables/T14.{suffix}?lang=ru").status_code == 200
    refused = client.get(f"/figures/tables/T14.{suffix}?lang=fr")
    assert refused.status_code == 400 and "Choose from: en, ru, tk" in refused.content.decode()


def test_the_file_in_russian_has_russian_labels(client, permits):
    rows = rows_of(client.get("/figures/tables/T14.csv?lang=ru").content)
    assert {row["OCCUPATION"]: row["OCCUPATION_LABEL"] for row in rows}["OC1"] == "Руководители"
