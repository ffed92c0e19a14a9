from collections.abc import Collection
from typing import Any

from django.apps import AppConfig
from django.core import checks


class ReportsConfig(AppConfig):
    name = "reports"

    def ready(self) -> None:
        from records.codelists import touched

        checks.register(_definitions_fit)
        touched.datasets_with.append(_with_codes)


def _definitions_fit(**_options: Any) -> list[checks.Error]:
    """Check all definitions: their readers are loaded by whoever asks, as no command but `check` does."""
    from reports.designs import consistency

    return consistency.definitions_fit()


def _with_codes(lists: Collection[str], codes: Collection[str]) -> list[tuple[str, str]]:
    from reports.pages import instrument_tables

    return instrument_tables.with_codes(lists, codes)
