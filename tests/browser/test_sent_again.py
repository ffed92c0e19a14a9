"""A file sent again: the differences looked at, and one of three things chosen, with the keyboard alone."""

import pytest
from playwright.sync_api import expect

from agencies import scope
from records.models import Record, Upload
from tests import world
from tests.records import files

pytestmark = pytest.mark.slow
CLERK = "clerk@sms.example"
MONTH = world.MONTHS[2]
DAY = f"05.{MONTH[5:]}.{MONTH[:4]}"


@pytest.fixture
def waiting(country):
    """A file that changes one record of the open month and lacks all others."""
    first = files.plain(files.table(3, event_date=DAY, record_ref=["Q-1", "Q-2", "Q-3"]))
    world.send(first, name="first.csv", by=CLERK)
    again = files.plain(files.table(1, event_date=DAY, record_ref="Q-1", sex="M"))
    return world.send(again, name="again.csv", by=CLERK)


def tab_to(page, selector):
    """Press Tab until what the selector names has the focus."""
    for _press in range(80):
        page.keyboard.press("Tab")
        if page.evaluate("(wanted) => document.activeElement.matches(wanted)", selector):
            return
    raise AssertionError(f"{selector} is not reached by the keyboard")


def test_the_choice_is_made_with_the_keyboard(waiting, visit):
    page = visit(CLERK).page
    page.goto(f"/uploads/{waiting.pk}/")
    tab_to(page, "a[href$='/differences']")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="What this file would change")).to_be_visible()
    expect(page.get_by_role("row", name="Sex Female Male")).to_be_visible()
    expect(page.get_by_text("do not take this")).to_be_visible()
    tab_to(page, "input[name=again]")
    page.keyboard.press("Space")
    page.keyboard.press("ArrowDown")
    expect(page.locator("input[value=changed]")).to_be_checked()
    tab_to(page, "button.go")
    page.keyboard.press("Enter")
    page.wait_for_url(f"**/uploads/{waiting.pk}/")
    files.finish(within(lambda: Upload.objects.get(pk=waiting.pk)), by=world.person(CLERK))
    assert within(lambda: Record.objects.get(record_ref="Q-1").sex) == "M"


def test_nothing_is_removed_without_the_number_confirmed(waiting, visit):
    page = visit(CLERK, viewport={"width": 360, "height": 800}).page
    page.goto(f"/uploads/{waiting.pk}/differences")
    page.get_by_label("Exactly this file").check()
    page.get_by_role("button", name="Go on with this choice").click()
    expect(page.get_by_text("Confirm how many records go.")).to_be_visible()
    expect(page.get_by_label("Exactly this file")).to_be_checked()
    width = page.evaluate("document.documentElement.scrollWidth")
    assert width <= 360


def within(function):
    with scope.acting(world.person(CLERK)):
        return function()
