"""Letters: kept with what they tell, sealed, sent once, and shown without their text to who decides."""

import pytest
from django.core import mail
from django.core.mail import EmailMessage, send_mail
from django.db import transaction

from agencies import access, invitations, letters
from agencies.access import Denied
from agencies.models import Letter, Person
from agencies.roles import Role
from jobs import worker
from jobs.models import Job
from tests.cast import PASSWORD, events, make_person, signed_in
from tests.faults.portal import free_port
from tests.mailbox import Mailbox

pytestmark = pytest.mark.django_db(transaction=True)
LINK = "http://testserver/accounts/password/reset/key/a-secret-key/"


@pytest.fixture(autouse=True)
def by_post(settings):
    settings.EMAIL_BACKEND = "agencies.letters.Post"
    settings.LETTERS_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
    settings.EMAIL_LEFT_ALONE_SECONDS = 0.0
    letters._Silence.until = 0.0


@pytest.fixture
def server(settings):
    box = Mailbox()
    settings.LETTERS_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", box.port
    box.start()
    yield box
    box.stop()


def write(to="clerk@sms.example", subject="Your account"):
    send_mail(subject, f"Choose your password here:\n{LINK}\n", None, [to])
    return Letter.objects.latest("pk")


def send(letter):
    Job.objects.filter(pk=letter.job_id).update(lease_until=None)
    job = worker.work(letter.job_id)
    letter.refresh_from_db()
    return job


def test_a_letter_and_what_it_tells_are_committed_together_or_not_at_all(clerk):
    with transaction.atomic():
        write()
        transaction.set_rollback(True)
    assert not Letter.objects.exists() and not Job.objects.exists()


def test_nothing_in_the_database_tells_the_text_of_a_letter(clerk):
    letter = write()
    job = letter.job
    stored = f"{letter.subject}{letter.address}{job.args}{job.key}{job.progress}"
    assert "secret-key" not in stored
    assert b"secret-key" not in bytes(letter.sealed) and b"password" not in bytes(letter.sealed)
    assert send(letter).state == Job.State.DONE
    assert LINK in mail.outbox[0].body
    assert bytes(letter.sealed) == b"" and letter.sent_at


def test_a_letter_that_was_sent_is_not_sent_again(clerk, server):
    letter = write()
    send(letter)
    Job.objects.update(state="QUEUED")
    send(letter)
    assert len(server.taken) == 1


def test_a_second_copy_has_the_number_and_the_date_of_the_first(clerk, server):
    """The worker dies after the server took the letter, before that is committed."""
    letter = write()
    with transaction.atomic():
        letters.send(letter.job)
        transaction.set_rollback(True)
    assert send(letter).state == Job.State.DONE
    numbers = {
        line
        for _to, text in server.taken
        for line in text.splitlines()
        if line.startswith("Message-ID")
    }
    dates = {line for _to, text in server.taken for line in text.splitlines() if "Date:" in line}
    assert len(server.taken) == 2 and len(numbers) == len(dates) == 1


def test_a_server_that_does_not_answer_is_waited_for_and_no_attempt_is_counted(clerk, server):
    server.stop()
    letter = write()
    for _try in range(5):
        job = send(letter)
    assert (job.state, job.attempts, job.postponed) == (Job.State.QUEUED, 0, 5)
    assert job.reason == "The mail server does not answer. The letter waits and is tried again."
    assert job.error == "ConnectionRefusedError"
    server.start()
    assert send(letter).state == Job.State.DONE
    assert len(server.taken) == 1


def test_many_letters_do_not_wait_one_by_one_for_a_server_that_is_away(clerk, settings):
    settings.EMAIL_LEFT_ALONE_SECONDS = 60.0
    settings.LETTERS_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_PORT = free_port()
    assert send(write()).error == "ConnectionRefusedError"
    assert send(write()).error == "NotNow"  # nobody called


@pytest.mark.parametrize(
    ("answer", "state"),
    [("450 later", Job.State.QUEUED), ("550 no such person", Job.State.FAILED)],
)
def test_an_answer_for_now_is_waited_for_and_one_for_ever_is_shown(clerk, server, answer, state):
    server.answer = answer
    job = send(write())
    assert job.state == state and answer[:3] in job.reason
    assert "no such person" not in job.reason  # the server's words may be anything


def test_a_letter_to_somebody_deactivated_meanwhile_is_not_sent(clerk):
    letter = write()
    Person.objects.filter(pk=clerk.pk).update(is_active=False)
    assert send(letter).state == Job.State.FAILED
    assert not mail.outbox


def test_letters_of_all_kinds_wait_in_the_queue(client, clerk, agency, agency_admin):
    """Those of allauth too: a new password, a forgotten one, an address nobody has."""
    signed = signed_in(clerk)
    new = {"oldpassword": PASSWORD, "password1": "a longer password 1", "password2": "a longer password 1"}  # fmt: skip
    assert signed.post("/accounts/password/change/", new).status_code == 302
    for address in (clerk.email, "nobody@sms.example"):
        assert client.post("/accounts/password/reset/", {"email": address}).status_code == 302
    invitations.invite(
        email="new@sms.example",
        name="New",
        language="en",
        roles=[Role.CLERK],
        agency=agency,
        by=agency_admin,
        link_base="http://testserver/",
    )
    written = list(Letter.objects.order_by("pk").values_list("address", flat=True))
    assert sorted(written) == sorted(
        [clerk.email, clerk.email, "nobody@sms.example", "new@sms.example"]
    )
    assert not mail.outbox
    for letter in Letter.objects.all():
        assert send(letter).state == Job.State.DONE
    assert len(mail.outbox) == 4


class TestOnThePageOfPeople:
    def refused(self, server, person):
        server.answer = "550 no"
        letter = write(person.email)
        send(letter)
        return letter

    def test_the_administrator_sees_whom_why_and_sends_again(
        self, server, clerk, agency_admin, agency
    ):
        letter = self.refused(server, clerk)
        admin = signed_in(agency_admin)
        page = admin.get("/people/").content.decode()
        assert "1 letter has not left" in page and "refuses the letter (550)" in page
        assert "secret-key" not in page
        server.answer = "250 OK"
        address = f"/people/person/SMS/{clerk.pk}/"
        assert admin.post(address, {"letter": letter.pk}).status_code == 302
        job = Job.objects.get(pk=letter.job_id)
        assert (job.state, job.attempts, job.postponed) == (Job.State.QUEUED, 0, 0)
        worker.work(job.pk)
        assert len(server.taken) == 1
        assert "not left" not in admin.get("/people/").content.decode()
        assert [event.subject for event in events("letter")] == [f"person:{clerk.pk}"]

    def test_nobody_sees_letters_of_people_on_whom_they_do_not_decide(
        self, server, outsider, agency, agency_admin, national_admin
    ):
        """She works for another agency too: that she forgot her password is not told here."""
        access.grant(outsider, Role.CLERK, agency)
        letter = self.refused(server, outsider)
        for who in (agency_admin, national_admin):
            assert letters.stuck(agency, by=who) == []
        assert "not left" not in signed_in(agency_admin).get("/people/").content.decode()
        with pytest.raises(Denied):
            letters.send_again(letter, agency=agency, by=agency_admin)
        address = f"/people/person/SMS/{outsider.pk}/"
        answer = signed_in(agency_admin).post(address, {"letter": letter.pk})
        assert answer.status_code == 403
        other = make_person("second@sms.example", Role.CLERK, agency)
        foreign = f"/people/person/SMS/{other.pk}/"
        for number in (letter.pk, "²", "x"):
            answer = signed_in(agency_admin).post(foreign, {"letter": number})
            assert answer.status_code == 404


def test_old_letters_go(clerk):
    old, new = write(), write()
    Letter.objects.filter(pk=old.pk).update(written_at=old.written_at - letters.KEPT)
    letters.expire()
    assert list(Letter.objects.all()) == [new]
    assert send(Letter.objects.get()).state == Job.State.DONE
    assert worker.work(old.job_id).state == Job.State.DONE  # nothing is left to send


def test_a_letter_sealed_with_an_older_secret_is_still_sent(clerk, settings):
    letter = write()
    settings.ACCOUNTS_SECRET_FALLBACKS = [settings.ACCOUNTS_SECRET]
    settings.ACCOUNTS_SECRET = "another one, of thirty-two bytes or more"
    assert send(letter).state == Job.State.DONE


def test_an_attachment_is_refused_before_it_is_lost():
    message = EmailMessage("x", "y", None, ["a@b.example"])
    message.attach("a.txt", "text")
    with pytest.raises(ValueError, match="no attachments"):
        message.send()
