from django.apps import AppConfig


class ReportsConfig(AppConfig):
    name = "reports"

    def ready(self) -> None:
        from records import tasks as records_tasks
        from records.codelists import touched
        from records.pages import cover as cover_of_submissions
        from records.pages import instruments
        from reports import tasks  # noqa: F401 - registers the handlers of its jobs
        from reports.designs import consistency  # noqa: F401 - registers the check of definitions
        from reports.exact import impact
        from reports.pages import cover, instrument_tables

        records_tasks.expiring.append(impact.expire)
        touched.datasets_with.append(instrument_tables.with_codes)
        instruments.tables_made_from.append(instrument_tables.made_from)
        cover_of_submissions.told_beside.append(cover.beside)
