"""A person chooses letters on releases at her screen, and ends them by the link of a letter."""

import re

import pytest
from playwright.sync_api import expect

from migdata.demo import people
from reports.models import Subscription
from reports.releases import subscriptions
from tests.browser.test_invitations import look

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("theme, width", [("light", 1440), ("dark", 360)])
def test_letters_are_chosen_and_ended(live_server, visit, theme, width):
    people.settle()
    screen = {"color_scheme": theme, "viewport": {"width": width, "height": 900}}
    page = visit("clerk@sms.example", **screen).page
    page.goto("/accounts/password/change/")
    page.get_by_role("link", name="Letters", exact=True).click()
    page.get_by_label("Work permits for foreigners").check()
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("Saved.")).to_be_visible()
    look(page, f"letters-{width}-{theme}")
    link = subscriptions.link_of(Subscription.objects.get())
    reader = visit(**screen).page
    reader.goto(re.sub("^https?://[^/]+", "", link))
    look(reader, f"unsubscribe-{width}-{theme}")
    reader.get_by_role("button", name="Unsubscribe").click()
    expect(reader.get_by_role("heading", name="You get no more letters")).to_be_visible()
    look(reader, f"unsubscribed-{width}-{theme}")
    reader.goto("/figures/api/")
    look(reader, f"catalogues-{width}-{theme}")
    assert not Subscription.objects.exists()
