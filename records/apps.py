from django.apps import AppConfig

from standards.editions import ask_with


class RecordsConfig(AppConfig):
    name = "records"

    def ready(self) -> None:
        from agencies import accounts, collection, log
        from records import tasks  # noqa: F401 - registers the handlers of its jobs
        from records.codelists.editions import refresh
        from records.collection import open_work
        from records.instruments import deliveries, versions

        ask_with(refresh)
        log.titles_of.append(versions.titles)
        accounts.after_creating(versions.give_to)
        collection.told_by(deliveries.told, open_work.of)
        deliveries.settle_changes()
