"""A real Chromium, people signed in to it, and what went wrong in their consoles."""

import os
import re
import shutil

import pytest
from playwright.sync_api import expect, sync_playwright

from migdata.demo import people
from tests import world

BINARIES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
SWITCHES = (
    *("--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync"),
    *("--disable-background-networking", "--disable-component-update"),
)


@pytest.fixture(scope="session")
def chromium():
    binary = next(filter(None, map(shutil.which, BINARIES)), None)
    if binary is None:
        if os.environ.get("CI"):
            pytest.fail("No Chromium is installed; continuous integration needs one.")
        pytest.skip("No Chromium is installed.")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=binary, args=list(SWITCHES))
        yield browser
        browser.close()


class Visit:
    """One person at the portal: a page of their own, and every complaint of its console."""

    def __init__(self, browser, base, email=None, **context):
        self.base, self.complaints = base, []
        settings = {"viewport": {"width": 1280, "height": 900}, "locale": "en", **context}
        self.context = browser.new_context(base_url=base, **settings)
        self.context.set_default_timeout(15_000)
        self.page = self.context.new_page()
        self.page.on("console", self._heard)
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        if email:
            self.sign_in(email)

    def _heard(self, message):
        # A refused form answers 422 or 409 and is shown: Chromium notes that as a failed load.
        if message.type in ("error", "warning") and "status of 4" not in message.text:
            self.complaints.append(message.text)

    def sign_in(self, email, password=people.PASSWORD):
        self.page.goto("/accounts/login/")
        self.page.locator("[name=login]").fill(email)
        self.page.locator("[name=password]").fill(password)
        self.page.locator("main .btn.go").click()
        expect(self.page).not_to_have_url(re.compile("/accounts/login"), timeout=15_000)


@pytest.fixture
def visit(chromium, live_server):
    """`visit(email)` opens the portal as that person; at the end no console may have complained."""
    visits = []

    def begin(email=None, **context):
        visits.append(Visit(chromium, live_server.url, email, **context))
        return visits[-1]

    yield begin
    complaints = [c for one in visits for c in one.complaints]
    for one in visits:
        one.context.close()
    assert complaints == []


@pytest.fixture
def country(live_server):
    """Two months of permits released, the third open with held rows."""
    world.build()
    return world
