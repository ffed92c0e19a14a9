from django.apps import AppConfig


class MigdataConfig(AppConfig):
    name = "migdata"

    def ready(self) -> None:
        from jobs import queue
        from migdata import celery

        queue.wake_with(lambda job_id: celery.work.delay(job_id))
