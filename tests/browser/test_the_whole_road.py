"""A month by hand in a real browser, with a real worker: from the reminder to a public figure and its news.

On the way: a later date, a correction, a submission that comes back, an answer in a thread.
"""

import csv
import io
import re
from datetime import timedelta

import pytest
from django.core import mail
from django.utils import timezone
from playwright.sync_api import expect

from agencies import scope
from agencies.models import Agency
from migdata.demo import people
from records.instruments import versions
from records.models import Instrument
from records.review import calendar, deadlines, digests, reminders
from reports.releases import subscriptions
from standards.periods import Period, period_name
from tests import world

pytestmark = pytest.mark.slow
MONTH = world.MONTHS[-1]


@pytest.fixture
def settled(live_server, worker):
    people.settle()
    versions.publish_all()
    worker()


def test_a_month_of_an_agency_from_the_reminder_to_the_public_figure_and_its_news(
    settled, visit, tmp_path, settings, live_server
):
    settings.PORTAL_ADDRESS = live_server.url
    file = tmp_path / "work permits.csv"
    file.write_bytes(world.permits(MONTH))
    statistician = visit("statistician@scs.example").page
    reviewer = visit("reviewer@sms.example").page
    clerk = visit("clerk@sms.example").page
    follow_the_reminder(clerk)
    extend(statistician)
    read_news(clerk, "is due on", "The archive moves.")
    correct_and_submit(clerk, file)
    give_back(reviewer)
    answer_and_submit(clerk)
    sign(reviewer)
    accept(statistician)
    build(visit("publisher@scs.example").page)
    release(visit("editor@scs.example").page)
    read(visit("viewer@parl.example").page)
    subscriptions.announce()  # as beat does once a minute
    read_news(clerk, "WPF-1")
    invite(visit("admin@sms.example").page, visit)


def follow_the_reminder(page):
    """A letter says what is due; its link leads to the date of the very month."""
    due_soon()
    assert reminders.remind()
    digests.write(timezone.localtime().replace(hour=9))
    letter = next(m for m in mail.outbox if m.to == ["clerk@sms.example"])
    assert "Work permits" in letter.body and period_name(MONTH, "en") in letter.body
    page.goto(re.search(rf"http\S+/due-dates/SMS-WPF/SMS/{MONTH}/", letter.body)[0])
    expect(page.get_by_role("heading", level=1)).to_contain_text(period_name(MONTH, "en"))


def due_soon():
    """Statistics staff let work permits be due in these days."""
    statistician = world.person("statistician@scs.example")
    days = (timezone.localdate() - Period.parse(MONTH).last_day).days
    rule = {"days": str(max(days, 1)), "counted": "calendar", "grace": "0"}
    with scope.acting(statistician):
        agency, instrument = Agency.objects.get(code="SMS"), Instrument.objects.get(code="SMS-WPF")
        deadlines.set_rule(agency, instrument, rule, by=statistician)


def extend(page):
    page.goto(f"/due-dates/SMS-WPF/SMS/{MONTH}/")
    day = timezone.localdate() + timedelta(days=10)
    while not calendar.working_days().works(day):
        day += timedelta(days=1)
    page.get_by_label("New due date").fill(day.isoformat())
    page.get_by_label("Reason").fill("The archive moves.")
    page.get_by_role("button", name="Extend").click()
    expect(page.get_by_role("status")).to_contain_text("the agency is told")


def read_news(page, *texts):
    page.goto("/inbox/")
    for text in texts:
        expect(page.locator("main")).to_contain_text(text)


def give_back(page):
    """The reviewer asks about a variable in a thread, and returns the month for a reason of the list."""
    open_first_task(page, "Sign")
    page.get_by_role("link", name="Read and write").click()
    page.get_by_label("Text").last.fill("Please look at the occupations once more.")
    page.get_by_role("checkbox", name="Clerk").last.check()
    page.get_by_role("button", name="Write").click()
    expect(page.locator("main")).to_contain_text("Please look at the occupations once more.")
    open_first_task(page, "Sign")
    page.get_by_label("What it is about").select_option("INCOMPLETE")
    page.get_by_label("Reason").fill("One permit is missing.")
    page.get_by_role("button", name=re.compile("^Return")).click()
    expect(page.get_by_role("status")).to_contain_text("returned")


def answer_and_submit(page):
    """The clerk hears of both in her inbox, answers, corrects a record and submits again."""
    read_news(page, "One permit is missing.", "mentioned")
    page.goto("/submissions/")
    page.get_by_role("link", name="Work permits for foreigners").click()
    expect(page.locator("main")).to_contain_text("One permit is missing.")
    page.get_by_role("link", name="Read and write").click()
    page.locator("summary", has_text="Answer").click()
    page.get_by_label("Text").first.fill("They are as the file says.")
    page.get_by_role("button", name="Answer").first.click()
    expect(page.locator("main")).to_contain_text("They are as the file says.")
    page.goto("/submissions/")
    page.get_by_role("link", name="Work permits for foreigners").click()
    page.get_by_role("checkbox").check()  # rows that stay held are acknowledged once more
    page.get_by_role("button", name=re.compile("^Submit")).click()
    expect(page.get_by_role("status")).to_contain_text("submitted")


def correct_and_submit(page, file):
    page.goto("/")
    page.get_by_role("link", name="Upload a file").click()
    page.get_by_label("Instrument").select_option(label="Work permits for foreigners (SMS)")
    page.get_by_label("File", exact=True).set_input_files(file)
    page.get_by_role("button", name="Send the file").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("to correct", timeout=60_000)
    expect(page.locator("main")).to_contain_text("cp1251")
    expect(page.get_by_role("row", name=re.compile("Номер паспорта"))).to_contain_text(
        "dropped, never stored"
    )
    held = page.get_by_role("link", name=re.compile(r"^Correct \d+ rows?$"))
    before = int(re.search(r"\d+", held.inner_text())[0])
    held.click()
    page.goto(page.locator("a[href^='/held/']").first.get_attribute("href"))
    start = page.locator("[name=valid_from]").input_value()
    page.locator("[name=valid_to]").fill(f"28{start[2:6]}{int(start[6:]) + 1}")
    page.get_by_role("button", name="Save").first.click()
    expect(page).to_have_url(re.compile("/held$"))
    page.goto("/submissions/")
    page.get_by_role("link", name="Work permits for foreigners").click()
    if before > 1:
        page.get_by_role("checkbox").check()
    page.get_by_role("button", name=re.compile("^Submit")).click()
    expect(page.get_by_role("status")).to_contain_text("submitted")


def open_first_task(page, verb):
    page.goto("/")
    page.get_by_role("link", name=re.compile(f"^{verb}")).first.click()


def sign(page):
    open_first_task(page, "Sign")
    expect(page.locator(".sum").first).to_contain_text("Women")
    page.get_by_role("button", name=re.compile("^Sign:")).click()
    expect(page.get_by_role("status")).to_contain_text("signed")


def accept(page):
    open_first_task(page, "Accept")
    expect(page.get_by_role("heading", name="Scorecard")).to_be_visible()
    expect(page.get_by_role("link", name="All records")).to_have_count(0)  # numbers, never records
    page.get_by_role("button", name=re.compile("^Accept")).click()
    expect(page.get_by_role("status")).to_contain_text("accepted")


def build(page):
    section = page.locator("section", has=page.get_by_role("heading", name="Work permits"))
    expect(page.get_by_role("heading", level=1)).to_have_text("Releases")
    for _try in range(60):  # the worker seals first
        button = section.get_by_role("button", name="Build a release")
        if button.count() and button.is_enabled():
            break
        page.wait_for_timeout(500)
        page.reload()
    section.get_by_role("button", name="Build a release").click()
    section.get_by_role("link", name="WPF-1").click(timeout=60_000)
    expect(page.locator("main")).to_contain_text("another publisher has to look at it")
    expect(page.get_by_role("button", name="Release WPF-1")).to_have_count(0)


def release(page):
    page.goto("/releases/")
    page.get_by_role("link", name="WPF-1").click()
    missing = page.get_by_role("checkbox", name=re.compile("^These deliveries are missing"))
    if missing.count():  # of the other agency
        missing.check()
    page.get_by_label("Note for readers").fill("The first month of work permits.")
    page.once("dialog", lambda dialog: dialog.accept())
    page.get_by_role("button", name="Release WPF-1").click()
    expect(page.locator("h1 + .chip")).to_have_text("Released")


def read(page):
    expect(page.get_by_role("heading", level=1)).to_contain_text("Women and men in migration")
    page.get_by_role("link", name="Work permits for foreigners", exact=True).click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("Permits granted or renewed")
    glance = page.locator(".sum").first
    shown = [
        int(text.replace(",", ""))
        for text in glance.locator("td:last-child").all_inner_texts()
        if re.fullmatch(r"[\d,]+", text)
    ]
    women, men, other, total = shown
    assert women + men + other == total > 0
    assert [n % 3 for n in shown] == [0, 0, 0, 0]
    expect(page.locator("main")).to_contain_text(period_name(MONTH, "en"))
    page.locator("summary").first.click()
    with page.expect_download() as download:
        page.get_by_role("link", name="CSV").first.click()
    text = download.value.path().read_text()
    (row,) = csv.DictReader(io.StringIO(text))
    assert [int(row[name]) for name in ("F", "M", "_OU", "_T")] == shown
    assert "_WPF-1_" in download.value.suggested_filename


def invite(page, visit):
    page.get_by_role("link", name="Invite a person").click()
    page.get_by_label("Name").fill("Aýna Nuryýewa")
    page.get_by_label("E-mail").fill("ayna@sms.example")
    page.get_by_role("checkbox", name=re.compile("^Clerk")).check()
    page.get_by_role("button", name="Send the invitation").click()
    expect(page.get_by_role("row", name=re.compile("Aýna"))).to_contain_text("invited")
    link = re.search(r"http\S+", mail.outbox[-1].body)[0]
    new = visit()
    new.page.goto(link)
    new.page.get_by_role("button", name="Accept").click()
    new.page.locator("input[type=password]").first.wait_for()
    for field in new.page.locator("input[type=password]").all():
        field.fill("a sentence that is long enough")
    new.page.get_by_role("button", name="Save the password").click()
    new.sign_in("ayna@sms.example", "a sentence that is long enough")
    expect(new.page.get_by_role("navigation", name="Main")).to_contain_text("Uploads")
    page.reload()
    expect(page.get_by_role("row", name=re.compile("Aýna"))).to_contain_text("active")
