"""The jobs of this app, by name, and what it does now and then."""

from celery import shared_task

from agencies import lockout, scope
from agencies.roles import Permission
from jobs import queue
from records.collection import processing, uploads
from records.review import shared_numbers

queue.handler("records.intake")(scope.of_job(processing.process, needs=Permission.ENTER))
queue.handler("records.shared_numbers")(scope.of_job(shared_numbers.compare))


@shared_task(name="records.expire")
def expire() -> None:
    """Remove files that wait for nobody, and counts of wrong passwords after their time.

    Beat sends this once an hour.
    """
    uploads.expire()
    lockout.expire()
