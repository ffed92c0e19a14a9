from django.apps import AppConfig


class RecordsConfig(AppConfig):
    name = "records"

    def ready(self) -> None:
        from agencies import accounts
        from records import tasks  # noqa: F401 - registers the handlers of its jobs
        from records.instruments import versions

        accounts.after_creating(versions.give_to)
