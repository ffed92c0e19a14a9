"""The table builder by keyboard, by thumb on a small telephone, and without JavaScript."""

import re

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect

pytestmark = pytest.mark.slow
PAGE = "/figures/build/?dataset=WPF"


def broken_rules(page):
    found = Axe().run(page).response["violations"]
    return [(v["id"], v["nodes"][0]["html"][:120]) for v in found]


def test_a_table_is_built_with_the_keyboard_alone(country, visit):
    page = visit().page
    page.goto(f"{PAGE}&rows=&cols=YEAR")
    expect(page.locator("#at-citizenship-out")).to_be_checked()
    page.locator("#at-citizenship-out").focus()
    page.keyboard.press("ArrowLeft")
    expect(page).to_have_url(re.compile("rows=&cols=YEAR,CITIZENSHIP"))
    expect(page.locator("#at-citizenship-cols")).to_be_focused()
    page.keyboard.press("ArrowLeft")
    expect(page).to_have_url(re.compile("rows=CITIZENSHIP&cols=YEAR"))
    expect(page.locator("#at-citizenship-rows")).to_be_focused()
    expect(page.get_by_role("heading", level=1)).to_have_text(re.compile("by citizenship, sex"))
    expect(page.locator("#said")).to_contain_text("Rows: ")
    # What cannot be had with it is greyed by now, and says why.
    region = page.locator("#at-region-rows")
    expect(region).to_be_disabled()
    expect(region).to_have_accessible_description(re.compile("Never published with: .*Citizenship"))
    # A sorted and a shaded table, still from the keyboard.
    page.locator("th .sort").first.focus()
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile("sort=-F"))
    expect(page.locator("[aria-sort=descending]")).to_have_count(1)
    expect(page.locator("th .sort").first).to_be_focused()
    page.locator("#heat").focus()
    page.keyboard.press("Space")
    expect(page.locator("td.heat5").first).to_be_visible()
    # Codes are searched, ticked and counted together; what was opened stays open.
    page.locator("#of-citizenship summary").focus()
    page.keyboard.press("Enter")
    page.get_by_role("searchbox", name="Search: Citizenship").fill("tur")
    expect(page.locator("#of-citizenship label:visible")).to_have_count(1)
    page.keyboard.press("Tab")
    page.keyboard.press("Space")
    expect(page).to_have_url(re.compile("citizenship=TUR"))
    expect(page.locator("#citizenship-TUR")).to_be_focused()
    expect(page.locator("#of-citizenship")).to_have_attribute("open", "")
    page.get_by_label("name of a group").fill("Mine")
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile("group=CITIZENSHIP:Mine=TUR"))
    expect(page.get_by_role("rowheader", name="All others")).to_be_visible()
    page.go_back()
    expect(page.locator("#citizenship-TUR")).to_be_checked()


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_a_table_is_built_on_a_small_telephone_without_javascript(country, visit, theme):
    screen = {"width": 360, "height": 740}
    page = visit(viewport=screen, color_scheme=theme, java_script_enabled=False).page
    page.goto(PAGE)
    page.locator("#at-occupation-rows").check()
    page.locator("#heat").check()
    page.get_by_role("button", name="Show this table").click()
    expect(page).to_have_url(re.compile(r"rows=OCCUPATION&cols=YEAR&.*heat=1"))
    expect(page.get_by_role("rowheader", name="Professionals", exact=True)).to_be_visible()
    expect(page.get_by_role("link", name="To the table")).to_be_visible()
    page.get_by_text("For programs:").click()
    expect(page.get_by_role("region", name="Python")).to_be_visible()
    address = page.url.partition("/figures/")[2]
    with_scripts = visit(viewport=screen, color_scheme=theme).page
    with_scripts.goto(f"/figures/{address}")
    with_scripts.evaluate("document.querySelectorAll('details').forEach((d) => { d.open = true; })")
    assert with_scripts.evaluate("document.documentElement.scrollWidth") == screen["width"]
    assert broken_rules(with_scripts) == []
    with_scripts.goto("/figures/build/?dataset=WPF&rows=CITIZENSHIP&cols=REGION")
    assert broken_rules(with_scripts) == []
