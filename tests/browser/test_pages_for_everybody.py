"""Pages for eyes, ears, thumbs and keyboards: accessibility rules, narrow screens, no JavaScript."""

import re

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect

from agencies import scope
from records.models import Record, Submission, Upload
from reports.models import Release
from tests import world

pytestmark = pytest.mark.slow
PAGES = {
    None: (
        *("/figures/", "/figures/?dataset=WPF&decision=OTHER", "/figures/tables/"),
        *("/figures/releases/", "/figures/releases/WPF-1/", "/figures/releases/revisions/WPF/"),
        *("/figures/releases/compare/?first=WPF-1&second=WPF-1&by=decision,month&decision=all",),
        *("/figures/tables/T14/", "/figures/method/", "/figures/api/", "/accounts/login/"),
        *("/figures/indicators/", "/figures/indicators/G1/", "/figures/indicators/G5/"),
        *("/figures/indicators/sets/gcm/", "/figures/matrix/?show=all"),
        *("/figures/matrix/work_permits/", "/figures/coverage/", "/figures/quality/"),
        "/figures/build/?dataset=WPF&rows=OCCUPATION",
    ),
    "clerk@sms.example": (
        *("/", "/submissions/", "{submission}", "{records}&behind=missing:sex", "{submission}held"),
        *("{submission}threads", "/records/", "/records/files/"),
        *("/uploads/", "/uploads/{upload}/", "/uploads/new", "/records/new/SMS-WPF/SMS/"),
        *("/instruments/", "/instruments/SMS-WPF/", "/accounts/password/change/"),
    ),
    "statistician@scs.example": ("/", "/submissions/", "{accepted}", "/provenance/", "/proposals/"),
    "publisher@scs.example": ("/releases/", "/releases/{release}/"),
    "admin@sms.example": (
        *("/people/", "/people/invite/SMS/", "/people/person/SMS/{person}/"),
        *("/typing/", "/typing/SMS-WPF/SMS/"),
    ),
    "admin@national.example": ("/people/", "/people/agencies/"),
}
BYTES_OF_A_PAGE = 100_000
# The rules of accessibility that a theme can break: it changes colours and nothing else.
OF_COLOURS = ("color-contrast", "link-in-text-block")


def addresses():
    with scope.acting(world.person("clerk@sms.example")):
        open_one = Submission.objects.get(period=world.MONTHS[2])
        accepted = Submission.objects.get(period=world.MONTHS[0])
        upload = Upload.objects.latest("pk").pk
    person = world.person("clerk@sms.example").pk
    return {
        "upload": upload,
        "release": Release.objects.latest("pk").pk,
        "submission": f"/submissions/{open_one.pk}/",
        "records": open_one.records_url,
        "accepted": f"/submissions/{accepted.pk}/",
        "person": person,
    }


def visited(visit, asked=None, **context):
    """Yield every page of PAGES, opened by its person; `asked` gets the addresses of all it loads."""
    known = addresses()
    for email, paths in PAGES.items():
        page = visit(email, **context).page
        if asked is not None:
            page.on("request", lambda request: asked.add(request.url))
        for path in paths:
            response = page.goto(path.format(**known))
            assert response.status == 200, (path, response.status)
            yield path, page, response


def broken_rules(page, *rules):
    """The rules of accessibility (all, or these) that a page breaks, each with the beginning of the first element."""
    options = {"resultTypes": ["violations"]}
    if rules:
        options["runOnly"] = {"type": "rule", "values": rules}
    found = Axe().run(page, options=options).response["violations"]
    return [(v["id"], v["nodes"][0]["html"][:120]) for v in found]


# Every figure of a table that does not lie on the screen as a whole, however far one scrolls down.
BESIDE_THE_SCREEN = """() => [...document.querySelectorAll("td.num")]
  .map((cell) => [cell.innerText, cell.getBoundingClientRect()])
  .filter(([text, box]) => box.width && (box.left < 0 || box.right > innerWidth))
  .map(([text]) => text)"""
# Every word of a code or an address of which a part stands on the next line.
BROKEN_WORDS = r"""() => {
  const broken = [];
  for (const code of document.querySelectorAll(".mono, .code")) {
    const walker = document.createTreeWalker(code, NodeFilter.SHOW_TEXT);
    while (walker.nextNode())
      for (const word of walker.currentNode.data.matchAll(/[\p{L}\p{N}]+/gu)) {
        const range = document.createRange();
        range.setStart(walker.currentNode, word.index);
        range.setEnd(walker.currentNode, word.index + word[0].length);
        if (new Set([...range.getClientRects()].map((box) => box.top)).size > 1) broken.push(word[0]);
      }
  }
  return broken;
}"""


OPEN_EVERYTHING = "document.querySelectorAll('details').forEach((part) => { part.open = true; })"


def wrong(found):
    """Of what was looked for on every page, what was found."""
    return {place: faults for place, faults in found.items() if faults}


def test_pages_are_small_whole_and_accessible_on_a_desk(country, visit):
    """By day and by night: each page is loaded once, and looked at as often as there are questions."""
    found, asked = {}, set()
    for path, page, response in visited(visit, asked, viewport={"width": 1440, "height": 740}):
        size = len(response.body())
        found[path, "bytes"] = size if size > BYTES_OF_A_PAGE else 0
        found[path, "broken words"] = page.evaluate(BROKEN_WORDS)
        page.set_viewport_size({"width": 1280, "height": 900})
        for theme, rules in (("light", ()), ("dark", OF_COLOURS)):
            page.emulate_media(color_scheme=theme)
            found[path, theme] = broken_rules(page, *rules)
        page.emulate_media(color_scheme="light")
        page.set_viewport_size({"width": 1440, "height": 740})
    assert wrong(found) == {}
    assert {address.split("/")[2] for address in asked} == {page.url.split("/")[2]}


@pytest.mark.parametrize("language", ["en", "ru", "tk"])
def test_pages_fit_a_small_telephone(country, visit, language):
    """Nothing is wider than it, no word of a code is broken, and every figure of a table lies on the screen."""
    found = {}
    screen = {"width": 360, "height": 740}
    for path, page, _response in visited(visit, viewport=screen, locale=language):
        width = page.evaluate("document.documentElement.scrollWidth")
        found[path, "width"] = width if width > 360 else 0
        found[path, "broken words"] = page.evaluate(BROKEN_WORDS)
        if language == "en":
            found[path, "accessibility"] = broken_rules(page)
        page.evaluate(OPEN_EVERYTHING)
        found[path, "beside the screen"] = page.evaluate(BESIDE_THE_SCREEN)
    assert wrong(found) == {}


def test_nothing_moves_while_the_dashboard_loads(country, visit):
    page = visit().page
    page.goto("/figures/")
    page.evaluate("window.scrollTo(0, document.body.scrollHeight)")
    page.wait_for_load_state("networkidle")
    moved = page.evaluate(
        """() => new Promise((done) => {
            new PerformanceObserver((list) => done(list.getEntries().reduce((sum, e) => sum + e.value, 0)))
                .observe({ type: "layout-shift", buffered: true });
            setTimeout(() => done(0), 500);
        })"""
    )
    assert moved < 0.05


def test_a_record_is_typed_with_the_keyboard_alone(country, visit):
    page = visit("clerk@sms.example").page
    page.goto("/records/new/SMS-WPF/SMS/")
    type_record(page, "KEY-1")
    country_field = page.get_by_role("combobox", name="Citizenship")
    country_field.focus()
    country_field.fill("no such country")
    expect(page.locator(".combo-list:visible").get_by_role("option")).to_contain_text("Propose it")
    country_field.fill("турц")  # any of its names, in any language
    expect(page.locator(".combo-list:visible").get_by_role("option")).to_have_count(1)
    page.keyboard.press("Enter")
    expect(country_field).to_have_value(re.compile("T.rk"))
    page.get_by_role("button", name="Save and close").focus()
    page.keyboard.press("Enter")
    confirm_what_is_unusual(page, "Save and close")
    expect(page.get_by_role("status")).to_contain_text("KEY-1")
    assert stored("KEY-1").citizenship == "TUR"


def test_a_record_can_be_typed_without_javascript(country, visit):
    page = visit("clerk@sms.example", java_script_enabled=False).page
    page.goto("/records/new/SMS-WPF/SMS/")
    type_record(page, "PLAIN-1")
    page.get_by_label("Citizenship", exact=True).select_option("TUR")
    page.get_by_role("button", name="Save and close").click()
    confirm_what_is_unusual(page, "Save and close")
    assert stored("PLAIN-1").citizenship == "TUR"


def test_an_error_stands_beside_its_field_and_nothing_typed_is_lost(country, visit):
    page = visit("clerk@sms.example").page
    page.goto("/records/new/SMS-WPF/SMS/")
    type_record(page, "BAD-1")
    choose(page.locator("#f-citizenship"), "TUR")
    page.get_by_label("Valid to").fill("01.01.2020")
    page.get_by_role("button", name="Save and close").click()
    expect(page.get_by_label("Valid to")).to_be_focused()
    page.get_by_role("alert").get_by_role("link").first.click()
    expect(page.get_by_label("Valid to")).to_be_focused()
    expect(page.get_by_label("Record number")).to_have_value("BAD-1")
    expect(page.locator(".field.err", has=page.get_by_label("Valid to"))).to_be_visible()


def test_the_dashboard_is_filtered_by_its_address(country, visit):
    page = visit().page
    page.goto("/figures/?dataset=WPF")
    page.get_by_role("combobox", name="Decision").select_option("OTHER")
    page.get_by_role("button", name="Show").click()
    assert "decision=OTHER" in page.url
    part = page.locator(".sum").first.locator("tr.all td").inner_text()
    page.get_by_role("link", name="Clear").click()
    whole = page.locator(".sum").first.locator("tr.all td").inner_text()
    assert int(part.replace(",", "")) < int(whole.replace(",", ""))


def test_the_values_of_a_chart_are_read_by_pointer_and_arrow_keys(country, visit):
    page = visit().page
    page.goto("/figures/?dataset=WPF")
    figure = page.locator("figure.chart").first
    chart, line = figure.locator("[data-values]"), figure.locator("[data-value]")
    figure.scroll_into_view_if_needed()
    page.wait_for_function("() => document.querySelector('figure img').currentSrc")
    figure.get_by_text("Show the numbers").click()
    rows = [row.inner_text().split() for row in figure.locator("tbody tr").all()[:2]]
    chart.focus()
    for key, row in (("End", rows[1]), ("ArrowLeft", rows[0]), ("ArrowLeft", rows[0])):
        page.keyboard.press(key)
        said = f"{row[0]} {row[1]}: women {row[2]}"
        expect(line).to_contain_text(said)
        assert f"men {row[3]}" in line.inner_text()
    expect(chart.locator(".mark")).to_be_visible()
    box = chart.bounding_box()
    page.mouse.move(box["x"] + box["width"] * 0.7, box["y"] + box["height"] / 2)
    expect(line).to_contain_text(f"{rows[1][0]} {rows[1][1]}: women")


def type_record(page, number):
    day = f"15.{world.MONTHS[2][5:]}.{world.MONTHS[2][:4]}"
    page.get_by_label("Record number").fill(number)
    page.get_by_label("Date of decision").fill(day)
    page.get_by_role("radio", name="Female").check()
    page.get_by_label("Birth date").fill("14.05.1988")
    page.get_by_label("Region", exact=True).select_option("TM-S")
    page.get_by_label("Decision", exact=True).select_option("ISS")
    page.get_by_label("Type of employer", exact=True).select_option("PRIV_NAT")
    for name, code in (("occupation", "71"), ("activity", "F")):
        choose(page.locator(f"#f-{name}"), code)
    page.get_by_label("Valid from").fill(day)
    page.get_by_label("Valid to").fill(f"15.{world.MONTHS[2][5:]}.{int(world.MONTHS[2][:4]) + 1}")


def choose(field, code):
    """Choose a code of a long list: searched by typing, or without JavaScript from the list as it is."""
    if field.get_attribute("role") == "combobox":
        field.fill(code)
        field.press("Enter")
    else:
        field.select_option(code)


def confirm_what_is_unusual(page, verb):
    boxes = page.get_by_role("checkbox").all()
    if boxes:
        for box in boxes:
            box.check()
        page.get_by_role("button", name=verb).click()


def stored(number):
    with scope.acting(world.person("clerk@sms.example")):
        return Record.objects.get(record_ref=number)


def test_a_country_on_no_list_is_neither_dropped_nor_saved(country, visit):
    page = visit("clerk@sms.example").page
    page.goto("/records/new/SMS-WPF/SMS/")
    type_record(page, "LOST-1")
    field = page.get_by_role("combobox", name="Citizenship")
    field.fill("Атлантида")
    page.get_by_label("Record number").focus()
    page.get_by_role("button", name="Save and close").click()
    expect(field).to_have_value("Атлантида")
    assert "/records/new/" in page.url
    with scope.acting(world.person("clerk@sms.example")):
        assert not Record.objects.filter(record_ref="LOST-1").exists()
