"""The Atom feed of releases, by RFC 4287."""

import re
from datetime import timedelta
from xml.etree import ElementTree

import pytest
from django.utils import timezone
from django.utils.dateparse import parse_datetime
from hypothesis import given
from hypothesis import strategies as st

from agencies import scope
from reports.formats import atom
from reports.releases import verbs
from tests.reports.conftest import LATER, draw, long_ago, withdraw

PAGE = "/figures/releases/"
FEED = f"{PAGE}feed.atom"
A = "{http://www.w3.org/2005/Atom}"


def feed(client, query=""):
    return ElementTree.fromstring(client.get(FEED + query).content)


def told(client, query=""):
    """Title and content of each entry."""
    return [(e.find(f"{A}title").text, e.find(f"{A}content").text)
            for e in feed(client, query).findall(f"{A}entry")]  # fmt: skip


def test_a_feed_has_what_the_standard_requires_of_it_and_of_each_entry(client, two):
    response = client.get(FEED)
    assert response["Content-Type"].startswith("application/atom+xml")
    root = ElementTree.fromstring(response.content)
    assert root.tag == f"{A}feed"
    links = {link.get("rel"): link.get("href") for link in root.findall(f"{A}link")}
    assert links == {
        "self": f"http://testserver{FEED}",
        "alternate": f"http://testserver{PAGE}",
    }
    assert root.find(f"{A}author/{A}name").text
    entries = root.findall(f"{A}entry")
    ids = [element.find(f"{A}id").text for element in (root, *entries)]
    assert len(ids) == len(set(ids)) == 3
    for element in (root, *entries):
        for name in ("id", "title", "updated"):  # exactly one of each
            (one,) = element.findall(f"{A}{name}")
            assert one.text
        moment = element.find(f"{A}updated").text
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", moment) and parse_datetime(moment)
    for entry in entries:
        page = entry.find(f"{A}link").get("href").removeprefix("http://testserver")
        assert client.get(page).status_code == 200
    updated = [entry.find(f"{A}updated").text for entry in entries]
    assert root.find(f"{A}updated").text == max(updated) == updated[0]


def test_a_withdrawal_is_an_entry_of_its_own_with_its_reason(client, two, publisher):
    before = {e.find(f"{A}id").text for e in feed(client).findall(f"{A}entry")}
    assert told(client)[0] == ("WPF-2 is released: Work permits for foreigners", "More months.")
    withdraw(two[1], publisher, "A region was wrong.")
    assert told(client)[0] == (
        "WPF-2 is withdrawn: Work permits for foreigners",
        "A region was wrong.",
    )
    after = [e.find(f"{A}id").text for e in feed(client).findall(f"{A}entry")]
    assert after[0] not in before and len(after) == 2


def test_a_feed_of_one_dataset_has_nothing_else(client, released):
    names = [title.split()[0] for title, _text in told(client)]
    assert sorted(names) == ["BCR-1", "SLP-1", "WPF-1"]
    assert [title.split()[0] for title, _text in told(client, "?dataset=wpf")] == ["WPF-1"]
    (entry,) = feed(client, "?dataset=WPF").findall(f"{A}entry")
    assert entry.find(f"{A}category").get("term") == "WPF"


def test_a_feed_speaks_the_language_that_is_asked(client, permits):
    root = feed(client, "?lang=ru")
    assert root.get("{http://www.w3.org/XML/1998/namespace}lang") == "ru"
    assert "Разрешения на работу иностранцам" in told(client, "?lang=ru")[0][0]


def test_what_is_under_embargo_is_not_in_the_feed_before_its_time(
    client, permits, accept, publish, publisher, monkeypatch
):
    accept("SMS-WPF", draw("SMS-WPF", LATER, 240, seed=5))
    built = publish("WPF", release=False)
    assert len(told(client)) == 1
    with scope.acting(publisher):
        verbs.release(
            *(built,),
            by=publisher,
            note="Secret until then.",
            embargo_at=timezone.now() + timedelta(hours=1),
            missing_acknowledged=built.missing_text,
        )
    assert len(told(client)) == 1
    assert b"Secret" not in client.get(FEED).content
    # Withdrawn before anybody could read it: it was never out, so there is nothing to tell.
    withdraw(built, publisher)
    assert len(told(client)) == 1


def test_a_feed_that_did_not_change_is_not_sent_again(client, two, publisher):
    long_ago(two[0], 3)
    long_ago(two[1], 2)
    first = client.get(FEED)
    known = ({"If-None-Match": first["ETag"]}, {"If-Modified-Since": first["Last-Modified"]})
    for headers in known:
        again = client.get(FEED, headers=headers)
        assert (again.status_code, again.content) == (304, b"")
    withdraw(two[1], publisher)
    for headers in known:
        assert client.get(FEED, headers=headers).status_code == 200


def test_a_feed_refuses_what_it_does_not_read(client, permits):
    for query in ("?colour=red", "?lang=xx", "?dataset=WPF&dataset=BCR"):
        assert client.get(FEED + query).status_code == 400, query
    for query in (
        "?dataset=NOPE",
        "?dataset=BCR",
        "?dataset=%3Cscript%3E",
        f"?dataset={'W' * 999}",
    ):
        assert client.get(FEED + query).status_code == 404, query


def test_a_feed_of_nothing_is_a_feed(client, db):
    root = feed(client)
    assert root.findall(f"{A}entry") == [] and root.find(f"{A}updated").text


@pytest.mark.parametrize("page", [PAGE, f"{PAGE}?dataset=WPF"])
def test_the_list_of_releases_leads_to_the_feed(client, permits, page):
    html = client.get(page).content.decode()
    link = re.search(r'<link rel="alternate" type="application/atom\+xml"[^>]*href="([^"]+)"', html)
    assert link[1] == FEED + page.removeprefix(PAGE)


@given(st.text(max_size=60), st.text(max_size=60))
def test_any_words_of_a_publisher_make_well_formed_xml(title, text):
    at = timezone.now()
    entry = atom.Entry("urn:a", title, text, at, "https://a.example/", "WPF")
    content = atom.written(atom.Feed("F", "P", "urn:f", "https://a.example/", "en", (entry,)))
    said = ElementTree.fromstring(content).find(f"{A}entry/{A}content").text or ""
    lines = lambda words: words.replace("\r\n", "\n").replace("\r", "\n")
    assert said == lines(atom.NOT_IN_XML.sub("", text))
