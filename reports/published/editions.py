"""Reading released figures: the one source of dashboard, tables, downloads, charts and API.

Every read runs as the database role that sees nothing but the schema `pub`, and every figure is a
sum of cells of one protected table.
"""

import hashlib
import io
import logging
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime
from functools import lru_cache

import pyarrow as pa
import pyarrow.parquet as pq
from django.db import connection, transaction
from django.db.models import Func, QuerySet

from reports.models import Blob, Release
from reports.published import seals
from reports.published.structure import PublishedTable, Structure
from reports.published.unavailable import Withheld

log = logging.getLogger(__name__)
VALUE = "value"
PUBLIC_STATEMENT = "8s"  # of a public page; settings of a role do not come with SET LOCAL ROLE
REMEMBERED = 300  # versions of releases that a process has judged
_known: dict[tuple[int, str, str], "Edition | str"] = {}
NUMBER = re.compile(r"[0-9]{1,6}")
CODE = re.compile(r"[A-Za-z0-9_-]{1,20}")


@dataclass(frozen=True)
class Missing:
    """A delivery that is not in a release: status O, never zero."""

    agency: str
    period: str


@dataclass(frozen=True, eq=False)
class Edition:
    """A released dataset as readers see it. Of one version of a release a process has one object.

    released_by_builder: who asked for the build released it too (four eyes did not see it). note: what it brings, in
    the words of its publisher. next_on: the day that the publisher named for the next release.
    """

    id: int
    dataset: str
    number: int
    structure: Structure
    missing: tuple[Missing, ...]
    checksum: str
    released_at: datetime
    released_by_builder: bool = False
    note: str = ""
    next_on: date | None = None

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
    """Return the newest release of every dataset, by dataset; not one that is withheld."""
    return [edition for edition in _current() if isinstance(edition, Edition)]


def require_some_sound() -> None:
    """Raise Withheld where every dataset's newest release is withheld, not where nothing is released."""
    editions = _current()
    if editions and not any(isinstance(edition, Edition) for edition in editions):
        _require(editions[0])


def _current() -> list[Edition | str]:
    with public_role():
        return _judged(_open().order_by("dataset", "-number").distinct("dataset"))


def latest(dataset: str) -> Edition | None:
    """Return the newest release of a dataset that readers may see. Raises Withheld."""
    return _first(_open().filter(dataset=dataset))


def history(dataset: str) -> list[Edition]:
    """Return every release of a dataset that readers may see, newest first; not what is withheld."""
    return of(Release.objects.filter(dataset=dataset).order_by("-number"))


def of(releases: QuerySet[Release]) -> list[Edition]:
    """Return those of some releases that readers may see, in their order; not what is withheld."""
    with public_role():
        judged = _judged(releases.filter(state=Release.State.RELEASED))
    return [edition for edition in judged if isinstance(edition, Edition)]


def sizes(edition: Edition) -> dict[str, int]:
    """Return the bytes of the file of each table of a release."""
    stored = Blob.objects.filter(release_id=edition.id)
    with public_role():
        lengths = stored.annotate(bytes=Func("content", function="length")).values_list(
            "name", "bytes"
        )
        return {name.removesuffix(".parquet"): size for name, size in lengths}


def cited(name: str) -> Edition | None:
    """Return the release of this name (BCR-2) if readers may see it. Raises Withheld."""
    dataset, _dash, number = name.rpartition("-")
    if not NUMBER.fullmatch(number) or not CODE.fullmatch(dataset):
        return None
    return _first(_open().filter(dataset=dataset, number=int(number)))


def content(edition: Edition, table: PublishedTable) -> bytes:
    """Return the file of a table of a release. Raises Withheld where it is another one by now."""
    with public_role():
        name = f"{table.name}.parquet"
        stored = bytes(Blob.objects.get(release_id=edition.id, name=name).content)
    if hashlib.sha256(stored).hexdigest() != (table.sha256 or edition.checksum):
        raise Withheld(edition.name)
    return stored


def _open() -> QuerySet[Release]:
    return Release.objects.filter(state=Release.State.RELEASED)


def _first(releases: QuerySet[Release]) -> Edition | None:
    with public_role():
        editions = _judged(releases.order_by("-number")[:1])
    return _require(editions[0]) if editions else None


def _require(edition: Edition | str) -> Edition:
    """Return an edition; where there is only the name of one that is withheld, raise Withheld."""
    if isinstance(edition, Edition):
        return edition
    raise Withheld(edition)


def _judged(releases: QuerySet[Release]) -> list[Edition | str]:
    """Return each release as its edition, or its name where it is not the one that was built.

    A process judges each version of a release once; the version changes with every change of a row.
    """
    secret, releases = seals.secret_id(), releases.annotate(version=seals.VERSION)
    versions = releases.values_list("pk", "version")
    known: list[Edition | str | None] = [
        _known.get((pk, version, secret)) for pk, version in versions
    ]
    if None in known:
        known = []
        for release in releases:
            place = (release.pk, release.version, secret)
            _known[place] = judged = _known.get(place) or _edition(release)
            known.append(judged)
        if len(_known) > REMEMBERED:
            _known.clear()
    return [edition for edition in known if edition is not None]


def _edition(release: Release) -> Edition | str:
    if fault := seals.fault_of(release):
        log.error("release %s is withheld: %s", release, fault.value)
        return str(release)
    return Edition(
        id=release.pk,
        dataset=release.dataset,
        number=release.number,
        structure=Structure.from_json(release.structure),
        missing=tuple(Missing(m["agency"], m["period"]) for m in release.missing),
        checksum=release.checksum,
        # Nobody could read it before its embargo ended.
        released_at=max(filter(None, (release.released_at, release.embargo_at))),
        released_by_builder=release.released_by_builder,
        note=release.note,
        next_on=release.next_on,
    )


@lru_cache(maxsize=64)
def cells(edition: Edition, table: PublishedTable) -> pa.Table:
    """Return the protected cells of a table: coded texts by column (dictionaries), and `value`."""
    stored = pq.read_table(io.BytesIO(content(edition, table)))
    coded = [c.dictionary_encode() if pa.types.is_string(c.type) else c for c in stored.columns]
    return pa.table(coded, names=stored.column_names)
