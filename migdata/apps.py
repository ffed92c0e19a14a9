from django.apps import AppConfig


class MigdataConfig(AppConfig):
    name = "migdata"

    def ready(self) -> None:
        from migdata import celery, jobs

        jobs.wake_with(lambda job_id: celery.work.delay(job_id))
