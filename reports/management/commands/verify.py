import json
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import CommandError

from agencies import scope
from agencies.access import Denied
from agencies.models import Person
from reports.models import Release
from reports.published.editions import NUMBER
from reports.releases import verifying
from reports.releases.verifying import Verdict
from standards.commands import QuickCommand


class Command(QuickCommand):
    help = "Rebuild a release from what it pinned, and compare every public and private file bit by bit."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("release", nargs="?", help="its name, in any case: BCR-2")
        parser.add_argument("--all", action="store_true", help="every release that was ever built")
        parser.add_argument("--as", dest="person", required=True, help="e-mail of a publisher")

    def handle(self, *args: Any, **options: Any) -> None:
        person = Person.objects.named(options["person"])
        if bool(options["release"]) == options["all"]:
            raise CommandError("Name one release, or say --all.")
        changed = []
        for release in _releases(options["release"]):
            try:
                with scope.acting(person):
                    verdict = verifying.verify(release, by=person)
            except Denied as refusal:
                raise CommandError(str(refusal)) from refusal
            self.stdout.write(json.dumps(_said(verdict), ensure_ascii=False))
            if not verdict.is_equal:
                changed.append(verdict.release)
        if changed:
            raise CommandError(f"Not as they were built: {', '.join(changed)}.")


def _releases(name: str | None) -> list[Release]:
    if name is None:
        return list(Release.objects.order_by("dataset", "number"))
    dataset, _dash, number = name.upper().rpartition("-")
    if NUMBER.fullmatch(number) and (
        found := list(Release.objects.filter(dataset=dataset, number=int(number)))
    ):
        return found
    raise CommandError(f"There is no release {name}.")


def _said(verdict: Verdict) -> dict[str, Any]:
    """Return a verdict as the command prints it."""
    how = "rebuilt" if verdict.rebuilt else "checksums and seal only"
    said = {
        "release": verdict.release,
        "result": "equal" if verdict.is_equal else "changed",
        "compared": how,
        "files": verdict.rebuilt,
        "faults": verdict.faults,
        "note": verdict.note,
    }
    return {name: value for name, value in said.items() if value}
