"""From a figure to the submissions behind it, and who signed them."""

import re

from agencies import scope
from agencies.roles import Role
from records.models import Submission
from reports.published import editions, figures
from tests.cast import signed_in, the_person
from tests.reports.conftest import text_of

PAGE = "/figures/releases/"


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
