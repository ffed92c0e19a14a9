"""The page of unknown words: by keyboard alone, with the rules of accessibility, wide and narrow."""

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect

from agencies import scope
from agencies.models import Agency
from migdata.demo import people
from records.instruments import versions
from records.models import Instrument, Record
from records.reading.questions import GO_ON
from tests import world
from tests.records import files
from tests.records.files import plain, table

pytestmark = pytest.mark.slow
CLERK = "clerk@sms.example"


@pytest.fixture
def upload(live_server):
    """A file of which 50 rows are held for four words."""
    people.settle()
    versions.publish_all()
    clerk = world.person(CLERK)
    words = ["Osbekistan"] * 3 + ["Özbegistn", "Kirgizya", "TUR"]
    with scope.acting(clerk):
        road = {"agency": Agency.objects.get(code="SMS"), "instrument": Instrument.objects.get(code="SMS-WPF")}  # fmt: skip
    rows = table(60, citizenship=words, decision=["ISS"] * 5 + ["berildi diýip"])
    return files.send(plain(rows), by=clerk, answers={"values": GO_ON}, **road)


@pytest.mark.parametrize(("theme", "width"), [("light", 1440), ("dark", 360)])
def test_words_are_explained_by_keyboard_alone(visit, upload, theme, width):
    screen = {"color_scheme": theme, "viewport": {"width": width, "height": 900}}
    page = visit(CLERK, **screen).page
    page.goto(f"/uploads/{upload.pk}/values/")
    expect(page.get_by_role("heading", level=1)).to_have_text("4 words are on no list")
    problems = Axe().run(page).response["violations"]
    assert [problem["id"] for problem in problems] == []
    assert page.evaluate("document.documentElement.scrollWidth") <= width

    press = page.keyboard.press
    page.locator("[name=code-0]").first.focus()
    press("Space")  # Osbekistan: the likeliest
    page.locator("[name=other-1]").focus()  # Kirgizya: by its name
    page.keyboard.type("Kyrgyzstan")
    page.locator("[name=tick-2]").focus()  # Özbegistn: with what is ticked
    press("Space")
    page.locator("[name=same-citizenship]").focus()
    page.keyboard.type("Uzbekistan")
    press("Enter")
    expect(page.get_by_text("50 rows were taken in.")).to_be_visible()
    with scope.acting(world.person(CLERK)):
        counts = {
            code: Record.objects.filter(citizenship=code).count() for code in ("UZB", "KGZ", "TUR")
        }
    assert counts == {"UZB": 40, "KGZ": 10, "TUR": 0}
