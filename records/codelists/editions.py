"""The editions of code lists in the database, and which of them are in force in this process."""

from collections.abc import Mapping
from typing import Any

from django.db import connection
from django.db.models import Count, Max, QuerySet

from records.models import ListEdition
from standards import editions
from standards.editions import Edition

# What this process knows: the id of the newest edition, and how many there are. Of two that are saved at once the
# one with the smaller id may be there last.
_known: list[tuple[int | None, int]] = [(None, 0)]


def refresh() -> None:
    """Put the newest editions in force, where there are newer ones than this process knows: one query if not.

    Nothing happens in a transaction that is broken, and will be rolled back.
    """
    if connection.in_atomic_block and connection.needs_rollback:
        return
    there_are = ListEdition.objects.aggregate(newest=Max("pk"), number=Count("pk"))
    now = (there_are["newest"], there_are["number"])
    if now != _known[0]:
        editions.lay_over({row.name: edition_of(row) for row in in_force()})
        _known[0] = now


def in_force() -> QuerySet[ListEdition]:
    """Return the last edition of every list that has one beside the delivered."""
    return ListEdition.objects.order_by("name", "-number").distinct("name")


def edition_of(row: ListEdition) -> Edition:
    """Return a row as the edition that lists are made of."""
    return Edition(row.number, row.codes)


def current(name: str) -> Edition:
    """Return the edition of a list as the database has it now; of one that has none, the delivered."""
    row = ListEdition.objects.filter(name=name).order_by("-number").first()
    return edition_of(row) if row else Edition()


def history(name: str) -> list[tuple[ListEdition, Mapping[str, Any]]]:
    """Return the last fifty later editions of a list, the newest first, each with the codes of the one before it."""
    rows = list(ListEdition.objects.filter(name=name).select_related("by").order_by("-number")[:51])
    before: list[Mapping[str, Any]] = [*(row.codes for row in rows[1:]), {}]
    return list(zip(rows, before, strict=False))[:50]
