"""A kind of job for these tests, which ends as it is told."""

from dataclasses import dataclass

import pytest

from agencies.models import Event
from jobs import queue
from jobs.queue import Arguments, GaveUp, arguments, enqueue, handlers


@dataclass(frozen=True)
class Add(Arguments):
    """How the handler of these tests ends."""

    fail: bool = False
    give_up: bool = False
    n: int = 0


@pytest.fixture
def done(monkeypatch):
    """A handler `test.add` that writes an event, and the list of jobs whose work was committed."""

    def add(job):
        Event.objects.create(verb="worked", subject=f"job:{job.pk}")
        how = arguments(job, Add)
        if how.fail:
            raise ValueError("broken")
        if how.give_up:
            raise GaveUp("There is no dataset %(code)s.", code="WPF")

    monkeypatch.setitem(handlers, "test.add", add)
    monkeypatch.setattr(queue, "wakers", [])
    return lambda: Event.objects.filter(verb="worked").count()


def add_job(**how):
    return enqueue("test.add", key=f"test:{how}", arguments=Add(**how), agencies=[])
