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
    from jobs import worker  # the model needs Django's app registry, which loads this file

    worker.work(job_id)


@app.task(name="migdata.reap")
def reap(start: bool = False) -> None:
    from jobs import worker

    worker.reap(timedelta()) if start else worker.reap()


@worker_ready.connect
def look_for_left_work(**_kwargs: object) -> None:
    """On start, requeue jobs whose message was lost, and remove what killed processes left."""
    reap.delay(start=True)
    app.send_task("records.expire")
