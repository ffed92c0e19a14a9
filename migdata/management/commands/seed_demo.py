import json
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from migdata.demo import deliveries, story


class Command(BaseCommand):
    help = "Load the demonstration country through running workers (demo mode only)."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--full", action="store_true", help="with a million border crossings")
        parser.add_argument("--json", type=Path, help="write what was loaded to this file")

    def handle(self, *args: Any, **options: Any) -> None:
        if not settings.DEMO:
            raise CommandError("Demonstration accounts are made in demo mode only (DEMO=1).")
        crossings = deliveries.MANY_CROSSINGS if options["full"] else deliveries.CROSSINGS
        facts = story.load(say=self._say, crossings=crossings)
        if options["json"]:
            options["json"].write_text(json.dumps(facts))

    def _say(self, text: str) -> None:
        self.stdout.write(text)
        self.stdout.flush()
