"""What scripts add to pages that work without them, by keyboard, and again after a part was swapped."""

import re

import pytest
from playwright.sync_api import expect

from agencies import scope
from records.models import Record, Upload
from tests import world

pytestmark = pytest.mark.slow
CLERK = "clerk@sms.example"
FORM = "/records/new/SMS-WPF/SMS/"
# Ask for the page once more and put its <main> in the place of the old one, as htmx does with a part.
SWAP = """() => htmx.ajax("GET", location.href, {target: "#main", select: "#main", swap: "outerHTML"})"""


def swap(page):
    """Swap the main part; returns when the new one stands there."""
    page.evaluate("document.querySelector('#main').dataset.old = '1'")
    page.evaluate(SWAP)
    expect(page.locator("#main[data-old]")).to_have_count(0)


@pytest.fixture
def form(country, visit):
    """The form of a new record."""
    page = visit(CLERK).page
    page.goto(FORM)
    return page


@pytest.fixture(params=["as loaded", "after a swap"])
def citizenship(request, form):
    if request.param == "after a swap":
        swap(form)
    return form.get_by_role("combobox", name="Citizenship")


def offered(page):
    return page.locator(".combo-list:visible").get_by_role("option")


def chosen(page):
    """The code that the form would send."""
    return page.locator("select[name=citizenship]").input_value()


def test_a_code_is_chosen_with_the_arrows(form, citizenship):
    citizenship.focus()
    form.keyboard.press("ArrowDown")
    expect(offered(form).first).to_have_attribute("aria-selected", "true")
    form.keyboard.press("ArrowDown")
    expect(offered(form).nth(1)).to_have_attribute("aria-selected", "true")
    expect(citizenship).to_have_attribute(
        "aria-activedescendant", offered(form).nth(1).get_attribute("id")
    )
    form.keyboard.press("ArrowUp")
    form.keyboard.press("ArrowUp")  # from the first to the last
    expect(offered(form).last).to_have_attribute("aria-selected", "true")
    name = offered(form).last.locator("span").first.inner_text()
    form.keyboard.press("Enter")
    expect(citizenship).to_have_value(name)
    expect(citizenship).to_have_attribute("aria-expanded", "false")
    assert chosen(form)


def test_a_code_is_chosen_with_tab_and_left_with_escape(form, citizenship):
    citizenship.fill("турц")
    form.keyboard.press("Tab")
    expect(citizenship).to_have_value(re.compile("T.rk"))
    assert chosen(form) == "TUR"
    citizenship.fill("afgh")
    form.keyboard.press("Escape")
    expect(citizenship).to_have_value(re.compile("T.rk"))
    expect(offered(form)).to_have_count(0)
    assert chosen(form) == "TUR"


def test_a_name_that_is_written_out_comes_first(form, citizenship):
    citizenship.fill("Niger")
    expect(offered(form).first).to_contain_text("NER")
    form.keyboard.press("Enter")
    assert chosen(form) == "NER"
    citizenship.fill("Nigeria")
    form.keyboard.press("Enter")
    assert chosen(form) == "NGA"


def test_a_list_that_stands_on_the_page_twice_is_searched_by_the_same_names(form):
    born = form.get_by_role("combobox", name="Country of birth")
    assert form.locator("select[name=country_birth] option[data-aliases]").count() == 0
    born.fill("турц")
    form.keyboard.press("Enter")
    expect(born).to_have_value(re.compile("T.rk"))


@pytest.mark.parametrize("key", ["Enter", "Tab"])
def test_a_name_on_no_list_keeps_the_form_waiting(form, citizenship, key):
    citizenship.fill("Turkiye")
    form.keyboard.press("Enter")
    citizenship.fill("Atlantis")
    form.keyboard.press(key)
    form.get_by_role("button", name="Save and close").click()
    assert not citizenship.evaluate("field => field.validity.valid")
    assert "Choose one of the list" in citizenship.evaluate("field => field.validationMessage")
    expect(citizenship).to_have_value("Atlantis")
    expect(form.get_by_role("alert")).to_have_count(0)  # nothing was sent
    expect(citizenship).to_be_focused()


def test_a_field_with_a_name_on_no_list_is_said_to_be_wrong(form, citizenship):
    citizenship.fill("Atlantis")
    form.keyboard.press("Tab")
    expect(citizenship).to_have_attribute("aria-invalid", "true")
    citizenship.fill("")
    form.keyboard.press("Tab")
    expect(citizenship).not_to_have_attribute("aria-invalid", "true")
    assert chosen(form) == ""


def test_the_list_of_codes_is_named_like_its_field(form, citizenship):
    citizenship.click()
    expect(form.get_by_role("listbox", name="Citizenship")).to_be_visible()


@pytest.mark.parametrize("swapped", [False, True])
def test_a_record_is_deleted_only_when_that_was_meant(country, visit, swapped):
    with scope.acting(world.person(CLERK)):
        record = Record.objects.filter(submission__period=world.MONTHS[2]).first()
    page = visit(CLERK).page
    page.goto(f"/records/{record.pk}/")
    if swapped:
        swap(page)
    questions = []

    def answer(dialog):
        questions.append(dialog.message)
        dialog.accept() if len(questions) > 1 else dialog.dismiss()

    page.on("dialog", answer)
    page.get_by_role("button", name="Delete this record").click()
    page.wait_for_timeout(300)
    assert page.url.endswith(f"/records/{record.pk}/")
    page.get_by_role("button", name="Delete this record").click()
    expect(page.get_by_role("status")).to_contain_text("was deleted")
    assert questions == ["Delete this record?"] * 2


def test_a_form_of_htmx_asks_too(country, visit):
    """A question that is answered with no keeps htmx from sending the form."""
    page = visit(CLERK).page
    page.goto("/uploads/")
    page.on("dialog", lambda dialog: dialog.dismiss())
    sent = []
    page.on("request", lambda request: sent.append(request.method))
    form = '<form hx-post="/uploads/" data-confirm="Really?"><button>Send it</button></form>'
    page.evaluate("form => { document.querySelector('main').innerHTML = form; htmx.process(document.body); }", form)  # fmt: skip
    page.get_by_role("button", name="Send it").click()
    page.wait_for_timeout(300)
    assert "POST" not in sent


def choose_file(page, tmp_path, size=400_000):
    file = tmp_path / "permits.csv"
    file.write_bytes(world.permits(world.MONTHS[2], rows=20, seed=50).ljust(size))
    page.get_by_label("File", exact=True).set_input_files(file)
    page.get_by_label("Instrument").select_option(label="Work permits for foreigners (SMS)")


def test_a_file_on_its_way_says_how_much_has_left(country, visit, tmp_path):
    page = visit(CLERK).page
    page.goto("/uploads/new")
    choose_file(page, tmp_path)
    network = page.context.new_cdp_session(page)
    network.send("Network.enable")
    slow = {"offline": False, "latency": 0, "downloadThroughput": -1, "uploadThroughput": 100_000}
    network.send("Network.emulateNetworkConditions", slow)
    page.get_by_role("button", name="Send the file").click()
    bar = page.get_by_role("progressbar", name="Sending the file")
    expect(bar).to_be_visible()
    expect(page.get_by_role("button", name="Send the file")).to_be_disabled()
    expect(bar).to_have_attribute("value", re.compile("[1-9]"))
    page.wait_for_url(re.compile(r"/uploads/\d+/$"))


def test_a_broken_connection_is_said_and_the_file_can_be_sent_again(country, visit, tmp_path):
    before = uploads()
    guest = visit(CLERK)
    page = guest.page
    page.goto("/uploads/new")
    choose_file(page, tmp_path, size=0)
    page.route("**/uploads/new", lambda route: route.abort())
    page.get_by_role("button", name="Send the file").click()
    expect(page.get_by_role("alert")).to_contain_text("could not be sent")
    expect(page.get_by_role("progressbar")).to_have_count(0)
    page.unroute("**/uploads/new")
    page.get_by_role("button", name="Send the file").click()
    page.wait_for_url(re.compile(r"/uploads/\d+/$"))
    assert uploads() == before + 1
    guest.complaints = [text for text in guest.complaints if "ERR_FAILED" not in text]


def test_an_answer_that_is_no_page_of_ours_is_said_too(country, visit, tmp_path):
    guest = visit(CLERK)
    page = guest.page
    page.goto("/uploads/new")
    choose_file(page, tmp_path, size=0)
    page.route("**/uploads/new", lambda route: route.fulfill(status=502, body="Bad Gateway"))
    page.get_by_role("button", name="Send the file").click()
    expect(page.get_by_role("alert")).to_contain_text("could not be sent")
    guest.complaints = [text for text in guest.complaints if "502" not in text]


def test_a_refused_file_is_said_in_place_however_often(country, visit, tmp_path):
    """Also where the address ends in the field that the summary leads to."""
    page = visit(CLERK).page
    page.goto("/uploads/new")
    empty = tmp_path / "empty.csv"
    empty.write_bytes(b"")
    for _time in range(2):
        page.get_by_label("File", exact=True).set_input_files(empty)
        page.get_by_role("button", name="Send the file").click()
        summary = page.get_by_role("alert")
        expect(summary).to_be_focused()
        expect(summary).to_contain_text("empty")
        summary.get_by_role("link").click()
        expect(page.get_by_label("File", exact=True)).to_be_focused()
        assert page.url.endswith("/uploads/new#id_file")


def test_the_first_wrong_field_takes_the_focus(form):
    form.get_by_role("button", name="Save and close").click()
    expect(form.get_by_role("alert")).to_be_visible()
    expect(form.get_by_label("Record number")).to_be_focused()


def uploads():
    with scope.acting(world.person(CLERK)):
        return Upload.objects.count()
