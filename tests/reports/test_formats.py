"""Formats are one table: an entry is a route, a media type and a link on every page."""

import csv
import io

import pytest
from django.utils.html import escape

from reports.formats import FORMATS, flat
from reports.formats.format import Format


def as_toy(document):
    out = io.StringIO()
    writer = csv.writer(out, delimiter="\t", lineterminator="\n")
    writer.writerow(flat.header(document.table))
    writer.writerows(flat.rows(document.table, document.language))
    return out.getvalue().encode()


@pytest.fixture
def toy(monkeypatch):
    """A format that nobody has heard of, added to the table of formats and nowhere else."""
    monkeypatch.setitem(FORMATS, "toy", Format("toy", "text/x-toy; charset=utf-8", "TOY", as_toy))


def test_a_format_is_not_there_before_it_is_added(client, permits):
    assert client.get("/figures/tables/T14.toy").status_code == 404
    assert client.get("/figures/data/WPF.toy").status_code == 404
    assert ".toy" not in client.get("/figures/tables/T14/").content.decode()


def test_an_entry_gives_route_media_type_and_links(client, permits, toy):
    for address in ("/figures/tables/T14.toy", "/figures/data/WPF.toy?by=region"):
        response = client.get(address)
        assert response.status_code == 200
        assert response["Content-Type"] == "text/x-toy; charset=utf-8"
        assert response["Content-Disposition"].endswith('.toy"')
        assert b"\tF\tM\t_OU\t_T\t" in response.content
    again = client.get("/figures/tables/T14.toy", headers={"If-None-Match": "*"})
    assert again.status_code == 304
    table = client.get("/figures/tables/T14/?decision=OTHER").content.decode()
    assert '<a href="/figures/tables/T14.toy?decision=OTHER">TOY</a>' in table
    dashboard = client.get("/figures/?dataset=WPF&decision=OTHER").content.decode()
    link = escape("/figures/data/WPF.toy?by=AGE5&decision=OTHER")
    assert f'<a href="{link}">TOY</a>' in dashboard


def test_every_link_of_a_format_answers(client, permits):
    page = client.get("/figures/tables/T14/").content.decode()
    for suffix, entry in FORMATS.items():
        assert f'<a href="/figures/tables/T14.{suffix}?">{entry.label}</a>' in page
        response = client.get(f"/figures/tables/T14.{suffix}?")
        assert response.status_code == 200 and response["Content-Type"] == entry.media_type
