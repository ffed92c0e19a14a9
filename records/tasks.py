"""The jobs of this app, by name, and what it does now and then."""

import logging
from collections.abc import Callable

from celery import shared_task
from django.db import DatabaseError, connections

from agencies import scope
from agencies.roles import Permission
from jobs import queue
from records.collection import drafts, processing, unwanted
from records.review import digests, reminders, shared_numbers
from records.search import exports

queue.handler("records.intake")(
    scope.of_job(processing.process, needs=Permission.ENTER, about=processing.instrument_of)
)
queue.handler("records.undo")(
    scope.of_job(processing.undo, needs=Permission.ENTER, about=processing.instrument_of)
)
queue.handler("records.export")(
    scope.of_job(exports.make, needs=Permission.SEE_RECORDS, about=exports.instrument_of)
)
queue.handler("records.duplicates")(scope.of_job(processing.find_duplicates))
queue.handler("records.shared_numbers")(scope.of_job(shared_numbers.compare))


# What removes what nobody waits for; the rooms above add theirs.
expiring: list[Callable[[], None]] = [unwanted.expire, drafts.expire, exports.expire]


@shared_task(name="records.expire")
def expire() -> None:
    """Remove files that wait for nobody, old drafts, and what the rooms above no longer keep. Beat sends this once an hour.

    One that fails keeps no other from its work; when all have run, what they raised is raised together.
    """
    failures = []
    for function in expiring:
        try:
            function()
        except Exception as error:
            failures.append(error)
    if failures:
        raise ExceptionGroup("not everything that nobody waits for was removed", failures)


@shared_task(name="records.remind")
def remind() -> None:
    """Tell people of what is due soon and what is late. Beat sends this once an hour."""
    reminders.remind()


@shared_task(name="records.digest")
def digest() -> None:
    """Write the letters of inboxes whose time has come. Beat sends this once a minute."""
    digests.write()


def sweep_at_start() -> None:
    """Remove files of requests that a killed web process never finished; beat does the same every hour."""
    try:
        unwanted.sweep()
    except DatabaseError as error:  # pages say so themselves; beat tries again
        logging.getLogger(__name__).warning("no sweep at start: %s", type(error).__name__)
    finally:
        connections.close_all()
