from django.apps import AppConfig


class RecordsConfig(AppConfig):
    name = "records"

    def ready(self) -> None:
        from records import tasks  # noqa: F401 - registers the handlers of its jobs
