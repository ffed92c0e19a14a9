import json
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import CommandError
from django.db import DatabaseError

from reports.models import Release
from reports.published import seals
from reports.published.seals import Fault
from reports.releases import scanning
from standards.commands import QuickCommand


class Command(QuickCommand):
    help = "Compare every stored release with its seal, its checksum and its private file."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--seal",
            action="store_true",
            help="after the secret was lost: seal with the present one what matches its checksum"
            " (as the owner: MIGDATA_AS_OWNER=1)",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        if options["seal"]:
            self._seal()
        faults = {str(release): fault.value for release, fault in scanning.scan()}
        self.stdout.write(json.dumps({"releases": Release.objects.count(), "faults": faults}))
        if faults:
            raise CommandError("What is named above is not what was built.")

    def _seal(self) -> None:
        """Seal what carries the seal of another secret, or none. One whose cells were changed stays as it is."""
        for release in Release.objects.order_by("pk"):
            if seals.fault_of(release) is Fault.SECRET:
                sealed = seals.seal(release, seals.files_of(release))
                try:
                    Release.objects.filter(pk=release.pk).update(seal=sealed)
                except DatabaseError as refused:
                    raise CommandError("Only the owner seals: MIGDATA_AS_OWNER=1.") from refused
