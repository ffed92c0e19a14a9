"""Looking through everything that is stored of releases: does it still match its seals and checksums?

Pages verify what they show when they first load it (published.editions). A scan also finds what nobody
asks for, and what changed under a process that has loaded it; publishers see what it found at their desk.
"""

import logging

from django.utils import timezone

from jobs.queue import GaveUp
from reports.exact import private_files
from reports.models import Build, Release
from reports.published import seals
from reports.published.seals import Fault

log = logging.getLogger(__name__)


def scan() -> list[tuple[Release, Fault]]:
    """Compare each release with its seal, its cells and its private file; keep and return what is wrong."""
    faults = []
    for build in Build.objects.select_related("release").order_by("pk"):
        fault = seals.fault_of(build.release) or _fault_of_file(build)
        Build.objects.filter(pk=build.pk).update(
            fault=fault.value if fault else "", scanned_at=timezone.now()
        )
        if fault:
            log.error("release %s does not match what was built: %s", build.release, fault.value)
            faults.append((build.release, fault))
    return faults


def _fault_of_file(build: Build) -> Fault | None:
    """Return what is wrong with the private files."""
    try:
        for path, sha256 in build.private_files:
            private_files.read_private(path, sha256)
    except GaveUp:
        return Fault.FILE
    return None
