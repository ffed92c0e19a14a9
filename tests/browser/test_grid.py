"""The grid of held rows: a spreadsheet by keyboard alone, saved in one request, with the rules of accessibility."""

import pandas as pd
import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect

from agencies import scope
from agencies.models import Agency
from migdata.demo import people
from records.collection import corrections
from records.instruments import versions
from records.models import HeldRow, Instrument, Record
from records.reading.questions import GO_ON
from tests import world
from tests.records import files
from tests.records.files import plain, table

pytestmark = pytest.mark.slow
CLERK = "clerk@sms.example"
COUNT = 5_000


@pytest.fixture
def send_permits(live_server):
    people.settle()
    versions.publish_all()
    clerk = world.person(CLERK)
    with scope.acting(clerk):
        road = {"agency": Agency.objects.get(code="SMS"), "instrument": Instrument.objects.get(code="SMS-WPF")}  # fmt: skip
    return lambda rows: files.send(plain(rows), by=clerk, answers={"values": GO_ON}, **road)


def with_errors():
    """5,000 rows, right and with 3 % errors of three causes."""
    right = table(COUNT, sex=["F", "M", "M", "F", "_U"], citizenship=["TUR", "UZB", "RUS", "AFG"])
    frame = pd.DataFrame(right[1:], columns=right[0])
    wrong = frame.copy()
    chosen = frame.sample(frac=0.03, random_state=7).index
    wrong.loc[chosen[0::3], "citizenship"] = "Turkistn"
    wrong.loc[chosen[1::3], "valid_to"] = "01.01.2020"
    wrong.loc[chosen[2::3], "event_date"] = "31.02.2026"
    return frame, [list(wrong.columns), *wrong.to_numpy().tolist()]


def violations(page):
    return [problem["id"] for problem in Axe().run(page).response["violations"]]


def at(page, name, n=0):
    return page.locator(f"tbody td[data-name={name}][aria-invalid]").nth(n)


def test_five_thousand_rows_with_three_per_cent_errors_are_all_in_by_keyboard(send_permits, visit):
    right, rows = with_errors()
    upload = send_permits(rows)
    page = visit(CLERK, viewport={"width": 1440, "height": 900}).page
    page.goto(f"/uploads/{upload.pk}/held")
    grid, press = page.get_by_role("grid", name="Held rows"), page.keyboard.press
    expect(grid.locator("tbody tr")).to_have_count(150)
    assert violations(page) == []
    unsaved = page.locator("[data-count]")

    at(page, "citizenship").focus()  # one word, all that are the same
    page.keyboard.type("Türkiye")
    press("Control+Enter")
    expect(unsaved).to_have_text("50")
    press("Control+z")  # all the others, then the first
    press("Control+z")
    expect(unsaved).to_have_text("0")
    press("Control+y")
    press("Control+y")
    expect(unsaved).to_have_text("50")

    press("Control+h")  # find and replace
    page.keyboard.type("01.01.2020")
    press("Tab")
    page.keyboard.type("05.03.2027")
    expect(page.locator("[data-preview] li")).to_have_text("01.01.2020 → 05.03.2027: 50")
    press("Enter")
    expect(unsaved).to_have_text("100")

    at(page, "event_date").focus()
    press("Control+h")
    page.locator("#find").fill("31.02.2026")
    page.locator("#replacement").fill("05.03.2026")
    press("Enter")
    expect(unsaved).to_have_text("150")
    with page.expect_response("**/held") as answer:
        press("Control+s")
    assert answer.value.status == 200
    expect(page.locator("[data-said]")).to_contain_text("150 rows were taken in.")
    expect(grid.locator("tr.fixed")).to_have_count(150)
    assert violations(page) == []
    with scope.acting(world.person(CLERK)):
        assert not HeldRow.open_rows.exists()
        records = pd.DataFrame(Record.objects.values("record_ref", "sex", "row_no"))
    assert len(records) == COUNT == records["record_ref"].nunique()
    assert records["sex"].value_counts().to_dict() == right["sex"].value_counts().to_dict()
    both = records.merge(right.reset_index(), on="record_ref")
    assert (both["row_no"] == both["index"] + 2).all()


def paste(page, text):
    """Paste as the keyboard does, without the clipboard of the machine."""
    page.evaluate(
        "text => { const data = new DataTransfer(); data.setData('text/plain', text);"
        " document.activeElement.dispatchEvent(new ClipboardEvent('paste',"
        " { clipboardData: data, bubbles: true, cancelable: true })); }",
        text,
    )


def texts(page, name):
    cells = page.locator(f"tbody td[data-label='{name}'] > span:first-child")
    return cells.all_text_contents()


def test_blocks_are_moved_like_in_a_spreadsheet_and_nothing_is_lost(send_permits, visit):
    upload = send_permits(table(4, citizenship=["Atlantiss", "Narniaa", "Utopiaa", "Erewhonn"]))
    page = visit(CLERK).page
    page.goto(f"/uploads/{upload.pk}/held")
    press = page.keyboard.press
    at(page, "citizenship").focus()
    paste(page, 'TUR\r\n"UZB"\r\n')
    assert texts(page, "Citizenship") == ["TUR", "UZB", "Utopiaa", "Erewhonn"]
    press("ArrowDown")  # from the end of what was pasted
    press("Control+d")
    assert texts(page, "Citizenship") == ["TUR", "UZB", "UZB", "Erewhonn"]
    press("Control+ArrowDown")
    press("F2")
    page.keyboard.type("x")
    press("Escape")
    press("Home")
    expect(page.get_by_role("rowheader").last).to_be_focused()
    press("Control+End")
    press("Shift+Tab")
    paste(page, "Narniaa\r\nUtopiaa\r\nErewhonn")
    expect(page.locator("[data-said]")).to_contain_text("left out: 2")
    press("Delete")
    assert texts(page, "Citizenship")[3] == ""
    press("Control+z")
    page.keyboard.type("Elsewheree")
    press("Enter")
    assert page.locator(".changed").count() == 4

    with scope.acting(world.person(CLERK)):  # somebody else is quicker with a row
        row = HeldRow.open_rows.select_related("agency", "instrument", "upload").get(row_no=3)
        corrections.correct(row, {"citizenship": "KAZ"}, by=world.person(CLERK))
    page.route("**/held", lambda route: route.fulfill(status=403, body="Signed out"))
    press("Control+s")
    expect(page.locator("[data-said]")).to_contain_text("nothing is lost")
    page.unroute("**/held")
    press("Control+s")
    said = page.locator("[data-said]")
    expect(said).to_contain_text("2 rows were taken in.")
    expect(said).to_contain_text("somebody else")
    expect(said).to_contain_text("1 row has something else to correct.")
    leaving = []
    page.on("dialog", lambda dialog: (leaving.append(dialog.type), dialog.accept()))
    at(page, "citizenship").focus()
    page.keyboard.type("TUR")
    press("Enter")
    page.goto("/uploads/")
    assert leaving == ["beforeunload"]


@pytest.mark.parametrize(("theme", "width"), [("dark", 360)])
def test_the_grid_is_cards_on_a_telephone(send_permits, visit, theme, width):
    upload = send_permits(table(3, citizenship=["Atlantiss", "TUR", "Narniaa"]))
    page = visit(CLERK, color_scheme=theme, viewport={"width": width, "height": 760}, has_touch=True).page  # fmt: skip
    page.goto(f"/uploads/{upload.pk}/held")
    assert violations(page) == []
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    at(page, "citizenship").tap()
    page.keyboard.type("")
    page.locator("td input").fill("TUR")
    page.keyboard.press("Enter")
    expect(page.get_by_role("button", name="Save")).to_be_in_viewport()
    page.get_by_role("button", name="Save").tap()
    expect(page.locator("[data-said]")).to_contain_text("1 row was taken in.")
