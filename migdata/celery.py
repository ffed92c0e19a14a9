"""The Celery app: one task that does a job, one that looks for jobs nobody does."""

import os
from datetime import timedelta

from celery import Celery
from celery.signals import beat_init, worker_init, worker_ready

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "migdata.settings")

app = Celery("migdata")
app.config_from_object("django.conf:settings", namespace="CELERY")


@app.task(name="migdata.work")
def work(job_id: int) -> None:
    from jobs import worker  # the model needs Django's app registry, which loads this file

    worker.work_next(job_id)


@app.task(name="migdata.reap")
def reap(start: bool = False) -> None:
    from jobs import worker

    worker.reap(timedelta()) if start else worker.reap()


@worker_init.connect
@beat_init.connect
def compare_secrets(**_kwargs: object) -> None:
    """Do not start with secrets that are not those used before."""
    import django
    from django.apps import apps

    if not apps.ready:
        django.setup()
    from agencies import secrets

    secrets.require_known()


@worker_ready.connect
def look_for_left_work(**_kwargs: object) -> None:
    """On start, requeue jobs whose message was lost."""
    reap.delay(start=True)
