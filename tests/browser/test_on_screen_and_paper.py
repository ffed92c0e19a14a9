"""Where things stand on paper: what is printed, and what is not."""

import re

import pytest
from django.utils import timezone
from playwright.sync_api import expect

pytestmark = pytest.mark.slow
CLERK = "clerk@sms.example"


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
