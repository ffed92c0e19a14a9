"""Releases that are cited: as text and as data, and figures as they stood on a day."""

import json
import re
from itertools import product

from django.utils import timezone

from tests.reports.conftest import long_ago, text_of, withdraw

V1 = "/figures/api/v1"
PAGE = "/figures/releases/"


def test_a_release_is_cited_as_text_for_tex_and_as_data(client, permits):
    text = client.get(f"{PAGE}WPF-1/cite.txt")
    year = timezone.localdate().year
    assert text["Content-Type"].startswith("text/plain")
    assert text.content.decode().startswith(
        f"Migration in figures ({year}). Work permits for foreigners. Release WPF-1, "
    )
    assert text.content.decode().endswith("http://testserver/figures/releases/WPF-1/\n")
    tex = client.get(f"{PAGE}WPF-1/cite.bib").content.decode()
    assert tex.startswith("@misc{WPF-1,\n") and f"  year = {{{year}}},\n" in tex
    assert "url = {http://testserver/figures/releases/WPF-1/}" in tex
    assert tex.count("{") == tex.count("}")
    data = json.loads(client.get(f"{PAGE}wpf-1/cite.json").content)
    assert data["types"]["resourceTypeGeneral"] == "Dataset"
    assert data["version"] == "WPF-1" and data["publicationYear"] == year
    assert {c["name"] for c in data["contributors"]} == {"SMS", "MLSP"}
    assert client.get(f"{PAGE}WPF-1/cite.doc").status_code == 404


def test_a_citation_of_a_table_leads_to_it_in_that_release_for_ever(client, two):
    asked = {"table": "t14", "quarter": "2026-Q1", "utm_source": "mail"}
    data = json.loads(client.get(f"{PAGE}WPF-1/cite.json", asked).content)
    assert data["url"] == "http://testserver/figures/tables/T14/?quarter=2026-Q1&release=WPF-1"
    assert data["titles"][0]["title"].startswith("T14 ")
    page = client.get(data["url"].removeprefix("http://testserver"))
    assert page.status_code == 200 and "You are reading release WPF-1" in text_of(page)
    data = json.loads(client.get(f"{PAGE}WPF-1/cite.json", {"by": "region,sex"}).content)
    address = data["url"].removeprefix("http://testserver")
    assert (
        client.get(address).content
        == client.get("/figures/data/WPF.csv?by=region&release=WPF-1").content
    )


def test_a_citation_of_what_there_is_not_is_refused_in_words(client, permits):
    for query, status in {
        "table=T08": 404,  # of another dataset
        "table=NOPE": 404,
        "table=T14&table=T14": 400,
        "table=T14&region=XX": 400,
        "by=shoe": 400,
        "colour=red": 400,
        "lang=xx": 400,
        "lang=ru": 200,
    }.items():
        response = client.get(f"{PAGE}WPF-1/cite.txt?{query}")
        assert response.status_code == status and response.content, query


def test_signs_of_tex_are_escaped():
    from reports.formats.citation import _tex

    assert _tex(r"50% of A&B_{c} ~ \d") == r"50\% of A\&B\_\{c\} \~{} \textbackslash{}d"


# As it stood on a day


AS_OF = (
    "/figures/?dataset=WPF&as_of={}",
    "/figures/tables/T14/?as_of={}",
    "/figures/tables/T14.csv?as_of={}",
    "/figures/data/WPF.csv?as_of={}",
    "/figures/charts/trend-large-light.svg?dataset=WPF&as_of={}",
    V1 + "/datasets/WPF?as_of={}",
    V1 + "/datasets/WPF/data?as_of={}",
    V1 + "/tables/T14/data?as_of={}",
)


def content_of(response):
    return response.getvalue() if response.streaming else response.content


def test_figures_as_of_a_day_are_those_of_the_release_that_stood_then(client, two):
    first, second = two
    day = long_ago(first, 20)
    long_ago(second, 10)
    for address in AS_OF:
        asked = client.get(address.format(day))
        assert asked.status_code == 200, address
        named = client.get(address.replace("as_of={}", "release=WPF-1"))
        if "/figures/?" not in address and "T14/?" not in address:
            assert content_of(asked) == content_of(named), address
        else:
            assert "You are reading release WPF-1" in text_of(asked)
        now = client.get(address.format(timezone.localdate().isoformat()))
        assert content_of(now) != content_of(asked), address


def test_a_day_on_which_nothing_stood_or_that_is_none_is_refused_in_words(client, permits):
    for address, (day, status, words) in product(AS_OF, NO_DAYS):
        response = client.get(address.format(day))
        assert response.status_code == status, (address, day)
        assert words in text_of(response), (address, day)


NO_DAYS = [
    ("1999-01-01", 404, "The first came on"),
    ("0001-01-01", 404, "The first came on"),
    ("9999-12-31", 404, "has not come yet"),
    ("2026-02-30", 404, "in the calendar"),
    ("yesterday", 400, "is a day such as"),
    ("20260101", 400, "is a day such as"),
    ("2026-W01-1", 400, "is a day such as"),
    ("٢٠٢٦-٠١-٠١", 400, "is a day such as"),
    ("2026-01-01&as_of=2026-01-02", 400, "more than once"),
]


def test_a_day_and_a_release_have_to_mean_the_same(client, two):
    day = long_ago(two[0], 20)
    both = f"{V1}/datasets/WPF/data?release={{}}&as_of={day}"
    assert client.get(both.format("WPF-1")).status_code == 200
    refused = client.get(both.format("WPF-2"))
    assert refused.status_code == 404 and "WPF-1 stood, not WPF-2" in refused.json()["detail"]


def test_what_stood_then_and_was_withdrawn_since_is_gone(client, two, publisher):
    day = long_ago(two[0], 20)
    withdraw(two[0], publisher)
    response = client.get(f"{V1}/datasets/WPF/data?as_of={day}")
    assert response.status_code == 410 and "A region was wrong." in response.json()["detail"]
    assert response.json()["in_force"] == "WPF-2"


def test_the_sums_of_a_page_are_those_of_its_release(client, two):
    first, second = two
    day = long_ago(first, 20)
    long_ago(second, 10)
    for address, release in ((f"&as_of={day}", "WPF-1"), ("", "WPF-2")):
        page = client.get(f"/figures/?dataset=WPF{address}").content.decode()
        shown = re.findall(r'<tr class="all">.*?<td colspan="2">\s*([\d,]+)', page, re.S)
        counted = client.get(f"{V1}/datasets/WPF/data?release={release}").json()["total"]["_T"]
        assert int(shown[0].replace(",", "")) == counted
