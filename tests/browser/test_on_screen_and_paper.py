"""Where things stand: the sheet of held rows on a wide screen, and what is printed."""

import re

import pytest
from django.utils import timezone
from playwright.sync_api import expect

from agencies import scope
from records.models import HeldRow, Record
from tests import world
from tests.records import files

pytestmark = pytest.mark.slow
CLERK = "clerk@sms.example"
MONTH = world.MONTHS[2]
DAY = f"05.{MONTH[5:]}.{MONTH[:4]}"
# Wrong in as many columns as a row has: nothing of it can be read.
WRONG = (
    *("sex", "birth_date", "citizenship", "region", "decision", "occupation", "activity"),
    *("employer_type", "valid_from", "valid_to"),
)


def held(content, name):
    """Take a file of the open month in; returns the address of its held rows."""
    upload = world.send(content, name=name, by=CLERK)
    return f"/uploads/{upload.pk}/held"


@pytest.mark.parametrize("language", ["en", "ru"])
def test_the_verb_of_a_held_row_is_in_view_however_many_columns_are_wrong(country, visit, language):
    nonsense = dict.fromkeys(WRONG, "what nobody can read") | {"record_ref": "W-2610-00196-A"}
    address = held(files.plain(files.table(1, event_date=DAY, **nonsense)), "nonsense.csv")
    page = visit(CLERK, viewport={"width": 1440, "height": 900}, locale=language).page
    page.goto(address)
    wrong = len(WRONG) - 1  # a birth date need not be stated: it holds no row
    expect(page.locator("td input[aria-invalid]")).to_have_count(wrong)
    button = page.locator("td form button").first
    box = button.bounding_box()
    assert box["x"] + box["width"] <= 1440
    middle = {"x": box["x"] + box["width"] / 2, "y": box["y"] + box["height"] / 2}
    on_top = "({x, y}) => document.elementFromPoint(x, y).tagName"
    assert page.evaluate(on_top, middle) == "BUTTON"
    lines = "(part) => part.getClientRects().length"
    assert page.get_by_text("W-2610-00196-A").first.evaluate(lines) == 1
    assert page.locator("td form + a").first.evaluate(lines) == 1


def test_both_dates_of_a_rule_are_shown_and_either_is_corrected(country, visit):
    year = int(MONTH[:4])
    dates = {"valid_from": f"05.{MONTH[5:]}.{year + 2}", "valid_to": f"04.{MONTH[5:]}.{year + 1}"}
    address = held(files.plain(files.table(1, event_date=DAY, **dates)), "two-dates.csv")
    page = visit(CLERK).page
    page.goto(address)
    begin = page.get_by_role("textbox", name="Valid from")
    expect(begin).to_have_value(dates["valid_from"])
    expect(page.get_by_role("textbox", name="Valid to")).to_have_value(dates["valid_to"])
    begin.fill(DAY)  # the year was wrong here, not in the other
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("corrected, saved")).to_be_visible()
    with scope.acting(world.person(CLERK)):
        assert not HeldRow.open_rows.filter(raw__record_ref="R-1").exists()
        assert Record.objects.filter(record_ref="R-1").exists()


def shown(page, selector):
    return [text for text in page.locator(selector).all() if text.is_visible()]


@pytest.mark.parametrize("path", ["/figures/?dataset=WPF", "/figures/tables/T14/"])
def test_paper_has_figures_notes_and_source_and_nothing_to_press(country, visit, path):
    page = visit(color_scheme="dark").page
    page.goto(path)
    expect(page.locator(".printed")).to_be_hidden()
    page.emulate_media(media="print", color_scheme="dark")
    expect(page.locator(".printed")).to_contain_text(page.url)
    expect(page.locator(".printed")).to_contain_text(str(timezone.localdate().year))
    pressed = "header, footer, nav, button, select, input, .filters, .btn, .links, summary"
    assert shown(page, pressed) == []
    assert shown(page, "h1") != []
    assert shown(page, "td.num") != [] or shown(page, ".sum") != []
    expect(page.locator("main p", has_text=re.compile("Source: ")).first).to_be_visible()
    expect(page.get_by_text(re.compile("multiple of 3")).first).to_be_visible()


def test_charts_are_light_on_paper(country, visit):
    page = visit(color_scheme="dark").page
    page.goto("/figures/?dataset=WPF")
    image = page.locator("figure img").first
    chosen = "theme => document.querySelector('figure img').currentSrc.includes(`-${theme}.svg`)"
    image.scroll_into_view_if_needed()
    page.wait_for_function(chosen, arg="dark")  # a picture is chosen when it comes near the screen
    page.emulate_media(media="print", color_scheme="dark")
    page.wait_for_function(chosen, arg="light")
    paper = page.evaluate("getComputedStyle(document.documentElement).backgroundColor")
    assert paper == "rgb(255, 255, 255)"


def test_a_submission_is_printed_without_its_verbs(country, visit):
    page = visit(CLERK).page
    page.goto("/submissions/")
    page.get_by_role("link", name="Work permits for foreigners").first.click()
    page.wait_for_load_state()
    page.emulate_media(media="print")
    assert shown(page, "header, nav, button, .btn") == []
    expect(page.get_by_role("heading", name="Scorecard")).to_be_visible()
