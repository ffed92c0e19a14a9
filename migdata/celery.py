"""The Celery app: one task that does a job, one that looks for jobs nobody does."""

import os
from datetime import timedelta

from celery import Celery
from celery.signals import worker_ready

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "migdata.settings")

app = Celery("migdata")
app.config_from_object("django.conf:settings", namespace="CELERY")


@app.task(name="migdata.work")
def work(job_id: int) -> None:
    from migdata import jobs  # the model needs Django's app registry, which loads this file

    jobs.work(job_id)


@app.task(name="migdata.reap")
def reap(start: bool = False) -> None:
    from migdata import jobs

    jobs.reap(timedelta()) if start else jobs.reap()


@worker_ready.connect
def look_for_left_work(**_kwargs: object) -> None:
    """A worker that starts finds what waits, whatever became of the messages."""
    reap.delay(start=True)
