"""Reading released figures: the one source of dashboard, tables, downloads, charts and API.

Every read runs as the database role that sees nothing but the schema `pub`, and every figure is a
sum of protected cells.
"""

import io
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache, lru_cache

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
from django.db import connection, transaction

from reports.models import Blob, Release
from reports.structure import SEX, SEXES, Structure
from reports.structure import Unknown as Unknown  # what callers catch

CELLS, VALUE = "cells.parquet", "value"
NUMBER = re.compile(r"[0-9]{1,6}")
CODE = re.compile(r"[A-Za-z0-9_-]{1,20}")
SHARE_NEEDS = 10  # no share where the denominator is below so many bases (docs/disclosure.md)


@dataclass(frozen=True)
class Edition:
    """A released dataset as readers see it."""

    id: int
    dataset: str
    number: int
    structure: Structure
    missing: list[dict[str, str]]
    checksum: str
    released_at: datetime

    @property
    def name(self) -> str:
        return f"{self.dataset}-{self.number}"


@dataclass(frozen=True)
class Figures:
    """Women, men, other or not stated; the total is their sum, always."""

    f: int
    m: int
    o: int
    base: int

    @property
    def t(self) -> int:
        return self.f + self.m + self.o

    @property
    def female_share(self) -> float | None:
        """Women in percent of sex stated; None where that is too few to say."""
        stated = self.f + self.m
        return 100 * self.f / stated if stated >= SHARE_NEEDS * self.base else None

    @property
    def coverage(self) -> float | None:
        """Sex stated in percent of all; None where there are too few."""
        return 100 * (self.f + self.m) / self.t if self.t >= SHARE_NEEDS * self.base else None


@dataclass(frozen=True)
class Row:
    """One line of a table: the codes of its dimensions and its figures."""

    codes: tuple[str, ...]
    figures: Figures


@dataclass(frozen=True)
class Table:
    """An answer: rows by `by`, in the order of the codes, and the figures of all of them together."""

    edition: Edition
    by: tuple[str, ...]
    rows: list[Row]
    where: Mapping[str, Sequence[str]] = field(default_factory=dict)

    @property
    def total(self) -> Figures:
        return together((row.figures for row in self.rows), self.edition.structure.base)


def together(parts: Iterable[Figures], base: int) -> Figures:
    """Add figures of one release, whose counts are multiples of `base`; of none, nought."""
    counted = [(one.f, one.m, one.o) for one in parts]
    women, men, other = (
        (sum(column) for column in zip(*counted, strict=True)) if counted else (0, 0, 0)
    )
    return Figures(women, men, other, base)


@contextmanager
def public_role() -> Iterator[None]:
    """Run database reads as the role that sees only released figures."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT current_user")
        (before,) = cursor.fetchone()
        cursor.execute("SET LOCAL ROLE migdata_public")
        yield
        cursor.execute(f'SET LOCAL ROLE "{before}"')


def editions() -> list[Edition]:
    """Return the newest release of every dataset, by dataset."""
    with public_role():
        newest = (
            Release.objects.filter(state=Release.State.RELEASED)
            .order_by("dataset", "-number")
            .distinct("dataset")
        )
        return [_edition(made) for made in newest]


def latest(dataset: str) -> Edition | None:
    """Return the newest release of a dataset that readers may see."""
    with public_role():
        made = (
            Release.objects.filter(state=Release.State.RELEASED, dataset=dataset)
            .order_by("-number")
            .first()
        )
        return _edition(made) if made else None


def history(dataset: str) -> list[Edition]:
    """Return every release of a dataset that readers may see, newest first."""
    with public_role():
        found = Release.objects.filter(state=Release.State.RELEASED, dataset=dataset)
        return [_edition(made) for made in found.order_by("-number")]


def cited(name: str) -> Edition | None:
    """Return the release of this name (BCR-2) if readers may see it."""
    dataset, _dash, number = name.rpartition("-")
    if not NUMBER.fullmatch(number) or not CODE.fullmatch(dataset):
        return None
    with public_role():
        made = Release.objects.filter(
            state=Release.State.RELEASED, dataset=dataset, number=int(number)
        ).first()
        return _edition(made) if made else None


def content(release_id: int, name: str = CELLS) -> bytes:
    """Return a stored file of a release that readers may see."""
    with public_role():
        return bytes(Blob.objects.get(release_id=release_id, name=name).content)


def tabulate(
    edition: Edition, by: Sequence[str] = (), where: Mapping[str, Sequence[str]] | None = None
) -> Table:
    """Add up protected cells by the dimensions `by`, for the codes in `where`.

    Sex is in every answer, as columns. Rows come in the order of the codes; a combination that has
    no protected cell has no row. Raises Unknown.
    """
    names = [name for name in dict.fromkeys(by) if name != SEX]
    rows = sums(cells(edition), edition.structure, names, where or {})
    return Table(edition, tuple(names), [Row(codes, f) for codes, f in rows], where or {})


def sums(
    cells: pa.Table, structure: Structure, names: Sequence[str], where: Mapping[str, Sequence[str]]
) -> list[tuple[tuple[str, ...], Figures]]:
    """Add up cells of any cube of this structure. Raises Unknown for what the structure lacks."""
    for name in (*names, *where):
        structure.require_name(name)
    parameters: list[str] = []
    tests = []
    for name, codes in where.items():
        structure.require_codes(name, codes)
        chosen = list(dict.fromkeys(codes))
        tests.append(f'"{name}" IN ({", ".join("?" * len(chosen))})' if chosen else "FALSE")
        parameters.extend(chosen)
    dims = "".join(f'"{name}", ' for name in names)
    parts = ", ".join(
        f"CAST(coalesce(sum({VALUE}) FILTER (\"{SEX}\" = '{sex}'), 0) AS BIGINT)" for sex in SEXES
    )
    query = f"SELECT {dims}{parts} FROM cells"
    query += f" WHERE {' AND '.join(tests)}" if tests else ""
    query += f" GROUP BY {dims.rstrip(', ')}" if names else ""
    with _engine().cursor() as engine:
        engine.register("cells", cells)
        found = engine.execute(query, parameters).fetchall()
    order = [{item.code: k for k, item in enumerate(structure.by_name[n].items)} for n in names]
    found.sort(key=lambda row: [places[code] for places, code in zip(order, row, strict=False)])
    width = len(names)
    return [(tuple(row[:width]), _figures(row[width:], structure)) for row in found]


def _figures(counted: Sequence[int], structure: Structure) -> Figures:
    women, men, other = counted
    return Figures(women, men, other, structure.base)


def _edition(made: Release) -> Edition:
    return Edition(
        id=made.pk,
        dataset=made.dataset,
        number=made.number,
        structure=Structure.from_json(made.structure),
        missing=made.missing,
        checksum=made.checksum,
        # Nobody could read it before its embargo ended.
        released_at=max(filter(None, (made.released_at, made.embargo_at))),
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


@cache
def _engine() -> duckdb.DuckDBPyConnection:
    """One engine for the process: starting one takes longer than most answers. A question gets a cursor."""
    return duckdb.connect()
