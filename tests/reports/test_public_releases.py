"""Releases as readers see them: the list, the page of each, what is gone, how it is cited, what changed."""

import hashlib
import json
import re
from datetime import timedelta
from itertools import product

import pytest
from django.utils import timezone
from django.utils.html import strip_tags

from agencies import scope
from agencies.refusal import Refused
from agencies.roles import Role
from records.models import Submission
from reports.models import Release
from reports.published import comparing, editions, figures
from reports.releases import verbs
from tests.cast import signed_in, the_person
from tests.reports.conftest import LATER, as_owner, draw

V1 = "/figures/api/v1"
PAGE = "/figures/releases/"


def text_of(response):
    return " ".join(strip_tags(response.content.decode()).split())


@pytest.fixture
def two(permits, accept, publish):
    """Work permits of a quarter, then of a month more."""
    accept("SMS-WPF", draw("SMS-WPF", LATER, 240, seed=5))
    return permits, publish("WPF")


def long_ago(release, days):
    """Let a release have been out for so many days."""
    with as_owner():
        at = timezone.now() - timedelta(days=days)
        Release.objects.filter(pk=release.pk).update(released_at=at)
    return timezone.localdate(at).isoformat()


def withdraw(release, publisher, reason="A region was wrong."):
    with scope.acting(publisher):
        verbs.withdraw(release, by=publisher, reason=reason)


# What a release is released with


def test_a_release_needs_a_note_and_its_next_one_comes_later(permits, accept, publish, publisher):
    accept("SMS-WPF", draw("SMS-WPF", LATER, 240, seed=5))
    built = publish("WPF", release=False)
    today = timezone.localdate()
    said = {"by": publisher, "missing_acknowledged": built.missing_text}
    for note, words in (("", "Write a note"), (" \n", "Write a note"), ("x" * 4001, "4000 is")):
        with pytest.raises(Refused, match=words):
            verbs.release(built, note=note, **said)
    with pytest.raises(Refused, match="comes after this one"):
        verbs.release(built, note="April.", next_on=today, **said)
    later = today + timedelta(days=30)
    verbs.release(built, note=" April. ", next_on=later, **said)
    edition = editions.latest("WPF")
    assert (edition.note, edition.next_on) == ("April.", later)


def test_the_note_of_a_release_that_is_out_stays(permits):
    from django.db import ProgrammingError, connection, transaction

    with pytest.raises(ProgrammingError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("UPDATE pub.release SET note = 'another'")


# The list and the page


def test_the_list_has_every_release_with_its_state_in_words(client, two, publisher):
    second = two[1]
    said = text_of(client.get(PAGE))
    assert said.index("WPF-2") < said.index("WPF-1")
    assert "In force" in said and "Replaced by WPF-2" in said
    assert "2026: provisional, year to date" in said
    withdraw(second, publisher)
    said = text_of(client.get(PAGE))
    assert "A region was wrong." in said and "In force" in said and "Replaced" not in said
    assert client.get(f"{PAGE}?dataset=wpf").status_code == 200
    assert client.get(f"{PAGE}?dataset=NOPE").status_code == 404
    assert client.get(f"{PAGE}?colour=red").status_code == 400


def test_the_page_of_a_release_tells_all_that_a_reader_needs(client, two):
    response = client.get(f"{PAGE}WPF-2/")
    said, html = text_of(response), response.content.decode().replace("<wbr>", "")
    edition = editions.latest("WPF")
    assert "More months." in said
    assert "New period: April 2026." in said
    assert "beside WPF-1" in said
    assert "MLSP" in said  # it delivers permits too, and has not
    for table in edition.structure.tables:
        assert table.sha256 in html
        assert f"/figures/api/v1/releases/WPF-2/{table.name}.parquet" in html
    assert edition.checksum in html
    assert "Migration in figures (" in said and "[data set]" in said


def test_the_numbers_of_the_page_are_those_of_the_tables_and_the_change_is_their_difference(
    client, two
):
    where = {"DECISION": ["GRANTED"]}
    one, other = (
        figures.tabulate(editions.cited(name), ["YEAR"], where).rows[0].figures
        for name in ("WPF-1", "WPF-2")
    )
    assert cells_of(client.get(f"{PAGE}WPF-2/"), "2026")[:4] == [
        (now, now - was) for was, now in ((one.f, other.f), (one.m, other.m), (one.o, other.o))
    ] + [(other.total, other.total - one.total)]


def cells_of(response, head):
    """The figures of a row of a page, each with the small one below it: what changed, 0 where there is none."""
    html = response.content.decode()
    row = re.search(rf'<th scope="row">\s*{head}\s*</th>(.*?)</tr>', html, re.S)[1]
    cells = []
    for cell in re.findall(r'<td class="num[^>]*>(.*?)</td>', row, re.S):
        found = [float(n.replace(",", "")) for n in re.findall(r"[+-]?[\d,.]+", strip_tags(cell))]
        cells.append((*found, 0)[:2] if found else None)
    return cells


def test_the_size_and_the_checksum_of_each_file_are_those_of_what_is_downloaded(client, two):
    said = client.get(f"{V1}/releases/WPF-2").json()
    for name, address in said["files"].items():
        content = client.get(address).content
        assert len(content) == said["bytes"][name]
    sums = "".join(
        f"{hashlib.sha256(client.get(a).content).hexdigest()}  {n}.parquet\n"
        for n, a in sorted(said["files"].items(), key=lambda entry: entry[0] + ".parquet")
    )
    assert hashlib.sha256(sums.encode()).hexdigest() == said["checksum"]


def test_the_api_tells_what_is_new_in_a_release(client, two):
    said = client.get(f"{V1}/releases/wpf-2").json()
    assert (said["follows"], said["new_periods"], said["is_in_force"]) == (
        "WPF-1",
        ["2026-04"],
        True,
    )
    assert said["note"] == "More months." and said["next_release_on"] is None
    assert [year["code"] for year in said["years"]] == ["2026"]
    first = client.get(f"{V1}/releases/WPF-1").json()
    assert (first["follows"], first["is_in_force"]) == (None, False)


# What is gone, and what never was


OF_A_RELEASE = (
    PAGE + "{}/",
    PAGE + "{}/cite.txt",
    PAGE + "compare/?second={}",
    V1 + "/releases/{}",
    V1 + "/releases/{}/core.parquet",
    V1 + "/datasets/WPF/data?release={}",
    V1 + "/tables/T14/data?release={}",
    "/figures/data/WPF.csv?release={}",
    "/figures/tables/T14/?release={}",
    "/figures/tables/T14.csv?release={}",
    "/figures/?dataset=WPF&release={}",
)


def test_a_withdrawn_release_is_gone_with_its_reason_and_the_one_in_force(client, two, publisher):
    withdraw(two[1], publisher)
    for address in OF_A_RELEASE:
        response = client.get(address.format("WPF-2"))
        said = text_of(response)
        assert response.status_code == 410, address
        assert "A region was wrong." in said and "WPF-1" in said, address
        if address.startswith(V1):
            assert response.json()["in_force"] == "WPF-1", address
        assert client.get(address.format("WPF-1")).status_code == 200, address
        assert client.get(address.format("WPF-9")).status_code == 404, address
    assert "withdrawn" not in text_of(client.get(f"{PAGE}WPF-1/"))


def test_a_release_tells_which_came_between_and_was_withdrawn(
    client, released, accept, publish, publisher
):
    withdraw(released["SLP"], publisher, "Another dataset.")
    accept("SMS-WPF", draw("SMS-WPF", LATER, 240, seed=5))
    withdraw(publish("WPF"), publisher)
    publish("WPF")
    said = text_of(client.get(f"{PAGE}WPF-3/"))
    assert "beside WPF-1" in said and "WPF-2, which came between, was withdrawn on" in said
    assert "A region was wrong." in said and "Another dataset." not in said


def test_where_the_only_release_is_withdrawn_none_is_in_force(client, permits, publisher):
    withdraw(permits, publisher)
    response = client.get(f"{PAGE}WPF-1/")
    assert response.status_code == 410 and "No other release" in text_of(response)
    assert "in_force" not in client.get(f"{V1}/releases/WPF-1").json()


def _embargo(built, publisher):
    until = timezone.now() + timedelta(days=1)
    missing = built.missing_text
    verbs.release(built, by=publisher, note="x", embargo_at=until, missing_acknowledged=missing)


UNSEEN = {
    "built": lambda built, publisher: None,
    "withdrawn unseen": lambda built, publisher: withdraw(built, publisher, "secret reason"),
    "under embargo": _embargo,
    "withdrawn under embargo": lambda built, publisher: (
        _embargo(built, publisher),
        withdraw(built, publisher, "secret reason"),
    ),
}


@pytest.mark.parametrize("how", UNSEEN)
def test_what_nobody_saw_is_answered_as_what_never_was(
    client, permits, accept, publish, publisher, how
):
    accept("SMS-WPF", draw("SMS-WPF", LATER, 240, seed=5))
    UNSEEN[how](publish("WPF", release=False), publisher)
    for reader in (client, signed_in(publisher)):
        for address in OF_A_RELEASE:
            unseen, never = (reader.get(address.format(name)) for name in ("WPF-2", "WPF-9"))
            assert unseen.status_code == never.status_code == 404, address
            without = [
                re.sub(rb"[A-Za-z0-9]{64}", b"", r.content).replace(name, b"")
                for r, name in ((unseen, b"WPF-2"), (never, b"WPF-9"))
            ]
            assert without[0] == without[1], address
    assert "secret reason" not in text_of(client.get(PAGE))


def test_names_of_no_release_are_not_found(client, permits):
    for name in ("WPF", "WPF-", "-1", "WPF-1-1", "1", "WPF-9999999", "W" * 300 + "-1"):
        for address in (f"{PAGE}{name}/", f"{V1}/releases/{name}"):
            assert client.get(address).status_code == 404, address


# How it is cited


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


def test_the_sums_of_all_datasets_are_as_of_the_same_day(client, released, accept, publish):
    days = [long_ago(released[dataset], 20) for dataset in released]
    accept("SMS-BCR", draw("SMS-BCR", LATER, 240, seed=7))
    publish("BCR")
    then, now = (
        [
            int(n.replace(",", ""))
            for n in re.findall(
                r'<tr class="all">.*?<td colspan="2">([\d,]+)',
                client.get(address).content.decode(),
                re.S,
            )
        ]
        for address in (f"/figures/?dataset=WPF&as_of={days[0]}", "/figures/?dataset=WPF")
    )
    assert len(then) == len(now) == 3 and sum(then) < sum(now)


# One release beside another


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


# From a figure to who signed


def test_who_may_tabulate_is_led_from_a_figure_to_the_submissions_and_who_signed(
    client, two, statistician, publisher, viewer, agency
):
    asked = "/provenance/?release=WPF-2&time_period=2026-02"
    assert client.get(asked).status_code == 302  # to the sign-in
    people = [the_person(role, agency) for role in (Role.CLERK, Role.REVIEWER)]
    said = text_of(signed_in(statistician).get(asked))
    assert "SMS February 2026" in said and "January 2026" not in said
    for person in (*people, statistician):
        assert str(person) in said
    where = {"TIME_PERIOD": ["2026-02"], "DECISION": ["GRANTED"]}
    shown = figures.tabulate(editions.cited("WPF-2"), [], where).total
    assert f"Total {shown.total}" in said
    for reader in (publisher, viewer, *people):
        said = text_of(signed_in(reader).get(asked))
        assert "WPF-2" in said and "SMS, MLSP" in said and "February 2026" in said
        assert "Submissions 1" not in said and str(statistician) not in said
    assert str(people[1]) not in text_of(signed_in(viewer).get(asked))


def test_what_was_signed_is_told_of_the_version_that_was_counted(
    permits, statistician, reviewer, correct
):
    with scope.acting(statistician):
        one = Submission.objects.get(period="2026-01")
    correct(one, 3)
    page = signed_in(statistician).get("/provenance/?release=WPF-1&time_period=2026-01")
    (traced,) = page.context["traced"]
    assert (traced.version, traced.submission.version) == (1, 2)
    assert {step.version for step in traced.steps.values()} == {1} and len(traced.steps) == 3


def test_every_row_of_a_table_leads_to_where_it_comes_from(permits, statistician, client):
    reader = signed_in(statistician)
    page = reader.get("/figures/tables/T14/")
    addresses = re.findall(r'href="(/provenance/\?[^"]+)"', page.content.decode())
    lines = page.context["rows"]
    assert len(addresses) == len(lines) > 2
    for address, line in list(zip(addresses, lines, strict=True))[:3]:
        traced = reader.get(address.replace("&amp;", "&"))
        assert traced.context["figures"] == line.figures
    year = re.search(r'href="(/provenance/\?[^"]+)"', reader.get(f"{PAGE}WPF-1/").content.decode())[
        1
    ].replace("&amp;", "&")
    assert reader.get(year).status_code == 200
    assert "/provenance/" not in client.get("/figures/tables/T14/").content.decode()


def test_a_figure_that_there_is_not_comes_from_nowhere(permits, statistician):
    reader = signed_in(statistician)
    for query, status in {
        "": 200,
        "release=WPF-9": 404,
        "release=WPF-1&region=XX": 400,
        "release=WPF-1&colour=red": 400,
        "release=WPF-1&release=WPF-1": 400,
        "release=WPF-1&region=TM-A&occupation=71": 400,
        "release=WPF-1&from=1e9": 400,
    }.items():
        assert reader.get(f"/provenance/?{query}").status_code == status, query
