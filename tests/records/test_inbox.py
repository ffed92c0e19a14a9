"""The inbox and its letters: whom it concerns, once, in her language, when she chose."""

import re
from datetime import datetime, timedelta
from email import message_from_bytes, policy
from zoneinfo import ZoneInfo

import pytest
from django.conf import settings as portal
from django.db import DatabaseError, connection, transaction
from django.test import Client
from django.utils import timezone

from agencies import access, letters, scope
from agencies.models import Letter
from agencies.roles import Role
from jobs import worker
from records.models import Notice, Reader
from records.review import deadlines, digests, inbox, reminders, submissions
from standards.periods import last_periods
from tests import factories
from tests.cast import signed_in
from tests.mailbox import Mailbox

pytestmark = pytest.mark.django_db(transaction=True)
LAST = last_periods("M", timezone.localdate(), 1)[0]
MORNING = datetime(2026, 3, 4, 9, tzinfo=ZoneInfo(portal.TIME_ZONE))  # a Wednesday
DAY = timedelta(days=1)


@pytest.fixture(autouse=True)
def server(settings):
    """A real mail server, and the portal's own way of sending."""
    settings.EMAIL_BACKEND = "agencies.letters.Post"
    settings.LETTERS_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.PORTAL_ADDRESS = "http://testserver"
    settings.EMAIL_LEFT_ALONE_SECONDS = 0.0
    letters._Silence.until = 0.0
    box = Mailbox()
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", box.port
    box.start()
    yield box
    box.stop()


@pytest.fixture
def month(instruments, agency, clerk):
    with scope.acting(clerk):
        return factories.submission(agency, instruments["SMS-WPF"], LAST, state="SUBMITTED")


@pytest.fixture
def returned(month, reviewer):
    with scope.acting(reviewer):
        submissions.advance(month, "return", by=reviewer, reason="Occupation is missing.")
    return month


def deliver():
    """Do the jobs of all letters, as workers do."""
    for letter in Letter.objects.filter(sent_at=None):
        worker.work(letter.job_id)


def told(person):
    with scope.acting(person):
        return [(notice.kind, inbox.words(notice)) for notice in inbox.notices(person)]


def test_who_returns_tells_the_agency_and_nobody_else(returned, clerk, reviewer, outsider):
    ((kind, text),) = told(clerk)
    assert kind == "RETURNED" and "Occupation is missing." in text
    assert told(reviewer) == [] == told(outsider)


def test_a_letter_comes_once_in_her_language_with_links_that_lead_there(returned, clerk, server):
    clerk.language = "ru"
    clerk.save()
    assert digests.write(MORNING) == 1
    assert digests.write(MORNING) == digests.write(MORNING + DAY) == 0
    deliver()
    ((address, text),) = server.taken
    letter = message_from_bytes(text.encode(), policy=policy.default)
    body = letter.get_content()
    assert address == clerk.email and "возвращено" in body and "1 новая строка" in letter["Subject"]
    path = re.search(r"http://testserver(/submissions/\d+/)", body)[1]
    assert signed_in(clerk).get(path).status_code == 200


def test_nothing_is_written_when_nothing_is_new_or_it_was_read(returned, clerk):
    with scope.acting(clerk):
        inbox.read(clerk)
    assert digests.write(MORNING) == 0 and not Letter.objects.exists()


def test_a_worker_that_dies_while_a_letter_is_written_leaves_both_or_neither(
    returned, clerk, server
):
    with pytest.raises(DatabaseError):
        _die_while_writing(clerk)
    connection.close()
    assert not Letter.objects.exists()
    assert digests.write(MORNING) == 1 and digests.write(MORNING) == 0
    deliver()
    deliver()
    assert len(server.taken) == 1


@transaction.atomic
def _die_while_writing(person):
    """The letter is written and its lines are noted; then the connection breaks, as when a process is killed."""
    assert digests._write(person, MORNING) == 1
    connection.connection.close()


@pytest.mark.parametrize(
    ("choice", "last", "at", "is_time"),
    [
        ("AT_ONCE", 0, MORNING.replace(hour=3), True),
        ("DAILY", None, MORNING, True),
        ("DAILY", None, MORNING.replace(hour=7), False),
        ("DAILY", 0, MORNING, False),
        ("DAILY", 1, MORNING, True),
        ("WEEKLY", 1, MORNING, False),
        ("WEEKLY", 5, MORNING, True),
        ("WEEKLY", None, MORNING, False),
        ("WEEKLY", None, MORNING - 2 * DAY, True),
    ],
)
def test_when_a_letter_may_be_written(choice, last, at, is_time):
    day = None if last is None else MORNING.date() - last * DAY
    assert digests.is_time(Reader(letters=choice, last_letter_on=day), at) is is_time


def test_a_choice_is_made_on_the_page_and_another_one_is_refused(returned, clerk):
    client = signed_in(clerk)
    assert client.post("/inbox/", {"letters": "WEEKLY"}).status_code == 302
    assert Reader.objects.get(person=clerk).letters == "WEEKLY"
    for wrong in ("", "weekly", "HOURLY" * 90):
        assert client.post("/inbox/", {"letters": wrong}).status_code == 422
    assert Reader.objects.get(person=clerk).letters == "WEEKLY"


def test_opening_a_line_leads_to_its_place_and_it_is_read(returned, clerk, reviewer):
    with scope.acting(clerk):
        notice = inbox.notices(clerk).get()
    assert "Occupation is missing." in signed_in(clerk).get("/inbox/").content.decode()
    for number in ("0", "x", "9" * 40):
        assert signed_in(clerk).post("/inbox/", {"notice": number}).status_code == 404
    assert signed_in(reviewer).post("/inbox/", {"notice": str(notice.pk)}).status_code == 404
    answer = signed_in(clerk).post("/inbox/", {"notice": str(notice.pk)})
    assert answer["Location"] == returned.get_absolute_url()
    with scope.acting(clerk):
        assert inbox.unread(clerk) == 0


def test_the_link_of_a_letter_ends_only_these_letters_without_a_sign_in(returned, clerk):
    path = digests.leave_link(clerk).removeprefix("http://testserver")
    assert Client().get(path).status_code == 200
    assert not Reader.objects.filter(letters="NEVER").exists()  # opening it only asks
    assert Client().post(path, {"List-Unsubscribe": "One-Click"}).status_code == 200
    assert Reader.objects.get(person=clerk).letters == "NEVER"
    assert digests.write(MORNING) == 0
    assert len(told(clerk)) == 1
    assert Client().post(path.replace(":", "0:", 1)).status_code == 404


def test_what_is_late_is_told_once_however_often_it_is_found(
    instruments, agency, clerk, statistician
):
    with scope.acting(statistician):
        said = {
            "days": "1",
            "grace": "0",
            "first_period": last_periods("M", timezone.localdate(), 1)[0],
        }
        deadlines.set_rule(agency, instruments["SMS-WPF"], said, by=statistician)
    reminders.remind()
    before = told(clerk)
    reminders.remind()
    assert told(clerk) == before
    late = [text for kind, text in before if kind == "LATE" and "Work permits" in text]
    assert len(late) == (1 if timezone.localdate().day > 2 else 0)


def test_who_lost_her_role_is_told_nothing_more(returned, clerk, agency):
    access.revoke(clerk, Role.CLERK, agency)
    assert told(clerk) == [] and digests.write(MORNING) == 0


def test_another_builder_tells_of_a_mention_by_one_call(month, clerk, reviewer):
    with scope.acting(clerk):
        for _twice in range(2):
            inbox.tell(
                [reviewer],
                *(Notice.Kind.MENTIONED, "mention:1", inbox.MENTIONED),
                agency=month.agency,
                link=month.get_absolute_url(),
                title=month.instrument_version.content["title"],
                period=month.period,
                by=str(clerk),
            )
    assert [kind for kind, _text in told(reviewer)] == ["MENTIONED"]
