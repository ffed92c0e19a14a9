from django.apps import AppConfig

from standards.editions import ask_with


class RecordsConfig(AppConfig):
    name = "records"

    def ready(self) -> None:
        from agencies import accounts, collection, log, middleware
        from records import tasks  # noqa: F401 - registers the handlers of its jobs
        from records.codelists.editions import refresh
        from records.collection import history, open_work
        from records.instruments import deliveries, versions
        from records.pages.foreign import names_something_foreign

        ask_with(refresh)
        middleware.foreign.append(names_something_foreign)
        log.titles_of.append(versions.titles)
        log.numbers_of.append(history.numbers)
        accounts.after_creating(versions.give_to)
        collection.told_by(deliveries.told, open_work.of)
        deliveries.settle_changes()
