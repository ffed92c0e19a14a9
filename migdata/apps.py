from typing import TYPE_CHECKING

from django.apps import AppConfig

if TYPE_CHECKING:
    from records import practice


class MigdataConfig(AppConfig):
    name = "migdata"

    def ready(self) -> None:
        from agencies import secrets
        from jobs import queue
        from records import practice

        secrets.require_good()  # every process passes here: web, worker, beat, commands
        queue.wake_with(_wake, calls=_calls)
        practice.files_made_by(_practice_files, _practised)


def _wake(job_id: int) -> None:
    """Tell a worker; the broker's client is loaded by who first has something to tell."""
    from migdata import celery

    celery.wake(job_id)


def _calls() -> int:
    from migdata import celery

    return celery.calls()


def _practice_files(code: str, language: str) -> list["practice.File"]:
    """Files to practise with, of an instrument: its makers are loaded when they are first asked."""
    from migdata.demo import practice

    return practice.make(code, language)


def _practised() -> frozenset[str]:
    from migdata.demo import practice

    return practice.instruments()
