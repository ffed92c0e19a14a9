from typing import Any

from django.core.management.base import BaseCommand

from records.instruments import versions


class Command(BaseCommand):
    help = "Publish the instruments of records/instruments/ that are new."

    def handle(self, *args: Any, **options: Any) -> None:
        for version in versions.publish_all():
            self.stdout.write(f"{version}: {version.title}")
