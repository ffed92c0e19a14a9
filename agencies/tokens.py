"""Tokens: what a program shows instead of a person. Each lends some of what the person who made it may do.

She is who enters records for the agency; its administrators see its tokens and revoke them (ADR 41). A token acts as
she does, narrowed to its agency, instruments and verbs: so it may never do what she may not, and nobody signs what
their own token sent. It ends on its day, when it is revoked, with her account, her password, her role or the agency.
"""

import hashlib
import hmac
import re
import secrets
from collections.abc import Callable, Collection
from datetime import timedelta
from enum import StrEnum
from typing import Any

from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from agencies import access, audit, correspondence
from agencies.coverage import Lent
from agencies.models import Agency, Person, Token, TokenUse
from agencies.refusal import Refused
from agencies.roles import Permission
from standards.languages import marked

FORM = re.compile(r"mdt_[0-9a-f]{12}_[A-Za-z0-9_-]{43}")
DAYS = (30, 90, 365)  # how long a token may live
MOST = 50  # of an agency at once
NOTED_EVERY = timedelta(minutes=1)  # the last use is written down no more often
NO_DIGEST = "0" * 64
_after_ending: list[Callable[[Token], None]] = []


class Verb(StrEnum):
    """What a token permits. Signing is none: a signature is a person's."""

    READ = "read"
    SEND = "send"
    ANSWER = "answer"
    CORRECT = "correct"
    SUBMIT = "submit"

    @property
    def label(self) -> str:
        """What it means, in the language of the page."""
        return _(LABELS[self])


LABELS = {
    Verb.READ: marked("read: uploads, questions, findings, held rows, differences"),
    Verb.SEND: marked("send: files"),
    Verb.ANSWER: marked("answer: questions, unknown words, what becomes of a file sent again"),
    Verb.CORRECT: marked("correct: held rows"),
    Verb.SUBMIT: marked("submit: a month, which a reviewer then signs"),
}
# Rows are written by whoever may see them, so every token lends this; what it may read, its verbs say.
SEEING = frozenset({Permission.SEE_RECORDS, Permission.SEE_SUBMISSIONS})


def make(
    agency: Agency,
    *,
    name: str,
    verbs: Collection[Verb],
    instruments: Collection[int],
    days: int,
    by: Person,
) -> tuple[Token, str]:
    """Make a token, and return it with its text: the only time that anybody sees it.

    `instruments` are ids. Raises `Denied` where the person does not enter records of one of them, and `Refused`.
    """
    _refuse_senseless(agency, name, verbs, instruments, days, by)
    for instrument in instruments:
        access.require(by, Permission.ENTER, agency, instrument)
    mark = secrets.token_hex(6)
    text = f"mdt_{mark}_{secrets.token_urlsafe(32)}"
    now = timezone.now()
    token = Token.objects.create(
        agency=agency,
        person=by,
        name=name.strip(),
        mark=mark,
        digest=_digest(text),
        verbs=sorted(verbs),
        instruments=sorted(instruments),
        made_at=now,
        expires_at=now + timedelta(days=days),
    )
    audit.record(
        "make", f"token:{token.pk}", name=token.name, by=by, agency=agency, verbs=token.verbs
    )
    correspondence.token_made(token)
    return token, text


def revoke(token: Token, *, by: Person) -> None:
    """End a token at once. Raises `Denied`, and `Refused` where it was revoked before."""
    access.require(by, Permission.SEE_TOKENS, token.agency)
    live = Token.objects.filter(pk=token.pk, revoked_at=None)
    if not live.update(revoked_at=timezone.now(), revoked_by=by):
        raise Refused(_("This token was revoked already."))
    _ended(token, by)


def after_ending(function: Callable[[Token], None]) -> None:
    """Call this with each token that ends before its day, in the transaction in which it does."""
    _after_ending.append(function)


def end_of(person: Person, agency: Agency | None = None, *, by: Person | None) -> None:
    """End the tokens of a person, of one agency or of all: they do not come back with what she lost."""
    tokens = Token.objects.filter(person=person).select_related("agency")
    _end(tokens if agency is None else tokens.filter(agency=agency), by)


def end_without_role(person: Person, agency: Agency, *, by: Person | None) -> None:
    """End the tokens of a person in an agency where she enters no records any more."""
    if not access.may(person, Permission.ENTER, agency):
        end_of(person, agency, by=by)


def end_of_agency(agency: Agency) -> None:
    """End all tokens of an agency, which is closed."""
    _end(Token.objects.filter(agency=agency).select_related("agency"), None)


def password_changed(user: Person, **_signal: Any) -> None:
    """End the tokens of a person who has chosen a new password: the old one may have been somebody else's too."""
    end_of(user, by=user)


def _end(tokens: QuerySet[Token], by: Person | None) -> None:
    for token in tokens.filter(revoked_at=None):
        Token.objects.filter(pk=token.pk).update(revoked_at=timezone.now(), revoked_by=by)
        _ended(token, by)


def _ended(token: Token, by: Person | None) -> None:
    audit.record("revoke", f"token:{token.pk}", name=token.name, by=by, agency=token.agency)
    for function in _after_ending:
        function(token)


def visible_to(person: Person) -> QuerySet[Token]:
    """Return the tokens that a person sees and may revoke, the newest first."""
    places = access.agency_ids(person, Permission.SEE_TOKENS)
    return Token.objects.filter(agency__in=places).select_related("agency", "person", "use")


def shown(header: str) -> str:
    """Return the token in a header `Authorization: Bearer …`; "" where there is none."""
    scheme, _space, text = header.partition(" ")
    return text.strip() if scheme.lower() == "bearer" else ""


def person_of(text: str) -> Person | None:
    """Return who a token acts as: the person who made it, with what it lends; None where it works no more.

    Compared in a time that tells nothing of the token.
    """
    if not FORM.fullmatch(text):
        return None
    known = Token.objects.select_related("agency", "person").filter(mark=text.split("_")[1]).first()
    matches = hmac.compare_digest(_digest(text), known.digest if known else NO_DIGEST)
    if known is None or not matches or ended(known):
        return None
    person = known.person
    person.lent = Lent(
        number=known.pk,
        name=known.name,
        agency=known.agency_id,
        instruments=frozenset(known.instruments),
        permissions=_permissions(known),
        verbs=frozenset(known.verbs),
    )
    return person if access.may(person, Permission.SEE_RECORDS, known.agency) else None


def ended(token: Token) -> str:
    """Say why a token works no more; "" where it works, as far as its row tells."""
    person, agency = token.person, token.agency
    if token.revoked_at:
        return _("revoked")
    if token.expires_at <= timezone.now():
        return _("expired")
    # One that was made before the account was stopped stays ended, as links in letters do.
    if not person.is_active or (person.stopped_at and person.stopped_at > token.made_at):
        return _("ended: the account of who made it was stopped")
    if not agency.is_active or agency.merged_into_id:
        return _("ended: the agency was closed")
    return ""


def note_use(person: Person, address: str) -> None:
    """Write down that the token of this person was shown, and from where."""
    if person.lent is None:
        return
    now, token = timezone.now(), person.lent.number
    last = TokenUse.objects.filter(pk=token).first()
    if last is None or last.address != address or last.at < now - NOTED_EVERY:
        TokenUse.objects.update_or_create(pk=token, defaults={"at": now, "address": address[:45]})


def _permissions(token: Token) -> frozenset[str]:
    works = set(token.verbs) - {Verb.READ}
    return SEEING | ({Permission.ENTER} if works else frozenset())


def _refuse_senseless(
    agency: Agency,
    name: str,
    verbs: Collection[Verb],
    instruments: Collection[int],
    days: int,
    by: Person,
) -> None:
    if agency.practice or by.practice_at_id:
        raise Refused(_("There are no tokens for practice. Leave it first."))
    if not name.strip() or len(name.strip()) > 60:
        raise Refused(_("Say in 60 letters at most which program will use the token."))
    if not verbs:
        raise Refused(_("Choose what the program may do."))
    if not instruments:
        raise Refused(_("Choose what the program works on."))
    if days not in DAYS:
        raise Refused(_("Choose how long the token works."))
    live = Token.objects.filter(agency=agency, revoked_at=None, expires_at__gt=timezone.now())
    if live.count() >= MOST:
        raise Refused(
            _("The agency has %(n)s tokens. Revoke one that is no longer used.") % {"n": MOST}
        )


def _digest(text: str) -> str:
    """Of 256 random bits: neither salt nor a slow hash would add anything."""
    return hashlib.sha256(text.encode()).hexdigest()
