"""Practice: one click, a list that ticks itself, nothing of it counts. The database refuses what would mix the two."""

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import Error, connection, transaction
from django.urls import reverse

from agencies import access, scope
from agencies.models import Agency
from jobs import worker
from jobs.models import Job
from records import practice as practised
from records.models import HeldRow, Record, Submission, Upload
from tests.cast import signed_in
from tests.records import files
from tests.records.files import WPF

EMPTY = ("submission", "upload", "record", "heldrow", "handling", "recordevent", "notice")


@pytest.fixture
def browser(clerk, instruments):
    """A browser in which the clerk has begun to practise."""
    client = signed_in(clerk)
    assert client.post(reverse("records:practise", args=["clerk"])).status_code == 302
    return client


@pytest.fixture
def place(browser, clerk):
    return Agency.everywhere.get(practice_of=clerk)


def refused(statement, *values):
    """Return what the database says to a statement of the application, "" where it does it."""
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(statement, values)
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
            transaction.set_rollback(True)
    except Error as error:
        return str(error.__cause__)
    return ""


def work():
    """Let a worker do what waits."""
    for job in Job.objects.filter(state="QUEUED").order_by("pk"):
        worker.work(job.pk)


def ticked(place):
    with transaction.atomic():
        return {task.name for task in practised.tasks(place) if task.done}


def send(browser, place, ending):
    """Send a file to try, as the page offers it."""
    instrument = place.instruments.get()
    (file,) = [f for f in practised.files(instrument, "en") if f.name.endswith(ending)]
    got = browser.get(reverse("records:practice_file", args=[file.name]))
    assert got.content == file.content
    answer = browser.post(
        reverse("records:upload_new"),
        {
            "delivery": f"{place.code}/{instrument.code}",
            "file": SimpleUploadedFile(file.name, file.content),
        },
    )
    assert answer.status_code == 302, answer.content.decode()
    work()
    return int(answer["Location"].strip("/").split("/")[-1])


def test_one_click_gives_a_person_an_agency_of_her_own(browser, place, clerk):
    page = browser.get(reverse("records:practice")).content.decode()
    assert place.code == f"PR-{clerk.pk}"
    assert "Practice" in page
    assert "0 of 8" in page
    assert browser.get("/").context["user"].practice_at == place
    # What she is otherwise rests: nothing of her own agency is on a page of practice.
    assert set(access.holdings(browser.get("/uploads/").context["user"])) == {place}


@pytest.mark.django_db(transaction=True)
def test_a_month_of_practice_ticks_itself_and_is_emptied_again(browser, place, clerk, instruments):
    upload = send(browser, place, ".xlsx")
    assert ticked(place) == {"upload"}
    with scope.working([place.pk]):
        held = list(HeldRow.open_rows.filter(agency=place).errors())
        (month,) = Submission.objects.filter(agency=place)
        assert Upload.objects.get(pk=upload).state == Upload.State.COMMITTED
    assert len(held) == 3
    for row in held:
        browser.post(reverse("records:held_discard", args=[row.pk]))
    asking = send(browser, place, ".csv")
    with scope.working([place.pk]):
        assert Upload.objects.get(pk=asking).state == Upload.State.NEEDS_ANSWERS
    browser.post(
        reverse("records:upload_answer", args=[asking]),
        {"sex_codes:1": "M", "sex_codes:2": "F"},
    )
    work()
    assert ticked(place) == {"upload", "mend", "answer"}
    month = type_and_submit(browser, place, month)
    # She who plays the clerk cannot sign as the clerk; the reviewer returns it, then signs.
    assert step(browser, month, "sign").status_code == 403
    browser.post(reverse("records:practise", args=["reviewer"]))
    step(browser, month, "return", reason="A row is doubtful.", reason_code="OTHER")
    assert "return" in ticked(place)
    assert "resubmit" not in ticked(place)
    browser.post(reverse("records:practise", args=["clerk"]))
    assert "A row is doubtful." in browser.get("/").content.decode()
    step(browser, month, "submit")
    browser.post(reverse("records:practise", args=["reviewer"]))
    step(browser, month, "sign")
    assert ticked(place) == set(practised.TASKS)
    assert "8 of 8" in browser.get(reverse("records:practice")).content.decode()

    browser.post(reverse("records:practice_reset"))
    assert ticked(place) == set()
    assert {table: rows_of(place, table) for table in EMPTY} == dict.fromkeys(EMPTY, 0)
    assert send(browser, place, ".xlsx")  # the same file can be tried again


def type_and_submit(browser, place, month):
    """Type a record into the month, and submit it."""
    instrument = place.instruments.get()
    day = f"05.{month.period[5:]}.{month.period[:4]}"
    later = f"05.{month.period[5:]}.{int(month.period[:4]) + 1}"
    values = {**WPF, "event_date": day, "valid_from": day, "valid_to": later}
    typed = browser.post(reverse("records:record_new", args=[instrument.code, place.code]), values)
    assert typed.status_code == 302, typed.content.decode()
    assert "type" in ticked(place)
    assert step(browser, month, "submit").status_code == 302
    assert "submit" in ticked(place)
    return month


def step(browser, month, verb, **said):
    return browser.post(reverse("records:advance", args=[month.pk, verb]), said)


def rows_of(place, table):
    """Count the rows of a practice agency, whatever the scope."""
    with connection.cursor() as cursor:
        cursor.execute("RESET ROLE")
        cursor.execute(f"SELECT count(*) FROM records_{table} WHERE agency_id = %s", [place.pk])
        (count,) = cursor.fetchone()
        cursor.execute("SET ROLE migdata_app")
    return count


@pytest.mark.django_db(transaction=True)
def test_a_file_to_practise_with_is_refused_in_real_work(instruments, agency, clerk):
    (_mistakes, question) = practised.files(instruments["SMS-WPF"], "en")
    sent = files.send(
        question.content,
        by=clerk,
        agency=agency,
        instrument=instruments["SMS-WPF"],
        answers={"sex_codes": {"1": "M", "2": "F"}},
    )
    assert sent.state == Upload.State.REFUSED
    assert "practise" in sent.reason
    with scope.working([agency.pk]):
        assert not Record.objects.exists()
        assert not HeldRow.all_rows.exists()
