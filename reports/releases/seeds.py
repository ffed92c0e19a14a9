"""The secret of the rounding: seeds of years, and whether it is still the one that earlier releases were rounded with."""

import hashlib
import hmac
import logging

from django.conf import settings

from agencies import secrets
from jobs import queue
from reports.models import Build, Release
from reports.published import seals
from reports.releases.years import Step
from standards.languages import marked

WRONG_SECRET = marked(
    "The secret that figures are rounded with is not the one of earlier releases, so nothing is published. "
    "Those who run the portal must put it back; what is released stays as it is."
)
SEALED_OTHERWISE = marked(
    "%(release)s was sealed with another secret, so nothing is published. Those who run the portal must put "
    "that secret back; what is released stays as it is."
)
DRAWS_OF_CUBES = 20  # of releases from before families
log = logging.getLogger(__name__)


def of_year(dataset: str, year: str, version: int, step: Step, content: bytes) -> bytes:
    """Return the seed of one draw of a year: every version, every step and every content has its own.

    content: the digest of the exact cells. The same records are drawn alike however often they are built, so nobody
    sees several draws of them; and no two contents share a seed, by which the change between them could be read off.
    """
    return _derived(dataset, year, version, step.until, step.draw, content.hex())


def seed_id(dataset: str, number: int) -> str:
    """Return a name for the secret of a release that does not give it away."""
    return hashlib.sha256(b"seed id" + _derived(dataset, number)).hexdigest()


def _derived(*label: object) -> bytes:
    secret = settings.DISCLOSURE_SECRET.encode()
    return hmac.new(secret, "\x1f".join(map(str, label)).encode(), hashlib.sha256).digest()


def require_secret(dataset: str) -> None:
    """Raise `GaveUp` unless the secret of the rounding is the one that earlier releases were rounded with.

    The database knows it by its fingerprint; and where it is older than that, or was restored from a
    backup, by the seed of the latest build, which the secret must give again.
    """
    try:
        secrets.require("disclosure")
        secrets.require("seals")
    except secrets.WrongSecret as problem:
        log.error("nothing is published: %s", problem)
        raise queue.GaveUp(WRONG_SECRET) from None
    for release in Release.objects.filter(dataset=dataset):
        if not seals.is_current(release):
            raise queue.GaveUp(SEALED_OTHERWISE, release=release)
    builds = Build.objects.filter(release__dataset=dataset).exclude(seed_id="")
    latest = builds.select_related("release").order_by("pk").last()
    if latest is None:
        return
    number = latest.release.number
    if latest.seed_id not in {seed_id(dataset, number), *_seed_ids_of_cubes(dataset, number)}:
        log.error("nothing is published: DISCLOSURE_SECRET did not round %s", latest.release)
        raise queue.GaveUp(WRONG_SECRET)


def _seed_ids_of_cubes(dataset: str, number: int) -> set[str]:
    """Return the names of the seeds that releases of one cube may have: one for each draw."""
    draws = (_derived(dataset, number, draw) for draw in range(DRAWS_OF_CUBES))
    return {hashlib.sha256(b"seed id" + key).hexdigest() for key in draws}
