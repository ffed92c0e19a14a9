"""A role on its way: proposed, approved, accepted, by people at their screens."""

import os
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.core import mail
from playwright.sync_api import expect

from agencies import access
from agencies.models import Agency, Person
from agencies.roles import Role
from migdata.demo import people
from tests.agencies.test_invitations import OFFER

pytestmark = pytest.mark.slow
PICTURES = os.environ.get("PICTURES", "")  # a folder, to look at the pages


def look(page, name):
    """The page breaks no rule of accessibility and does not scroll sideways."""
    found = Axe().run(page)
    assert found.violations_count == 0, (name, found.generate_report())
    wide = page.evaluate("document.documentElement.scrollWidth - window.innerWidth")
    assert wide <= 0, (name, wide)
    if PICTURES:
        page.screenshot(path=Path(PICTURES) / f"{name}.png", full_page=True)


@pytest.mark.parametrize("theme, width", [("light", 1440), ("dark", 360)])
def test_an_administrator_is_proposed_approved_and_accepts(live_server, visit, theme, width):
    people.settle()
    screen = {"color_scheme": theme, "viewport": {"width": width, "height": 900}}
    seen = f"{width}-{theme}"
    first = visit("admin@national.example", **screen).page
    first.goto("/people/invite/MOE/")
    first.locator("[name=name]").fill("Ogulgerek Amanowa")
    first.locator("[name=email]").fill("head@moe.example")
    first.get_by_label("Agency administrator").check()
    first.get_by_role("button", name="Send the invitation").click()
    expect(first.get_by_text("waits for approval")).to_be_visible()
    look(first, f"people-{seen}")
    first.goto("/people/agencies/")
    expect(first.get_by_role("button", name="Approve")).to_have_count(0)
    look(first, f"proposed-{seen}")
    second = visit("second@national.example", **screen).page
    second.goto("/people/agencies/")
    look(second, f"to-approve-{seen}")
    second.get_by_role("button", name="Approve").click()
    expect(second.get_by_text("Ogulgerek Amanowa: saved.")).to_be_visible()
    invited = visit(**screen).page
    invited.goto(
        OFFER.search(mail.outbox[-1].body.replace(live_server.url, "http://testserver"))[1]
    )
    look(invited, f"invitation-{seen}")
    invited.get_by_role("button", name="Accept").click()
    invited.locator("[name=password1]").fill("correct horse battery staple")
    invited.locator("[name=password2]").fill("correct horse battery staple")
    invited.get_by_role("button", name="Save the password").click()
    expect(invited.get_by_text("Your password is saved")).to_be_visible()
    head = Person.objects.get(email="head@moe.example")
    assert access.roles(head, Agency.objects.get(code="MOE")) == [Role.AGENCY_ADMIN]


@pytest.mark.parametrize("theme, width", [("dark", 1440), ("light", 360)])
def test_somebody_with_an_account_reads_on_her_home_page_what_is_offered(visit, theme, width):
    people.settle()
    screen = {"color_scheme": theme, "viewport": {"width": width, "height": 900}}
    admin = visit("admin@sms.example", **screen).page
    admin.goto("/people/invite/SMS/")
    admin.locator("[name=name]").fill("Somebody")
    admin.locator("[name=email]").fill("clerk@mlsp.example")
    admin.get_by_label("Reviewer").check()
    admin.get_by_role("button", name="Send the invitation").click()
    expect(admin.get_by_text("Somebody is invited.")).to_be_visible()
    look(admin, f"open-invitations-{width}-{theme}")
    clerk = visit("clerk@mlsp.example", **screen).page
    clerk.goto("/")
    look(clerk, f"home-{width}-{theme}")
    clerk.get_by_role("link", name="Accept or decline").click()
    look(clerk, f"offered-{width}-{theme}")
    clerk.get_by_role("button", name="Accept").click()
    expect(clerk.get_by_text("You work for State Migration Service now.")).to_be_visible()
