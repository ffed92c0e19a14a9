"""Columns that a design rounds twice on true records: kept with the build, signed before it is public."""

import pytest

from agencies import scope
from agencies.access import Denied
from agencies.refusal import Refused
from reports.models import Build
from reports.releases import conflicts, verbs
from tests.reports.conftest import draw

MONTHS = ("2026-01", "2026-02", "2026-03")
LATER = ("2026-04",)


def one_decides_the_other(periods, seed=1):
    """Permits whose region tells the citizenship, in two branches of the tree."""
    rows = draw("SMS-WPF", periods, 240, seed=seed)
    citizenship = {"TM-S": "TUR", "TM-A": "CHN", "TM-_U": "RUS"}
    return [{**row, "citizenship": citizenship[row["region"]]} for row in rows]


@pytest.fixture
def built(accept, publish):
    accept("SMS-WPF", one_decides_the_other(MONTHS))
    return publish("WPF", release=False)


def release(built, publisher):
    with scope.acting(publisher):
        verbs.release(built, by=publisher, note="New.", missing_acknowledged=built.missing_text)


def test_what_is_rounded_twice_is_named_and_waits_for_a_signature(
    built, publisher, statistician, client
):
    found = conflicts.unsigned(built.build)
    assert conflicts.Conflict("CITIZENSHIP", "REGION") in found
    with pytest.raises(Refused, match="rounds some columns twice"):
        release(built, publisher)
    client.force_login(statistician)
    assert "Waits for a signature" in client.get("/disclosure/").content.decode()
    page = f"/disclosure/{built.pk}/"
    shown = client.get(page).content.decode()
    assert "CITIZENSHIP decides REGION." in shown
    client.post(page, {"reason": " "})
    assert conflicts.unsigned(Build.objects.get(release=built))
    client.post(page, {"reason": "One citizenship works in each region; all know."})
    assert "One citizenship works in each region" in client.get(page).content.decode()
    built.refresh_from_db()
    release(built, publisher)
    built.refresh_from_db()
    assert built.state == "RELEASED"


def test_a_later_release_of_the_design_needs_no_second_signature(
    built, publisher, statistician, accept, publish
):
    conflicts.sign(built.build, by=statistician, reason="known")
    release(built, publisher)
    accept("SMS-WPF", one_decides_the_other(LATER, seed=2))
    assert publish("WPF").state == "RELEASED"


def test_who_publishes_does_not_see_it_and_who_built_does_not_sign_it(
    built, publisher, builder, client
):
    client.force_login(publisher)
    desk = client.get(f"/releases/{built.pk}/").content.decode()
    assert "CITIZENSHIP decides" not in desk and "page “Disclosure”" in desk
    assert client.get(f"/disclosure/{built.pk}/").status_code == 403
    for person in (publisher, builder):
        with pytest.raises(Denied):
            conflicts.sign(built.build, by=person, reason="known")


def test_a_design_that_rounds_nothing_twice_asks_for_no_signature(permits, statistician):
    assert permits.build.conflicts == [] and permits.build.conflicts_signed_by is None
    with pytest.raises(Refused, match="nothing to sign"):
        conflicts.sign(permits.build, by=statistician, reason="known")
