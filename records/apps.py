from django.apps import AppConfig


class RecordsConfig(AppConfig):
    name = "records"

    def ready(self) -> None:
        from agencies import accounts
        from records import instrument, tasks  # noqa: F401 - tasks registers the handlers of its jobs

        accounts.after_creating(instrument.give_to)
