"""Letters: written in the transaction of what they tell, kept sealed, sent by a worker, tried for days.

Every e-mail of the portal comes here, for Django's own setting EMAIL_BACKEND names `Post`. So an action
and its letter are committed together, and a mail server that is away neither stops nor undoes anything.

A letter may hold a link that opens an account. Nobody is shown its text, which is encrypted until it is sent
and wiped then. If a worker dies after the server took the letter and before that is committed, it is sent
once more: with the same Message-ID, by which mail programs know the second one.
"""

import json
import smtplib
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from email.utils import formatdate, make_msgid
from typing import Any

from cryptography.fernet import InvalidToken
from django.conf import settings
from django.core.mail import DNS_NAME, EmailMessage, EmailMultiAlternatives, get_connection
from django.core.mail.backends.base import BaseEmailBackend
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from agencies import account_keys, accounts, audit, practice
from agencies.access import Denied
from agencies.models import Agency, Letter, Person
from jobs import queue
from jobs.models import Job
from jobs.queue import GaveUp, NotNow
from standards.languages import marked

SEND = "agencies.send"
PURPOSE = "letters"  # of the key
KEPT = timedelta(days=30)  # who was written to and when; of a letter that never left, its text too
TEXTS = ("subject", "body", "from_email", "to", "cc", "bcc", "reply_to")
AWAY = marked("The mail server does not answer. The letter waits and is tried again.")
NOT_YET = marked("The mail server does not take the letter yet (%(code)s). It is tried again.")
REFUSED = marked("The mail server refuses the letter (%(code)s). Is the address right?")
FOR_NOBODY = marked("This account was deactivated before the letter was sent.")


@dataclass(frozen=True)
class Sending(queue.Arguments):
    """Which letter to send."""

    letter: int


class Post(BaseEmailBackend):
    """Django's way of sending mail: the letter is written down, and a worker sends it."""

    def send_messages(self, email_messages: Sequence[EmailMessage]) -> int:
        """Keep the messages in the caller's transaction. Returns how many."""
        with transaction.atomic():
            for message in email_messages:
                _write(message)
        return len(email_messages)


def _write(message: EmailMessage) -> None:
    addresses = [a for a in message.recipients() if not a.lower().endswith(f"@{practice.DOMAIN}")]
    if not addresses:
        return
    letter = Letter.objects.create(
        person=Person.objects.filter(email__iexact=addresses[0]).first(),
        address=", ".join(addresses)[:254],
        subject=" ".join(str(message.subject).split())[:200],
        sealed=account_keys.keys(PURPOSE).encrypt(_packed(message)),
    )
    letter.job = queue.enqueue(
        SEND, key=f"letter:{letter.pk}", arguments=Sending(letter=letter.pk), agencies=[]
    )
    letter.save(update_fields=["job"])


def send(job: Job) -> None:
    """Send the letter of a job, once; the handler of `SEND`.

    Raises `NotNow` where the mail server does not answer or asks for patience, `GaveUp` where it refuses.
    """
    pk = queue.arguments(job, Sending).letter
    waiting = Letter.objects.select_for_update(of=("self",), skip_locked=True)
    letter = waiting.select_related("person").filter(pk=pk, sent_at=None).first()
    if letter is None:
        return  # sent already, being sent, or too old
    if letter.person and not letter.person.is_active:
        raise GaveUp(FOR_NOBODY)
    message = _unpacked(account_keys.keys(PURPOSE).decrypt(bytes(letter.sealed)))
    _hand_over(message)
    letter.sealed, letter.sent_at = b"", timezone.now()
    letter.save(update_fields=["sealed", "sent_at"])


class _Silence:
    """Until when this process leaves a mail server alone that did not answer: many letters must not wait one by one."""

    until = 0.0


def _hand_over(message: EmailMessage) -> None:
    if time.monotonic() < _Silence.until:
        raise NotNow(AWAY)
    message.connection = get_connection(settings.LETTERS_BACKEND)
    try:
        message.send()
    except (smtplib.SMTPRecipientsRefused, smtplib.SMTPResponseException) as answer:
        code = _code(answer)
        ours = isinstance(answer, smtplib.SMTPAuthenticationError | smtplib.SMTPConnectError)
        if code >= 500 and not ours:
            raise GaveUp(REFUSED, code=code) from None
        raise NotNow(NOT_YET, code=code) from answer
    except OSError as error:
        _Silence.until = time.monotonic() + settings.EMAIL_LEFT_ALONE_SECONDS
        raise NotNow(AWAY) from error


def _code(answer: smtplib.SMTPRecipientsRefused | smtplib.SMTPResponseException) -> int:
    if isinstance(answer, smtplib.SMTPRecipientsRefused):
        return max(code for code, _text in answer.recipients.values())
    return answer.smtp_code


def stuck(agency: Agency, *, by: Person) -> list[Letter]:
    """Return the letters to people of the agency that have not left, the newest first.

    Only of people on whom `by` decides, here and elsewhere: that somebody asked for a new password is
    nobody else's business.
    """
    members = accounts.members_decided_on(by, agency)
    waiting = Letter.objects.filter(person__in=members, sent_at=None).order_by("-pk")
    return [letter for letter in waiting.select_related("person", "job") if letter.is_stuck]


@transaction.atomic
def send_again(letter: Letter, *, agency: Agency, by: Person) -> None:
    """Try at once, and for days again, a letter that has not left. Raises `Denied`."""
    if letter not in stuck(agency, by=by):
        raise Denied(_("You do not decide on all roles of this person; take back yours instead."))
    assert letter.job is not None  # noqa: S101 - written together with the letter
    queue.hasten(letter.job)
    audit.record(
        "letter",
        f"person:{letter.person_id}",
        name=letter.address,
        by=by,
        agency=agency,
        again=True,
    )


def expire() -> None:
    """Remove letters that were written long ago. Beat has this done once an hour."""
    Letter.objects.filter(written_at__lt=timezone.now() - KEPT).delete()


def renew() -> tuple[int, int]:
    """Seal every letter that waits with the current key; safe to run again.

    Returns how many were sealed anew, and how many stay closed because none of the keys opens them.
    """
    keys, renewed, closed = account_keys.keys(PURPOSE), 0, 0
    with transaction.atomic():
        for letter in Letter.objects.select_for_update().filter(sent_at=None).order_by("pk"):
            try:
                letter.sealed = keys.rotate(bytes(letter.sealed))
            except InvalidToken:
                closed += 1
                continue
            letter.save(update_fields=["sealed"])
            renewed += 1
    return renewed, closed


def _packed(message: EmailMessage) -> bytes:
    """Return a message as JSON. Its date and its number are those of now, whenever and however often it is sent."""
    if message.attachments:
        raise ValueError("Letters of the portal have no attachments.")
    mailed = {"Date": formatdate(localtime=settings.EMAIL_USE_LOCALTIME)}
    number = {"Message-ID": make_msgid(domain=DNS_NAME)}
    alternatives = [(part.content, part.mimetype) for part in getattr(message, "alternatives", [])]
    parts: dict[str, Any] = {name: getattr(message, name) for name in TEXTS}
    parts["headers"] = {**mailed, **number, **message.extra_headers}
    return json.dumps({**parts, "alternatives": alternatives}, default=str).encode()


def _unpacked(packed: bytes) -> EmailMessage:
    parts = json.loads(packed)
    alternatives = [tuple(part) for part in parts.pop("alternatives")]
    return EmailMultiAlternatives(**parts, alternatives=alternatives)
