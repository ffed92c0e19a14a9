from typing import Any

from records.instruments import versions
from standards.commands import QuickCommand


class Command(QuickCommand):
    help = "Publish the instruments of records/instruments/ that are new."

    def handle(self, *args: Any, **options: Any) -> None:
        for version in versions.publish_all():
            self.stdout.write(f"{version}: {version.title}")
