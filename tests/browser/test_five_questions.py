"""Questions that readers come with, each answered in a few clicks from the first page of figures."""

import io
import re
from itertools import pairwise

import openpyxl
import pytest
from playwright.sync_api import expect

pytestmark = pytest.mark.django_db(transaction=True)


class Reader:
    """Somebody who begins at the overview and counts her clicks."""

    def __init__(self, page):
        self.page, self.clicks = page, 0
        page.goto("/figures/")

    def click(self, place):
        place.click()
        self.clicks += 1
        self.page.wait_for_load_state("networkidle")

    def follow(self, name):
        self.click(self.page.get_by_role("link", name=name).first)


@pytest.fixture
def page(country, visit):
    return visit().page


def test_women_with_permits_in_a_year_and_from_where(page):
    reader = Reader(page)
    reader.follow("Work permits for foreigners")
    reader.follow(re.compile(r"^20\d\d"))
    assert reader.clicks == 2
    expect(page.locator("h1")).to_contain_text("women are")
    expect(
        page.get_by_role("heading", name=re.compile(r"women \d+, men \d+")).first
    ).to_be_visible()


@pytest.mark.parametrize("name", ["Where sex is not stated", "How good these figures are"])
def test_where_sex_is_missing_and_how_good_the_figures_are(page, name):
    reader = Reader(page)
    reader.follow(name)
    assert reader.clicks == 1
    expect(page.locator("h1")).to_have_text(name)


def test_the_occupations_with_the_fewest_women(page):
    reader = Reader(page)
    reader.follow("Work permits for foreigners")
    chart = page.locator("figure[id*=occupation]")
    reader.click(chart.locator("summary", has_text="Show the numbers"))
    assert reader.clicks == 2
    assert chart.locator("table tbody tr").count() > 3


def test_citizenship_by_sex_and_year_in_excel(page):
    reader = Reader(page)
    reader.follow("Work permits for foreigners")
    reader.click(page.locator("a[href*='rows=CITIZENSHIP']").first)
    reader.click(page.locator("[name=at-period][value=cols]"))
    expect(page).to_have_url(re.compile("cols="))
    with page.expect_download() as download:
        reader.click(page.locator("main a[href*='.xlsx']").first)
    assert reader.clicks == 4
    file = io.BytesIO(download.value.path().read_bytes())
    head, *rows = openpyxl.load_workbook(file).worksheets[0].iter_rows(values_only=True)
    assert {"CITIZENSHIP", "YEAR", "F", "M", "_OU", "_T"} <= set(head)
    keys = [row[: head.index("F")] for row in rows]
    assert len(keys) > 3 and all(one != other for one, other in pairwise(keys))
