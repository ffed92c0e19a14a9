from django.apps import AppConfig


class ReportsConfig(AppConfig):
    name = "reports"

    def ready(self) -> None:
        from reports import tasks  # noqa: F401 - registers the handlers of its jobs
        from reports.designs import consistency  # noqa: F401 - registers the check of definitions
