"""Reading released figures: the one source of dashboard, tables, downloads, charts and API.

Every read runs as the database role that sees nothing but the schema `pub`, and every figure is a
sum of protected cells.
"""

import io
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache

import pyarrow as pa
import pyarrow.parquet as pq
from django.db import connection, transaction

from reports.models import Blob, Release
from reports.published.structure import Structure

CELLS, VALUE = "cells.parquet", "value"
PUBLIC_STATEMENT = "8s"  # of a public page; settings of a role do not come with SET LOCAL ROLE
NUMBER = re.compile(r"[0-9]{1,6}")
CODE = re.compile(r"[A-Za-z0-9_-]{1,20}")


@dataclass(frozen=True)
class Missing:
    """A delivery that is not in a release: status O, never zero."""

    agency: str
    period: str


@dataclass(frozen=True)
class Edition:
    """A released dataset as readers see it."""

    id: int
    dataset: str
    number: int
    structure: Structure
    missing: tuple[Missing, ...]
    checksum: str
    released_at: datetime

    @property
    def name(self) -> str:
        """Return how the release is cited: BCR-2."""
        return f"{self.dataset}-{self.number}"

    @property
    def absent(self) -> list[str]:
        """Return the agencies of which no period is in the release: the series lacks them throughout."""
        periods: dict[str, set[str]] = {}
        for missing in self.missing:
            periods.setdefault(missing.agency, set()).add(missing.period)
        return sorted(a for a, late in periods.items() if late >= set(self.structure.periods))


@contextmanager
def public_role() -> Iterator[None]:
    """Run database reads as the role that sees only released figures."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT current_user, current_setting('statement_timeout')")
        before, seconds = cursor.fetchone()
        cursor.execute("SET LOCAL ROLE migdata_public")
        if seconds != "0":  # a web process: nobody holds it for long by asking for public figures
            cursor.execute(f"SET LOCAL statement_timeout = '{PUBLIC_STATEMENT}'")
        yield
        cursor.execute(f'SET LOCAL ROLE "{before}"')
        cursor.execute(f"SET LOCAL statement_timeout = '{seconds}'")


def current_editions() -> list[Edition]:
    """Return the newest release of every dataset, by dataset."""
    with public_role():
        newest = (
            Release.objects.filter(state=Release.State.RELEASED)
            .order_by("dataset", "-number")
            .distinct("dataset")
        )
        return [_edition(release) for release in newest]


def latest(dataset: str) -> Edition | None:
    """Return the newest release of a dataset that readers may see."""
    with public_role():
        release = (
            Release.objects.filter(state=Release.State.RELEASED, dataset=dataset)
            .order_by("-number")
            .first()
        )
        return _edition(release) if release else None


def history(dataset: str) -> list[Edition]:
    """Return every release of a dataset that readers may see, newest first."""
    with public_role():
        releases = Release.objects.filter(state=Release.State.RELEASED, dataset=dataset)
        return [_edition(release) for release in releases.order_by("-number")]


def cited(name: str) -> Edition | None:
    """Return the release of this name (BCR-2) if readers may see it."""
    dataset, _dash, number = name.rpartition("-")
    if not NUMBER.fullmatch(number) or not CODE.fullmatch(dataset):
        return None
    with public_role():
        release = Release.objects.filter(
            state=Release.State.RELEASED, dataset=dataset, number=int(number)
        ).first()
        return _edition(release) if release else None


def content(release_id: int, name: str = CELLS) -> bytes:
    """Return a stored file of a release that readers may see."""
    with public_role():
        return bytes(Blob.objects.get(release_id=release_id, name=name).content)


def _edition(release: Release) -> Edition:
    return Edition(
        id=release.pk,
        dataset=release.dataset,
        number=release.number,
        structure=Structure.from_json(release.structure),
        missing=tuple(Missing(m["agency"], m["period"]) for m in release.missing),
        checksum=release.checksum,
        # Nobody could read it before its embargo ended.
        released_at=max(filter(None, (release.released_at, release.embargo_at))),
    )


def cells(edition: Edition) -> pa.Table:
    """Return the protected cells: coded texts by dimension (dictionaries), and `value`."""
    # The checksum is the key: a release never changes, so neither does what is remembered.
    return _load(edition.id, edition.checksum)


@lru_cache(maxsize=16)
def _load(release_id: int, _checksum: str) -> pa.Table:
    cells = pq.read_table(io.BytesIO(content(release_id)))
    coded = [c.dictionary_encode() if pa.types.is_string(c.type) else c for c in cells.columns]
    return pa.table(coded, names=cells.column_names)
