"""The secret of the rounding is lost: nothing is published, and what is released is still served."""

import pytest
from django.core.management import CommandError

from agencies import secrets
from agencies.models import SecretFingerprint
from reports.models import Release
from tests.agencies.test_secrets import OTHER, forgotten, rotated  # noqa: F401
from tests.reports.conftest import LATER, draw


@pytest.mark.parametrize("restored", [False, True])
def test_d16_d17_another_secret_publishes_nothing_and_old_releases_are_served(
    accepted, publish, build, client, settings, monkeypatch, restored
):
    """D16: lost, and a new one made. D17: a backup older than the fingerprint, without its secret."""
    publish("WPF")
    if restored:
        monkeypatch.setattr(secrets, "require", lambda name: None)
    settings.DISCLOSURE_SECRET = OTHER
    job = build("WPF")
    assert (job.state, job.attempts) == ("FAILED", 1)
    assert "not the one of earlier releases, so nothing is published" in job.reason
    assert Release.objects.count() == 1
    assert client.get("/figures/").status_code == 200
    assert client.get("/figures/api/v1/datasets").status_code == 200


def test_it_publishes_again_when_the_secret_is_back(accepted, accept, publish, build, settings):
    first, secret = publish("WPF"), settings.DISCLOSURE_SECRET
    settings.DISCLOSURE_SECRET = OTHER
    assert build("WPF").state == "FAILED"
    settings.DISCLOSURE_SECRET = secret
    accept("SMS-WPF", draw("SMS-WPF", LATER, 80, seed=5))
    assert publish("WPF").number == first.number + 1


def test_it_is_not_rotated_while_a_series_lives(accepted, publish, settings):
    publish("WPF")
    settings.DISCLOSURE_SECRET = OTHER
    with pytest.raises(CommandError, match="there are 1 releases"):
        rotated("disclosure")
    assert SecretFingerprint.objects.using("side").filter(purpose="disclosure").count() == 1
