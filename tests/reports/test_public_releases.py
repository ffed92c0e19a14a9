"""Releases as readers see them: the list, the page of each, what is gone and what never was."""

import hashlib
from datetime import timedelta

import pytest
from django.utils import timezone

from agencies.refusal import Refused
from reports.published import editions, figures
from reports.releases import verbs
from tests.cast import signed_in
from tests.form_tokens import without_form_tokens
from tests.reports.conftest import LATER, cells_of, draw, embargo, text_of, withdraw

V1 = "/figures/api/v1"
PAGE = "/figures/releases/"


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


UNSEEN = {
    "built": lambda built, publisher: None,
    "withdrawn unseen": lambda built, publisher: withdraw(built, publisher, "secret reason"),
    "under embargo": embargo,
    "withdrawn under embargo": lambda built, publisher: (
        embargo(built, publisher),
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
                without_form_tokens(r.content).replace(name, b"")
                for r, name in ((unseen, b"WPF-2"), (never, b"WPF-9"))
            ]
            assert without[0] == without[1], address
    assert "secret reason" not in text_of(client.get(PAGE))


def test_names_of_no_release_are_not_found(client, permits):
    for name in ("WPF", "WPF-", "-1", "WPF-1-1", "1", "WPF-9999999", "W" * 300 + "-1"):
        for address in (f"{PAGE}{name}/", f"{V1}/releases/{name}"):
            assert client.get(address).status_code == 404, address
