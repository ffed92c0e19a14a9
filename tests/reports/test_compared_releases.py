"""One release beside another, and a series as every release had it."""

from reports.published import comparing, editions, figures
from tests.reports.conftest import cells_of, text_of

PAGE = "/figures/releases/"


def test_two_releases_are_compared_cell_by_cell(client, two):
    one, other = (editions.cited(name) for name in ("WPF-1", "WPF-2"))
    for by in (["DECISION"], ["TIME_PERIOD"], ["REGION", "DECISION"], ["QUARTER", "DECISION"]):
        rows = comparing.compare(one, other, by, {})
        for edition, side in ((one, "before"), (other, "after")):
            there = {row.codes: row.figures for row in figures.tabulate(edition, by).rows}
            shown = {row.codes: getattr(row, side) for row in rows}
            assert there.items() <= shown.items()
            assert not any(f.total for codes, f in shown.items() if f and codes not in there)
        for row in rows:
            if row.change:
                assert sum(row.change[:3]) == row.change[3] == row.after.total - row.before.total
    april = next(
        row for row in comparing.compare(one, other, ["TIME_PERIOD"], {}) if row.before is None
    )
    assert april.codes == ("2026-04",) and april.is_changed and april.change is None


def test_the_page_that_compares_shows_both_figures_and_the_change(client, two):
    response = client.get(f"{PAGE}compare/?first=WPF-1&second=WPF-2&by=month&decision=all")
    said = text_of(response)
    assert response.status_code == 200 and "WPF-1 beside WPF-2" in said
    assert "1 of 4 rows changed." in said
    assert cells_of(response, "January 2026")[3][1] == 0  # what is out stays
    assert "new" in said[said.index("April 2026") :]
    only = text_of(client.get(f"{PAGE}compare/?by=month&decision=all&changed=1"))
    assert "Row April 2026" in only and "Row January 2026" not in only


def test_without_names_the_newest_release_is_compared_with_the_one_before(client, two):
    said = text_of(client.get(f"{PAGE}compare/"))
    assert "WPF-1 beside WPF-2" in said
    assert "WPF-1 beside WPF-2" in text_of(client.get(f"{PAGE}compare/?first=wpf-1"))


def test_a_single_release_has_nothing_to_be_compared_with(client, permits):
    assert "only release of its dataset" in text_of(client.get(f"{PAGE}compare/"))


def test_a_comparison_that_cannot_be_made_is_refused_in_words(client, released):
    for query, status in {
        "first=WPF-1&second=BCR-1": 400,
        "first=WPF-1&first=WPF-1": 400,
        "first=WPF-9": 404,
        "second=' OR 1=1": 404,
        "second=WPF-1&first=WPF-1&by=shoe": 400,
        "second=WPF-1&first=WPF-1&by=month,quarter": 400,
        "second=WPF-1&first=WPF-1&by=region,occupation": 400,
        "second=WPF-1&first=WPF-1&region=XX": 400,
        "second=WPF-1&first=WPF-1&colour=red": 400,
        "second=WPF-1&first=WPF-1&by=region&page=99999999999999999999": 200,
    }.items():
        response = client.get(f"{PAGE}compare/?{query}")
        assert response.status_code == status, query
        assert status == 200 or 'role="alert"' in response.content.decode(), query


def test_a_series_is_shown_as_every_release_had_it(client, two):
    for show, part in (("total", "total"), ("women", "f"), ("men", "m")):
        response = client.get(f"{PAGE}revisions/wpf/?time=month&show={show}")
        assert response.status_code == 200
        for month, name in (("2026-01", "January 2026"), ("2026-04", "April 2026")):
            where = {"DECISION": ["GRANTED"], "TIME_PERIOD": [month]}
            newest = figures.tabulate(editions.latest("WPF"), [], where).total
            cells = cells_of(response, name)
            assert cells[0][0] == getattr(newest, part)
            assert cells[0][1] == 0  # published months stay
            assert (cells[1] is None) == (month == "2026-04")


def test_a_series_that_cannot_be_shown_is_refused_in_words(client, permits):
    for query in ("show=all", "time=week", "colour=red", "region=XX", "show=men&show=women"):
        response = client.get(f"{PAGE}revisions/WPF/?{query}")
        assert response.status_code == 400 and 'role="alert"' in response.content.decode(), query
    assert client.get(f"{PAGE}revisions/NOPE/").status_code == 404
