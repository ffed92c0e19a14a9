"""The Celery app: one task that does a job, one that looks for jobs nobody does; and waking workers.

A broker that is gone must not be waited for: a call to it has short limits and is tried once, and after a
call that failed nobody asks it for some seconds.
"""

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

from celery import Celery
from celery.signals import beat_init, worker_init, worker_ready
from kombu import Connection

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "migdata.settings")

ANSWERS_WITHIN = 1.0  # seconds
LEFT_ALONE = 10.0  # seconds after a call that failed

app = Celery("migdata")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()  # before the worker forks: its processes share what is loaded


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


@worker_init.connect
def spare_memory(**_kwargs: object) -> None:
    """Give the memory of a table back when it is done with: Arrow's own allocator keeps it for a next one."""
    import pyarrow as pa

    pa.set_memory_pool(pa.system_memory_pool())


@worker_ready.connect
def look_for_left_work(**_kwargs: object) -> None:
    """On start, requeue jobs whose message was lost, and remove what killed processes left."""
    reap.delay(start=True)
    app.send_task("records.expire")


class BrokerAway(Exception):
    """The broker did not answer some seconds ago, so it is not asked now."""


class _Silence:
    """Until when this process leaves the broker alone."""

    until = 0.0


@contextmanager
def _asked() -> Iterator[Connection]:
    """A connection to the broker for one question."""
    if time.monotonic() < _Silence.until:
        raise BrokerAway
    limits = {
        "socket_timeout": ANSWERS_WITHIN,
        "socket_connect_timeout": ANSWERS_WITHIN,
        "max_retries": 0,
    }
    options = {**app.conf.broker_transport_options, **limits}
    try:
        with app.connection_for_write(transport_options=options) as connection:
            yield connection
    except Exception:
        _Silence.until = time.monotonic() + LEFT_ALONE
        raise


def wake(job_id: int) -> None:
    """Tell a worker that a job waits. Raises what the broker's client raises, within about a second."""
    with _asked() as connection:
        work.apply_async((job_id,), connection=connection, retry=False)


def calls() -> int:
    """Return how many calls wait for a worker. Raises as `wake` does."""
    with _asked() as connection:
        queue = app.conf.task_default_queue
        channel: Any = connection.default_channel  # that of Redis has a client
        return int(channel.client.llen(queue))
