"""What is made from an instrument or a code list: for their pages, which stand in the room below and ask for it."""

from collections.abc import Collection

from django.urls import reverse

from reports.designs import datasets, tables
from reports.designs.datasets import Dataset
from reports.designs.dimensions import DimensionDesign
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


def with_codes(lists: Collection[str], codes: Collection[str]) -> list[tuple[str, str]]:
    """Return code and title of the datasets whose design names one of the codes of these code lists.

    Without codes: of all datasets that have a dimension of one of the lists.
    """
    return [
        (dataset.code, in_language(dataset.title))
        for dataset in sorted(datasets.datasets().values(), key=lambda dataset: dataset.code)
        for dimensions in [[d for d in dataset.dimensions if d.codelist in lists]]
        if dimensions
        and (not codes or any(not _named(dataset, d).isdisjoint(codes) for d in dimensions))
    ]


def _named(dataset: Dataset, dimension: DimensionDesign) -> set[str]:
    """Return the codes of its list that the design of a dimension, or the headline by it, says by name."""
    named = {*dimension.keep, *(code for group in dimension.groups for code in group.declared)}
    if dataset.headline:
        named |= set(dataset.headline.where.get(dimension.name, ()))
    return named | set(dataset.records.get(dimension.variable, ()))
