"""The jobs of this app, by name, and what it does now and then."""

from celery import shared_task

from agencies import duties, letters, lockout
from jobs import queue

queue.handler(letters.SEND)(letters.send)


@shared_task(name="agencies.expire")
def expire() -> None:
    """Remove old letters and counts of wrong passwords, take roles that have ended. Beat: once an hour."""
    duties.take_ended()
    letters.expire()
    lockout.expire()
