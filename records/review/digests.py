"""Letters that say what is new in an inbox: each person's choice when, in her language, nothing where nothing is new.

What goes into a letter is noted in the transaction that writes the letter (agencies.letters keeps it
until a worker has sent it), so a worker that dies between leaves either both or neither.
"""

from datetime import datetime, timedelta

from django.conf import settings
from django.core.mail import EmailMessage
from django.core.signing import BadSignature, Signer
from django.db import transaction
from django.db.models import Q
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext, override

from agencies import audit, scope
from agencies.models import Agency, Person
from agencies.refusal import Refused
from records.models import Notice, Reader
from records.review import inbox

SALT = "records.digests"
HOUR = 8  # of the portal's time, from which daily and weekly letters are written
SHOWN = 50  # lines of a letter; the inbox has all
Letters = Reader.Letters


def reader(person: Person) -> Reader:
    """Return how a person wants to be told; who never chose gets a letter a day."""
    return Reader.objects.get_or_create(person=person)[0]


@transaction.atomic
def choose(person: Person, letters: str) -> None:
    """Choose when letters come. Raises `Refused` for what is no choice."""
    if letters not in Letters.values:
        raise Refused(_("Choose one of the four."))
    Reader.objects.update_or_create(person=person, defaults={"letters": letters})
    audit.record("letters", f"person:{person.pk}", name=person.email, by=person, when=letters)


def leave_link(person: Person) -> str:
    """Return the address that ends these letters without a sign-in; it has no end of its own."""
    token = Signer(salt=SALT).sign(str(person.pk))
    return address(reverse("records:unsubscribe", args=[token]))


def named_by(token: str) -> Reader | None:
    """Return whose letters a link is about; None for a forged link or a closed account."""
    try:
        pk = int(Signer(salt=SALT).unsign(token))
    except (BadSignature, ValueError):
        return None
    person = Person.objects.filter(pk=pk, is_active=True).first()
    if person is None:
        return None
    return Reader.objects.filter(person=person).first() or Reader(person=person)


def end(chosen: Reader) -> None:
    """End the letters of an inbox by their link; nothing else is changed."""
    never = {"letters": Letters.NEVER}
    Reader.objects.update_or_create(person=chosen.person, defaults=never)
    audit.record(
        "letters",
        f"person:{chosen.person_id}",
        name=chosen.person.email,
        by=chosen.person,
        when=Letters.NEVER,
        link=True,
    )


def address(path: str) -> str:
    """Return the whole address of a page, for letters and calendars."""
    return settings.PORTAL_ADDRESS.rstrip("/") + path


def write(now: datetime | None = None) -> int:
    """Write the letters whose time has come; return how many. Beat has this done every minute.

    Safe to run at any time and by several at once: a person's row is locked while hers is written.
    """
    now = now or timezone.now()
    with_news = _people_with_news()
    return sum(_write(person, now) for person in with_news)


def _people_with_news() -> list[Person]:
    """Who has lines that no letter has had. Notices are behind the second lock, so all agencies are opened."""
    with scope.working(_all_agencies()):
        waiting = Notice.objects.filter(lettered_at=None).order_by().values("person_id").distinct()
        return list(Person.objects.filter(pk__in=waiting, is_active=True))


def _all_agencies() -> list[int]:
    return list(Agency.objects.values_list("pk", flat=True))


def _write(person: Person, now: datetime) -> int:
    with scope.acting(person):
        reader(person)
        waiting = Reader.objects.select_for_update(skip_locked=True)
        chosen = waiting.filter(person=person).first()
        if chosen is None or not is_time(chosen, now):
            return 0
        new = inbox.notices(person).filter(lettered_at=None)
        lines = list(new.filter(read_at=None).order_by("pk"))
        new.filter(Q(pk__in=[line.pk for line in lines]) | Q(read_at__isnull=False)).update(
            lettered_at=now
        )
        if not lines or chosen.letters == Letters.NEVER:
            return 0
        _letter(person, lines).send()
        chosen.last_letter_on = timezone.localdate(now)
        chosen.save(update_fields=["last_letter_on"])
        return 1


def is_time(chosen: Reader, now: datetime) -> bool:
    """Say whether a letter may be written now: at once, once a day, once a week from Monday on.

    With `NEVER` the lines are passed over at once, so that who chooses letters again gets no old news.
    """
    if chosen.letters in (Letters.AT_ONCE, Letters.NEVER):
        return True
    local = timezone.localtime(now)
    if local.hour < HOUR:
        return False
    today, last = local.date(), chosen.last_letter_on
    if chosen.letters == Letters.DAILY:
        return last is None or last < today
    monday = today - timedelta(days=today.weekday())
    return last < monday if last else today == monday


def _letter(person: Person, lines: list[Notice]) -> EmailMessage:
    leave = leave_link(person)
    with override(person.language or settings.LANGUAGE_CODE):
        told = [f"• {inbox.words(line)}\n  {address(line.link)}" for line in lines[:SHOWN]]
        if len(lines) > SHOWN:
            told.append(_("More lines are in your inbox: %(n)s.") % {"n": len(lines) - SHOWN})
        count = len(lines)
        subject = ngettext(
            "%(n)s line is new: %(portal)s", "%(n)s lines are new: %(portal)s", count
        )
        foot = _(
            "Your inbox: %(inbox)s\nWhen letters come is chosen there. No more of these letters: %(leave)s"
        ) % {"inbox": address(reverse("records:inbox")), "leave": leave}
        return EmailMessage(
            subject % {"n": count, "portal": settings.PORTAL_NAME},
            "\n\n".join(told) + f"\n\n-- \n{foot}\n",
            to=[person.email],
            # RFC 2369, and RFC 8058: mail programs show a button that needs one click.
            headers={
                "List-Unsubscribe": f"<{leave}>",
                "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
            },
        )
