"""Typing records one after the other: how many keys it takes, and what the form does meanwhile."""

import pytest
from playwright.sync_api import expect

from agencies import scope
from records.collection import entry_rules
from records.models import Instrument, Record
from tests import world

pytestmark = pytest.mark.slow
CLERK, ADMIN = "clerk@sms.example", "admin@sms.example"
FORM = "/records/new/SMS-WPF/SMS/"
MONTH = world.MONTHS[2]
DAY = f"15.{MONTH[5:]}.{MONTH[:4]}"
NEXT_YEAR = f"14{MONTH[5:]}{int(MONTH[2:4]) + 1:02}"
CARRIED = ("event_date", "sex_basis", "region", "education", "civil_status", "decision", "activity",
           "employer_type", "valid_from", "wage_cur", "contract_hours_w")  # fmt: skip
MOST_KEYS = 60
NUMBER = "WP/2026/00124"


class Keyboard:
    """The keyboard of a page that counts: every character and every Tab, Enter and arrow is one."""

    def __init__(self, page):
        self.page, self.pressed = page, 0

    def type(self, text):
        for character in text:
            self.press(character)

    def press(self, key):
        self.page.keyboard.press(key)
        self.pressed += 1


@pytest.fixture
def page(country, visit):
    """The form of a clerk whose agency carries on what is the same in most permits of a day."""
    admin = world.person(ADMIN)
    with scope.acting(admin):
        permits = Instrument.objects.get(code="SMS-WPF")
        agency = permits.agencies.get(code="SMS")
        entry_rules.set_rule(agency, permits, carried=CARRIED, twice=[], by=admin)
    page = visit(CLERK).page
    page.goto(FORM)
    return page


def fill(page, **texts):
    """Fill in the form of a permit, by the names of variables."""
    for name, text in texts.items():
        field = page.locator(f"#f-{name}")
        if name == "sex":
            page.locator(f"[name=sex][value='{text}']").check()
        elif field.get_attribute("role") == "combobox":
            field.fill(text)
            field.press("Enter")
        elif field.evaluate("e => e.tagName") == "SELECT":
            field.select_option(text)
        else:
            field.fill(text)


def type_first(page):
    fill(page, record_ref="KEYS-1", event_date=DAY, sex="F", sex_basis="DOC", birth_date="1988", citizenship="TUR",
         country_birth="TUR", region="TM-S", education="3", civil_status="S", decision="ISS", occupation="71",
         activity="F", employer_type="PRIV_NAT", valid_from=DAY, valid_to=NEXT_YEAR, wage_month="5000",
         wage_cur="TMT", contract_hours_w="40")  # fmt: skip
    page.get_by_role("button", name="Save and add another").click()
    expect(page.get_by_role("status").first).to_contain_text("KEYS-1")


def test_a_whole_work_permit_takes_at_most_sixty_keys(page):
    type_first(page)
    keys = Keyboard(page)
    expect(page.locator("#f-record_ref")).to_be_focused()
    for text in (NUMBER, "m", "120391", "tur", "uzb", "72", NEXT_YEAR, "4200"):
        keys.type(text)
        if text != "4200":
            keys.press("Tab")
    keys.press("Enter")
    expect(page.get_by_role("status").first).to_contain_text(NUMBER)
    expect(page.locator("#f-record_ref")).to_be_focused()  # the next one at once
    assert keys.pressed <= MOST_KEYS
    with scope.acting(world.person(CLERK)):
        record = Record.objects.get(record_ref=NUMBER)
    assert (record.sex, record.birth_year, record.citizenship, record.country_birth) == (
        "M",
        1991,
        "TUR",
        "UZB",
    )
    assert (record.region, record.education, record.civil_status) == ("TM-S", "3", "S")
    assert record.extras["occupation"] == "72"
    assert (record.extras["decision"], record.extras["wage_cur"], record.extras["wage_month"]) == (
        "ISS",
        "TMT",
        4200,
    )


def test_a_draft_survives_a_closed_tab_and_what_is_unusual_is_said_while_typing(page):
    fill(page, record_ref="DRAFT-1", contract_hours_w="70", event_date="311299")
    beside = page.locator(".field", has=page.locator("#f-contract_hours_w"))
    expect(beside.get_by_text("More than 60 hours")).to_be_visible()
    expect(page.locator("[hx-post]")).to_contain_text("Draft saved")
    context = page.context
    page.close()
    again = context.new_page()
    again.goto(FORM)
    expect(again.locator("#f-record_ref")).to_have_value("DRAFT-1")
    expect(again.locator("#f-contract_hours_w")).to_have_value("70")
    expect(again.locator("#f-event_date")).to_have_value("31.12.2099")
    again.on("dialog", lambda dialog: dialog.accept())
    again.get_by_role("button", name="Discard the draft").click()
    expect(again.locator("#f-record_ref")).to_have_value("")


def test_a_word_on_no_list_is_proposed_from_the_field(page):
    field = page.get_by_role("combobox", name="Citizenship")
    field.fill("atlantida")
    expect(page.get_by_role("option", name="atlantida")).to_be_visible()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    expect(page.get_by_text("Proposed to the statistics office")).to_be_visible()
