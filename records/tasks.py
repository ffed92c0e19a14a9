"""The jobs of this app, by name, and what it does now and then."""

from celery import shared_task

from agencies import scope
from jobs import queue
from records.collection import processing, uploads
from records.review import shared_numbers

queue.handler("records.intake")(scope.of_job(processing.process))
queue.handler("records.shared_numbers")(scope.of_job(shared_numbers.compare))


@shared_task(name="records.expire")
def expire() -> None:
    """Remove files that wait for nobody. Beat sends this once an hour."""
    uploads.expire()
