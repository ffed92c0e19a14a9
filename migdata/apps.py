from django.apps import AppConfig


class MigdataConfig(AppConfig):
    name = "migdata"

    def ready(self) -> None:
        from agencies import secrets
        from jobs import queue
        from migdata import celery

        secrets.require_good()  # every process passes here: web, worker, beat, commands
        queue.wake_with(celery.wake, calls=celery.calls)
