"""The history of a release: who built, released and withdrew it, and in what it differs from the one before."""

from agencies import scope
from reports.releases import verbs
from tests.cast import events, signed_in
from tests.reports.conftest import MONTHS


def test_a_release_shows_who_did_what_with_it_and_what_it_counts_more(two, publisher, statistician):
    _first, second = two
    desk = signed_in(publisher)
    page = desk.get(f"/releases/{second.pk}/history")
    said = [line.sentence for line in page.context["lines"]]
    assert any(sentence.endswith(f"released {second}.") for sentence in said)
    differences = {d.label: (d.before, d.after) for d in page.context["differences"]}
    new = {label: pair for label, pair in differences.items() if label.endswith("2026-04")}
    assert list(new.values()) == [("not counted", "version 1")]
    assert not any(label.endswith(MONTHS) for label in differences)
    assert f"/releases/{second.pk}/history" in desk.get(f"/releases/{second.pk}/").content.decode()
    with scope.acting(publisher):
        verbs.withdraw(second, by=publisher, reason="Wrong month.")
    withdrawal = desk.get(f"/releases/{second.pk}/history").context["lines"][0].sentence
    assert withdrawal.endswith("Reason: Wrong month.")
    # That somebody looked at what was measured stands in the log, and is nothing that became of it.
    signed_in(statistician).get(f"/disclosure/{second.pk}/")
    assert events("read")[-1].subject == f"release:{second.pk}"
    lines = desk.get(f"/releases/{second.pk}/history").context["lines"]
    assert all(line.event.verb != "read" for line in lines)
    assert signed_in(statistician).get(f"/releases/{second.pk}/history").status_code == 403


def test_a_file_of_figures_that_somebody_takes_is_logged_with_her_name_and_a_visitors_is_not(
    permits, viewer, client
):
    assert client.get("/figures/tables/T14.csv").status_code == 200
    assert events("download") == []
    assert signed_in(viewer).get("/figures/tables/T14.csv").status_code == 200
    assert signed_in(viewer).get("/figures/tables/T14/").status_code == 200
    (event,) = events("download")
    assert (event.person, event.name) == (viewer.email, "tables/T14.csv")
