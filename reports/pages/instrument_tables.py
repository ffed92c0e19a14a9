"""Which tables are made from an instrument: for its page, which stands in the room below and asks for them."""

from django.urls import reverse

from reports.designs import datasets, tables
from reports.published.editions import current_editions
from standards.translation import in_language


def made_from(instrument: str) -> list[tuple[str, str, str]]:
    """Return code, title and address of the named tables of an instrument; "" where nothing is released yet."""
    fed = {dataset.code for dataset in datasets.of_instrument(instrument)}
    released = {edition.dataset for edition in current_editions()} if fed else set()
    return [
        (
            table.code,
            in_language(table.title),
            reverse("reports:table", args=[table.code]) if table.dataset in released else "",
        )
        for table in sorted(tables.tables().values(), key=lambda table: table.code)
        if table.dataset in fed
    ]
