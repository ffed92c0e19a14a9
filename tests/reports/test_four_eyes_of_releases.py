"""Who asked for a build does not release it; where the site allows it, the release says so for ever."""

import pytest

from agencies import access, refusal, scope
from agencies.roles import Role
from reports.models import Build, Release
from reports.releases import verbs
from tests.cast import events, signed_in
from tests.reports.conftest import MONTHS, draw, text_of

V1 = "/figures/api/v1"
SAID = "The person who built this release released it."


@pytest.fixture
def built(accept, publish):
    accept("SMS-WPF", draw("SMS-WPF", MONTHS[:2], 80))
    return publish("WPF", release=False)


def test_who_built_a_release_does_not_release_it_by_verb_or_by_page(built, builder, publisher):
    with (
        scope.acting(builder),
        pytest.raises(refusal.Refused, match="another publisher") as refused,
    ):
        verbs.release(
            built, by=builder, note="More months.", missing_acknowledged=built.missing_text
        )
    assert str(publisher) in str(refused.value)
    desk = signed_in(builder)
    page = desk.get(built.get_absolute_url())
    assert f"another publisher has to look at it and release it: {publisher}" in text_of(page)
    assert f"Release {built}" not in page.content.decode()
    address = f"{built.get_absolute_url()}release/"
    desk.post(address, {"note": "More.", "missing_acknowledged": built.missing_text})
    built.refresh_from_db()
    assert built.state == Release.State.BUILT
    assert events("release") == []


def test_another_publisher_has_the_button_and_the_release_says_nothing(client, built, publisher):
    desk = signed_in(publisher)
    assert f"Release {built}" in desk.get(built.get_absolute_url()).content.decode()
    said = {"note": "More.", "missing_acknowledged": built.missing_text}
    desk.post(f"{built.get_absolute_url()}release/", said)
    built.refresh_from_db()
    assert (built.state, built.released_by_builder) == (Release.State.RELEASED, False)
    assert SAID not in text_of(client.get("/figures/tables/T14/"))
    assert client.get(f"{V1}/datasets/WPF").json()["released_by_builder"] is False


def test_where_the_site_allows_it_every_reader_is_told(client, built, builder, settings):
    settings.RELEASE_BY_BUILDER = True
    desk = signed_in(builder)
    assert f"Release {built}" in desk.get(built.get_absolute_url()).content.decode()
    with scope.acting(builder):
        verbs.release(
            built, by=builder, note="More months.", missing_acknowledged=built.missing_text
        )
    assert built.released_by_builder
    assert SAID in text_of(desk.get(built.get_absolute_url()))
    for address in ("/figures/?dataset=WPF", "/figures/tables/T14/"):
        assert SAID in text_of(client.get(address)), address
    assert SAID in client.get("/figures/tables/T14.txt").content.decode()
    assert SAID in client.get(f"{V1}/datasets/WPF/data").json()["notes"]
    assert client.get(f"{V1}/datasets/WPF").json()["released_by_builder"] is True
    assert client.get(f"{V1}/datasets/WPF/releases").json()[0]["released_by_builder"] is True


def test_a_publisher_who_is_alone_is_told_whom_to_ask(built, builder, publisher, office):
    access.revoke(publisher, Role.PUBLISHER, office)
    page = signed_in(builder).get(built.get_absolute_url())
    assert "the administrator of your agency can invite one" in text_of(page)


def test_asking_while_another_s_build_runs_does_not_change_whose_it_is(
    accept, builder, publisher, publish
):
    """The second who asks has not built it; the first cannot get rid of it by letting another ask."""
    accept("SMS-WPF", draw("SMS-WPF", MONTHS[:2], 80))
    with scope.acting(builder):
        verbs.build("WPF", by=builder)
    with scope.acting(publisher):
        verbs.build("WPF", by=publisher)
    publish("WPF", release=False)
    assert Build.objects.get().built_by == builder
