"""The days of the story: when each period was submitted, signed and accepted, most of them in time."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, datetime, time, timedelta
from zlib import crc32

from django.utils import timezone

# Agencies of which one period in so many is late, and by how many days at most.
OFTEN_LATE = {"MFA": (3, 25), "MEF": (4, 12), "MOE": (6, 8)}
SOONEST = 6  # days before the due date
HOUR = time(10)


def day_of(verb: str, due: date, *, agency: str, what: str) -> date:
    """Return the day on which a step was done, no later than today; the same whenever the story is told.

    what: names the submission. Submitted some days before it was due, or late; signed a day or two after
    that, or returned; accepted a few days later.
    """
    chance = crc32(f"{agency} {what}".encode())
    one_in, at_most = OFTEN_LATE.get(agency, (0, 0))
    is_late = bool(one_in) and chance % one_in == 0
    submitted = due + timedelta(days=1 + chance % at_most if is_late else -(chance % SOONEST))
    signed = submitted + timedelta(days=1 + chance // 7 % 2)
    accepted = signed + timedelta(days=2 + chance // 11 % 4)
    days = {"submit": submitted, "sign": signed, "return": signed, "accept": accepted}
    return min(days[verb], timezone.localdate())


@contextmanager
def on(day: date) -> Iterator[None]:
    """Let it be that day: what is done in the portal is noted with it."""
    moment = timezone.make_aware(datetime.combine(day, HOUR))
    now = timezone.now
    timezone.now = lambda: moment
    try:
        yield
    finally:
        timezone.now = now
