"""Seals: whether a stored release is the one that was built.

The checksum of a release is public and can be worked out by everybody, also by somebody who changes
the cells in the database. So each release has a seal beside it: an HMAC of all that readers see of it.
Its key is derived from SEALS_SECRET, which is not in the database. The processes that answer readers have it,
to judge what they show; the secret of the rounding they do not have.
"""

import hashlib
import hmac
import json
from collections.abc import Iterable, Mapping
from enum import StrEnum
from typing import Any

from django.conf import settings
from django.db.models.expressions import RawSQL
from django.utils.translation import gettext_lazy as _

from reports.models import Blob, Release

CELLS = "cells.parquet"  # the one file of a release from before families
# Changes with every change of a release or of its files, whoever makes it.
VERSION = RawSQL(
    '"pub"."release".xmin::text || "pub"."release".ctid::text || coalesce((SELECT'
    " string_agg(b.id || ':' || b.xmin::text || b.ctid::text, ',' ORDER BY b.id)"
    ' FROM pub.blob b WHERE b.release_id = "pub"."release".id), \'\')',
    [],
)


class Fault(StrEnum):
    """What is wrong with a stored release."""

    CELLS = "cells"
    SECRET = "secret"  # noqa: S105 - the name of a fault
    SEAL = "seal"
    FILE = "file"

    @property
    def text(self) -> str:
        """Return the fault in words, for publishers."""
        return str(FAULTS[self])


FAULTS = {
    Fault.CELLS: _("Its cells do not match its checksum."),
    Fault.SECRET: _("It was sealed with another secret, or never."),
    Fault.SEAL: _("Its seal does not match: somebody changed it in the database."),
    Fault.FILE: _("The private file of its cells is missing or was changed."),
}
File = tuple[str, str, bytes]  # name, media type, content


def key(purpose: str) -> bytes:
    """Return the key for one purpose, derived from the secret of seals."""
    secret = settings.SEALS_SECRET.encode()
    return hmac.new(secret, f"reports: {purpose}".encode(), hashlib.sha256).digest()


def secret_id() -> str:
    """Return a name for the secret that does not give it away."""
    return hashlib.sha256(b"seal id" + key("seals")).hexdigest()[:12]


def seal(release: Release, files: Iterable[File]) -> str:
    """Return the seal of a release with these files: the name of the secret, and the HMAC."""
    stored = [[name, kind, hashlib.sha256(content).hexdigest()] for name, kind, content in files]
    content: list[Any] = [release.dataset, release.number, release.checksum, release.structure]
    text = json.dumps([*content, release.missing, sorted(stored)], sort_keys=True)
    digest = hmac.new(key("seals"), text.encode(), hashlib.sha256).hexdigest()
    return f"{secret_id()}:{digest}"


def is_current(release: Release) -> bool:
    """Say whether a release was sealed with the secret of this process."""
    return release.seal.partition(":")[0] == secret_id()


def files_of(release: Release) -> list[File]:
    """Return the stored files of a release."""
    stored = Blob.objects.filter(release=release).order_by("name")
    return [(blob.name, blob.media_type, bytes(blob.content)) for blob in stored]


def checksum_of(files: Mapping[str, bytes]) -> str:
    """Return the checksum of a release: the SHA-256 of the lines `sha256  name` of its files, in the order of
    their names (what `sha256sum` prints); of one file from before families, its own."""
    digests = {name: hashlib.sha256(content).hexdigest() for name, content in files.items()}
    if set(files) == {CELLS}:
        return digests[CELLS]
    lines = "".join(f"{digests[name]}  {name}\n" for name in sorted(digests))
    return hashlib.sha256(lines.encode()).hexdigest()


def fault_of(release: Release) -> Fault | None:
    """Return what is wrong with a stored release, None where it is the one that was built.

    Without the secret (it is empty where it was lost) the checksum alone is compared.
    """
    files = files_of(release)
    if not files or checksum_of({name: content for name, _, content in files}) != release.checksum:
        return Fault.CELLS
    if not settings.SEALS_SECRET:
        return None
    if not is_current(release):
        return Fault.SECRET
    return None if hmac.compare_digest(release.seal, seal(release, files)) else Fault.SEAL
