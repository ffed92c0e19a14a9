"""Guessing passwords is slowed down, by account and by address, and never stops the owner.

Wrong passwords are counted three ways: for an account from one address, for an account from all
addresses it has never signed in from, and for an address over all accounts. After a few the next
attempt has to wait, twice as long each time. From an address where the owner has signed in before
only the first count holds, and the wait is short: a stranger elsewhere cannot lock her out.

Accounts and addresses stand in the counts as keyed hashes of what was typed, so an address without
an account is counted, and answered, like any other.
"""

import hashlib
import hmac
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.db.models import Case, F, Value, When
from django.utils import timezone

from agencies.models import FailedSignIns, KnownAddress, Person

SIDE = "side"  # counts stay although the request that failed is rolled back
FORGET = timedelta(days=1)  # a count starts anew when nothing failed for so long
KNOWN_FOR = timedelta(days=90)  # since the owner last signed in from an address


@dataclass(frozen=True)
class Patience:
    """How many wrong passwords are free, and how long the waits grow."""

    free: int
    first: timedelta
    longest: timedelta

    def wait(self, failures: int) -> timedelta:
        """Return the wait after so many failures: doubled with each, up to the longest."""
        if failures < self.free:
            return timedelta()
        doublings = min(failures - self.free, 20)
        return min(self.first * 2**doublings, self.longest)


OWN_ADDRESS = Patience(free=10, first=timedelta(seconds=15), longest=timedelta(minutes=1))
PAIR = Patience(free=5, first=timedelta(minutes=1), longest=timedelta(hours=1))
ACCOUNT = Patience(free=20, first=timedelta(minutes=1), longest=timedelta(hours=1))
ADDRESS = Patience(free=30, first=timedelta(minutes=1), longest=timedelta(hours=1))


def waiting(email: str, address: str) -> timedelta:
    """Return how long a password for this account from this address is not looked at; zero if it is."""
    keys = [key for key, _patience in _counts(email, address)]
    until = FailedSignIns.objects.using(SIDE).filter(key__in=keys).values_list("until", flat=True)
    return max([moment - timezone.now() for moment in until] + [timedelta()])


def failed(email: str, address: str) -> None:
    """Count a wrong password in every count it belongs to."""
    now = timezone.now()
    for key, patience in _counts(email, address):
        _count(key, patience, now)


def _count(key: str, patience: Patience, now: datetime) -> None:
    rows = FailedSignIns.objects.using(SIDE)
    rows.get_or_create(key=key, defaults={"failures": 0, "until": now, "at": now})
    rows.filter(key=key).update(
        failures=Case(When(at__lt=now - FORGET, then=Value(1)), default=F("failures") + 1),
        at=now,
    )
    failures = rows.values_list("failures", flat=True).get(key=key)
    rows.filter(key=key).update(until=now + patience.wait(failures))


def wrong_token(address: str) -> timedelta:
    """Count a wrong token from an address, and return how long wrong ones from there are refused unread.

    A right one is never kept waiting: a program with an old token does not stop its neighbours.
    """
    key, now = _digest("token", address), timezone.now()
    _count(key, ADDRESS, now)
    until = FailedSignIns.objects.using(SIDE).values_list("until", flat=True).get(key=key)
    return max(until - now, timedelta())


def succeeded(person: Person, address: str) -> None:
    """Remember the address as one of the owner's, and forget her own mistakes there."""
    KnownAddress.objects.update_or_create(
        person=person,
        address=_digest("address", address),
        defaults={"last_at": timezone.now()},
    )
    keys = [_digest("pair", person.email, address), _digest("own", person.email, address)]
    FailedSignIns.objects.using(SIDE).filter(key__in=keys).delete()


def expire() -> None:
    """Forget counts and addresses after their time."""
    now = timezone.now()
    FailedSignIns.objects.using(SIDE).filter(at__lt=now - FORGET, until__lt=now).delete()
    KnownAddress.objects.filter(last_at__lt=now - KNOWN_FOR).delete()


def _counts(email: str, address: str) -> Iterable[tuple[str, Patience]]:
    """Return the counts that hold for this account from this address, each with its patience."""
    if _is_known(email, address):
        return [(_digest("own", email, address), OWN_ADDRESS)]
    return [
        (_digest("pair", email, address), PAIR),
        (_digest("account", email), ACCOUNT),
        (_digest("address", address), ADDRESS),
    ]


def _is_known(email: str, address: str) -> bool:
    return KnownAddress.objects.filter(
        person__email__iexact=email.strip(),
        address=_digest("address", address),
        last_at__gt=timezone.now() - KNOWN_FOR,
    ).exists()


def _digest(*parts: str) -> str:
    """Return what stands for an account and an address: nobody reads them back without the key."""
    text = "\x00".join(part.strip().lower() for part in parts)
    key = b"lockout " + settings.ACCOUNTS_SECRET.encode()
    return hmac.new(key, text.encode(), hashlib.sha256).hexdigest()
